//! `connect chat` at a terminal, against `serve chat` and against servers that mean no good.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/pty.rs"]
mod pty;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use peers::Peer;
use pty::Person;
use rustix::process::Signal;
use support::{Served, sockeye};

fn room_at(place: &str) -> Served {
    Served::start(&[&format!("chat={place}"), "--data", ":memory:"])
}

fn room() -> Served {
    room_at("127.0.0.1:0")
}

/// A person who has joined.
fn joined(server: &Served, nick: &str) -> Person {
    let mut person = Person::connect(&["chat", &server.addr().to_string()]);
    person.reads("Nick?");
    person.types(&format!("{nick}\r"));
    person.reads(&format!("* You are {nick}. Here: "));
    person
}

/// The column at the right of the rule, from the top.
fn beside(screen: &str) -> Vec<&str> {
    let nicks = screen.lines().filter_map(|line| line.split_once("│ ")).map(|(_, nick)| nick.trim_end());
    nicks.filter(|nick| !nick.is_empty()).collect()
}

#[test]
fn people_talk_and_see_who_is_here() {
    let server = room();
    let mut alice = joined(&server, "alice");
    alice.sees(|screen| beside(screen) == ["admin", "alice (you)"]);
    let mut bob = joined(&server, "bób");
    alice.sees(|screen| beside(screen) == ["admin", "alice (you)", "bób"]);
    bob.types("zażółć 漢字x\x7f!\x1b[D\x1b[D\x1b[D\x17gęślą \r");
    for person in [&alice, &bob] {
        person.reads("<bób> gęślą 漢字!");
    }
    bob.types("/nick rob\r");
    alice.sees(|screen| beside(screen) == ["admin", "alice (you)", "rob"]);
    bob.reads("rob> ");
    alice.types("/msg rob psst\r");
    bob.reads("<alice to you> psst");
    bob.types("/quit\r");
    assert_eq!(bob.leaves(), 0);
    alice.reads("* rob left");
    alice.sees(|screen| !screen.contains("rob left (") && beside(screen) == ["admin", "alice (you)"]);
    alice.types("\x04");
    assert_eq!(alice.leaves(), 0);
}

#[test]
fn what_came_meanwhile_is_marked() {
    let server = room();
    let mut alice = joined(&server, "alice");
    let mut bob = joined(&server, "bob");
    alice.reads("* bob joined");
    // The terminal tells that it lost the focus, and later that it has it again.
    alice.types("\x1b[Ohm");
    alice.reads("alice> hm");
    bob.types("while you were away\r");
    alice.sees(|screen| {
        let lines: Vec<&str> = screen.lines().collect();
        lines.windows(2).any(|pair| pair[0].starts_with("─── new ──") && pair[1].contains("<bob> while you"))
    });
    alice.types("\x1b[I, back\r");
    alice.sees(|screen| screen.contains("<alice> hm, back") && !screen.contains("─── new ─"));
}

#[test]
fn a_server_that_comes_back_finds_the_same_nick() {
    let server = room();
    let addr = server.addr().to_string();
    let mut alice = joined(&server, "alice");
    server.stop();
    alice.reads("connection lost");
    alice.reads("not connected");
    alice.types("hold on");
    let server = room_at(&addr);
    alice.reads("-- connected again");
    alice.sees(|screen| screen.matches("* You are alice. Here: ").count() == 2 && screen.contains("alice> hold on"));
    alice.types("\r");
    alice.reads("<alice> hold on");
    drop(server);
}

#[test]
fn whoever_is_kicked_is_not_brought_back_unasked() {
    let peer = Peer::in_turn([0, 1].map(|turn| {
        move |stream: TcpStream| {
            (&stream).write_all(b"Nick?\n").unwrap();
            let mut nick = String::new();
            BufReader::new(&stream).read_line(&mut nick).unwrap();
            assert_eq!(nick, "alice\n");
            let said = if turn == 0 { "* You were kicked by admin: bye" } else { "* Oh, again." };
            (&stream).write_all(format!("* You are alice. Here: alice.\n{said}\n").as_bytes()).unwrap();
            if turn == 1 {
                let _ = (&stream).read_to_string(&mut nick);
            }
        }
    }));
    let mut alice = Person::connect(&["chat", &peer.port]);
    alice.reads("Nick?");
    alice.types("alice\r");
    alice.reads("/connect tries to come back");
    alice.types("/connect\r");
    alice.reads("* Oh, again.");
    alice.types("\x04");
    assert_eq!(alice.leaves(), 0);
    peer.done();
}

#[test]
fn no_byte_of_a_server_reaches_the_terminal_as_it_is() {
    let peer = Peer::new(|stream| {
        let evil: &[&[u8]] = &[
            b"* You are a\x1b[2J. Here: \x1b[1;1Hz, y\x07. /help lists commands.\n",
            b"<bob\x1b]0;title\x07> \x1b[1;1Hgone\x9b2J\xe2\x80\xae\r\x08\x1bc\t|\n",
            b"* \x1b[5Ajoined\n",
            b"end",
        ];
        evil.iter().for_each(|line| (&stream).write_all(line).unwrap());
        let _ = (&stream).read_to_string(&mut String::new());
    });
    let mut alice = Person::connect(&["chat", &peer.port]);
    alice.reads("\\u{1b}[1;1Hgone\\x9b2J\\u{202e}\\r\\u{8}\\u{1b}c    |");
    // A last line without its end.
    alice.reads("end");
    let raw = alice.raw();
    for evil in [&b"\x1b]"[..], b"\x07", b"\x1bc", b"Hgone\x1b", b"\x08", b"\x9b2", b"\x1b[1;1Hz", b"\x1b[1;1Hgone"] {
        assert!(!raw.windows(evil.len()).any(|bytes| bytes == evil), "{}", evil.escape_ascii());
    }
    alice.types("\x03");
    assert_eq!(alice.leaves(), 130);
    peer.done();
}

