//! Asked: a client that asks where to go, and is told what is nowhere.

use crate::check::actor::{self, Turn};
use crate::check::case::Played;
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::prompts::{Answers, Prompter};
use crate::check::scene::until;
use crate::check::stage::Stage;
use crate::check::topics::Topic;
use crate::subject::Ended;

pub(super) fn bad_port(stage: &mut Stage) -> Played {
    told_wrongly(stage, Topic::Port, &["abc", "0", "99999"])
}

pub(super) fn bad_host(stage: &mut Stage) -> Played {
    told_wrongly(stage, Topic::Host, &["256.1.1.1", "no.such.invalid"])
}

/// What it makes of each of these.
fn told_wrongly(stage: &mut Stage, topic: Topic, wrong: &[&str]) -> Played {
    let mut remarks = Vec::new();
    for wrong in wrong {
        let remark = told(stage, topic, wrong)?;
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
        stage.kill();
    }
    Ok(Some(remarks.join(", or ")))
}

enum Outcome {
    Came,
    AsksAgain,
    Ended(Ended),
}

fn told(stage: &mut Stage, topic: Topic, wrong: &str) -> Result<&'static str, Miss> {
    let doors = stage.doors()?;
    let line = String::from_utf8_lossy(&stage.letters(9)).into_owned();
    let usual = stage.prompts(&doors.told.to_string());
    let answers = match topic {
        Topic::Host => Answers { host: wrong.to_owned(), ..usual },
        _ => Answers { port: wrong.to_owned(), ..usual },
    };
    let scene = stage.scene.clone();
    let program = stage.start(doors.told, Prompter::new(answers))?;
    let mut asked = 0;
    let outcome = until(scene.wait(actor::START), || {
        let (asks, ended) = (program.awaits_input(), program.ending());
        if doors.admit().is_some() {
            return Some(Outcome::Came);
        }
        if program.prompter.times_given(wrong) > 1 || asked > MOST_QUESTIONS {
            return Some(Outcome::AsksAgain);
        }
        if asks {
            asked += 1;
            if program.attend() == Turn::OurWords {
                program.tell(&line);
            }
        }
        ended.map(Outcome::Ended)
    });
    if !program.prompter.was_asked_for(&[topic]) {
        return Err(Miss::skip("it does not ask for that"));
    }
    let did = format!("started it, and answered {wrong:?}");
    let fault = |transport, got: String| Err(program.fault(transport, WANT, got).with_did(&did));
    match outcome {
        Some(Outcome::Came) => Ok("it goes to its default"),
        Some(Outcome::AsksAgain) => Ok("it asks again"),
        Some(Outcome::Ended(Ended::Exit(_))) if program.uncaught().is_none() => Ok("it ends"),
        Some(Outcome::Ended(ended)) => {
            fault(Transport::Died, format!("an error that it did not catch, and {}", actor::how(ended)))
        }
        None => fault(Transport::Timeout, "it does none of these within 10 s".to_owned()),
    }
}

const WANT: &str = "it asks again, goes to its default, or says so and ends";
const MOST_QUESTIONS: usize = 8;
