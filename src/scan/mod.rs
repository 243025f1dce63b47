//! Scan: which ports of which hosts are open. Every port ends in exactly one verdict; what this machine could not do
//! is never said of the other one.
//!
//! ```text
//! words ─▶ Targets ─┐
//! words ─▶ Ports ───┴▶ engine ──News──▶ banner ──News──▶ report
//!                        │ one `Host` machine each: what next, what was that, is it done
//!                        ├─ sprint   a host that answers at once: one socket, port after port
//!                        └─ probes   everybody else: many sockets, each with its deadline
//! ```
//!
//! Below the engine everything is pure: order, window, estimate of the round trip, verdicts. Who prints, and where,
//! is decided above.

/// What an open port says, and what that makes it.
pub(crate) mod banner;
/// Sockets, and who gets the next one.
mod engine;
/// What is told while it goes on.
mod news;
/// Which ports, and what they are called.
pub(crate) mod ports;
/// News as people and programs read them.
pub(crate) mod report;
/// Which hosts.
pub(crate) mod target;
/// What a port turned out to be, and why.
mod verdict;

use std::num::NonZeroU32;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub(crate) use news::{Finding, HostReport, News, Progress, Totals};
pub(crate) use ports::Ports;
pub(crate) use target::{Host, Targets};
pub(crate) use verdict::{State, Verdict};

/// What is to be scanned, and how.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) targets: Targets,
    pub(crate) ports: Ports,
    pub(crate) terms: Terms,
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// At most so many probes a second, over all hosts, spread evenly; as many as the network takes where none is set.
    pub(crate) rate: Option<NonZeroU32>,
    /// How long one probe waits for an answer; where none is set, as long as answers took so far tell (RFC 6298).
    pub(crate) timeout: Option<Duration>,
    /// How often silence is asked again; where none is set, as often as the loss that was seen asks for.
    pub(crate) retries: Option<u32>,
    /// Order of hosts and ports: the same for the same seed.
    pub(crate) seed: u64,
    /// A host with more open ports than this is left alone, and said to answer everything.
    pub(crate) max_open: Option<NonZeroU32>,
    /// Descriptors that may be used at once, what others hold already not counted.
    pub(crate) descriptors: usize,
}

/// Scans, and tells what it learns as it learns it. Ends early, with what is left `not tested`, soon after `stop` is
/// set. Blocks meanwhile.
///
/// # Errors
/// Where the system has nothing to wait for sockets with; what happens to a single probe is a verdict.
pub(crate) fn run(plan: &Plan, stop: &AtomicBool, tell: &mut dyn FnMut(News)) -> std::io::Result<Totals> {
    engine::run(plan, stop, tell)
}
