//! `login` and `accounts` through the real binary: what is answered, what ends when, and what is written down.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/pty.rs"]
mod pty;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use pty::Person;
use rustix::process::Signal;
use support::frames::{FRAMINGS, pack, unpack};
use support::{Served, answer_to, eventually, patient, rest_of, sockeye};

/// A failure rate that no test reaches.
const FREE: [&str; 2] = ["--login-rate", "1000000"];

fn serve(words: &[&str]) -> Served {
    Served::start(&[&["login", "--on", "127.0.0.1:0", "--data", ":memory:"], &FREE[..], words].concat())
}

fn serve_in(dir: &Path, words: &[&str]) -> Served {
    Served::start(&[&["login", "--on", "127.0.0.1:0", "--data", dir.to_str().unwrap()], &FREE[..], words].concat())
}

/// Somebody who talks in lines, and has read the greeting.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(addr: SocketAddr) -> Self {
        let mut client = Self(BufReader::new(patient(TcpStream::connect(addr).unwrap())));
        let greeting = client.hear();
        assert!(greeting.starts_with("OK REGISTER NAME PASSWORD | LOGIN NAME PASSWORD | "), "{greeting}");
        client
    }

    /// A line; empty at the end.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn ask(&mut self, text: &str) -> String {
        self.0.get_mut().write_all(format!("{text}\n").as_bytes()).unwrap();
        self.hear()
    }

    /// The token that the answer holds.
    #[track_caller]
    fn enter(&mut self, text: &str) -> String {
        let answer = self.ask(text);
        let words: Vec<&str> = answer.split(' ').collect();
        assert!(matches!(words[..], ["OK", "token", _, "expires", time] if time.ends_with('Z')), "{answer}");
        words[2].to_owned()
    }

    /// Everything up to the end.
    fn rest(self) -> String {
        let Self(mut stream) = self;
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        rest
    }
}

/// A folder that is ours alone, as the store wants it.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    dir
}

/// `sockeye accounts WORDS` about a folder.
fn accounts(dir: &Path, words: &[&str], stdin: &str) -> support::Ended {
    sockeye(&[&["accounts"], words, &["--data", dir.to_str().unwrap()]].concat(), stdin)
}

