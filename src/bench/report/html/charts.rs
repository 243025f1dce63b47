//! Charts: latency over time, latency by percentile, and rate over time, of one run or of several over each other. A run
//! is told by its colour, its dashes and its mark.

use std::io::{self, Write};

use crate::bench::figure;
use crate::bench::report::document::{Distribution, Document, Point, Second};

use super::plot::{Axis, Height, Line, Look, Mark, Plot, Spot, Swatch};
use super::{Runs, Text};

/// Response times of each second. One run has its three lines in one plot; several have a plot for each line, since
/// nine lines cannot be told apart.
pub(super) fn latency(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    if let [(_, run)] = runs {
        let line = |time: &Time| Line { name: time.name.to_owned(), look: time.look, points: time.points(run) };
        return over_time(runs, "p50, p99 and max", TIMES.iter().map(line).collect(), out);
    }
    for time in TIMES {
        writeln!(out, "<h3>{} of each second</h3>", time.name)?;
        over_time(runs, time.name, lines(runs, |run| time.points(run)), out)?;
    }
    Ok(())
}

fn over_time(runs: &Runs, what: &str, lines: Vec<Line>, out: &mut dyn Write) -> io::Result<()> {
    let y = Axis::log("response", values(&lines), figure::tick);
    let label = format!("response times over time: {what} of each second");
    show(&Plot { label, height: Height::Low, x: time_axis(runs), y, lines }, out)
}

/// How long each share of all answers took at most: response solid, service dashed. A run is told by colour and mark.
pub(super) fn percentiles(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Vec::new();
    for (run, (name, document)) in runs.iter().enumerate() {
        let latency = &document.latency;
        let kinds = [("response", &latency.response, SOLID, "2"), ("service", &latency.service, "7 4", "1.5")];
        for (kind, found, dash, width) in kinds {
            let (name, mark) = match runs.len() {
                1 => (kind.to_owned(), Mark::Hidden),
                _ => (format!("{name}: {kind}"), Mark::Shown),
            };
            lines.push(Line { name, look: Look { run, dash, width }, points: curve(found, mark) });
        }
    }
    let y = Axis::log("latency", values(&lines), figure::tick);
    let most = lines.iter().flat_map(|line| &line.points).map(|spot| spot.x).fold(FEWEST_NINES, f64::max);
    let ticks = NINES.iter().map(|(nines, label)| (*nines, (*label).to_owned())).collect();
    let x = Axis::marked("share of answers that took at most so long", most, ticks);
    let label = "latency by percentile, response and service".to_owned();
    show(&Plot { label, height: Height::High, x, y, lines }, out)
}

/// Answers a second.
pub(super) fn rate(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    let point = |seconds: &[Second]| {
        let answered: u64 = seconds.iter().map(|second| second.answered).sum();
        let rate = answered as f64 / seconds.iter().map(|second| second.lasted_us).sum::<f64>() * 1e6;
        spot(seconds, rate, &figure::rate(rate))
    };
    let lines = lines(runs, |run| run.seconds.chunks(together(run)).map(point).collect());
    let y = Axis::linear("answers a second", values(&lines).fold(0.0, f64::max), figure::thousands);
    let label = "answers a second over time".to_owned();
    show(&Plot { label, height: Height::Low, x: time_axis(runs), y, lines }, out)
}

/// A plot below its legend.
fn show(plot: &Plot, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<figure><ul class=legend>")?;
    for Line { name, look, points } in &plot.lines {
        let marked = points.iter().any(|spot| spot.mark == Mark::Shown);
        let swatch = Swatch(*look, if marked { Mark::Shown } else { Mark::Hidden });
        write!(out, "<li>{swatch} <bdi>{}</bdi></li>", Text(name))?;
    }
    writeln!(out, "</ul>\n{plot}</figure>")
}

/// A line for each run.
fn lines(runs: &Runs, points: impl Fn(&Document) -> Vec<Spot>) -> Vec<Line> {
    let line = |(at, (name, run)): (usize, &(String, &Document))| {
        let mut points = points(run);
        if runs.len() > 1 {
            mark(&mut points, at);
        }
        let look = Look { run: at, dash: DASHES[at % DASHES.len()], width: "2" };
        Line { name: name.clone(), look, points }
    };
    runs.iter().enumerate().map(line).collect()
}

