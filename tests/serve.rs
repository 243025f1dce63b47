//! `serve` as its users meet it: what each service answers, what the words mean, and what is said of bad ones.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test that cannot go on says why")]

mod support;

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use support::{
    Ended, PATIENCE, Served, answer_to, eventually, patient, pattern, ping, reset, rest_of, sockeye, stream_through,
};

const HERE: &str = "127.0.0.1:0";

/// One service on a free port.
fn serve(service: &str, words: &[&str]) -> Served {
    let place = format!("{service}={HERE}");
    Served::start(&[&[place.as_str()], words].concat())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn has_ipv6() -> bool {
    let there = TcpListener::bind("[::1]:0").is_ok();
    if !there {
        println!("skipped: this machine has no IPv6 loopback");
    }
    there
}

// What the services answer.

#[test]
fn echo_gives_back_every_byte_and_flushes_after_half_close() {
    let server = serve("echo", &[]);
    let every: Vec<u8> = (0..=255).collect();
    for bytes in [&b""[..], b"x", b"hello\n", b"no delimiter", b"\r\n\0\xff\xfe", &every, &pattern(100_000)] {
        assert!(stream_through(server.connect(), bytes, rest_of) == bytes, "{} bytes", bytes.len());
    }
}

#[test]
fn echo_answers_as_it_is_spoken_to() {
    let server = serve("echo", &[]);
    let mut client = server.connect();
    for word in ["a", "hello", "zażółć gęślą jaźń\n", "привет", "\0"] {
        ping(&mut client, word.as_bytes());
    }
}

#[test]
fn upper_knows_the_letters_of_polish_russian_and_german() {
    let server = serve("upper", &[]);
    for (said, heard) in [
        ("hello, World 1\n", "HELLO, WORLD 1\n"),
        ("zażółć gęślą jaźń", "ZAŻÓŁĆ GĘŚLĄ JAŹŃ"),
        ("съешь ещё этих мягких булок", "СЪЕШЬ ЕЩЁ ЭТИХ МЯГКИХ БУЛОК"),
        ("über Straße\r\n", "ÜBER STRASSE\r\n"),
        ("", ""),
    ] {
        assert_eq!(String::from_utf8(answer_to(server.connect(), said.as_bytes())).unwrap(), heard);
    }
}

#[test]
fn upper_joins_a_character_that_is_cut_between_two_sends() {
    let server = serve("upper", &[]);
    let text = "aż ё ß 🪨é";
    for cut in 1..text.len() {
        let mut client = server.connect();
        client.set_nodelay(true).unwrap();
        let whole = (0..=cut).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        client.write_all(&text.as_bytes()[..cut]).unwrap();
        let mut early = vec![0; text[..whole].to_uppercase().len()];
        client.read_exact(&mut early).unwrap();
        let late = answer_to(client, &text.as_bytes()[cut..]);
        assert_eq!(shown(&[early, late].concat()), shown(text.to_uppercase().as_bytes()), "cut at {cut}");
    }
}

#[test]
fn upper_leaves_alone_what_is_no_text() {
    let server = serve("upper", &[]);
    for (said, heard) in
        [(&b"a\xffb\xc3("[..], &b"A\xffB\xc3("[..]), (b"end \xc5", b"END \xc5"), (b"\x80\0z", b"\x80\0Z")]
    {
        assert_eq!(shown(&answer_to(server.connect(), said)), shown(heard));
    }
}

#[test]
fn prefix_answers_one_message_with_its_own_delimiter_and_closes() {
    let server = serve("prefix", &[]);
    for (said, heard) in [
        (&b"hello\n"[..], &b"SERVER RECEIVED: hello\n"[..]),
        (b"hello\r\n", b"SERVER RECEIVED: hello\r\n"),
        (b"hello", b"SERVER RECEIVED: hello"),
        (b"one\ntwo\n", b"SERVER RECEIVED: one\n"),
        (b"\n", b"SERVER RECEIVED: \n"),
        ("łódź".as_bytes(), "SERVER RECEIVED: łódź".as_bytes()),
        (b"\xff\0", b"SERVER RECEIVED: \xff\0"),
    ] {
        // Without a half-close: it is the delimiter or the silence that ends the message.
        let mut client = server.connect();
        client.write_all(said).unwrap();
        assert_eq!(shown(&rest_of(client)), shown(heard));
    }
    assert_eq!(shown(&answer_to(server.connect(), b"")), "");
}

#[test]
fn prefix_refuses_a_message_over_64_kib_in_words_that_arrive() {
    let server = serve("prefix", &[]);
    let longest = [&[b'a'; 65_535][..], b"\n"].concat();
    assert_eq!(stream_through(server.connect(), &longest, rest_of).len(), "SERVER RECEIVED: ".len() + 65_536);
    let mut client = server.connect();
    let mut writer = client.try_clone().unwrap();
    let writing = thread::spawn(move || drop(writer.write_all(&[b'a'; 300_000])));
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "Message too long (at most 65536 bytes)\n");
    writing.join().unwrap();
}

