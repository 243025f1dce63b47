//! Other people's programs at the other end: nc, ncat, socat, telnet, and small Python programs as the lab sheets have
//! them written, against our servers; and our pipe against their servers. They are not run by `cargo test`, because
//! not every machine has the tools: `just interop` runs them.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[test]
#[ignore = "needs nc: just interop"]
fn nc_gets_300_kb_back_after_its_half_close() {
    let server = Server::start("echo", &[]);
    let all = noise(300_000);
    assert_same(&answer(Command::new("nc").args(["-N", "127.0.0.1", server.port()]), &all), &all);
}

#[test]
#[ignore = "needs ncat: just interop"]
fn ncat_gets_300_kb_back_after_its_half_close() {
    let server = Server::start("echo", &[]);
    let all = noise(300_000);
    assert_same(&answer(Command::new("ncat").args(["127.0.0.1", server.port()]), &all), &all);
}

#[test]
#[ignore = "needs socat: just interop"]
fn socat_gets_300_kb_back_after_its_half_close() {
    let server = Server::start("echo", &[]);
    let all = noise(300_000);
    let place = format!("TCP:{}", server.addr);
    assert_same(&answer(Command::new("socat").args(["-t5", "-", &place]), &all), &all);
}

#[test]
#[ignore = "needs python3: just interop"]
fn a_python_client_gets_300_kb_back_after_its_half_close() {
    let server = Server::start("echo", &[]);
    let all = noise(300_000);
    assert_same(&answer(&mut python(PIPE_CLIENT, &[server.port()]), &all), &all);
}

#[test]
#[ignore = "needs socat: just interop"]
fn socat_reaches_a_server_on_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo.sock");
    let server = Server::start_on(&format!("unix:{}", path.display()), "echo", &[]);
    let place = format!("UNIX-CONNECT:{}", server.addr.strip_prefix("unix:").unwrap());
    assert_same(&answer(Command::new("socat").args(["-t5", "-", &place]), b"by path\n"), b"by path\n");
}

#[test]
#[ignore = "needs telnet: just interop"]
fn a_line_typed_into_telnet_is_answered_while_it_stays_open() {
    let server = Server::start("upper", &[]);
    let mut telnet = Running::start(Command::new("telnet").args(["127.0.0.1", server.port()]));
    telnet.say(b"typed by hand\n");
    telnet.wait_for_line("TYPED BY HAND");
    telnet.say(b"and again\n");
    telnet.wait_for_line("AND AGAIN");
}

#[test]
#[ignore = "needs python3: just interop"]
fn a_message_without_a_line_end_is_echoed_to_one_recv() {
    let server = Server::start("echo", &[]);
    assert_eq!(answer(&mut python(ONE_RECV, &[server.port(), "hello"]), b""), b"hello");
}

#[test]
#[ignore = "needs python3: just interop"]
fn five_python_clients_at_a_time_each_get_their_own_message() {
    let server = Server::start("echo", &[]);
    assert_eq!(answer(&mut python(FIVE_AT_A_TIME, &[server.port()]), b""), b"client 4 3 2 1 0");
}

#[test]
#[ignore = "needs python3: just interop"]
fn echo_read_in_portions_comes_back_whole() {
    for portion in ["128", "1024", "2048"] {
        let server = Server::start("echo", &["--chunk", portion]);
        let all = noise(10_000);
        assert_same(&answer(&mut python(PIPE_CLIENT, &[server.port()]), &all), &all);
    }
}

#[test]
#[ignore = "needs python3: just interop"]
fn upper_answers_one_send_with_its_upper_case() {
    let server = Server::start("upper", &[]);
    let sent = "zażółć gęślą jaźń, привет, grün";
    let received = answer(&mut python(ONE_RECV, &[server.port(), sent]), b"");
    assert_eq!(String::from_utf8(received).unwrap(), "ZAŻÓŁĆ GĘŚLĄ JAŹŃ, ПРИВЕТ, GRÜN");
}

