//! What `serve` tells of what happens: words, fields, causes, and what becomes of lines when too much is told or nobody
//! listens.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;

use support::{Served, answer_to, eventually, ping, reset, rest_of};

fn serve(service: &str, words: &[&str]) -> Served {
    let place = format!("{service}=127.0.0.1:0");
    Served::start(&[&[place.as_str()], words].concat())
}

/// A line of the text form, taken apart.
#[derive(Debug)]
struct Line {
    at: Timestamp,
    service: String,
    conn: Option<u64>,
    words: String,
}

impl Line {
    /// `TIME SERVICE #CONN WORDS`; anything else is no line.
    #[track_caller]
    fn of(line: &str) -> Self {
        let mut parts = line.splitn(3, ' ');
        let (at, service, rest) = (parts.next().unwrap(), parts.next(), parts.next());
        let (Some(service), Some(rest)) = (service, rest) else { panic!("no line: {line:?}") };
        assert!(at.len() == 24 && at.ends_with('Z'), "no time: {line:?}");
        let (conn, words) = match rest.strip_prefix('#') {
            Some(rest) => rest.split_once(' ').map(|(conn, words)| (Some(conn.parse().unwrap()), words)).unwrap(),
            None => (None, rest),
        };
        let at = at.parse().unwrap_or_else(|e| panic!("{e}: {line:?}"));
        Self { at, service: service.to_owned(), conn, words: words.to_owned() }
    }
}

/// Whole lines and nothing else.
#[track_caller]
fn lines(text: &str) -> Vec<Line> {
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {text:?}");
    text.lines().map(Line::of).collect()
}

#[track_caller]
fn objects(text: &str) -> Vec<Value> {
    let object = |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line:?}"));
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn: {text:?}");
    text.lines().map(object).collect()
}

/// The words up to what differs from run to run.
fn fixed(line: &Line) -> String {
    let conn = line.conn.map(|id| format!("#{id} ")).unwrap_or_default();
    let words = match line.words.rsplit_once(", ") {
        Some((words, lasted)) if lasted.ends_with("s)") => words,
        _ => &line.words,
    };
    format!("{conn}{words}")
}

/// What was told, by lines and by summaries together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    connected: u64,
    disconnected: u64,
    received: u64,
    received_bytes: u64,
    sent: u64,
    sent_bytes: u64,
    summaries: u64,
    lost: u64,
}

impl Sum {
    fn of_text(lines: &[Line]) -> Self {
        let mut sum = Self::default();
        for line in lines {
            let mut words = line.words.split(' ');
            let (first, second) = (words.next().unwrap(), words.next().unwrap_or_default());
            match first {
                "summary:" => sum.add_summary(&line.words),
                "lost" => sum.lost += second.parse::<u64>().unwrap(),
                "stopped" => {}
                _ => sum.add(first, 1, second.parse().unwrap_or(0)),
            }
        }
        sum
    }

    /// `summary: 2 received (9 bytes), 1 disconnected more than shown`
    fn add_summary(&mut self, words: &str) {
        let parts = words.strip_prefix("summary: ").and_then(|words| words.strip_suffix(" more than shown"));
        for part in parts.unwrap_or_else(|| panic!("{words}")).split(", ") {
            let words: Vec<&str> = part.split(' ').collect();
            let bytes = words.get(2).map_or(0, |bytes| bytes.trim_start_matches('(').parse().unwrap());
            self.add(words[1], words[0].parse().unwrap(), bytes);
        }
        self.summaries += 1;
    }

    fn add(&mut self, word: &str, count: u64, bytes: u64) {
        match word {
            "connected" => self.connected += count,
            "disconnected" => self.disconnected += count,
            "received" => (self.received, self.received_bytes) = (self.received + count, self.received_bytes + bytes),
            "sent" => (self.sent, self.sent_bytes) = (self.sent + count, self.sent_bytes + bytes),
            _ => {}
        }
    }

