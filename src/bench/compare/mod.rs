//! Compare: two runs, or rounds of two, held against each other: for each metric how often A is B, how sure that is, and
//! which is better. Pure. Used by `bench --vs`, which runs both in turn, and by `bench compare`, which reads what two
//! earlier runs wrote.
//!
//! Interleaved rounds are the stronger way: each is a run of its own, and whatever changes on the machine meanwhile hits
//! both sides. The seconds of one run depend on each other (the same connections, the same caches, the same neighbours),
//! so that their intervals are narrower than they should be; the text says so.

/// What is compared, and which direction is better.
mod metrics;
/// A table for people.
mod text;

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::report::document::{Bound, Document, Second, Setup};
use super::statistics::{Comparison, FEWEST_PAIRS, median, ratio};

use metrics::{Limit, METRICS, Metric};

pub(crate) use metrics::Better;
pub(crate) use text::write;

/// All that is said about A and B, and what `--json` writes. Numbers that are infinite become `null` there.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Compared {
    /// [`SCHEMA`]
    pub(crate) schema: u32,
    pub(crate) basis: Basis,
    /// Rounds or seconds; a row can have fewer that say something.
    pub(crate) pairs: usize,
    pub(crate) rows: Vec<Row>,
    /// What else differs than what was to be compared.
    pub(crate) differences: Vec<Difference>,
    /// Sentences about how far the rows can be believed.
    pub(crate) notes: Vec<String>,
}

pub(crate) const SCHEMA: u32 = 1;

/// What a pair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Basis {
    /// A run of A and the run of B next to it.
    Rounds,
    /// The same second of one run each.
    Seconds,
}

/// One metric. Metrics that neither side knows have none.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) metric: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    /// The median of the pairs; without pairs, of the whole run.
    pub(crate) a: Option<f64>,
    pub(crate) b: Option<f64>,
    /// A/B: the median of the pairs' ratios; without pairs, the ratio of the two.
    pub(crate) ratio: Option<f64>,
    /// The interval of it, of 95 %.
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) pairs: usize,
    /// `None` where there is no interval.
    pub(crate) verdict: Option<Verdict>,
    #[serde(skip)]
    show: fn(f64) -> String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    /// The interval holds 1, or the difference is finer than what was measured.
    Tie,
    ABetter,
    BBetter,
    /// One pair, or the generator was what kept it from being higher.
    CouldNotJudge,
}

/// A part of the setup that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) what: &'static str,
    pub(crate) a: String,
    pub(crate) b: String,
}

/// Why there is nothing to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Incomparable {
    #[error("there is no round to compare")]
    Empty,
    #[error("{0} has no answers, so there is nothing to compare")]
    Silent(Side),
    #[error("{0} has no whole second, so there is nothing to pair")]
    Short(Side),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Display for Side {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "A",
            Self::B => "B",
        })
    }
}

impl Compared {
    /// Whether something could not be judged.
    pub(crate) fn has_open_questions(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Some(Verdict::CouldNotJudge))
    }

    /// Of the interleaved rounds of `bench --vs`: a pair is a round.
    ///
    /// # Errors
    /// Without a round, and where one side never answered.
    pub(crate) fn of_rounds(rounds: &[(Document, Document)], seed: u64) -> Result<Self, Incomparable> {
        let (first, _) = rounds.split_first().ok_or(Incomparable::Empty)?;
        let a: Vec<&Document> = rounds.iter().map(|(a, _)| a).collect();
        let b: Vec<&Document> = rounds.iter().map(|(_, b)| b).collect();
        answered(&a, &b)?;
        let judge = Judge { limits: limits(&a, &b), seed };
        let row = |metric: &Metric| {
            let of = |(a, b): &(Document, Document)| Some(((metric.of_run)(a)?, (metric.of_run)(b)?));
            let pairs: Vec<(f64, f64)> = rounds.iter().filter_map(of).collect();
            // Where only one side knows it, its figure is shown all the same.
            judge.row(metric, &pairs).or_else(|| judge.plain(metric, (&first.0, &first.1)))
        };
        Ok(Self {
            schema: SCHEMA,
            basis: Basis::Rounds,
            pairs: rounds.len(),
            rows: METRICS.iter().filter_map(row).collect(),
            differences: differences(&first.0, &first.1),
            notes: [few(rounds.len()), judge.note()].into_iter().flatten().collect(),
        })
    }

    /// Of two runs, whole second by whole second; what seconds do not have is a plain ratio.
    ///
    /// # Errors
    /// Where one run has no answers, or no whole second.
    pub(crate) fn of_runs(a: &Document, b: &Document, seed: u64) -> Result<Self, Incomparable> {
        answered(&[a], &[b])?;
        let (of_a, of_b) = (whole(a), whole(b));
        if let Some(side) = [(Side::A, &of_a), (Side::B, &of_b)].iter().find(|(_, seconds)| seconds.is_empty()) {
            return Err(Incomparable::Short(side.0));
        }
        let judge = Judge { limits: limits(&[a], &[b]), seed };
        let row = |metric: &Metric| {
            let of = |(a, b): (&&Second, &&Second)| Some((metric.of_second?(a)?, metric.of_second?(b)?));
            let pairs: Vec<(f64, f64)> = of_a.iter().zip(&of_b).filter_map(of).collect();
            judge.row(metric, &pairs).or_else(|| judge.plain(metric, (a, b)))
        };
        let pairs = of_a.len().min(of_b.len());
        let notes = [Some(DEPENDENT.to_owned()), few(pairs), unequal(of_a.len(), of_b.len()), judge.note()];
        Ok(Self {
            schema: SCHEMA,
            basis: Basis::Seconds,
            pairs,
            rows: METRICS.iter().filter_map(row).collect(),
            differences: differences(a, b),
            notes: notes.into_iter().flatten().collect(),
        })
    }
}

