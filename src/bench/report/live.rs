//! Live: a line on the terminal while it lasts, and what it is told. stdout is not touched.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::document::{Distribution, Second, Setup};
use super::words::{Brief, Count, PerSecond};

/// What is known while a run lasts. It is told once a second or more often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Live<'a> {
    pub(crate) setup: &'a Setup,
    /// The last whole second; no second has the same `at_us` as another of its phase.
    pub(crate) second: &'a Second,
    /// Response times so far.
    pub(crate) so_far: &'a Distribution,
    /// Of the phase, as `planned` is.
    pub(crate) elapsed: Duration,
    pub(crate) planned: Option<Duration>,
    pub(crate) phase: Phase,
}

/// What is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting { done: u64, of: u64 },
    WarmingUp,
    Measuring,
    Draining,
}

/// Whether a line is shown, where stderr is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Line,
    Nothing,
}

/// A line on the terminal, once it is clear that it lasts, until it is dropped.
pub(crate) struct Ticker {
    shown: Shown,
    since: Instant,
    faults: Faults,
    line: Option<ProgressBar>,
}

impl Ticker {
    pub(crate) fn new(shown: Shown) -> Self {
        Self { shown, since: Instant::now(), faults: Faults::default(), line: None }
    }

    pub(crate) fn tell(&mut self, live: &Live<'_>) {
        let faults = self.faults.count(live);
        if self.shown == Shown::Line && self.since.elapsed() >= PATIENCE {
            self.line.get_or_insert_with(line).set_message(words(live, faults));
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

fn line() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    // indicatif draws nothing where stderr is no terminal.
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

/// Faults so far, of all phases. A second that is told twice is counted once, with what it had last.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    before: u64,
    last: Option<(Part, f64, u64)>,
}

impl Faults {
    pub(super) fn count(&mut self, live: &Live<'_>) -> u64 {
        let (part, at, now) = (live.phase.part(), live.second.at_us, live.second.faults);
        if let Some((before, began, faults)) = self.last
            && (before, began) != (part, at)
        {
            self.before += faults;
        }
        self.last = Some((part, at, now));
        self.before + now
    }
}

/// A phase without how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Connecting,
    WarmingUp,
    Measuring,
    Draining,
}

impl Phase {
    pub(super) fn part(self) -> Part {
        match self {
            Self::Connecting { .. } => Part::Connecting,
            Self::WarmingUp => Part::WarmingUp,
            Self::Measuring => Part::Measuring,
            Self::Draining => Part::Draining,
        }
    }
}

impl Second {
    /// Answers a second, since the last one may be shorter.
    pub(super) fn rate(&self) -> f64 {
        if self.lasted_us > 0.0 { self.answered as f64 * 1e6 / self.lasted_us } else { 0.0 }
    }
}

/// How far it is: `12 s of 30 s`, `connecting: 12 of 64`.
pub(super) fn progress(live: &Live<'_>) -> String {
    let elapsed = live.elapsed.as_secs();
    let of = live.planned.map_or_else(String::new, |planned| format!(" of {}", Brief(planned.as_secs_f64() * 1e6)));
    match live.phase {
        Phase::Connecting { done, of } => format!("connecting: {done} of {of}"),
        Phase::WarmingUp => format!("warming up, {elapsed} s{of}"),
        Phase::Measuring => format!("{elapsed} s{of}"),
        Phase::Draining => "waiting for the last answers".to_owned(),
    }
}

/// `12 s of 30 s: 48211/s, p50 180 us, p99 1.2 ms, max 4.1 ms, 0 faults`; a narrow terminal cuts it.
fn words(live: &Live<'_>, faults: u64) -> String {
    let (progress, faults) = (progress(live), Count(faults, "fault"));
    let times = live.so_far;
    if times.count == 0 {
        return format!("{progress}, {faults}");
    }
    let rate = match live.phase.part() {
        Part::WarmingUp | Part::Measuring => format!("{}, ", PerSecond(live.second.rate())),
        Part::Connecting | Part::Draining => String::new(),
    };
    let [p50, p99, max] = [times.p50_us, times.p99_us, times.max_us].map(Brief);
    format!("{progress}: {rate}p50 {p50}, p99 {p99}, max {max}, {faults}")
}

/// What is over within a second needs no line.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::report::sample;

    fn told(phase: Phase, number: u32) -> (String, u64) {
        let (setup, second, mut faults) = (sample::setup(), sample::second(number), Faults::default());
        let so_far = if phase.part() == Part::Connecting {
            Distribution::default()
        } else {
            sample::distribution(180.3, 0.28, 10_000)
        };
        let elapsed = Duration::from_millis(12_040);
        let planned = Some(Duration::from_secs(30));
        let live = Live { setup: &setup, second: &second, so_far: &so_far, elapsed, planned, phase };
        let count = faults.count(&live);
        (words(&live, count), faults.count(&live))
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_what_went_wrong() {
        for (phase, number, words) in [
            (Phase::Connecting { done: 12, of: 64 }, 0, "connecting: 12 of 64, 0 faults"),
            (Phase::WarmingUp, 1, "warming up, 12 s of 30 s: 50372/s, p50 180 us, p99 653 us, max 2.4 ms, 0 faults"),
            (Phase::Measuring, 11, "12 s of 30 s: 35372/s, p50 180 us, p99 653 us, max 2.4 ms, 15 faults"),
            (Phase::Draining, 0, "waiting for the last answers: p50 180 us, p99 653 us, max 2.4 ms, 0 faults"),
        ] {
            assert_eq!(told(phase, number).0, words);
        }
    }

    #[test]
    fn faults_add_up_and_a_second_told_twice_is_counted_once() {
        let (setup, so_far, mut faults) = (sample::setup(), Distribution::default(), Faults::default());
        let mut count = |number, phase| {
            let (elapsed, planned, second) = (Duration::ZERO, None, sample::second(number));
            faults.count(&Live { setup: &setup, second: &second, so_far: &so_far, elapsed, planned, phase })
        };
        assert_eq!(count(11, Phase::WarmingUp), 15);
        assert_eq!(count(11, Phase::WarmingUp), 15);
        assert_eq!(count(11, Phase::Measuring), 30);
        assert_eq!(count(12, Phase::Measuring), 30);
        assert_eq!(count(11, Phase::Measuring), 45);
    }
}
