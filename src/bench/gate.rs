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
        "`{0}` compares nothing; write a metric, one of < <= > >= and a value, such as p99>2ms; an address goes in front of the flag"
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
        let (scale, unit) = self.metric.unit(value);
        let side = self.op.holds(value, self.limit);
        let tells = |digits: &usize| self.op.holds(rounded(value / scale, *digits) * scale, self.limit) == side;
        let digits = (FEWEST_DIGITS..MOST_DIGITS).find(tells).unwrap_or(MOST_DIGITS);
        format!("{}{unit}", rounded(value / scale, digits))
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

    /// In which people read it, and how much that is.
    fn unit(self, value: f64) -> (f64, &'static str) {
        match self {
            Self::Time { .. } if value >= 1e6 => (1e6, " s"),
            Self::Time { .. } if value >= 1e3 => (1e3, " ms"),
            Self::Time { .. } => (1.0, " us"),
            Self::Errors => (1.0, ""),
            Self::Rate => (1.0, " messages a second"),
            Self::RateShare => (0.01, " % of what was asked for"),
            Self::ServerCpu => (1.0, " us a message"),
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

#[cfg(test)]
mod tests {
    use super::super::report::document::{Bound, FaultCount, Rate, SCHEMA, Server, Verdict};
    use super::*;

    /// 3.1 ms at p99, 2.0004 ms at p99.9, 3 errors, 48210.4 messages a second of 50000.
    fn run() -> Document {
        let response =
            Distribution { count: 9, p50_us: 48.0, p99_us: 3100.0, max_us: 1.5e6, ..Distribution::default() };
        let service = Distribution { count: 9, p50_us: 41.25, p999_us: 2000.4, ..Distribution::default() };
        Document {
            schema: SCHEMA,
            sockeye: String::new(),
            began: String::new(),
            setup: Default::default(),
            phases: Default::default(),
            counts: Default::default(),
            rate: Rate { messages_per_s: 48_210.4, mb_per_s: 1.0, share_of_asked: Some(0.964_208) },
            latency: Latency { response, service, ..Latency::default() },
            faults: [1, 2].map(|count| FaultCount { kind: "cut".into(), count }).into(),
            first_fault: None,
            generator: Default::default(),
            server: Some(Server { cpu_us_per_message: 12.25, ..Server::default() }),
            verdict: Verdict { bound: Bound::Steady, evidence: Vec::new() },
            seconds: Vec::new(),
        }
    }

    fn condition(word: &str) -> Condition {
        word.parse().unwrap_or_else(|e| panic!("{word}: {e}"))
    }

    #[test]
    fn a_condition_is_held_against_a_run_and_says_what_it_was() {
        for (word, holds, was) in [
            ("p99>2ms", true, "p99 is 3.1 ms"),
            ("p99>3.1ms", false, "p99 is 3.1 ms"),
            ("p99>=3.1ms", true, "p99 is 3.1 ms"),
            ("p99<=3099us", false, "p99 is 3.1 ms"),
            ("p99<0.01s", true, "p99 is 3.1 ms"),
            (" p99 > 2 ms ", true, "p99 is 3.1 ms"),
            ("p50<50us", true, "p50 is 48 us"),
            ("max>1s", true, "max is 1.5 s"),
            ("p90<1us", true, "p90 is 0 us"),
            ("service.p50>41us", true, "service.p50 is 41.3 us"),
            // A rounded value that says the opposite of the truth gets more digits.
            ("service.p99.9>2ms", true, "service.p99.9 is 2.0004 ms"),
            ("service.p50>=41.3us", false, "service.p50 is 41.25 us"),
            ("errors>0", true, "the number of errors is 3"),
            ("errors>3", false, "the number of errors is 3"),
            ("errors<1k", true, "the number of errors is 3"),
            ("rate<0.99", true, "rate is 96.4 % of what was asked for"),
            ("rate<96%", false, "rate is 96.4 % of what was asked for"),
            ("rate>=1.0", false, "rate is 96.4 % of what was asked for"),
            ("rate<1", false, "rate is 48210 messages a second"),
            ("rate<50k", true, "rate is 48210 messages a second"),
            ("rate<1.5", false, "rate is 48210 messages a second"),
            ("server-cpu>12us", true, "server-cpu is 12.3 us a message"),
        ] {
            let condition = condition(word);
            assert_eq!(condition.holds(&run()), Some(holds), "{word}");
            assert_eq!(condition.sentence(&run()), format!("{word}: {was}"));
            assert_eq!(condition.to_string(), word);
        }
    }

    #[test]
    fn what_was_not_measured_neither_holds_nor_fails() {
        let mut run = run();
        run.rate.share_of_asked = None;
        run.server = None;
        for (word, metric) in [
            ("connect.p50>1s", "connect.p50"),
            ("first-byte.max<1s", "first-byte.max"),
            ("lag.mean<1s", "lag.mean"),
            ("rate<99%", "rate"),
            ("server-cpu<1us", "server-cpu"),
        ] {
            let condition = condition(word);
            assert_eq!(condition.holds(&run), None, "{word}");
            assert_eq!(condition.sentence(&run), format!("{word}: {metric} was not measured"));
        }
    }

    #[test]
    fn every_metric_is_read_by_the_name_it_shows() {
        for span in SPANS {
            for place in PLACES {
                let metric = Metric::Time { span, place };
                assert_eq!(condition(&format!("{metric}<1us")).metric.to_string(), metric.to_string());
            }
        }
        for (name, _) in OTHERS {
            assert!(Metric::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused_with_the_way_out() {
        for (word, wanted) in [
            ("", "`` compares nothing"),
            ("p99", "`p99` compares nothing; write a metric"),
            ("p99=2ms", "`p99=2ms` compares nothing"),
            ("5555", "an address goes in front"),
            ("<2ms", "`<2ms` compares nothing"),
            ("p95<2ms", "no metric is called `p95`; there are p50, p90, p99, p99.9, p99.99, max, mean, each also with"),
            ("server.p99<2ms", "no metric is called `server.p99`"),
            ("service.errors<2", "no metric is called `service.errors`"),
            ("service.<2ms", "no metric is called `service.`"),
            ("p99<2", "`2` has no unit; write 2us, 2ms or 2s"),
            ("server-cpu<2", "`2` has no unit"),
            ("p99<", "`` is no duration; write 250us"),
            ("p99<-2ms", "`-2ms` is no duration"),
            ("p99<2m", "`2m` is no duration"),
            ("p99<<2ms", "`<2ms` is no duration"),
            ("p99<=>2ms", "`>2ms` is no duration"),
            ("errors>0.5", "`0.5` is no count"),
            ("errors>none", "`none` is no count"),
            ("errors>1%", "`1%` is no count"),
            ("rate<fast", "`fast` is no rate"),
            ("rate<50kB", "`50kB` is no rate"),
        ] {
            let refused = word.parse::<Condition>().unwrap_err().to_string();
            assert!(refused.contains(wanted), "{word}: {refused}");
        }
        let endless = format!("rate<{}", "9".repeat(400));
        assert!(endless.parse::<Condition>().is_err());
    }

    #[test]
    fn only_what_less_load_keeps_has_a_highest_rate() {
        for (word, has_one) in [
            ("p99<2ms", true),
            ("lag.max<=2ms", true),
            ("errors<1", true),
            ("rate>=0.99", true),
            ("p99>2ms", false),
            ("errors>=0", false),
            ("rate<0.99", false),
            ("rate>50k", false),
            ("server-cpu<2us", false),
        ] {
            assert_eq!(condition(word).is_kept_by_less_load(), has_one, "{word}");
        }
    }

    #[test]
    fn a_condition_says_what_it_needs_to_know() {
        for (word, needs) in [
            ("p99<2ms", Needs::Nothing),
            ("rate<50k", Needs::Nothing),
            ("rate<99%", Needs::AskedRate),
            ("server-cpu<2us", Needs::ServerProcess),
        ] {
            assert_eq!(condition(word).needs(), needs, "{word}");
        }
    }
}
