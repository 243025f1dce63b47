//! `sockeye connect` through the real binary, against peers that the tests own.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/pty.rs"]
mod pty;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use peers::{Peer, answer_all, connect, echo, finish, reset, run};
use pty::Person;

/// Data in which every place looks different.
fn data(size: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(next).collect()
}

fn read_line(stream: &TcpStream) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

// The pipe.

#[test]
fn a_pipe_carries_every_byte_both_ways_and_says_nothing() {
    for size in [0, 1, 300_000, 5_000_000] {
        let (peer, sent) = (Peer::new(echo), data(size));
        let outcome = run(&[&peer.port], &sent).expect(0).silent();
        assert!(outcome.stdout == sent, "{size} bytes came back as {}", outcome.stdout.len());
        peer.done();
    }
}

#[test]
fn the_end_of_stdin_is_a_half_close_and_the_answer_is_waited_for() {
    let peer = Peer::new(|stream| answer_all(stream, |all| all.iter().rev().copied().collect()));
    let outcome = run(&[&peer.port], b"stressed").expect(0);
    assert_eq!(outcome.text(), "desserts");
}

#[test]
fn a_reset_is_an_error_even_when_everything_arrived() {
    let (arrived, go) = channel::<()>();
    let peer = Peer::new(move |mut stream| {
        stream.write_all(b"everything").unwrap();
        go.recv().unwrap();
        reset(stream);
    });
    let mut child = connect(&[&peer.port]).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut all = [0; 10];
    stdout.read_exact(&mut all).unwrap();
    arrived.send(()).unwrap();
    finish(child).expect(1).says("reset the connection after sending us 10 bytes").says(&peer.port);
    assert_eq!(&all, b"everything");
}

#[test]
fn a_refusal_is_one_sentence_with_the_way_out() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let outcome =
        run(&[&port], b"").expect(1).says(&format!("cannot connect to localhost:{port}")).says("start the server");
    assert_eq!(outcome.stderr.lines().count(), 1);
}

#[test]
fn an_idle_stdin_does_not_keep_a_connection_that_the_peer_has_ended() {
    let peer = Peer::new(|mut stream| stream.write_all(b"bye").unwrap());
    let mut child = connect(&[&peer.port]).spawn().unwrap();
    let stdin = child.stdin.take();
    let outcome = finish(child).expect(0).silent();
    assert_eq!(outcome.text(), "bye");
    drop(stdin);
}

#[test]
fn what_stdin_has_ready_is_sent_to_a_peer_that_has_ended_its_own_side() {
    let (ready, go) = channel();
    let peer = Peer::new(move |mut stream| {
        stream.shutdown(Shutdown::Write).unwrap();
        go.recv().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert!(all == data(3_000_000), "{} bytes came", all.len());
    });
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&data(3_000_000)).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    let child = connect(&[&peer.port]).stdin(file).spawn().unwrap();
    ready.send(()).unwrap();
    finish(child).expect(0).silent();
    peer.done();
}

#[test]
fn a_peer_that_takes_less_than_there_is_is_an_error() {
    let peer = Peer::new(|mut stream| stream.read_exact(&mut [0; 1000]).unwrap());
    run(&[&peer.port], &data(20_000_000)).expect(1).says("bytes");
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let peer = Peer::new(|mut stream| while stream.write_all(&[b'x'; 10_000]).is_ok() {});
    let mut child = connect(&[&peer.port]).spawn().unwrap();
    let stdin = child.stdin.take();
    drop(child.stdout.take());
    finish(child).expect(0).silent();
    drop(stdin);
    peer.done();
}

#[test]
fn crlf_is_put_where_only_lf_is() {
    let peer = Peer::new(echo);
    let outcome = run(&[&peer.port, "--crlf"], b"one\ntwo\r\nthree").expect(0);
    assert_eq!(outcome.text(), "one\r\ntwo\r\nthree");
}