    fn of_json(objects: &[Value]) -> Self {
        let mut sum = Self::default();
        for object in objects {
            let number = |field: &str| object.get(field).map_or(0, |value| value.as_u64().unwrap());
            match object["event"].as_str().unwrap() {
                "summary" => {
                    sum.add("connected", number("connections"), 0);
                    sum.add("disconnected", number("disconnections"), 0);
                    sum.add("received", number("receipts"), number("bytes_in"));
                    sum.add("sent", number("sendings"), number("bytes_out"));
                    sum.summaries += 1;
                }
                "connect" => sum.add("connected", 1, 0),
                "disconnect" => sum.add("disconnected", 1, 0),
                "recv" => sum.add("received", 1, number("bytes")),
                "send" => sum.add("sent", 1, number("bytes")),
                "lost" => sum.lost += number("lines"),
                _ => {}
            }
        }
        sum
    }

    /// Events that are told or summed.
    fn events(&self) -> u64 {
        self.connected + self.disconnected + self.received + self.sent
    }
}

// Words and fields.

/// One conversation of two messages with this service.
fn converse(server: &Served) -> String {
    let mut client = server.connect();
    let peer = client.local_addr().unwrap();
    ping(&mut client, b"12345");
    ping(&mut client, "\"6\"\n".as_bytes());
    assert_eq!(answer_to(client, b""), b"");
    peer.to_string()
}

#[test]
fn a_conversation_is_told_in_order_and_in_its_words_at_every_level() {
    for service in ["echo", "upper"] {
        for (level, dumps) in [
            ("quiet", ["", ""]),
            ("connections", ["", ""]),
            ("messages", ["", ""]),
            ("bytes", [": \"12345\"", ": \"\\\"6\\\"\\n\""]),
        ] {
            // Quiet, because the server may not have seen yet that the client has gone, and would say that it waits.
            let server = serve(service, &["-q", "--events", level]);
            let (peer, local) = (converse(&server), server.addr());
            let ended = server.stop();
            assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
            let told = lines(&ended.stdout);
            let connected = ["started".into(), format!("listening on {local}"), format!("#1 connected from {peer}")];
            let moved =
                |bytes, dump| [format!("#1 received {bytes} bytes{dump}"), format!("#1 sent {bytes} bytes{dump}")];
            let exchanged = [moved(5, dumps[0]), moved(4, dumps[1])].concat();
            let gone = ["#1 disconnected (peer closed, 9 bytes in, 9 bytes out".to_owned()];
            let stopped = ["stopped (1 connections, 9 bytes in, 9 bytes out".to_owned()];
            let expected = match level {
                "quiet" => Vec::new(),
                "connections" => [&connected[..], &gone, &stopped].concat(),
                _ => [&connected[..], &exchanged, &gone, &stopped].concat(),
            };
            assert_eq!(told.iter().map(fixed).collect::<Vec<_>>(), expected, "{service} at {level}");
            assert!(told.iter().all(|line| line.service == service));
            assert!(told.windows(2).all(|pair| pair[0].at <= pair[1].at), "{}", ended.stdout);
        }
    }
}

#[test]
fn a_conversation_in_json_has_the_fields_of_the_schema() {
    for level in ["connections", "messages", "bytes"] {
        let server = serve("echo", &["--events", level, "--log-format", "json"]);
        let (peer, local) = (converse(&server), server.addr().to_string());
        let ended = server.stop();
        let told = objects(&ended.stdout);
        let names: Vec<&str> = told.iter().map(|object| object["event"].as_str().unwrap()).collect();
        let moved: &[&str] = if level == "connections" { &[] } else { &["recv", "send", "recv", "send"] };
        assert_eq!(names, [&["start", "listen", "connect"], moved, &["disconnect", "stop"]].concat());
        for object in &told {
            let ts = object["ts"].as_str().unwrap();
            assert!(ts.ends_with('Z') && ts.parse::<Timestamp>().is_ok(), "{object}");
            assert_eq!((&object["schema"], &object["service"]), (&1.into(), &"echo".into()), "{object}");
            let of_a_conversation = !["start", "listen", "stop"].contains(&object["event"].as_str().unwrap());
            assert_eq!(object.get("conn"), of_a_conversation.then_some(&1.into()), "{object}");
            assert_eq!(object.get("dump").is_some(), level == "bytes" && object.get("bytes").is_some(), "{object}");
        }
        let of = |name: &str| told.iter().find(|object| object["event"] == name).unwrap();
        assert_eq!(of("listen")["local"], local.as_str());
        assert_eq!((&of("connect")["peer"], &of("connect")["local"]), (&peer.into(), &local.into()));
        let gone = of("disconnect");
        assert_eq!(
            (&gone["cause"], &gone["bytes_in"], &gone["bytes_out"]),
            (&"peer closed".into(), &9.into(), &9.into())
        );
        assert!(gone["duration_us"].as_u64().unwrap() > 0, "{gone}");
        if level != "connections" {
            assert_eq!((&of("recv")["bytes"], &of("send")["bytes"]), (&5.into(), &5.into()));
        }
        let stop = of("stop");
        assert_eq!((&stop["connections"], &stop["bytes_in"], &stop["bytes_out"]), (&1.into(), &9.into(), &9.into()));
    }
}

