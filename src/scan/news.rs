//! News: what a scan tells while it goes on.

use std::time::Duration;

use super::banner::Seen;
use super::{Host, State, Verdict};

/// Something that was learned.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// A port is open; told when it is found.
    Open(Finding),
    /// Nothing more will be learned of this host. Comes once for each, after its findings.
    Host(HostReport),
    /// So many hosts were never begun, because the scan was stopped: none of their ports is tested. Comes at the end, for
    /// those beyond the first thousand, who have reports like others.
    Unbegun { hosts: u64 },
    /// How far it is; several times a second while it lasts.
    Progress(Progress),
}

/// An open port.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) verdict: Verdict,
    /// From the probe to its answer.
    pub(crate) rtt: Option<Duration>,
    /// What it said when it was asked, where it was asked.
    pub(crate) seen: Option<Seen>,
}

/// Everything about one host.
#[derive(Clone, Debug)]
pub(crate) struct HostReport {
    pub(crate) host: Host,
    /// One for each of the plan's ports, in their order.
    pub(crate) verdicts: Vec<Verdict>,
    /// The smoothed round trip, where anything answered.
    pub(crate) rtt: Option<Duration>,
    /// Of the probes to ports that answer, the part that was lost on its way; from 0 to 1.
    pub(crate) loss: f64,
    /// Whether it answers everything, so that an open port means nothing.
    pub(crate) answers_everything: bool,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Ports whose verdict is final.
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Probes in the last second.
    pub(crate) rate: u64,
    pub(crate) in_flight: usize,
    /// How many may be in flight.
    pub(crate) window: usize,
    /// The latest smoothed round trip.
    pub(crate) rtt: Option<Duration>,
    pub(crate) left: Option<Duration>,
}

/// How many ports ended in which state. They add up to hosts times ports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) hosts: u64,
    counts: [u64; State::ALL.len()],
    /// Connections tried, those again included.
    pub(crate) probes: u64,
}

impl Totals {
    /// How many ports ended in this state.
    pub(crate) fn of(&self, state: State) -> u64 {
        self.counts[state as usize]
    }

    /// One more host, with these verdicts.
    pub(crate) fn add(&mut self, verdicts: &[Verdict]) {
        self.hosts += 1;
        for verdict in verdicts {
            self.counts[verdict.state() as usize] += 1;
        }
    }

    /// So many hosts more, of whose ports none is tested.
    pub(crate) fn unbegun(&mut self, hosts: u64, ports: usize) {
        self.hosts += hosts;
        self.counts[State::NotTested as usize] += hosts.saturating_mul(ports as u64);
    }
}
