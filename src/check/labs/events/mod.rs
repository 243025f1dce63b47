//! Events: a server tells what happens to it, at each of the seven times that sheet R names. It is played one life, and
//! what it prints is heard in chapters: what comes when it is up, when somebody has come, has spoken, has left, and when
//! it was stopped.

/// What it tells between its start and its end.
pub(super) mod life;

use std::time::Duration;

use life::{Chapter, Ear, Life, TELLING, speak};
use rustix::process::Signal;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::events::{Event, Told};
use crate::check::labs::start;
use crate::check::say;
use crate::check::scene::until;
use crate::check::stage::Stage;

pub(crate) const LAB: Lab = Lab {
    name: "events",
    role: Role::Server,
    summary: "a server that tells when it starts, listens, is connected to, receives, sends, is left, and stops",
    sheet: "sheet R, the messages of the server; sheet P1, what the servers print",
    parts: &[start::SERVER, Part { prefix: "events", rows: PRESENT }, Part { prefix: "events", rows: TRUE }],
    answers: |_| Vec::new(),
};

const PRESENT: &[Row] = &[
    Row {
        name: "present/start",
        level: Level::Should,
        needs: &[],
        title: "it says that it has started",
        why: "sheet R: a message, with an explanation, at each of seven events; this is the first",
        bug: "the first message comes with the first client",
        fix: "print(\"server started\") as the first thing",
        play: |stage| present(stage, Event::Start),
    },
    Row {
        name: "present/listen",
        level: Level::Should,
        needs: &[],
        title: "it says that it listens",
        why: "whoever wants to connect has to know when, and on which port",
        bug: "there is a message for the start, and none for listen()",
        fix: "print the port behind listen()",
        play: |stage| present(stage, Event::Listen),
    },
    Row {
        name: "present/connect",
        level: Level::Should,
        needs: &[],
        title: "it says that a client has connected",
        why: "sheets R and P1 ask for it",
        bug: "accept() returns, and nobody is told",
        fix: "print the address that accept() gives",
        play: |stage| present(stage, Event::Connect),
    },
    Row {
        name: "present/recv",
        level: Level::Should,
        needs: &[],
        title: "it says that it has received something",
        why: "what has come and what has not is the first question when something goes wrong",
        bug: "only the data are printed, without a word that says what they are",
        fix: "print(\"received\", data) behind recv()",
        play: |stage| present(stage, Event::Recv),
    },
    Row {
        name: "present/send",
        level: Level::Should,
        needs: &[],
        title: "it says that it has sent something",
        why: "an answer that was not sent looks to the client like one that is late",
        bug: "there is a message for what comes, and none for what goes",
        fix: "print(\"sent\", data) behind sendall()",
        play: |stage| present(stage, Event::Send),
    },
    Row {
        name: "present/disconnect",
        level: Level::Should,
        needs: &[],
        title: "it says that a client has disconnected",
        why: "who is still there is known only if leaving is told",
        bug: "the loop ends when recv() returns nothing, and says nothing",
        fix: "print(\"disconnected\", address) behind the loop, or in finally:",
        play: |stage| present(stage, Event::Disconnect),
    },
    Row {
        name: "present/stop",
        level: Level::Should,
        needs: &[],
        title: "it says that it stops",
        why: "a server that ends without a word might have been killed",
        bug: "the loop of accept() never ends, so what stands behind it is never printed",
        fix: "catch KeyboardInterrupt around the loop, say that it stops, and close the socket",
        play: |stage| present(stage, Event::Stop),
    },
];