#[test]
fn conversations_are_numbered_through_all_services_and_workers() {
    let server = Served::start(&["echo=127.0.0.1:0", "upper=127.0.0.1:0", "--workers", "3"]);
    for _ in 0..10 {
        for service in ["echo", "upper"] {
            assert_eq!(answer_to(TcpStream::connect(server.addr_of(service)).unwrap(), b"7"), b"7");
        }
    }
    let told = lines(&server.stop().stdout);
    let mut ids: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for line in told.iter().filter(|line| line.conn.is_some()) {
        ids.entry(line.conn.unwrap()).or_default().push(line.words.split(' ').next().unwrap().to_owned());
    }
    assert_eq!(ids.keys().copied().collect::<Vec<_>>(), (1..=20).collect::<Vec<_>>());
    for (id, words) in ids {
        assert_eq!(words, ["connected", "received", "sent", "disconnected"], "#{id}");
    }
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    for (words, coloured) in [(&[][..], false), (&["--color", "always"][..], true), (&["--color", "never"], false)] {
        let server = serve("echo", words);
        converse(&server);
        assert_eq!(server.stop().stdout.contains('\x1b'), coloured, "{words:?}");
    }
}

// Causes.

/// The causes of all disconnections, in their order.
fn causes(stdout: &str) -> Vec<String> {
    let cause = |line: Line| {
        let inner = line.words.strip_prefix("disconnected (")?;
        Some(inner.split(", ").next().unwrap().to_owned())
    };
    lines(stdout).into_iter().filter_map(cause).collect()
}

#[test]
fn a_close_is_told_by_whose_it_was() {
    for (service, heard, cause) in [
        ("echo", "hi\n", "peer closed"),
        ("upper", "HI\n", "peer closed"),
        ("prefix", "SERVER RECEIVED: hi\n", "we closed"),
        ("collect", "hi\n", "we closed"),
    ] {
        let server = serve(service, &[]);
        assert_eq!(String::from_utf8(answer_to(server.connect(), b"hi\n")).unwrap(), heard);
        eventually("it is told", || server.said().0.contains("disconnected"));
        assert_eq!(causes(&server.stop().stdout), [cause], "{service}");
    }
}

#[test]
fn a_reset_is_told_as_one() {
    for service in ["echo", "upper", "prefix", "collect"] {
        let server = serve(service, &[]);
        let client = server.connect();
        eventually("it is in", || server.said().0.contains("connected from"));
        reset(client);
        eventually("it is told", || server.said().0.contains("disconnected"));
        let ended = server.stop();
        assert_eq!((causes(&ended.stdout), ended.status.code()), (vec!["reset".to_owned()], Some(0)), "{service}");
    }
}

#[test]
fn silence_is_told_as_timed_out() {
    for service in ["echo", "upper", "prefix", "collect"] {
        let server = serve(service, &["--idle-timeout", "200ms"]);
        assert_eq!(rest_of(server.connect()), b"", "{service} closes");
        eventually("it is told", || server.said().0.contains("disconnected"));
        assert_eq!(causes(&server.stop().stdout), ["timed out"], "{service}");
    }
}

