//! Ends: how conversations end, and what comes after.

use std::time::Duration;

use crate::check::case::{Played, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::say;
use crate::check::schedule::{Schedule, Step};
use crate::check::stage::Stage;
use crate::check::wire::Reach;

/// How conversations end, and what comes after.
pub(crate) const ENDS: &[Row] = &[
    Row {
        name: "eof/half-close",
        level: Level::Must,
        needs: &[],
        title: "after 3000 bytes and the end of our side all of them come back, and then FIN",
        why: "`cat file | nc host port` does just this",
        bug: "the server closes before everything is sent, or never ends its side",
        fix: "when recv() returns nothing: send what is left, then close",
        play: |stage| {
            let text = stage.letters(3000);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO).then(Step::Fin)).map(|_| None)
        },
    },
    Row {
        name: "eof/no-spin",
        level: Level::Must,
        needs: &[],
        title: "when the client has left, the server uses no processor",
        why: "one that does eats a whole processor for each client that ever left",
        bug: "`while True: data = recv(); send(data)` goes on with the empty result for ever",
        fix: "`if not data: break`",
        play: no_spin,
    },
    Row {
        name: "eof/closes",
        level: Level::Must,
        needs: &[],
        title: "when the client ends its side, the server ends its own within 2 s",
        why: "else each client leaves a socket in CLOSE_WAIT behind, until there are no descriptors left",
        bug: "the loop is left without close()",
        fix: "close the accepted socket, by `with conn:` or in finally",
        play: |stage| {
            let mut wire = stage.connect()?;
            let text = stage.letters(6);
            stage.exchange(&mut wire, &text)?;
            wire.fin();
            wire.expect_end().map_err(|m| m.with_did("sent a text, took its answer, and ended our side"))?;
            Ok(None)
        },
    },
    Row {
        name: "life/next",
        level: Level::Must,
        needs: &[],
        title: "when a client has left, the next one is served",
        why: "sheet R, task 3",
        bug: "accept() stands outside the loop: one client, and the program ends or waits for ever",
        fix: "a loop around accept() and the conversation",
        play: |stage| {
            let mut first = stage.connect()?;
            let text = stage.letters(6);
            stage.exchange(&mut first, &text)?;
            first.close();
            stage.still_alive("a client was served and left").map(|()| None)
        },
    },
    Row {
        name: "life/silent",
        level: Level::Must,
        needs: &["life/next"],
        title: "clients that connect and leave without a word do no harm",
        why: "port scanners, load balancers and impatient people do it",
        bug: "an empty first recv() is not expected",
        fix: "look whether recv() gave something before using it",
        play: |stage| {
            for _ in 0..3 {
                stage.dial(Reach::default())?.close();
            }
            stage.still_alive("three clients connected and left without a word").map(|()| None)
        },
    },
    Row {
        name: "life/rst",
        level: Level::Must,
        needs: &["life/next"],
        title: "a client that resets its connection does no harm",
        why: "a client that is killed, or loses its network, ends like this",
        bug: "ConnectionResetError is not caught, and ends the server",
        fix: "catch OSError around the conversation, and go on with the next client",
        play: |stage| {
            let mut wire = stage.connect()?;
            let text = stage.letters(6);
            stage.exchange(&mut wire, &text)?;
            wire.reset();
            // And one that is gone before it is accepted.
            stage.dial(Reach::default())?.reset();
            stage.still_alive("a client reset its connection").map(|()| None)
        },
    },
    Row {
        name: "life/vanish-reply",
        level: Level::Must,
        needs: &["life/next"],
        title: "a client that leaves with answers under way does no harm",
        why: "the server is then sending to nobody",
        bug: "BrokenPipeError is not caught; in C, SIGPIPE ends the program",
        fix: "catch OSError around send(); in C, ignore SIGPIPE or use MSG_NOSIGNAL",
        play: |stage| {
            let (mut first, text) = (stage.connect()?, stage.letters(65536));
            stage.exchange(&mut first, &text[..6])?;
            // Who serves one after the other waits for the first one until the second has come, spoken and gone: its
            // second answer to that finds nobody, however quick it is.
            let mut second = stage.dial(Reach::default())?;
            second.push(&text[..16384], Duration::from_millis(300));
            second.close();
            first.close();
            for _ in 0..3 {
                let mut wire = stage.connect_with(Reach { receive_buffer: Some(4096), ..Reach::default() })?;
                wire.push(&text, Duration::from_millis(300));
                wire.reset();
            }
            stage.still_alive("clients sent texts and left without reading").map(|()| None)
        },
    },
    Row {
        name: "exit",
        level: Level::Must,
        needs: &["life/next"],
        title: "where `exit` ends a conversation, it ends that one only, and no line end is needed for it",
        why: "sheet R, task 2: the client leaves, the server stays (task 3)",
        bug: "`exit` ends the program; or only `exit\\n` is understood, which no client of the sheet sends",
        fix: "leave the loop of the conversation, not that of accept(); compare with what strip() gives",
        play: exit,
    },
    Row {
        name: "life/idle",
        level: Level::Should,
        needs: &[],
        title: "a client that says nothing for 3 s is still served",
        why: "people think before they type",
        bug: "a timeout that was set for something else ends the conversation",
        fix: "settimeout(None) on the accepted socket",
        play: |stage| {
            let mut wire = stage.connect()?;
            wire.listen_for(Duration::from_secs(3));
            let text = stage.letters(6);
            stage
                .exchange(&mut wire, &text)
                .map_err(|m| m.with_did(&format!("said nothing for 3 s, and sent {}", say::amount(&text))))?;
            Ok(None)
        },
    },
];

fn no_spin(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    if stage.actor().is_none() {
        return Err(Miss::skip("only a program that we started can be looked at"));
    }
    let text = stage.letters(6);
    stage.exchange(&mut wire, &text)?;
    wire.close();
    let scene = stage.scene.clone();
    let actor = stage.program()?;
    // What it does with the end itself is not counted.
    scene.pause(Duration::from_millis(100));
    let printed = actor.printed_bytes();
    let Some(busy) = actor.spins() else { return Ok(None) };
    let printed = actor.printed_bytes().saturating_sub(printed);
    let noise = if printed > 10_000 { format!("; it printed {printed} bytes") } else { String::new() };
    let got = format!("{busy} after our FIN{noise}");
    let fault = actor.fault(Transport::Spun, "a server that waits, and uses next to nothing", got);
    Err(fault.with_did("sent a text, took its answer, and closed the connection"))
}

fn exit(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    wire.send(b"exit")?;
    let heard = wire.hear();
    if wire.end().is_none() && stage.answers(b"exit").contains(&heard) {
        return Err(Miss::skip("`exit` is a text like any other to it"));
    }
    if wire.end().is_none() {
        let got = format!("{}, and the connection stays open", say::amount(&heard));
        return Err(wire.fault(Transport::Timeout, "`exit` back, or FIN", got));
    }
    drop(wire);
    stage.still_alive("a client sent `exit`").map(|()| Some("it ends the conversation".to_owned()))
}
