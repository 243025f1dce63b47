//! Spin: whether to look for work a little longer before sleeping. When one peer asks and waits, the wake-ups on both
//! sides cost more than the work: looking on for 50 us instead of sleeping gave 3.5 times the messages at half the CPU
//! time of both sides (`docs/performance.md`). Where it does not pay it must not happen: sleeps that turned out short
//! earn credit, a look that found nothing costs what eight of them earned.

use std::io;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Token};

/// The record of one loop.
#[derive(Debug, Default)]
pub(super) struct Spin {
    credit: u32,
    /// Who was busy last. Where others keep coming there is always work soon, and a wake-up is shared by all of it.
    regulars: [Option<Token>; FEW],
    /// Whether nobody else was busy the last time.
    only_regulars: bool,
    asleep_since: Option<Instant>,
}

impl Spin {
    /// Whether the last waits were so short that looking would have been better.
    pub(super) fn is_worthwhile(&self) -> bool {
        self.credit >= NEEDED
    }

    /// Calls `look` until it finds something to do or the time is up.
    ///
    /// # Errors
    /// What `look` fails with.
    pub(super) fn look(&mut self, mut look: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
        let start = Instant::now();
        while start.elapsed() < LONGEST_LOOK {
            if look()? {
                return Ok(true);
            }
        }
        self.credit = self.credit.saturating_sub(NEEDED);
        Ok(false)
    }

    /// The loop goes to sleep. Only a sleep that could earn credit is timed.
    pub(super) fn falls_asleep(&mut self) {
        self.asleep_since = self.only_regulars.then(Instant::now);
    }

    /// These woke the loop, or were found.
    pub(super) fn woke(&mut self, events: &Events) {
        let slept = self.asleep_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.learn(slept, events.iter().map(Event::token));
    }

    /// A connection has received this many bytes in one turn. A stream keeps both sides busy: looking would only take
    /// the processor from the peer.
    pub(super) fn saw(&mut self, received: usize) {
        if received >= A_STREAM {
            self.credit = 0;
        }
    }

    fn learn(&mut self, waited: Duration, busy: impl Iterator<Item = Token>) {
        let before = self.only_regulars;
        self.only_regulars = self.are_regulars(busy);
        let pays = before && self.only_regulars && waited < SHORT_WAIT;
        self.credit = if pays { (self.credit + 1).min(FULL) } else { self.credit.saturating_sub(1) };
    }

    /// Whether somebody is busy and nobody new is among them.
    fn are_regulars(&mut self, busy: impl Iterator<Item = Token>) -> bool {
        let mut known = 0;
        for token in busy {
            if !self.regulars.contains(&Some(token)) {
                self.regulars.rotate_right(1);
                self.regulars[0] = Some(token);
                return false;
            }
            known += 1;
        }
        known > 0
    }
}

/// About what a sleep and two wake-ups cost; looking longer could not win.
const LONGEST_LOOK: Duration = Duration::from_micros(50);
/// A peer that answers at once needs this long when both sides sleep in between (67 us at the median, measured).
const SHORT_WAIT: Duration = Duration::from_micros(120);
/// Connections that may be busy at once.
const FEW: usize = 2;
/// More than a question.
const A_STREAM: usize = 32 * 1024;
const NEEDED: u32 = 8;
const FULL: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(60);

    fn earned() -> Spin {
        let mut spin = Spin::default();
        (0..NEEDED + 2).for_each(|_| spin.learn(SHORT, [Token(0)].into_iter()));
        spin
    }

    #[test]
    fn short_waits_for_the_same_peer_earn_it_and_long_ones_do_not() {
        assert!(earned().is_worthwhile());
        let mut spin = Spin::default();
        (0..100).for_each(|_| spin.learn(Duration::from_millis(1), [Token(0)].into_iter()));
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn many_busy_connections_do_not_earn_it_even_one_at_a_time() {
        let mut spin = Spin::default();
        (0..100).for_each(|at| spin.learn(SHORT, [Token(at % 3)].into_iter()));
        assert!(!spin.is_worthwhile());
        (0..100).for_each(|_| spin.learn(SHORT, (0..20).map(Token)));
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn a_look_in_vain_ends_it_until_it_is_earned_again() {
        let mut spin = earned();
        assert!(!spin.look(|| Ok(false)).unwrap());
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn a_look_that_finds_work_keeps_it() {
        let mut spin = earned();
        assert!(spin.look(|| Ok(true)).unwrap());
        spin.learn(SHORT, [Token(0)].into_iter());
        assert!(spin.is_worthwhile());
    }
}