#[test]
fn who_is_turned_away_reads_why_and_is_told_as_a_limit() {
    for (service, flag) in [("echo", "--max-conns"), ("upper", "--max-conns"), ("echo", "--max-conns-per-ip")] {
        let server = serve(service, &[flag, "1"]);
        let mut first = server.connect();
        ping(&mut first, b"1");
        let words = String::from_utf8(rest_of(server.connect())).unwrap();
        assert!(words.ends_with("(limit 1)\n"), "{words:?}");
        ping(&mut first, b"2");
        assert_eq!(answer_to(first, b""), b"");
        eventually("both are told", || server.said().0.matches("disconnected").count() == 2);
        assert_eq!(causes(&server.stop().stdout), ["limit", "peer closed"], "{service} {flag}");
    }
}

#[test]
fn who_is_still_there_when_the_drain_is_over_is_told_as_shutdown() {
    for service in ["echo", "upper"] {
        let server = serve(service, &["--drain", "0"]);
        let mut client = server.connect();
        ping(&mut client, b"1");
        let ended = server.stop();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert_eq!(causes(&ended.stdout), ["shutdown"], "{service}");
        drop(client);
    }
}

// What a peer says reaches no terminal and forges no line.

#[test]
fn hostile_bytes_stay_inside_one_line_each() {
    let forged = "2026-01-01T00:00:00.000Z echo #9 connected from 192.0.2.1:6";
    let text = format!("\x1b]0;owned\x07\r\n{forged}\r\u{9b}31m\u{202e}\x7f\u{2028}\0\x0b");
    let hostile = [text.as_bytes(), b"\xff\xfe\x9b\x85\n\n"].concat();
    for service in ["echo", "upper"] {
        for format in ["text", "json"] {
            let server = serve(service, &["--events", "bytes", "--log-format", format]);
            let mut client = server.connect();
            client.write_all(&hostile).unwrap();
            client.read_exact(&mut vec![0; hostile.len()]).unwrap();
            assert_eq!(answer_to(client, b""), b"");
            let told = server.stop().stdout;
            assert_eq!(told.lines().count(), 7, "{told}");
            assert!(told.bytes().all(|byte| byte >= b' ' || byte == b'\n'), "{told:?}");
            let harmless = |c: char| !matches!(c, '\x7f'..='\u{9f}' | '\u{202e}' | '\u{2028}');
            assert!(told.chars().all(harmless), "{told:?}");
            let dump = match format {
                "text" => lines(&told)[3].words.split_once(": ").unwrap().1.trim_matches('"').to_owned(),
                _ => objects(&told)[3]["dump"].as_str().unwrap().to_owned(),
            };
            assert!(dump.starts_with("\\u{1b}]0;owned\\u{7}\\r\\n2026-01-01T"), "{dump}");
            assert!(
                dump.ends_with("\\r\\u{9b}31m\\u{202e}\\u{7f}\\u{2028}\\0\\u{b}\\xff\\xfe\\x9b\\x85\\n\\n"),
                "{dump}"
            );
            // Upper case forges even less.
            assert_eq!(told.matches("connected from 192.0.2.1").count(), usize::from(service == "echo") + 1);
        }
    }
}

// Log files.

#[test]
fn a_log_file_is_appended_to_and_the_console_stays_silent() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("events.log");
    fs::write(&log, "2026-01-01T00:00:00.000Z echo started\n").unwrap();
    for _ in 0..2 {
        let server = serve("echo", &["-q", "--log", log.to_str().unwrap(), "--color", "always"]);
        converse(&server);
        let ended = server.stop();
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    }
    let told = lines(&fs::read_to_string(&log).unwrap());
    let count = |words: &str| told.iter().filter(|line| line.words.starts_with(words)).count();
    assert_eq!((count("started"), count("connected"), count("stopped"), told.len()), (3, 2, 2, 19), "{told:#?}");
}

