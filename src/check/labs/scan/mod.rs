//! Scan: which of our ports are open. We are the host that is looked at, in a range that is told where the program asks
//! for one, and learned where it does not.

/// The ports that are to be found.
mod doors;
/// Words and numbers that are no range and no host.
mod nonsense;
/// Which ports it calls open.
mod reading;
/// A scan from its start to its end.
mod run;

use std::time::Duration;

use self::doors::{Doors, Manner};
use self::run::{End, Run, Setup, list};
use crate::check::actor;
use crate::check::case::{Lab, Part, Played, Role, Row, START};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::stage::{HOST, Stage};
use crate::check::workplace::Told;
use crate::subject::Ended;

pub(crate) const LAB: Lab = Lab {
    name: "scan",
    role: Role::Scanner,
    summary: "a port scanner that says which TCP ports of a host are open",
    sheet: "sheet P2, task 4; sheet R, the port scanner",
    parts: &[
        Part { prefix: START, rows: &[RUNS] },
        Part { prefix: "scan", rows: FINDS },
        Part { prefix: "scan", rows: HARDSHIP },
        Part { prefix: "scan", rows: EXTRAS },
    ],
    answers: |_| Vec::new(),
};

const RUNS: Row =
    Row { title: "the program starts, and asks, scans, or has scanned a moment later", play: runs, ..start::RUNS_ROW };

/// What a scanner is for.
const FINDS: &[Row] = &[
    Row {
        name: "open",
        level: Level::Must,
        needs: &[],
        title: "five open ports among sixty are all found",
        why: "that is what a scanner is for",
        bug: "it stops at the first one, or a closed port ends the loop",
        fix: "catch the error of each connect() by itself, or use connect_ex(), and go on with the next port",
        play: |stage| {
            let setup = Setup::with(stage, 60, &[(5, Manner::Greets)]);
            let run = Run::play(stage, &setup)?;
            run.is_over(stage)?;
            run.finds(stage, &run.doors.open_ports())?;
            Ok(Some(format!("{} of ports {} to {}", list(&run.found()), run.first, run.last)))
        },
    },
    Row {
        name: "no-false",
        level: Level::Must,
        needs: &[],
        title: "no closed port is called open",
        why: "somebody will look for a service that is not there",
        bug: "connect_ex() returns 0 for success, and `if result:` takes it the other way round; or each port is printed",
        fix: "a port is open when connect() raises nothing, or connect_ex() returns 0",
        play: |stage| {
            let setup = Setup::with(stage, 60, &[(4, Manner::Greets)]);
            let run = Run::play(stage, &setup)?;
            finds_something(&run, stage)?;
            run.invents_nothing(stage).map(|()| None)
        },
    },
    Row {
        name: "edges",
        level: Level::Must,
        needs: &["open"],
        title: "the first and the last port of the range are asked too",
        why: "who types 1 to 1024 means 1024 as well",
        bug: "range(first, last) ends before last",
        fix: "range(first, last + 1)",
        play: edges,
    },
    Row {
        name: "order",
        level: Level::Must,
        needs: &["open", "no-false"],
        title: "open ports are told in ascending order, whichever of them answers first",
        why: "a list is read by people, who look for a number in its place",
        bug: "each thread prints what it found when it found it",
        fix: "collect the open ports, wait for all threads, and print sorted(found)",
        play: order,
    },
];

