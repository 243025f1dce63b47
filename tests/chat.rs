//! The room through the real binary: everybody sees the same in one order, nobody's slowness or bytes are anybody
//! else's trouble, and who may not come in does not, also after a crash.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/room.rs"]
mod room;
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use room::{Room, text};
use rustix::process::Signal;
use support::eventually;
use support::frames::{FRAMINGS, pack};

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
fn a_line_is_one_message_however_it_is_cut() {
    let room = Room::speaking("lines", &[]);
    let (mut bob, mut alice) = (room.member("bob"), room.member("alice"));
    bob.hears("* alice joined");
    alice.socket().set_nodelay(true).unwrap();
    for piece in [&b"hel"[..], b"lo\nca", b"f\xc3", b"\xa9\r", b"\nend\n"] {
        alice.sends(piece);
    }
    for line in ["<alice> hello", "<alice> caf\u{e9}", "<alice> end"] {
        bob.hears(line);
    }
}

/// Pieces of what somebody sends who wants to be taken for others, or to reach into their terminals.
const HOSTILE: [&[u8]; 26] = [
    b"<bob> I said that",
    b"* bob left",
    b"* The server is stopping.",
    b"[12:00:00] <bob> in the past",
    b"\r<bob> over it\r",
    b"\r\n",
    b"\n",
    b"\0",
    b"\x1b[2J\x1b[H",
    b"\x1b]0;title\x07",
    b"\x08\x08\x08\x7f",
    b"\x0b\x0c\x0e",
    b"\xc2\x9b2J",
    b"\xc2\x85<bob> next line",
    b"\xe2\x80\xa8<bob> line separator",
    b"\xe2\x80\xa9",
    b"\xe2\x80\xae<bob>",
    b"\xe2\x81\xa6\xe2\x80\x8f",
    b"\xe2\x80",
    b"\xf0\x9f",
    b"\x9b31m\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"/msg bob \x1b[31m",
    b"/nick \x1b]2;x",
    b"  ",
];

#[test]
fn no_bytes_at_all_read_as_anothers_line_or_move_a_cursor() {
    let is_clean = |line: &str| {
        let moves = |c| ('\u{200e}'..='\u{200f}').contains(&c) || ('\u{2028}'..='\u{202e}').contains(&c);
        !line.contains(|c: char| c.is_control() || moves(c) || ('\u{2066}'..='\u{2069}').contains(&c))
    };
    for framing in ["burst", "lines", "u32be"] {
        let room = Room::speaking(framing, &["--no-flood-guard"]);
        let (mut admin, mut bob, mut mallory) = (room.admin(), room.member("bob"), room.member("mallory"));
        bob.hears("* mallory joined");
        admin.hears_until(|line| line == "* mallory joined");
        let mut chance = 7u32;
        for nth in 0..400 {
            let mut message = Vec::new();
            for _ in 0..1 + nth % 4 {
                chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                message.extend(HOSTILE[(chance >> 16) as usize % HOSTILE.len()]);
            }
            mallory.says_bytes(&message);
        }
        mallory.says_bytes(&[b'x'; 65_536]);
        mallory.says_bytes(&b"\x1b".repeat(4_000));
        mallory.says("end");
        let own = mallory.hears_until(|line| line == "<mallory> end");
        assert!(own.iter().all(|line| is_clean(line)), "{own:?}");
        assert_eq!(own.iter().filter(|line| line.starts_with("* Nobody saw that: ")).count(), 2);
        for heard in
            [admin.hears_until(|line| line == "<mallory> end"), bob.hears_until(|line| line == "<mallory> end")]
        {
            assert!(heard.len() > 200, "{framing}: {} lines", heard.len());
            for line in &heard {
                let is_hers = line.starts_with("<mallory> ") || line.starts_with("<mallory to you> ");
                assert!(is_hers && is_clean(line), "{framing}: {line:?}");
            }
        }
        let mut late = room.visitor();
        late.says("late");
        let told = late.hears_until(|line| line.ends_with("] <mallory> end"));
        assert!(told[2..].iter().all(|line| line.split_once("] <mallory> ").is_some()), "{told:?}");
        assert!(told.iter().all(|line| is_clean(line)), "{told:?}");
        assert!(room.server.said().0.lines().all(is_clean));
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
        visitor.rest();
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
    let alice = room.member("alice");
    bob.hears("* alice joined");
    for number in 0..400 {
        let line = format!("flood {number}\n");
        if alice.socket().write_all(line.as_bytes()).is_err() {
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
    noted(&room, "ban");
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
    noted(&room, "unban");
}

/// Nobody waits for the audit log, so it may be behind what was told.
fn noted(room: &Room, act: &str) {
    let log = room.dir.path().join("data/audit.jsonl");
    let act = format!("\"event\":\"{act}\"");
    eventually("it is noted", || std::fs::read_to_string(&log).is_ok_and(|lines| lines.contains(&act)));
}

#[test]
fn bans_that_were_told_right_before_one_kill_after_another_are_all_there() {
    let (mut dir, mut told) = (tempfile::tempdir().unwrap(), 0);
    for nick in ["anna", "bartek", "celina", "dawid", "ewa"] {
        let room = Room::open_in(dir, &[]);
        let mut admin = room.admin();
        admin.says("/bans");
        for known in 0..told.max(1) {
            assert_eq!(admin.line().unwrap() == "* Nobody is banned.", told == 0, "ban {known}");
        }
        admin.says(&format!("/ban {nick}"));
        assert!(admin.line().unwrap().starts_with(&format!("* Banned: {nick}")));
        told += 1;
        room.server.signal(Signal::KILL);
        let Room { server, dir: kept, .. } = room;
        server.wait();
        dir = kept;
    }
    let room = Room::open_in(dir, &[]);
    let mut visitor = room.visitor();
    for nick in ["anna", "BARTEK", "celina", "dawid"] {
        visitor.says(nick);
        assert!(visitor.line().unwrap().starts_with("* Sorry, that nick is banned"));
        visitor.hears("Nick?");
    }
    visitor.says("ewa");
    assert!(visitor.line().unwrap().contains("banned"));
}

#[test]
fn every_framing_has_the_same_room() {
    for framing in FRAMINGS {
        let room = Room::speaking(framing, &[]);
        let (mut admin, mut alice) = (room.admin(), room.member("alice"));
        let (mut bob, mut carol) = (room.member("bob"), room.member("carol"));
        bob.sends(&[pack(framing, "один".as_bytes()), pack(framing, b"two")].concat());
        admin.hears_until(|line| line == "<bob> two");
        admin.says("/kick bob enough");
        bob.hears_until(|line| line == "* You were kicked by admin: enough");
        bob.hears_nothing_more();
        admin.hears_until(|line| line.starts_with("* bob was kicked"));
        carol.says("/quit");
        carol.hears_until(|line| line == "* bob was kicked by admin: enough");
        carol.hears_nothing_more();
        let heard = alice.hears_until(|line| line.starts_with("* carol left"));
        let expected = ["* bob joined", "* carol joined", "<bob> один", "<bob> two"];
        assert_eq!(heard[..4], expected, "{framing}");
        assert_eq!(heard[4..], ["* bob was kicked by admin: enough", "* carol left"], "{framing}");
    }
}

#[test]
fn strangers_are_told_where_they_are_in_every_framing_and_however_they_are_cut() {
    for framing in FRAMINGS {
        let room = Room::speaking(framing, &[]);
        let mut watcher = room.member("watcher");
        for hello in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            b"POST / HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        ] {
            // They wait for an answer, and say nothing more.
            let mut visitor = room.visitor();
            visitor.socket().set_nodelay(true).unwrap();
            visitor.sends(&hello[..1]);
            visitor.sends(&hello[1..]);
            let told = visitor.line().unwrap();
            assert!(told.starts_with("* This is a chat"), "{framing}: {told}");
            visitor.hears_nothing_more();
        }
        watcher.says("nobody came");
        watcher.hears("<watcher> nobody came");
    }
}

#[test]
fn a_server_that_stops_tells_the_members_and_does_not_wait_for_them() {
    let room = Room::open(&[]);
    let mut alice = room.member("alice");
    let addr = room.server.addr();
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
    let (mut late, mut alice) = (room.narrow_member("late"), room.member("alice"));
    let line = "x".repeat(4000);
    // More than the systems on the way take, and less than somebody may be behind.
    for number in 0..75 {
        alice.says(&format!("{number} {line}"));
        alice.hears_until(|line| line.starts_with(&format!("<alice> {number} ")));
    }
    let heard = late.hears_until(|line| line.starts_with("<alice> 74 "));
    assert_eq!(heard.len(), 76);
}
