//! Stays in the room, through the real binary: each has one beginning and one end, which says why, and nothing of it is
//! seen behind that.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/room.rs"]
mod room;
mod support;

use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use room::{Person, Room};
use rustix::process::Signal;
use support::{HalfClose, reset};

type Admin = Person<UnixStream>;
type Member = Person<TcpStream>;

/// How a stay comes to its end, and how the room is told of it. Who is given back stays at the other end until then.
type End = fn(&mut Admin, Member) -> Option<Member>;

const ENDS: [(&str, End, &str); 9] = [
    ("quit", |_, one| after(one, b"/quit\n"), "left"),
    ("quit-with-words", |_, one| after(one, b"/quit good night\n"), "left"),
    ("half-close", |_, one| half_closed(one), "left"),
    ("half-close-within-a-line", |_, one| after(one, b"/qu").and_then(half_closed), "left"),
    ("reset", |_, one| torn(one), "left (connection reset)"),
    ("kick", |admin, one| by(admin, one, "/kick kick that was rude"), "was kicked by admin: that was rude"),
    ("ban", |admin, one| by(admin, one, "/ban ban for 1h noise"), "was banned by admin for 1h: noise"),
    ("flood", |_, one| after(one, &b"x\n".repeat(400)), "left (flooding)"),
    ("too-long", |_, one| after(one, &[b'x'; 65_537]), "left (broken message)"),
];

fn after(mut one: Member, bytes: &[u8]) -> Option<Member> {
    one.sends(bytes);
    Some(one)
}

fn half_closed(one: Member) -> Option<Member> {
    one.socket().half_close();
    Some(one)
}

fn torn(one: Member) -> Option<Member> {
    reset(one.into_socket());
    None
}

fn by(admin: &mut Admin, one: Member, act: &str) -> Option<Member> {
    admin.says(act);
    Some(one)
}

#[test]
fn every_stay_has_one_beginning_and_one_end_with_its_cause() {
    let room = Room::open(&["--workers", "2"]);
    let (mut admin, mut watcher) = (room.admin(), room.member("watcher"));
    admin.hears("* watcher joined");
    for (nick, end, cause) in ENDS {
        let one = room.member(nick);
        let _one = end(&mut admin, one);
        let last = format!("* {nick} {cause}");
        for heard in [admin.hears_until(|line| line == last), watcher.hears_until(|line| line == last)] {
            let about: Vec<_> = heard.iter().filter(|line| !line.starts_with(&format!("<{nick}> "))).collect();
            assert_eq!(about, [&format!("* {nick} joined"), &last]);
        }
    }
    // Nothing comes behind the end of any of them.
    admin.says("that is all");
    admin.hears("<admin> that is all");
    watcher.hears("<admin> that is all");
}

#[test]
fn one_who_is_silent_for_too_long_left_for_that() {
    let room = Room::open(&["--idle-timeout", "300ms"]);
    let mut admin = room.admin();
    let mut one = room.member("one");
    admin.hears("* one joined");
    admin.hears("* one left (timed out)");
    one.hears_nothing_more();
}

#[test]
fn whoever_never_got_a_nick_is_told_to_nobody() {
    let room = Room::open(&[]);
    let mut watcher = room.member("watcher");
    drop(room.visitor());
    reset(room.visitor().into_socket());
    let mut visitor = room.visitor();
    visitor.says("/quit");
    visitor.hears_nothing_more();
    let mut visitor = room.visitor();
    (0..5).for_each(|_| visitor.says("watcher"));
    visitor.hears_until(|line| line.ends_with("That was the last try."));
    visitor.hears_nothing_more();
    room.member("somebody");
    watcher.hears("* somebody joined");
    watcher.hears("* somebody left");
}

#[test]
fn whoever_is_kicked_or_banned_while_all_talk_sees_and_says_nothing_after_it() {
    for (act, told, announced) in [
        ("/kick bob enough", "* You were kicked by admin: enough", "* bob was kicked by admin: enough"),
        ("/ban bob enough", "* You were banned by admin: enough", "* bob was banned by admin: enough"),
    ] {
        let room = Room::open(&["--no-flood-guard", "--workers", "2"]);
        let (mut admin, bob) = (room.admin(), room.member("bob"));
        let mut talkers = [room.member("alice"), room.member("carol")];
        let bobs = bob.socket().try_clone().unwrap();
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for talker in &mut talkers {
                let over = &over;
                scope.spawn(move || {
                    let mut said = 0;
                    while !over.load(Ordering::Relaxed) {
                        talker.says(&format!("line {said}"));
                        talker.hears_until(|line| line.ends_with(&format!(" line {said}")));
                        said += 1;
                    }
                });
            }
            let hears = scope.spawn(move || bob.rest());
            scope.spawn(move || {
                // As long as it is taken; a talker ends too once nobody answers.
                let mut bob = Person::new(bobs, "burst");
                for said in 0..50 {
                    bob.says(&format!("bob {said}"));
                }
            });
            admin.hears_until(|line| line == "<bob> bob 49");
            admin.says(act);
            let before = admin.hears_until(|line| line == announced);
            let (seen, cut) = hears.join().unwrap();
            assert_eq!((seen.last().map(String::as_str), cut.as_str()), (Some(told), ""));
            assert!(!seen.iter().any(|line| line == announced), "{seen:?}");
            // What bob saw last of the others is what they said last before.
            let last = seen.iter().rev().find(|line| line.starts_with("<alice>") || line.starts_with("<carol>"));
            let others = before.iter().rev().find(|line| line.starts_with("<alice>") || line.starts_with("<carol>"));
            assert!(others.is_none() || others == last, "{others:?} {last:?}");
            over.store(true, Ordering::Relaxed);
        });
        admin.says("/who");
        let after = admin.hears_until(|line| line.starts_with("* Here: "));
        assert!(after.iter().all(|line| !line.contains("bob")), "{after:?}");
    }
}

#[test]
fn a_server_that_stops_tells_everybody_once_and_those_who_do_not_read_hold_up_nothing() {
    let room = Room::open(&["--no-flood-guard", "--workers", "2", "--drain", "1s"]);
    let (mut admin, mut visitor) = (room.admin(), room.visitor());
    let deaf = room.narrow_member("deaf");
    let (mut alice, mut bob) = (room.member("alice"), room.member("bob"));
    // More than systems take for the one who does not read, and less than it may be behind.
    let filler = "x".repeat(4000);
    for said in 0..60 {
        alice.says(&format!("{said} {filler}"));
        alice.hears_until(|line| line.starts_with(&format!("<alice> {said} ")));
    }
    room.server.signal(Signal::TERM);
    visitor.hears(STOPPING);
    visitor.hears_nothing_more();
    let everybody = [admin.hears_until(is_last), alice.hears_until(is_last), bob.hears_until(is_last)];
    for heard in everybody {
        assert!(heard.iter().all(|line| !line.contains(" left")), "{heard:?}");
    }
    admin.hears_nothing_more();
    alice.hears_nothing_more();
    bob.hears_nothing_more();
    let ended = room.server.wait();
    // What one did not read was cut when the wait was over.
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(deaf.rest().0.iter().all(|line| line != STOPPING));
}

const STOPPING: &str = "* The server is stopping.";

fn is_last(line: &str) -> bool {
    line == STOPPING
}
