//! Versus: two servers in turn, each run beside its opponent's, and what their ratios tell.

use std::sync::Arc;

use super::bout::Bout;
use super::{CommandLine, Exit, Failure, Form, Reports, Server, StartPlace, outputs};
use crate::bench::report::document::Document;
use crate::bench::{Comparison, Load};

/// Two servers and how often they are pressed.
pub(super) struct Versus {
    pub(super) pair: [CommandLine; 2],
    pub(super) place: StartPlace,
    pub(super) rounds: u32,
}

impl Versus {
    /// # Errors
    /// Where a server cannot be started, or a report cannot be written.
    pub(super) fn run(self, bout: &Bout<'_>, load: &Arc<Load>, reports: &Reports) -> Result<Exit, Failure> {
        let names = self.pair.clone().map(|command| command.text);
        let servers = self.pair.map(|command| Server::Started { command, place: self.place.clone() });
        let mut rounds: Vec<[Document; 2]> = Vec::new();
        for round in 0..self.rounds {
            let pair = pair(bout, &servers, (round % 2 == 1, load))?;
            if bout.stop.is_set() {
                break;
            }
            let rates = pair.each_ref().map(|run| run.rate.messages_per_s);
            let progress =
                format!("round {} of {}: {:.0} and {:.0} messages/s", round + 1, self.rounds, rates[0], rates[1]);
            bout.talk.say(&progress);
            rounds.push(pair);
        }
        let comparison = Comparison::of_rounds(&rounds, names.clone(), load.workload.seed);
        outputs::to_stdout(|out| match reports.stdout {
            Form::Json => outputs::json_line(&comparison, out),
            Form::Text => comparison.write(out),
        })?;
        if let Some([a, b]) = rounds.last() {
            let [name_a, name_b] = names;
            outputs::page(reports.html.as_deref(), &[(name_a, a), (name_b, b)])?;
        }
        Ok(bout.stop.signal().map_or_else(|| exit(&comparison, &rounds), Exit::Signal))
    }
}

/// A and B, whichever goes first: what the first leaves behind, a warm cache or a hot processor, is shared out.
fn pair(bout: &Bout<'_>, [a, b]: &[Server; 2], (turned, load): (bool, &Arc<Load>)) -> Result<[Document; 2], Failure> {
    if turned {
        let second = bout.run(b, load)?;
        return bout.run(a, load).map(|first| [first, second]);
    }
    let first = bout.run(a, load)?;
    bout.run(b, load).map(|second| [first, second])
}

fn exit(comparison: &Comparison, rounds: &[[Document; 2]]) -> Exit {
    if rounds.iter().flatten().any(|run| run.errors() > 0 || run.counts.answered == 0) {
        Exit::Failed
    } else if comparison.is_limited() {
        Exit::CouldNotJudge
    } else {
        Exit::Done
    }
}
