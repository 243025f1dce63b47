//! Text services through the real binary: the conversations of greet, utc and identify, in every framing, from clients
//! that send in any way a socket allows.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use support::frames::{FRAMINGS, pack, unpack};
use support::{HalfClose, Served, answer_to, connect_from, patient, rest_of};

fn serve(words: &[&str]) -> Served {
    Served::start(&[words, &["--on", "127.0.0.1:0", "--data", ":memory:"]].concat())
}

fn serve_in(dir: &Path, words: &[&str]) -> Served {
    Served::start(&[words, &["--on", "127.0.0.1:0", "--data", dir.to_str().unwrap()]].concat())
}

/// As the lab sheets' clients do it: one `recv`, whatever comes.
fn recv(stream: &mut TcpStream) -> String {
    let mut buf = [0; 2048];
    let count = stream.read(&mut buf).unwrap();
    String::from_utf8(buf[..count].to_vec()).unwrap()
}

// ---- framings ----

#[test]
fn every_text_service_speaks_every_framing() {
    for framing in FRAMINGS {
        let server = Served::start(&[
            "echo=127.0.0.1:0",
            "upper=127.0.0.1:0",
            "prefix=127.0.0.1:0",
            "greet=127.0.0.1:0",
            "utc=127.0.0.1:0",
            "--framing",
            framing,
        ]);
        for (service, said, heard) in [
            ("echo", &["one", "", "zażółć", "two"][..], &["one", "", "zażółć", "two"][..]),
            ("upper", &["straße", "", "x"], &["STRASSE", "", "X"]),
            ("prefix", &["hello"], &["SERVER RECEIVED: hello"]),
            ("greet", &["what?", "Hello"], &["Unknown command", "Hello from server"]),
            ("utc", &["Time", ""], &["Unknown command", "Unknown command"]),
        ] {
            let mut client = patient(TcpStream::connect(server.addr_of(service)).unwrap());
            let question: Vec<u8> = said.iter().flat_map(|message| pack(framing, message.as_bytes())).collect();
            client.write_all(&question).unwrap();
            client.half_close();
            let answers: Vec<String> = std::iter::from_fn(|| unpack(framing, &mut client)).collect();
            assert_eq!(answers, heard, "{service} {framing}");
        }
    }
}

#[test]
fn several_messages_go_back_and_forth_on_one_connection() {
    for framing in FRAMINGS {
        let server = serve(&["echo", "--framing", framing]);
        let mut client = server.connect();
        for number in 0..20 {
            let said = format!("message {number}");
            client.write_all(&pack(framing, said.as_bytes())).unwrap();
            assert_eq!(unpack(framing, &mut client).as_deref(), Some(said.as_str()), "{framing}");
        }
    }
}

#[test]
fn a_frame_may_be_cut_at_every_byte() {
    for framing in ["u16be", "u32le", "u64be", "ascii10", "lines"] {
        let server = serve(&["echo", "--framing", framing]);
        let whole: Vec<u8> = ["hi", "", "there"].iter().flat_map(|message| pack(framing, message.as_bytes())).collect();
        for cut in 0..whole.len() {
            let mut client = server.connect();
            client.set_nodelay(true).unwrap();
            client.write_all(&whole[..cut]).unwrap();
            // An answer to what is whole shows that the first piece has been read by itself.
            if cut == whole.len() - 1 {
                assert_eq!(unpack(framing, &mut client).as_deref(), Some("hi"));
            }
            client.write_all(&whole[cut..]).unwrap();
            client.half_close();
            let answers: Vec<String> = std::iter::from_fn(|| unpack(framing, &mut client)).collect();
            assert!(answers.ends_with(&["".into(), "there".into()]), "{framing} cut at {cut}: {answers:?}");
        }
    }
}

