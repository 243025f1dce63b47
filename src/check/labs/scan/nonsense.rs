//! Nonsense: hosts that do not exist and ranges that are none. A person has to be told, and not by a traceback.

use std::time::Duration;

use super::doors::{Doors, Manner};
use super::reading;
use super::run::{self, End, Run};
use crate::check::actor::{self, Actor};
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::prompts::without_prompts;
use crate::check::stage::{HOST, Stage};
use crate::check::topics::Topic;
use crate::check::workplace::Told;
use crate::subject::Ended;

/// A range that is none, and what may come of it.
struct Wrong {
    first: &'static str,
    last: &'static str,
    /// Whether it is enough that it is not taken badly: a range from 0 is asked for by many who mean 1.
    is_harmless: bool,
}

const RANGES: &[Wrong] = &[
    Wrong { first: "abc", last: "abc", is_harmless: false },
    Wrong { first: "65530", last: "65536", is_harmless: false },
    Wrong { first: "0", last: "3", is_harmless: true },
];

pub(super) fn bad_host(stage: &mut Stage) -> Played {
    let first = run::stretch(stage, 3)?;
    let told = Told::range(NOBODY, &first.to_string(), &(first + 2).to_string());
    run::start(stage, &told)?;
    let end = run::watch(stage, None, PATIENCE)?;
    if !run::takes_a_host(stage) {
        return Err(Miss::skip("it takes no host"));
    }
    let is_walled = stage.setting.walls.network;
    let program = stage.program()?;
    let did = format!("told it the host {NOBODY}");
    match end {
        None if is_walled || resolves_nothing_slowly(program) => {
            let got = format!("it goes on after {} s", PATIENCE.as_secs());
            Err(program.fault(Transport::Timeout, "a message", got).with_did(&did))
        }
        None => {
            Err(Miss::Unjudged("the name servers of this machine are too slow to say that a name is none".to_owned()))
        }
        Some(end) if asks_again_for_whom(program) => {
            unharmed(program, end).map(|()| None).map_err(|miss| miss.with_did(&did))
        }
        Some(end) => {
            answered(program, end, (&[Topic::Host], &[NOBODY])).map(|()| None).map_err(|miss| miss.with_did(&did))
        }
    }
}

/// Whether the question that had nobody's name for an answer came once more. Then it may have had a port for one.
fn asks_again_for_whom(program: &Actor) -> bool {
    let mut asked = program.prompter.log.iter().skip_while(|asked| asked.answer != NOBODY);
    let Some(whom) = asked.next() else { return false };
    whom.prompt.chars().any(char::is_alphabetic) && asked.any(|later| later.prompt == whom.prompt)
}

/// Whether it does something else than wait for a name server.
fn resolves_nothing_slowly(program: &Actor) -> bool {
    program.look().is_runnable
}

pub(super) fn bad_range(stage: &mut Stage) -> Played {
    backwards(stage)?;
    for wrong in RANGES {
        run::start(stage, &Told::range(HOST, wrong.first, wrong.last))?;
        let end = run::watch(stage, None, PATIENCE)?;
        let program = stage.program()?;
        let did = format!("told it the range from {} to {}", wrong.first, wrong.last);
        let settled = match end {
            None => {
                let got = format!("it goes on after {} s", PATIENCE.as_secs());
                Err(program.fault(Transport::Timeout, "a message", got))
            }
            Some(end) if wrong.is_harmless => unharmed(program, end),
            Some(end) => answered(program, end, (OF_RANGES, &[wrong.first, wrong.last])),
        };
        settled.map_err(|miss| miss.with_did(&did))?;
    }
    Ok(None)
}

/// From a port back to a lower one: whoever takes it for the range between them is right too.
fn backwards(stage: &mut Stage) -> Result<(), Miss> {
    let first = run::stretch(stage, 50)?;
    let doors = Doors::open(run::ours(stage), &[(first + 20, Manner::Greets)])?;
    run::start(stage, &Told::range(HOST, &(first + 49).to_string(), &first.to_string()))?;
    let run = Run::through(stage, (first, first + 49), doors)?;
    if !run::takes_a_range(stage) {
        return Err(Miss::skip("it takes no range"));
    }
    run.is_over(stage)?;
    if run.found() == run.doors.open_ports() {
        return Ok(());
    }
    let program = stage.program()?;
    let end = run.end.unwrap_or(End::Asks);
    let did = format!("told it the range from {} to {first}", first + 49);
    answered(program, end, (OF_RANGES, &[&first.to_string()])).map_err(|miss| miss.with_did(&did))
}

/// It says that something is wrong, or asks again for what it was told.
fn answered(program: &mut Actor, end: End, (topics, told): (&[Topic], &[&str])) -> Result<(), Miss> {
    unharmed(program, end)?;
    let asks_again = end == End::Asks && (program.asks_about(topics) || repeats_itself(program, told));
    let ended_badly = matches!(end, End::Ended(ended) if ended != Ended::Exit(0));
    let said = said(program);
    let complains = reading::complains(&said) || (ended_badly && !said.trim().is_empty());
    if asks_again || complains {
        return Ok(());
    }
    let got = match crate::check::say::bytes(said.trim().as_bytes()) {
        _ if said.trim().is_empty() => "it says nothing".to_owned(),
        words => format!("it says {words}"),
    };
    Err(program.fault(Transport::Answered, "a message that says what is wrong, or the question again", got))
}

/// Whether it asks, in whatever words, what was answered by one of these before.
fn repeats_itself(program: &Actor, told: &[&str]) -> bool {
    let Some(question) = program.question() else { return false };
    let prompt = crate::check::say::escaped(&question);
    let mut before = program.prompter.log.iter().filter(|asked| asked.prompt == prompt);
    !prompt.trim().is_empty() && before.any(|asked| told.iter().any(|said| asked.answer.contains(said)))
}

/// It came through without a traceback, and not without a word.
fn unharmed(program: &mut Actor, end: End) -> Result<(), Miss> {
    let stderr = program.stderr();
    let is_broken = TRACES.iter().any(|trace| stderr.contains(trace));
    match end {
        End::Ended(ended) if is_broken || matches!(ended, Ended::Signal(_)) => {
            let got = format!("it ended: {}", actor::how(ended));
            Err(program.fault(Transport::Died, "a message, and no traceback", got))
        }
        _ if is_broken => {
            Err(program.fault(Transport::Died, "a message, and no traceback", "a traceback in a thread of it"))
        }
        End::Ended(_) if said(program).trim().is_empty() => {
            Err(program.fault(Transport::Answered, "a message", "it ends without a word"))
        }
        _ => Ok(()),
    }
}

/// What it printed, without its questions, which Python writes to stderr.
fn said(program: &Actor) -> String {
    let log = &program.prompter.log;
    [program.output(), program.stderr()].map(|text| without_prompts(&text, log)).join("\n")
}

const OF_RANGES: &[Topic] = &[Topic::First, Topic::Last, Topic::Range, Topic::Port];
/// RFC 2606: a name that nobody ever has.
const NOBODY: &str = "no.such.invalid";
/// What interpreters write when nobody caught it.
const TRACES: &[&str] =
    &["Traceback (most recent call last)", "panicked at", "Exception in thread", "Unhandled", "core dumped"];
const PATIENCE: Duration = Duration::from_secs(15);
