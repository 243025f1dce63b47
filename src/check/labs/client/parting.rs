//! Parting: who leaves, and how the other one takes it.

use std::time::Duration;

use rustix::process::Signal;

use super::turns::{arrive_asked, reply, turn, words};
use crate::check::actor::{self, Actor, Turn};
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::door::{Doors, Guest, Next};
use crate::check::events::{Event, Told};
use crate::check::fault::Miss;
use crate::check::labs::start::STOPPING;
use crate::check::scene::{Scene, until};
use crate::check::stage::Stage;
use crate::check::wire::{ANSWER, End};
use crate::subject::Ended;

pub(super) fn exit(stage: &mut Stage) -> Played {
    let mut guest = arrive_asked(stage)?;
    let answer = reply(stage, 9);
    turn(stage, &mut guest, &answer)?;
    let Next::Asks = guest.next(stage, ANSWER)? else { return Err(Miss::skip("it asks for one line only")) };
    let speaks_of_it = stage.command()?.says_in_its_text(SAYS_EXIT) || stage.program()?.output().contains("exit");
    stage.program()?.tell("exit");
    let did = "typed `exit`";
    let mut remark = None;
    match guest.next_but_asking(stage, STOPPING)? {
        Next::Ended(ended) => return left(stage, &mut guest, ended).map(|()| None),
        Next::Speaks if !speaks_of_it => {
            // A client that loops for ever sends it like any other line; then the server is who ends.
            guest.wire.fin();
            remark = Some("it sends `exit` to the server, and ends when the server does".to_owned());
        }
        Next::Speaks => {
            guest.said = guest.wire.hear();
            let said = guest.said.clone();
            guest.wire.send(&said)?;
        }
        Next::Asks | Next::Nothing => {}
    }
    let program = stage.program()?;
    match program.ends_within(STOPPING) {
        Some(Ended::Exit(_)) if remark.is_some() => Ok(remark),
        Some(ended) => left(stage, &mut guest, ended).map(|()| None),
        None => {
            let got = if program.awaits_input() { "it asks for more" } else { "it goes on" };
            Err(program.fault(Transport::Timeout, "it ends within 2 s", got).with_did(did))
        }
    }
}

/// It ended after `exit`: well, and by an end of the connection that loses nothing.
fn left(stage: &mut Stage, guest: &mut Guest, ended: Ended) -> Result<(), Miss> {
    let did = "typed `exit`";
    let program = stage.program()?;
    if ended != Ended::Exit(0) {
        let got = format!("it ended: {}", actor::how(ended));
        return Err(program.fault(Transport::Died, "it ends with status 0", got).with_did(did));
    }
    guest.wire.listen_to_the_end();
    match guest.wire.end() {
        Some(End::Rst) => {
            Err(guest.wire.fault(Transport::Rst, "FIN", "RST: it closed without reading what we sent").with_did(did))
        }
        _ => Ok(()),
    }
}

pub(super) fn closed_early(stage: &mut Stage) -> Played {
    let line = words(stage, 9);
    let guest = Guest::meet(stage, &line)?;
    let mark = stage.program()?.printed_bytes();
    guest.wire.close();
    take_leave(stage, mark, "closed the connection as soon as it was made")?;
    stage.kill();
    let guest = Guest::arrive(stage, &line)?;
    let mark = stage.program()?.printed_bytes();
    guest.wire.close();
    take_leave(stage, mark, "closed the connection after its first line")
}

pub(super) fn reset(stage: &mut Stage) -> Played {
    let line = words(stage, 9);
    let guest = Guest::arrive(stage, &line)?;
    let mark = stage.program()?.printed_bytes();
    guest.wire.reset();
    take_leave(stage, mark, "reset the connection after its first line")
}

/// The server has gone: it ends well, comes again, or asks where to go. Who is asking for a line meanwhile can notice
/// only when it sends that, and so it is given two.
fn take_leave(stage: &mut Stage, mark: u64, did: &str) -> Played {
    let doors = stage.doors()?;
    let (first, second) = (words(stage, 7), words(stage, 7));
    let mut lines = [first, second].into_iter();
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let mut is_watched = false;
    loop {
        match after(program, &scene, &doors) {
            After::Ended(Ended::Exit(_)) if program.uncaught().is_none() => {
                let is_silent = program.printed_since(mark).is_empty() && program.stderr().is_empty();
                return Ok(is_silent.then(|| "it ends, and does not say why".to_owned()));
            }
            After::Ended(ended) => {
                let got = format!("it ended by an error that it did not catch: {}", actor::how(ended));
                return Err(program.fault(Transport::Died, LEAVES, got).with_did(did));
            }
            After::CameAgain => return Ok(Some("it connects again".to_owned())),
            After::AskedWhere => return Ok(Some("it asks where to go".to_owned())),
            // A thread that goes round in a circle does not show in what it asks.
            After::Asks if !std::mem::replace(&mut is_watched, true) => {
                if let Some(busy) = program.spins() {
                    let got = format!("it asks for the next line, and {busy}");
                    return Err(program.fault(Transport::Spun, LEAVES, got).with_did(did));
                }
            }
            After::Asks => match lines.next() {
                Some(line) => program.tell(&line),
                None => {
                    let got = "it asks for the next line, and the next";
                    return Err(program.fault(Transport::Answered, LEAVES, got).with_did(did));
                }
            },
            After::Nothing => {
                let (transport, got) = match program.spins() {
                    Some(busy) => (Transport::Spun, format!("it goes on: {busy}")),
                    None => (Transport::Timeout, "it goes on, and asks for nothing".to_owned()),
                };
                return Err(program.fault(transport, LEAVES, got).with_did(did));
            }
        }
    }
}