fn audit(dir: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

fn events(records: &[serde_json::Value]) -> Vec<&str> {
    records.iter().map(|record| record["event"].as_str().unwrap()).collect()
}

// ---- conversations ----

#[test]
fn every_framing_carries_the_same_conversation() {
    for framing in FRAMINGS {
        let server = serve(&["--framing", framing]);
        let mut client = server.connect();
        assert!(unpack(framing, &mut client).unwrap().starts_with("OK REGISTER "), "{framing}");
        let mut ask = |text: &str| {
            client.write_all(&pack(framing, text.as_bytes())).unwrap();
            unpack(framing, &mut client)
        };
        assert!(ask("REGISTER Łukasz zażółć-gęślą").unwrap().starts_with("OK token sky1_"), "{framing}");
        assert_eq!(ask("WHOAMI").as_deref(), Some("OK Łukasz"), "{framing}");
        assert_eq!(ask("LOGOUT").as_deref(), Some("OK logged out"), "{framing}");
        assert_eq!(ask("LOGIN Łukasz zażółć-gęś").as_deref(), Some("ERR denied wrong name or password"), "{framing}");
        assert_eq!(ask("QUIT").as_deref(), Some("OK bye"), "{framing}");
        assert_eq!(rest_of(client), b"", "{framing}");
    }
}

#[test]
fn a_header_over_the_bound_or_without_a_number_is_answered_in_its_framing() {
    for (framing, bytes, answer) in [
        ("u32be", &b"\xff\xff\xff\xff"[..], "ERR framing Message too long (at most 4096 bytes)"),
        ("ascii10", b"      4097", "ERR framing Message too long (at most 4096 bytes)"),
        ("ascii10", b"LOGIN anna", "ERR framing Bad header (ten ASCII digits, padded with spaces on the left)"),
    ] {
        let server = serve(&["--framing", framing]);
        let mut client = server.connect();
        unpack(framing, &mut client).unwrap();
        client.write_all(bytes).unwrap();
        assert_eq!(unpack(framing, &mut client).as_deref(), Some(answer), "{framing}");
        assert_eq!(unpack(framing, &mut client), None, "{framing}");
    }
}

#[test]
fn a_client_that_sends_without_a_delimiter_is_understood() {
    let server = serve(&[]);
    let mut client = server.connect();
    let mut heard = [0; 1024];
    let mut exchange = |text: &str| {
        client.write_all(text.as_bytes()).unwrap();
        let count = client.read(&mut heard).unwrap();
        String::from_utf8_lossy(&heard[..count]).into_owned()
    };
    assert!(exchange("").starts_with("OK REGISTER "));
    let entered = exchange("REGISTER anna s3cretpass");
    assert!(entered.starts_with("OK token ") && !entered.ends_with('\n'), "{entered}");
    assert_eq!(exchange("WHOAMI"), "OK anna");
    let answers = String::from_utf8(answer_to(server.connect(), b"LOGIN anna s3cretpass\nWHOAMI\nQUIT")).unwrap();
    let answers: Vec<&str> = answers.lines().skip(1).collect();
    assert!(answers[0].starts_with("OK token ") && answers[1..] == ["OK anna", "OK bye"], "{answers:?}");
}

#[test]
fn a_unix_socket_takes_passwords() {
    let dir = folder();
    let path = dir.path().join("login.sock");
    let on = format!("unix:{}", path.display());
    let _server = Served::start(&["login", "--on", &on, "--data", ":memory:"]);
    let answers = answer_to(UnixStream::connect(&path).unwrap(), b"REGISTER anna s3cretpass\nWHOAMI\n");
    assert!(String::from_utf8(answers).unwrap().ends_with("\nOK anna\n"));
}

#[test]
fn all_doors_lead_to_the_same_people() {
    let server = Served::start(&["login=127.0.0.1:0", "login=127.0.0.2:0", "--data", ":memory:"]);
    let addrs: Vec<SocketAddr> = server.places.iter().map(|(_, addr)| addr.parse().unwrap()).collect();
    Client::new(addrs[0]).enter("REGISTER anna s3cretpass");
    let mut guest = Client::new(addrs[0]);
    assert_eq!(guest.ask("LOGIN anna wrong-pass"), "ERR denied wrong name or password");
    assert!(Client::new(addrs[1]).ask("LOGIN anna s3cretpass").starts_with("ERR wait "));
}

// ---- sessions ----

#[test]
fn a_restart_ends_no_session_and_a_resumed_token_is_replaced() {
    let dir = folder();
    let data = dir.path().join("data");
    let server = serve_in(&data, &[]);
    let token = Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    server.stop();
    let server = serve_in(&data, &[]);
    let mut client = Client::new(server.addr());
    let next = client.enter(&format!("RESUME {token}"));
    assert_ne!(next, token);
    assert_eq!(client.ask("WHOAMI"), "OK anna");
    // Its answer could have been lost.
    Client::new(server.addr()).enter(&format!("RESUME {token}"));
    assert_eq!(client.ask("LOGOUT"), "OK logged out");
    for token in [token, next] {
        assert!(Client::new(server.addr()).ask(&format!("RESUME {token}")).starts_with("ERR token "));
    }
    client.enter("LOGIN anna s3cretpass");
}

#[test]
fn what_ends_a_session_ends_it_where_it_is_held() {
    let dir = folder();
    let server = serve_in(dir.path(), &[]);
    let revoked = "ERR revoked this session was ended; LOGIN again";
    let mut first = Client::new(server.addr());
    let token = first.enter("REGISTER anna s3cretpass");
    let mut second = Client::new(server.addr());
    second.enter("LOGIN anna s3cretpass");

    let mut thief = Client::new(server.addr());
    let stolen = thief.enter(&format!("RESUME {token}"));
    let token = first.enter("PASSWD s3cretpass n3w-secret");
    for mut other in [second, thief] {
        assert_eq!(other.hear(), revoked);
        assert_eq!(other.rest(), "");
    }
    assert!(Client::new(server.addr()).ask(&format!("RESUME {stolen}")).starts_with("ERR token "));

    let mut same = Client::new(server.addr());
    same.enter(&format!("RESUME {token}"));
    assert_eq!(first.ask("LOGOUT"), "OK logged out");
    assert_eq!(same.hear(), revoked);

    let token = first.enter("LOGIN anna n3w-secret");
    let ended = accounts(dir.path(), &["revoke", "Anna"], "");
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), "sockeye: 1 session of anna ended\n"));
    assert_eq!(first.hear(), revoked);
    assert!(Client::new(server.addr()).ask(&format!("RESUME {token}")).starts_with("ERR token "));

    let mut last = Client::new(server.addr());
    last.enter("LOGIN anna n3w-secret");
    assert_eq!(accounts(dir.path(), &["delete", "anna"], "").status.code(), Some(0));
    assert_eq!(last.hear(), revoked);
    assert_eq!(Client::new(server.addr()).ask("LOGIN anna n3w-secret"), "ERR denied wrong name or password");
}