/// Some of `points`, others in each run, so that marks of lines that meet stand beside each other.
fn mark(points: &mut [Spot], run: usize) {
    let every = (points.len() / MARKS).max(1);
    points.iter_mut().skip(run % every).step_by(every).for_each(|spot| spot.mark = Mark::Shown);
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|line| &line.points).map(|spot| spot.y).filter(|y| y.is_finite())
}

/// One of the three times that a second has.
struct Time {
    name: &'static str,
    look: Look,
    of: fn(&Second) -> f64,
}

impl Time {
    /// Of several seconds the greatest: a peak is what one looks for. Where nothing was answered is a gap.
    fn points(&self, run: &Document) -> Vec<Spot> {
        let point = |seconds: &[Second]| {
            let answered = seconds.iter().filter(|second| second.answered > 0);
            let us = answered.map(self.of).reduce(f64::max).unwrap_or(f64::NAN);
            spot(seconds, us, &figure::duration(us))
        };
        run.seconds.chunks(together(run)).map(point).collect()
    }
}

/// How many seconds share a point: more points than pixels show nothing more.
pub(super) fn together(run: &Document) -> usize {
    run.seconds.len().div_ceil(MOST_POINTS).max(1)
}

/// In the middle of `seconds`.
fn spot(seconds: &[Second], y: f64, value: &str) -> Spot {
    let from = seconds.first().map_or(0.0, |second| second.at_us);
    let to = seconds.last().map_or(0.0, |second| second.at_us + second.lasted_us);
    let says = format!("{value} at {} s", figure::digits(from / 1e6, 3));
    Spot { x: f64::midpoint(from, to) / 1e6, y, says, mark: Mark::Hidden }
}

/// Over the longest run.
fn time_axis(runs: &Runs) -> Axis {
    let ends = runs.iter().filter_map(|(_, run)| run.seconds.last()).map(|last| last.at_us + last.lasted_us);
    Axis::exact("seconds of the measured time", ends.fold(0.0, f64::max) / 1e6, figure::thousands)
}

/// Each nine of a percentile is as wide as the one before: 1/(1-q) on a logarithmic axis. The last point, of all
/// answers, would be infinitely far; it stands where one answer of all is left.
fn curve(found: &Distribution, marks: Mark) -> Vec<Spot> {
    let end = (found.count.max(1) as f64).log10().min(MOST_NINES);
    let mut reached = 0.0;
    let mut spot = |point: &Point| {
        let x = (-(1.0 - point.quantile).log10()).clamp(0.0, end);
        let mark = if x.floor() > reached { marks } else { Mark::Hidden };
        reached = x.floor().max(reached);
        let says = format!("{} at {} %", figure::duration(point.value_us), figure::trimmed(point.quantile * 100.0, 6));
        Spot { x, y: point.value_us, says, mark }
    };
    found.curve.iter().map(&mut spot).collect()
}

const TIMES: &[Time] = &[
    Time { name: "p50", look: Look { run: 0, dash: SOLID, width: "2.5" }, of: |second| second.response_p50_us },
    Time { name: "p99", look: Look { run: 1, dash: "7 4", width: "2" }, of: |second| second.response_p99_us },
    Time { name: "max", look: Look { run: 2, dash: "2 3", width: "2" }, of: |second| second.response_max_us },
];

const SOLID: &str = "none";
const DASHES: &[&str] = &[SOLID, "9 4", "2 4", "12 4 2 4", "5 2"];
/// About so many on a line.
const MARKS: usize = 8;
const MOST_POINTS: usize = 800;
/// Even the plot of few answers shows up to 90 %.
const FEWEST_NINES: f64 = 1.0;
/// As far as [`NINES`].
const MOST_NINES: f64 = 8.0;
/// Ticks, and how many nines each is: half of all are log10(2) of one.
const NINES: &[(f64, &str)] = &[
    (0.0, "0 %"),
    (std::f64::consts::LOG10_2, "50 %"),
    (1.0, "90 %"),
    (2.0, "99 %"),
    (3.0, "99.9 %"),
    (4.0, "99.99 %"),
    (5.0, "99.999 %"),
    (6.0, "99.9999 %"),
    (7.0, "99.99999 %"),
    (8.0, "99.999999 %"),
];