#[test]
fn prefix_says_what_it_is_told_to_say() {
    for words in [&["--prefix", "Серверż: "][..], &["--prefix=Серверż: "]] {
        let server = serve("prefix", words);
        assert_eq!(String::from_utf8(answer_to(server.connect(), b"hi\n")).unwrap(), "Серверż: hi\n");
    }
    assert_eq!(shown(&answer_to(serve("prefix", &["--prefix", ""]).connect(), b"hi\n")), "hi\\n");
}

#[test]
fn collect_says_nothing_before_it_has_everything() {
    let server = serve("collect", &["--collect", "10"]);
    let mut client = server.connect();
    client.write_all(b"123456789").unwrap();
    eventually("nine bytes have arrived", || server.said().0.contains("received 9 bytes"));
    client.set_nonblocking(true).unwrap();
    let early = client.read(&mut [0]);
    assert!(matches!(&early, Err(e) if e.kind() == ErrorKind::WouldBlock), "{early:?}");
    client.set_nonblocking(false).unwrap();
    client.write_all(b"0").unwrap();
    assert_eq!(shown(&rest_of(client)), "1234567890");
}

#[test]
fn collect_takes_100_kib_or_what_there_is_at_half_close_and_no_more() {
    let server = serve("collect", &[]);
    let all = pattern(102_400);
    let mut client = server.connect();
    client.write_all(&all).unwrap();
    assert!(rest_of(client) == all, "exactly the default size, without a half-close");
    assert_eq!(answer_to(server.connect(), &all[..5000]), &all[..5000]);
    assert_eq!(answer_to(server.connect(), b""), b"");
    let small = serve("collect", &["--collect", "1kB"]);
    assert!(stream_through(small.connect(), &all[..3000], rest_of) == all[..1000], "the first 1000 of more");
    let none = serve("collect", &["--collect", "0"]);
    assert_eq!(rest_of(none.connect()), b"");
}

#[test]
fn the_library_starts_every_service_in_this_process() {
    for (service, heard) in
        [("echo", "żółw\n"), ("upper", "ŻÓŁW\n"), ("prefix", "SERVER RECEIVED: żółw\n"), ("collect", "żółw\n")]
    {
        let server = sockeye::Server::start(service).unwrap();
        let client = patient(TcpStream::connect(server.addr()).unwrap());
        assert_eq!(String::from_utf8(answer_to(client, "żółw\n".as_bytes())).unwrap(), heard, "{service}");
        // Another connection would prove nothing: somebody else may have the port by then, or that connection itself.
        let mut idle = patient(TcpStream::connect(server.addr()).unwrap());
        drop(server);
        let end = idle.read(&mut [0]).or_else(|e| if e.kind() == ErrorKind::ConnectionReset { Ok(0) } else { Err(e) });
        assert_eq!(end.unwrap(), 0, "{service} goes when it is dropped");
    }
    let refusal = sockeye::Server::start("ehco").map(|server| server.addr()).unwrap_err().to_string();
    assert!(refusal.contains("`ehco`") && refusal.contains("echo, upper, prefix, collect"), "{refusal}");
}

// Where they listen.

#[test]
fn an_ipv6_address_in_brackets_is_listened_on() {
    if !has_ipv6() {
        return;
    }
    let server = Served::start(&["upper=[::1]:0"]);
    assert!(server.places[0].1.starts_with("[::1]:"), "{:?}", server.places);
    assert_eq!(shown(&answer_to(server.connect(), b"six")), "SIX");
}

#[test]
fn a_bare_port_is_localhost_in_all_its_families_and_the_empty_host_is_everywhere() {
    for (word, wide) in [("echo=0", false), ("echo=:0", true)] {
        let server = Served::start(&[word]);
        let port = server.addr().port();
        let families: &[&str] = if has_ipv6() { &["127.0.0.1", "::1"] } else { &["127.0.0.1"] };
        for family in families {
            let client = patient(TcpStream::connect((*family, port)).unwrap());
            assert_eq!(shown(&answer_to(client, b"hello")), "hello", "{word} by {family}");
        }
        let note = server.said().1;
        assert_eq!(note.contains("can be reached by other machines"), wide, "{note}");
        let peer = |ip| format!("connected from {ip}:");
        eventually("a mapped address is told as IPv4", || server.said().0.contains(&peer("127.0.0.1")));
    }
}

