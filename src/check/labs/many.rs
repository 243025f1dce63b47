//! Many: an echo server for many clients at once. A client that is connected and says nothing is what shows whether it
//! is one: the kernel's queue lets others connect to a server that serves one at a time.

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::{echo, start};
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

pub(crate) const LAB: Lab = Lab {
    name: "many",
    role: Role::Server,
    summary: "an echo server for many clients at once, in threads or otherwise",
    sheet: "sheet P1, the server for many clients; sheet P3",
    parts: &[start::SERVER, Part { prefix: "many", rows: ROWS }, Part { prefix: "many", rows: echo::ENDS }],
    answers: |bytes| vec![bytes.to_vec()],
};

const ROWS: &[Row] = &[
    Row {
        name: "first-thread",
        level: Level::Must,
        needs: &[],
        title: "the very first client is served",
        why: "that its thread is started is where most programs fail",
        bug: "`args=(conn)` is no tuple, `target=serve(conn)` calls instead of passing, `start_new_thread(f, (user))`",
        fix: "threading.Thread(target=serve, args=(conn,)).start()",
        play: |stage| {
            let mut wire = stage.connect()?;
            let text = stage.letters(7);
            stage.exchange(&mut wire, &text)?;
            wire.expect_no_more().map(|()| None)
        },
    },
    Row {
        name: "second-while-first-idle",
        level: Level::Must,
        needs: &["first-thread"],
        title: "while a first client is connected and says nothing, a second one is served",
        why: "this is what serving many clients means",
        bug: "the conversation is held in the loop of accept(); or the thread is joined as soon as it is started",
        fix: "a thread for each connection, and no join() in the loop",
        play: |stage| {
            let mut first = stage.connect()?;
            let text = stage.letters(7);
            stage.exchange(&mut first, &text)?;
            let mut second = stage.connect()?;
            let text = stage.letters(9);
            stage.exchange(&mut second, &text).map_err(|m| {
                m.with_did(&format!(
                    "one client stays connected and says nothing; a second sent {}",
                    say::amount(&text)
                ))
            })?;
            Ok(None)
        },
    },
    Row {
        name: "reverse",
        level: Level::Must,
        needs: &["first-thread"],
        title: "of three clients, the last to come is served first when it speaks first",
        why: "the queue of the kernel can be mistaken for serving many",
        bug: "clients are served in the order in which they came",
        fix: "a thread for each connection, or select() over all of them",
        play: |stage| {
            let mut wires = guests(stage, 3)?;
            for (at, wire) in wires.iter_mut().enumerate().rev() {
                let text = stage.letters(7);
                let did = format!("three clients connected; number {} sent {}", at + 1, say::amount(&text));
                stage.exchange(wire, &text).map_err(|m| m.with_did(&did))?;
            }
            Ok(None)
        },
    },
    Row {
        name: "no-crosstalk",
        level: Level::Must,
        needs: &["first-thread"],
        title: "five clients who speak all at once each get their own answers, in order",
        why: "what one client says is nobody else's business",
        bug: "a global variable holds the connection, and the next client overwrites it",
        fix: "hand the connection to the thread as an argument, and use nothing global",
        play: no_crosstalk,
    },
    Row {
        name: "one-dies",
        level: Level::Must,
        needs: &["first-thread"],
        title: "when one client resets its connection, the others go on",
        why: "one client's trouble is not everybody's",
        bug: "the exception of one conversation ends the loop of all",
        fix: "catch OSError within the thread of the conversation",
        play: |stage| {
            let mut wires = guests(stage, 3)?;
            for wire in &mut wires {
                let text = stage.letters(7);
                stage.exchange(wire, &text)?;
            }
            let mut first = wires.remove(0);
            let text = stage.letters(7);
            first.send(&text)?;
            first.reset();
            for wire in &mut wires {
                let text = stage.letters(7);
                let did = format!("of three clients one reset its connection; another sent {}", say::amount(&text));
                stage.exchange(wire, &text).map_err(|m| m.with_did(&did))?;
            }
            stage.still_alive("a client reset its connection").map(|()| None)
        },
    },
    Row {
        name: "five",
        level: Level::Must,
        needs: &["first-thread"],
        title: "five clients at once are all served",
        why: "a class of students is more than that",
        bug: "a fixed number of places, or listen(1) with slow accepting",
        fix: "start a thread and go back to accept() at once",
        play: |stage| crowd(stage, 5),
    },
    Row {
        name: "fifty",
        level: Level::Should,
        needs: &["five"],
        title: "fifty clients at once are all served",
        why: "what works for five need not work for more",
        bug: "a fixed number of places, such as a list of ten or a pool of eight threads",
        fix: "a thread for each connection, or an event loop",
        play: |stage| crowd(stage, 50),
    },
    Row {
        name: "slow-isolated",
        level: Level::Should,
        needs: &["second-while-first-idle"],
        title: "a client that does not read delays nobody else",
        why: "send() waits for whoever does not read",
        bug: "send() under a lock that all conversations share",
        fix: "no lock around send(); what is shared is copied first",
        play: |stage| {
            let mut lazy = stage.connect_with(Reach { receive_buffer: Some(4096), ..Reach::default() })?;
            // More than the buffers of both ends take.
            let much = stage.letters(12 << 20);
            let taken = lazy.push(&much, Duration::from_millis(500));
            let mut other = stage.connect()?;
            let text = stage.letters(9);
            let did = format!("a client sent {taken} bytes and reads nothing; another sent {}", say::amount(&text));
            stage.exchange(&mut other, &text).map_err(|m| m.with_did(&did))?;
            Ok(None)
        },
    },
    Row {
        name: "leave-order",
        level: Level::Should,
        needs: &["first-thread"],
        title: "clients may leave in any order, and others come",
        why: "who leaves first is not who came first",
        bug: "clients are known by their place in a list, which moves when one is removed",
        fix: "keep them by their socket, in a set or a dictionary",
        play: |stage| {
            let mut wires = guests(stage, 3)?;
            for gone in [1, 0] {
                wires.remove(gone).close();
                for wire in &mut wires {
                    let text = stage.letters(7);
                    stage.exchange(wire, &text)?;
                }
            }
            stage.still_alive("three clients came, and two left").map(|()| None)
        },
    },
    Row {
        name: "five-hundred",
        level: Level::Extra,
        needs: &["fifty"],
        title: "five hundred clients at once are all served",
        why: "threads cost memory, and descriptors are limited",
        bug: "something that grows with each client",
        fix: "an event loop (selectors, asyncio)",
        play: |stage| crowd(stage, 500),
    },
    Row {
        name: "threads-back",
        level: Level::Extra,
        needs: &["five"],
        title: "when twenty clients have left, their threads are gone too",
        why: "threads that wait for ever are a leak",
        bug: "the thread of a conversation loops on after its end",
        fix: "return from the thread's function when recv() returns nothing",
        play: threads_back,
    },
];

