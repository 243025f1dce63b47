//! Progress: a line on the terminal, once it is clear that it lasts. It is gone whenever a report writes, so that neither
//! tears the other.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::sinks::Lasted;
use crate::scan::{News, Progress};

use super::{Opening, Report, Summary};

/// Whether progress is shown, where stderr is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Line,
    Nothing,
}

/// A report with a progress line below it. What was written is flushed with every progress, so that findings are seen
/// as they are found.
pub(crate) struct Attended<R> {
    report: R,
    shown: Shown,
    since: Instant,
    left: Left,
    /// The line that is on the terminal now.
    line: Option<Line>,
}

impl<R: Report> Attended<R> {
    pub(crate) fn new(report: R, shown: Shown) -> Self {
        Self { report, shown, since: Instant::now(), left: Left::default(), line: None }
    }

    fn show(&mut self, progress: &Progress) {
        let lasted = self.since.elapsed();
        let left = self.left.steady(lasted, progress.left);
        if self.shown == Shown::Line && lasted >= PATIENCE {
            let Line(line) = self.line.get_or_insert_with(Line::new);
            line.set_message(words(&Progress { left, ..*progress }));
        }
    }
}

impl<R: Report> Report for Attended<R> {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        (self.since, self.left) = (Instant::now(), Left::default());
        self.report.open(opening, out)
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        if let News::Progress(progress) = news {
            out.flush()?;
            self.show(progress);
            return Ok(());
        }
        self.report.tell(news, &mut Above { out, line: &mut self.line })
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        self.line = None;
        self.report.end(summary, out)?;
        out.flush()
    }
}

/// How long it still takes, without the leaps of an estimate that follows the rate of each second. Pure.
#[derive(Default)]
struct Left {
    /// What was said last, and when.
    said: Option<(Duration, f64)>,
}

impl Left {
    /// What is to be said now of what is estimated now; nothing where it should be over by now.
    fn steady(&mut self, now: Duration, estimate: Option<Duration>) -> Option<Duration> {
        let expected = self.said.map(|(at, left)| (left - now.saturating_sub(at).as_secs_f64()).max(OVER));
        let left = match (expected, estimate.map(|left| left.as_secs_f64())) {
            // Multiplied, since a second that sends next to nothing is wrong by a factor.
            (Some(expected), Some(estimate)) => expected * (estimate.max(OVER) / expected).powf(WEIGHT),
            (expected, estimate) => estimate.or(expected)?,
        };
        self.said = Some((now, left));
        Duration::try_from_secs_f64(left.round()).ok().filter(|left| !left.is_zero())
    }
}

/// A line on the terminal, until it is dropped.
struct Line(ProgressBar);

impl Line {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        // indicatif draws nothing where stderr is no terminal.
        Self(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Where a report writes: the line is taken away first.
struct Above<'a> {
    out: &'a mut dyn Write,
    line: &'a mut Option<Line>,
}

impl Write for Above<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        *self.line = None;
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `12 %, 44.0 s left: 7864 of 65535 ports, 9000/s, 300 of 1000 in flight, round trip 12.0 ms`; a narrow terminal cuts it.
fn words(progress: &Progress) -> String {
    let Progress { done, total, rate, in_flight, window, rtt, left } = progress;
    let percent = (u128::from(*done) * 100).checked_div(u128::from(*total)).unwrap_or(0);
    let left = left.map(|left| format!(", {} left", Lasted(left))).unwrap_or_default();
    let rtt = rtt.map(|rtt| format!(", round trip {}", Lasted(rtt))).unwrap_or_default();
    format!("{percent} %{left}: {done} of {total} ports, {rate}/s, {in_flight} of {window} in flight{rtt}")
}

/// Of each estimate, with five a second: what is new is believed within two or three seconds.
const WEIGHT: f64 = 0.1;
/// A time left that is rounded to nothing, in seconds.
const OVER: f64 = 0.4;
/// What is over within a second needs no line.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long_still() {
        let progress =
            Progress { done: 7864, total: 65535, rate: 9000, in_flight: 300, window: 1000, ..Progress::default() };
        assert_eq!(words(&progress), "11 %: 7864 of 65535 ports, 9000/s, 300 of 1000 in flight");
        let (rtt, left) = (Some(Duration::from_millis(12)), Some(Duration::from_secs(44)));
        let all = words(&Progress { rtt, left, ..progress });
        assert!(
            all.starts_with("11 %, 44.0 s left: 7864 of") && all.ends_with(" in flight, round trip 12.0 ms"),
            "{all}"
        );
        assert_eq!(words(&Progress::default()), "0 %: 0 of 0 ports, 0/s, 0 of 0 in flight");
    }

    #[test]
    fn the_time_left_runs_down_and_does_not_leap() {
        let mut left = Left::default();
        let mut say = |ms, estimate: Option<u64>| {
            left.steady(Duration::from_millis(ms), estimate.map(Duration::from_secs)).map(|left| left.as_secs())
        };
        assert_eq!(say(0, None), None);
        assert_eq!(say(200, Some(20)), Some(20));
        // A second in which nothing was sent, and one in which next to nothing was.
        assert_eq!(say(1200, None), Some(19));
        assert_eq!(say(1200, Some(2000)), Some(30));
        // What stays as it is comes to be said.
        assert_eq!((0..50).map(|at| say(1200 + at, Some(5))).last(), Some(Some(5)));
        // Past its time nothing is known.
        assert_eq!(say(60_000, None), None);
        assert_eq!((0..50).map(|at| say(60_000 + at, Some(30))).last(), Some(Some(29)));
    }

    #[test]
    fn the_line_is_gone_before_a_report_writes_and_back_with_the_next_progress() {
        struct Once;
        impl Report for Once {
            fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
                match news {
                    News::Host(_) => out.write_all(b"a line\n"),
                    _ => Ok(()),
                }
            }
            fn end(&mut self, _: &Summary, _: &mut dyn Write) -> io::Result<()> {
                Ok(())
            }
        }
        let mut attended = Attended::new(Once, Shown::Line);
        attended.since = Instant::now() - PATIENCE;
        let (progress, mut out) = (News::Progress(Progress::default()), Vec::new());
        let (found, done) = (super::super::tests::found(22), super::super::tests::done());
        for (news, shown) in [(&progress, true), (&found, true), (&done, false), (&progress, true)] {
            attended.tell(news, &mut out).unwrap();
            assert_eq!(attended.line.is_some(), shown, "{news:?}");
        }
        assert_eq!(out, b"a line\n");
        let mut quiet = Attended { shown: Shown::Nothing, ..attended };
        quiet.line = None;
        quiet.tell(&progress, &mut out).unwrap();
        assert!(quiet.line.is_none());
    }
}