#[test]
fn hex_dumps_both_ways_on_stderr_and_leaves_stdout_alone() {
    let peer = Peer::new(|stream| answer_all(stream, |_| b"0123456789abcdefg".to_vec()));
    let outcome = run(&[&peer.port, "--hex"], b"hello\n").expect(0);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert!(lines[0].starts_with("> ") && lines[0].contains(" 00000000  68 65 6c 6c 6f 0a  "), "{}", outcome.told());
    assert!(lines[1].starts_with("< ") && lines[1].ends_with("|0123456789abcdef|"), "{}", outcome.told());
    assert!(lines[2].starts_with("< ") && lines[2].contains(" 00000010  67  "), "{}", outcome.told());
    assert_eq!(outcome.text(), "0123456789abcdefg");
}

#[test]
fn silence_on_both_sides_ends_at_the_idle_timeout() {
    let (done, wait) = channel::<()>();
    let peer = Peer::new(move |_stream| {
        let _ = wait.recv();
    });
    let mut child = connect(&[&peer.port, "--idle-timeout", "200ms"]).spawn().unwrap();
    let stdin = child.stdin.take();
    finish(child).expect(1).says("--idle-timeout");
    drop((stdin, done));
}

#[test]
fn a_server_that_never_accepts_ends_at_the_connect_timeout() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&addr.into());
            client
        })
        .collect();
    let began = Instant::now();
    run(&[&addr.to_string(), "--connect-timeout", "300ms"], b"").expect(1).says("300ms").says("--connect-timeout");
    assert!(began.elapsed() < Duration::from_secs(10));
    drop(waiting);
}

#[test]
fn bad_words_are_refused_with_the_offending_word_and_the_fix() {
    for (words, told) in [
        (&["99999"][..], "65535"),
        (&["localhost"], "localhost:PORT"),
        (&["localhost", "http"], "`http`"),
        (&["5555", "-4", "-6"], "--ipv6"),
        (&["5555", "--hexx"], "--hex"),
        (&["5555", "--payload", "many"], "100KiB"),
        (&["5555", "--payload", "1", "--hex"], "--hex"),
        (&["5555", "--payload", "1", "--framing", "lines"], "--framing"),
        (&["5555", "--framing", "u24be"], "u32be"),
        (&["5555", "--framing", "u32be", "--crlf"], "--framing u32be"),
        (&["5555", "--clients", "2"], "--payload"),
        (&["5555", "--data", "folder"], "--data is where `connect login` keeps its token"),
        (&["5555", "--data", "folder", "--payload", "1"], "--data is where `connect login` keeps its token"),
        (&["5555", "--payload", "1", "--clients", "0"], "at least 1"),
        (&["5555", "--source", "here"], "192.0.2.1"),
        (&["5555", "--connect-timeout", "0"], "longer"),
        (&["5555", "--config", "/nowhere.toml"], "/nowhere.toml"),
    ] {
        let outcome = run(words, b"").expect(2).says(told);
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.told());
    }
}

#[test]
fn two_words_are_host_and_port_and_a_source_is_kept() {
    let peer = Peer::new(|stream| {
        assert_eq!(stream.peer_addr().unwrap().ip().to_string(), "127.0.0.9");
        echo(stream);
    });
    let outcome = run(&["127.0.0.1", &peer.port, "--source", "127.0.0.9"], b"hi").expect(0);
    assert_eq!(outcome.text(), "hi");
    peer.done();
}

#[test]
fn ipv6_is_reached_in_both_notations() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let addr = listener.local_addr().unwrap();
    let thread = thread::spawn(move || (0..2).for_each(|_| echo(listener.accept().unwrap().0)));
    assert_eq!(run(&[&addr.to_string()], b"six").expect(0).text(), "six");
    assert_eq!(run(&["-6", "::1", &addr.port().to_string()], b"six").expect(0).text(), "six");
    thread.join().unwrap();
}

#[test]
fn a_unix_socket_is_an_address_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("peer.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let thread = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut back = stream.try_clone().unwrap();
        std::io::copy(&mut stream, &mut back).unwrap();
    });
    let address = format!("unix:{}", path.display());
    assert_eq!(run(&[&address, "-v"], b"hi").expect(0).says(&format!("connected to {address}")).text(), "hi");
    thread.join().unwrap();
    std::fs::remove_file(&path).unwrap();
    run(&[&address], b"").expect(1).says("check the path");
}