#[test]
fn a_frame_sent_byte_by_byte_is_whole_in_the_end() {
    let server = serve(&["echo", "--framing", "u32be"]);
    let mut client = server.connect();
    client.set_nodelay(true).unwrap();
    for byte in pack("u32be", "zażółć".as_bytes()) {
        client.write_all(&[byte]).unwrap();
    }
    assert_eq!(unpack("u32be", &mut client).as_deref(), Some("zażółć"));
}

#[test]
fn what_breaks_the_framing_is_told_in_the_same_framing_and_ends_it() {
    let too_long = "Message too long (at most 65536 bytes)";
    for (framing, bytes, answer) in [
        ("u32be", &b"\xff\xff\xff\xff"[..], too_long),
        ("u32le", b"\x01\0\x01\0", too_long),
        ("u64be", b"\xff\xff\xff\xff\xff\xff\xff\xff", too_long),
        ("ascii10", b"     65537", too_long),
        ("ascii10", b"9999999999", too_long),
        ("ascii10", b"5         ", "Bad header (ten ASCII digits, padded with spaces on the left)"),
        ("ascii10", b"          ", "Bad header (ten ASCII digits, padded with spaces on the left)"),
        ("ascii10", b"        -1", "Bad header (ten ASCII digits, padded with spaces on the left)"),
        ("lines", &[b'x'; 65_537], too_long),
        ("burst", &[b'x'; 65_537], too_long),
    ] {
        let service = if framing == "burst" { "utc" } else { "echo" };
        let server = serve(&[service, "--framing", framing]);
        let mut client = server.connect();
        client.write_all(bytes).unwrap();
        assert_eq!(unpack(framing, &mut client).as_deref(), Some(answer), "{framing}");
        assert_eq!(unpack(framing, &mut client), None, "{framing}");
    }
}

#[test]
fn a_stream_that_ends_within_a_message_is_told_so() {
    for (framing, bytes) in [("u32be", &b"\0\0"[..]), ("u32be", b"\0\0\0\x05hi"), ("lines", b"no end")] {
        let server = serve(&["echo", "--framing", framing]);
        let mut client = server.connect();
        client.write_all(bytes).unwrap();
        client.half_close();
        assert_eq!(unpack(framing, &mut client).as_deref(), Some("The message has no end"), "{framing}");
    }
}

#[test]
fn an_announced_length_reserves_nothing_and_who_waits_costs_little() {
    const PEERS: u64 = 8_000;
    let announced = [&4096_u32.to_be_bytes()[..], b"x"].concat();
    // Whoever is asked by `identify` leaves some of what the store worked with behind.
    for (service, most) in [("echo", 2048), ("greet", 2048), ("identify", 2560), ("login", 2048)] {
        let server = serve(&[service, "--framing", "u32be"]);
        let come = |count: u64| -> Vec<TcpStream> {
            let peer = |_| {
                let mut client = server.connect();
                client.write_all(&announced).unwrap();
                client
            };
            let peers = (0..count).map(peer).collect();
            support::eventually("every header has been read", || unread(server.addr().port()) == 0);
            peers
        };
        // What the first of them cost is there for all.
        let first = come(200);
        let before = server.memory();
        let _peers = come(PEERS);
        let each = server.memory().saturating_sub(before) / PEERS;
        assert!(each <= most, "{each} bytes for each peer of {service} that announced 4 KiB and sent one byte");
        drop(first);
    }
}

/// Bytes that the kernel holds for whoever serves at this port, as `/proc/net/tcp` has it.
fn unread(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let rows = table.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let ours = rows.filter(|row| row[1].ends_with(&format!(":{port:04X}")) && row[3] == "01");
    ours.map(|row| u64::from_str_radix(row[4].split(':').nth(1).unwrap(), 16).unwrap()).sum()
}

// ---- greet and utc ----