/// A client that asks and waits, over and over, until told to stop; gives how often.
fn ask_until(server: &Served, stop: &AtomicBool) -> u64 {
    let mut client = server.connect();
    let mut asked = 0;
    while !stop.load(Relaxed) {
        ping(&mut client, b"question");
        asked += 1;
    }
    assert_eq!(answer_to(client, b""), b"");
    asked
}

#[test]
fn a_log_that_is_rotated_loses_and_tears_no_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = |number: usize| dir.path().join(if number == 0 { "log".into() } else { format!("log.{number}") });
    let server = serve("echo", &["--log", file(0).to_str().unwrap()]);
    let stop = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        let asking = scope.spawn(|| ask_until(&server, &stop));
        for number in 1..=3 {
            let filled = || fs::metadata(file(0)).is_ok_and(|log| log.len() > 0);
            eventually("the log is written to", filled);
            fs::rename(file(0), file(number)).unwrap();
            server.signal(Signal::HUP);
            eventually("the log is opened anew", || file(0).exists());
        }
        stop.store(true, Relaxed);
        asking.join().unwrap()
    });
    assert_eq!(server.stop().status.code(), Some(0));
    let text: String = [1, 2, 3, 0].map(|number| fs::read_to_string(file(number)).unwrap()).concat();
    let told = lines(&text);
    assert_eq!(
        (told[0].words.as_str(), told.last().unwrap().words.starts_with("stopped (")),
        ("started", true),
        "{told:#?}"
    );
    let sum = Sum::of_text(&told);
    assert_eq!((sum.received, sum.sent, sum.lost), (asked, asked, 0), "{sum:?}");
    assert_eq!((sum.received_bytes, sum.connected, sum.disconnected), (asked * 8, 1, 1), "{sum:?}");
}

#[test]
fn a_log_that_cannot_be_opened_anew_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (sub, moved) = (dir.path().join("sub"), dir.path().join("moved"));
    fs::create_dir(&sub).unwrap();
    let server = serve("echo", &["--log", sub.join("log").to_str().unwrap()]);
    converse(&server);
    fs::rename(&sub, &moved).unwrap();
    server.signal(Signal::HUP);
    converse(&server);
    assert_eq!(server.stop().status.code(), Some(0));
    let told = lines(&fs::read_to_string(moved.join("log")).unwrap());
    assert_eq!(told.iter().filter(|line| line.words.starts_with("disconnected (")).count(), 2, "{told:#?}");
}

// Machine speed.

#[test]
fn at_machine_speed_few_lines_and_summaries_add_up_to_what_was_exchanged() {
    const MESSAGES: u64 = 20_000;
    for format in ["text", "json"] {
        for service in ["echo", "upper"] {
            let server = serve(service, &["--log-format", format]);
            let mut client = server.connect();
            let message = [b'7'; 100];
            for at in 0..MESSAGES {
                ping(&mut client, &message[..=(at % 100) as usize]);
            }
            assert_eq!(answer_to(client, b""), b"");
            let stdout = server.stop().stdout;
            let told = stdout.lines().count() as u64;
            assert!(told < MESSAGES / 10, "{told} lines");
            let sum = if format == "text" { Sum::of_text(&lines(&stdout)) } else { Sum::of_json(&objects(&stdout)) };
            assert!(sum.summaries > 0, "{sum:?}");
            let bytes = MESSAGES / 100 * 5050;
            let expected = Sum {
                connected: 1,
                disconnected: 1,
                received: MESSAGES,
                received_bytes: bytes,
                sent: MESSAGES,
                sent_bytes: bytes,
                summaries: sum.summaries,
                lost: 0,
            };
            assert_eq!(sum, expected, "{service} in {format}");
            let whole = ["connected from 127.0.0.1:", "disconnected (peer closed, ", "\"connect\"", "\"disconnect\""];
            assert_eq!(whole.iter().filter(|words| stdout.contains(**words)).count(), 2, "connections stay whole");
            assert!(stdout.contains(&bytes.to_string()), "the totals are told at the end");
        }
    }
}

