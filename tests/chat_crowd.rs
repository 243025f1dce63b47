//! The room full of people, through the real binary: one order for all whatever many say at once, one owner of a nick
//! whatever many claim it, and those who do not read delay nobody and cost what they may.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/room.rs"]
mod room;
mod support;

use std::io::Read;
use std::net::TcpStream;
use std::sync::Barrier;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use room::{Person, Room};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{HalfClose, eventually, reset};

// ---- one order ----

#[test]
fn everybody_sees_one_order_and_every_line_once_whatever_many_say_at_once() {
    const TALKERS: usize = 12;
    const EACH: usize = 100;
    let room = Room::open(&["--no-flood-guard", "--workers", "2"]);
    let mut members: Vec<_> = (0..TALKERS).map(|nth| room.member(&format!("m{nth}"))).collect();
    let mut admin = room.admin();
    admin.says("begin");
    let seen: Vec<Vec<String>> = thread::scope(|scope| {
        let talk = |nth: usize| format!("line {nth} of");
        let members = members.iter_mut().map(|member| {
            scope.spawn(move || {
                member.hears_until(|line| line == "<admin> begin");
                (0..EACH).for_each(|nth| member.says(&talk(nth)));
                (0..(TALKERS + 1) * EACH).map(|_| member.line().unwrap()).collect()
            })
        });
        let members: Vec<_> = members.collect();
        admin.hears_until(|line| line == "<admin> begin");
        (0..EACH).for_each(|nth| admin.says(&talk(nth)));
        let heard = (0..(TALKERS + 1) * EACH).map(|_| admin.line().unwrap()).collect();
        members.into_iter().map(|member| member.join().unwrap()).chain([heard]).collect()
    });
    for one in &seen {
        assert_eq!(*one, seen[0]);
    }
    for nick in (0..TALKERS).map(|nth| format!("m{nth}")).chain(["admin".to_owned()]) {
        let said: Vec<_> = seen[0].iter().filter_map(|line| line.strip_prefix(&format!("<{nick}> "))).collect();
        assert_eq!(said, (0..EACH).map(|nth| format!("line {nth} of")).collect::<Vec<_>>(), "{nick}");
    }
}

#[test]
fn a_line_is_seen_by_all_or_its_author_is_told_that_nobody_saw_it() {
    let room = Room::open(&[]);
    let (mut admin, mut bob, mut alice) = (room.admin(), room.member("bob"), room.member("alice"));
    let mut said = 60;
    alice.sends((0..said).map(|nth| format!("{nth}\n")).collect::<String>().as_bytes());
    let mut heard = alice.hears_until(|line| line.contains("Nobody sees what you send until you pause."));
    // She tries again now and then, as a person does, until she is heard.
    while !heard.iter().any(|line| line.starts_with("* You are heard again")) {
        thread::sleep(Duration::from_millis(50));
        alice.says(&said.to_string());
        said += 1;
        admin.says("go on");
        heard.extend(alice.hears_until(|line| line == "<admin> go on"));
    }
    alice.says("end");
    heard.extend(alice.hears_until(|line| line == "<alice> end"));
    let dropped = heard.iter().find_map(|line| line.strip_prefix("* You are heard again; lines that nobody saw: "));
    let dropped: usize = dropped.unwrap().trim_end_matches('.').parse().unwrap();
    let hers = |heard: Vec<String>| heard.into_iter().filter(|line| line.starts_with("<alice> ")).collect::<Vec<_>>();
    let heard = hers(heard);
    assert_eq!(heard.len() + dropped, said + 1, "{heard:?}");
    for seen in [bob.hears_until(|line| line == "<alice> end"), admin.hears_until(|line| line == "<alice> end")] {
        assert_eq!(hers(seen), heard);
    }
}

// ---- one owner ----