#[test]
fn who_holds_a_session_is_told_that_the_server_stops_and_holds_up_no_drain() {
    let dir = folder();
    let server = serve_in(dir.path(), &["--drain", "1h"]);
    let mut client = Client::new(server.addr());
    let token = client.enter("REGISTER anna s3cretpass");
    server.signal(Signal::TERM);
    assert_eq!(client.hear(), "ERR shutdown the server stops; RESUME when it is back");
    assert_eq!(client.rest(), "");
    assert_eq!(server.wait().status.code(), Some(0));
    let server = serve_in(dir.path(), &[]);
    Client::new(server.addr()).enter(&format!("RESUME {token}"));
}

#[test]
fn a_session_ends_at_its_age_also_where_it_is_held() {
    let server = serve(&["--session-life", "1s"]);
    let mut client = Client::new(server.addr());
    let token = client.enter("REGISTER anna s3cretpass");
    assert_eq!(client.hear(), "ERR expired this session is too old; LOGIN again");
    assert_eq!(client.rest(), "");
    assert!(Client::new(server.addr()).ask(&format!("RESUME {token}")).starts_with("ERR token "));
}

#[test]
fn a_session_that_nobody_holds_ends_when_it_was_idle_for_long_enough() {
    let server = serve(&["--session-idle", "1ms"]);
    let mut holder = Client::new(server.addr());
    holder.enter("REGISTER anna s3cretpass");
    let mut left = Client::new(server.addr());
    let mut shown = left.enter("LOGIN anna s3cretpass");
    drop(left);
    // Each try holds it for a moment, and may be too early.
    eventually("it is idle for long enough", || {
        let answer = Client::new(server.addr()).ask(&format!("RESUME {shown}"));
        shown = answer.split(' ').nth(2).unwrap().to_owned();
        answer.starts_with("ERR token ")
    });
    assert_eq!(holder.ask("WHOAMI"), "OK anna");
}

// ---- guessing ----

#[test]
fn wrong_names_and_wrong_passwords_are_told_apart_by_nothing_and_three_close_it() {
    let server = serve(&[]);
    Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    let mut guest = Client::new(server.addr());
    for name in ["anna", "bert", "carl"] {
        assert_eq!(guest.ask(&format!("LOGIN {name} wrong-pass")), "ERR denied wrong name or password");
    }
    assert_eq!(guest.rest(), "");
    let mut guest = Client::new(server.addr());
    for name in ["anna", "bert", "carl"] {
        assert_eq!(
            guest.ask(&format!("LOGIN {name} s3cretpass")),
            "ERR wait the next try is in 1 s, because earlier ones were wrong"
        );
    }
}

