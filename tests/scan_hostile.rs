//! `sockeye scan` against services that do not behave, and with a machine that lacks something. Errors of the system are
//! injected by strace, and other people's programs are asked what they are: not every machine has those, so `just interop`
//! runs these.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/scans.rs"]
mod scans;
mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use scans::{Chance, Listeners, Scan, begin, begin_as, list, scan};
use socket2::{Domain, Socket, Type};
use support::{Served, reset, sockeye};

const HERE: &str = "127.0.0.1";

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

#[test]
fn a_full_queue_is_silence_and_not_closed() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let listener: TcpListener = socket.into();
    let at = listener.local_addr().unwrap();
    // Until two in a row are not let in: the first may only have been slow.
    let (mut inside, mut refused) = (Vec::new(), 0);
    while refused < 2 {
        match TcpStream::connect_timeout(&at, Duration::from_millis(300)) {
            Ok(peer) => (inside.push(peer), refused = 0).1,
            Err(_) => refused += 1,
        }
    }
    for words in [&[][..], &["--rate", "1M"]] {
        let scan = scan(&[&[HERE, "-p", &at.port().to_string()], words].concat());
        assert_eq!(scan.verdict(HERE, at.port()), ("filtered", "no-answer"), "{words:?}");
    }
}

#[test]
fn who_accepts_and_resets_is_open() {
    let listeners: Vec<TcpListener> = (0..20).map(|_| TcpListener::bind((HERE, 0)).unwrap()).collect();
    let ports: BTreeSet<u16> = listeners.iter().map(port).collect();
    for listener in listeners {
        // For as long as the test lasts.
        thread::spawn(move || {
            while let Ok((peer, _)) = listener.accept() {
                reset(peer);
            }
        });
    }
    for words in [&[][..], &["--rate", "1M"], &["--banner=200ms"]] {
        let scan = scan(&[&[HERE, "-p", &list(ports.iter().copied())], words].concat());
        assert_eq!(scan.open(HERE), ports, "{words:?}: {:?}", scan.reasons(HERE));
    }
}

#[test]
fn who_answers_everything_is_flagged_and_left_alone_when_it_is_enough() {
    let listeners = Listeners::at(HERE.parse().unwrap(), 300, &mut Chance(1));
    let ports = list(listeners.ports());
    for words in [&[][..], &["--rate", "1M"]] {
        let all = scan(&[&[HERE, "-p", &ports], words].concat());
        assert_eq!((all.count("open"), &all.host(HERE)["answers_everything"]), (300, &true.into()));
    }
    let some = scan(&[HERE, "-p", &ports, "--max-open", "50", "--rate", "500"]);
    assert_eq!((some.status.code(), &some.host(HERE)["answers_everything"]), (Some(3), &true.into()));
    assert!((51..300).contains(&some.count("open")), "{}", some.summary());
    assert_eq!(some.reasons(HERE).keys().copied().collect::<Vec<_>>(), ["syn-ack", "too-many-open"]);
}

#[test]
fn a_server_that_dies_meanwhile_leaves_every_port_with_a_verdict() {
    let places = vec!["127.0.0.1:0"; 100].join(" --on ");
    let words: Vec<&str> = ["echo", "--on"].into_iter().chain(places.split(' ')).collect();
    let served = Served::start(&words);
    let at = |(_, place): &(String, String)| place.parse::<SocketAddr>().unwrap().port();
    let ports: BTreeSet<u16> = served.places.iter().map(at).collect();
    let mut scanning = begin(&[HERE, "-p", &list(ports.iter().copied()), "--rate", "100"]);
    scanning.wait_for_line("\"open\"");
    drop(served);
    let scan = scanning.end();
    assert!(scan.count("open") > 0 && scan.count("closed") > 0, "{}", scan.summary());
    assert_eq!(scan.count("open") + scan.count("closed"), 100, "{}", scan.summary());
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "--json", HERE, "-p", "1-1000", "--rate", "1000"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"begin\""), "{line}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).lines().count()),
        (Some(0), 1),
        "{ended:?}"
    );
}

// ---- what this machine lacks ----

/// A scan whose calls fail as `inject` says.
#[track_caller]
fn injected(inject: &str, words: &[&str]) -> Scan {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e"]).arg(format!("inject={inject}"));
    begin_as(
        {
            command.arg(env!("CARGO_BIN_EXE_sockeye"));
            command
        },
        words,
    )
    .end()
}

/// What the system may refuse, in which call, and what a port is then.
const SHORTAGES: &[(&str, &str, &str)] = &[
    ("socket", "EMFILE", "descriptors"),
    ("socket", "ENFILE", "system-files"),
    ("socket", "ENOBUFS", "buffers"),
    ("socket", "ENOMEM", "memory"),
    ("connect", "EADDRNOTAVAIL", "local-ports"),
    ("connect", "EAGAIN", "try-again"),
    ("connect", "ENOBUFS", "buffers"),
];

