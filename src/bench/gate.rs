//! Gate: a condition on a run as people write it, `p99>2ms`: a metric, a comparison, a value. Pure. Used by `--fail-if`
//! and `--find-rate`.

use std::fmt;
use std::str::FromStr;

use super::report::document::{Distribution, Document, Latency};

/// A comparison of one metric with one value.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    metric: Metric,
    op: Op,
    /// Microseconds, a count, messages a second or a share of 1: what the metric is in.
    limit: f64,
    typed: String,
}

/// Why a word is no condition; the text says what would be one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum ConditionError {
    #[error(
        "`{0}` compares nothing; write a metric, one of < <= > >= and a value, such as p99>2ms, and the address in front"
    )]
    NoComparison(String),
    #[error("no metric is called `{0}`; there are {names}", names = metrics())]
    UnknownMetric(String),
    #[error("`{0}` has no unit; write {0}us, {0}ms or {0}s")]
    NoUnit(String),
    #[error("`{0}` is no duration; write 250us, 2ms or 1s")]
    NoDuration(String),
    #[error("`{0}` is no count; write 0, 50 or 10k")]
    NoCount(String),
    #[error("`{0}` is no rate; write 0.99 or 99% of the rate that is asked for, or 50k messages a second")]
    NoRate(String),
}

/// What has to be known of a run for a condition on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// What every run knows.
    Nothing,
    /// The rate that was asked for.
    AskedRate,
    /// The process of the server.
    ServerProcess,
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Metric {
    Time {
        span: &'static Span,
        place: &'static Place,
    },
    Errors,
    /// Messages a second.
    Rate,
    /// The same, of what was asked for.
    RateShare,
    ServerCpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Less,
    AtMost,
    More,
    AtLeast,
}

/// What stands in front of a place, and whose time it is.
type Span = (&'static str, fn(&Latency) -> &Distribution);
/// A place in a distribution.
type Place = (&'static str, fn(&Distribution) -> f64);

const SPANS: &[Span] = &[
    ("", |latency| &latency.response),
    ("service.", |latency| &latency.service),
    ("connect.", |latency| &latency.connect),
    ("first-byte.", |latency| &latency.first_byte),
    ("lag.", |latency| &latency.lag),
];

const PLACES: &[Place] = &[
    ("p50", |times| times.p50_us),
    ("p90", |times| times.p90_us),
    ("p99", |times| times.p99_us),
    ("p99.9", |times| times.p999_us),
    ("p99.99", |times| times.p9999_us),
    ("max", |times| times.max_us),
    ("mean", |times| times.mean_us),
];

/// The metrics that are no times. Whether a rate is a share is told by its value.
const OTHERS: &[(&str, Metric)] =
    &[("errors", Metric::Errors), ("rate", Metric::Rate), ("server-cpu", Metric::ServerCpu)];

/// The longer one first where one begins another.
const OPS: &[(&str, Op)] = &[("<=", Op::AtMost), (">=", Op::AtLeast), ("<", Op::Less), (">", Op::More)];

impl Condition {
    /// Whether it holds for a run; `None` where the run did not measure it.
    pub(crate) fn holds(&self, document: &Document) -> Option<bool> {
        self.metric.of(document).map(|value| self.op.holds(value, self.limit))
    }

    /// What was compared and what it was: `p99>2ms: p99 is 3.1 ms`.
    pub(crate) fn sentence(&self, document: &Document) -> String {
        let metric = self.metric;
        match metric.of(document) {
            Some(value) => format!("{self}: {metric} is {}", self.shown(value)),
            None => format!("{self}: {metric} was not measured"),
        }
    }

    /// Whether less load makes it more likely, so that there is a highest rate that keeps it.
    pub(crate) fn is_kept_by_less_load(&self) -> bool {
        let bounds_from_above = matches!(self.op, Op::Less | Op::AtMost);
        match self.metric {
            Metric::Time { .. } | Metric::Errors => bounds_from_above,
            Metric::RateShare => !bounds_from_above,
            // What is asked for, it is; and a message costs less CPU where there are many.
            Metric::Rate | Metric::ServerCpu => false,
        }
    }

    pub(crate) fn needs(&self) -> Needs {
        match self.metric {
            Metric::RateShare => Needs::AskedRate,
            Metric::ServerCpu => Needs::ServerProcess,
            Metric::Time { .. } | Metric::Errors | Metric::Rate => Needs::Nothing,
        }
    }

    /// With as few digits as leave it on its side of the limit: 2.0004 ms is not 2 ms where 2 ms would do.
    fn shown(&self, value: f64) -> String {
        let (scaled, unit) = self.metric.scaled(value);
        let scale = if scaled == 0.0 { 1.0 } else { value / scaled };
        let side = self.op.holds(value, self.limit);
        let tells = |digits: &usize| self.op.holds(rounded(scaled, *digits) * scale, self.limit) == side;
        let digits = (FEWEST_DIGITS..MOST_DIGITS).find(tells).unwrap_or(MOST_DIGITS);
        format!("{}{unit}", rounded(scaled, digits))
    }
}

/// Not what it means but how it was written.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(word: &str) -> Result<Self, ConditionError> {
        let no_comparison = || ConditionError::NoComparison(word.to_owned());
        let at = word.find(['<', '>']).ok_or_else(no_comparison)?;
        let (name, rest) = word.split_at(at);
        let op = OPS.iter().find_map(|(sign, op)| rest.strip_prefix(sign).map(|value| (*op, value.trim())));
        let (op, value) = op.filter(|_| !name.trim().is_empty()).ok_or_else(no_comparison)?;
        let named = Metric::named(name.trim()).ok_or_else(|| ConditionError::UnknownMetric(name.trim().to_owned()))?;
        let (metric, limit) = named.limit(value)?;
        Ok(Self { metric, op, limit, typed: word.to_owned() })
    }
}

