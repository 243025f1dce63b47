//! History: what the screen knows of the run. It holds the last minutes, however long the run is.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::document::{Distribution, Second, Setup};
use super::super::live::{Faults, Live, Part, Phase, progress};

/// What was told so far.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) setup: Setup,
    /// How far it is, in words and as a share.
    pub(super) progress: String,
    pub(super) share: Option<f64>,
    /// Of the warm-up, and then of the measured time.
    pub(super) seconds: VecDeque<Second>,
    pub(super) so_far: Distribution,
    pub(super) faults: u64,
    counter: Faults,
    part: Option<Part>,
    elapsed: Duration,
    planned: Option<Duration>,
}

impl History {
    pub(super) fn tell(&mut self, live: &Live<'_>) {
        self.faults = self.counter.count(live);
        if self.setup != *live.setup {
            self.setup = live.setup.clone();
        }
        let phase = if live.phase == Phase::Measuring { "measuring, " } else { "" };
        (self.progress, self.share) = (format!("{phase}{}", progress(live)), share(live));
        self.so_far.clone_from(live.so_far);
        let part = live.phase.part();
        if self.part.replace(part) != Some(part) && part == Part::Measuring {
            self.seconds.clear();
        }
        if matches!(part, Part::WarmingUp | Part::Measuring) {
            (self.elapsed, self.planned) = (live.elapsed, live.planned);
            self.keep(live.second);
        }
    }

    fn keep(&mut self, second: &Second) {
        // It may be told again as it grows.
        if self.seconds.back().is_some_and(|last| last.at_us == second.at_us) {
            self.seconds.pop_back();
        }
        if second.lasted_us > 0.0 {
            self.seconds.push_back(*second);
        }
        let first = self.span().0 * 1e6;
        self.seconds.retain(|second| second.at_us >= first);
    }

    /// From which to which second drawings reach: over all that is planned, or the last minutes of it.
    pub(super) fn span(&self) -> (f64, f64) {
        let planned = self.planned.map(|planned| planned.as_secs_f64()).filter(|planned| *planned <= LONGEST);
        let end = self.elapsed.as_secs_f64().max(planned.unwrap_or(LEAST)).ceil();
        ((end - LONGEST).max(0.0), end)
    }
}

fn share(live: &Live<'_>) -> Option<f64> {
    match (live.phase, live.planned) {
        (Phase::Connecting { done, of }, _) => Some(done as f64 / of.max(1) as f64),
        (Phase::WarmingUp | Phase::Measuring, Some(planned)) => {
            Some(live.elapsed.as_secs_f64() / planned.as_secs_f64().max(f64::MIN_POSITIVE))
        }
        _ => None,
    }
}

/// In seconds: two for each column of a large terminal.
const LONGEST: f64 = 300.0;
/// Before so many seconds of a run without a planned end, drawings stay as they are.
const LEAST: f64 = 10.0;

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bench::report::sample;

    /// So many seconds of the sample's run.
    pub(in super::super) fn after(seconds: u32, planned: Option<u64>) -> History {
        let (setup, so_far) = (sample::setup(), sample::distribution(180.3, 0.28, 1_496_190));
        let mut history = History::default();
        for number in 0..seconds {
            history.tell(&Live {
                setup: &setup,
                second: &sample::second(number),
                so_far: &so_far,
                elapsed: Duration::from_secs(u64::from(number) + 1),
                planned: planned.map(Duration::from_secs),
                phase: Phase::Measuring,
            });
        }
        history
    }

    #[test]
    fn the_last_minutes_are_kept_and_all_faults_are_counted() {
        let history = after(1000, None);
        assert_eq!((history.seconds.len(), history.faults), (300, 15));
        assert_eq!(history.span(), (700.0, 1000.0));
        assert_eq!(after(3, Some(3600)).span(), (0.0, 10.0));
        assert_eq!(after(3, Some(30)).span(), (0.0, 30.0));
    }

    #[test]
    fn the_measured_time_begins_anew_and_the_drain_adds_nothing() {
        let (setup, so_far, mut history) = (sample::setup(), Distribution::default(), History::default());
        let mut tell = |number, phase| {
            let (elapsed, planned, second) = (Duration::from_secs(1), None, sample::second(number));
            history.tell(&Live { setup: &setup, second: &second, so_far: &so_far, elapsed, planned, phase });
            history.seconds.len()
        };
        assert_eq!([tell(0, Phase::WarmingUp), tell(1, Phase::WarmingUp), tell(1, Phase::WarmingUp)], [1, 2, 2]);
        assert_eq!([tell(0, Phase::Measuring), tell(1, Phase::Measuring), tell(5, Phase::Draining)], [1, 2, 2]);
    }
}