#[test]
#[ignore = "needs strace: just interop"]
fn what_is_lacking_for_a_while_costs_no_port() {
    for (call, error, _) in SHORTAGES {
        for words in [&[][..], &["--rate", "100M"]] {
            let listeners = Listeners::at(HERE.parse().unwrap(), 20, &mut Chance(2));
            // Of chance, so that many are closed.
            let mut chance = Chance(3);
            let others = (0..300).map(|_| 1 + chance.below(1023) as u16);
            let ports = list(others.chain(listeners.ports()).collect::<BTreeSet<_>>());
            let scan = injected(&format!("{call}:error={error}:when=40..70"), &[&[HERE, "-p", &ports], words].concat());
            assert!(scan.open(HERE).is_superset(&listeners.ports()), "{call} {error} {words:?}: {}", scan.summary());
            assert_eq!((scan.count("not_tested"), scan.count("filtered")), (0, 0), "{call} {error} {words:?}");
        }
    }
}

#[test]
#[ignore = "needs strace: just interop"]
fn what_is_lacking_for_good_is_why_ports_are_not_tested() {
    let fatal = [
        ("connect", "EPERM", "local-firewall"),
        ("socket", "EAFNOSUPPORT", "no-family"),
        ("connect", "EIO", "local-error"),
    ];
    for (call, error, reason) in SHORTAGES.iter().chain(&fatal) {
        for words in [&[][..], &["--rate", "100M"]] {
            let listeners = Listeners::at(HERE.parse().unwrap(), 20, &mut Chance(4));
            let ports = list(listeners.ports());
            let scan = injected(&format!("{call}:error={error}"), &[&[HERE, "-p", &ports], words].concat());
            assert_eq!(scan.status.code(), Some(3), "{call} {error} {words:?}");
            assert_eq!(scan.reasons(HERE), [(*reason, 20)].into(), "{call} {error} {words:?}");
        }
    }
}

// ---- other people's programs ----

/// One that goes on until it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `--banner` says of a port.
#[track_caller]
fn seen(port: u16) -> (String, String) {
    let scan = scan(&[HERE, "-p", &port.to_string(), "--banner"]);
    let open = scan.lines.iter().find(|line| line["event"] == "open").unwrap_or_else(|| panic!("{:?}", scan.lines));
    let text = |name: &str| open["seen"][name].as_str().unwrap_or("-").to_owned();
    (text("service"), text("why"))
}

/// A port that nobody has, for programs that cannot take one of chance and say which.
fn free() -> u16 {
    port(&TcpListener::bind((HERE, 0)).unwrap())
}

#[track_caller]
fn start(command: &mut Command, port: u16) -> Running {
    let running = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let running = Running(running);
    support::eventually("it listens", || TcpStream::connect((HERE, port)).is_ok());
    running
}

#[test]
#[ignore = "needs python3: just interop"]
fn a_web_server_of_python_is_named() {
    let port = free();
    let dir = tempfile::tempdir().unwrap();
    let words = ["-m", "http.server", "--bind", HERE, &port.to_string()].map(str::to_owned);
    let _server = start(Command::new("python3").args(words).current_dir(dir.path()), port);
    let (service, why) = seen(port);
    assert!(service == "http" && why.contains("SimpleHTTP"), "{service}: {why}");
}

#[test]
#[ignore = "needs openssl: just interop"]
fn a_tls_server_of_openssl_is_named_with_its_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let mut make = Command::new("openssl");
    make.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]);
    make.args(["-subj", "/CN=lab.example", "-addext", "subjectAltName=DNS:lab.example,DNS:www.lab.example"]);
    let made = make.args(["-keyout", "key.pem", "-out", "cert.pem"]).current_dir(dir.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    // Neither answers HEAD.
    for more in ["-www", "-quiet"] {
        let port = free();
        let mut server = Command::new("openssl");
        server.args(["s_server", "-accept", &format!("{HERE}:{port}"), "-cert", "cert.pem", "-key", "key.pem"]);
        let _server = start(server.arg(more).current_dir(dir.path()), port);
        let (service, why) = seen(port);
        assert!(service == "tls" && why.contains("lab.example, www.lab.example"), "{service}: {why}");
    }
}

/// The port scanner of a lab sheet: one port after the other, a fifth of a second each.
const SHEET_SCANNER: &str = r"
import socket, sys
for port in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
    s = socket.socket()
    s.settimeout(0.2)
    if s.connect_ex((sys.argv[1], port)) == 0 and s.getsockname() != s.getpeername():
        print(port)
    s.close()
";

#[test]
#[ignore = "needs python3: just interop"]
fn the_scanner_of_a_sheet_finds_the_same_ports() {
    let [.., high, low] = std::process::id().to_be_bytes();
    // An address where nobody else is.
    let host = format!("127.{}.{low}.9", 64 + (high & 63));
    let listeners = Listeners::at(host.parse().unwrap(), 100, &mut Chance(5));
    let (first, last) = ("20000", "45000");
    let theirs = Command::new("python3").args(["-c", SHEET_SCANNER, &host, first, last]).output().unwrap();
    let theirs = String::from_utf8(theirs.stdout).unwrap();
    let theirs: BTreeSet<u16> = theirs.lines().map(|line| line.parse().unwrap()).collect();
    let ours = scan(&[&host, "-p", &format!("{first}-{last}")]).open(&host);
    let within: BTreeSet<u16> = listeners.ports().range(20000..=45000).copied().collect();
    assert!(ours.is_superset(&within) && theirs.is_superset(&within), "{ours:?} {theirs:?}");
    assert_eq!(ours, theirs);
    let table = sockeye(&["scan", &host, "-p", &format!("{first}-{last}")], "").stdout;
    assert!(within.iter().all(|port| table.contains(&format!("{port}/tcp"))), "{table}");
}