#[test]
fn asking_takes_its_answers_and_leaves_the_rest_of_stdin() {
    let peer = Peer::new(echo);
    let stdin = format!("127.0.0.1\nno port\n{}\nhello", peer.port);
    let outcome = run(&["--ask"], stdin.as_bytes()).expect(0).says("Host [localhost]: ").says("`no port` is no port");
    assert_eq!(outcome.text(), "hello");
}

#[test]
fn a_configuration_file_stands_in_for_flags() {
    let (peer, dir) = (Peer::new(echo), tempfile::tempdir().unwrap());
    let path = dir.path().join("connect.toml");
    std::fs::write(&path, format!("address = \"127.0.0.1:{}\"\ncrlf = true\n", peer.port)).unwrap();
    assert_eq!(run(&["--config", path.to_str().unwrap()], b"a\n").expect(0).text(), "a\r\n");
}

// The framings.

/// A message of u32be, as a peer packs it with nothing of ours.
fn packed(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [&length.to_be_bytes(), text.as_bytes()].concat()
}

fn unpacked(stream: &mut TcpStream) -> String {
    let mut header = [0; 4];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

#[test]
fn both_ends_hold_a_conversation_of_messages_in_any_order() {
    let peer = Peer::new(|mut stream| {
        stream.write_all(&packed("Who is there?")).unwrap();
        assert_eq!([unpacked(&mut stream), unpacked(&mut stream)], ["zażółć", ""]);
        let answers = [packed("one"), packed(""), packed("three")].concat();
        for piece in answers.chunks(3) {
            stream.write_all(piece).unwrap();
        }
        assert_eq!(unpacked(&mut stream), "bye");
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        stream.write_all(&packed("and this")).unwrap();
    });
    let mut child = connect(&[&peer.port, "--framing", "u32be"]).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut heard = || {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line
    };
    assert_eq!(heard(), "Who is there?\n");
    stdin.write_all("zażółć\n\n".as_bytes()).unwrap();
    assert_eq!([heard(), heard(), heard()], ["one\n", "\n", "three\n"]);
    stdin.write_all(b"bye").unwrap();
    drop(stdin);
    assert_eq!([heard(), heard()], ["and this\n", ""]);
    finish(child).expect(0).silent();
    peer.done();
}

#[test]
fn every_framing_is_spoken_as_its_name_says() {
    let typed = b"one\n\ntwo";
    for (words, wire) in [
        (&["burst"][..], &b"one\n\ntwo"[..]),
        (&["burst", "--crlf"], b"one\r\n\r\ntwo"),
        (&["lines"], b"one\n\ntwo\n"),
        (&["lines", "--crlf"], b"one\r\n\r\ntwo\r\n"),
        (&["u16be"], b"\0\x03one\0\0\0\x03two"),
        (&["u16le"], b"\x03\0one\0\0\x03\0two"),
        (&["u32be"], b"\0\0\0\x03one\0\0\0\0\0\0\0\x03two"),
        (&["u32le"], b"\x03\0\0\0one\0\0\0\0\x03\0\0\0two"),
        (&["u64be"], b"\0\0\0\0\0\0\0\x03one\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x03two"),
        (&["ascii10"], b"         3one         0         3two"),
    ] {
        let peer = Peer::new(move |stream| {
            answer_all(stream, |all| {
                assert_eq!(all.escape_ascii().to_string(), wire.escape_ascii().to_string());
                all
            });
        });
        let outcome = run(&[&[&peer.port, "--framing"], words].concat(), typed).expect(0).silent();
        let expected = if words[0] == "burst" { wire } else { b"one\n\ntwo\n" };
        assert_eq!(outcome.stdout, expected, "{words:?}");
        peer.done();
    }
}

#[test]
fn a_line_that_is_too_long_for_a_message_fails_and_no_part_of_it_is_sent() {
    for (framing, most) in [("lines", 65536), ("u16be", 65535), ("u32be", 65536)] {
        let peer = Peer::new(move |mut stream| {
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            assert!(all.ends_with(b"fine") || all == b"fine\n", "{} bytes", all.len());
        });
        let stdin = [b"fine\n", &vec![b'a'; most + 1][..], b"\nnever sent\n"].concat();
        let outcome = run(&[&peer.port, "--framing", framing], &stdin).expect(1);
        let outcome = outcome.says("a line cannot be sent").says(&format!("at most {most} bytes"));
        assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.told());
        peer.done();
    }
}

