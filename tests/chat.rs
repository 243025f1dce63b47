//! The room through the real binary: everybody sees the same in one order, nobody's slowness or bytes are anybody
//! else's trouble, and who may not come in does not, also after a crash.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use support::frames::{FRAMINGS, pack, unpack};
use support::{Served, answer_to, patient, rest_of};

/// A room with a door for its admin.
struct Room {
    server: Served,
    admin: PathBuf,
    dir: tempfile::TempDir,
}

impl Room {
    fn open(words: &[&str]) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), words)
    }

    fn open_in(dir: tempfile::TempDir, words: &[&str]) -> Self {
        let (admin, data) = (dir.path().join("admin"), dir.path().join("data"));
        let places = ["chat=127.0.0.1:0", "--admin-socket", text(&admin), "--data", text(&data)];
        let server = Served::start(&[&places, words].concat());
        Self { server, admin, dir }
    }

    /// Somebody at the door, who has been asked for a nick.
    fn visitor(&self) -> Person<TcpStream> {
        let mut person = Person::new(self.server.connect());
        person.hears("Nick?");
        person
    }

    fn member(&self, nick: &str) -> Person<TcpStream> {
        let mut person = self.visitor();
        person.says(nick);
        person.hears_until(|line| line.starts_with(&format!("* You are {nick}. Here: ")));
        person
    }

    fn admin(&self) -> Person<UnixStream> {
        let stream = UnixStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        let mut person = Person::new(stream);
        person.hears_until(|line| line.starts_with("* You are admin. "));
        person
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Somebody who speaks and hears lines.
struct Person<S>(BufReader<S>);

impl<S: Read + Write> Person<S> {
    fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    fn says(&mut self, line: &str) {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line; `None` at the end.
    #[track_caller]
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line.strip_suffix('\n').map(str::to_owned)
    }

    #[track_caller]
    fn hears(&mut self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected));
    }

    #[track_caller]
    fn hears_until(&mut self, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some(line) = self.line() {
            heard.push(line);
            if is_it(heard.last().unwrap()) {
                return heard;
            }
        }
        panic!("it ended after {heard:?}");
    }

    #[track_caller]
    fn hears_nothing_more(&mut self) {
        assert_eq!(self.line(), None);
    }
}

#[test]
fn everybody_sees_what_is_said_the_author_and_the_admin_included() {
    let room = Room::open(&[]);
    let mut admin = room.admin();
    let mut alice = room.member("alice");
    let mut bob = room.member("bob");
    alice.hears("* bob joined");
    alice.says("hello");
    admin.says("good evening");
    for line in ["* alice joined", "* bob joined"] {
        admin.hears(line);
    }
    let mut seen =
        [alice.hears_until(|line| line.starts_with("<admin>")), bob.hears_until(|line| line.starts_with("<admin>"))];
    // Whichever came first, all have it in one order.
    if !seen[0].contains(&"<alice> hello".to_owned()) {
        seen = [
            [seen[0].clone(), vec![alice.line().unwrap()]].concat(),
            [seen[1].clone(), vec![bob.line().unwrap()]].concat(),
        ];
    }
    assert_eq!(seen[0], seen[1]);
    let last = seen[0].last().unwrap().clone();
    assert_eq!(admin.hears_until(|line| line == last), seen[0]);
    alice.says("/quit");
    alice.hears_nothing_more();
    bob.hears("* alice left");
}

#[test]
fn a_client_without_line_ends_is_a_member_like_others() {
    let room = Room::open(&[]);
    let mut alice = room.member("alice");
    let mut bob = room.server.connect();
    let mut buf = [0; 2048];
    let count = bob.read(&mut buf).unwrap();
    assert_eq!(&buf[..count], b"Nick?\n");
    bob.write_all(b"bob").unwrap();
    alice.hears("* bob joined");
    bob.write_all(b"hi there").unwrap();
    alice.hears("<bob> hi there");
}

