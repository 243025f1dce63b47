//! Desk: what all connections of one worker share: buffers, counts, the clock, and what may still be said.

use std::time::{Duration, Instant};

use super::tally::Tally;
use crate::bench::messages::Messages;
use crate::bench::{Load, Pace, Stop};

pub(super) struct Desk {
    pub(super) clock: Clock,
    pub(super) window: Window,
    /// When the load begins; before that, connections say nothing.
    pub(super) start: u64,
    pub(super) messages: Messages,
    pub(super) tally: Tally,
    /// What is read goes here, and is done with before the next read.
    pub(super) buffer: Box<[u8]>,
    /// What is written is made here.
    pub(super) scratch: Box<[u8]>,
    /// How many may be under way on a connection; any number where it is `None`.
    pub(super) depth: Option<u64>,
    /// What may still be said.
    pub(super) quota: Quota,
    /// Messages that are waited for, on all connections.
    pub(super) under_way: u64,
    /// Messages that are due and have no place yet, on all connections.
    pub(super) backlog: u64,
    pub(super) most_backlog: u64,
    /// Whether instants come from a schedule, or from answers.
    pub(super) looping: Looping,
    /// How long nothing may come while something is due.
    pub(super) patience: Duration,
    /// How many messages a connection is for, where it is not for all.
    pub(super) in_one_connection: Option<u64>,
    /// How many places there are on all workers.
    pub(super) crowd: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looping {
    Closed,
    Open,
}

impl Desk {
    pub(super) fn new(load: &Load, clock: Clock, quota: Quota) -> Self {
        let (looping, depth) = match load.pace {
            Pace::Closed { depth } => (Looping::Closed, depth.map(u64::from)),
            Pace::Open { depth, .. } => (Looping::Open, Some(depth.into())),
        };
        Self {
            clock,
            window: Window { begin: u64::MAX, finish: u64::MAX },
            start: u64::MAX,
            messages: Messages::new(&load.workload),
            tally: Tally::default(),
            buffer: vec![0; PIECE].into(),
            scratch: vec![0; PIECE].into(),
            depth,
            quota,
            under_way: 0,
            backlog: 0,
            most_backlog: 0,
            looping,
            patience: load.patience,
            in_one_connection: load.workload.in_one_connection(),
            crowd: load.crowd.connections as u32,
        }
    }

    /// A message becomes due without a place.
    pub(super) fn waits(&mut self) {
        self.backlog += 1;
        self.most_backlog = self.most_backlog.max(self.backlog);
    }
}

/// The time of a run in nanoseconds, the same for all workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// The measured time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) begin: u64,
    pub(super) finish: u64,
}

impl Window {
    pub(super) fn holds(self, instant: u64) -> bool {
        (self.begin..self.finish).contains(&instant)
    }
}

/// What a worker may say before its load is done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

impl Quota {
    /// The part of worker `number` of `workers`; together they are the whole.
    pub(super) fn share(stop: &Stop, number: usize, workers: usize) -> Self {
        let (number, workers) = (number as u64, workers as u64);
        let part =
            |whole: Option<u64>| whole.map_or(u64::MAX, |whole| whole / workers + u64::from(number < whole % workers));
        Self { messages: part(stop.messages), bytes: part(stop.bytes) }
    }

    pub(super) const fn none() -> Self {
        Self { messages: 0, bytes: 0 }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.messages == 0 || self.bytes == 0
    }

    pub(super) fn spend(&mut self, bytes: usize) {
        self.messages = self.messages.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes as u64);
    }
}

pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What is read and written at once; not 64 KiB, for the reason of the byte loop.
const PIECE: usize = crate::net::byteloop::LARGEST_READ;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_all_workers_are_the_whole() {
        let stop = Stop { messages: Some(10), ..Stop::default() };
        let shares: Vec<u64> = (0..3).map(|number| Quota::share(&stop, number, 3).messages).collect();
        assert_eq!(shares, [4, 3, 3]);
        assert!(!Quota::share(&stop, 0, 3).is_used_up());
        assert!(Quota::share(&Stop { bytes: Some(0), ..stop }, 0, 3).is_used_up());
    }
}
