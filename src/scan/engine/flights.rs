//! Flights: probes that are under way, their answers and their deadlines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::host::{Answer, Try};
use super::probe::Probe;
use crate::scan::Verdict;

pub(super) struct Flights {
    poll: Poll,
    events: Events,
    flights: Slab<Flight>,
    /// With entries of flights that are over; they are swept out when they are the most.
    deadlines: BinaryHeap<Reverse<(Duration, usize)>>,
}

/// A probe and whose it is.
struct Flight {
    probe: Probe,
    host: usize,
    of: Try,
    deadline: Duration,
}

/// A flight that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    pub(super) host: usize,
    pub(super) of: Try,
    pub(super) answer: Answer,
}

impl Flights {
    /// # Errors
    /// Those of epoll or kqueue.
    pub(super) fn new() -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        Ok(Self { poll, events, flights: Slab::new(), deadlines: BinaryHeap::new() })
    }

    pub(super) fn len(&self) -> usize {
        self.flights.len()
    }

    /// Sends a probe of `host` to an address, with that deadline.
    ///
    /// # Errors
    /// The verdict, where there is one at once.
    pub(super) fn launch(
        &mut self,
        (host, of): (usize, Try),
        to: SocketAddr,
        deadline: Duration,
    ) -> Result<(), Verdict> {
        let probe = Probe::launch(to)?;
        let entry = self.flights.vacant_entry();
        let key = entry.key();
        let fd = probe.as_fd().as_raw_fd();
        // Once for its whole life: closing takes it out again, without a call of its own.
        let registered = self.poll.registry().register(&mut SourceFd(&fd), Token(key), Interest::WRITABLE);
        registered.map_err(|_| Verdict::NoBuffers)?;
        entry.insert(Flight { probe, host, of, deadline });
        self.deadlines.push(Reverse((deadline, key)));
        if self.deadlines.len() > 4 * self.flights.len() + 1024 {
            self.sweep();
        }
        Ok(())
    }

    fn sweep(&mut self) {
        let flights = &self.flights;
        let live = |deadline, key| flights.get(key).is_some_and(|flight: &Flight| flight.deadline == deadline);
        self.deadlines.retain(|Reverse((deadline, key))| live(*deadline, *key));
    }

    /// When the next one has waited long enough.
    pub(super) fn next_deadline(&mut self) -> Option<Duration> {
        while let Some(Reverse((deadline, key))) = self.deadlines.peek().copied() {
            if self.flights.get(key).is_some_and(|flight| flight.deadline == deadline) {
                return Some(deadline);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Waits for answers, for at most so long, and puts all that are there into `landings`.
    ///
    /// # Errors
    /// Those of epoll or kqueue.
    pub(super) fn answers(&mut self, mut patience: Duration, landings: &mut Vec<Landing>) -> io::Result<()> {
        loop {
            match self.poll.poll(&mut self.events, Some(patience)) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                result => result?,
            }
            let mut seen = 0;
            for event in &self.events {
                seen += 1;
                let Token(key) = event.token();
                // A place may have been given to another probe since; that one says itself that it is under way.
                let Some(answer) = self.flights.get(key).and_then(|flight| flight.probe.answer()) else { continue };
                let Flight { host, of, .. } = self.flights.remove(key);
                landings.push(Landing { host, of, answer });
            }
            if seen < EVENTS {
                return Ok(());
            }
            patience = Duration::ZERO;
        }
    }

    /// Ends what has waited until `now`: as silent, unless the kernel knows of an error that it woke nobody for.
    pub(super) fn expire(&mut self, now: Duration, landings: &mut Vec<Landing>) {
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            let Some(Reverse((_, key))) = self.deadlines.pop() else { return };
            let Flight { host, of, probe, .. } = self.flights.remove(key);
            landings.push(Landing { host, of, answer: probe.answer().unwrap_or(Answer::Silence) });
        }
    }
}

/// As many as are taken from the kernel at once.
const EVENTS: usize = 1024;