#[test]
fn a_path_is_served_and_gone_with_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    for (service, heard) in [("echo", "hello"), ("upper", "HELLO")] {
        let word = format!("{service}=unix:{}", path.display());
        // Somebody was killed here and left the file behind.
        drop(UnixListener::bind(&path).unwrap());
        let server = Served::start(&[&word]);
        let client = UnixStream::connect(&path).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(shown(&answer_to(client, b"hello")), heard);
        let second = sockeye(&["serve", &word], "");
        refused(&second, 1, &[&path.display().to_string(), "in use"]);
        assert_eq!(server.stop().status.code(), Some(0));
        assert!(!path.exists(), "the socket file is gone");
    }
}

#[test]
fn a_file_that_is_no_socket_is_not_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("precious");
    fs::write(&path, "data").unwrap();
    refused(&sockeye(&["serve", &format!("echo=unix:{}", path.display())], ""), 1, &["precious"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "data");
}

#[test]
fn the_name_of_a_peers_socket_forges_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let place = format!("echo=unix:{}", dir.path().join("s").display());
    let server = Served::start(&[&place]);
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket.bind(&socket2::SockAddr::unix(dir.path().join("a\n\x1b[31mforged")).unwrap()).unwrap();
    socket.connect(&socket2::SockAddr::unix(dir.path().join("s")).unwrap()).unwrap();
    let peer: UnixStream = socket.into();
    assert_eq!(shown(&answer_to(peer, b"hi")), "hi");
    let said = server.stop().stdout;
    assert!(said.contains("a\\n\\u{1b}[31mforged"), "{said}");
    assert!(!said.contains('\x1b') && said.lines().all(|line| line.starts_with("20")), "{said}");
}

#[test]
fn the_ready_file_takes_nobodys_place() {
    let dir = tempfile::tempdir().unwrap();
    let (ready, other) = (dir.path().join("site.ready"), dir.path().join("site.draft"));
    fs::write(&other, "mine").unwrap();
    let words = ["serve", "echo=127.0.0.1:0", "--once", "-q", "--ready-file", ready.to_str().unwrap()];
    let server = Command::new(env!("CARGO_BIN_EXE_sockeye")).args(words).stdout(Stdio::null()).spawn();
    let mut server = server.unwrap();
    eventually("it is ready", || ready.exists());
    let place = fs::read_to_string(&ready).unwrap();
    drop(TcpStream::connect(place.trim().strip_prefix("echo ").unwrap()).unwrap());
    assert!(server.wait().unwrap().success());
    assert_eq!(fs::read_to_string(other).unwrap(), "mine");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}

#[test]
fn a_default_port_leaves_a_named_one_alone() {
    if TcpListener::bind("127.0.0.1:5556").is_err() {
        println!("skipped: somebody holds port 5556");
        return;
    }
    let server = Served::start(&["upper", "echo=127.0.0.1:5556"]);
    let (upper, echo) = (server.addr_of("upper"), server.addr_of("echo"));
    assert_eq!(echo.port(), 5556);
    assert_ne!(upper.port(), 5556);
}

#[test]
fn services_and_listeners_live_together_in_one_process() {
    let dir = tempfile::tempdir().unwrap();
    let unix = format!("unix:{}", dir.path().join("s").display());
    let server = Served::start(&["echo", "upper=127.0.0.1:0", "echo=127.0.0.1:0", "--on", HERE, "--on", &unix]);
    let names: Vec<&str> = server.places.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(names, ["echo", "echo", "upper", "echo"], "{:?}", server.places);
    assert_eq!(server.places[1].1, unix);
    for (place, heard) in [(0, "hi"), (2, "HI"), (3, "hi")] {
        let addr: SocketAddr = server.places[place].1.parse().unwrap();
        assert_eq!(shown(&answer_to(patient(TcpStream::connect(addr).unwrap()), b"hi")), heard);
    }
    let path = unix.strip_prefix("unix:").unwrap();
    assert_eq!(shown(&answer_to(UnixStream::connect(path).unwrap(), b"hi")), "hi");
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let stops = |service: &str| ended.stdout.matches(&format!(" {service} stopped (")).count();
    assert_eq!((stops("echo"), stops("upper")), (1, 1), "each service stops once: {}", ended.stdout);
    assert_eq!(ended.stdout.matches(" echo started\n").count(), 1, "and starts once: {}", ended.stdout);
    assert!(ended.stdout.contains(" echo stopped (3 connections, 6 bytes in, 6 bytes out, "), "{}", ended.stdout);
}