#[test]
fn an_address_that_guessed_too_often_waits_and_no_other() {
    let server = Served::start(&["login", "--on", "127.0.0.1:0", "--data", ":memory:", "--login-rate", "3"]);
    Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    let mut guest = Client::new(server.addr());
    for name in ["bert", "carl"] {
        assert!(guest.ask(&format!("LOGIN {name} wrong-pass")).starts_with("ERR denied "));
    }
    assert!(guest.ask("LOGIN anna s3cretpass").starts_with("ERR wait "));
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.9:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.connect(&server.addr().into()).unwrap();
    let mut elsewhere = Client(BufReader::new(patient(socket.into())));
    elsewhere.hear();
    elsewhere.enter("LOGIN anna s3cretpass");
}

#[test]
fn before_login_no_more_than_4_kib_are_read() {
    let server = serve(&[]);
    let mut client = Client::new(server.addr());
    let many = "x\n".repeat(3000);
    client.0.get_mut().write_all(many.as_bytes()).unwrap();
    let rest = client.rest();
    let last = rest.lines().last().unwrap();
    assert_eq!(last, "ERR limit at most 4096 bytes and 30 s until somebody is logged in");
    assert_eq!(rest.lines().count(), 4096 / 2 + 1);
}

#[test]
fn more_than_can_be_hashed_are_told_that_it_is_busy_and_nobody_hangs() {
    const CROWD: usize = 300;
    let server = serve(&["--workers", "1"]);
    Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    let mut crowd: Vec<Client> = (0..CROWD).map(|_| Client::new(server.addr())).collect();
    for (number, client) in crowd.iter_mut().enumerate() {
        client.0.get_mut().write_all(format!("LOGIN person{number} wrong-pass\n").as_bytes()).unwrap();
    }
    let answers: Vec<String> = crowd.iter_mut().map(Client::hear).collect();
    let count = |answer: &str| answers.iter().filter(|heard| *heard == answer).count();
    let denied = count("ERR denied wrong name or password");
    let busy = count("ERR busy too many passwords to look at just now; try again in a moment");
    assert_eq!((denied + busy, denied > 0, busy > 0), (CROWD, true, true), "{denied} denied, {busy} busy");
    crowd[0].enter("LOGIN anna s3cretpass");
}

#[test]
fn who_leaves_before_the_answer_takes_nothing_along() {
    let server = serve(&[]);
    Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    for number in 0..500 {
        let mut client = server.connect();
        client.write_all(format!("LOGIN person{number} wrong-pass\n").as_bytes()).unwrap();
        if number % 2 == 0 {
            support::reset(client);
        }
    }
    eventually("there is time for a password", || {
        Client::new(server.addr()).ask("LOGIN anna s3cretpass").starts_with("OK token ")
    });
}

// ---- what nobody else may read ----

/// An address of this machine that is none of loopback, where it has one. Nothing is sent.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|addr| addr.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[test]
fn over_plain_tcp_from_elsewhere_passwords_are_refused_unless_told_otherwise() {
    let Some(ip) = own_address() else { return };
    let on = format!("{ip}:0");
    for insecure in [false, true] {
        let words: &[&str] = if insecure { &["--insecure-login"] } else { &[] };
        let server = Served::start(&[&["login", "--on", &on, "--data", ":memory:"], words].concat());
        let answers = String::from_utf8(answer_to(server.connect(), b"REGISTER anna s3cretpass\nWHOAMI\n")).unwrap();
        let answers: Vec<&str> = answers.lines().collect();
        if insecure {
            assert!(answers[1].starts_with("OK token ") && answers[2] == "OK anna", "{answers:?}");
        } else {
            assert!(answers[0].starts_with("ERR insecure ") && answers[0].contains("--insecure-login"), "{answers:?}");
            assert_eq!(answers[1], answers[0]);
            assert!(answers[2].starts_with("ERR outside "), "{answers:?}");
        }
        let warned = server.stop().stderr.matches("with --insecure-login everybody on the way").count();
        assert_eq!(warned, usize::from(insecure));
    }
}

