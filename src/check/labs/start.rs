//! Start: what every server has to do before anything can be asked of it. Its rows come first in every lab of servers.

use std::time::Duration;

use rustix::process::Signal;

use crate::check::actor;
use crate::check::case::{Lab, Part, Played, Role, Row, START};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::prompts::without_prompts;
use crate::check::scene::until;
use crate::check::setting::Subject;
use crate::check::stage::Stage;
use crate::subject::Ended;

pub(crate) const LAB: Lab = Lab {
    name: "start",
    role: Role::Server,
    summary: "a server starts, listens where it says, stops when told, and can be started again",
    sheet: "all sheets; sheet R, tasks 1, 3 and 6",
    parts: &[SERVER],
    answers: |_| Vec::new(),
};

/// In every lab of servers.
pub(crate) const SERVER: Part = Part { prefix: START, rows: SERVER_ROWS };

/// In every lab of programs that do not listen.
pub(crate) const RUNS: Part = Part { prefix: START, rows: RUNS_ROWS };

const RUNS_ROWS: &[Row] = &[RUNS_ROW];

pub(crate) const RUNS_ROW: Row = Row {
    name: "runs",
    level: Level::Must,
    needs: &[],
    title: "the program starts, and is still there a moment later",
    why: "a program that does not start cannot be judged by anything else",
    bug: "a syntax error, a module that is not there, a name that was never defined",
    fix: "start it by hand, read the last line of the traceback, and mend the line that it names",
    play: runs,
};

const SERVER_ROWS: &[Row] = &[
    RUNS_ROW,
    Row {
        name: "listens",
        level: Level::Must,
        needs: &["runs"],
        title: "it comes to listen on a TCP port within 10 s",
        why: "clients can only reach a socket that was bound and listens",
        bug: "bind() or listen() is missing, or it waits for an answer to a question that nobody can guess",
        fix: "socket(), bind(), listen(), in this order; ask for nothing that has no default",
        play: listens,
    },
    Row {
        name: "address",
        level: Level::Must,
        needs: &["listens"],
        title: "where it listens can be reached from this machine under 127.0.0.1",
        why: "the sheets' clients connect to 127.0.0.1, or to a name of this machine",
        bug: "it is bound to the address of another machine, or to ::1 only",
        fix: "bind to 127.0.0.1, or to 0.0.0.0 for all interfaces",
        play: address,
    },
    Row {
        name: "port-as-told",
        level: Level::Should,
        needs: &["listens"],
        title: "the port it listens on is the one that it was told and the one that it prints",
        why: "whoever reads the number has to be able to use it",
        bug: "it prints one port and binds another; in C, htons() is forgotten and the bytes of the port change places",
        fix: "print getsockname() of the listening socket; use htons() for the port in C",
        play: port_as_told,
    },
    Row {
        name: "stop-signal",
        level: Level::Should,
        needs: &["listens"],
        title: "Ctrl-C, or SIGTERM after it, ends it within 2 s, also while a client is connected",
        why: "a server is stopped that way by everybody, every time",
        bug: "threads that are no daemons keep it alive, or except: swallows KeyboardInterrupt",
        fix: "make client threads daemons (daemon=True), and do not catch what you do not handle",
        play: stop_signal,
    },
    Row {
        name: "restart",
        level: Level::Should,
        needs: &["listens"],
        title: "killed while a client is connected, it can be started again at once",
        why: "without SO_REUSEADDR the port stays taken for a minute by connections that are over",
        bug: "SO_REUSEADDR is not set before bind()",
        fix: "sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1) before bind()",
        play: restart,
    },
];

fn runs(stage: &mut Stage) -> Played {
    if matches!(stage.setting.subject, Subject::Address(_)) {
        return Err(Miss::skip("somebody else started it"));
    }
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let over = until(scene.wait(SETTLING), || {
        let ended = program.ending();
        if ended.is_none() {
            // A program that comes to listen, or to ask, runs.
            let is_up = !program.listeners().is_empty() || program.awaits_input();
            return is_up.then_some(None);
        }
        Some(ended)
    });
    // Who ends as soon as it listens does not stay.
    scene.breathe(STAYING);
    match over.flatten().or_else(|| program.ending()) {
        None => Ok(None),
        Some(ended) => {
            let got = format!("it ended: {}", actor::how(ended));
            Err(program.fault(Transport::Died, "it runs, and waits for somebody", got))
        }
    }
}

fn listens(stage: &mut Stage) -> Played {
    let address = stage.listening()?;
    // What it says unasked is learned for all cases.
    stage.connect()?;
    let printed = stage.actor().map(actor::Actor::output).unwrap_or_default();
    let says = if printed.contains(&address.port().to_string()) { "" } else { ", which it does not print" };
    Ok(Some(format!("on {address}{says}")))
}

fn address(stage: &mut Stage) -> Played {
    if stage.listening()?.is_ipv4() {
        // Who listens everywhere by IPv6 may have turned IPv4 off, which only a connection shows.
        stage.connect()?;
    }
    let at = stage.listening()?;
    let Some(actor) = stage.actor() else { return Ok(None) };
    if at.is_ipv4() && at.ip().is_loopback() {
        return Ok(None);
    }
    let listeners = actor.listeners();
    let told =
        |at: &std::net::SocketAddr| format!("{at}{}", if at.ip().is_unspecified() { ", by IPv6 only" } else { "" });
    let found: Vec<String> = listeners.iter().map(told).collect();
    Err(actor.fault(Transport::NotReady, "a listener that 127.0.0.1 leads to", found.join(", ")))
}