#[test]
fn a_named_port_that_is_taken_is_an_error_unless_it_may_move() {
    let held = TcpListener::bind(HERE).unwrap();
    let addr = held.local_addr().unwrap();
    for words in [&["serve", &format!("echo={addr}")][..], &["serve", "echo", "--on", &addr.to_string()]] {
        refused(&sockeye(words, ""), 1, &[&addr.to_string(), "in use", "--next-port"]);
    }
    let moved = Served::start(&[&format!("echo={addr}"), "--next-port"]);
    assert!(moved.addr().port() > addr.port());
    assert_eq!(shown(&answer_to(moved.connect(), b"here")), "here");
    let note = moved.said().1;
    assert_eq!(note.lines().count(), 1, "{note}");
    assert!(
        note.contains(&format!("port {} is taken, so echo listens on {}", addr.port(), moved.addr().port())),
        "{note}"
    );
}

#[test]
fn a_default_port_that_is_taken_moves_on_and_says_so_once() {
    // Held by us, or by somebody else who may let go of it before the server asks.
    let server = (0..100).find_map(|_| {
        let _held = TcpListener::bind("127.0.0.1:5555");
        let server = Served::start(&["echo"]);
        (server.addr().port() != 5555).then_some(server)
    });
    let server = server.expect("5555 is held");
    let port = server.addr().port();
    let note = server.said().1;
    assert_eq!(note, format!("sockeye: port 5555 is taken, so echo listens on {port}\n"));
    assert_eq!(shown(&answer_to(server.connect(), b"here")), "here");
}

#[test]
fn listening_wider_than_loopback_is_pointed_out_unless_told_to_be_quiet() {
    let wide = Served::start(&["echo=0.0.0.0:0"]);
    let note = wide.said().1;
    assert_eq!(note.lines().count(), 1, "{note}");
    assert!(note.starts_with("sockeye: echo can be reached by other machines"), "{note}");
    for words in [&["echo=0.0.0.0:0", "-q"][..], &["echo=:0", "--quiet"], &["echo=127.0.0.1:0"]] {
        assert_eq!(Served::start(words).said().1, "", "{words:?}");
    }
}

// How they serve.

#[test]
fn a_small_chunk_changes_nothing_of_what_comes_back() {
    let bytes = pattern(20_000);
    for chunk in ["1024", "2048", "128", "1", "1KiB", "1GiB"] {
        for service in ["echo", "upper", "collect"] {
            let server = serve(service, &["--chunk", chunk, "--events", "connections", "--collect", "20000"]);
            let back = stream_through(server.connect(), &bytes, rest_of);
            let same = back.eq_ignore_ascii_case(&bytes);
            assert!(same || service == "upper" && back.len() >= bytes.len(), "{service} --chunk {chunk}");
        }
    }
}

#[test]
fn a_chunk_is_the_most_that_is_received_at_once() {
    for service in ["echo", "upper"] {
        let server = serve(service, &["--chunk", "4"]);
        assert_eq!(shown(&answer_to(server.connect(), b"1234567890")), "1234567890");
        let told = server.stop().stdout;
        let received: Vec<&str> =
            told.lines().filter_map(|line| line.split_once("received ")).map(|(_, words)| words).collect();
        assert!(received.len() >= 3 && !received.contains(&"10 bytes"), "{told}");
    }
}

#[test]
fn megabytes_through_the_kernel_arrive_unchanged_after_half_close() {
    let server = serve("echo", &["--splice", "--events", "connections"]);
    let bytes = pattern(8 << 20);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!(stream_through(server.connect(), &bytes, rest_of) == bytes));
        }
    });
    ping(&mut server.connect(), b"and a word");
    let told = server.stop().stdout;
    let whole = format!("disconnected (peer closed, {0} bytes in, {0} bytes out, ", bytes.len());
    assert_eq!(told.matches(&whole).count(), 2, "{told}");
}

#[test]
fn five_clients_of_the_lab_sheet_at_once_each_get_what_they_sent() {
    for workers in ["1", "3"] {
        let server = serve("echo", &["--workers", workers]);
        thread::scope(|scope| {
            for client in 0..5 {
                let server = &server;
                scope.spawn(move || {
                    let mut stream = server.connect();
                    for message in 0..20 {
                        let text = format!("client {client} says {message}, żółć");
                        stream.write_all(text.as_bytes()).unwrap();
                        let mut buffer = [0; 2048];
                        let count = stream.read(&mut buffer).unwrap();
                        assert_eq!(String::from_utf8_lossy(&buffer[..count]), text);
                    }
                });
            }
        });
        let ended = server.stop();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(ended.stdout.contains("stopped (5 connections, "), "{}", ended.stdout);
    }
}

