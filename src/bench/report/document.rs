//! Document: all that is known of one run, as plain data. Every report is made of it, and `--json` is it, so that what a
//! run of last week said can be drawn beside one of today. Times are microseconds, shares are of 1.

use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    /// [`SCHEMA`]
    pub(crate) schema: u32,
    /// The version of sockeye that wrote it.
    pub(crate) sockeye: String,
    /// When the measured time began, RFC 3339 in UTC.
    pub(crate) began: String,
    pub(crate) setup: Setup,
    pub(crate) phases: Phases,
    pub(crate) counts: Counts,
    pub(crate) rate: Rate,
    pub(crate) latency: Latency,
    /// What went wrong, by kind; kinds that did not happen are left out.
    pub(crate) faults: Vec<FaultCount>,
    /// The first thing that went wrong.
    pub(crate) first_fault: Option<FirstFault>,
    pub(crate) generator: Generator,
    /// What the server used, where we may look.
    pub(crate) server: Option<Server>,
    pub(crate) verdict: Verdict,
    /// The measured time, second by second.
    pub(crate) seconds: Vec<Second>,
}

pub(crate) const SCHEMA: u32 = 1;

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// `127.0.0.1:5555`, `unix:/tmp/echo.sock`
    pub(crate) address: String,
    /// The command that was started for it.
    pub(crate) command: Option<String>,
    /// In words: `closed loop, depth 1`, `open loop, 50000/s, poisson, depth 1`.
    pub(crate) pace: String,
    /// Messages a second of an open loop.
    pub(crate) rate_asked: Option<f64>,
    /// In words: `512 B`, `64-1400 B`, `64 B x 90, 1400 B x 10`, `script greet.toml`.
    pub(crate) workload: String,
    pub(crate) framing: String,
    pub(crate) connections: u64,
    /// Idle ones beside them.
    pub(crate) held: u64,
    pub(crate) workers: u64,
    pub(crate) seed: u64,
    /// Whether answers were compared.
    pub(crate) verified: bool,
}

/// How long each part took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Phases {
    pub(crate) connect_us: f64,
    pub(crate) warmup_us: f64,
    /// What everything but the connecting is about: as long as it really was.
    pub(crate) measured_us: f64,
    /// Behind it, until the last answer or nobody waited for one any more.
    pub(crate) drain_us: f64,
}

/// Of the measured time. A message belongs to it when its intended instant does, an answer when it comes in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) sent: u64,
    /// Right answers that came in the measured time, a few of them to messages of warming up.
    pub(crate) answered: u64,
    /// Right answers to messages of the measured time that came behind it.
    pub(crate) drained: u64,
    /// Messages of an open loop that were due and never sent.
    pub(crate) unsent: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    /// Reads that brought something, to see whether answers come in pieces.
    pub(crate) reads: u64,
    /// Connections that were opened, in all phases.
    pub(crate) connects: u64,
}

/// Answers over the measured time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) messages_per_s: f64,
    /// Of bytes received, millions a second.
    pub(crate) mb_per_s: f64,
    /// Of the rate that was asked for.
    pub(crate) share_of_asked: Option<f64>,
}

/// How long it took, each counted in histograms of three digits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// From the intended instant to the whole answer.
    pub(crate) response: Distribution,
    /// From the actual send to the whole answer.
    pub(crate) service: Distribution,
    /// From asking for a connection to having it.
    pub(crate) connect: Distribution,
    /// From the first send on a connection to the first byte of its answer.
    pub(crate) first_byte: Distribution,
    /// From the intended instant to when the generator got round to it.
    pub(crate) lag: Distribution,
}

/// Durations, in microseconds; all 0 where `count` is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    pub(crate) count: u64,
    pub(crate) min_us: f64,
    pub(crate) mean_us: f64,
    pub(crate) stddev_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p90_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
    pub(crate) p9999_us: f64,
    pub(crate) max_us: f64,
    /// For plots, from the least to the greatest: how many are at or below each value. Some hundred points, closer
    /// together where percentiles are high.
    pub(crate) curve: Vec<Point>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    pub(crate) value_us: f64,
    /// Share of all at or below it.
    pub(crate) quantile: f64,
    /// The same as a count.
    pub(crate) total: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FaultCount {
    /// One of [`FAULTS`](crate::bench::FaultKind): `missing`, `corrupt`, …
    pub(crate) kind: String,
    /// Messages, connections or bytes: what its kind says.
    pub(crate) count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FirstFault {
    pub(crate) kind: String,
    /// A sentence that says where and what, safe for a terminal: `connection 3, message 17, byte 12: expected "…",
    /// received "…"`
    pub(crate) what: String,
}

/// What the generator itself did, to judge whether it can be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Generator {
    /// CPU time of all its threads in the measured time, for each answer, without looking out for the next instant.
    pub(crate) cpu_us_per_message: f64,
    /// Of the busiest worker's measured time: on a CPU with work.
    pub(crate) busy: f64,
    /// The same, looking out for the next instant.
    pub(crate) spun: f64,
    /// Messages that were due and waited for a free place on their connection: the most at once, and at the end.
    pub(crate) backlog_most: u64,
    pub(crate) backlog_end: u64,
    /// What the machine below took away, of all CPUs' time; `None` where the system does not say.
    pub(crate) steal: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) pid: u32,
    /// CPU time of all its threads and children in the measured time, for each answer.
    pub(crate) cpu_us_per_message: f64,
    /// Of the measured time: the busiest thread on a CPU.
    pub(crate) busy: f64,
    /// Resident, at the end of the measured time and at most.
    pub(crate) memory_bytes: u64,
    pub(crate) peak_memory_bytes: u64,
    /// What each connection added.
    pub(crate) bytes_per_connection: f64,
    pub(crate) voluntary_switches: u64,
    pub(crate) involuntary_switches: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) bound: Bound,
    /// Sentences, the deciding one first.
    pub(crate) evidence: Vec<String>,
}

/// What kept the figures from being higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::enum_variant_names, reason = "the words that people say, and that JSON has")]
pub(crate) enum Bound {
    ServerBound,
    GeneratorBound,
    NetworkBound,
    /// Nothing was at its limit: the rate that was asked for was kept.
    Steady,
}

/// One second of the measured time; the last may be shorter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Second {
    /// When it began, since the measured time did, and how long it was.
    pub(crate) at_us: f64,
    pub(crate) lasted_us: f64,
    /// Messages that went out, and right answers that came, in it.
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) bytes_in: u64,
    pub(crate) faults: u64,
    /// Of answers that came in it.
    pub(crate) response_p50_us: f64,
    pub(crate) response_p99_us: f64,
    pub(crate) response_max_us: f64,
    pub(crate) service_p50_us: f64,
    pub(crate) service_p99_us: f64,
    pub(crate) service_max_us: f64,
    /// Due and not sent at its end.
    pub(crate) backlog: u64,
}

impl Bound {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ServerBound => "server-bound",
            Self::GeneratorBound => "generator-bound",
            Self::NetworkBound => "network-bound",
            Self::Steady => "steady",
        }
    }
}

impl Document {
    /// How many faults there were, of all kinds.
    pub(crate) fn errors(&self) -> u64 {
        self.faults.iter().map(|fault| fault.count).sum()
    }
}