#[test]
fn a_nick_that_two_hundred_claim_at_once_has_one_owner() {
    const CLAIMS: usize = 200;
    // All of them look the same to somebody.
    const ALICE: [&str; 8] = ["alice", "ALICE", "Alice", "аlice", "ａlice", "аlісе", "a1ice", "aIice"];
    let room = Room::open(&["--workers", "2"]);
    let mut visitors: Vec<_> = (0..CLAIMS).map(|_| room.visitor()).collect();
    let all_together = Barrier::new(8);
    let mut answers: Vec<String> = thread::scope(|scope| {
        let claim = |some: &mut [Person<TcpStream>]| {
            all_together.wait();
            some.iter_mut().zip(ALICE.iter().cycle()).for_each(|(visitor, nick)| visitor.says(nick));
            some.iter_mut().map(|visitor| visitor.line().unwrap()).collect::<Vec<_>>()
        };
        let claims: Vec<_> = visitors.chunks_mut(CLAIMS / 8).map(|some| scope.spawn(move || claim(some))).collect();
        claims.into_iter().flat_map(|claim| claim.join().unwrap()).collect()
    });
    let owner = answers.iter().position(|line| line.starts_with("* You are ")).unwrap();
    answers.remove(owner);
    let refusal = "* Sorry, that nick is taken, or looks like one that is.";
    assert_eq!(answers.iter().find(|line| *line != refusal), None);
    // The same among those who have a nick already.
    let owner = visitors.remove(owner);
    let mut losers = visitors;
    for (nth, loser) in losers.iter_mut().enumerate() {
        loser.hears("Nick?");
        loser.says(&format!("n{nth}"));
    }
    let mut admin = room.admin();
    losers.iter_mut().zip(ALICE.iter().cycle()).for_each(|(loser, nick)| loser.says(&format!("/nick {nick}")));
    for loser in &mut losers {
        loser.hears_until(|line| line == refusal);
    }
    drop(owner);
    admin.hears_until(|line| ALICE.iter().any(|nick| line.starts_with(&format!("* {nick} left"))));
    losers.iter_mut().zip(ALICE.iter().cycle()).for_each(|(loser, nick)| loser.says(&format!("/nick {nick}")));
    // Each claim has its answer before anybody leaves again.
    let mut owners = 0;
    for (nth, loser) in losers.iter_mut().enumerate() {
        let theirs = format!("* n{nth} is now ");
        let answer = loser.hears_until(|line| line == refusal || line.starts_with(&theirs)).pop().unwrap();
        owners += usize::from(answer != refusal);
    }
    assert_eq!(owners, 1);
}

// ---- a thousand ----

#[test]
fn a_thousand_come_and_go_at_once_and_each_is_told_of_once() {
    const CROWD: usize = 1000;
    const THREADS: usize = 8;
    raise_descriptors();
    let room = Room::open(&["--workers", "2"]);
    let descriptors = room.server.descriptors();
    let mut watcher = room.member("watcher");
    let mut crowd: Vec<_> = (0..CROWD).map(|_| room.visitor()).collect();
    let all_together = Barrier::new(THREADS);
    thread::scope(|scope| {
        for (part, some) in crowd.chunks_mut(CROWD / THREADS).enumerate() {
            let all_together = &all_together;
            scope.spawn(move || {
                all_together.wait();
                some.iter_mut().enumerate().for_each(|(nth, one)| one.says(&format!("c{part}-{nth}")));
            });
        }
    });
    let joined: Vec<String> = (0..CROWD).map(|_| watcher.line().unwrap()).collect();
    watcher.says("welcome");
    // Everybody sees all who came after them, in the one order.
    thread::scope(|scope| {
        for some in crowd.chunks_mut(CROWD / THREADS) {
            let joined = &joined;
            scope.spawn(move || {
                for one in some {
                    assert!(one.line().unwrap().starts_with("* You are c"));
                    let mut seen = one.hears_until(|line| line == "<watcher> welcome");
                    seen.pop();
                    assert!(joined.ends_with(&seen), "{seen:?}");
                }
            });
        }
    });
    watcher.hears("<watcher> welcome");
    // Some say goodbye, some just go, and some are torn away.
    let mut going = Vec::new();
    for (nth, mut one) in crowd.into_iter().enumerate() {
        match nth % 3 {
            0 => one.says("/quit"),
            1 => one.socket().half_close(),
            _ => {
                reset(one.into_socket());
                continue;
            }
        }
        going.push(one);
    }
    let left: Vec<String> = (0..CROWD).map(|_| watcher.line().unwrap()).collect();
    let name = |line: &String, ends: &[&str]| {
        let end = ends.iter().find_map(|end| line.strip_prefix("* ")?.strip_suffix(end));
        end.unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    let mut came: Vec<String> = joined.iter().map(|line| name(line, &[" joined"])).collect();
    let mut went: Vec<String> = left.iter().map(|line| name(line, &[" left", " left (connection reset)"])).collect();
    came.sort();
    went.sort();
    came.dedup();
    assert_eq!(came.len(), CROWD);
    assert_eq!(came, went);
    drop(going);
    watcher.says("/quit");
    watcher.hears_nothing_more();
    eventually("all descriptors are back", || room.server.descriptors() <= descriptors);
}

/// Room for both ends of many, where the system starts a program with little.
fn raise_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
}

// ---- those who do not read ----

/// What may wait for a member: what is behind, what one write holds and room that its buffer may have grown beyond.
const MOST_WAITING: usize = (256 + 2 * 64) * 1024;

#[test]
fn one_who_does_not_read_and_one_who_reads_a_byte_a_second_delay_nobody_and_are_dropped() {
    let room = Room::open(&["--no-flood-guard", "--workers", "2"]);
    delays_nobody(&room, vec![room.narrow_member("deaf")]);
}