#[test]
fn a_line_that_cannot_be_sent_comes_behind_the_answers_to_those_before_it() {
    let stdin = [b"a\n\nb\0c\n", &[b'x'; 70_000][..], b"\n"].concat();
    let peer = Peer::new(|stream| answer_all(stream, |all| all));
    let outcome = run(&[&peer.port, "--framing", "u32be"], &stdin).expect(1).says("a line cannot be sent");
    assert_eq!(outcome.text(), "a\n\nb\0c\n");
    peer.done();
}

#[test]
fn a_peer_that_breaks_the_framing_is_an_error_behind_its_whole_messages() {
    for (framing, said, told) in [
        ("u32be", &b"\0\0\0\x02hi\xff\xff\xff\xff"[..], "longer than 65536 bytes"),
        ("u32be", b"\0\0\0\x02hi\0\0", "ended within a message"),
        ("u16le", b"\x02\0hi\x05\0ho", "ended within a message"),
        ("ascii10", b"         2hiHTTP/1.1 400", "sent a header that is no number"),
        ("lines", b"hi\nho", "ended within a message"),
    ] {
        let peer = Peer::new(|mut stream| stream.write_all(said).unwrap());
        let mut child = connect(&[&peer.port, "--framing", framing]).spawn().unwrap();
        let stdin = child.stdin.take();
        let outcome = finish(child).expect(1).says("broke the framing").says(told);
        assert_eq!((outcome.text(), outcome.stderr.lines().count()), ("hi\n".to_owned(), 1), "{}", outcome.told());
        drop(stdin);
    }
}

#[test]
fn a_framing_may_stand_in_the_configuration_and_hex_shows_its_headers() {
    let (peer, dir) = (Peer::new(echo), tempfile::tempdir().unwrap());
    let path = dir.path().join("connect.toml");
    std::fs::write(&path, "framing = \"u16be\"\nhex = true\n").unwrap();
    let outcome = run(&["--config", path.to_str().unwrap(), &peer.port], b"hi\n").expect(0);
    let outcome = outcome.says("00000000  00 02 68 69  ");
    assert_eq!(outcome.text(), "hi\n");
}

// The events.

#[test]
fn the_four_events_are_told_in_words_when_asked_for() {
    let peer = Peer::new(|stream| answer_all(stream, |_| b"12345".to_vec()));
    let outcome = run(&[&peer.port, "-v"], b"123").expect(0);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let connected = format!("connected to 127.0.0.1:{}", peer.port);
    assert_eq!(lines, [&connected, "sent 3 bytes", "received 5 bytes", "disconnected (peer closed)"]);
}

#[test]
fn the_four_events_are_json_in_a_log_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("events");
    let peer = Peer::new(|stream| answer_all(stream, |_| b"12345".to_vec()));
    run(&[&peer.port, "--log", log.to_str().unwrap(), "--log-format", "json"], b"123").expect(0).silent();
    let text = std::fs::read_to_string(log).unwrap();
    let events: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["connect", "send", "recv", "disconnect"], "{text}");
    assert!(events.iter().all(|event| event["schema"] == 1 && event["service"] == "client" && event["conn"] == 1));
    assert_eq!((&events[1]["bytes"], &events[2]["bytes"]), (&3.into(), &5.into()));
    assert_eq!(events[3]["cause"], "peer closed");
}

#[test]
fn a_log_that_cannot_be_opened_is_told_with_its_path() {
    let peer = Peer::new(drop);
    run(&[&peer.port, "--log", "/nowhere/events"], b"").expect(1).says("cannot open the log /nowhere/events");
}

// The payload.

