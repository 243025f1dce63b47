//! Bench: load, as three values (pace, workload, stop) and a loop, and what is to be believed of it.

/// Two runs, or rounds of two, held against each other.
pub(crate) mod compare;
/// What comes back is judged.
mod ear;
/// The workers.
mod engine;
/// What can be wrong.
mod fault;
/// Numbers with their units.
mod figure;
/// Conditions on a run.
mod gate;
/// What kept the figures of a run from being higher.
mod judge;
/// Durations, counted.
mod latency;
/// What messages look like.
mod messages;
/// When messages are due, and when it is over.
mod pace;
/// One run, from its first connection to its document.
mod press;
/// A run as people and programs read it.
pub(crate) mod report;
/// Requests and their answers.
mod script;
/// The highest rate that keeps a condition.
mod search;
/// What pairs of measurements say.
mod statistics;
/// What is said.
mod workload;

use std::net::IpAddr;
use std::time::Duration;

pub(crate) use engine::Target;
pub(crate) use fault::{FAULTS, Fault, FaultKind};
pub(crate) use gate::{Condition, Needs, per_second};
pub(crate) use pace::{Pace, Spacing, Stop};
pub(crate) use press::{Press, Spectator};
pub(crate) use script::Script;
pub(crate) use search::{Kept, Search, Step};
pub(crate) use workload::{Checking, Connecting, LARGEST_SIZE, Saying, Sizes, Workload};

/// The load that one run is: who says what, when, and until when.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) pace: Pace,
    pub(crate) workload: Workload,
    pub(crate) stop: Stop,
    /// Load before the measured time, of the same kind.
    pub(crate) warmup: Duration,
    /// How long answers may be silent while they are due.
    pub(crate) patience: Duration,
    pub(crate) crowd: Crowd,
}

/// Who connects.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) connections: usize,
    /// Connections that say nothing, beside them.
    pub(crate) held: usize,
    /// New connections a second; as many as the server takes where it is `None`.
    pub(crate) connect_rate: Option<f64>,
    /// How long a connection may take to be made.
    pub(crate) connect_timeout: Duration,
    /// Local addresses to connect from, in turn; ours to choose where there are none.
    pub(crate) sources: Vec<IpAddr>,
    pub(crate) workers: usize,
}