/// What a client does when its server has gone.
enum After {
    Ended(Ended),
    CameAgain,
    AskedWhere,
    Asks,
    Nothing,
}

fn after(program: &mut Actor, scene: &Scene, doors: &Doors) -> After {
    // Who asks may have a thread, or a select, that is about to notice.
    for span in [NOTICING, STOPPING] {
        let mut asks = false;
        let after = until(scene.wait(span), || {
            let ended = program.ending();
            if doors.admit().is_some() {
                return Some(After::CameAgain);
            }
            if let Some(ended) = ended {
                return Some(After::Ended(ended));
            }
            let turn = program.attend();
            asks = turn == Turn::OurWords;
            (turn == Turn::Answered).then_some(After::AskedWhere)
        });
        match after {
            Some(after) => return after,
            None if asks => return After::Asks,
            None => {}
        }
    }
    After::Nothing
}

pub(super) fn refused(stage: &mut Stage) -> Played {
    let (ended, words) = nobody_there(stage)?;
    let program = stage.program()?;
    let did = "started it where nobody listens";
    if program.uncaught().is_some() || matches!(ended, Some(ended) if !matches!(ended, Ended::Exit(_))) {
        let got = "an error that it did not catch";
        return Err(program.fault(Transport::Died, "a sentence that says so", got).with_did(did));
    }
    match ended {
        Some(ended) if words.trim().is_empty() => {
            let got = format!("no word, and then {}", actor::how(ended));
            Err(program.fault(Transport::Died, "a sentence that says so", got).with_did(did))
        }
        None if words.trim().is_empty() => {
            let got = "it goes on, and says nothing";
            Err(program.fault(Transport::Timeout, "a sentence that says so", got).with_did(did))
        }
        Some(_) => Ok(None),
        None => Ok(Some("it goes on, and tries or asks again".to_owned())),
    }
}

pub(super) fn refused_status(stage: &mut Stage) -> Played {
    let (ended, _) = nobody_there(stage)?;
    match ended {
        None => Err(Miss::skip("it does not end")),
        Some(Ended::Exit(0)) => {
            let program = stage.program()?;
            let fault = program.fault(Transport::Died, "a status that is not 0", "exit status 0");
            Err(fault.with_did("started it where nobody listens"))
        }
        Some(_) => Ok(None),
    }
}

/// Starts it where nobody listens: how it ended, if it did, and what it said to that.
fn nobody_there(stage: &mut Stage) -> Result<(Option<Ended>, String), Miss> {
    let line = words(stage, 9);
    let port = stage.free_port()?;
    let prompter = stage.server_prompter(port);
    let scene = stage.scene.clone();
    let program = stage.start(port, prompter)?;
    let (mut questions, mut mark) = (0, program.printed_bytes());
    let ended = until(scene.wait(REFUSED), || {
        let ended = program.ending();
        if ended.is_none() && questions <= MOST_QUESTIONS {
            let before = program.printed_bytes();
            let turn = program.attend();
            if turn == Turn::OurWords {
                program.tell(&line);
            }
            if turn != Turn::Busy {
                questions += 1;
                mark = if questions <= FIRST_QUESTIONS { before } else { mark };
            }
        }
        // Whoever is asked for the fifth time has been asked again.
        if questions > MOST_QUESTIONS { Some(None) } else { ended.map(Some) }
    });
    let typed: Vec<String> = program.prompter.log.iter().map(|asked| asked.answer.clone()).collect();
    let mut said = String::from_utf8_lossy(&program.printed_since(mark)).into_owned();
    // What was typed stands on the terminal too.
    for line in typed.iter().filter(|line| !line.is_empty()) {
        said = said.replacen(line.as_str(), "", 1);
    }
    said.push_str(&program.stderr());
    Ok((ended.flatten(), said))
}

