//! Flood: how fast somebody may talk. A bucket holds what may be said at once and fills again with time; whoever
//! empties it is warned and not heard until it is half full, and whoever goes on all the same has to leave.

use jiff::{SignedDuration, Timestamp};

/// How much may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Lines a second, at least 1.
    pub(crate) lines: u32,
    /// Lines at once, at least 1.
    pub(crate) burst: u32,
}

/// What somebody has left to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// When it will be full.
    full: Timestamp,
    /// Lines that were not heard since it was empty; `None` while they are.
    dropped: Option<u32>,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    /// It is heard.
    Heard,
    /// It is heard again, after as many that were not.
    Again(u32),
    /// It is the first that is not heard.
    Warned,
    Dropped,
    /// It is one too many.
    Overrun,
}

impl Rate {
    /// In which the bucket fills by `lines`.
    fn time_for(self, lines: u32) -> SignedDuration {
        SignedDuration::from_secs(lines.into()) / i32::try_from(self.lines.max(1)).unwrap_or(i32::MAX)
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self { lines: 10, burst: 20 }
    }
}

impl Bucket {
    /// A full one.
    pub(super) fn new(now: Timestamp) -> Self {
        Self { full: now, dropped: None }
    }

    /// Whether a line may be said. A clock that is set back empties no bucket.
    pub(super) fn take(&mut self, rate: Rate, now: Timestamp) -> Flow {
        let most = rate.time_for(rate.burst);
        let missing = self.full.duration_since(now).clamp(SignedDuration::ZERO, most);
        // Empty it is where less than a line is left.
        let allowed = match self.dropped {
            None => most - rate.time_for(1),
            Some(_) => most / 2,
        };
        if missing <= allowed {
            // Times end in the year 9999.
            self.full = now.checked_add(missing + rate.time_for(1)).unwrap_or(now);
            return self.dropped.take().map_or(Flow::Heard, Flow::Again);
        }
        let dropped = self.dropped.map_or(1, |dropped| dropped.saturating_add(1));
        self.dropped = Some(dropped);
        match dropped {
            1 => Flow::Warned,
            _ if dropped > rate.burst.saturating_mul(PATIENCE) => Flow::Overrun,
            _ => Flow::Dropped,
        }
    }
}

/// How many times what may be said at once may be said in vain.
const PATIENCE: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { lines: 10, burst: 20 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + millis).unwrap()
    }

    fn lines(bucket: &mut Bucket, count: usize, millis: i64) -> Vec<Flow> {
        (0..count).map(|_| bucket.take(RATE, at(millis))).collect()
    }

    #[test]
    fn a_burst_is_heard_and_then_the_pace() {
        let mut bucket = Bucket::new(at(0));
        assert_eq!(lines(&mut bucket, 20, 0), [Flow::Heard; 20]);
        for tenth in 1..100 {
            assert_eq!(bucket.take(RATE, at(tenth * 100)), Flow::Heard, "{tenth}");
        }
        assert_eq!(bucket.take(RATE, at(9_950)), Flow::Warned);
    }

    #[test]
    fn who_is_too_fast_is_warned_once_and_heard_again_after_a_second() {
        let mut bucket = Bucket::new(at(0));
        lines(&mut bucket, 20, 0);
        assert_eq!(lines(&mut bucket, 3, 0), [Flow::Warned, Flow::Dropped, Flow::Dropped]);
        assert_eq!(bucket.take(RATE, at(999)), Flow::Dropped);
        assert_eq!(bucket.take(RATE, at(1_000)), Flow::Again(4));
        assert_eq!(lines(&mut bucket, 9, 1_000), [Flow::Heard; 9]);
        assert_eq!(bucket.take(RATE, at(1_000)), Flow::Warned);
    }

    #[test]
    fn who_goes_on_all_the_same_has_to_leave() {
        let mut bucket = Bucket::new(at(0));
        let flow = lines(&mut bucket, 121, 0);
        assert_eq!((flow[119], flow[120]), (Flow::Dropped, Flow::Overrun));
    }

    #[test]
    fn a_clock_that_is_set_back_silences_nobody_for_longer_than_a_second() {
        let mut bucket = Bucket::new(at(0));
        lines(&mut bucket, 20, 0);
        assert_eq!(bucket.take(RATE, at(-3_600_000)), Flow::Warned);
        assert_eq!(bucket.take(RATE, at(1_000)), Flow::Again(1));
        let mut bucket = Bucket::new(at(0));
        assert_eq!(lines(&mut bucket, 1, -3_600_000), [Flow::Warned]);
    }

    proptest::proptest! {
        #[test]
        fn nobody_is_heard_more_than_the_rate_allows(pauses in proptest::collection::vec(0..300_i64, 1..200)) {
            let (mut bucket, mut clock, mut heard) = (Bucket::new(at(0)), 0, Vec::new());
            for pause in pauses {
                clock += pause;
                if matches!(bucket.take(RATE, at(clock)), Flow::Heard | Flow::Again(_)) {
                    heard.push(clock);
                }
            }
            for (nth, since) in heard.iter().enumerate() {
                let within = heard[nth..].iter().take_while(|later| **later - since < 1_000).count();
                proptest::prop_assert!(within <= 30, "{within} in a second");
            }
        }
    }
}