/// What networks do to scanners.
const HARDSHIP: &[Row] = &[
    Row {
        name: "filtered",
        level: Level::Should,
        needs: &["open", "no-false"],
        title: "three ports that answer nothing at all do not hold it up, and are not called open",
        why: "firewalls drop what they do not like, and connect() then waits for two minutes",
        bug: "no timeout is set",
        fix: "sock.settimeout(1) before connect()",
        play: |stage| {
            let setup = Setup::with(stage, 40, &[(3, Manner::Greets), (3, Manner::Deaf)]);
            let run = Run::play(stage, &setup)?;
            run.is_over(stage)?;
            run.finds(stage, &run.doors.open_ports())?;
            run.invents_nothing(stage)?;
            Ok(Some(format!("over after {:.1} s", run.took.as_secs_f64())))
        },
    },
    Row {
        name: "parallel",
        level: Level::Should,
        needs: &["filtered"],
        title: "twenty ports that answer nothing take far less than twenty times the patience for one",
        why: "a host behind a firewall has 65535 of them",
        bug: "one port is asked after the other, or each thread is joined before the next one starts",
        fix: "ask many at once: a ThreadPoolExecutor, asyncio with a semaphore, or select()",
        play: parallel,
    },
    Row {
        name: "accept-drop",
        level: Level::Should,
        needs: &["open"],
        title: "ports that accept and then say nothing, close, or reset are open",
        why: "an open port is one that accepts; what comes then is up to the service",
        bug: "it waits for a greeting, and takes its absence or a reset for a closed port",
        fix: "decide by connect() alone; reading a banner comes after, with a timeout, and changes nothing",
        play: |stage| {
            let wanted = [(1, Manner::Silent), (2, Manner::Ends), (2, Manner::Resets)];
            let setup = Setup::with(stage, 60, &wanted);
            let run = Run::play(stage, &setup)?;
            run.is_over(stage)?;
            run.finds(stage, &run.doors.open_ports()).map(|()| None)
        },
    },
    Row {
        name: "bad-host",
        level: Level::Must,
        needs: &["open"],
        title: "a host name that does not exist is answered by a message",
        why: "people mistype names",
        bug: "socket.gaierror is not caught; or every port of nobody is called closed",
        fix: "resolve the name once, before the first port, and say so where that fails",
        play: nonsense::bad_host,
    },
    Row {
        name: "bad-range",
        level: Level::Must,
        needs: &["open"],
        title: "the ranges 100 to 50, from 0, to 65536 and `abc` end in a message and not in a traceback",
        why: "people mistype numbers",
        bug: "int() is not guarded, a range that runs backwards is silently empty, connect() raises OverflowError",
        fix: "look whether 1 <= first <= last <= 65535 before the first connect(), and ask again or say why not",
        play: nonsense::bad_range,
    },
    Row {
        name: "limits",
        level: Level::Should,
        needs: &["open", "no-false"],
        title: "with at most 256 open files, all 280 open ports of 400 are found",
        why: "systems limit open files, often to 256 or 1024, and a range has up to 65535 ports",
        bug: "sockets are not closed, or all are opened at once; what then fails is taken for a closed port",
        fix: "close each socket (`with socket.socket() as s:`), and have a bounded number of them at once",
        play: limits,
    },
    Row {
        name: "polite",
        level: Level::Should,
        needs: &["open"],
        title: "each port is asked at most twice, and no connection is left open",
        why: "who asks again and again, or never hangs up, is an attack to the other side",
        bug: "each thread walks over the whole range; or sockets are never closed",
        fix: "give each port to one worker, and close its socket when the answer is there",
        play: polite,
    },
];

const EXTRAS: &[Row] = &[
    Row {
        name: "no-tty",
        level: Level::Extra,
        needs: &["open"],
        title: "where its output is no terminal, it prints no control codes",
        why: "results are put into files and other programs",
        bug: "colours and a progress bar go wherever the output goes",
        fix: "only where sys.stdout.isatty(); and a progress bar to stderr",
        play: no_tty,
    },
    Row {
        name: "prints-host-name",
        level: Level::Extra,
        needs: &["open"],
        title: "`localhost` is as good as 127.0.0.1",
        why: "people know names",
        bug: "only an address is accepted",
        fix: "socket.gethostbyname(), or give the name to connect()",
        play: |stage| elsewhere(stage, "localhost", "127.0.0.1"),
    },
    Row {
        name: "ipv6",
        level: Level::Extra,
        needs: &["open"],
        title: "open ports of ::1 are found",
        why: "many hosts have no other address",
        bug: "the socket is made for AF_INET",
        fix: "socket.create_connection((host, port), timeout), or getaddrinfo()",
        play: |stage| elsewhere(stage, "::1", "::1"),
    },
];

