//! Tally: what a worker counts in a second, and what is added up of it. Each worker has its own, so nothing is locked.

use crate::bench::fault::{FAULTS, Fault, FaultKind};
use crate::bench::latency::Durations;

/// Counts of one worker, of a second or of all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    /// Right answers, by when they came.
    pub(crate) answered: u64,
    pub(crate) drained: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_in: u64,
    pub(crate) reads: u64,
    pub(crate) connects: u64,
    pub(crate) response: Durations,
    pub(crate) service: Durations,
    pub(crate) connect: Durations,
    pub(crate) first_byte: Durations,
    pub(crate) lag: Durations,
    pub(crate) faults: Faults,
}

/// Faults by kind, and the first of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    counts: [u64; FAULTS.len()],
    /// When, and on which connection.
    pub(crate) first: Option<(u64, u32, Fault)>,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        let Self { sent, answered, drained, bytes_out, bytes_in, reads, connects, .. } = other;
        for (mine, theirs) in [
            (&mut self.sent, sent),
            (&mut self.answered, answered),
            (&mut self.drained, drained),
            (&mut self.bytes_out, bytes_out),
            (&mut self.bytes_in, bytes_in),
            (&mut self.reads, reads),
            (&mut self.connects, connects),
        ] {
            *mine += theirs;
        }
        for (mine, theirs) in [
            (&mut self.response, &other.response),
            (&mut self.service, &other.service),
            (&mut self.connect, &other.connect),
            (&mut self.first_byte, &other.first_byte),
            (&mut self.lag, &other.lag),
        ] {
            mine.add(theirs);
        }
        self.faults.add(&other.faults);
    }
}

impl Faults {
    /// `at` is when, in nanoseconds of the run.
    pub(super) fn note(&mut self, at: u64, connection: u32, fault: Fault) {
        self.counts[place(fault.kind)] += fault.count;
        if self.first.is_none() {
            self.first = Some((at, connection, fault));
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(other.counts) {
            *mine += theirs;
        }
        if let Some((at, ..)) = other.first
            && self.first.as_ref().is_none_or(|(mine, ..)| at < *mine)
        {
            self.first.clone_from(&other.first);
        }
    }

    /// Those that happened.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (FaultKind, u64)> + '_ {
        FAULTS.iter().zip(self.counts).filter(|(_, count)| *count > 0).map(|((kind, ..), count)| (*kind, count))
    }

    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

fn place(kind: FaultKind) -> usize {
    FAULTS.iter().position(|(row, ..)| *row == kind).expect("every kind has its row")
}