#[test]
fn once_ends_well_after_one_clean_conversation_of_each_service() {
    for (service, heard) in
        [("echo", "hello\\n"), ("upper", "HELLO\\n"), ("prefix", "SERVER RECEIVED: hello\\n"), ("collect", "hello\\n")]
    {
        let server = serve(service, &["--once"]);
        assert_eq!(shown(&answer_to(server.connect(), b"hello\n")), heard);
        let ended = server.wait();
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{service}: {ended:?}");
        assert!(ended.stdout.contains("stopped (1 connections, 6 bytes in, "), "{ended:?}");
    }
}

#[test]
fn once_fails_after_a_reset() {
    for service in ["echo", "upper"] {
        let server = serve(service, &["--once"]);
        let mut client = server.connect();
        ping(&mut client, b"1");
        reset(client);
        let ended = server.wait();
        refused(&ended, 1, &["did not end well"]);
        assert!(ended.stdout.contains("disconnected (reset, 1 bytes in, 1 bytes out, "), "{service}: {ended:?}");
    }
}

#[test]
fn once_serves_nobody_else_meanwhile() {
    for service in ["echo", "upper"] {
        let server = serve(service, &["--once", "--workers", "2"]);
        let mut first = server.connect();
        ping(&mut first, b"1");
        // Refused, reset or told why, but not served.
        let heard = TcpStream::connect(server.addr()).and_then(|second| {
            let mut second = patient(second);
            second.write_all(b"2222")?;
            let mut heard = Vec::new();
            second.read_to_end(&mut heard).map(|_| heard)
        });
        let heard = heard.unwrap_or_default();
        assert!(!shown(&heard).contains("2222"), "{service} served a second: {}", shown(&heard));
        ping(&mut first, b"3");
        drop(first);
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(0), "{service}: {ended:?}");
    }
}

// Asked and configured.

/// A shell that becomes the program as this says.
fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_sockeye")]);
    command
}

/// `serve WORDS --ask` with these answers on stdin.
fn asked(words: &[&str], answers: &str) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("answers");
    fs::write(&file, answers).unwrap();
    let mut command = sh("exec \"$0\" \"$@\" <\"$ANSWERS\"");
    command.env("ANSWERS", &file);
    Served::start_as(command, &[words, &["--ask"]].concat())
}

#[test]
fn who_is_asked_may_press_enter_twice() {
    let server = asked(&["upper=127.0.0.1:0"], "\n\n");
    assert!(server.addr().ip().is_loopback());
    assert_eq!(server.said().1, "Host [127.0.0.1]: Port [0]: ");
    assert_eq!(shown(&answer_to(server.connect(), b"asked")), "ASKED");
}

#[test]
fn what_is_no_answer_is_asked_for_again() {
    let server = asked(&["echo=127.0.0.1:0"], "no host\nlocalhost\n99999\nport\n\n");
    let prompts = server.said().1;
    assert_eq!(prompts.matches("Host [127.0.0.1]: ").count(), 2, "{prompts}");
    assert_eq!(prompts.matches("Port [0]: ").count(), 3, "{prompts}");
    assert!(prompts.contains("`no host`") && prompts.contains("`99999`") && prompts.contains("`port`"), "{prompts}");
    assert_eq!(shown(&answer_to(server.connect(), b"asked")), "asked");
}

#[test]
fn answers_that_end_too_early_are_bad_words_with_the_way_out() {
    for answers in ["", "localhost\n"] {
        let ended = sockeye(&["serve", "echo=127.0.0.1:5", "--ask"], answers);
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        let last = ended.stderr.lines().last().unwrap();
        assert!(last.contains("sockeye: no answer for the") && last.contains("name the address"), "{ended:?}");
    }
    let two = ["serve", "echo=127.0.0.1:5", "upper=127.0.0.1:6", "--ask"];
    refused(&sockeye(&two, "\n\n\n\n"), 2, &["--ask", "one"]);
}

