//! Oneshot: a server that answers one message of each client behind a prefix and ends the conversation, as sheet D asks.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::echo::SEEN_APART;
use crate::check::labs::start;
use crate::check::say;
use crate::check::schedule::{Schedule, Step};
use crate::check::stage::Stage;
use crate::check::wire::{End, Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "oneshot",
    role: Role::Server,
    summary: "a TCP server that answers `SERVER RECEIVED: ` and the text to one message of each client, and closes",
    sheet: "sheet D, the echo server",
    parts: &[start::SERVER, Part { prefix: "oneshot", rows: ROWS }],
    answers: |bytes| vec![answer(bytes)],
};

const ROWS: &[Row] = &[
    Row {
        name: "prefix",
        level: Level::Must,
        needs: &[],
        title: "a short text is answered with `SERVER RECEIVED: ` and itself, and then FIN",
        why: "a client that reads until the end gets just this, and then the end",
        bug: "the blank is missing, a line end is added, or the connection stays open",
        fix: "conn.sendall(b\"SERVER RECEIVED: \" + data), and then conn.close()",
        play: |stage| {
            let text = stage.letters(5);
            let mut wire = stage.perform(Schedule::pieces(&[&text], Duration::ZERO))?;
            wire.expect_end().map(|()| None)
        },
    },
    Row {
        name: "next",
        level: Level::Must,
        needs: &["prefix"],
        title: "three clients in turn get three answers",
        why: "usually this runs in a loop, as the sheet says",
        bug: "accept() stands outside the loop: one client, and the program ends or waits for ever",
        fix: "a loop around accept() and the conversation",
        play: |stage| {
            for guest in ["first", "second", "third"] {
                let text = stage.letters(7);
                visit(stage, &text)
                    .map_err(|m| m.with_did(&format!("the {guest} client sent {}", say::amount(&text))))?;
            }
            Ok(None)
        },
    },
    Row {
        name: "edge-128",
        level: Level::Must,
        needs: &["next"],
        title: "texts of 127 and 128 bytes are answered whole",
        why: "the sheet reads up to 128 bytes",
        bug: "a buffer that is too short, or has no room for the prefix before the text",
        fix: "receive 128 bytes or more, and send the prefix and all of them",
        play: |stage| {
            for size in [127, 128] {
                let text = stage.letters(size);
                visit(stage, &text)?;
            }
            Ok(None)
        },
    },
    Row {
        name: "edge-2048",
        level: Level::Should,
        needs: &["next"],
        title: "texts of 2047 and 2048 bytes are answered whole, or as far as the 128 bytes of the sheet",
        why: "the other sheets read 1024 or 2048 bytes, and so does who takes their loop over",
        bug: "a buffer that is too short for the prefix and the text; a part of the text is sent for the whole",
        fix: "receive 2048 bytes, and send with sendall()",
        play: edge_2048,
    },
    Row {
        name: "over-2048",
        level: Level::Should,
        needs: &["next"],
        title: "a client that sends 2049 bytes gets its answer and FIN, not a reset",
        why: "close() with bytes unread resets the connection, and a reset can eat the answer on its way",
        bug: "close() right after send(), with bytes that were never received",
        fix: "conn.shutdown(SHUT_WR), then recv() until it returns nothing, then close()",
        play: over_2048,
    },
    Row {
        name: "empty",
        level: Level::Must,
        needs: &["next"],
        title: "a client that connects and ends without a word does no harm",
        why: "port scanners, load balancers and impatient people do it",
        bug: "the empty result of recv() is used as if it were a text",
        fix: "look whether recv() gave something before using it",
        play: |stage| {
            let mut wire = stage.dial(Reach::default())?;
            wire.fin();
            wire.hear_within(Duration::from_millis(300));
            wire.close();
            alive(stage, "a client connected and ended without a word").map(|()| None)
        },
    },
    Row {
        name: "early-fin",
        level: Level::Should,
        needs: &["prefix"],
        title: "a client that ends its side right after its text gets the whole answer, and then FIN",
        why: "`echo hi | nc host port` does just this",
        bug: "the server takes the end for a client that is gone",
        fix: "answer what was received; the client's other direction is still open",
        play: |stage| {
            let text = stage.letters(5);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO).then(Step::Fin)).map(|_| None)
        },
    },
    Row {
        name: "two-pieces",
        level: Level::Extra,
        needs: &["prefix"],
        title: "a text in two segments is answered once: its beginning, or all of it",
        why: "one answer for each client is what the sheet asks",
        bug: "each piece is taken for a message of its own",
        fix: "one recv(), one answer, close()",
        play: two_pieces,
    },
];