#[test]
fn a_payload_that_comes_back_is_verified_for_each_client_and_in_sum() {
    let peer = Peer::many(3, echo);
    let words = [&peer.port, "--payload", "100KiB", "--clients", "3", "--seed", "7"];
    let outcome = run(&words, b"").expect(0).silent().prints("seed 7");
    for client in 1..=3 {
        let line = format!("client {client}: Sent 102400 bytes, Received 102400 bytes in ");
        assert!(outcome.text().contains(&line), "{}", outcome.told());
    }
    let outcome = outcome.prints("all 3 clients: Sent 307200 bytes, Received 307200 bytes in ");
    assert_eq!(outcome.text().matches("every byte verified").count(), 4);
    peer.done();
}

#[test]
fn a_payload_larger_than_all_buffers_passes_through_an_echo() {
    let peer = Peer::new(echo);
    run(&[&peer.port, "--payload", "30MB"], b"").expect(0).prints("Received 30000000 bytes").prints("verified");
}

#[test]
fn every_kind_of_damage_is_located_at_its_byte() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let cases: [(Damage, &str); 8] = [
        (|all| [&all[..5000], &all[5100..]].concat(), "100 bytes lost at byte 5000"),
        (|all| [&all[..5100], &all[5000..]].concat(), "100 bytes too many at byte 5100"),
        (|all| [&all[..5000], b"~~~", &all[5000..]].concat(), "3 bytes too many at byte 5000"),
        (|all| [&all[..5000], b"~", &all[5001..]].concat(), "first difference at byte 5000: expected \""),
        (|all| all[..5000].to_vec(), "the peer ended after 5000 of 102400 bytes"),
        (|_| Vec::new(), "the peer ended after 0 of 102400 bytes"),
        (|all| [&all[..], b"more"].concat(), "4 bytes too many after the end at byte 102400"),
        (|all| all.to_ascii_uppercase(), "first difference at byte"),
    ];
    for (damage, told) in cases {
        let peer = Peer::new(move |stream| answer_all(stream, damage));
        let words = [&peer.port, "--payload", "100KiB", "--seed", "1"];
        run(&words, b"").expect(1).prints(told).says("1 of 1 clients failed");
    }
}

#[test]
fn a_payload_that_never_comes_back_ends_at_the_idle_timeout() {
    let (done, wait) = channel::<()>();
    let peer = Peer::new(move |_stream| {
        let _ = wait.recv();
    });
    let words = [&peer.port, "--payload", "10", "--idle-timeout", "200ms"];
    run(&words, b"").expect(1).prints("nothing moved for 200ms after 0 of 10 bytes");
    drop(done);
}

#[test]
fn a_reset_and_a_refusal_are_the_lines_of_their_clients() {
    let peer = Peer::new(|mut stream| {
        stream.read_exact(&mut [0; 10]).unwrap();
        reset(stream);
    });
    run(&[&peer.port, "--payload", "10"], b"").expect(1).prints("client 1: Sent 10 bytes").prints("connection broke");
    let port = peer.port.clone();
    peer.done();
    run(&[&port, "--payload", "10"], b"").expect(1).prints("client 1: cannot connect to localhost");
}

// The terminal.

/// A peer that the test speaks for.
fn spoken_for() -> (Peer, std::sync::mpsc::Receiver<TcpStream>) {
    let (give, take) = channel();
    let hand_over = move |stream: TcpStream| {
        stream.set_read_timeout(Some(pty::PATIENCE)).unwrap();
        give.send(stream).unwrap();
    };
    (Peer::new(hand_over), take)
}

#[test]
fn a_typed_line_is_sent_and_the_answer_and_the_events_are_shown() {
    let peer = Peer::new(echo);
    let mut person = Person::connect(&[&peer.port]);
    person.reads(&format!("connected to 127.0.0.1:{}", peer.port));
    person.reads("> ");
    person.types("zażółć\r");
    person.reads("received 11 bytes");
    person.sees(|screen| screen.matches("zażółć").count() == 2 && screen.contains("sent 11 bytes"));
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    person.reads("disconnected (we closed)");
    peer.done();
}

