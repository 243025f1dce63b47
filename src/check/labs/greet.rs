//! Greet: the command server of sheet P2: `Hello` is greeted, `Time` is answered with the time, anything else is not
//! known. As the sheet waits for one connection, each case but the odd ones is one connection.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::clock::{Reading, Span};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::echo::SEEN_APART;
use crate::check::labs::start;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::Wire;

pub(crate) const LAB: Lab = Lab {
    name: "greet",
    role: Role::Server,
    summary: "a TCP server that knows the words `Hello` and `Time`, and answers `Unknown command` to others",
    sheet: "sheet P2, task 1",
    parts: &[start::SERVER, Part { prefix: "ht", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "hello",
        level: Level::Must,
        needs: &[],
        title: "`Hello` is answered with `Hello from server`, and then FIN",
        why: "the sheet asks for these words, and for the end of the connection behind them",
        bug: "the connection stays open, or is closed without a word; other words are said",
        fix: "conn.sendall(b\"Hello from server\"), and then conn.close()",
        play: hello,
    },
    Row {
        name: "time",
        level: Level::Must,
        needs: &[],
        title: "`Time` is answered with the current time",
        why: "the sheet asks for it",
        bug: "the time of another day or zone, a time nobody can read, or `Unknown command`",
        fix: "str(datetime.now()) at the moment of the question",
        play: |stage| {
            let mut wire = stage.connect()?;
            let (text, _) = time(&mut wire)?;
            Ok(Some(text))
        },
    },
    Row {
        name: "time-twice",
        level: Level::Must,
        needs: &["time"],
        title: "asked again after 1.2 s on the same connection, it answers a later time",
        why: "a time is right only once",
        bug: "the time is taken when the program starts or the client connects; or the connection was closed behind the first",
        fix: "call now() for each question, and close only behind `Hello`",
        play: time_twice,
    },
    Row {
        name: "unknown",
        level: Level::Must,
        needs: &["time"],
        title: "another word is answered with `Unknown command`, and `Time` behind it with the time",
        why: "who mistypes wants to be told, and to try again",
        bug: "the server says nothing, or ends the connection",
        fix: "an else branch that sends `Unknown command`, within the loop",
        play: unknown,
    },
    Row {
        name: "split",
        level: Level::Should,
        needs: &["time"],
        title: "`Hel` and `lo` in two segments are taken for one word or for two, and do no harm",
        why: "TCP cuts where it likes",
        bug: "an answer that was not expected, or the end of the program",
        fix: "collect what comes until it is a command, or answer what came; survive both",
        play: |stage| odd(stage, &[b"Hel", b"lo"], "sent \"Hel\" and \"lo\" with 120 ms between them"),
    },
    Row {
        name: "glued",
        level: Level::Should,
        needs: &["time"],
        title: "`TimeTime` in one segment is taken for one word or for two, and does no harm",
        why: "TCP joins what was sent separately",
        bug: "an answer that was not expected, or the end of the program",
        fix: "end commands with a line end, and split at it",
        play: |stage| odd(stage, &[b"TimeTime"], "sent \"TimeTime\""),
    },
    Row {
        name: "garbage",
        level: Level::Should,
        needs: &["time"],
        title: "4 KiB of bytes that are no text do no harm",
        why: "anybody can send anything",
        bug: "decode() raises UnicodeDecodeError, and nobody catches it",
        fix: "decode(errors=\"replace\"), or compare bytes",
        play: |stage| {
            // Nobody's beginning of a letter, so that it is no text in UTF-8, wherever it is cut.
            let noise: Vec<u8> = stage.noise(4096).into_iter().map(|byte| byte | 0x80).collect();
            odd(stage, &[&noise], "sent 4096 bytes that are no text")
        },
    },
    Row {
        name: "near-miss",
        level: Level::Extra,
        needs: &["hello"],
        title: "a word that has `Hello` inside is not greeted; `hello`, `Hello ` and `Hello` with a line end may be",
        why: "people type small letters, and terminals add line ends; what is made of those is the author's choice",
        bug: "`if \"Hello\" in text` greets whoever says `Othello`",
        fix: "compare the whole word, without the blanks around it",
        play: near_miss,
    },
];

fn hello(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    wire.send(b"Hello")?;
    wire.listen_to_the_end();
    let heard = wire.heard().to_vec();
    if !is_words(&heard, GREETING) {
        wire.expect(GREETING.as_bytes())?;
        return Err(wire.fault(Transport::Answered, GREETING, say::amount(&heard)));
    }
    wire.take_heard();
    wire.expect_end()?;
    Ok((heard != GREETING.as_bytes()).then(|| "with a line end behind it".to_owned()))
}

/// Asks for the time, and is told it.
fn time(wire: &mut Wire) -> Result<(String, Reading), Miss> {
    let (heard, span) = Span::of(|| wire.send(b"Time").map(|()| wire.hear()));
    let heard = heard?;
    let text = String::from_utf8_lossy(&heard).into_owned();
    let want = || format!("the current time, {}", span.told(span.local()));
    let Some(reading) = Reading::find(&text) else {
        if heard.is_empty() {
            return Err(wire.silence(want()));
        }
        return Err(wire.fault(Transport::Answered, want(), format!("{}, which is no time", say::amount(&heard))));
    };
    if reading.is_of(span, span.local()) || reading.is_of(span, jiff::tz::Offset::UTC) {
        return Ok((say::escaped(text.trim().as_bytes()), reading));
    }
    Err(wire.fault(Transport::Answered, want(), format!("{}, which is another time", say::amount(&heard))))
}

fn time_twice(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let (first, reading) = time(&mut wire)?;
    wire.listen_for(Duration::from_millis(1200));
    let did = "sent \"Time\", and after 1.2 s again";
    let (second, again) = time(&mut wire).map_err(|m| m.with_did(did))?;
    if reading == again && reading.has_seconds() {
        let fault = wire.fault(Transport::Answered, format!("a later time than {first}"), second);
        return Err(fault.with_did(did));
    }
    Ok((!reading.has_seconds()).then(|| "it says no seconds".to_owned()))
}

fn unknown(stage: &mut Stage) -> Played {
    let word = stage.letters(6);
    let did = format!("sent {}", say::quoted(&word));
    let mut wire = stage.connect()?;
    wire.send(&word)?;
    let heard = wire.hear();
    if heard.is_empty() {
        return Err(wire.silence(UNKNOWN));
    }
    if !is_words(&heard, UNKNOWN) {
        return Err(wire.fault(Transport::Answered, UNKNOWN, say::amount(&heard)));
    }
    time(&mut wire).map_err(|m| m.with_did(&format!("{did}, and then \"Time\"")))?;
    Ok(None)
}

/// Says what may be taken in more than one way; whatever that was, the time is told behind it.
fn odd(stage: &mut Stage, pieces: &[&[u8]], did: &str) -> Played {
    let mut wire = stage.connect()?;
    let mut heard = Vec::new();
    for piece in pieces {
        // Who has ended the conversation need not take more.
        if wire.end().is_none() {
            wire.send(piece).map_err(|m| m.with_did(did))?;
            wire.listen_for(SEEN_APART);
        }
    }
    heard.extend(wire.hear());
    let note = || (!heard.is_empty()).then(|| format!("it answered {}", say::amount(&heard)));
    if wire.end().is_none() {
        time(&mut wire).map_err(|m| m.with_did(&format!("{did}, and then \"Time\"")))?;
        return Ok(note());
    }
    if String::from_utf8_lossy(&heard).contains(GREETING) && stage.scene.ended_soon().is_none_or(start::ended_well) {
        return Ok(note());
    }
    stage.still_alive_for(did, "sent \"Time\"", |stage| {
        let mut wire = stage.connect()?;
        time(&mut wire).map(drop)
    })?;
    Ok(note())
}

fn near_miss(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let inside = [&stage.letters(3)[..], b"Hello", &stage.letters(3)].concat();
    let mut notes = Vec::new();
    for word in [&inside[..], b"hello", b"Hello ", b"Hello\n"] {
        wire.send(word)?;
        let heard = wire.hear();
        if word == inside && is_words(&heard, GREETING) {
            return Err(wire.fault(Transport::Answered, UNKNOWN, say::amount(&heard)));
        }
        let heard = heard.trim_ascii_end();
        notes.push((!heard.is_empty()).then(|| format!("{}: {}", say::quoted(word), say::bytes(heard))));
        if wire.end().is_some() {
            break;
        }
    }
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    if notes.is_empty() { Err(wire.silence("an answer to one of these words")) } else { Ok(Some(notes.join("; "))) }
}

/// These words; a line end behind them is no matter.
fn is_words(heard: &[u8], words: &str) -> bool {
    heard.trim_ascii_end() == words.as_bytes()
}

const GREETING: &str = "Hello from server";
const UNKNOWN: &str = "Unknown command";