pub(super) fn never(stage: &mut Stage) -> Played {
    let guest = Guest::arrive(stage, "nobody answers")?;
    let program = stage.program()?;
    let did = "took its line, and did not answer";
    if let Some(busy) = program.spins() {
        return Err(program.fault(Transport::Spun, "it waits", busy).with_did(did));
    }
    program.signal(Signal::INT);
    let ended = program.ends_within(STOPPING);
    drop(guest);
    match ended {
        Some(_) => Ok(None),
        None => {
            let fault = program.fault(Transport::Timeout, "Ctrl-C ends it within 2 s", "it goes on");
            Err(fault.with_did("took its line, did not answer, and pressed Ctrl-C"))
        }
    }
}

pub(super) fn stdin_eof(stage: &mut Stage) -> Played {
    let mut guest = arrive_asked(stage)?;
    let answer = reply(stage, 9);
    guest.answer(&answer)?;
    let Next::Asks = guest.next(stage, ANSWER)? else { return Err(Miss::skip("it asks for one line only")) };
    let scene = stage.scene.clone();
    let program = stage.program()?;
    program.end_input();
    let ended = until(scene.wait(STOPPING), || {
        let ended = program.ending();
        if !guest.wire.sip(1024) && guest.wire.end() == Some(End::Fin) {
            // It ends its side first, and a server then ends its own.
            guest.wire.fin();
        }
        ended
    });
    match ended {
        Some(Ended::Exit(_)) if program.uncaught().is_none() => Ok(None),
        Some(ended) => {
            let got = format!("it ended: {}", actor::how(ended));
            Err(program.fault(Transport::Died, "it ends without a traceback", got).with_did("pressed Ctrl-D"))
        }
        None => Err(program.fault(Transport::Timeout, "it ends within 2 s", "it goes on").with_did("pressed Ctrl-D")),
    }
}

pub(super) fn events(stage: &mut Stage) -> Played {
    let mut told = Told::default();
    let mut guest = arrive_asked(stage)?;
    let answer = reply(stage, 9);
    turn(stage, &mut guest, &answer)?;
    if guest.next(stage, ANSWER)? == Next::Asks {
        stage.program()?.tell("exit");
        if guest.next_but_asking(stage, STOPPING)? == Next::Speaks {
            guest.wire.fin();
        }
    }
    let program = stage.program()?;
    program.ends_within(STOPPING);
    told.read(&program.output());
    told.read(&program.stderr());
    let events = [Event::Connect, Event::Send, Event::Recv, Event::Disconnect];
    let found = events.map(|event| told.first(&stage.setting.events, event));
    // `Server: hello` tells that hello was received, in whatever words, and whenever it is shown.
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let labels = |line: &str| line.split_once(&answer).is_some_and(|(before, _)| before.contains(char::is_alphabetic));
    let is_missing = |(event, at): &(&Event, &Option<(usize, usize)>)| {
        at.is_none() && !(**event == Event::Recv && told.lines().any(labels))
    };
    let missing: Vec<&str> = events.iter().zip(&found).filter(is_missing).map(|(event, _)| event.name()).collect();
    let did = "let it connect, answered a line, and had it end";
    // Who puts a word before what came shows an answer, and no more.
    let is_silent = found.iter().zip(&events).all(|(at, event)| at.is_none() || *event == Event::Recv);
    if is_silent && !stage.setting.events.is_set() {
        return Err(Miss::skip("it tells nothing of what happens; sheet R asks for it, the others do not"));
    }
    if !missing.is_empty() {
        let got = format!("nothing that reads like {}", missing.join(", "));
        let program = stage.program()?;
        return Err(program.fault(Transport::Answered, "connected, sent, received, disconnected", got).with_did(did));
    }
    let places: Vec<(usize, usize)> = found.into_iter().flatten().collect();
    // What went to the terminal and what went to stderr cannot be told apart in time.
    let in_order = places.windows(2).all(|pair| pair[0].0 != pair[1].0 || pair[0].1 <= pair[1].1);
    if in_order {
        return Ok(None);
    }
    let program = stage.program()?;
    let got = "all four, in another order";
    Err(program.fault(Transport::Answered, "connected, sent, received, disconnected", got).with_did(did))
}

const LEAVES: &str = "it ends, or says so and asks where to go";
/// A program that speaks of `exit` knows the word.
const SAYS_EXIT: &str = r#"(?i)["'`]\s*exit\s*(\\n)?["'`]"#;
const NOTICING: Duration = Duration::from_millis(500);
const REFUSED: Duration = Duration::from_secs(8);
const MOST_QUESTIONS: usize = 5;
/// Host, port, and a line.
const FIRST_QUESTIONS: usize = 3;