#[test]
fn no_secret_reaches_events_audit_dump_or_store() {
    let dir = folder();
    let server = serve_in(dir.path(), &["--events", "bytes"]);
    let mut client = Client::new(server.addr());
    let mut secrets = vec![client.enter("REGISTER anna s3cretpass")];
    client.ask("PASSWD s3cretpass n3w-secret");
    client.ask("LOGOUT");
    client.ask("LOGIN s3cret-as-name wrong-pass");
    secrets.push(client.enter("LOGIN anna n3w-secret"));
    client.ask("QUIT");
    let token = secrets[1].clone();
    secrets.push(Client::new(server.addr()).enter(&format!("RESUME {token}")));
    secrets.extend(["s3cretpass", "n3w-secret", "s3cret-as-name", "wrong-pass"].map(str::to_owned));

    let ended = server.stop();
    assert!(ended.stdout.contains(" received 25 bytes"), "{}", ended.stdout);
    let dump = sockeye(&["store", "dump", "--data", dir.path().to_str().unwrap()], "");
    assert!(dump.stdout.contains("anna"), "{dump:?}");
    assert!(!dump.stdout.contains("argon2"), "{dump:?}");
    let mut texts = vec![ended.stdout, ended.stderr, dump.stdout];
    for entry in fs::read_dir(dir.path()).unwrap() {
        texts.push(String::from_utf8_lossy(&fs::read(entry.unwrap().path()).unwrap()).into_owned());
    }
    for secret in &secrets {
        assert!(!texts.iter().any(|text| text.contains(secret.as_str())), "{secret}");
    }
}

#[test]
fn what_happened_to_accounts_is_in_the_audit_log() {
    let dir = folder();
    let server = serve_in(dir.path(), &[]);
    let mut client = Client::new(server.addr());
    let token = client.enter("REGISTER anna s3cretpass");
    client.ask("PASSWD s3cretpass n3w-secret");
    client.ask("LOGOUT");
    client.ask("LOGIN bert wrong-pass");
    client.ask("LOGIN bert wrong-pass");
    client.ask("LOGIN anna wrong-pass");
    Client::new(server.addr()).ask(&format!("RESUME {token}"));
    server.stop();
    assert_eq!(accounts(dir.path(), &["delete", "anna"], "").status.code(), Some(0));
    let records = audit(dir.path());
    let expected =
        ["create", "issue", "ok", "password_change", "issue", "revoke", "fail", "locked", "fail", "fail", "delete"];
    assert_eq!(events(&records), expected);
    assert_eq!(records[7]["times"], 1);
    let [create, .., stranger, locked, wrong, late, delete] = &records[..] else { panic!("{records:?}") };
    assert_eq!((&create["account"], &create["ip"]), (&"anna".into(), &"127.0.0.1".into()));
    assert!(create["hash_us"].as_u64().unwrap() > 0 && create["ts"].as_str().unwrap().ends_with('Z'));
    assert!(stranger["account"].as_str().unwrap().starts_with("u:"), "{stranger}");
    assert_eq!(locked["account"], stranger["account"]);
    assert_eq!(wrong["account"], "anna");
    assert_eq!((&late["reason"], &late["account"]), (&"revoked token".into(), &"anna".into()));
    assert_eq!((&delete["account"], &delete["reason"]), (&"anna".into(), &"operator".into()));
}