/// A configuration file of this text.
fn configured(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sockeye.toml");
    fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

#[test]
fn a_configuration_file_holds_the_flags_of_the_command_line() {
    let (_dir, path) = configured(
        r#"
        services = ["echo=127.0.0.1:0", "prefix", "collect=127.0.0.1:0"]
        on = ["127.0.0.1:0", "127.0.0.1:0"]
        prefix = "From a file: "   # a text
        collect = 3                # a number
        splice = true
        once = false
        log-format = "json"
        idle-timeout = 2.5
        "#,
    );
    let server = Served::start(&["--config", &path]);
    let names: Vec<&str> = server.places.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(names, ["echo", "prefix", "prefix", "collect"]);
    assert_eq!(
        shown(&stream_through(patient(TcpStream::connect(server.addr_of("collect")).unwrap()), b"12345", rest_of)),
        "123"
    );
    for _ in 0..2 {
        let client = patient(TcpStream::connect(server.addr_of("prefix")).unwrap());
        assert_eq!(shown(&answer_to(client, b"hi\n")), "From a file: hi\\n");
    }
    eventually("events are JSON", || server.said().0.lines().next().is_some_and(|line| line.starts_with('{')));
}

#[test]
fn the_command_line_wins_over_the_file() {
    let (_dir, path) = configured("services = [\"collect=127.0.0.1:0\"]\nprefix = \"file: \"\nlog-format = \"json\"\n");
    let server = Served::start(&["--config", &path, "prefix=127.0.0.1:0", "--prefix", "words: "]);
    assert_eq!(server.places.len(), 1, "{:?}", server.places);
    assert_eq!(shown(&answer_to(server.connect(), b"hi\n")), "words: hi\\n");
    eventually("what was not typed comes from the file", || server.said().0.starts_with('{'));
    let (_dir, path) = configured("quiet = true\nservices = [\"echo=127.0.0.1:0\"]\nlog-format = \"json\"\n");
    let louder = Served::start(&["-v", "--config", &path]);
    assert!(louder.stop().stdout.starts_with("{"), "what was typed goes before what cannot stand beside it");
    let (_dir, path) = configured("services = [\"collect=127.0.0.1:0\"]\nprefix = \"file: \"\nlog-format = \"json\"\n");
    let separated = Served::start_as(sh("exec \"$0\" \"$@\" -- prefix=127.0.0.1:0"), &["--config", &path]);
    assert_eq!(shown(&answer_to(separated.connect(), b"hi\n")), "file: hi\\n");
}

#[test]
fn what_a_file_says_wrongly_is_refused_with_file_and_key() {
    for (text, wanted) in [
        ("servces = [\"echo\"]", &["`servces`", "services"][..]),
        ("wrokers = 2", &["`wrokers`", "workers"]),
        ("config = \"other.toml\"", &["`config`"]),
        ("workers = true", &["`workers`", "number"]),
        ("once = \"yes\"", &["`once`", "true or false"]),
        ("once = 1", &["`once`", "true or false"]),
        ("on = [[\"a\"]]", &["`on`"]),
        ("workers = { n = 1 }", &["`workers`"]),
        ("workers = [1, 2]", &["`workers`", "one value"]),
        ("services = \"-x\"", &["`services`", "flags"]),
        ("workers = 0", &["toml: workers 0: ", "at least 1"]),
        ("workers = -1", &["toml: workers -1: "]),
        ("drain = \"ten\"", &["toml: drain ten: ", "10s"]),
        ("services = [\"ehco\"]", &["`ehco`", "echo"]),
        ("services = \"echo=99999\"", &["99999"]),
        ("events = \"loud\"", &["'events <LEVEL>'", "loud", "messages"]),
        ("workers = = 2", &[":1: "]),
        ("once = true\n\nworkers = [", &[":3: "]),
        ("once = true\nonce = true", &["duplicate key"]),
    ] {
        let (_dir, path) = configured(text);
        let ended = sockeye(&["serve", "--config", &path], "");
        refused(&ended, 2, &[wanted, &["sockeye.toml"]].concat());
    }
    refused(&sockeye(&["serve", "--config", "there-is-no.toml"], ""), 2, &["there-is-no.toml", "check the path"]);
    refused(&sockeye(&["serve", "--config", "."], ""), 2, &["cannot read the configuration"]);
}

// Bad words.

/// It ended with this code and one line on stderr that holds all of these.
#[track_caller]
fn refused(ended: &Ended, code: i32, wanted: &[&str]) {
    assert_eq!(ended.status.code(), Some(code), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "one line: {ended:?}");
    assert!(ended.stderr.starts_with("sockeye: ") && ended.stderr.ends_with('\n'), "{ended:?}");
    for words in wanted {
        assert!(ended.stderr.contains(words), "no {words:?} in {}", ended.stderr);
    }
}

#[test]
fn bad_words_are_refused_in_one_line_with_the_word_and_the_way_out() {
    for (words, wanted) in [
        (&["serve", "ehco"][..], &["`ehco`", "echo, upper, prefix, collect", "all"][..]),
        (&["serve", "ehco=5555"], &["`ehco`", "echo"]),
        (&["serve", "Echo"], &["`Echo`", "echo"]),
        (&["serve", "all=5555"], &["`all`", "its own"]),
        (&["serve"], &["no service", "sockeye serve echo"]),
        (&["serve", "echo", "--wrokers", "2"], &["--wrokers", "--workers"]),
        (&["serve", "echo", "--on"], &["--on"]),
        (&["serve", "echo", "--on", "nowhere"], &["nowhere", "nowhere:PORT"]),
        (&["serve", "echo=nowhere"], &["nowhere", "nowhere:PORT"]),
        (&["serve", "echo", "--on", "::1"], &["::1", "[ADDRESS]:PORT"]),
        (&["serve", "echo", "--on", "[::1]"], &["[::1]", "[::1]:5555"]),
        (&["serve", "echo", "--on", "a b:5"], &["a b", "no host name"]),
        (&["serve", "echo", "--on", "unix:"], &["unix:/tmp/sockeye.sock"]),
        (&["serve", "echo", "--on", ""], &["--on", "HOST:PORT"]),
        (&["serve", "echo="], &["echo=", "HOST:PORT"]),
        (&["serve", "echo", "--on", "99999"], &["99999", "65535"]),
        (&["serve", "echo=localhost:99999"], &["99999", "65535"]),
        (&["serve", "echo", "--on", "localhost:-1"], &["-1", "65535"]),
        (&["serve", "echo", "--chunk", "0"], &["--chunk", "at least 1"]),
        (&["serve", "echo", "--chunk", "12parsec"], &["12parsec", "100KiB"]),
        (&["serve", "collect", "--collect", "65MiB"], &["--collect", "65MiB", "at most 64MiB"]),
        (&["serve", "collect", "--collect", "1.5"], &["1.5", "1MiB"]),
        (&["serve", "echo", "--idle-timeout", "5 weeks"], &["5 weeks", "250ms, 10s"]),
        (&["serve", "echo", "--idle-timeout", "0"], &["--idle-timeout", "longer than nothing"]),
        (&["serve", "echo", "--drain", "soon"], &["soon", "10s"]),
        (&["serve", "echo", "--max-conns", "many"], &["many", "10k"]),
        (&["serve", "echo", "--max-conns", "0"], &["--max-conns", "at least 1"]),
        (&["serve", "echo", "--max-conns-per-ip", "-1"], &["-1"]),
        (&["serve", "echo", "--workers", "0"], &["--workers", "at least 1"]),
        (&["serve", "echo", "--workers", "5000"], &["5000", "at most 1024"]),
        (&["serve", "echo", "--events", "loud"], &["loud", "messages"]),
        (&["serve", "echo", "--log-format", "xml"], &["xml", "json"]),
        (&["serve", "echo=127.0.0.1:5000", "upper=127.0.0.1:5000"], &["127.0.0.1:5000", "upper=ADDR"]),
        (&["serve", "echo", "upper", "--on", "127.0.0.1:5000"], &["127.0.0.1:5000", "upper=ADDR"]),
        (&["serve", "echo", "echo", "--on", "127.0.0.1:5000"], &["127.0.0.1:5000"]),
        (&["serve", "echo", "echo"], &["localhost:5555"]),
        (&["serve", "echo=5000", "--on", "5001"], &["--on", "without an address"]),
        (&["serve", "echo", "--drain", "-5"], &["--drain -5", "10s"]),
        (&["serve", "echo", "--drain", "10000000000000000000"], &["--drain", "at most a year"]),
        (&["connect", "5555", "--idle-timeout", "-5"], &["--idle-timeout -5", "10s"]),
        (&["serve", "echo=unix:/tmp/one", "upper=unix:/tmp/one"], &["unix:/tmp/one"]),
        (&["serve", "echo", "-q", "-v"], &["--quiet", "--verbose"]),
        (&["serve", "echo", "--once", "--once"], &["--once"]),
        (&["srve", "echo"], &["srve", "serve"]),
        (&["completions", "cmd"], &["cmd", "bash"]),
        (&["man", "srve"], &["`srve`", "serve"]),
        (&["man", "store-dmp"], &["`store-dmp`", "serve"]),
        (&["completions"], &["sockeye: <SHELL> is missing"]),
        (&["accounts", "add"], &["sockeye: <NAME> is missing"]),
        (&["store", "dump", "--data", ":memory:"], &["in memory", "--data"]),
    ] {
        let ended = sockeye(words, "");
        println!("{words:?}: {}", ended.stderr.trim_end());
        refused(&ended, 2, wanted);
        assert_eq!(ended.stdout, "", "{words:?}");
    }
}

#[test]
fn what_the_machine_refuses_is_a_failure_with_the_operation_and_the_address() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing").join("file");
    let missing = missing.to_str().unwrap();
    let unix = format!("echo=unix:{missing}");
    for (words, wanted) in [
        (&["echo=host-that-does-not-exist.invalid:5"][..], &["host-that-does-not-exist.invalid", "check the name"][..]),
        (&["echo=192.0.2.1:0"], &["listen on 192.0.2.1:0", "ip address"]),
        (&["echo=127.0.0.1:0", "--ready-file", missing], &["ready file", missing]),
        (&["echo=127.0.0.1:0", "--log", missing], &["log", missing, "check the path"]),
        (&[unix.as_str()], &["listen on unix:", missing, "check the path"]),
    ] {
        refused(&sockeye(&[&["serve"], words].concat(), ""), 1, wanted);
    }
}