/// What all rows need.
struct Judge {
    /// What kept each side's rate from being higher.
    limits: [Limit; 2],
    seed: u64,
}

impl Judge {
    fn row(&self, metric: &Metric, pairs: &[(f64, f64)]) -> Option<Row> {
        let found = Comparison::of_pairs(pairs, self.seed)?;
        let (mut a, mut b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        Some(Row {
            a: median(&mut a),
            b: median(&mut b),
            ratio: Some(found.median),
            low: Some(found.low),
            high: Some(found.high),
            pairs: found.pairs,
            verdict: Some(self.verdict(metric, &found)),
            ..Row::of(metric)
        })
    }

    fn plain(&self, metric: &Metric, (a, b): (&Document, &Document)) -> Option<Row> {
        let (a, b) = ((metric.of_run)(a), (metric.of_run)(b));
        a.or(b)?;
        Some(Row { a, b, ratio: a.zip(b).and_then(ratio), ..Row::of(metric) })
    }

    fn verdict(&self, metric: &Metric, found: &Comparison) -> Verdict {
        if found.pairs < 2 || metric.limited && self.limits.contains(&Limit::Generator) {
            return Verdict::CouldNotJudge;
        }
        let tie = found.is_tie() || (found.median - 1.0).abs() <= metric.resolution;
        match (tie, found.median > 1.0, metric.better) {
            (true, ..) => Verdict::Tie,
            (false, true, Better::Higher) | (false, false, Better::Lower) => Verdict::ABetter,
            (false, true, Better::Lower) | (false, false, Better::Higher) => Verdict::BBetter,
        }
    }

    fn note(&self) -> Option<String> {
        let who = match self.limits {
            [Limit::Generator, Limit::Generator] => "A and B were",
            [Limit::Generator, _] => "A was",
            [_, Limit::Generator] => "B was",
            _ => return None,
        };
        Some(format!(
            "{who} mostly limited by the generator, so that its rate says nothing about the server: give the generator \
             more workers or CPUs, or the server less"
        ))
    }
}

impl Row {
    fn of(metric: &Metric) -> Self {
        Self {
            metric: metric.name,
            unit: metric.unit,
            better: metric.better,
            a: None,
            b: None,
            ratio: None,
            low: None,
            high: None,
            pairs: 0,
            verdict: None,
            show: metric.show,
        }
    }
}

fn answered(a: &[&Document], b: &[&Document]) -> Result<(), Incomparable> {
    let silent = |runs: &[&Document]| runs.iter().all(|run| run.counts.answered == 0);
    match (silent(a), silent(b)) {
        (true, _) => Err(Incomparable::Silent(Side::A)),
        (_, true) => Err(Incomparable::Silent(Side::B)),
        _ => Ok(()),
    }
}

fn limits(a: &[&Document], b: &[&Document]) -> [Limit; 2] {
    [a, b].map(|runs| {
        let bound = runs.iter().filter(|run| run.verdict.bound == Bound::GeneratorBound).count();
        if bound * 2 > runs.len() { Limit::Generator } else { Limit::Other }
    })
}

/// Its seconds without the rest at the end.
fn whole(run: &Document) -> Vec<&Second> {
    run.seconds.iter().filter(|second| second.lasted_us >= WHOLE_US).collect()
}

fn differences(a: &Document, b: &Document) -> Vec<Difference> {
    let setup = |what, of: fn(&Setup) -> String| (what, of(&a.setup), of(&b.setup));
    [
        setup("workload", |setup| setup.workload.clone()),
        setup("framing", |setup| setup.framing.clone()),
        setup("pace", |setup| setup.pace.clone()),
        setup("connections", |setup| setup.connections.to_string()),
        setup("held connections", |setup| setup.held.to_string()),
        setup("workers", |setup| setup.workers.to_string()),
        setup("answers compared", |setup| if setup.verified { "yes" } else { "no" }.to_owned()),
        ("version of sockeye", a.sockeye.clone(), b.sockeye.clone()),
    ]
    .into_iter()
    .filter(|(_, a, b)| a != b)
    .map(|(what, a, b)| Difference { what, a, b })
    .collect()
}

fn few(pairs: usize) -> Option<String> {
    (pairs < FEWEST_PAIRS).then(|| {
        format!("an interval of 95 % takes {FEWEST_PAIRS} pairs; with fewer it is too narrow, and of one there is none")
    })
}

fn unequal(a: usize, b: usize) -> Option<String> {
    let pairs = a.min(b);
    (a != b).then(|| format!("A has {a} whole seconds and B has {b}: the first {pairs} of both are compared"))
}

const DEPENDENT: &str = "the seconds of one run are not independent of each other, so that the intervals are narrower \
                         than they should be; interleaved rounds (bench --vs) are the stronger way";
/// A second that a timer cut a little short is one.
const WHOLE_US: f64 = 900_000.0;

#[cfg(test)]
mod tests;
