//! Port: a server that changes its port by itself when it is taken, and says on which it listens.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use crate::check::actor::{self, Actor};
use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::scene::until;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "port",
    role: Role::Server,
    summary: "a server that takes another port where its own is taken, and prints the one it listens on",
    sheet: "sheet R, task 6",
    parts: &[start::SERVER, Part { prefix: "port", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "busy",
        level: Level::Must,
        needs: &[],
        title: "where its port is taken it listens on another, and prints that one's number",
        why: "somebody has to be able to find it",
        bug: "the old number is printed, or the same port is tried for ever, or it ends",
        fix: "on EADDRINUSE take the next port, and print what getsockname() says",
        play: |stage| moves_away(stage, 1),
    },
    Row {
        name: "two-instances",
        level: Level::Must,
        needs: &[],
        title: "started twice, both listen, each on a port of its own",
        why: "that is how the port comes to be taken",
        bug: "the second one takes the port away from the first (SO_REUSEPORT), or ends",
        fix: "no SO_REUSEPORT; on EADDRINUSE take the next port",
        play: two_instances,
    },
    Row {
        name: "run-of-ten",
        level: Level::Should,
        needs: &["busy"],
        title: "where the next nine ports are taken as well it still finds one",
        why: "neighbours have neighbours",
        bug: "one more is tried, and no further",
        fix: "try the next in a loop, or let the system choose (port 0)",
        play: |stage| moves_away(stage, 10),
    },
    Row {
        name: "at-65535",
        level: Level::Should,
        needs: &["busy"],
        title: "where port 65535 is taken it finds another, or says in a sentence that it cannot",
        why: "there is no port behind the last one",
        bug: "65536 is tried, and an OverflowError ends it",
        fix: "begin again at a low port, or let the system choose (port 0)",
        play: at_the_end,
    },
    Row {
        name: "other-error",
        level: Level::Should,
        needs: &["busy"],
        title: "a port that it may not have (1) makes it move, or end with a sentence",
        why: "not every error means that a port is taken",
        bug: "every error is taken for a taken port, and 65535 ports are tried, or the same one for ever",
        fix: "look at errno: EADDRINUSE moves on, everything else is told",
        play: not_permitted,
    },
];

/// Its port and those behind it are ours; it is to find another.
fn moves_away(stage: &mut Stage, run: u16) -> Played {
    let wanted = stage.listening()?.port();
    stage.kill();
    // The kernel may take a moment to have it back.
    let first = until(stage.scene.wait(PRINTING), || TcpListener::bind((Ipv4Addr::UNSPECIFIED, wanted)).ok());
    let Some(_first) = first else { return Err(Miss::Unjudged(format!("port {wanted} could not be taken by us"))) };
    let _others = hold(wanted, run);
    let did = match run {
        1 => format!("took port {wanted}, and started it"),
        _ => format!("took the ports {wanted} to {}, and started it", wanted.saturating_add(run - 1)),
    };
    let found = listens(stage, wanted).map_err(|miss| miss.with_did(&did))?;
    prints(stage, found, &did)?;
    Ok(Some(format!("from {wanted} to {found}")))
}

fn two_instances(stage: &mut Stage) -> Played {
    let first = stage.listening()?;
    let Some(elder) = stage.take_actor() else { return Err(Miss::skip("this needs a program that we start")) };
    let did = format!("started it a second time while the first listens on port {}", first.port());
    let second = listens(stage, first.port()).map_err(|miss| miss.with_did(&did))?;
    let stays = elder.listeners().iter().any(|listener| listener.port() == first.port());
    if second == first.port() || !stays {
        let got = if stays { "both listen on the same port" } else { "the first does not listen any more" };
        return Err(stage
            .program()?
            .fault(Transport::Answered, "both listen, each on its own port", got)
            .with_did(&did));
    }
    for port in [first.port(), second] {
        let at = std::net::SocketAddr::new(first.ip(), port);
        Wire::dial(&stage.scene, at, Reach::default()).map_err(|miss| miss.with_did(&did))?;
    }
    Ok(Some(format!("on {} and {second}", first.port())))
}