#[test]
fn a_hundred_who_do_not_read_delay_nobody_and_are_dropped() {
    let room = Room::open(&["--no-flood-guard", "--workers", "2"]);
    let deaf = (0..100).map(|nth| room.narrow_member(&format!("deaf{nth}"))).collect();
    delays_nobody(&room, deaf);
}

/// Everybody else goes on talking and gets everything; the room is told once of each who is dropped, and each of them
/// was brought a part without a gap.
fn delays_nobody(room: &Room, mut deaf: Vec<Person<TcpStream>>) {
    let drip = room.narrow_member("drip");
    let (stop, drip) = reads_a_byte_a_second(drip);
    let mut here = [room.member("alice"), room.member("bob"), room.member("carol")];
    let mut admin = room.admin();
    admin.says("begin");
    for person in &mut here {
        person.hears_until(|line| line == "<admin> begin");
    }
    admin.hears_until(|line| line == "<admin> begin");
    let filler = "x".repeat(4000);
    let (mut order, mut dropped): (Vec<String>, usize) = (Vec::new(), 0);
    for said in 0.. {
        assert!(said * filler.len() < 4 * MOST_WAITING, "{dropped} were dropped of {}", deaf.len() + 1);
        if dropped > deaf.len() {
            break;
        }
        let author = &mut here[said % 2];
        author.says(&format!("{said} {filler}"));
        let is_it = |line: &str| line.split_once(' ').is_some_and(|(_, text)| text.starts_with(&format!("{said} ")));
        let heard = admin.hears_until(is_it);
        for person in &mut here {
            assert!(person.hears_until(is_it) == heard, "not the order of the admin");
        }
        dropped += heard.iter().filter(|line| line.ends_with(" left (too slow)")).count();
        order.extend(heard);
    }
    let mut gone: Vec<_> = order.iter().filter(|line| line.starts_with("* ")).collect();
    gone.sort();
    gone.dedup();
    assert_eq!(gone.len(), dropped, "{gone:?}");
    for one in deaf.drain(..) {
        let (seen, _cut) = one.rest();
        let from = seen.iter().position(|line| line == "<admin> begin").unwrap();
        assert!(order.starts_with(&seen[from + 1..]), "not what all have seen");
    }
    drop(stop);
    drip.join().unwrap();
}

/// Until what is given back is dropped.
fn reads_a_byte_a_second(person: Person<TcpStream>) -> (Sender<()>, thread::JoinHandle<()>) {
    let (stop, stopped) = channel::<()>();
    let drip = thread::spawn(move || {
        let mut stream = person.into_socket();
        while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            // It may have been dropped, with a reset.
            let _ = stream.read(&mut [0]);
        }
    });
    (stop, drip)
}

#[test]
fn what_waits_for_two_hundred_who_do_not_read_is_bounded() {
    const DEAF: usize = 200;
    const ALONE: usize = 20;
    /// For everybody else: threads, the store and the runtime's own.
    const CONSTANT: usize = 16 * 1024 * 1024;
    let room = Room::open(&["--no-flood-guard", "--workers", "2"]);
    let before = room.server.peak_memory();
    let nicks = (0..DEAF).map(|nth| format!("deaf{nth}"));
    let deaf: Vec<_> = nicks.map(|nick| (room.narrow_member(&nick), nick)).collect();
    let mut alice = room.member("alice");
    let filler = "x".repeat(4000);
    let mut dropped = 0;
    for round in 0.. {
        assert!(round * filler.len() < 4 * MOST_WAITING, "{dropped} were dropped of {DEAF}");
        if dropped == DEAF {
            break;
        }
        alice.says(&filler);
        // What is said to each alone is shared with nobody.
        deaf[..ALONE].iter().for_each(|(_, nick)| alice.says(&format!("/msg {nick} {filler}")));
        let mut answered = 0;
        while answered <= ALONE {
            let line = alice.line().unwrap();
            dropped += usize::from(line.ends_with(" left (too slow)"));
            answered += usize::from(!line.starts_with("* ") || line.starts_with("* Nobody here"));
        }
    }
    let grown = room.server.peak_memory() - before;
    assert!(grown <= (DEAF * MOST_WAITING + CONSTANT) as u64, "{grown} bytes");
}

#[test]
fn one_whose_lines_are_too_old_is_dropped_however_few_they_are() {
    let room = Room::open(&["--no-flood-guard"]);
    let mut bob = room.member("bob");
    let mut deaf = room.narrow_member("deaf");
    bob.hears("* deaf joined");
    // More than its own system takes, and less than it may be behind by bytes.
    deaf.sends("/help\n".repeat(1500).as_bytes());
    bob.hears("* deaf left (too slow)");
}