#[test]
fn quick_connections_are_summed_as_well() {
    const VISITS: u64 = 1000;
    for format in ["text", "json"] {
        let server = serve("echo", &["--log-format", format]);
        for _ in 0..VISITS {
            assert_eq!(answer_to(server.connect(), b"hi"), b"hi");
        }
        let stdout = server.stop().stdout;
        let sum = if format == "text" { Sum::of_text(&lines(&stdout)) } else { Sum::of_json(&objects(&stdout)) };
        assert_eq!((sum.connected, sum.disconnected, sum.lost), (VISITS, VISITS, 0), "{sum:?}");
        assert_eq!((sum.received_bytes, sum.sent_bytes), (2 * VISITS, 2 * VISITS), "{sum:?}");
        assert!(sum.summaries > 0 && (stdout.lines().count() as u64) < 2 * VISITS, "{sum:?}");
    }
}

#[test]
fn at_the_level_of_connections_messages_are_neither_shown_nor_summed() {
    let server = serve("echo", &["--events", "connections"]);
    let mut client = server.connect();
    (0..2000).for_each(|_| ping(&mut client, b"x"));
    assert_eq!(answer_to(client, b""), b"");
    let told = lines(&server.stop().stdout);
    assert_eq!(told.len(), 5, "{told:#?}");
    assert_eq!(fixed(&told[3]), "#1 disconnected (peer closed, 2000 bytes in, 2000 bytes out");
}

// Full, stalled and closed outputs.

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_harms_no_conversation() {
    for format in ["text", "json"] {
        let server = serve("echo", &["-q", "--log", "/dev/full", "--log-format", format]);
        for _ in 0..3 {
            converse(&server);
        }
        let ended = server.stop();
        assert_eq!((ended.status.code(), ended.stderr.as_str(), ended.stdout.as_str()), (Some(0), "", ""));
    }
}

/// Collects what comes out of a pipe, in a thread of its own.
fn collect_from(mut reader: impl Read + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&all);
    thread::spawn(move || {
        let mut piece = [0; 65536];
        while let Ok(count @ 1..) = reader.read(&mut piece) {
            all.lock().unwrap().extend_from_slice(&piece[..count]);
        }
    });
    collected
}

#[test]
fn a_console_that_nobody_reads_stalls_no_conversation_and_is_told_what_it_missed() {
    const VISITS: u64 = 3000;
    let (reader, writer) = io::pipe().unwrap();
    // Each worker may tell 200 of each kind before the sink opens the next window, which it cannot while it is stuck:
    // so many workers tell more than the queue takes.
    let words = ["echo=127.0.0.1:0", "-q", "--events", "bytes", "--workers", "32"];
    let server = Served::writing_to(writer, &words);
    let message = [b'x'; 2000];
    for _ in 0..VISITS {
        let mut client = server.connect();
        ping(&mut client, &message);
        assert_eq!(answer_to(client, b""), b"");
    }
    let collected = collect_from(reader);
    let text = || String::from_utf8(collected.lock().unwrap().clone()).unwrap();
    eventually("it says what is lost", || text().contains(" lost "));
    let ended = server.stop();
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    eventually("it says goodbye", || text().contains(" echo stopped (3000 connections, 6000000 bytes in, "));
    let told = lines(&text());
    let sum = Sum::of_text(&told);
    assert!(sum.lost > 0 && sum.lost < 4 * VISITS, "{sum:?}");
    assert_eq!(sum.events() + sum.lost, 4 * VISITS, "what is shown, summed and lost is all there was: {sum:?}");
}

#[test]
fn a_console_that_is_closed_ends_the_server_as_a_signal_would() {
    let (reader, writer) = io::pipe().unwrap();
    let server = Served::writing_to(writer, &["echo=127.0.0.1:0"]);
    let mut reader = BufReader::new(reader);
    let mut said = String::new();
    while !said.contains("listening on") {
        assert!(reader.read_line(&mut said).unwrap() > 0, "{said}");
    }
    drop(reader);
    let mut client = server.connect();
    ping(&mut client, b"still served");
    eventually("nobody else is let in", || TcpStream::connect(server.addr()).is_err());
    ping(&mut client, b"to the end");
    assert_eq!(answer_to(client, b""), b"");
    let ended = server.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
}