fn runs(stage: &mut Stage) -> Played {
    let first = run::stretch(stage, 20)?;
    run::start(stage, &Told::range(HOST, &first.to_string(), &(first + 19).to_string()))?;
    match run::watch(stage, None, SETTLING)? {
        Some(End::Ended(ended)) if ended != Ended::Exit(0) => {
            let got = format!("it ended: {}", actor::how(ended));
            Err(stage.program()?.fault(Transport::Died, "it scans, and ends with status 0", got))
        }
        _ => Ok(None),
    }
}

/// What says nothing at all is right about nothing.
fn finds_something(run: &Run, stage: &mut Stage) -> Result<(), Miss> {
    run.is_over(stage)?;
    if run.found().is_empty() { run.finds(stage, &run.doors.open_ports()) } else { Ok(()) }
}

fn edges(stage: &mut Stage) -> Played {
    let width = 40;
    let setup = Setup::with(stage, width, &[(2, Manner::Greets)]).and(0, Manner::Greets).and(width - 1, Manner::Greets);
    let run = Run::play(stage, &setup)?;
    finds_something(&run, stage)?;
    if run::takes_a_range(stage) {
        return run.finds(stage, &[run.first, run.last]).map(|()| None);
    }
    drop(run);
    let doors = Doors::open_some(run::ours(stage), [1, 2, 1023, 1024, 65534, 65535].into_iter());
    run::start(stage, &Told::range(HOST, "1", "65535"))?;
    let run = Run::through(stage, (1, u16::MAX), doors)?;
    run.is_over(stage)?;
    let visited = run.doors.visited();
    let is_there = |port| run.doors.all().iter().any(|door| door.port == port);
    if visited.contains(&65534) && !visited.contains(&65535) && is_there(65535) {
        let (want, got) = ("port 65535 asked as well", "its range ends with 65534");
        return Err(run.fault(stage, Transport::Answered, (want, got)));
    }
    Ok(Some("it takes no range, so that there was none to tell".to_owned()))
}

fn order(stage: &mut Stage) -> Played {
    let late = 1 + stage.dice.below(6) as u16;
    let mut setup = Setup::with(stage, 60, &[(4, Manner::Greets)]);
    setup.doors.retain(|(place, _)| (8..50).contains(place));
    let setup = setup.and(late, Manner::Late).and(55, Manner::Greets).and(58, Manner::Greets);
    let run = Run::play(stage, &setup)?;
    finds_something(&run, stage)?;
    if is_in_order(&run.called) {
        return Ok(None);
    }
    let got = format!("{}, in this order", list(&run.called));
    Err(run.fault(stage, Transport::Answered, (&format!("{}, in this order", list(&run.found())), &got)))
}

/// Told once in order; or all of them in order at the end, whatever was said on the way.
fn is_in_order(called: &[u16]) -> bool {
    let mut first_told: Vec<u16> = Vec::new();
    for port in called {
        if !first_told.contains(port) {
            first_told.push(*port);
        }
    }
    let at_the_end = &called[called.len() - first_told.len()..];
    first_told.is_sorted() || at_the_end.is_sorted_by(|a, b| a < b)
}

fn parallel(stage: &mut Stage) -> Played {
    let base = timed(stage, 0)?.took;
    let patience = timed(stage, 1)?.took.saturating_sub(base);
    // As long as six would take one after the other, and a second for whatever the machine does.
    let enough = base + patience * 6 + Duration::from_secs(1);
    let setup = Setup::with(stage, 40, &[(1, Manner::Greets), (20, Manner::Deaf)]).within(enough);
    let many = Run::play(stage, &setup)?;
    let (one, all) = (patience.as_secs_f64(), many.took.as_secs_f64());
    if many.end.is_none() {
        let want = format!("it is over within {:.1} s: one such port takes it {one:.1} s", enough.as_secs_f64());
        let got = format!("it goes on after {all:.1} s");
        return Err(many.fault(stage, Transport::Timeout, (&want, &got)));
    }
    many.finds(stage, &many.doors.open_ports())?;
    Ok(Some(format!("one of them takes {one:.1} s, and all of it took {all:.1} s")))
}

