//! Bulk: a server that receives 102400 bytes of each client, or what there is until the client stops, and only then
//! sends all of them back, as sheet P3 asks.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::echo::SEEN_APART;
use crate::check::labs::start;
use crate::check::scene::until;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "bulk",
    role: Role::Server,
    summary: "a TCP server that receives 102400 bytes of each of many clients and then sends them back",
    sheet: "sheet P3",
    parts: &[start::SERVER, Part { prefix: "bulk", rows: ROWS }],
    answers: |bytes| vec![bytes.to_vec()],
};

const ROWS: &[Row] = &[
    Row {
        name: "exact",
        level: Level::Must,
        needs: &[],
        title: "102400 bytes come back, all of them and in order",
        why: "this is what the server is for",
        bug: "recv() is called once, and what it gave is taken for all; or 100 kB are taken for 100000 bytes",
        fix: "receive in a loop, add up the lengths, and go on until there are 102400",
        play: |stage| {
            let body = stage.letters(SIZE);
            let mut wire = stage.connect()?;
            // Where all of it is there at once, one recv() may well give it.
            let (first, second) = body.split_at(SIZE / 2);
            wire.send(first)?;
            wire.listen_for(SEEN_APART);
            wire.send(second)?;
            let did = "sent 102400 bytes, with 120 ms between the halves";
            comes_back(&mut wire, &body).map_err(|m| m.with_did(did))?;
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "collects-first",
        level: Level::Must,
        needs: &["exact"],
        title: "nothing comes back before the last of the 102400 bytes was sent",
        why: "the sheet asks to receive everything and then to send it",
        bug: "each piece is sent back as it comes, as an echo server does; or the server stops a little too early",
        fix: "keep the pieces in a list, and send b\"\".join(pieces) when there are 102400 bytes",
        play: collects_first,
    },
    Row {
        name: "fragments",
        level: Level::Must,
        needs: &["exact"],
        title: "102400 bytes in segments of 1 to 4096 bytes come back whole",
        why: "TCP cuts where it likes",
        bug: "calls of recv() are counted instead of bytes, as if each gave 1024",
        fix: "add up len(data)",
        play: |stage| {
            let body = stage.letters(SIZE);
            let mut wire = stage.connect()?;
            let mut sent = 0;
            while sent < SIZE {
                let next = (sent + 1 + stage.dice.below(4096)).min(SIZE);
                wire.send(&body[sent..next])?;
                sent = next;
            }
            let did = "sent 102400 bytes in segments of 1 to 4096";
            comes_back(&mut wire, &body).map_err(|m| m.with_did(did)).map(|()| None)
        },
    },
    Row {
        name: "bytes-not-chars",
        level: Level::Should,
        needs: &["exact"],
        title: "102400 bytes of Polish letters come back whole",
        why: "a letter may have two bytes, and a read may cut it",
        bug: "each piece is decoded by itself; or letters are counted, and the server waits for twice as many bytes",
        fix: "receive, count and send bytes; decode nothing",
        play: |stage| {
            let body: Vec<u8> = (0..SIZE / 4).flat_map(|_| [polish(stage), [b'a', b'b']].concat()).collect();
            // A letter lies across each even place.
            let body = [b"z", &body[..SIZE - 1]].concat();
            let mut wire = stage.connect()?;
            wire.send(&body)?;
            comes_back(&mut wire, &body)?;
            another(stage, "sent 102400 bytes of Polish letters").map(|()| None)
        },
    },
    Row {
        name: "four-at-once",
        level: Level::Must,
        needs: &["exact"],
        title: "four clients who send at the same time each get their own 102400 bytes",
        why: "the sheet asks for a thread for each client, and tries two at once",
        bug: "the clients share a buffer or a counter; or the second waits until the first is done",
        fix: "a thread for each connection, with everything it needs in local variables",
        play: four_at_once,
    },
    Row {
        name: "quitter",
        level: Level::Must,
        needs: &["exact"],
        title: "a client that stops half-way, by RST or by FIN, does no harm to the next, and its connection ends",
        why: "people interrupt transfers",
        bug: "the loop waits for the rest for ever, and spins on empty results; or what was half received stays for the next",
        fix: "leave the loop when recv() returns nothing, send what there is, close; a new buffer for each client",
        play: quitter,
    },
    Row {
        name: "half-close-variant",
        level: Level::Should,
        needs: &["exact"],
        title: "a client that sends 102400 bytes and ends its side gets all of them, and then FIN",
        why: "this is how a client says that it has said everything",
        bug: "the server takes the end for a client that is gone, and drops what it has",
        fix: "send what was received; the client's other direction is still open",
        play: |stage| {
            let body = stage.letters(SIZE);
            let mut wire = stage.connect()?;
            wire.send(&body)?;
            wire.fin();
            let did = "sent 102400 bytes, and ended our side";
            comes_back(&mut wire, &body).map_err(|m| m.with_did(did))?;
            wire.expect_end().map_err(|m| m.with_did(did)).map(|()| None)
        },
    },
    Row {
        name: "slow-reader",
        level: Level::Should,
        needs: &["exact"],
        title: "a client that reads 1 KiB every 5 ms gets all of 102400 bytes",
        why: "send() takes only what fits",
        bug: "what send() returns is ignored, and the rest is lost",
        fix: "sendall()",
        play: slow_reader,
    },
    Row {
        name: "stall",
        level: Level::Should,
        needs: &["four-at-once"],
        title: "a client that pauses for 2 s half-way gets all it sent, and another is served meanwhile",
        why: "networks stall, and nobody else should notice",
        bug: "a timeout that was set for something else ends the transfer; or the others wait for it",
        fix: "no timeout on the accepted socket, and a thread for each",
        play: stall,
    },
    Row {
        name: "rss50",
        level: Level::Extra,
        needs: &["exact"],
        title: "50 clients one after the other leave no memory behind",
        why: "100 kB a client are a gigabyte after a day",
        bug: "what was received is kept in a list that nobody empties",
        fix: "keep the pieces in a local variable of the conversation",
        play: rss50,
    },
];

/// All of it comes back; who took 100 kB for 100000 bytes is told so.
fn comes_back(wire: &mut Wire, body: &[u8]) -> Result<(), Miss> {
    wire.expect(body).map_err(|miss| match miss {
        Miss::Fail(mut fault) if (100_000..SIZE).contains(&wire.heard().len()) && body.starts_with(wire.heard()) => {
            fault.got.push_str("; the 100 kB of the sheet are 102400 bytes, not 100000");
            Miss::Fail(fault)
        }
        other => other,
    })
}

fn another(stage: &mut Stage, after: &str) -> Result<(), Miss> {
    let body = stage.letters(SIZE);
    stage.still_alive_for(after, "sent 102400 bytes", |stage| {
        let mut wire = stage.connect()?;
        wire.send(&body)?;
        comes_back(&mut wire, &body)
    })
}

fn polish(stage: &mut Stage) -> [u8; 2] {
    stage.dice.pick(&[[0xc4, 0x85], [0xc5, 0x82], [0xc5, 0xbc], [0xc3, 0xb3]])
}

fn collects_first(stage: &mut Stage) -> Played {
    let body = stage.letters(SIZE);
    let mut wire = stage.connect()?;
    wire.send(&body[..SIZE - 1])?;
    let did = "sent 102399 bytes, and waited 300 ms";
    wire.expect_silence(Duration::from_millis(300), "nothing before the last byte").map_err(|m| m.with_did(did))?;
    if wire.end().is_some() {
        return Err(wire.expect(&body).err().map_or_else(|| Miss::answer("all of it", "the end"), |m| m.with_did(did)));
    }
    wire.send(&body[SIZE - 1..])?;
    comes_back(&mut wire, &body).map_err(|m| m.with_did("sent 102399 bytes, waited 300 ms, and sent the last one"))?;
    Ok(None)
}

fn four_at_once(stage: &mut Stage) -> Played {
    let mut guests = Vec::new();
    for _ in 0..4 {
        guests.push((stage.connect()?, stage.letters(SIZE), 0));
        stage.scene.breathe(Duration::from_millis(20));
    }
    // The first does not finish before the others have: who serves one at a time waits for it.
    let goal = |at: usize| if at == 0 { SIZE / 2 } else { SIZE };
    loop {
        let unfinished: Vec<usize> = (0..4).filter(|at| guests[*at].2 < goal(*at)).collect();
        if unfinished.is_empty() {
            break;
        }
        let at = stage.dice.pick(&unfinished);
        let (wire, body, sent) = &mut guests[at];
        let next = (*sent + 1 + stage.dice.below(16 * 1024)).min(goal(at));
        wire.send(&body[*sent..next])?;
        *sent = next;
    }
    for at in [1, 2, 3, 0] {
        let (wire, body, sent) = &mut guests[at];
        wire.send(&body[*sent..])?;
        let did = format!(
            "four clients sent 102400 bytes each, by turns, the first its second half at the end; this is number {}",
            at + 1
        );
        comes_back(wire, body).map_err(|m| m.with_did(&did))?;
    }
    Ok(None)
}

fn quitter(stage: &mut Stage) -> Played {
    let half = stage.letters(SIZE / 2);
    stage.listening()?;
    let descriptors = |stage: &Stage| stage.actor().map_or(0, |actor| actor.look().descriptors);
    let before = descriptors(stage);
    let mut first = stage.connect()?;
    first.send(&half)?;
    first.listen_for(Duration::from_millis(50));
    first.reset();
    // What it leaves behind is found by who comes when it has noticed.
    let _ = until(stage.scene.wait(NOTICING), || (descriptors(stage) <= before).then_some(()));
    another(stage, "a client sent 51200 bytes and reset its connection")?;
    let mut second = stage.connect()?;
    second.send(&half)?;
    second.fin();
    let did = "sent 51200 bytes, and ended our side";
    second.listen_to_the_end();
    let sent_back = second.heard().len();
    if sent_back > 0 {
        second.expect(&half).map_err(|m| m.with_did(did))?;
    }
    second.expect_end().map_err(|m| m.with_did(did))?;
    another(stage, "a client sent 51200 bytes and ended its side")?;
    let back = if sent_back > 0 { "what was sent until then comes back" } else { "nothing comes back" };
    Ok(Some(back.to_owned()))
}

fn slow_reader(stage: &mut Stage) -> Played {
    let body = stage.letters(SIZE);
    let mut wire = stage.connect_with(Reach { receive_buffer: Some(4096), ..Reach::default() })?;
    let did = "sent 102400 bytes, and read 1 KiB every 5 ms";
    let pushed = wire.push(&body, Duration::from_secs(4));
    if pushed < SIZE {
        wire.send(&body[pushed..]).map_err(|m| m.with_did(did))?;
    }
    let mut silent = 0;
    while wire.heard().len() < SIZE && silent < MOST_SILENT && !stage.scene.is_stopped() {
        let before = wire.heard().len();
        stage.scene.breathe(Duration::from_millis(5));
        if !wire.sip(1024) {
            break;
        }
        silent = if wire.heard().len() > before { 0 } else { silent + 1 };
    }
    comes_back(&mut wire, &body).map_err(|m| m.with_did(did)).map(|()| None)
}

fn stall(stage: &mut Stage) -> Played {
    let body = stage.letters(SIZE);
    let mut wire = stage.connect()?;
    wire.send(&body[..SIZE / 2])?;
    another(stage, "a client sent 51200 bytes and paused")?;
    wire.listen_for(Duration::from_secs(2));
    let did = "sent 51200 bytes, and after a pause of 2 s the other 51200";
    wire.send(&body[SIZE / 2..]).map_err(|m| m.with_did(did))?;
    comes_back(&mut wire, &body).map_err(|m| m.with_did(did)).map(|()| None)
}

fn rss50(stage: &mut Stage) -> Played {
    let visits = |stage: &mut Stage, n: usize| -> Result<u64, Miss> {
        for _ in 0..n {
            another(stage, "clients came one after the other")?;
        }
        let Some(actor) = stage.actor() else {
            return Err(Miss::skip("only a program that we started can be looked at"));
        };
        Ok(actor.look().memory_bytes)
    };
    // What the first ones make it set up is no leak.
    let before = visits(stage, 10)?;
    let after = visits(stage, 50)?;
    let mib = after.saturating_sub(before) >> 20;
    if mib < MOST_GROWN {
        return Ok(None);
    }
    let actor = stage.program()?;
    let fault = actor.fault(Transport::Answered, "as much memory as before", format!("{mib} MiB more"));
    Err(fault.with_did("50 clients sent 102400 bytes each, were answered, and left"))
}

/// 100 kB, as the sheet has it.
const SIZE: usize = 102_400;
/// Of 50 clients that leave what they sent behind it would be 5.
const MOST_GROWN: u64 = 4;
/// Who never closes what has ended is found elsewhere.
const NOTICING: Duration = Duration::from_millis(500);
/// Turns of 5 ms: as long as any answer may take.
const MOST_SILENT: usize = 400;
