//! Judge: what kept the figures from being higher.

use std::time::Duration;

use super::Pace;
use super::report::document::{Bound, Generator, Verdict};

pub(crate) struct Figures {
    pub(crate) pace: Pace,
    pub(crate) generator: Generator,
    pub(crate) share_of_asked: Option<f64>,
    pub(crate) unsent: u64,
    pub(crate) server_busy: Option<f64>,
    pub(crate) lag_p99: Duration,
    pub(crate) response_p99: Duration,
    pub(crate) service_p50: Duration,
    pub(crate) connect_p50: Duration,
}

pub(crate) fn judge(_figures: &Figures) -> Verdict {
    Verdict { bound: Bound::Steady, evidence: Vec::new() }
}