#[test]
#[ignore = "needs nc: just interop"]
fn upper_keeps_characters_whole_where_reads_cut_them() {
    let server = Server::start("upper", &["--chunk", "3"]);
    let upper = answer(Command::new("nc").args(["-N", "127.0.0.1", server.port()]), "привет żółw\n".as_bytes());
    assert_eq!(String::from_utf8(upper).unwrap(), "ПРИВЕТ ŻÓŁW\n");
}

#[test]
#[ignore = "needs python3: just interop"]
fn prefix_answers_a_message_without_a_line_end_and_closes() {
    let server = Server::start("prefix", &[]);
    let answered = answer(&mut python(UNTIL_CLOSED, &[server.port(), "Guten Tag"]), b"");
    assert_eq!(answered, b"SERVER RECEIVED: Guten Tag");
}

#[test]
#[ignore = "needs nc: just interop"]
fn prefix_answers_nc_and_closes() {
    let server = Server::start("prefix", &[]);
    let answered = answer(Command::new("nc").args(["-N", "127.0.0.1", server.port()]), b"hello\n");
    assert_eq!(String::from_utf8(answered).unwrap().trim_end(), "SERVER RECEIVED: hello");
}

#[test]
#[ignore = "needs python3: just interop"]
fn a_python_client_without_line_ends_greets_and_asks_for_the_time() {
    let server = Server::start("greet", &[]);
    let answered = answer(&mut python(ONE_RECV_EACH, &[server.port(), "Time", "time?", "Hello"]), b"");
    let answered = String::from_utf8(answered).unwrap();
    let (time, rest) = answered.split_once('|').unwrap();
    assert!(time.parse::<jiff::Timestamp>().is_ok(), "{answered}");
    assert_eq!(rest, "Unknown command|Hello from server|");
}

#[test]
#[ignore = "needs python3: just interop"]
fn python_clients_with_packed_headers_hold_the_same_conversations() {
    for framing in ["u32be", "ascii10"] {
        let more = ["--framing", framing, "--data", ":memory:"];
        for (service, first, said, heard) in [
            ("echo", "silent", &["one", "", "zażółć"][..], "one||zażółć|"),
            ("greet", "silent", &["Zeit", "Hello"], "Unknown command|Hello from server|"),
            (
                "identify",
                "speaks",
                &["", "Łukasz"],
                "What is your name?|Sorry, a name has at least one visible \
             character. What is your name?|Nice to meet you, Łukasz!|",
            ),
        ] {
            let server = Server::start(service, &more);
            let words = [&[server.port(), framing, first], said].concat();
            let answered = String::from_utf8(answer(&mut python(PACKED, &words), b"")).unwrap();
            assert_eq!(answered, heard, "{service} {framing}");
        }
    }
}

#[test]
#[ignore = "needs nc: just interop"]
fn nc_is_asked_for_its_name_once() {
    let server = Server::start("identify", &["--data", ":memory:"]);
    let asked = answer(Command::new("nc").args(["-N", "127.0.0.1", server.port()]), "Łukasz\n".as_bytes());
    assert_eq!(String::from_utf8(asked).unwrap(), "What is your name?\nNice to meet you, Łukasz!\n");
    let known = answer(Command::new("nc").args(["-N", "127.0.0.1", server.port()]), b"");
    assert_eq!(String::from_utf8(known).unwrap(), "Hello, Łukasz!\n");
}

#[test]
#[ignore = "needs python3: just interop"]
fn collect_returns_100_kib_to_two_clients_that_do_not_half_close() {
    let server = Server::start("collect", &[]);
    let both: Vec<_> = (0..2)
        .map(|_| {
            let mut client = python(COLLECT_CLIENT, &[server.port(), "102400"]);
            thread::spawn(move || answer(&mut client, b""))
        })
        .collect();
    for client in both {
        assert_eq!(client.join().unwrap(), b"102400 the same");
    }
}

#[test]
#[ignore = "needs socat: just interop"]
fn collect_returns_what_came_before_a_half_close() {
    let server = Server::start("collect", &[]);
    let some = noise(5_000);
    let place = format!("TCP:{}", server.addr);
    assert_same(&answer(Command::new("socat").args(["-t5", "-", &place]), &some), &some);
}