#[test]
fn a_line_is_one_message_however_it_is_cut_and_nobody_speaks_in_anothers_name() {
    let room = Room::open(&[]);
    let mut bob = room.member("bob");
    let mut alice = room.member("alice");
    bob.hears("* alice joined");
    let stream = alice.0.get_mut();
    stream.set_nodelay(true).unwrap();
    for piece in ["hel", "lo\nFORGED\r", "<bob> me too\n\x1b[2J* bob left\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    bob.hears("<alice> hello");
    for line in bob.hears_until(|line| line.contains("bob left")) {
        assert!(line.starts_with("<alice> ") && !line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn nicks_have_one_owner_and_none_looks_like_another() {
    let room = Room::open(&[]);
    let _alice = room.member("alice");
    for taken in ["alice", "ALICE", "аlice", "ａlice", "admin", "Server", "a b", "", "x\x1b[31m", &"x".repeat(25)] {
        let mut visitor = room.visitor();
        visitor.says(taken);
        let answer = visitor.line().unwrap();
        assert!(answer.starts_with("* Sorry, "), "{taken:?}: {answer}");
        visitor.hears("Nick?");
        visitor.says("Łukasz_9");
        visitor.hears_until(|line| line.starts_with("* You are Łukasz_9."));
        visitor.says("/quit");
        rest_of(visitor.0);
    }
}

#[test]
fn a_newcomer_is_told_the_last_twenty_messages() {
    let room = Room::open(&["--no-flood-guard"]);
    let mut alice = room.member("alice");
    for number in 0..25 {
        alice.says(&format!("message {number}"));
    }
    alice.hears_until(|line| line == "<alice> message 24");
    let mut bob = room.member("bob");
    let told = bob.hears_until(|line| line.ends_with("<alice> message 24"));
    let messages: Vec<&String> = told.iter().filter(|line| line.contains("<alice>")).collect();
    assert_eq!(messages.len(), 20, "{told:?}");
    assert!(messages[0].ends_with("<alice> message 5") && messages[0].len() > "<alice> message 5".len(), "{told:?}");
}

#[test]
fn whoever_floods_is_warned_and_then_dropped_and_the_room_is_told() {
    let room = Room::open(&[]);
    let mut bob = room.member("bob");
    let mut alice = room.member("alice");
    bob.hears("* alice joined");
    for number in 0..400 {
        let line = format!("flood {number}\n");
        if alice.0.get_mut().write_all(line.as_bytes()).is_err() {
            break;
        }
    }
    let heard = bob.hears_until(|line| line.starts_with("* alice left"));
    assert_eq!(heard.last().unwrap(), "* alice left (flooding)");
    assert!(heard.len() < 40, "{} lines", heard.len());
}

#[test]
fn whoever_is_kicked_sees_nothing_after_its_cause() {
    let room = Room::open(&[]);
    let (mut admin, mut alice, mut bob) = (room.admin(), room.member("alice"), room.member("bob"));
    alice.hears("* bob joined");
    admin.says("/kick bob that was rude");
    admin.says("gone");
    bob.hears("* You were kicked by admin: that was rude");
    bob.hears_nothing_more();
    alice.hears("* bob was kicked by admin: that was rude");
    alice.hears("<admin> gone");
}

#[test]
fn a_ban_that_was_told_survives_a_crash() {
    let room = Room::open(&[]);
    let (mut admin, mut alice) = (room.admin(), room.member("alice"));
    let mut bob = room.member("bob");
    alice.hears("* bob joined");
    admin.says("/ban bob for 1h noise");
    admin.says("/ban 192.0.2.7");
    alice.hears_until(|line| line.starts_with("* bob was banned by admin"));
    bob.hears_until(|line| line.starts_with("* You were banned"));
    admin.hears_until(|line| line.contains("192.0.2.7"));
    room.server.signal(Signal::KILL);
    let Room { server, dir, .. } = room;
    server.wait();
    let room = Room::open_in(dir, &[]);
    let mut admin = room.admin();
    admin.says("/bans");
    let listed = admin.hears_until(|line| line.contains("192.0.2.7"));
    assert!(listed.iter().any(|line| line.contains("bob") && line.contains("noise")), "{listed:?}");
    let mut visitor = room.visitor();
    visitor.says("BOB");
    assert!(visitor.line().unwrap().contains("banned"));
    admin.says("/unban bob");
    admin.hears_until(|line| line.contains("bob"));
    let data = room.dir.path().join("data");
    let dumped = support::sockeye(&["store", "dump", "bans", "--data", text(&data)], "");
    assert_eq!(dumped.stdout.lines().count(), 1, "{dumped:?}");
    let audit = std::fs::read_to_string(data.join("audit.jsonl")).unwrap();
    assert!(audit.contains("\"ban\"") && audit.contains("\"unban\""), "{audit}");
}

#[test]
fn one_who_does_not_read_delays_nobody_and_is_dropped() {
    let room = Room::open(&["--no-flood-guard"]);
    let (deaf, mut drip) = (room.member("deaf"), room.member("drip"));
    for member in [&deaf, &drip] {
        // Their own system takes little for them, so that what they do not read is not with them.
        socket2::SockRef::from(member.0.get_ref()).set_recv_buffer_size(16 * 1024).unwrap();
    }
    let mut bob = room.member("bob");
    let mut alice = room.member("alice");
    bob.hears("* alice joined");
    let line = "x".repeat(4000);
    let dropped = ["deaf", "drip"].map(|nick| format!("* {nick} left (too slow)"));
    let (mut seen, mut said): (Vec<String>, usize) = (Vec::new(), 0);
    // Their own systems may take megabytes for them before any of it is with us.
    while !dropped.iter().all(|line| seen.contains(line)) {
        assert!(said < 10_000, "nobody was dropped: {} lines", seen.len());
        alice.says(&format!("{said} {line}"));
        seen.extend(bob.hears_until(|line| line.starts_with(&format!("<alice> {said} "))));
        alice.line();
        said += 1;
        if said == 20 {
            // It reads, if little.
            drip.0.get_mut().read_exact(&mut [0]).unwrap();
        }
    }
    assert_eq!(seen.len(), said + dropped.len());
    drop(deaf);
}

#[test]
fn every_framing_has_the_same_room() {
    for framing in ["u32be", "ascii10", "lines"] {
        let room = Served::start(&["chat=127.0.0.1:0", "--data", ":memory:", "--framing", framing]);
        let join = |nick: &str| {
            let mut stream = patient(TcpStream::connect(room.addr()).unwrap());
            assert_eq!(unpack(framing, &mut stream).as_deref(), Some("Nick?"));
            stream.write_all(&pack(framing, nick.as_bytes())).unwrap();
            while !unpack(framing, &mut stream).unwrap().starts_with("* You are ") {}
            stream
        };
        let (mut alice, mut bob) = (join("alice"), join("bob"));
        assert_eq!(unpack(framing, &mut alice).as_deref(), Some("* bob joined"));
        bob.write_all(&[pack(framing, "один".as_bytes()), pack(framing, b"two")].concat()).unwrap();
        assert_eq!(unpack(framing, &mut alice).as_deref(), Some("<bob> один"));
        assert_eq!(unpack(framing, &mut alice).as_deref(), Some("<bob> two"));
    }
}

#[test]
fn a_browser_and_a_tls_client_are_told_where_they_are() {
    let room = Room::open(&[]);
    for hello in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"POST / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    ] {
        let heard = String::from_utf8(answer_to(room.server.connect(), hello)).unwrap();
        let lines: Vec<&str> = heard.lines().collect();
        assert_eq!(lines.len(), 2, "{heard}");
        assert!(lines[1].starts_with("* This is a chat"), "{heard}");
    }
}

#[test]
fn a_thousand_come_and_go_at_once_and_each_is_told_of_once() {
    const CROWD: usize = 500;
    let room = Room::open(&[]);
    let mut watcher = room.member("watcher");
    let mut crowd: Vec<TcpStream> = (0..CROWD).map(|_| room.server.connect()).collect();
    for (number, stream) in crowd.iter_mut().enumerate() {
        stream.write_all(format!("crowd{number}\n").as_bytes()).unwrap();
    }
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    while joined.len() < CROWD {
        joined.extend(watcher.line().unwrap().strip_suffix(" joined").map(str::to_owned));
    }
    drop(crowd);
    while left.len() < CROWD {
        left.extend(watcher.line().unwrap().split_once(" left").map(|(who, _)| who.to_owned()));
    }
    for names in [&mut joined, &mut left] {
        names.sort();
        names.dedup();
        assert_eq!(names.len(), CROWD);
    }
}

#[test]
fn a_server_that_stops_tells_the_members_and_does_not_wait_for_them() {
    let room = Room::open(&[]);
    let mut alice = room.member("alice");
    let addr: SocketAddr = room.server.addr();
    let ended = room.server.stop();
    alice.hears("* The server is stopping.");
    alice.hears_nothing_more();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(TcpStream::connect_timeout(&addr, Duration::from_secs(1)).is_err());
}

#[test]
fn the_admins_door_is_its_owners_alone_and_goes_with_the_server() {
    let room = Room::open(&[]);
    let mode = std::fs::metadata(&room.admin).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    room.admin();
    assert_eq!(room.server.stop().status.code(), Some(0));
    assert!(!room.admin.exists());
}

#[test]
fn the_admin_stops_the_server() {
    let room = Room::open(&[]);
    room.admin().says("/stop");
    assert_eq!(room.server.wait().status.code(), Some(0));
}

#[test]
fn whoever_was_behind_for_a_while_gets_the_rest_without_anybody_speaking() {
    let room = Room::open(&["--no-flood-guard"]);
    let (mut late, mut alice) = (room.member("late"), room.member("alice"));
    socket2::SockRef::from(late.0.get_ref()).set_recv_buffer_size(16 * 1024).unwrap();
    let line = "x".repeat(4000);
    // More than the systems on the way take, and less than somebody may be behind.
    for number in 0..90 {
        alice.says(&format!("{number} {line}"));
        alice.hears_until(|line| line.starts_with(&format!("<alice> {number} ")));
    }
    let heard = late.hears_until(|line| line.starts_with("<alice> 89 "));
    assert_eq!(heard.len(), 91);
}

#[test]
fn strangers_are_told_where_they_are_in_every_framing_and_however_they_are_cut() {
    for framing in FRAMINGS {
        let room = Served::start(&["chat=127.0.0.1:0", "--data", ":memory:", "--framing", framing]);
        for hello in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"] {
            let mut stream = room.connect();
            stream.set_nodelay(true).unwrap();
            assert_eq!(unpack(framing, &mut stream).as_deref(), Some("Nick?"));
            stream.write_all(&hello[..1]).unwrap();
            stream.write_all(&hello[1..]).unwrap();
            let told = unpack(framing, &mut stream).unwrap();
            assert!(told.starts_with("* This is a chat"), "{framing}: {told}");
            assert_eq!(unpack(framing, &mut stream), None, "{framing}");
        }
    }
}
