//! Echo: one client, one connection, and what comes goes back. Other labs of streams take the same rows over.

/// How conversations end, and what comes after.
mod ends;
/// Who reads slowly, and who leaves something open.
mod flow;

use std::time::Duration;

use crate::check::case::{Lab, Part, Role, Row};
use crate::check::document::Level;
use crate::check::labs::start;
use crate::check::say;
use crate::check::schedule::Schedule;
pub(crate) use ends::ENDS;
pub(crate) use flow::FLOW;

pub(crate) const LAB: Lab = Lab {
    name: "echo",
    role: Role::Server,
    summary: "a TCP server that sends back what it receives, one client after the other",
    sheet: "sheet P1, the server for one client; sheet R, the echo server and task 3; RFC 862",
    parts: &[
        start::SERVER,
        Part { prefix: "echo", rows: BASIC },
        Part { prefix: "echo", rows: STREAM },
        Part { prefix: "echo", rows: BYTES },
        Part { prefix: "echo", rows: ENDS },
        Part { prefix: "echo", rows: FLOW },
    ],
    answers: |bytes| vec![bytes.to_vec()],
};

const BASIC: &[Row] = &[
    Row {
        name: "basic/one",
        level: Level::Must,
        needs: &[],
        title: "a short text without a line end comes back, and nothing else",
        why: "programs written for the sheets send a text as it is and receive once",
        bug: "the server waits for a line end, prints instead of sending, or adds words of its own",
        fix: "send back exactly what recv() gave, as soon as it gave it",
        play: |stage| {
            let text = stage.letters(5);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "basic/again",
        level: Level::Must,
        needs: &["basic/one"],
        title: "three texts in turn on one connection come back one by one",
        why: "a conversation is more than one message",
        bug: "one recv(), one send(), and then close()",
        fix: "loop until recv() returns nothing",
        play: |stage| {
            let mut wire = stage.connect()?;
            for length in [5, 12, 3] {
                let text = stage.letters(length);
                stage.exchange(&mut wire, &text)?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
];

/// What holds of everything that passes a stream on.
pub(crate) const STREAM: &[Row] = &[
    Row {
        name: "size/edges",
        level: Level::Must,
        needs: &[],
        title: "texts of 1, 1023, 1024, 1025, 2047, 2048 and 2049 bytes come back whole",
        why: "the sheets read 1 KB or 2048 bytes at a time, and just there loops go wrong",
        bug: "`if len(data) < 1024: break` waits for ever when a text fills the buffer exactly",
        fix: "send back each piece as it comes; do not look for the end of a message in its length",
        play: |stage| {
            let mut wire = stage.connect()?;
            for size in [1, 1023, 1024, 1025, 2047, 2048, 2049] {
                let text = stage.letters(size);
                stage.exchange(&mut wire, &text).map_err(|m| m.with_did(&sent(&text)))?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "stream/64k",
        level: Level::Must,
        needs: &[],
        title: "65536 bytes come back whole while they are being sent",
        why: "more than fits into one read, and into one write",
        bug: "what send() returns is ignored, so a part is lost; or the server stops after the first piece",
        fix: "sendall(), and a loop around recv()",
        play: |stage| {
            let text = stage.letters(65536);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "frag/merged",
        level: Level::Must,
        needs: &[],
        title: "two texts in one segment come back as one after the other",
        why: "TCP joins what was sent separately",
        bug: "one recv() is taken for one message",
        fix: "send back all that came",
        play: |stage| {
            let text = stage.letters(17);
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "frag/bytes",
        level: Level::Should,
        needs: &[],
        title: "64 bytes in 64 segments come back whole",
        why: "TCP cuts where it likes",
        bug: "a piece is taken for a message, and something is added to each",
        fix: "treat the stream as one: no byte more, none less",
        play: |stage| {
            let text = stage.letters(64);
            let pieces: Vec<&[u8]> = text.chunks(1).collect();
            stage.perform(Schedule::pieces(&pieces, Duration::from_millis(2))).map(|_| None)
        },
    },
    Row {
        name: "utf8/at-1024",
        level: Level::Must,
        needs: &[],
        title: "a letter of two bytes across the edge of a 1 KB read comes back whole",
        why: "text in any language but English meets it sooner or later",
        bug: "each piece is decoded by itself, and half a letter is no text",
        fix: "echo bytes; decode only for printing, with errors=\"replace\" or an incremental decoder",
        play: |stage| {
            let text = [&vec![b'a'; 1023][..], "П".as_bytes()].concat();
            stage.perform(Schedule::pieces(&[&text], Duration::ZERO))?.close();
            stage.still_alive("sent a letter across the edge of a read").map(|()| None)
        },
    },
    Row {
        name: "utf8/split",
        level: Level::Must,
        needs: &[],
        title: "letters that arrive byte by byte come back whole",
        why: "a segment can end in the middle of a letter",
        bug: "`.decode()` on each piece",
        fix: "echo bytes; decode only for printing, with errors=\"replace\" or an incremental decoder",
        play: |stage| {
            let text = "П😀".as_bytes();
            let pieces: Vec<&[u8]> = text.chunks(1).collect();
            stage.perform(Schedule::pieces(&pieces, SEEN_APART))?.close();
            stage.still_alive("sent letters byte by byte").map(|()| None)
        },
    },
];

/// What holds where nothing may be changed.
const BYTES: &[Row] = &[
    Row {
        name: "bytes/all256",
        level: Level::Should,
        needs: &[],
        title: "every value of a byte comes back, twice over",
        why: "an echo server does not know what it carries",
        bug: "text functions are used on bytes: strlen() and printf() stop at NUL, decode() dies, strip() eats",
        fix: "in C send as many bytes as recv() returned; elsewhere leave bytes as bytes",
        play: |stage| {
            let mut all: Vec<u8> = (0..=255).collect();
            let turn = stage.dice.below(256);
            all.rotate_left(turn);
            let twice = [&all[..], &all[..]].concat();
            stage.perform(Schedule::pieces(&[&twice], Duration::ZERO)).map(|_| None)
        },
    },
    Row {
        name: "bytes/crlf",
        level: Level::Should,
        needs: &[],
        title: "line ends and blanks come back as they were",
        why: "whoever uses nc or telnet sends them, and counts on them",
        bug: "`.strip()` before send(), or a file object that translates line ends",
        fix: "send back the bytes themselves; strip only what you compare or print",
        play: |stage| {
            let mut wire = stage.connect()?;
            for text in [&b"a\r\n"[..], b" b ", b"\n"] {
                stage.exchange(&mut wire, text).map_err(|m| m.with_did(&sent(text)))?;
            }
            wire.expect_no_more().map(|()| None)
        },
    },
];

fn sent(text: &[u8]) -> String {
    format!("sent {}", say::amount(text))
}

/// Longer than any delay that would join two segments.
pub(crate) const SEEN_APART: Duration = Duration::from_millis(120);