fn at_the_end(stage: &mut Stage) -> Played {
    told(stage)?;
    let _held = hold(LAST_PORT, 1);
    ends_well(stage, LAST_PORT, "took port 65535, and started it with that one")
}

fn not_permitted(stage: &mut Stage) -> Played {
    told(stage)?;
    if TcpListener::bind((Ipv4Addr::LOCALHOST, FORBIDDEN_PORT)).is_ok() && !stage.setting.walls.network {
        return Err(Miss::skip("port 1 is not forbidden to whoever runs this"));
    }
    ends_well(stage, FORBIDDEN_PORT, "started it with port 1, which it may not have")
}

/// It comes to listen elsewhere, or ends with a sentence.
fn ends_well(stage: &mut Stage, port: u16, did: &str) -> Played {
    let prompter = stage.server_prompter(port);
    stage.start(port, prompter)?;
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let over = until(scene.wait(actor::START), || {
        program.attend();
        (!program.listeners().is_empty()).then_some(None).or_else(|| program.ending().map(Some))
    });
    let want = "it listens elsewhere and says where, or ends with a sentence";
    match over {
        None => {
            let got = format!("neither within {} s", scene.stretched(actor::START).as_secs());
            Err(program.fault(Transport::Timeout, want, got).with_did(did))
        }
        Some(Some(ended)) if program.uncaught().is_some() => {
            let got = format!("a traceback, and {}", actor::how(ended));
            Err(program.fault(Transport::Died, want, got).with_did(did))
        }
        Some(Some(ended)) if says_nothing(program) => {
            let got = format!("nothing said, and {}", actor::how(ended));
            Err(program.fault(Transport::Died, want, got).with_did(did))
        }
        Some(Some(ended)) => Ok(Some(format!("it says so, and ends: {}", actor::how(ended)))),
        Some(None) => {
            let found = program.until_listening()?.port();
            prints(stage, found, did)?;
            Ok(Some(format!("it moved to {found}")))
        }
    }
}

fn says_nothing(program: &Actor) -> bool {
    program.output().trim().is_empty() && program.stderr().trim().is_empty()
}

/// Whether it can be told a port.
fn told(stage: &mut Stage) -> Result<(), Miss> {
    if stage.command()?.takes_port() {
        return Ok(());
    }
    stage.listening()?;
    let asks = stage.actor().is_some_and(|actor| actor.prompter.told_port.is_some());
    stage.kill();
    if asks { Ok(()) } else { Err(Miss::skip("its port cannot be chosen")) }
}

/// Where it comes to listen when it is started with this port.
fn listens(stage: &mut Stage, port: u16) -> Result<u16, Miss> {
    let prompter = stage.server_prompter(port);
    stage.start(port, prompter)?;
    Ok(stage.program()?.until_listening()?.port())
}

/// It has printed the port that it listens on.
fn prints(stage: &mut Stage, port: u16, did: &str) -> Result<(), Miss> {
    let program = stage.program()?;
    let number = port.to_string();
    if program.prints_within(&number, PRINTING) || program.stderr().contains(&number) {
        return Ok(());
    }
    let got =
        format!("it listens on {port}, and prints {}", crate::check::say::quoted(program.output().trim().as_bytes()));
    Err(program.fault(Transport::Answered, format!("the number {port}, on which it listens"), got).with_did(did))
}

/// Listeners on a port and those behind it, of all addresses, as far as they are to be had.
fn hold(first: u16, run: u16) -> Vec<TcpListener> {
    let ports = first..=first.saturating_add(run - 1);
    let both = ports.flat_map(|port| {
        let v4 = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
        // A machine may have no IPv6.
        [v4, TcpListener::bind((std::net::Ipv6Addr::LOCALHOST, port))]
    });
    both.filter_map(Result::ok).collect()
}

const LAST_PORT: u16 = 65535;
const FORBIDDEN_PORT: u16 = 1;
/// It may listen first and tell then; and the kernel may be slow.
const PRINTING: Duration = Duration::from_secs(1);