/// So many clients, who came at distances that any queue can take.
fn guests(stage: &mut Stage, n: usize) -> Result<Vec<Wire>, Miss> {
    let mut wires = Vec::new();
    for _ in 0..n {
        wires.push(stage.connect()?);
        stage.scene.breathe(Duration::from_millis(20));
    }
    Ok(wires)
}

fn crowd(stage: &mut Stage, n: usize) -> Played {
    let mut wires = Vec::new();
    for at in 0..n {
        let mut wire = stage.connect()?;
        let text = stage.letters(7);
        let did = format!("{at} clients were connected; one more sent {}", say::amount(&text));
        stage.exchange(&mut wire, &text).map_err(|m| m.with_did(&did))?;
        wires.push(wire);
    }
    for wire in wires.iter_mut().rev() {
        let text = stage.letters(7);
        let did = format!("of {n} clients one sent {}", say::amount(&text));
        stage.exchange(wire, &text).map_err(|m| m.with_did(&did))?;
    }
    Ok(None)
}

fn no_crosstalk(stage: &mut Stage) -> Played {
    let mut wires = guests(stage, 5)?;
    let mut said = vec![Vec::new(); wires.len()];
    for _ in 0..100 {
        let at = stage.dice.below(wires.len());
        let text = [&[b'A' + at as u8][..], &stage.letters(9)].concat();
        wires[at].send(&text)?;
        said[at].extend(text);
    }
    for (at, wire) in wires.iter_mut().enumerate() {
        let did = format!("five clients sent 100 texts by turns; client {} sent {}", at + 1, say::amount(&said[at]));
        wire.expect_any(&stage.answers(&said[at])).map_err(|m| m.with_did(&did))?;
        wire.expect_no_more().map_err(|m| m.with_did(&did))?;
    }
    Ok(None)
}

fn threads_back(stage: &mut Stage) -> Played {
    let mut wire = stage.connect()?;
    let text = stage.letters(7);
    stage.exchange(&mut wire, &text)?;
    wire.close();
    let scene = stage.scene.clone();
    scene.pause(Duration::from_millis(200));
    let Some(actor) = stage.actor() else { return Err(Miss::skip("only a program that we started can be looked at")) };
    let before = actor.look().threads;
    let mut wires = guests(stage, 20)?;
    for wire in &mut wires {
        let text = stage.letters(7);
        stage.exchange(wire, &text)?;
    }
    wires.into_iter().for_each(Wire::close);
    let actor = stage.program()?;
    let back = crate::check::scene::until(scene.wait(Duration::from_secs(2)), || {
        (actor.look().threads <= before + 2).then_some(())
    });
    if back.is_some() {
        return Ok(None);
    }
    let got = format!("{} threads", actor.look().threads);
    let fault = actor.fault(Transport::Answered, format!("{before} threads, as before"), got);
    Err(fault.with_did("20 clients came, were answered, and left"))
}