#[test]
fn a_privileged_port_is_refused_with_a_hint_that_helps() {
    match TcpListener::bind("127.0.0.1:81") {
        Err(e) if e.kind() == ErrorKind::PermissionDenied => {
            refused(&sockeye(&["serve", "echo=127.0.0.1:81"], ""), 1, &["127.0.0.1:81", "1024", "higher"]);
        }
        other => println!("skipped: this user may bind low ports, or port 81 is taken ({other:?})"),
    }
}

// Words about words.

#[test]
fn the_list_has_every_service_with_its_port() {
    let ended = sockeye(&["serve", "--list"], "");
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
    let rows: Vec<Vec<&str>> = ended.stdout.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    let names = ["echo", "upper", "prefix", "collect", "greet", "utc", "identify", "login", "rps", "chat"];
    let expected: Vec<Vec<String>> =
        names.iter().zip(5555..).map(|(name, port)| vec![(*name).to_owned(), port.to_string()]).collect();
    assert_eq!(rows, expected);
}

const PRINTED: &[(&[&str], &[&str])] = &[
    (&["--help"], &["serve", "connect", "--quiet", "--color", "Examples:"]),
    (&["-h"], &["serve"]),
    (
        &["serve", "--help"],
        &[
            "--on",
            "--once",
            "--chunk",
            "--idle-timeout",
            "--log-format",
            "identify    5561",
            "does not",
            "`:memory:`",
            "Exit codes",
        ],
    ),
    (&["--version"], &["sockeye 0.1.0"]),
    (&["completions", "bash"], &["complete", "--idle-timeout", "--ready-file"]),
    (&["completions", "zsh"], &["#compdef sockeye", "--idle-timeout", "--ready-file"]),
    (&["completions", "fish"], &["complete -c sockeye", "idle-timeout", "ready-file"]),
    (&["man"], &[".TH sockeye", "serve", "color"]),
    (&["man", "serve"], &[".TH sockeye", "idle", "ready", "chunk"]),
    (&["man", "store-dump"], &[".TH sockeye-store-dump"]),
    (&["connect", "--help"], &["With the word `login`", "Where `login` keeps its token"]),
    (&["serve", "--list"], &["echo"]),
];