/// A scan that is over, with so many ports that answer nothing.
fn timed(stage: &mut Stage, deaf: usize) -> Result<Run, Miss> {
    let setup = Setup::with(stage, 40, &[(1, Manner::Greets), (deaf, Manner::Deaf)]);
    let run = Run::play(stage, &setup)?;
    run.is_over(stage)?;
    Ok(run)
}

fn limits(stage: &mut Stage) -> Played {
    stage.limits.descriptors = 256;
    let setup = Setup::with(stage, 400, &[(280, Manner::Greets)]);
    let run = Run::play(stage, &setup)?;
    run.is_over(stage)?;
    run.finds(stage, &run.doors.open_ports())?;
    run.invents_nothing(stage).map(|()| None)
}

fn polite(stage: &mut Stage) -> Played {
    let setup = Setup::with(stage, 60, &[(6, Manner::Greets)]);
    let mut run = Run::play(stage, &setup)?;
    finds_something(&run, stage)?;
    run.doors.attend();
    if let Some(door) = run.doors.all().iter().max_by_key(|door| door.came).filter(|door| door.came > 2) {
        let (port, came) = (door.port, door.came);
        let got = format!("{came} connections to port {port}");
        return Err(run.fault(stage, Transport::Answered, ("at most 2 connections to each port", &got)));
    }
    let scene = stage.scene.clone();
    let closed = crate::check::scene::until(scene.wait(HANGING_UP), || (run.doors.still_open() == 0).then_some(()));
    if closed.is_some() {
        return Ok(None);
    }
    let got = format!("{} of its connections are open 1 s after it was over", run.doors.still_open());
    Err(run.fault(stage, Transport::Answered, ("all its connections ended", &got)))
}

fn no_tty(stage: &mut Stage) -> Played {
    stage.wrapper = ["sh", "-c", "\"$@\" | cat", "sh"].map(Into::into).to_vec();
    let setup = Setup::with(stage, 40, &[(3, Manner::Greets)]);
    let run = Run::play(stage, &setup)?;
    finds_something(&run, stage)?;
    let output = stage.program()?.output();
    match output.find(|c: char| c.is_control() && !matches!(c, '\n' | '\t')) {
        None => run.finds(stage, &run.doors.open_ports()).map(|()| None),
        Some(at) => {
            let got = format!("a control code at byte {at} of what it printed");
            Err(run.fault(stage, Transport::Answered, ("plain text where its output is a pipe", &got)))
        }
    }
}

/// The same at another address of this machine.
fn elsewhere(stage: &mut Stage, host: &str, address: &str) -> Played {
    let at = address.parse().map_err(|_| Miss::Unjudged(format!("{address} is no address")))?;
    let (first, places) = (run::stretch(stage, 40)?, [3, 17, 38]);
    let ports: Vec<_> = places.iter().map(|place| (first + place, Manner::Greets)).collect();
    let doors = Doors::open(at, &ports)?;
    run::start(stage, &Told::range(host, &first.to_string(), &(first + 39).to_string()))?;
    let run = Run::through(stage, (first, first + 39), doors)?;
    if !run::takes_a_host(stage) {
        return Err(Miss::skip("it takes no host"));
    }
    run.is_over(stage)?;
    run.finds(stage, &run.doors.open_ports()).map(|()| None)
}

/// Who has not failed by then is past its imports.
const SETTLING: Duration = Duration::from_millis(1500);
const HANGING_UP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_right_as_it_is_found_or_in_the_end() {
        for (called, right) in [
            (&[1, 2, 3][..], true),
            (&[1, 1, 2, 3], true),
            (&[2, 1, 3, 1, 2, 3], true),
            (&[1, 2, 3, 1, 2, 3], true),
            (&[2, 1, 3], false),
            (&[1, 2, 3, 3, 1, 2], true),
            (&[3, 1, 2, 3, 2, 1], false),
            (&[], true),
        ] {
            assert_eq!(is_in_order(called), right, "{called:?}");
        }
    }
}
