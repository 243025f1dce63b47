//! Search: runs at one rate after the other, until the highest is known that keeps a condition.

use std::sync::Arc;

use super::bout::Bout;
use super::{Failure, Server};
use crate::bench::report::document::{Bound, Document};
use crate::bench::{Condition, Kept, Load, Pace, Search, Spacing, Step};

/// What a search is for.
pub(super) struct Quest<'a> {
    pub(super) bout: &'a Bout<'a>,
    pub(super) server: &'a Server,
    pub(super) keeps: &'a Condition,
    pub(super) spacing: Spacing,
}

/// What it found.
pub(super) enum Found {
    /// The run at the highest rate that kept it; whether only the generator ended the search there.
    Rate { run: Box<Document>, is_least: bool },
    /// No rate kept it. The last run that was tried.
    None(Box<Document>),
    /// It was stopped. The run that was cut short.
    Stopped(Box<Document>),
}

impl Quest<'_> {
    /// # Errors
    /// Those of its runs.
    pub(super) fn run(&self, load: &Load) -> Result<Found, Failure> {
        let Pace::Closed { depth: Some(depth) } = load.pace else {
            return Err(Failure::bad_words("a rate is searched with a bounded --depth; leave --stream out"));
        };
        let mut last = self.bout.run(self.server, &Arc::new(load.clone()))?;
        self.say(&format!("closed loop: {:.0} messages/s", last.rate.messages_per_s));
        let mut search = Search::new(last.rate.messages_per_s * MARGIN);
        loop {
            let rate = match search.next() {
                Step::Try(rate) | Step::Confirm(rate) => rate,
                Step::Done(None) => return Ok(Found::None(Box::new(last))),
                Step::Done(Some(_)) => {
                    return Ok(Found::Rate { run: Box::new(last), is_least: search.is_short_of_load() });
                }
            };
            if self.bout.stop.is_set() {
                return Ok(Found::Stopped(Box::new(last)));
            }
            let rate = rate.round().max(1.0);
            let pace = Pace::Open { rate, spacing: self.spacing, depth };
            last = self.bout.run(self.server, &Arc::new(Load { pace, ..load.clone() }))?;
            if self.bout.stop.is_set() {
                continue;
            }
            let kept = self.judge(&last);
            let verdict = match kept {
                Kept::Yes => "kept",
                Kept::No => "not kept",
                Kept::Unknown => "not known: the generator was the limit",
            };
            let share = last.rate.share_of_asked.unwrap_or_default() * 100.0;
            self.say(&format!(
                "{rate:.0} messages/s: {verdict} ({}, {share:.1} % of the rate)",
                self.keeps.sentence(&last)
            ));
            search.tell(kept);
        }
    }

    /// A rate that was not reached was not kept, whatever the condition says of what went out. One that was kept although
    /// the generator was late was kept all the same: what it was late stands in the response times.
    fn judge(&self, run: &Document) -> Kept {
        let reached = run.rate.share_of_asked.is_some_and(|share| share >= REACHED);
        match (run.verdict.bound, self.keeps.holds(run)) {
            (_, Some(true)) if reached && run.errors() == 0 => Kept::Yes,
            (Bound::GeneratorBound, _) => Kept::Unknown,
            _ => Kept::No,
        }
    }

    fn say(&self, sentence: &str) {
        self.bout.talk.say(sentence);
    }
}

/// The ceiling is never tried itself, and a closed loop may have been a little unlucky.
const MARGIN: f64 = 1.1;
/// As for the verdict `steady`.
const REACHED: f64 = 0.99;