#[test]
#[ignore = "needs socat: just interop"]
fn our_pipe_gets_300_kb_back_from_socat() {
    let mut socat = Command::new("socat");
    socat.args(["-d", "-d", "-t5", "TCP-LISTEN:0,bind=127.0.0.1", "EXEC:cat"]);
    let mut socat = Running::start(&mut socat);
    let line = socat.wait_for_line("listening on");
    let all = noise(300_000);
    assert_same(&answer(&mut sockeye(&["connect", line.rsplit(' ').next().unwrap()]), &all), &all);
}

#[test]
#[ignore = "needs python3: just interop"]
fn our_pipe_gets_300_kb_back_from_python() {
    let server = PythonServer::start();
    let all = noise(300_000);
    assert_same(&answer(&mut sockeye(&["connect", &server.addr]), &all), &all);
}

/// A conversation without a half-close, because ncat hangs up as soon as it sees one.
#[test]
#[ignore = "needs ncat: just interop"]
fn our_pipe_and_ncat_on_a_path_talk_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.sock");
    let mut ncat = Running::start(Command::new("ncat").args(["-v", "-l", "-U"]).arg(&path));
    ncat.wait_for_line("Listening on");
    let mut ours = Running::start(&mut sockeye(&["connect", &format!("unix:{}", path.display())]));
    ours.say(b"a question\n");
    ncat.wait_for_line("a question");
    ncat.say(b"an answer\n");
    ours.wait_for_line("an answer");
}

#[test]
#[ignore = "needs python3: just interop"]
fn our_payload_is_checked_against_a_python_server() {
    let server = PythonServer::start();
    answer(&mut sockeye(&["connect", &server.addr, "--payload", "100KiB"]), b"");
}

#[test]
#[ignore = "needs python3: just interop"]
fn chat_clients_of_the_sheets_without_line_ends_hear_one_another() {
    let server = Server::start("chat", &["--data", ":memory:"]);
    let client = |nick: &str| {
        let mut client = Running::start(&mut python(CHAT_CLIENT, &[server.port()]));
        client.wait_for_line("Nick?");
        client.say(format!("{nick}\n").as_bytes());
        client.wait_for_line(&format!("* You are {nick}."));
        client
    };
    let (mut ala, mut bob) = (client("Ala"), client("bob"));
    ala.wait_for_line("* bob joined");
    for (said, heard) in [("cześć!", "<Ala> cześć!"), ("<bob> to nie ja", "<Ala> <bob> to nie ja")] {
        ala.say(format!("{said}\n").as_bytes());
        assert_eq!([ala.wait_for_line("<Ala>"), bob.wait_for_line("<Ala>")], [heard, heard]);
    }
    bob.say(b"/quit\n");
    ala.wait_for_line("* bob left");
}

/// A sheet's chat client: a thread prints what comes, and what is typed is sent as it is.
const CHAT_CLIENT: &str = r"
import socket, sys, threading
s = socket.socket()
s.connect(('127.0.0.1', int(sys.argv[1])))
def receive():
    while data := s.recv(1024):
        print(data.decode(), end='', flush=True)
threading.Thread(target=receive, daemon=True).start()
while True:
    s.send(input().encode())
";

/// Sends standard input, half-closes, prints all that comes.
const PIPE_CLIENT: &str = r"
import socket, sys, threading
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
def send():
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
while data := s.recv(2048):
    sys.stdout.buffer.write(data)
";

/// One `send`, one `recv`.
const ONE_RECV: &str = r"
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.send(sys.argv[2].encode())
sys.stdout.buffer.write(s.recv(2048))
";

/// One `send`, then everything until the server closes; the client itself never half-closes.
const UNTIL_CLOSED: &str = r"
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.send(sys.argv[2].encode())
while data := s.recv(128):
    sys.stdout.buffer.write(data)
";