#[test]
fn what_the_peer_says_appears_above_a_line_that_is_half_typed() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "-q"]);
    let mut stream = stream.recv().unwrap();
    person.reads("> ");
    person.types("half");
    person.reads("> half");
    stream.write_all(b"news without an end").unwrap();
    person.sees(|screen| screen.trim_end().ends_with("news without an end\n> half"));
    person.types("-line\r");
    assert_eq!(read_line(&stream), "half-line\n");
    person.types("\x04");
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    stream.write_all(b"the rest\n").unwrap();
    drop(stream);
    assert_eq!(person.leaves(), 0);
    person.reads("the rest");
}

#[test]
fn control_sequences_of_the_peer_do_not_reach_the_terminal() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "--events", "bytes"]);
    let mut stream = stream.recv().unwrap();
    stream.write_all(b"\x1b]0;owned\x07\x1b[2J\xc2\x9b31mevil\xff\r\nfine\n").unwrap();
    person.reads("\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{9b}31mevil\\xff\nfine");
    drop(stream);
    assert_eq!(person.leaves(), 0);
    let raw = person.raw();
    for evil in [&b"\x1b]0;"[..], b"\x1b[2J", b"\xc2\x9b", b"\xff", b"\x07"] {
        assert!(!raw.windows(evil.len()).any(|bytes| bytes == evil), "{evil:?} in {}", String::from_utf8_lossy(&raw));
    }
}

#[test]
fn messages_are_typed_and_shown_as_lines() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "--framing", "u32be"]);
    let mut stream = stream.recv().unwrap();
    stream.write_all(&[packed("Who is there?"), packed("\x1b[2J")].concat()).unwrap();
    person.reads("Who is there?\n\\u{1b}[2J\n> ");
    person.types("żółw\r");
    assert_eq!(unpacked(&mut stream), "żółw");
    person.types("half");
    person.reads("> half");
    stream.write_all(&packed("Come in")).unwrap();
    person.sees(|screen| screen.trim_end().ends_with("Come in\n> half"));
    person.types(" a line\r");
    assert_eq!(unpacked(&mut stream), "half a line");
    stream.write_all(b"\0\0\0\x09not all").unwrap();
    drop(stream);
    assert_eq!(person.leaves(), 1);
    person.reads("broke the framing: it ended within a message");
}

#[test]
fn a_flood_while_typing_is_shown_whole_and_in_order_up_to_the_last_line() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "-q"]);
    let mut stream = stream.recv().unwrap();
    let flood = thread::spawn(move || {
        for number in 0..20_000 {
            writeln!(stream, "line {number:05}").unwrap();
        }
        let mut typed = String::new();
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_string(&mut typed);
    });
    person.has_read("line 00000");
    for _ in 0..50 {
        person.types("abc\r");
    }
    assert_eq!(person.leaves(), 0);
    person.has_read("line 19999");
    flood.join().unwrap();
    let raw = String::from_utf8_lossy(&person.raw()).into_owned();
    let lines: Vec<&str> = raw.match_indices("line ").map(|(at, _)| &raw[at + 5..at + 10]).collect();
    let expected: Vec<String> = (0..20_000).map(|number| format!("{number:05}")).collect();
    let wrong = lines.iter().zip(&expected).position(|(line, expected)| line != expected);
    assert!(wrong.is_none() && lines.len() == expected.len(), "{} lines, first wrong: {wrong:?}", lines.len());
}

#[test]
fn a_peer_that_ends_while_a_line_is_typed_ends_the_program() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port]);
    let mut stream = stream.recv().unwrap();
    person.reads("> ");
    person.types("half");
    person.reads("> half");
    stream.write_all(b"last words").unwrap();
    drop(stream);
    assert_eq!(person.leaves(), 0);
    person.reads("last words");
    person.reads("disconnected (peer closed)");
}

#[test]
fn a_peer_that_resets_while_a_line_is_typed_is_an_error() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port]);
    person.reads("> ");
    person.types("half");
    person.reads("> half");
    reset(stream.recv().unwrap());
    assert_eq!(person.leaves(), 1);
    person.reads("disconnected (reset)");
    person.reads("reset the connection after sending us 0 bytes");
}