const TRUE: &[Row] = &[
    Row {
        name: "order",
        level: Level::Should,
        needs: &[],
        title: "it tells them in the order in which they happen",
        why: "a message that comes before its event is a promise, and one that comes after the next misleads",
        bug: "`sent` is printed before sendall(), or `connected` only when the first data have come",
        fix: "print each message behind the call that it is about",
        play: order,
    },
    Row {
        name: "per-client",
        level: Level::Should,
        needs: &["present/connect", "present/disconnect"],
        title: "two clients are told of twice, when they come and when they leave",
        why: "each client is a conversation of its own",
        bug: "one global flag says whether anybody is connected",
        fix: "print where the connection is accepted and where its loop ends",
        play: per_client,
    },
    Row {
        name: "truthful",
        level: Level::Should,
        needs: &["present/recv"],
        title: "while a client is connected and says nothing, it does not say that it has received something",
        why: "a message without an event is worse than none",
        bug: "the message stands in the loop, whether or not something has come",
        fix: "print behind recv(), and only where it gave something",
        play: truthful,
    },
    Row {
        name: "disconnect-on-rst",
        level: Level::Should,
        needs: &["present/disconnect"],
        title: "it says that a client has disconnected, also one that was killed",
        why: "not everybody who leaves says goodbye",
        bug: "the message stands behind the loop, and an exception goes past it",
        fix: "try: … finally: print(\"disconnected\")",
        play: disconnect_on_rst,
    },
    Row {
        name: "stop-on-sigint",
        level: Level::Should,
        needs: &[],
        title: "it says that it stops when Ctrl-C stops it",
        why: "this is how servers are stopped",
        bug: "only `exit` or the end of the loop leads to the message",
        fix: "except KeyboardInterrupt: print(\"server stopped\")",
        play: present_after_ctrl_c,
    },
    Row {
        name: "no-flood",
        level: Level::Must,
        needs: &[],
        title: "when a client has left, it does not print on and on",
        why: "a terminal full of the same line hides everything else",
        bug: "recv() returns nothing when the client has left, and the loop prints that for ever",
        fix: "if not data: break",
        play: no_flood,
    },
    Row {
        name: "peer",
        level: Level::Extra,
        needs: &["present/connect"],
        title: "the message of a new client says where it comes from",
        why: "with many clients, which one matters",
        bug: "the address that accept() gives is thrown away",
        fix: "conn, addr = sock.accept(); print(\"connected\", addr)",
        play: peer,
    },
];

fn present(stage: &mut Stage, event: Event) -> Played {
    // Who says it late says it; that is for the case about the order.
    let chapter = Chapter::of(event).max(Chapter::Spoke);
    let life = Life::live(stage, chapter)?;
    if life.place(&stage.setting.events, event).is_some() {
        return Ok(None);
    }
    let fault = stage.program()?.fault(Transport::Answered, line_of(event), life.last_lines());
    Err(fault.with_did(chapter.did()))
}

fn present_after_ctrl_c(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
    let program = stage.program()?;
    let ear = Ear::now(program);
    program.signal(Signal::INT);
    let told = ear.heard_of((program, &scene), &words, &[Event::Stop]);
    if told.first(&words, Event::Stop).is_some() {
        return Ok(None);
    }
    let life = Life(vec![told]);
    let fault = program.fault(Transport::Answered, line_of(Event::Stop), life.last_lines());
    Err(fault.with_did("pressed Ctrl-C while it listened"))
}

fn order(stage: &mut Stage) -> Played {
    let life = Life::live(stage, Chapter::Stopped)?;
    let words = stage.setting.events.clone();
    let places = Event::ALL.into_iter().filter_map(|event| Some((event, life.place(&words, event)?)));
    let places: Vec<_> = places.collect();
    let did = Chapter::Stopped.did();
    if places.len() < FEWEST {
        let names: Vec<&str> = places.iter().map(|(event, _)| event.name()).collect();
        let got = format!("it tells {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") });
        return Err(stage.program()?.fault(Transport::Answered, "start, listen, connect, …", got).with_did(did));
    }
    if places.iter().any(|(event, (chapter, _))| *event == Event::Connect && *chapter != Chapter::Came as usize) {
        let got = "it says that a client has connected only when that has sent something, or later";
        let want = "that a client has connected is told when it has";
        return Err(stage.program()?.fault(Transport::Answered, want, got).with_did(did));
    }
    let wrong = places.windows(2).find(|pair| is_before(pair[1].1, pair[0].1));
    match wrong {
        None => Ok(None),
        Some(pair) => {
            let (first, second) = (pair[0].0, pair[1].0);
            let got = format!("it says {} before it says {}", second.says(), first.says());
            Err(stage.program()?.fault(Transport::Answered, "all in their order", got).with_did(did))
        }
    }
}

/// Whether the one was told before the other, as far as that can be known: two lines on two terminals have no order.
fn is_before(a: (usize, (usize, usize)), b: (usize, (usize, usize))) -> bool {
    a.0 < b.0 || a.0 == b.0 && a.1.0 == b.1.0 && a.1.1 < b.1.1
}