fn port_as_told(stage: &mut Stage) -> Played {
    let bound = stage.listening()?.port();
    let Some(actor) = stage.actor() else { return Err(Miss::skip("somebody else started it")) };
    let answered = actor.prompter.told_port.as_ref().and_then(|port| port.parse::<u16>().ok());
    let told = stage.command()?.takes_port() || answered.is_some();
    if let Some(port) = answered.filter(|port| *port != bound) {
        return Err(actor.fault(Transport::Answered, format!("port {port}, as it was told"), format!("port {bound}")));
    }
    // Who prints it does so before or behind listen().
    let printing = stage.scene.wait(PRINTING);
    let printed = until(printing, || {
        let said = without_prompts(&actor.output(), &actor.prompter.log);
        let ports = if says_number(&said, bound) { vec![bound] } else { ports_printed(&said) };
        Some(ports).filter(|ports| !ports.is_empty())
    });
    match printed.unwrap_or_default().last() {
        None if !told => Err(Miss::skip("it was told no port, and prints none")),
        None => Ok(Some("it prints no port".to_owned())),
        Some(last) if *last == bound => Ok(None),
        Some(last) => {
            let got = format!("it prints {last}, and listens on {bound}");
            Err(actor.fault(Transport::Answered, "the port that it prints", got))
        }
    }
}

/// Numbers behind a word for port, or behind a colon, as an address has it.
fn ports_printed(text: &str) -> Vec<u16> {
    static PORT: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        regex::Regex::new(
            r"(?i)(?:\bpor(?:t|ci)\w*|порт\w*)[^\d\n]{0,12}(\d{2,5})\b|\d\.\d+:(\d{2,5})\b|', (\d{2,5})\)",
        )
        .expect("it is sound, as its test shows")
    });
    let numbers = PORT.captures_iter(text).filter_map(|found| found.iter().skip(1).flatten().next());
    numbers.filter_map(|number| number.as_str().parse().ok()).collect()
}

/// Whether a number stands there by itself.
fn says_number(text: &str, number: u16) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits == number.to_string())
}

fn stop_signal(stage: &mut Stage) -> Played {
    // Somebody is there, as somebody always is.
    let _wire = stage.connect()?;
    let scene = stage.scene.clone();
    let actor = stage.program()?;
    actor.signal(Signal::INT);
    let mut name = "SIGINT";
    let mut ended = actor.ends_within(STOPPING);
    if ended.is_none() {
        name = "SIGTERM";
        actor.signal(Signal::TERM);
        ended = actor.ends_within(STOPPING);
    }
    // Being interrupted is no mistake, though it may say so in many lines.
    let broke = actor.uncaught().is_some() && !actor.stderr().contains("Interrupt");
    match ended {
        None => Err(actor
            .fault(Transport::Timeout, "it ends within 2 s", "it goes on after SIGINT and SIGTERM")
            .with_did("sent it SIGINT and then SIGTERM")),
        Some(_) if broke => {
            let got = "it ended with a traceback";
            Err(actor.fault(Transport::Died, "it ends without a traceback", got))
        }
        Some(ended) => {
            let freed = until(scene.wait(STOPPING), || actor.listeners().is_empty().then_some(()));
            if freed.is_some() {
                return Ok(Some(format!("by {name}: {}", actor::how(ended))));
            }
            let got = "it ended, and something that it started still listens";
            Err(actor.fault(Transport::Timeout, "its port is free again", got).with_did(&format!("sent it {name}")))
        }
    }
}

fn restart(stage: &mut Stage) -> Played {
    let before = stage.listening()?;
    let mut wire = stage.connect()?;
    let bytes = stage.letters(8);
    // An answer or none: what counts is that the connection is the server's.
    wire.send(&bytes)?;
    wire.hear_within(Duration::from_millis(300));
    // The client stays, so that the dead server's end of the connection is not over.
    stage.kill();
    let prompter = stage.server_prompter(before.port());
    stage.start(before.port(), prompter)?;
    let after = stage
        .program()?
        .until_listening()
        .map_err(|miss| miss.with_did("killed it with a client connected, and started it again"))?;
    if after.port() == before.port() {
        return Ok(None);
    }
    let printed = stage.actor().map(actor::Actor::output).unwrap_or_default();
    if printed.contains(&after.port().to_string()) {
        return Ok(Some(format!("it moved to port {}, and says so", after.port())));
    }
    let program = stage.program()?;
    Err(program.fault(
        Transport::Answered,
        format!("port {}, or another that it prints", before.port()),
        format!("port {}, which it does not print", after.port()),
    ))
}

/// Whether a program that ended did so by itself and well.
pub(crate) fn ended_well(ended: Ended) -> bool {
    ended == Ended::Exit(0)
}

/// Longer than an interpreter takes to end.
const STAYING: Duration = Duration::from_millis(150);
/// Who says where it listens has said it by then.
const PRINTING: Duration = Duration::from_millis(300);
/// Who has not failed by then is past its imports.
const SETTLING: Duration = Duration::from_millis(1500);
pub(crate) const STOPPING: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_ports_are_found_and_other_numbers_are_not() {
        for (text, ports) in [
            ("Listening on port 5555", &[5555][..]),
            ("Сервер слушает порт 9090\n", &[9090]),
            ("Serwer na porcie: 5556", &[5556]),
            ("listening on 127.0.0.1:8181", &[8181]),
            ("('127.0.0.1', 5000)", &[5000]),
            ("received 1024 bytes at 12:30", &[]),
            ("supports up to 100 clients", &[]),
        ] {
            assert_eq!(ports_printed(text), ports, "{text}");
        }
    }
}
