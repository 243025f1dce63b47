//! Pulse: how fast it goes, from how far it was when.

use std::collections::VecDeque;
use std::time::Duration;

/// Beats a few times a second, and remembers a second.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// When, and how many probes there were by then.
    beats: VecDeque<(Duration, u64)>,
}

impl Pulse {
    /// Whether it is time for the next beat.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.beats.back().is_none_or(|(last, _)| now.saturating_sub(*last) >= BEAT)
    }

    /// Takes how many probes there were so far; gives how many a second.
    pub(super) fn beat(&mut self, now: Duration, probes: u64) -> u64 {
        self.beats.push_back((now, probes));
        while self.beats.len() > 2 && self.beats.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= SECOND) {
            self.beats.pop_front();
        }
        let (from, before) = self.beats.front().copied().unwrap_or_default();
        let took = now.saturating_sub(from).as_secs_f64();
        if took > 0.0 { ((probes - before) as f64 / took) as u64 } else { 0 }
    }
}

const BEAT: Duration = Duration::from_millis(200);
const SECOND: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_second() {
        let mut pulse = Pulse::default();
        let mut rate = 0;
        for tick in 0..20_u64 {
            let now = BEAT * tick as u32;
            assert!(pulse.is_due(now));
            // A hundred a beat, later ten.
            rate = pulse.beat(now, if tick < 10 { 100 * tick } else { 1000 + 10 * (tick - 10) });
            assert!(!pulse.is_due(now + BEAT / 2));
            assert!(tick != 9 || rate == 500, "{rate}");
        }
        assert_eq!(rate, 50);
    }
}