fn answer(text: &[u8]) -> Vec<u8> {
    [PREFIX, text].concat()
}

/// A client that says `text`, is answered, and sees the end.
fn visit(stage: &mut Stage, text: &[u8]) -> Result<(), Miss> {
    let mut wire = stage.connect()?;
    wire.send(text)?;
    wire.expect(&answer(text))?;
    wire.expect_end()
}

fn alive(stage: &mut Stage, after: &str) -> Result<(), Miss> {
    let text = stage.letters(7);
    let did = format!("sent {}", say::amount(&text));
    stage.still_alive_for(after, &did, |stage| visit(stage, &text))
}

fn edge_2048(stage: &mut Stage) -> Played {
    let mut short = false;
    for size in [2047, 2048] {
        let text = stage.letters(size);
        let mut wire = stage.connect()?;
        wire.send(&text)?;
        wire.listen_to_the_end();
        if wire.heard() == answer(&text[..SHEET]) {
            short = true;
        } else {
            wire.expect(&answer(&text))?;
        }
    }
    Ok(short.then(|| format!("it reads {SHEET} bytes and no more, as the sheet does")))
}

fn over_2048(stage: &mut Stage) -> Played {
    let text = stage.letters(2049);
    let mut wire = stage.connect()?;
    wire.send(&text)?;
    wire.listen_to_the_end();
    let heard = wire.heard().to_vec();
    let told = heard.strip_prefix(PREFIX).filter(|told| !told.is_empty() && text.starts_with(told));
    let Some(told) = told.map(<[u8]>::len) else {
        return Err(wire.expect(&answer(&text)).err().unwrap_or_else(|| no_answer(&wire)));
    };
    match wire.end() {
        Some(End::Fin) if told == text.len() => Ok(Some("it answers all of it".to_owned())),
        Some(End::Fin) => Ok(Some(format!("it answers the first {told} bytes"))),
        Some(End::Rst) => {
            let got = format!("an answer to the first {told} bytes, and then RST");
            Err(wire.fault(Transport::Rst, "an answer, and then FIN", got))
        }
        None => Err(wire.expect_end().err().unwrap_or_else(|| no_answer(&wire))),
    }
}

fn no_answer(wire: &Wire) -> Miss {
    wire.fault(Transport::Answered, "an answer, and then FIN", "something else")
}

fn two_pieces(stage: &mut Stage) -> Played {
    let text = stage.letters(2);
    let mut wire = stage.connect()?;
    wire.send(&text[..1])?;
    wire.listen_for(SEEN_APART);
    // Who has answered and closed resets what comes later.
    let _ = wire.send(&text[1..]);
    wire.listen_to_the_end();
    let heard = wire.heard().to_vec();
    if heard == answer(&text) {
        return Ok(Some("it answers both pieces together".to_owned()));
    }
    if heard == answer(&text[..1]) {
        return Ok(Some("it answers the first piece".to_owned()));
    }
    Err(wire
        .expect_any(&[answer(&text), answer(&text[..1])])
        .err()
        .unwrap_or_else(|| wire.fault(Transport::Answered, "one answer, and then the end", say::amount(&heard))))
}

const PREFIX: &[u8] = b"SERVER RECEIVED: ";
/// What sheet D receives at most.
const SHEET: usize = 128;