#[test]
fn a_flood_of_bad_tokens_leaves_few_lines_in_the_audit_log() {
    let dir = folder();
    let server = serve_in(dir.path(), &[]);
    let unknown = format!("RESUME sky1_{}", "A".repeat(43));
    for _ in 0..100 {
        let mut client = Client::new(server.addr());
        (0..3).for_each(|_| assert!(client.ask(&unknown).starts_with("ERR token ")));
    }
    Client::new(server.addr()).enter("REGISTER anna s3cretpass");
    server.stop();
    let records = audit(dir.path());
    let fails = records.iter().filter(|record| record["event"] == "fail").collect::<Vec<_>>();
    assert!(fails.len() <= 2 * 9, "{}", fails.len());
    assert_eq!((&fails[0]["times"], &fails[1]["times"]), (&1.into(), &2.into()));
    assert!(events(&records).ends_with(&["create", "issue"]));
}

#[test]
fn a_server_that_holds_secrets_leaves_no_core() {
    let abort = |service: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -c unlimited; cd \"$HERE\"; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_sockeye")]);
        let here = tempfile::tempdir().unwrap();
        command.env("HERE", here.path());
        let server = Served::start_as(command, &[service, "--on", "127.0.0.1:0", "--data", ":memory:"]);
        server.signal(Signal::ABORT);
        server.wait().status
    };
    // Where the system makes no cores at all, there is nothing to see.
    if abort("echo").core_dumped() {
        assert!(!abort("login").core_dumped());
    }
}

// ---- accounts ----

#[test]
fn an_operator_adds_and_lists_accounts_beside_the_server() {
    let dir = folder();
    let server = serve_in(dir.path(), &[]);
    let added = accounts(dir.path(), &["add", "Łukasz"], "s3cretpass\n");
    assert_eq!((added.status.code(), &*added.stderr), (Some(0), "sockeye: Łukasz has an account\n"));
    let mut client = Client::new(server.addr());
    client.enter("LOGIN łukasz s3cretpass");
    let table = accounts(dir.path(), &["list"], "").stdout;
    let [header, row] = table.lines().collect::<Vec<_>>()[..] else { panic!("{table}") };
    assert!(header.starts_with("NAME    CREATED ") && row.starts_with("Łukasz  20"), "{table}");
    assert_eq!(row.split_whitespace().nth(2), Some("1"), "{table}");
    let line: serde_json::Value = serde_json::from_str(&accounts(dir.path(), &["list", "--json"], "").stdout).unwrap();
    assert_eq!((&line["schema"], &line["name"], &line["sessions"]), (&1.into(), &"Łukasz".into(), &1.into()));
}

#[test]
fn who_lists_accounts_leaves_no_trace_and_an_audit_log_that_others_can_read_is_refused() {
    let dir = folder();
    accounts(dir.path(), &["add", "anna"], "s3cretpass\n");
    let log = dir.path().join("audit.jsonl");
    fs::remove_file(&log).unwrap();
    assert_eq!(accounts(dir.path(), &["list"], "").status.code(), Some(0));
    assert!(!log.exists());
    fs::write(&log, "").unwrap();
    fs::set_permissions(&log, PermissionsExt::from_mode(0o644)).unwrap();
    let ended = accounts(dir.path(), &["revoke", "anna"], "");
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("audit.jsonl is open to others (mode 644)"), "{}", ended.stderr);
}