/// Five connections that are open together; the last to send is the first to receive.
const FIVE_AT_A_TIME: &str = r"
import socket, sys
clients = [socket.create_connection(('127.0.0.1', int(sys.argv[1]))) for _ in range(5)]
for number, s in enumerate(clients):
    s.send(f' {number}'.encode())
print('client' + ''.join(s.recv(2048).decode() for s in reversed(clients)), end='')
";

/// Sends so many bytes without a half-close and receives until the server closes.
const COLLECT_CLIENT: &str = r"
import os, socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
sent = os.urandom(int(sys.argv[2]))
s.sendall(sent)
back = b''
while data := s.recv(4096):
    back += data
print(len(back), 'the same' if back == sent else 'changed', end='')
";

/// The sheets' threaded echo server, with an end to each conversation.
const ECHO_SERVER: &str = r"
import socket, threading
server = socket.create_server(('127.0.0.1', 0))
print('listening on', server.getsockname()[1], flush=True)
def talk(conn):
    with conn:
        while data := conn.recv(2048):
            conn.sendall(data)
while True:
    threading.Thread(target=talk, args=(server.accept()[0],), daemon=True).start()
";

#[test]
#[ignore = "needs python3 with libnmap: just interop"]
fn libnmap_reads_what_scan_writes_as_xml() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/src/scan/report/golden/nmap.xml");
    let output = python(READ_XML, &[golden]).output().expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let hosts = "up 5 of 5, 46 ports\n\
                 192.0.2.1 up web.example 22,80,443,8080 closed\n\
                 198.51.100.9 up  20,21,22,23,24 unknown\n\
                 2001:db8::1 up   closed\n\
                 fe80::1%2 up ro\\u{1b}[2Juter\\n  unknown\n\
                 203.0.113.5 up   filtered\n\
                 ssh extrainfo: SSH-2.0-OpenSSH_9.6\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), hosts);
}

/// Ours, on a free port of the loopback or on a path.
struct Server {
    _running: Running,
    addr: String,
    _folder: TempDir,
}

impl Server {
    fn start(service: &str, more: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", service, more)
    }

    fn start_on(place: &str, service: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ready = folder.path().join("ready");
        let mut command = sockeye(&["serve", service, "--on", place, "--ready-file"]);
        let mut running = Running::start(command.arg(&ready).args(more));
        let addr = running.wait_for_file(&ready, |text| {
            let (name, addr) = text.strip_suffix('\n')?.split_once(' ')?;
            (name == service).then(|| addr.to_owned())
        });
        Self { _running: running, addr, _folder: folder }
    }

    fn port(&self) -> &str {
        self.addr.rsplit(':').next().expect("rsplit gives at least one")
    }
}

/// Theirs.
struct PythonServer {
    _running: Running,
    addr: String,
}

impl PythonServer {
    fn start() -> Self {
        let mut running = Running::start(&mut python(ECHO_SERVER, &[]));
        let line = running.wait_for_line("listening on");
        let port = line.rsplit(' ').next().expect("rsplit gives at least one");
        Self { addr: format!("127.0.0.1:{port}"), _running: running }
    }
}

