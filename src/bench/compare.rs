//! Compare: two servers, or two runs, beside each other: a ratio for each figure, and whether it tells them apart. Pure.

use std::io::{self, Write};

use serde::Serialize;

use super::report::document::{Bound, Document, Second};
use super::statistics::{Ratio, median};

/// Everything that is compared of two sides.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    schema: u32,
    /// `rounds` or `seconds`: what the pairs are.
    pairs_of: Pairs,
    names: [String; 2],
    rows: Vec<Row>,
    /// What else differs between the two, which the figures may come from.
    differences: Vec<String>,
}

/// What was paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Pairs {
    /// Runs in turn: what slows the machine down slows both.
    Rounds,
    /// Seconds of two runs at different times.
    Seconds,
}

#[derive(Debug, Serialize)]
struct Row {
    metric: &'static str,
    unit: &'static str,
    /// Medians.
    a: f64,
    b: f64,
    /// A to B: of the medians where there are too few pairs for an interval.
    ratio: f64,
    low: Option<f64>,
    high: Option<f64>,
    pairs: usize,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Verdict {
    #[serde(rename = "tie")]
    Tie,
    #[serde(rename = "A better")]
    A,
    #[serde(rename = "B better")]
    B,
    /// The generator was the limit of one side at least.
    #[serde(rename = "could not judge")]
    CouldNotJudge,
    /// There are too few pairs to know.
    #[serde(rename = "-")]
    Unknown,
}

/// A figure that runs are compared by.
struct Metric {
    name: &'static str,
    unit: &'static str,
    better: Better,
    of_run: fn(&Document) -> Option<f64>,
    of_second: fn(&Second) -> Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Better {
    Higher,
    Lower,
}

/// Why two runs cannot be compared.
#[derive(Debug, thiserror::Error)]
#[error("{name} has no answers to compare")]
pub(crate) struct Incomparable {
    name: String,
}

const METRICS: &[Metric] = &[
    Metric {
        name: "rate",
        unit: "messages/s",
        better: Better::Higher,
        of_run: |run| Some(run.rate.messages_per_s),
        of_second: |second| Some(second.answered as f64 / second.lasted_us * 1e6),
    },
    Metric {
        name: "response p50",
        unit: "us",
        better: Better::Lower,
        of_run: |run| Some(run.latency.response.p50_us),
        of_second: |second| Some(second.response_p50_us),
    },
    Metric {
        name: "response p99",
        unit: "us",
        better: Better::Lower,
        of_run: |run| Some(run.latency.response.p99_us),
        of_second: |second| Some(second.response_p99_us),
    },
    Metric {
        name: "service p50",
        unit: "us",
        better: Better::Lower,
        of_run: |run| Some(run.latency.service.p50_us),
        of_second: |second| Some(second.service_p50_us),
    },
    Metric {
        name: "service p99",
        unit: "us",
        better: Better::Lower,
        of_run: |run| Some(run.latency.service.p99_us),
        of_second: |second| Some(second.service_p99_us),
    },
    Metric {
        name: "server CPU",
        unit: "us a message",
        better: Better::Lower,
        of_run: |run| run.server.map(|server| server.cpu_us_per_message),
        of_second: |_| None,
    },
    Metric {
        name: "both CPU",
        unit: "us a message",
        better: Better::Lower,
        // The kernel's work moves between the two ends, so that one alone can be gamed.
        of_run: |run| run.server.map(|server| server.cpu_us_per_message + run.generator.cpu_us_per_message),
        of_second: |_| None,
    },
    Metric {
        name: "server memory",
        unit: "bytes",
        better: Better::Lower,
        of_run: |run| run.server.map(|server| server.peak_memory_bytes as f64),
        of_second: |_| None,
    },
];

impl Comparison {
    /// Of runs that took turns.
    pub(crate) fn of_rounds(rounds: &[[Document; 2]], names: [String; 2], seed: u64) -> Self {
        let row = |metric: &Metric| {
            let of = |run: &Document| (metric.of_run)(run).filter(|_| run.counts.answered > 0);
            let pairs: Vec<_> = rounds.iter().filter_map(|[a, b]| of(a).zip(of(b))).collect();
            let limited = rounds.iter().filter(|round| round.iter().any(is_generators)).count();
            // At a rate that was asked for, the generator's limit makes itself felt in everything but CPU.
            Row::of(metric, &pairs, (limited * 2 > rounds.len(), seed))
        };
        let rows = METRICS.iter().filter_map(row).collect();
        Self { schema: SCHEMA, pairs_of: Pairs::Rounds, names, rows, differences: Vec::new() }
    }

