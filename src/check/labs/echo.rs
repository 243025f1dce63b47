//! Echo: one client, one connection, and what comes goes back. Other labs of streams take the same rows over.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::say;
use crate::check::schedule::{Schedule, Step};
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

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
            let mut wire = stage.connect_with(Reach { receive_buffer: Some(4096), ..Reach::default() })?;
            let text = stage.letters(65536);
            wire.push(&text, Duration::from_millis(300));
            wire.reset();
            // One that ends in order: only the second answer to it finds nobody.
            let mut wire = stage.connect()?;
            wire.push(&text[..8192], Duration::from_millis(300));
            wire.close();
            stage.still_alive("two clients sent texts and left without reading").map(|()| None)
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

/// Who reads slowly, and who leaves something open.
pub(crate) const FLOW: &[Row] = &[
    Row {
        name: "flow/slow-reader",
        level: Level::Should,
        needs: &["stream/64k"],
        title: "a client that reads slowly gets all of 256 KiB",
        why: "send() takes only what fits",
        bug: "what send() returns is ignored, and the rest is lost",
        fix: "sendall()",
        play: slow_reader,
    },
    Row {
        name: "flow/no-reader",
        level: Level::Should,
        needs: &["stream/64k"],
        title: "a client that sends 12 MiB and reads nothing for 1 s gets all that was taken, in order",
        why: "the server may wait, but neither lose anything nor heap it up without end",
        bug: "a non-blocking send() drops what does not fit, or an endless list keeps it",
        fix: "sendall(); who does not read is not read from",
        play: no_reader,
    },
    Row {
        name: "time/small",
        level: Level::Should,
        needs: &[],
        title: "50 short texts in turn take less than 20 ms each, the median of them",
        why: "40 ms an answer is what Nagle's algorithm and a delayed acknowledgement make of two sends in a row",
        bug: "an answer is sent in two pieces, or the loop sleeps",
        fix: "send an answer in one call, or set TCP_NODELAY; never sleep() to wait for data",
        play: small_times,
    },
    Row {
        name: "leak/200",
        level: Level::Should,
        needs: &["life/next"],
        title: "200 clients one after the other leave no descriptor and no thread behind",
        why: "a server that leaks stops after a day with `Too many open files`",
        bug: "accepted sockets are kept in a list and never closed, or their threads never end",
        fix: "close each socket when its conversation is over, and let its thread return",
        play: leak,
    },
    Row {
        name: "misc/backlog8",
        level: Level::Extra,
        needs: &["life/next"],
        title: "8 clients that come within 50 ms are all served in the end",
        why: "listen(0) makes the kernel drop whoever comes while one waits",
        bug: "listen(0) or listen(1)",
        fix: "listen() without a number, or with 128",
        play: backlog,
    },
    Row {
        name: "misc/oob",
        level: Level::Extra,
        needs: &["life/next"],
        title: "a byte out of band does no harm",
        why: "telnet sends one with Ctrl-C",
        bug: "SO_OOBINLINE, or an exception from select()",
        fix: "leave out-of-band data alone",
        play: |stage| {
            let mut wire = stage.connect()?;
            wire.send_urgent(b'!')?;
            wire.listen_for(Duration::from_millis(200));
            stage.still_alive("a client sent a byte out of band").map(|()| None)
        },
    },
];

fn sent(text: &[u8]) -> String {
    format!("sent {}", say::amount(text))
}

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
    let (begun, printed) = (std::time::Instant::now(), actor.printed_bytes());
    let before = actor.look().cpu;
    // On a busy machine one that spins gets little time, and one that waits gets none at all.
    for _ in 0..4 {
        scene.pause(Duration::from_millis(400));
        let used = actor.look().cpu.saturating_sub(before);
        if used < Duration::from_millis(20) {
            break;
        }
        if used > Duration::from_millis(160) {
            let (ms, of) = (used.as_millis(), begun.elapsed().as_millis());
            let printed = actor.printed_bytes().saturating_sub(printed);
            let noise = if printed > 10_000 { format!(", and printed {printed} bytes") } else { String::new() };
            let got = format!("{ms} ms of processor time in the {of} ms after our FIN{noise}");
            return Err(actor
                .fault(Transport::Spun, "a server that waits, and uses next to nothing", got)
                .with_did("sent a text, took its answer, and closed the connection"));
        }
    }
    Ok(None)
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