fn per_client(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
    let ear = Ear::now(stage.program()?);
    let mut first = stage.connect()?;
    let text = stage.letters(8);
    speak(Some(&mut first), &text)?;
    // Who serves one after the other lets the second in when the first has left.
    let mut second = stage.connect()?;
    scene.breathe(scene.stretched(OVERLAP));
    first.close();
    let text = stage.letters(8);
    speak(Some(&mut second), &text)?;
    second.close();
    let program = stage.program()?;
    let counts = |told: &Told| [Event::Connect, Event::Disconnect].map(|event| told.all(&words, event).len());
    let twice =
        until(scene.wait(TELLING), || counts(&ear.heard(program)).iter().all(|count| *count >= 2).then_some(()));
    if twice.is_some() {
        return Ok(None);
    }
    let [came, left] = counts(&ear.heard(program));
    let got = format!("{came} of a client that came, {left} of one that left");
    let did = "two clients connected, sent a text each, and left";
    Err(program.fault(Transport::Answered, "two lines of each", got).with_did(did))
}

fn truthful(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
    let ear = Ear::now(stage.program()?);
    let mut wire = stage.connect()?;
    scene.pause(SILENCE);
    let program = stage.program()?;
    let told = ear.heard(program);
    // Who says that it waits for something to come does not say that it has come.
    let lie = told.all(&words, Event::Recv).into_iter().find(|line| !words.tells(Event::Listen, line));
    if let Some(line) = lie {
        let got = say::escaped(line.as_bytes());
        let fault = program.fault(Transport::Answered, "nothing about what has come", got);
        return Err(fault.with_did("connected, and sent nothing for 1 s"));
    }
    let ear = Ear::now(program);
    let text = stage.letters(8);
    speak(Some(&mut wire), &text)?;
    let program = stage.program()?;
    let told = ear.heard_of((program, &scene), &words, &[Event::Recv]);
    match told.first(&words, Event::Recv) {
        Some(_) => Ok(None),
        None => {
            let got = Life(vec![told]).last_lines();
            let fault = program.fault(Transport::Answered, line_of(Event::Recv), got);
            Err(fault.with_did("connected, sent nothing for 1 s, and then a text"))
        }
    }
}

fn disconnect_on_rst(stage: &mut Stage) -> Played {
    stage.command()?;
    let mut wire = stage.connect()?;
    let text = stage.letters(8);
    speak(Some(&mut wire), &text)?;
    let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
    let program = stage.program()?;
    let ear = Ear::now(program);
    wire.reset();
    let told = ear.heard_of((program, &scene), &words, &[Event::Disconnect]);
    if told.first(&words, Event::Disconnect).is_some() {
        return Ok(None);
    }
    let got = Life(vec![told]).last_lines();
    let fault = program.fault(Transport::Answered, line_of(Event::Disconnect), got);
    Err(fault.with_did("connected, sent a text, and reset the connection"))
}

fn no_flood(stage: &mut Stage) -> Played {
    stage.command()?;
    let mut wire = stage.connect()?;
    let text = stage.letters(8);
    speak(Some(&mut wire), &text)?;
    wire.close();
    let scene = stage.scene.clone();
    // What it says of the end itself is not counted.
    scene.pause(GOODBYE);
    let program = stage.program()?;
    let ear = Ear::now(program);
    scene.pause(SILENCE);
    let lines = ear.heard(program).lines().count();
    if lines < FLOOD {
        return Ok(None);
    }
    let got = format!("{lines} lines or more within 1 s");
    let fault = program.fault(Transport::Spun, "no line, as nothing happens", got);
    Err(fault.with_did("connected, sent a text, and left"))
}

fn peer(stage: &mut Stage) -> Played {
    stage.command()?;
    stage.listening()?;
    let (scene, words) = (stage.scene.clone(), stage.setting.events.clone());
    let ear = Ear::now(stage.program()?);
    let wire = stage.connect()?;
    let from = wire.local()?;
    let program = stage.program()?;
    let told = ear.heard_of((program, &scene), &words, &[Event::Connect]);
    let lines = told.all(&words, Event::Connect);
    let names_it = |line: &&str| line.contains(&from.port().to_string()) || line.contains(&from.ip().to_string());
    if lines.iter().any(names_it) {
        return Ok(None);
    }
    let got = lines.first().map_or("no line".to_owned(), |line| say::escaped(line.as_bytes()));
    Err(program.fault(Transport::Answered, format!("{from} in the line"), got).with_did("connected"))
}

/// What is wanted where an event is not told, as far as we can read.
fn line_of(event: Event) -> String {
    format!("a line {}, in words that we know, or that --event {}=REGEX names", event.says(), event.name())
}

const SILENCE: Duration = Duration::from_secs(1);
const OVERLAP: Duration = Duration::from_millis(200);
const GOODBYE: Duration = Duration::from_millis(400);
/// Lines a second.
const FLOOD: usize = 20;
/// An order needs that many.
const FEWEST: usize = 3;
