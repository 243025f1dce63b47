//! Rate: at most so many a second, evenly spread.

use std::num::NonZeroU32;
use std::time::Duration;

/// Hands out the moments for probes; without a rate, any moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    between: Duration,
    /// When the next one may go.
    next: Duration,
}

impl Rate {
    pub(super) fn new(rate: Option<NonZeroU32>) -> Self {
        let between = rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate.get());
        Self { between, next: Duration::ZERO }
    }

    /// How long it is until one may go.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// One goes.
    pub(super) fn take(&mut self, now: Duration) {
        self.next = self.next.max(now.saturating_sub(SLACK)) + self.between;
    }
}

/// What may be made up for when we wake late: longer than a scheduler's hiccup, and 2 % of a second, so that a pause
/// is followed by no burst that anybody would notice.
const SLACK: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn goes(bucket: &mut Rate, now: Duration) -> bool {
        let may = bucket.wait(now).is_zero();
        if may {
            bucket.take(now);
        }
        may
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// However late we wake, up to the slack, any second has as many as were allowed, within 5 %.
        #[test]
        fn any_second_has_its_rate(rate in 100_u32..5_000, naps in prop::collection::vec(0_u64..9_000, 1..200)) {
            let (mut taken, mut now) = (Vec::new(), Duration::ZERO);
            let mut bucket = Rate::new(NonZeroU32::new(rate));
            for nap in naps.iter().cycle() {
                while goes(&mut bucket, now) {
                    taken.push(now);
                }
                now += Duration::from_micros(*nap + 1);
                if taken.len() > 3 * rate as usize {
                    break;
                }
            }
            for (first, from) in taken.iter().enumerate().step_by(97) {
                let within = taken[first..].iter().take_while(|at| **at < *from + Duration::from_secs(1)).count();
                if first + within < taken.len() {
                    let off = within.abs_diff(rate as usize);
                    prop_assert!(off <= rate as usize / 20 + 1, "{within} of {rate}");
                }
            }
        }
    }

    #[test]
    fn a_pause_is_not_made_up_for() {
        let mut bucket = Rate::new(NonZeroU32::new(1000));
        let pause = Duration::from_secs(60);
        let at_once = (0..1000).take_while(|_| goes(&mut bucket, pause)).count();
        assert_eq!(at_once, 21);
        assert_eq!(bucket.wait(pause), Duration::from_millis(1));
    }

    #[test]
    fn without_a_rate_nobody_waits() {
        let mut bucket = Rate::new(None);
        assert!((0..100_000).all(|_| goes(&mut bucket, Duration::ZERO)));
    }
}