#[test]
fn ctrl_c_stops_while_typing_and_while_waiting_for_the_rest() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port]);
    person.reads("> ");
    person.types("half");
    person.reads("> half");
    person.types("\x03");
    assert_eq!(person.leaves(), 130);
    drop(stream);
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port]);
    let mut stream = stream.recv().unwrap();
    person.reads("> ");
    person.types("\x04");
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    stream.write_all(b"still here\n").unwrap();
    person.reads("still here");
    person.types("\x03");
    assert_eq!(person.leaves(), 130);
}

#[test]
fn keys_pressed_between_two_lines_are_not_lost() {
    for _ in 0..20 {
        let (peer, stream) = spoken_for();
        let mut person = Person::connect(&[&peer.port, "-q"]);
        let mut stream = stream.recv().unwrap();
        person.reads("> ");
        person.types("one\r");
        assert_eq!(read_line(&stream), "one\n");
        person.types("\x04");
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
        drop(stream);
        assert_eq!(person.leaves(), 0);
    }
}

#[test]
fn a_signal_from_elsewhere_ends_it_with_its_code_and_a_restored_terminal() {
    use rustix::process::Signal;
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (peer, stream) = spoken_for();
        let mut person = Person::connect(&[&peer.port]);
        person.reads("> ");
        person.types("half");
        person.reads("> half");
        person.signals(signal);
        assert_eq!(person.leaves(), code);
        drop(stream);
    }
}

#[test]
fn an_idle_terminal_ends_at_the_idle_timeout() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "--idle-timeout", "300ms"]);
    person.reads("disconnected (timed out)");
    assert_eq!(person.leaves(), 1);
    drop(stream);
}

#[test]
fn lines_are_remembered_privately_and_secret_ones_are_not() {
    let peer = Peer::many(2, echo);
    let mut person = Person::connect(&[&peer.port, "-q"]);
    person.reads("> ");
    person.types("first\r");
    person.sees(|screen| screen.matches("first").count() == 2);
    person.types(" secret\r");
    person.sees(|screen| screen.matches("secret").count() == 2);
    person.types("\x1b[A\r");
    person.sees(|screen| screen.matches("first").count() == 4);
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    let file = person.data.path().join("sockeye/connect.history");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(!std::fs::read_to_string(&file).unwrap().contains("secret"));
    let mut person = Person::connect_again(&[&peer.port, "-q"], person.data);
    person.reads("> ");
    person.types("\x1b[A\x1b[A\r");
    person.sees(|screen| screen.matches("first").count() == 2);
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn commands_with_a_password_are_not_remembered() {
    let peer = Peer::new(echo);
    let mut person = Person::connect(&[&peer.port, "-q"]);
    person.reads("> ");
    for line in ["first", "LOGIN ada s3cret", "  register ada s3cret", "Passwd s3cret s3cret2", "RESUME sky1_s3cret"] {
        person.types(&format!("{line}\r"));
        person.sees(|screen| screen.matches(line).count() == 2);
    }
    person.types("\x1b[A\r");
    person.sees(|screen| screen.matches("first").count() == 4);
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
    let kept = std::fs::read_to_string(person.data.path().join("sockeye/connect.history")).unwrap();
    assert!(kept.contains("first") && !kept.contains("s3cret"), "{kept}");
}

#[test]
fn a_message_cannot_pass_for_two() {
    let (peer, stream) = spoken_for();
    let mut person = Person::connect(&[&peer.port, "--framing", "u32be"]);
    let mut stream = stream.recv().unwrap();
    stream.write_all(&[packed("hello\nOK you are in\r\n"), packed("next")].concat()).unwrap();
    person.reads("hello\\nOK you are in\\r\\n\nnext\n> ");
    drop(stream);
    assert_eq!(person.leaves(), 0);
}

#[test]
fn a_bare_connect_on_a_terminal_asks() {
    let peer = Peer::new(echo);
    let mut person = Person::connect(&[]);
    person.reads("Host [localhost]: ");
    person.types("\n");
    person.reads("Port [5555]: ");
    person.types(&format!("{}\n", peer.port));
    person.reads(&format!("connected to 127.0.0.1:{}", peer.port));
    person.reads("> ");
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
}