/// A program under way; it ends with this.
struct Running {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = spawn(command.stderr(Stdio::piped()));
        let stdin = child.stdin.take().expect("it is piped");
        let (sender, lines) = channel();
        hear(child.stdout.take().expect("it is piped"), sender.clone());
        hear(child.stderr.take().expect("it is piped"), sender);
        Self { child, stdin, lines, heard: Vec::new() }
    }

    fn say(&mut self, bytes: &[u8]) {
        self.stdin.write_all(bytes).and_then(|()| self.stdin.flush()).expect("the program listens");
    }

    /// The next line of either output that has these words.
    fn wait_for_line(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                panic!("`{words}` never came; there was {:#?}", self.heard);
            };
            if line.contains(words) {
                return line;
            }
            self.heard.push(line);
        }
    }

    /// What `read` makes of the file, as soon as it makes something of it.
    fn wait_for_file<T>(&mut self, path: &Path, read: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = fs::read_to_string(path).ok().as_deref().and_then(&read) {
                return found;
            }
            let ended = self.child.try_wait().expect("our own child");
            let heard = || self.lines.try_iter().collect::<Vec<_>>();
            assert!(ended.is_none(), "it ended ({ended:?}) instead of getting ready: {:#?}", heard());
            assert!(Instant::now() < deadline, "it did not get ready: {:#?}", heard());
            thread::sleep(POLL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Feeds `input` to a program and returns its output; it must end well, and in time.
fn answer(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = spawn(command);
    let (mut stdin, input) = (child.stdin.take().expect("it is piped"), input.to_vec());
    // Dropping stdin closes it. A program that does not read to the end may be right.
    let feed = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = collect(child.stdout.take().expect("it is piped"));
    let status = wait(&mut child);
    feed.join().expect("feeding does not panic");
    let output = output.join().expect("collecting does not panic");
    let status = status.unwrap_or_else(|| panic!("{command:?} did not end; it gave {} bytes", output.len()));
    assert!(status.success(), "{command:?} ended with {status}; it gave {} bytes", output.len());
    output
}

/// The status of a program that ends in time; one that does not is ended.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status);
        }
        thread::sleep(POLL);
    }
    child.kill().and_then(|()| child.wait()).expect("our own child");
    None
}

fn spawn(command: &mut Command) -> Child {
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    started.unwrap_or_else(|e| panic!("{command:?} cannot be started: {e}"))
}

fn hear(output: impl Read + Send + 'static, lines: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody may be waiting any more; the output is read on, so that the program does not stall.
            let _ = lines.send(line);
        }
    });
}

fn collect(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        output.read_to_end(&mut all).expect("the output can be read");
        all
    })
}

fn sockeye(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(words);
    command
}

fn python(script: &str, words: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", script]).args(words);
    command
}

/// Bytes of every value in no simple order.
fn noise(count: usize) -> Vec<u8> {
    let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1), step).map(|state| (state >> 24) as u8).take(count).collect()
}

fn assert_same(received: &[u8], sent: &[u8]) {
    let same = received.iter().zip(sent).take_while(|(one, other)| one == other).count();
    assert!(received == sent, "sent {} bytes, received {}, the first {same} agree", sent.len(), received.len());
}

/// Says each word with one `send` and no line end, and takes the answer with one `recv`.
const ONE_RECV_EACH: &str = r#"
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for word in sys.argv[2:]:
    s.send(word.encode())
    sys.stdout.write(s.recv(2048).decode() + "|")
"#;

/// Reads a document in nmap's form and says what is in it.
const READ_XML: &str = r#"
import sys
from libnmap.parser import NmapParser
report = NmapParser.parse_fromfile(sys.argv[1])
print(f"up {report.hosts_up} of {report.hosts_total}, {report.numservices} ports")
for host in report.hosts:
    ports = ",".join(str(port) for port, _ in host.get_open_ports())
    print(host.address, host.status, " ".join(host.hostnames), ports, host.extraports_state["state"]["state"])
ssh = report.hosts[0].get_service(22)
print(ssh.service, ssh.banner)
"#;

/// Sends and receives with a length header, as a lab sheet's helper functions do it.
const PACKED: &str = r#"
import socket, struct, sys
port, framing, first = int(sys.argv[1]), sys.argv[2], sys.argv[3]
s = socket.create_connection(("127.0.0.1", port))
def recv_exact(n):
    data = b""
    while len(data) < n:
        piece = s.recv(n - len(data))
        assert piece, "closed within a message"
        data += piece
    return data
def recv_text():
    length = struct.unpack(">I", recv_exact(4))[0] if framing == "u32be" else int(recv_exact(10))
    return recv_exact(length).decode()
def send_text(text):
    data = text.encode()
    s.sendall((struct.pack(">I", len(data)) if framing == "u32be" else b"%10d" % len(data)) + data)
if first == "speaks":
    sys.stdout.write(recv_text() + "|")
for word in sys.argv[4:]:
    send_text(word)
    sys.stdout.write(recv_text() + "|")
"#;

/// A whole exchange takes well under a second; a slow machine gets this long.
const PATIENCE: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);