    /// Of two runs of different times, second by second.
    ///
    /// # Errors
    /// Where one of them has no answers.
    pub(crate) fn of_runs(runs: [&Document; 2], names: [String; 2], seed: u64) -> Result<Self, Incomparable> {
        for (run, name) in runs.iter().zip(&names) {
            if run.counts.answered == 0 {
                return Err(Incomparable { name: name.clone() });
            }
        }
        let [a, b] = runs;
        let limited = runs.into_iter().any(is_generators);
        let row = |metric: &Metric| {
            let pairs: Vec<_> =
                a.seconds.iter().zip(&b.seconds).filter_map(|(a, b)| pair(metric.of_second, a, b)).collect();
            let mut row = Row::of(metric, &pairs, (limited, seed))
                .or_else(|| Row::of(metric, &[pair(metric.of_run, a, b)?], (limited, seed)))?;
            // The figures of the whole runs are better known than those of their seconds.
            (row.a, row.b) = pair(metric.of_run, a, b)?;
            Some(row)
        };
        let rows = METRICS.iter().filter_map(row).collect();
        Ok(Self { schema: SCHEMA, pairs_of: Pairs::Seconds, names, rows, differences: differences(a, b) })
    }

    /// Whether something could not be judged because of the generator.
    pub(crate) fn is_limited(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::CouldNotJudge)
    }

    /// As people read it.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let [a, b] = &self.names;
        writeln!(out, "A  {a}\nB  {b}\n")?;
        writeln!(out, "{:<15}{:<14}{:>12}{:>12}{:>9}  {:<17} verdict", "", "", "A", "B", "A/B", "95 %")?;
        for row in &self.rows {
            let interval = row.low.zip(row.high).map_or("-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"));
            let (metric, unit, verdict) = (row.metric, row.unit, row.verdict.words());
            let [a, b] = [row.a, row.b].map(shown);
            writeln!(out, "{metric:<15}{unit:<14}{a:>12}{b:>12}{:>9.3}  {interval:<17} {verdict}", row.ratio)?;
        }
        let pairs = self.rows.iter().map(|row| row.pairs).max().unwrap_or(0);
        match self.pairs_of {
            Pairs::Rounds => {
                writeln!(out, "\nmedians of {pairs} rounds in turn; a tie is where the interval of the ratio holds 1")?;
            }
            Pairs::Seconds => writeln!(
                out,
                "\nintervals from {pairs} seconds beside each other: seconds of one run depend on each other, and the \
                 machine may\nhave changed between the two; `bench --vs` runs both in turn and is surer"
            )?,
        }
        self.differences.iter().try_for_each(|difference| writeln!(out, "the runs differ in {difference}"))
    }
}

impl Row {
    fn of(metric: &Metric, pairs: &[(f64, f64)], (limited, seed): (bool, u64)) -> Option<Self> {
        let side = |of: fn(&(f64, f64)) -> f64| median(&mut pairs.iter().map(of).collect::<Vec<_>>());
        let (a, b) = (side(|pair| pair.0), side(|pair| pair.1));
        if pairs.is_empty() {
            return None;
        }
        let ratio = Ratio::of(pairs, seed);
        let verdict = match ratio {
            _ if limited && metric.name == "rate" => Verdict::CouldNotJudge,
            None => Verdict::Unknown,
            Some(ratio) if ratio.is_tie() => Verdict::Tie,
            Some(ratio) if (ratio.median > 1.0) == (metric.better == Better::Higher) => Verdict::A,
            Some(_) => Verdict::B,
        };
        Some(Self {
            metric: metric.name,
            unit: metric.unit,
            a,
            b,
            ratio: ratio.map_or(if b > 0.0 { a / b } else { 0.0 }, |ratio| ratio.median),
            low: ratio.map(|ratio| ratio.low),
            high: ratio.map(|ratio| ratio.high),
            pairs: pairs.len(),
            verdict,
        })
    }
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Tie => "tie",
            Self::A => "A better",
            Self::B => "B better",
            Self::CouldNotJudge => "could not judge: the generator was the limit",
            Self::Unknown => "-",
        }
    }
}

fn pair<T>(of: fn(&T) -> Option<f64>, a: &T, b: &T) -> Option<(f64, f64)> {
    of(a).zip(of(b))
}

fn is_generators(run: &Document) -> bool {
    run.verdict.bound == Bound::GeneratorBound
}

fn differences(a: &Document, b: &Document) -> Vec<String> {
    let words = |run: &Document| {
        let setup = &run.setup;
        [
            ("pace", setup.pace.clone()),
            ("workload", setup.workload.clone()),
            ("framing", setup.framing.clone()),
            ("connections", setup.connections.to_string()),
            ("workers", setup.workers.to_string()),
            ("checking", if setup.verified { "every byte" } else { "lengths" }.to_owned()),
        ]
    };
    let both = words(a).into_iter().zip(words(b));
    both.filter(|(a, b)| a != b).map(|((what, a), (_, b))| format!("{what}: {a} and {b}")).collect()
}

/// Four digits or a whole number.
fn shown(number: f64) -> String {
    match number {
        large if large >= 1000.0 => format!("{large:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        small => format!("{small:.3}"),
    }
}

const SCHEMA: u32 = 1;