#[test]
fn what_an_operator_cannot_do_is_said_in_a_sentence() {
    let dir = folder();
    accounts(dir.path(), &["add", "anna"], "s3cretpass\n");
    for (words, stdin, code, sentence) in [
        (&["revoke", "bert"][..], "", 1, "no account is called bert; `sockeye accounts list` shows those there are"),
        (&["delete", "bert"], "", 1, "no account is called bert; `sockeye accounts list` shows those there are"),
        (&["add", "Anna"], "0ther-pass\n", 1, "there is an account called Anna already, or one that looks like it"),
        (&["add", "bert"], "short\n", 1, "a password has 8 to 1024 bytes"),
        (&["add", "bert"], "password1\n", 1, "this password is one of the commonest; choose another"),
        (&["add", "bert"], "", 1, "no password was given; nothing was changed"),
        (&["add"], "", 2, "<NAME> is missing; try --help"),
        (&["add", "two words"], "", 2, "a name has no spaces"),
        (&["list", "anna"], "", 2, "unexpected argument 'anna' found; try --help"),
        (
            &["revoke", "anna", "--json"],
            "",
            2,
            "unexpected argument '--json' found; to pass '--json' as a value, use '-- --json'; try --help",
        ),
    ] {
        let ended = accounts(dir.path(), words, stdin);
        assert_eq!(
            (ended.status.code(), &*ended.stderr),
            (Some(code), &*format!("sockeye: {sentence}\n")),
            "{words:?}"
        );
    }
    let ended = sockeye(&["accounts", "list", "--data", ":memory:"], "");
    assert_eq!(ended.status.code(), Some(2));
    assert!(ended.stderr.contains("--data"), "{}", ended.stderr);
}

#[test]
fn a_backup_that_cannot_be_written_is_read() {
    let dir = folder();
    let data = dir.path().join("a %20b?#");
    let path = data.to_str().unwrap();
    let added = sockeye(&["accounts", "add", "anna", "--data", path], "s3cretpass\n");
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    // In a mount of our own, where the system lets us have one.
    let read_only = |words: &str| {
        let mount = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" || exit 99";
        let script = format!("{mount}; \"$0\" {words} --data \"$1\"");
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_sockeye"), path]);
        command.output().ok().filter(|ended| ended.status.code() != Some(99))
    };
    let Some(probe) = read_only("--version; true") else { return };
    if !probe.status.success() {
        return;
    }
    for (words, told) in [("accounts list", "anna"), ("store dump", "anna")] {
        let ended = read_only(words).unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(ended.status.success() && stdout.contains(told) && stderr.is_empty(), "{words}: {stdout}{stderr}");
    }
    let ended = read_only("accounts revoke anna").unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.code() == Some(1) && stderr.contains("cannot be written"), "{stderr}");
    // What a server wrote last, and had no time to tidy up, is seen too.
    let server = serve_in(&data, &[]);
    Client::new(server.addr()).enter("REGISTER bert s3cretpass");
    drop(server);
    assert!(data.join("store.db-wal").metadata().unwrap().len() > 0);
    let ended = read_only("accounts list").unwrap();
    assert!(String::from_utf8_lossy(&ended.stdout).contains("bert"), "{ended:?}");
    // Where that cannot be read, what stands before it is not taken for all.
    fs::remove_file(data.join("store.db-shm")).unwrap();
    let ended = read_only("accounts list").unwrap();
    assert!(ended.status.code() == Some(1) && ended.stdout.is_empty(), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("copy its folder"), "{ended:?}");
}

#[test]
fn a_person_types_a_password_twice_and_nobody_sees_it() {
    let dir = folder();
    let data = dir.path().join("data");
    let words = ["accounts", "add", "anna", "--data", data.to_str().unwrap()];
    let mut person = Person::start(&words, tempfile::tempdir().unwrap());
    person.reads("Password: ");
    person.types("s3cretpass\r");
    person.reads("Again: ");
    person.types("s3cretpasS\r");
    person.sees(|screen| screen.contains("the two passwords differ") && screen.matches("Password: ").count() == 2);
    person.types("s3cretpass\r");
    person.sees(|screen| screen.matches("Again: ").count() == 2);
    person.types("s3cretpass\r");
    person.reads("anna has an account");
    person.sees(|screen| !screen.contains("s3cret"));
    assert_eq!(person.leaves(), 0);
    let words = ["accounts", "add", "bert", "--data", data.to_str().unwrap()];
    let mut person = Person::start(&words, tempfile::tempdir().unwrap());
    person.reads("Password: ");
    person.types("\x03");
    person.reads("nothing was changed");
    assert_eq!(person.leaves(), 130);
}
