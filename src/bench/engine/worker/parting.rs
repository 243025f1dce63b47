//! Parting: the end of a run, when nothing more is said and what is still due may come.

use std::io;
use std::time::Duration;

use mio::Events;

use super::{BRIEF, Worker, cpu};
use crate::bench::engine::connection::{End, Stage};
use crate::bench::engine::desk::{Quota, nanos};

impl Worker {
    /// The measured time is over.
    pub(super) fn finish(&mut self) {
        let now = self.desk.clock.now();
        self.last.cpu = cpu().saturating_sub(self.last.cpu);
        self.desk.window.finish = self.desk.window.finish.min(now.max(self.desk.window.begin));
        self.last.finished = self.desk.window.finish.max(now);
        self.last.slice_began = self.slice_began;
        // What comes behind it is no throughput of the measured time.
        let tally = &self.desk.tally;
        self.last.bytes = [tally.bytes_out, tally.bytes_in, tally.reads];
        (self.last.backlog_end, self.last.backlog_most) = (self.desk.backlog, self.desk.most_backlog);
        (self.desk.quota, self.schedule, self.drains) = (Quota::none(), None, true);
        for place in 0..self.talking {
            self.disappoint(place, now);
        }
    }

    /// What is under way may still come.
    pub(super) fn drain(&mut self, events: &mut Events) -> io::Result<()> {
        let most = if self.is_told_to_stop() { BRIEF_DRAIN } else { LONGEST_DRAIN };
        self.desk.patience = self.desk.patience.min(LONGEST_DRAIN);
        let deadline = self.desk.clock.now() + nanos(most);
        while self.desk.under_way > 0 && self.desk.clock.now() < deadline {
            self.attend(events, nanos(BRIEF))?;
            self.sweep(self.desk.clock.now());
        }
        let now = self.desk.clock.now();
        self.last.drained = now;
        self.attend(events, 0)?;
        for place in 0..self.talking {
            if self.places[place].stage == Stage::Open && self.places[place].is_busy() {
                // Whoever has much to answer and goes on with it is not silent.
                let is_silent = self.places[place].silent_for(now) >= nanos(self.desk.patience);
                self.end(place, if is_silent { End::Silent } else { End::Left });
            }
        }
        Ok(())
    }

    /// Says goodbye, and listens a little whether more comes than was asked for.
    pub(super) fn part(&mut self, events: &mut Events) -> io::Result<()> {
        for connection in &self.places {
            if let Some(socket) = &connection.socket {
                socket.half_close();
            }
        }
        let deadline = self.desk.clock.now() + nanos(FAREWELL);
        while self.alive > 0 && self.desk.clock.now() < deadline && !self.is_told_to_stop() {
            self.attend(events, nanos(BRIEF))?;
        }
        for place in 0..self.places.len() {
            if let Some(socket) = &self.places[place].socket {
                socket.forsake();
                self.end(place, End::Done);
            }
        }
        Ok(())
    }
}

/// Whoever has not answered by then has been measured as slow enough.
const LONGEST_DRAIN: Duration = Duration::from_secs(2);
const BRIEF_DRAIN: Duration = Duration::from_millis(200);
/// A server that closes when its peer does needs a round trip.
const FAREWELL: Duration = Duration::from_millis(200);