fn slow_reader(stage: &mut Stage) -> Played {
    let text = stage.letters(256 * 1024);
    let mut wire = stage.connect_with(Reach { receive_buffer: Some(8192), ..Reach::default() })?;
    let did = "sent 262144 bytes, reading 16 KiB every 10 ms";
    let mut sent = 0;
    while sent < text.len() {
        let pushed = wire.push(&text[sent..], Duration::from_millis(10));
        sent += pushed;
        if !wire.sip(16 * 1024) || stage.scene.is_stopped() {
            break;
        }
    }
    let mut silent = 0;
    while wire.heard().len() < text.len() && silent < 200 {
        let before = wire.heard().len();
        stage.scene.breathe(Duration::from_millis(10));
        if !wire.sip(16 * 1024) {
            break;
        }
        silent = if wire.heard().len() > before { 0 } else { silent + 1 };
    }
    wire.expect_any(&stage.answers(&text)).map_err(|m| m.with_did(did))?;
    Ok(None)
}

fn no_reader(stage: &mut Stage) -> Played {
    // More than the buffers of both ends take.
    let text = stage.letters(12 << 20);
    let mut wire = stage.connect_with(Reach { receive_buffer: Some(8192), ..Reach::default() })?;
    let taken = wire.push(&text, Duration::from_secs(1));
    let did = format!("sent {taken} bytes within 1 s without reading, and then read");
    wire.widen();
    let rest = text.len().min(taken + 1024);
    // A little more, so that a server that dropped something is found out by what comes behind.
    wire.send(&text[taken..rest]).map_err(|m| m.with_did(&did))?;
    wire.expect_any(&stage.answers(&text[..rest])).map_err(|m| m.with_did(&did))?;
    Ok(Some(format!("it took {taken} bytes before it waited")))
}

fn small_times(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let mut times = Vec::new();
    for _ in 0..50 {
        let text = stage.letters(16);
        let begun = std::time::Instant::now();
        stage.exchange(&mut wire, &text)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (quick, median) = (times[12], times[25]);
    let ms = |span: Duration| format!("{:.1} ms", span.as_secs_f64() * 1000.0);
    if median < Duration::from_millis(20) {
        return Ok(Some(format!("median {}", ms(median))));
    }
    // A machine that is busy is slow now and then; a program that waits is slow each time.
    if quick < Duration::from_millis(15) {
        return Ok(Some(format!("median {}, and a quarter below {}: the machine is busy", ms(median), ms(quick))));
    }
    let delayed = (35..=60).contains(&median.as_millis());
    let why = if delayed { ", as Nagle's algorithm with delayed acknowledgements makes it" } else { "" };
    let got = format!("{} each, the median of 50{why}", ms(median));
    let fault = wire.fault(Transport::Answered, "less than 20 ms", got);
    Err(fault.with_did("sent 50 texts of 16 bytes, each after the answer to the last"))
}

fn leak(stage: &mut Stage) -> Played {
    let text = stage.letters(8);
    let visit = |stage: &mut Stage| -> Result<(), Miss> {
        let mut wire = stage.connect()?;
        stage.exchange(&mut wire, &text)?;
        wire.close();
        Ok(())
    };
    // What the first clients make it set up is no leak.
    for _ in 0..10 {
        visit(stage)?;
    }
    let scene = stage.scene.clone();
    let Some(actor) = stage.actor() else { return Err(Miss::skip("only a program that we started can be looked at")) };
    scene.pause(Duration::from_millis(100));
    let before = actor.look();
    for _ in 0..200 {
        visit(stage)?;
    }
    let actor = stage.program()?;
    let grown = |now: usize, then: usize| now.saturating_sub(then);
    // The last ones are seen off when the server gets round to it.
    let settled = crate::check::scene::until(scene.wait(Duration::from_secs(2)), || {
        let now = actor.look();
        (grown(now.descriptors, before.descriptors) <= 5 && grown(now.threads, before.threads) <= 2).then_some(now)
    });
    let now = settled.unwrap_or_else(|| actor.look());
    let mib = now.memory_bytes.saturating_sub(before.memory_bytes) >> 20;
    if settled.is_some() && mib <= 20 {
        return Ok(None);
    }
    let got = format!(
        "{} descriptors, {} threads and {mib} MiB of memory more than before",
        grown(now.descriptors, before.descriptors),
        grown(now.threads, before.threads)
    );
    let fault = actor.fault(Transport::Answered, "as many descriptors and threads as before", got);
    Err(fault.with_did("200 clients came one after the other, were answered, and left"))
}

fn backlog(stage: &mut Stage) -> Played {
    let mut wires: Vec<Wire> = Vec::new();
    for _ in 0..8 {
        wires.push(stage.connect()?);
    }
    for mut wire in wires {
        let text = stage.letters(8);
        stage.exchange(&mut wire, &text)?;
        wire.close();
    }
    Ok(None)
}

/// Longer than any delay that would join two segments.
pub(crate) const SEEN_APART: Duration = Duration::from_millis(120);
