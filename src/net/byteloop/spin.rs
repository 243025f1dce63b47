//! Spin: whether to look for work a little longer before sleeping. When one peer asks and waits, the wake-ups on both
//! sides cost more than the work: looking on for 50 us instead of sleeping gave 3.5 times the messages at half the CPU
//! time of both sides (`yardsticks/limits.md`). Where it does not pay it must not happen: sleeps that turned out short
//! earn credit, a look that found nothing costs what eight of them earned.

use std::io;
use std::time::{Duration, Instant};

/// The record of one loop.
#[derive(Debug, Default)]
pub(super) struct Spin {
    credit: u32,
}

impl Spin {
    /// Whether the last waits were so short that looking would have been better.
    pub(super) fn is_worthwhile(&self) -> bool {
        self.credit >= NEEDED
    }

    /// Calls `look`, which counts what there is to do, until it finds something or the time is up.
    ///
    /// # Errors
    /// What `look` fails with.
    pub(super) fn look(&mut self, mut look: impl FnMut() -> io::Result<usize>) -> io::Result<bool> {
        let start = Instant::now();
        while start.elapsed() < LONGEST_LOOK {
            let found = look()?;
            if found > 0 {
                self.learn(found <= FEW);
                return Ok(true);
            }
        }
        self.credit = self.credit.saturating_sub(NEEDED);
        Ok(false)
    }

    /// The loop slept for `slept` and woke to `found` events.
    pub(super) fn slept(&mut self, slept: Duration, found: usize) {
        self.learn((1..=FEW).contains(&found) && slept < SHORT_SLEEP);
    }

    fn learn(&mut self, would_pay: bool) {
        self.credit = if would_pay { (self.credit + 1).min(FULL) } else { self.credit.saturating_sub(1) };
    }
}

/// About what a sleep and two wake-ups cost; looking longer could not win.
const LONGEST_LOOK: Duration = Duration::from_micros(50);
/// A peer that answers at once needs this long when both sides sleep in between (67 us at the median, measured).
const SHORT_SLEEP: Duration = Duration::from_micros(120);
/// With more connections busy at once there is always work, and a wake-up is shared by all of it.
const FEW: usize = 2;
const NEEDED: u32 = 8;
const FULL: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn earned() -> Spin {
        let mut spin = Spin::default();
        (0..NEEDED).for_each(|_| spin.slept(Duration::from_micros(60), 1));
        spin
    }

    #[test]
    fn short_sleeps_earn_it_and_long_ones_do_not() {
        assert!(earned().is_worthwhile());
        let mut spin = Spin::default();
        (0..100).for_each(|_| spin.slept(Duration::from_millis(1), 1));
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn many_busy_connections_do_not_earn_it() {
        let mut spin = Spin::default();
        (0..100).for_each(|_| spin.slept(Duration::from_micros(10), 20));
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn a_look_in_vain_ends_it_until_it_is_earned_again() {
        let mut spin = earned();
        assert!(!spin.look(|| Ok(0)).unwrap());
        assert!(!spin.is_worthwhile());
    }

    #[test]
    fn a_look_that_finds_work_keeps_it() {
        let mut spin = earned();
        assert!(spin.look(|| Ok(1)).unwrap());
        assert!(spin.is_worthwhile());
    }
}
