//! Round trip: how long an answer takes, as RFC 6298 estimates it, and so how long one is waited for.

use std::time::Duration;

/// The estimate for one host.
#[derive(Clone, Copy, Debug)]
pub(super) struct RoundTrip {
    /// What the user fixed; then nothing is estimated for the wait.
    fixed: Option<Duration>,
    floor: Duration,
    /// In seconds, smoothed, and its mean deviation.
    smoothed: Option<(f64, f64)>,
}

impl RoundTrip {
    pub(super) fn new(fixed: Option<Duration>, floor: Duration) -> Self {
        Self { fixed, floor, smoothed: None }
    }

    /// One more answer, one of about `together` that came within one round trip. Each try has a socket of its own, so
    /// that Karn's doubt which try was answered arises only where the kernel itself sent a second SYN.
    pub(super) fn sample(&mut self, took: Duration, together: u32) {
        let took = took.as_secs_f64();
        self.smoothed = match self.smoothed {
            None => Some((took, took / 2.0)),
            Some((mean, _)) if took > KERNEL_RETRY && mean < KERNEL_RETRY / 2.0 => self.smoothed,
            Some((mean, deviation)) => {
                // RFC 7323, appendix G: the gains are meant for one sample a round trip.
                let share = 1.0 / f64::from((together / 2).max(1));
                let (alpha, beta) = (share / 8.0, share / 4.0);
                let deviation = deviation + beta * ((mean - took).abs() - deviation);
                Some((mean + alpha * (took - mean), deviation))
            }
        };
    }

    /// How long the answer to a try is waited for that `earlier` ones to the same port went before. The second waits like
    /// the first: most silence is a filter, which does not answer later either.
    pub(super) fn timeout(&self, earlier: u32) -> Duration {
        if let Some(fixed) = self.fixed {
            return fixed;
        }
        let once = self.smoothed.map_or(INITIAL, |(mean, deviation)| Duration::from_secs_f64(mean + 4.0 * deviation));
        let once = once.max(self.floor);
        (once * (1 << earlier.saturating_sub(1).min(MOST_DOUBLINGS))).min(CEILING)
    }

    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed.map(|(mean, _)| Duration::from_secs_f64(mean))
    }
}

/// RFC 6298, 2.1.
const INITIAL: Duration = Duration::from_secs(1);
/// Less than the second of RFC 6298, 2.4: a segment too many costs a stream its window, a probe too many costs a probe.
/// Above what a busy host or a sleeping radio adds.
pub(super) const FLOOR: Duration = Duration::from_millis(100);
/// Where nothing lies between but this machine's own scheduler.
pub(super) const FLOOR_LOOPBACK: Duration = Duration::from_millis(25);
/// RFC 6298, 2.5 allows 60 s and more; a host that takes longer than this to say SYN-ACK is of no use to anybody.
const CEILING: Duration = Duration::from_secs(10);
/// Three: eight times as long.
const MOST_DOUBLINGS: u32 = 3;
/// Linux sends a SYN again after this many seconds, so a later answer may be one to that.
const KERNEL_RETRY: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn after(samples: &[u64]) -> RoundTrip {
        let mut trip = RoundTrip::new(None, FLOOR);
        samples.iter().for_each(|sample| trip.sample(millis(*sample), 1));
        trip
    }

    #[test]
    fn the_wait_follows_rfc_6298() {
        for (samples, earlier, wait) in [
            (&[][..], 0, millis(1000)),
            // R + 4 R/2
            (&[200], 0, millis(600)),
            // 7/8 200 + 1/8 100, and 3/4 100 + 1/4 100
            (&[200, 100], 0, Duration::from_micros(187_500) + millis(400)),
            (&[1], 0, FLOOR),
            (&[200], 1, millis(600)),
            (&[200], 2, millis(1200)),
            (&[200], 3, millis(2400)),
            (&[200], 9, millis(4800)),
            (&[900; 4], 9, CEILING),
        ] {
            let waits = after(samples).timeout(earlier);
            assert!(waits.abs_diff(wait) < Duration::from_micros(1), "{samples:?} {earlier}: {waits:?}");
        }
    }

    #[test]
    fn a_fixed_wait_stays_what_it_is() {
        let mut trip = RoundTrip::new(Some(millis(700)), FLOOR);
        trip.sample(millis(5), 1);
        assert_eq!((trip.timeout(0), trip.timeout(7)), (millis(700), millis(700)));
        assert_eq!(trip.smoothed(), Some(millis(5)));
    }

    #[test]
    fn an_answer_that_the_kernel_may_have_asked_for_twice_is_no_sample() {
        assert_eq!(after(&[20, 1020]).smoothed(), after(&[20]).smoothed());
        assert_ne!(after(&[600, 1020]).smoothed(), after(&[600]).smoothed());
    }

    #[test]
    fn many_samples_at_once_move_it_as_one_would() {
        let (mut many, mut one) = (after(&[100]), after(&[100]));
        (0..100).for_each(|_| many.sample(millis(300), 200));
        one.sample(millis(300), 1);
        let apart = many.smoothed().unwrap().abs_diff(one.smoothed().unwrap());
        assert!(apart < millis(5), "{apart:?}");
    }
}