#[test]
fn a_client_that_sends_without_a_line_end_is_answered_in_one_recv() {
    let server = serve(&["greet"]);
    let mut client = server.connect();
    client.write_all(b"Time").unwrap();
    let time = recv(&mut client);
    assert!(!time.ends_with('\n') && time.parse::<jiff::Timestamp>().is_ok(), "{time:?}");
    client.write_all(b"time?").unwrap();
    assert_eq!(recv(&mut client), "Unknown command");
    client.write_all(b"Hello").unwrap();
    assert_eq!(recv(&mut client), "Hello from server");
    assert_eq!(recv(&mut client), "");
}

#[test]
fn the_answer_mirrors_the_delimiter_of_the_question() {
    let server = serve(&["utc"]);
    let mut client = server.connect();
    for (said, end) in [("TIME\n", "\n"), ("TIME\r\n", "\r\n"), ("TIME", "")] {
        client.write_all(said.as_bytes()).unwrap();
        let time = recv(&mut client);
        let text = time.strip_suffix(end).unwrap();
        assert!(text.ends_with('Z') && text.len() == "2026-01-01T00:00:00Z".len(), "{said:?} {time:?}");
        text.parse::<jiff::Timestamp>().unwrap();
    }
}

#[test]
fn greet_tells_the_time_of_the_place_where_it_runs() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.env("TZ", "Asia/Kathmandu");
    let server = Served::start_as(command, &["greet=127.0.0.1:0"]);
    let time = String::from_utf8(answer_to(server.connect(), b"Time\n")).unwrap();
    assert!(time.ends_with("+05:45\n"), "{time:?}");
}

// ---- identify ----

#[test]
fn a_stranger_is_asked_for_a_name_and_known_from_then_on_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for name in ["Łukasz", "a,b;\"c", "🦈", "O'Neill", "Anna Maria", "\\x1b[2J"] {
        let server = serve_in(&data, &["identify"]);
        assert_eq!(String::from_utf8(answer_to(server.connect(), b"/forget")).unwrap().lines().count(), 2);
        let mut client = server.connect();
        assert_eq!(recv(&mut client), "What is your name?\n");
        client.write_all(name.as_bytes()).unwrap();
        assert_eq!(recv(&mut client), format!("Nice to meet you, {name}!"));
        assert_eq!(recv(&mut client), "");
        assert_eq!(server.stop().status.code(), Some(0));
        let server = serve_in(&data, &["identify"]);
        assert_eq!(String::from_utf8(rest_of(server.connect())).unwrap(), format!("Hello, {name}!\n"));
        server.stop();
    }
}

#[test]
fn each_address_has_a_name_of_its_own_and_the_port_does_not_matter() {
    let server = serve(&["identify"]);
    for (ip, name) in [([127, 0, 0, 2], "two"), ([127, 0, 0, 3], "three")] {
        let heard = answer_to(connect_from(ip, server.addr()).unwrap(), format!("{name}\n").as_bytes());
        assert_eq!(String::from_utf8(heard).unwrap(), format!("What is your name?\nNice to meet you, {name}!\n"));
    }
    assert_eq!(rest_of(connect_from([127, 0, 0, 2], server.addr()).unwrap()), b"Hello, two!\n");
    assert_eq!(rest_of(connect_from([127, 0, 0, 3], server.addr()).unwrap()), b"Hello, three!\n");
}

#[test]
fn an_ipv4_visitor_at_an_ipv6_door_is_the_same_visitor() {
    let server = Served::start(&["identify=:0", "identify=127.0.0.1:0", "--data", ":memory:"]);
    let addr = |wide: bool| -> SocketAddr {
        let place = server.places.iter().find(|(_, addr)| addr.starts_with("127.") != wide).unwrap();
        place.1.parse().unwrap()
    };
    let mapped = SocketAddr::from(([127, 0, 0, 1], addr(true).port()));
    let heard = answer_to(patient(TcpStream::connect(mapped).unwrap()), b"Ada\n");
    assert_eq!(heard, b"What is your name?\nNice to meet you, Ada!\n");
    assert_eq!(rest_of(patient(TcpStream::connect(addr(false)).unwrap())), b"Hello, Ada!\n");
}