#[test]
fn help_completions_and_man_pages_go_to_stdout() {
    for (words, wanted) in PRINTED {
        let ended = sockeye(words, "");
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{words:?}");
        for word in *wanted {
            assert!(ended.stdout.contains(word), "{words:?} has no {word}: {}", ended.stdout);
        }
    }
}

#[test]
fn only_what_serves_may_keep_its_data_in_memory() {
    for words in [&["connect"][..], &["accounts", "list"], &["accounts", "add"], &["store", "dump"]] {
        let ended = sockeye(&[words, &["--help"]].concat(), "");
        assert!(ended.stdout.contains("--data") && !ended.stdout.contains(":memory:"), "{words:?}: {}", ended.stdout);
    }
}

#[test]
fn help_ends_quietly_where_nobody_reads_it() {
    for (words, _) in PRINTED {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
        command.args(*words).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn no_words_at_all_show_the_help_as_a_mistake() {
    let ended = sockeye(&[], "");
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.stdout.is_empty() && ended.stderr.contains("serve"), "{ended:?}");
}

#[test]
fn the_ready_file_is_whole_and_its_draft_is_gone() {
    let server = Served::start(&["echo=127.0.0.1:0", "upper=127.0.0.1:0"]);
    let files: Vec<String> =
        fs::read_dir(server.dir()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(files.iter().all(|name| ["ready", "stdout", "stderr"].contains(&name.as_str())), "{files:?}");
    assert_eq!(server.places.len(), 2);
    assert!(Path::new(server.dir()).join("ready").is_file());
}
