//! Dialling: how the places of a worker get their connections, at the start and, where each exchange has its own, again
//! and again.

use std::io::{self, ErrorKind};

use mio::{Events, Interest, Token};
use rustix::io::Errno;

use super::{BRIEF, Worker};
use crate::bench::engine::connection::{Stage, Until};
use crate::bench::engine::desk::nanos;
use crate::bench::engine::socket::Socket;
use crate::bench::{Fault, FaultKind};
use crate::net::Reason;

impl Worker {
    /// Every place gets its connection; of a crowd that connects anew each time, only those who stay.
    pub(super) fn connect(&mut self, events: &mut Events) -> io::Result<()> {
        if let Some(stream) = self.job.first.take() {
            self.adopt(stream);
        }
        let (mut next, begun) = (if self.churns() { self.talking } else { 0 }, self.desk.clock.now());
        let mut launched = 0u64;
        let gap = self.job.load.crowd.connect_rate.map_or(0.0, |rate| 1e9 * self.job.load.crowd.workers as f64 / rate);
        while (next < self.places.len() || self.dialling > 0) && !self.is_told_to_stop() {
            let now = self.desk.clock.now();
            let due = begun + (launched as f64 * gap) as u64;
            let may = next < self.places.len() && self.dialling < MOST_DIALLING;
            if may && due <= now && (self.places[next].stage != Stage::Idle || self.dial(next, now)) {
                (next, launched) = (next + 1, launched + 1);
                continue;
            }
            let most = if may && due > now { due - now } else { nanos(BRIEF) };
            self.attend(events, most.min(nanos(BRIEF)))?;
            self.sweep(self.desk.clock.now());
        }
        Ok(())
    }

    fn adopt(&mut self, stream: socket2::Socket) {
        // One that cannot be adopted is dialled like the others.
        let Ok(mut socket) = Socket::adopt(stream, &self.job.target) else { return };
        let both = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut socket, Token(0), both).is_ok() {
            self.places[0].socket = Some(socket);
            self.places[0].open(&mut self.desk, self.job.clock.now());
            self.alive += 1;
            self.desk.tally.connects += 1;
        }
    }

    /// Sets out for a place; false where it is to be tried again a little later.
    pub(super) fn dial(&mut self, place: usize, now: u64) -> bool {
        let number = self.places[place].number;
        for _ in 0..SOURCES_A_DIAL {
            let launched = Socket::launch(&self.job.target, self.sources.of(number)).and_then(|mut socket| {
                let both = Interest::READABLE | Interest::WRITABLE;
                self.poll.registry().register(&mut socket, Token(place), both).map(|()| socket)
            });
            match launched {
                Ok(socket) => {
                    self.places[place].set_out(socket, now);
                    (self.alive, self.dialling) = (self.alive + 1, self.dialling + 1);
                    return true;
                }
                // A Unix socket says so while its backlog is full.
                Err(e) if e.kind() == ErrorKind::WouldBlock => return false,
                Err(e) if e.kind() == ErrorKind::AddrNotAvailable && self.sources.shift() => {}
                Err(e) => {
                    self.cannot_connect(place, &e);
                    return true;
                }
            }
        }
        // All local ports of so many addresses are taken: some of them will be free again.
        false
    }

    pub(super) fn cannot_connect(&mut self, place: usize, error: &io::Error) {
        let way_out = match Errno::from_io_error(error) {
            Some(Errno::ADDRNOTAVAIL) => "; local ports are used up, so name more addresses with --source",
            Some(Errno::MFILE | Errno::NFILE) => "; descriptors are used up, so use fewer connections",
            _ => "",
        };
        let what = format!("{}{way_out}", Reason(error));
        let (now, number) = (self.desk.clock.now(), self.places[place].number);
        self.desk.tally.faults.note(now, number, Fault { kind: FaultKind::Unconnected, count: 1, what });
        // Who connects anew each time tries again with the next sweep.
        self.places[place].stage = if self.churns() { Stage::Idle } else { Stage::Gone };
    }

    pub(super) fn arrive(&mut self, place: usize, since: u64) {
        let Some(arrival) = self.places[place].arrival() else { return };
        let now = self.desk.clock.now();
        self.dialling -= 1;
        match arrival {
            Ok(()) => {
                self.desk.tally.connect.record(now - since);
                self.desk.tally.connects += 1;
                self.arrived = now;
                self.places[place].open(&mut self.desk, now);
                if self.start > 0 && place < self.talking {
                    self.resume(place, now);
                }
                // A greeting that came with the connection makes no event of its own.
                self.turn(place, Until::WouldBlock);
            }
            Err(e) => {
                self.alive -= 1;
                self.places[place].socket = None;
                self.cannot_connect(place, &e);
            }
        }
    }
}

/// Connections on their way at once: what the smallest accept queues of real servers take.
const MOST_DIALLING: usize = 64;
/// Local addresses that are tried for one connection.
const SOURCES_A_DIAL: usize = 8;
