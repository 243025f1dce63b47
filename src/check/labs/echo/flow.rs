//! Flow: who reads slowly, and who leaves something open.

use std::time::{Duration, Instant};

use crate::check::case::{Played, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::scene::until;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

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
        title: "200 clients one after the other leave no descriptor, no thread and no memory behind",
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
            // Who serves one client at a time serves no other before.
            wire.close();
            stage.still_alive("a client sent a byte out of band").map(|()| None)
        },
    },
];

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
    let did = format!("sent {taken} bytes until no more were taken for 1 s, and then read");
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
        let begun = Instant::now();
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
    let grown = |now: usize, then: usize| now.saturating_sub(then);
    let mut grows_by = None;
    for visitors in 1..=200 {
        visit(stage)?;
        if visitors % 20 == 0 && grows_by.is_none() {
            let now = stage.program()?.look();
            let grows = grown(now.descriptors, before.descriptors) > 5 || grown(now.threads, before.threads) > 2;
            grows_by = grows.then_some(visitors);
        }
    }
    let actor = stage.program()?;
    // The last ones are seen off when the server gets round to it.
    let settled = until(scene.wait(Duration::from_secs(2)), || {
        let now = actor.look();
        (grown(now.descriptors, before.descriptors) <= 5 && grown(now.threads, before.threads) <= 2).then_some(now)
    });
    let now = settled.unwrap_or_else(|| actor.look());
    let mib = now.memory_bytes.saturating_sub(before.memory_bytes) >> 20;
    if settled.is_some() && mib <= 20 {
        return Ok(None);
    }
    let since = grows_by.map(|visitors| format!(", growing by the time client {visitors} had left"));
    let got = format!(
        "{} descriptors, {} threads and {mib} MiB of memory more than before{}",
        grown(now.descriptors, before.descriptors),
        grown(now.threads, before.threads),
        since.unwrap_or_default()
    );
    let fault =
        actor.fault(Transport::Answered, "as many descriptors and threads as before, and 20 MiB more at most", got);
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