#[test]
fn a_bad_name_is_asked_for_again_three_times_in_all() {
    let server = serve(&["identify"]);
    let long = "x".repeat(300);
    let bad = [long.as_bytes(), b"a\x1b[31mb", b"", b"\xff\xfe", "\u{202e}".as_bytes(), b" "];
    for names in bad.chunks(3) {
        let mut client = server.connect();
        assert_eq!(recv(&mut client), "What is your name?\n");
        for (at, name) in names.iter().enumerate() {
            client.write_all(&[name, &b"\n"[..]].concat()).unwrap();
            let answer = recv(&mut client);
            assert!(answer.starts_with("Sorry, "), "{answer}");
            assert_eq!(answer.ends_with(" What is your name?\n"), at < 2, "{answer}");
        }
        assert_eq!(recv(&mut client), "");
    }
    let heard = answer_to(server.connect(), format!("{long}\nAda\n").as_bytes());
    assert!(heard.ends_with(b"Nice to meet you, Ada!\n"));
}

#[test]
fn of_two_visitors_with_one_address_the_first_to_answer_is_kept() {
    let server = serve(&["identify"]);
    let (mut one, mut other) = (server.connect(), server.connect());
    assert_eq!(recv(&mut one), "What is your name?\n");
    assert_eq!(recv(&mut other), "What is your name?\n");
    other.write_all(b"Bob\n").unwrap();
    assert_eq!(recv(&mut other), "Nice to meet you, Bob!\n");
    one.write_all(b"Alice\n").unwrap();
    assert_eq!(recv(&mut one), "Hello, Bob!\n");
}

#[test]
fn whoever_leaves_at_the_prompt_leaves_nothing_behind() {
    let server = serve(&["identify"]);
    let mut client = server.connect();
    assert_eq!(recv(&mut client), "What is your name?\n");
    drop(client);
    let mut client = server.connect();
    assert_eq!(recv(&mut client), "What is your name?\n");
    client.half_close();
    assert_eq!(recv(&mut client), "");
    assert_eq!(recv(&mut server.connect()), "What is your name?\n");
}

#[test]
fn whoever_says_forget_is_forgotten() {
    let server = serve(&["identify"]);
    assert_eq!(answer_to(server.connect(), b"/forget\n"), b"What is your name?\nThere was no name to forget.\n");
    answer_to(server.connect(), b"Ada\n");
    assert_eq!(answer_to(server.connect(), b"/forget\n"), b"Hello, Ada!\nForgotten.\n");
    assert_eq!(recv(&mut server.connect()), "What is your name?\n");
}

#[test]
fn a_known_visitor_may_say_forget_behind_the_greeting_and_without_a_line_end() {
    let server = serve(&["identify"]);
    answer_to(server.connect(), b"Ada\n");
    let mut client = server.connect();
    assert_eq!(recv(&mut client), "Hello, Ada!\n");
    client.write_all(b"/forget").unwrap();
    assert_eq!(recv(&mut client), "Forgotten.");
    assert_eq!(recv(&mut client), "");
}

#[test]
fn a_known_visitor_is_not_kept_waiting_for_the_end() {
    let server = serve(&["identify", "--framing", "u32be"]);
    let mut client = server.connect();
    assert_eq!(unpack("u32be", &mut client).as_deref(), Some("What is your name?"));
    client.write_all(&pack("u32be", "Ада".as_bytes())).unwrap();
    assert_eq!(unpack("u32be", &mut client).as_deref(), Some("Nice to meet you, Ада!"));
    assert_eq!(unpack("u32be", &mut client), None);
    let mut client = server.connect();
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(unpack("u32be", &mut client).as_deref(), Some("Hello, Ада!"));
    assert_eq!(unpack("u32be", &mut client), None);
}