impl Metric {
    fn named(name: &str) -> Option<Self> {
        let other = OTHERS.iter().find(|(other, _)| *other == name).map(|(_, metric)| *metric);
        // No other than the empty prefix begins a place.
        let span = SPANS.iter().rev().find(|(prefix, _)| name.starts_with(prefix))?;
        let place = PLACES.iter().find(|(place, _)| *place == &name[span.0.len()..]);
        other.or_else(|| place.map(|place| Self::Time { span, place }))
    }

    /// What it is compared with, as `value` has it. A rate that is written as a share becomes one.
    fn limit(self, value: &str) -> Result<(Self, f64), ConditionError> {
        let no_rate = || ConditionError::NoRate(value.to_owned());
        match self {
            Self::Time { .. } | Self::ServerCpu => Ok((self, microseconds(value)?)),
            Self::Errors => {
                let count = per_second(value).filter(|count| count.fract() == 0.0);
                Ok((self, count.ok_or_else(|| ConditionError::NoCount(value.to_owned()))?))
            }
            Self::Rate | Self::RateShare => match share(value) {
                Some(share) => Ok((Self::RateShare, share)),
                None => Ok((Self::Rate, per_second(value).ok_or_else(no_rate)?)),
            },
        }
    }

    fn of(self, document: &Document) -> Option<f64> {
        match self {
            Self::Time { span, place } => {
                let times = span.1(&document.latency);
                (times.count > 0).then(|| place.1(times))
            }
            Self::Errors => Some(document.errors() as f64),
            Self::Rate => Some(document.rate.messages_per_s),
            Self::RateShare => document.rate.share_of_asked,
            Self::ServerCpu => document.server.map(|server| server.cpu_us_per_message),
        }
    }

    /// As a number that people read, and what stands behind it.
    fn scaled(self, value: f64) -> (f64, &'static str) {
        match self {
            Self::Time { .. } if value >= 1e6 => (value / 1e6, " s"),
            Self::Time { .. } if value >= 1e3 => (value / 1e3, " ms"),
            Self::Time { .. } => (value, " us"),
            Self::Errors => (value, ""),
            Self::Rate => (value, " messages a second"),
            Self::RateShare => (value * 100.0, " % of what was asked for"),
            Self::ServerCpu => (value, " us a message"),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time { span: (span, _), place: (place, _) } => write!(f, "{span}{place}"),
            Self::Errors => f.write_str("the number of errors"),
            Self::Rate | Self::RateShare => f.write_str("rate"),
            Self::ServerCpu => f.write_str("server-cpu"),
        }
    }
}

impl Op {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::AtMost => value <= limit,
            Self::More => value > limit,
            Self::AtLeast => value >= limit,
        }
    }
}

/// `50000`, `50k`, `1.5M`; nothing else, and nothing that is not finite.
pub(crate) fn per_second(word: &str) -> Option<f64> {
    let (number, unit) = split(word)?;
    let times = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        _ => return None,
    };
    Some(number * times).filter(|rate| rate.is_finite())
}

/// `99%`, or `0.99`: up to 1 and with a point, since `rate<1` is less than a message a second.
fn share(word: &str) -> Option<f64> {
    match split(word)? {
        (percent, "%") => Some(percent / 100.0),
        (number, "") if word.contains('.') && number <= 1.0 => Some(number),
        _ => None,
    }
}

fn microseconds(word: &str) -> Result<f64, ConditionError> {
    let no_duration = || ConditionError::NoDuration(word.to_owned());
    let (number, unit) = split(word).ok_or_else(no_duration)?;
    match unit {
        "us" => Ok(number),
        "ms" => Ok(number * 1e3),
        "s" => Ok(number * 1e6),
        "" => Err(ConditionError::NoUnit(word.to_owned())),
        _ => Err(no_duration()),
    }
}

/// The number in front and the unit behind it.
fn split(word: &str) -> Option<(f64, &str)> {
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    number.parse().ok().filter(|number: &f64| number.is_finite()).map(|number| (number, unit.trim_start()))
}

/// To so many significant digits, and to nothing coarser than ones.
fn rounded(value: f64, digits: usize) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let whole = value.abs().log10().floor() as i32 + 1;
    let step = 10f64.powi((digits as i32 - whole).max(0));
    (value * step).round() / step
}

/// Every metric, for whoever named none.
fn metrics() -> String {
    let names = |names: Vec<&str>| names.join(", ");
    let places = names(PLACES.iter().map(|(name, _)| *name).collect());
    let spans = names(SPANS.iter().map(|(prefix, _)| *prefix).filter(|prefix| !prefix.is_empty()).collect());
    let others = names(OTHERS.iter().map(|(name, _)| *name).collect());
    format!("{places}, each also with {spans} in front, and {others}")
}

/// What a histogram of three digits knows.
const FEWEST_DIGITS: usize = 3;
/// A float has about 16, and all of a nanosecond in an hour are 13.
const MOST_DIGITS: usize = 13;
