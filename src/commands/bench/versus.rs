//! Versus: two servers in turn, each run beside its opponent's, and what their ratios tell.

use std::sync::Arc;

use super::bout::Bout;
use super::{CommandLine, Exit, Failure, Reports, Server, StartPlace, outputs};
use crate::bench::Load;
use crate::bench::compare::Compared;
use crate::bench::report::document::Document;

/// A round: A and B.
type Pair = (Document, Document);

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
        let mut rounds: Vec<Pair> = Vec::new();
        for round in 0..self.rounds {
            let pair = pair(bout, &servers, (round % 2 == 1, load))?;
            if bout.stop.is_set() {
                break;
            }
            let [a, b] = [&pair.0, &pair.1].map(|run| run.rate.messages_per_s);
            bout.talk.say(&format!("round {} of {}: {a:.0} and {b:.0} messages/s", round + 1, self.rounds));
            rounds.push(pair);
        }
        let Some((a, b)) = rounds.last() else {
            return Err(Failure::failed("stopped before the first round was over"));
        };
        let compared = Compared::of_rounds(&rounds, load.workload.seed).map_err(|e| Failure::failed(e.to_string()))?;
        outputs::tell_compared(&compared, names.each_ref().map(String::as_str), reports.stdout)?;
        let [name_a, name_b] = names;
        outputs::page(reports.html.as_deref(), &[(name_a, a), (name_b, b)])?;
        Ok(bout.stop.signal().map_or_else(|| exit(&compared, &rounds), Exit::Signal))
    }
}

/// A and B, whichever goes first: what the first leaves behind, a warm cache or a hot processor, is shared out.
fn pair(bout: &Bout<'_>, [a, b]: &[Server; 2], (turned, load): (bool, &Arc<Load>)) -> Result<Pair, Failure> {
    if turned {
        let second = bout.run(b, load)?;
        return bout.run(a, load).map(|first| (first, second));
    }
    let first = bout.run(a, load)?;
    bout.run(b, load).map(|second| (first, second))
}

fn exit(compared: &Compared, rounds: &[Pair]) -> Exit {
    let has_failed = |run: &Document| run.errors() > 0 || run.counts.answered == 0;
    if rounds.iter().any(|(a, b)| has_failed(a) || has_failed(b)) {
        Exit::Failed
    } else if compared.has_open_questions() {
        Exit::CouldNotJudge
    } else {
        Exit::Done
    }
}
