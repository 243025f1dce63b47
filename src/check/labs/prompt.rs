//! Prompt: a server that asks for host and port, has defaults for both, and takes nothing for either that is neither.

use std::net::IpAddr;

use rustix::process::Signal;

use crate::check::actor::{self, Turn};
use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::prompts::{Answers, Prompter};
use crate::check::scene::until;
use crate::check::stage::{HOST, Stage};
use crate::subject::Ended;

pub(crate) const LAB: Lab = Lab {
    name: "prompt",
    role: Role::Server,
    summary: "a server that asks for host and port, with safe input and defaults",
    sheet: "sheet R, task 4",
    parts: &[start::SERVER, Part { prefix: "prompt", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "defaults",
        level: Level::Must,
        needs: &[],
        title: "Enter to every question uses the defaults, and it listens",
        why: "most people want just that",
        bug: "int('') raises ValueError, or Enter is a wrong answer for ever",
        fix: "port = int(text) if text else 5555",
        play: defaults,
    },
    Row {
        name: "values",
        level: Level::Must,
        needs: &[],
        title: "the host and the port that were typed are the ones that are used",
        why: "it was asked for them",
        bug: "the answers are read and not used",
        fix: "pass them to bind()",
        play: values,
    },
    Row { name: "bad-port/abc", play: |stage| bad_port(stage, "abc"), ..BAD_PORT },
    Row { name: "bad-port/-1", play: |stage| bad_port(stage, "-1"), ..BAD_PORT },
    Row { name: "bad-port/0", play: |stage| bad_port(stage, "0"), ..BAD_PORT },
    Row { name: "bad-port/65536", play: |stage| bad_port(stage, "65536"), ..BAD_PORT },
    Row { name: "bad-port/99999", play: |stage| bad_port(stage, "99999"), ..BAD_PORT },
    Row { name: "bad-port/9090x", play: |stage| bad_port(stage, "9090x"), ..BAD_PORT },
    Row { name: "bad-port/1e3", play: |stage| bad_port(stage, "1e3"), ..BAD_PORT },
    Row { name: "bad-host/256.1.1.1", play: |stage| bad_host(stage, "256.1.1.1"), ..BAD_HOST },
    Row { name: "bad-host/no.such.invalid", play: |stage| bad_host(stage, "no.such.invalid"), ..BAD_HOST },
    Row {
        name: "eof",
        level: Level::Should,
        needs: &[],
        title: "Ctrl-D at a question ends it in order, or stands for the default",
        why: "it is how people leave, and how a pipe ends",
        bug: "input() raises EOFError, which nobody catches, or which is taken for a wrong answer for ever",
        fix: "catch EOFError beside KeyboardInterrupt, and leave",
        play: end_of_input,
    },
    Row {
        name: "ctrl-c",
        level: Level::Should,
        needs: &[],
        title: "Ctrl-C at a question ends it within 2 s, without a traceback",
        why: "it is how people leave",
        bug: "a bare `except:` takes it for a wrong answer, or nobody catches it",
        fix: "except ValueError around int(), and one except KeyboardInterrupt around everything",
        play: interrupt,
    },
];

const BAD_PORT: Row = Row {
    name: "bad-port",
    level: Level::Must,
    needs: &["defaults"],
    title: "what is no port from 1 to 65535 is asked for again, or the default is used",
    why: "people mistype",
    bug: "ValueError or OverflowError ends it with a traceback, or something else becomes of it than was typed",
    fix: "text.isdigit() and 0 < int(text) < 65536, in a loop that asks again",
    play: defaults,
};

const BAD_HOST: Row = Row {
    name: "bad-host",
    level: Level::Must,
    needs: &["defaults"],
    title: "what is no host of this machine is told in a sentence, asked for again, or the default is used",
    why: "people mistype",
    bug: "gaierror or OSError ends it with a traceback",
    fix: "try/except OSError around getaddrinfo() or bind(), in a loop that asks again",
    play: defaults,
};

/// What came of its questions.
enum Outcome {
    Listens(u16),
    /// The same was asked again.
    AsksAgain,
    Ended(Ended),
    Nothing,
}

/// Starts it with these answers, and waits for what comes of them. `wrong` is the answer that is to be asked for again.
fn answered(stage: &mut Stage, host: &str, port: &str, wrong: Option<&str>) -> Result<Outcome, Miss> {
    let answers = Answers { host: host.to_owned(), port: port.to_owned(), ..stage.prompts(port) };
    stage.start(0, Prompter::new(answers))?;
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let mut asked = 0;
    let outcome = until(scene.wait(actor::START), || {
        let asks = program.awaits_input();
        if let Some(listener) = program.listeners().first() {
            return Some(Outcome::Listens(listener.port()));
        }
        if let Some(ended) = program.ending() {
            return Some(Outcome::Ended(ended));
        }
        if wrong.is_some_and(|wrong| program.prompter.times_given(wrong) > 1) {
            return Some(Outcome::AsksAgain);
        }
        if asks && asked < MOST_QUESTIONS && program.attend() == Turn::Answered {
            asked += 1;
        }
        None
    });
    Ok(outcome.unwrap_or(Outcome::Nothing))
}

/// Where it listens when everything is answered by Enter.
fn default_port(stage: &mut Stage) -> Result<u16, Miss> {
    let outcome = answered(stage, "", "", None)?;
    let program = stage.program()?;
    let did = "started it, and pressed Enter at each question";
    if program.prompter.log.is_empty() {
        let got = match outcome {
            Outcome::Listens(port) => format!("it listens on {port} without a question"),
            _ => "it asks nothing".to_owned(),
        };
        return Err(program.fault(Transport::Answered, "it asks for host and port", got).with_did("started it"));
    }
    let want = "it listens on its default port";
    match outcome {
        Outcome::Listens(port) => Ok(port),
        Outcome::Ended(ended) => {
            let got = format!("it ended: {}", actor::how(ended));
            Err(program.fault(Transport::Died, want, got).with_did(did))
        }
        Outcome::AsksAgain | Outcome::Nothing => {
            let got = format!("it listens nowhere after {} answers", program.prompter.log.len());
            Err(program.fault(Transport::Timeout, want, got).with_did(did))
        }
    }
}

fn defaults(stage: &mut Stage) -> Played {
    let port = default_port(stage)?;
    Ok(Some(format!("port {port}")))
}

fn values(stage: &mut Stage) -> Played {
    let port = stage.free_port()?;
    let outcome = answered(stage, HOST, &port.to_string(), None)?;
    let program = stage.program()?;
    let got = match outcome {
        Outcome::Listens(found) if found == port => {
            let far = program.listeners().iter().any(|at| at.ip() != IpAddr::from([127, 0, 0, 1]));
            return Ok(far.then(|| "it also listens elsewhere than was typed".to_owned()));
        }
        Outcome::Listens(found) => format!("it listens on port {found}"),
        Outcome::Ended(ended) => format!("it ended: {}", actor::how(ended)),
        Outcome::AsksAgain | Outcome::Nothing => "it listens nowhere".to_owned(),
    };
    Err(program.fault(Transport::Answered, format!("it listens on {HOST}:{port}"), got))
}

fn bad_port(stage: &mut Stage, wrong: &str) -> Played {
    let usual = default_port(stage)?;
    let outcome = answered(stage, HOST, wrong, Some(wrong))?;
    if let Outcome::Ended(ended) = outcome {
        let did = format!("started it, and answered {wrong:?}");
        let got = format!("it ended: {}", actor::how(ended));
        let program = stage.program()?;
        return Err(program.fault(Transport::Died, "it asks again, or uses its default", got).with_did(&did));
    }
    judge(stage, outcome, (wrong, usual))
}

fn bad_host(stage: &mut Stage, wrong: &str) -> Played {
    let usual = default_port(stage)?;
    let outcome = answered(stage, wrong, "", Some(wrong))?;
    judge(stage, outcome, (wrong, usual))
}

fn judge(stage: &mut Stage, outcome: Outcome, (wrong, usual): (&str, u16)) -> Played {
    let program = stage.program()?;
    let did = format!("started it, and answered {wrong:?}");
    let want = "it asks again, or uses its default";
    if program.prompter.log.iter().all(|asked| asked.answer != wrong) {
        return Err(Miss::skip("it does not ask for that"));
    }
    match outcome {
        Outcome::AsksAgain => Ok(Some("it asks again".to_owned())),
        Outcome::Listens(port) if port == usual => Ok(Some("it uses its default".to_owned())),
        Outcome::Listens(port) => {
            let got = format!("it listens on port {port}, which nobody named");
            Err(program.fault(Transport::Answered, want, got).with_did(&did))
        }
        Outcome::Ended(ended) if program.uncaught().is_some() || matches!(ended, Ended::Signal(_)) => {
            let got = format!("a traceback, and {}", actor::how(ended));
            Err(program.fault(Transport::Died, want, got).with_did(&did))
        }
        Outcome::Ended(ended) => Ok(Some(format!("it says so, and ends: {}", actor::how(ended)))),
        Outcome::Nothing => {
            let got = format!("it listens nowhere after {} answers", program.prompter.log.len());
            Err(program.fault(Transport::Timeout, want, got).with_did(&did))
        }
    }
}

/// The program at its first question.
fn at_a_question(stage: &mut Stage) -> Result<(), Miss> {
    let answers = stage.prompts("");
    stage.start(0, Prompter::new(answers))?;
    let scene = stage.scene.clone();
    let program = stage.program()?;
    let asks = until(scene.wait(actor::START), || {
        let over = program.ending().is_some() || !program.listeners().is_empty();
        program.awaits_input().then_some(true).or_else(|| over.then_some(false))
    });
    if asks == Some(true) {
        return Ok(());
    }
    Err(program.fault(Transport::Answered, "it asks for host and port", "it asks nothing").with_did("started it"))
}

fn end_of_input(stage: &mut Stage) -> Played {
    at_a_question(stage)?;
    let did = "pressed Ctrl-D at its first question";
    let scene = stage.scene.clone();
    let program = stage.program()?;
    program.end_input();
    let over = until(scene.wait(start::STOPPING), || {
        let listens = !program.listeners().is_empty();
        // Whoever asks for the next thing has taken it for Enter.
        listens.then_some(None).or_else(|| program.ending().map(Some)).or_else(|| {
            (program.awaits_input() && program.look().cpu.as_millis() < 1500).then(|| program.end_input());
            None
        })
    });
    let want = "it ends, or goes on with its defaults";
    match over {
        None => Err(program.fault(Transport::Timeout, want, "it does neither within 2 s").with_did(did)),
        Some(Some(ended)) if program.uncaught().is_some() => {
            let got = format!("a traceback, and {}", actor::how(ended));
            Err(program.fault(Transport::Died, want, got).with_did(did))
        }
        Some(ended) => Ok(ended.map(actor::how)),
    }
}

fn interrupt(stage: &mut Stage) -> Played {
    at_a_question(stage)?;
    let did = "pressed Ctrl-C at its first question";
    let program = stage.program()?;
    program.signal(Signal::INT);
    match program.ends_within(start::STOPPING) {
        None => Err(program.fault(Transport::Timeout, "it ends within 2 s", "it goes on").with_did(did)),
        Some(_) if program.uncaught().is_some() => {
            Err(program.fault(Transport::Died, "it ends without a traceback", "a traceback").with_did(did))
        }
        Some(ended) => Ok(Some(actor::how(ended))),
    }
}

const MOST_QUESTIONS: usize = 12;