#[test]
fn every_way_out_gives_the_terminal_back() {
    let server = room();
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let mut alice = joined(&server, "alice");
        alice.signals(signal);
        assert_eq!(alice.leaves(), code);
        // Back from the other screen.
        alice.has_read("\x1b[?1049l");
    }
    let mut alice = Person::connect(&["chat", "127.0.0.1:1"]);
    alice.reads("cannot connect to 127.0.0.1:1");
    assert_eq!(alice.leaves(), 1);
    assert!(!String::from_utf8_lossy(&alice.raw()).contains("\x1b[?1049h"), "nobody was there, so no screen was taken");
}

#[test]
fn every_framing_has_the_same_room() {
    for framing in ["u16le", "lines"] {
        let server = Served::start(&["chat=127.0.0.1:0", "--data", ":memory:", "--framing", framing]);
        let mut alice = Person::connect(&["chat", &server.addr().to_string(), "--framing", framing]);
        alice.reads("Nick?");
        alice.types("alice\rhello\r");
        alice.reads("<alice> hello");
    }
}

#[test]
fn colours_are_left_out_where_they_are_unwanted() {
    let server = room();
    let addr = server.addr().to_string();
    for (words, wanted) in [("", true), ("--color never", false), ("--color always", true)] {
        let script = format!(
            "NO_COLOR={} exec '{}' connect chat {addr} {words}",
            if words == "--color always" { "1" } else { "" },
            env!("CARGO_BIN_EXE_sockeye")
        );
        let mut alice = Person::shell(&script, tempfile::tempdir().unwrap());
        alice.reads("Nick?");
        alice.types("alice\r");
        alice.reads("alice (you)");
        let raw = String::from_utf8_lossy(&alice.raw()).into_owned();
        let colours = raw.contains("\x1b[38;5;");
        assert_eq!(colours, wanted, "{words}: {raw:?}");
        alice.types("\x04");
        alice.leaves();
    }
}

#[test]
fn it_is_line_by_line_where_that_is_wanted_or_all_there_is() {
    let server = room();
    let addr = server.addr().to_string();
    let program = env!("CARGO_BIN_EXE_sockeye");
    for script in [
        format!("exec '{program}' connect chat {addr} --plain"),
        format!("TERM=dumb exec '{program}' connect chat {addr}"),
    ] {
        let mut alice = Person::shell(&script, tempfile::tempdir().unwrap());
        alice.reads("Nick?");
        alice.types("alice\r");
        alice.reads("* You are alice. Here: ");
        alice.types("/quit\r");
        assert_eq!(alice.leaves(), 0);
        let raw = String::from_utf8_lossy(&alice.raw()).into_owned();
        // No other screen; and who has a room read aloud wants no bytes counted between two messages.
        assert!(!raw.contains("\x1b[?1049h") && !raw.contains("received"), "{script}: {raw}");
        if script.ends_with("--plain") {
            alice.has_read("disconnected");
        }
    }
    let ended = sockeye(&["connect", "chat", &addr], "alice\nhello\n/quit\n");
    assert!(ended.status.success() && ended.stdout.contains("<alice> hello\n"), "{ended:?}");
    for words in [&["5555", "--plain"][..], &["chat", "--payload", "1"], &["chat", "--data", "x"]] {
        let ended = sockeye(&[&["connect"], words].concat(), "");
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains("chat") || ended.stderr.contains("login"), "{ended:?}");
    }
}

#[test]
fn the_admin_sits_at_the_servers_terminal_and_may_leave_it() {
    for leave in ["/quit\r", "\x04"] {
        let mut admin =
            Person::start(&["serve", "chat=127.0.0.1:0", "--data", ":memory:"], tempfile::tempdir().unwrap());
        admin.reads("* You are admin.");
        let raw = String::from_utf8_lossy(&admin.raw()).into_owned();
        let port = raw.split_once("listening on 127.0.0.1:").unwrap().1;
        let port = &port[..port.find(|c: char| !c.is_ascii_digit()).unwrap()];
        let mut alice = Person::connect(&["chat", port]);
        alice.reads("Nick?");
        alice.types("alice\r");
        alice.reads("alice (you)");
        admin.types("half a line");
        alice.types("hello\r");
        admin.sees(|screen| screen.contains("<alice> hello") && screen.trim_end().ends_with("> half a line"));
        admin.types("\r");
        alice.reads("<admin> half a line");
        admin.types(leave);
        admin.reads("the admin has left the room; the server goes on, and Ctrl-C ends it");
        alice.types("\x04");
        assert_eq!(alice.leaves(), 0);
        admin.signals(Signal::TERM);
        assert_eq!(admin.leaves(), 0);
    }
}

#[test]
fn whoever_is_suspended_within_a_script_comes_back() {
    let server = room();
    let talk = format!("'{}' connect chat {}; echo over", env!("CARGO_BIN_EXE_sockeye"), server.addr());
    let script = format!("set -m; sh -c \"{talk}\"; echo stopped; fg");
    let mut alice = Person::shell(&script, tempfile::tempdir().unwrap());
    alice.reads("Nick?");
    alice.types("alice\r");
    alice.reads("alice (you)");
    alice.types("\x1a");
    alice.has_read("stopped");
    alice.reads("alice (you)");
    // Drawn from nothing, on a terminal that answers no questions.
    alice.types("\x0chello\r");
    alice.reads("<alice> hello");
    alice.types("\x04");
    alice.reads("over");
    assert_eq!(alice.leaves(), 0);
}
