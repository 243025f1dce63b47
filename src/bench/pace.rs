//! Pace: when messages are due. Pure: the same seed makes the same instants.

use std::time::Duration;

/// When messages are due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// The next one when an answer has come, so many under way on each connection; without a bound, as many as the
    /// socket takes: a stream.
    Closed { depth: Option<u32> },
    /// At instants that do not depend on answers, all connections in turn. Beyond `depth` under way on its connection,
    /// a message waits, and its response time goes on.
    Open { rate: f64, spacing: Spacing, depth: u32 },
}

/// How the instants of an open loop lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spacing {
    Even,
    /// Exponential gaps, as of many independent clients.
    Poisson,
}

/// When it is over: whichever comes first. One of them is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stop {
    /// Of the measured time.
    pub(crate) after: Option<Duration>,
    /// Messages answered.
    pub(crate) messages: Option<u64>,
    /// Bytes sent.
    pub(crate) bytes: Option<u64>,
}
