//! Plot: lines over two axes as an SVG. Knows scales, ticks and points, and nothing of runs. What it is handed as text
//! it escapes.

use std::fmt::{self, Display, Formatter, Write};

use super::Text;

/// A drawing, as wide as the page lets it.
pub(super) struct Plot {
    /// What it shows, in a sentence, for those who cannot see it.
    pub(super) label: String,
    pub(super) height: Height,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
}

/// How much room a plot's lines need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Height {
    Low,
    /// For twice as many of them.
    High,
}

/// One axis with its ticks.
pub(super) struct Axis {
    pub(super) title: &'static str,
    scale: Scale,
    ticks: Vec<(f64, String)>,
}

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear { from: f64, to: f64 },
    Log { from: f64, to: f64 },
}

/// One line. Points that the scales cannot show, such as 0 on a logarithmic one, are gaps.
pub(super) struct Line {
    /// Of its points, when they are pointed at.
    pub(super) name: String,
    pub(super) look: Look,
    pub(super) points: Vec<Spot>,
}

/// A point and what is said of it.
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) says: String,
    pub(super) mark: Mark,
}

/// Whether a point carries its run's mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Shown,
    Hidden,
}

/// How a line can be told from others: colour, dashes and marks, so that two of them can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Number of the run: its colour and its mark.
    pub(super) run: usize,
    pub(super) dash: &'static str,
    pub(super) width: &'static str,
}

impl Axis {
    /// From 0 to `most` and a little more, with some six ticks.
    pub(super) fn linear(title: &'static str, most: f64, label: fn(f64) -> String) -> Self {
        let most = shown(most);
        let step = nice_step(most / 6.0);
        let count = (most / step).ceil() as usize;
        let ticks = (0..=count).map(|at| at as f64 * step).map(|at| (at, label(at))).collect();
        Self { title, scale: Scale::Linear { from: 0.0, to: count as f64 * step }, ticks }
    }

    /// From 0 to exactly `most`, for time.
    pub(super) fn exact(title: &'static str, most: f64, label: fn(f64) -> String) -> Self {
        let most = shown(most);
        let step = nice_step(most / 10.0);
        let ticks = (0..=(most / step) as usize).map(|at| at as f64 * step).map(|at| (at, label(at))).collect();
        Self { title, scale: Scale::Linear { from: 0.0, to: most }, ticks }
    }

    /// Between two values with ticks of one's own.
    pub(super) fn marked(title: &'static str, to: f64, ticks: Vec<(f64, String)>) -> Self {
        Self { title, scale: Scale::Linear { from: 0.0, to }, ticks }
    }

    /// Around all `values` above 0, by powers of ten or, where it spans few of them, by 1, 2 and 5.
    pub(super) fn log(title: &'static str, values: impl Iterator<Item = f64>, label: fn(f64) -> String) -> Self {
        let range = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
        let shown = values.filter(|value| *value > 0.0 && value.is_finite());
        let (low, high) = shown.fold((f64::INFINITY, 0.0), range);
        let (low, high) = if low > high { (1.0, 10.0) } else { (low, high) };
        let rungs = rungs(low, high);
        let (from, to) = (rungs[0], rungs[rungs.len() - 1]);
        let wide = to / from > WIDE;
        let labelled = |value: f64| !wide || (value.log10() - value.log10().round()).abs() < 1e-9;
        let ticks = rungs.into_iter().filter(|value| labelled(*value)).map(|value| (value, label(value))).collect();
        Self { title, scale: Scale::Log { from, to }, ticks }
    }
}

impl Scale {
    /// From 0 at its beginning to 1 at its end.
    fn share(self, value: f64) -> Option<f64> {
        let share = match self {
            Self::Linear { from, to } => (value - from) / (to - from),
            Self::Log { from, to } => (value / from).log10() / (to / from).log10(),
        };
        // What rounding left beyond an end is at it.
        (share.is_finite() && share > -0.01 && share < 1.01).then(|| share.clamp(0.0, 1.0))
    }
}

impl Plot {
    fn height(&self) -> f64 {
        match self.height {
            Height::Low => 280.0,
            Height::High => 420.0,
        }
    }

    /// Where the x axis is: below it are its labels and its title.
    fn bottom(&self) -> f64 {
        self.height() - 52.0
    }

    fn at(&self, spot: &Spot) -> Option<(f64, f64)> {
        let (x, y) = (self.x.scale.share(spot.x)?, self.y.scale.share(spot.y)?);
        Some((LEFT + x * (RIGHT - LEFT), self.bottom() - y * (self.bottom() - TOP)))
    }

    fn axes(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bottom = self.bottom();
        for (value, label) in &self.y.ticks {
            let Some(share) = self.y.scale.share(*value) else { continue };
            let y = bottom - share * (bottom - TOP);
            write!(f, "<path class=grid d=\"M{LEFT} {y:.1}H{RIGHT}\"/>")?;
            write!(f, "<text x={:.0} y={:.1} text-anchor=end>{}</text>", LEFT - 8.0, y + 4.0, Text(label))?;
        }
        for (value, label) in &self.x.ticks {
            let Some(share) = self.x.scale.share(*value) else { continue };
            let x = LEFT + share * (RIGHT - LEFT);
            write!(f, "<path class=grid d=\"M{x:.1} {TOP}V{bottom}\"/>")?;
            write!(f, "<text x={x:.1} y={:.0} text-anchor=middle>{}</text>", bottom + 18.0, Text(label))?;
        }
        write!(f, "<path class=axis d=\"M{LEFT} {TOP}V{bottom}H{RIGHT}\"/>")?;
        let (x, y) = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, bottom));
        let (low, title) = (self.height() - 6.0, self.x.title);
        write!(f, "<text class=name x={x:.0} y={low:.0} text-anchor=middle>{title}</text>")?;
        let title = self.y.title;
        writeln!(f, "<text class=name transform=\"translate(14 {y:.0})rotate(-90)\" text-anchor=middle>{title}</text>")
    }

    fn line(&self, line: &Line, f: &mut Formatter<'_>) -> fmt::Result {
        let Look { run, dash, width } = line.look;
        let colour = run % COLOURS;
        write!(f, "<g class=run{colour}><path class=line stroke-dasharray=\"{dash}\" stroke-width={width} d=\"")?;
        f.write_str(&self.path(&line.points))?;
        f.write_str("\"/>")?;
        let few = line.points.len() <= MOST_DOTS;
        for spot in &line.points {
            let Some((x, y)) = self.at(spot) else { continue };
            if spot.mark == Mark::Shown {
                write!(f, "{}", Sign { run, x, y })?;
            }
            if few {
                let (name, says) = (Text(&line.name), Text(&spot.says));
                write!(f, "<circle class=dot cx={x:.1} cy={y:.1} r=6><title>{name}: {says}</title></circle>")?;
            }
        }
        writeln!(f, "</g>")
    }

    /// A point between two gaps becomes a short dash, so that it can be seen.
    fn path(&self, points: &[Spot]) -> String {
        let places: Vec<Option<(f64, f64)>> = points.iter().map(|spot| self.at(spot)).collect();
        let mut path = String::new();
        for run in places.split(Option::is_none).filter(|run| !run.is_empty()) {
            for (at, (x, y)) in run.iter().flatten().enumerate() {
                let command = if at == 0 { 'M' } else { 'L' };
                // Writing to a String cannot fail.
                let _ = write!(path, "{command}{x:.1} {y:.1}");
            }
            if run.len() == 1 {
                path.push_str("h2");
            }
        }
        path
    }
}

impl Display for Plot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (label, height) = (Text(&self.label), self.height());
        write!(f, "<div class=wide><svg class=plot viewBox=\"0 0 {WIDTH} {height}\" role=img aria-label=\"{label}\">")?;
        writeln!(f, "<title>{label}</title>")?;
        self.axes(f)?;
        self.lines.iter().try_for_each(|line| self.line(line, f))?;
        writeln!(f, "</svg></div>")
    }
}

/// A line in a legend: a piece of it, with its mark where it has some.
pub(super) struct Swatch(pub(super) Look, pub(super) Mark);

impl Display for Swatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Look { run, dash, width } = self.0;
        let colour = run % COLOURS;
        write!(f, "<svg class=swatch viewBox=\"0 0 48 16\" aria-hidden=true><g class=run{colour}>")?;
        write!(f, "<path class=line stroke-dasharray=\"{dash}\" stroke-width={width} d=\"M0 8H48\"/>")?;
        if self.1 == Mark::Shown {
            write!(f, "{}", Sign { run, x: 24.0, y: 8.0 })?;
        }
        f.write_str("</g></svg>")
    }
}

/// The mark of a run.
struct Sign {
    run: usize,
    x: f64,
    y: f64,
}

impl Display for Sign {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { run, x, y } = self;
        let shape = SHAPES[run % SHAPES.len()];
        write!(f, "<path class=sign d=\"M{x:.1} {y:.1}{shape}\"/>")
    }
}

/// The end of a scale from 0. A file of others may have one that cannot be cut into steps: so little that a step of it
/// would be 0, or too much to be a number.
fn shown(most: f64) -> f64 {
    if most > 0.0 && most.is_normal() { most } else { 1.0 }
}

/// 1, 2 or 5 times a power of ten, at least `least`.
fn nice_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

/// 1, 2 and 5 times each power of ten, from just below `low` to just above `high`: at least two.
fn rungs(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32 + 1);
    let all: Vec<f64> =
        (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|times| times * 10f64.powi(power))).collect();
    let from = all.iter().rposition(|rung| *rung <= low).unwrap_or(0);
    let to = all.iter().position(|rung| *rung >= high).unwrap_or(all.len() - 1);
    all[from..=to.max(from + 1)].to_vec()
}

/// `run0` to `run5` in `page.css`.
const COLOURS: usize = 6;
/// Circle, square, triangle, diamond: 4 of them, with 6 colours and 5 dashes, tell 60 runs apart.
const SHAPES: &[&str] =
    &["m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "m-3.5 -3.5h7v7h-7z", "m0 -5l5 8.5h-10z", "m0 -5l5 5l-5 5l-5 -5z"];
/// More points than this lie too close to be pointed at, and would make the page heavy.
const MOST_DOTS: usize = 300;
/// Between the ends of a scale that has room for powers of ten alone.
const WIDE: f64 = 1e4;
const WIDTH: f64 = 960.0;
const LEFT: f64 = 88.0;
/// The last label of the x axis needs half its width beyond it.
const RIGHT: f64 = 930.0;
const TOP: f64 = 10.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_all_values() {
        let axis = Axis::log("", [61.0, 780.0].into_iter(), figure::tick);
        assert_eq!(labels(&axis), ["50 us", "100 us", "200 us", "500 us", "1 ms"]);
        let axis = Axis::log("", [3.0, 2e6].into_iter(), figure::tick);
        assert_eq!(labels(&axis), ["10 us", "100 us", "1 ms", "10 ms", "100 ms", "1 s"]);
        let axis = Axis::linear("", 52_300.0, |value| value.to_string());
        assert_eq!(labels(&axis), ["0", "10000", "20000", "30000", "40000", "50000", "60000"]);
    }

    #[test]
    fn axes_without_values_and_of_one_value_are_axes() {
        assert_eq!(labels(&Axis::log("", [].into_iter(), figure::tick)), ["1 us", "2 us", "5 us", "10 us"]);
        assert_eq!(labels(&Axis::log("", [0.0, 100.0].into_iter(), figure::tick)), ["100 us", "200 us"]);
        for most in [0.0, 1e-323, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY] {
            for axis in [Axis::linear, Axis::exact] {
                let ticks = axis("", most, |value| value.to_string()).ticks.len();
                assert!((2..=12).contains(&ticks), "{ticks} of {most:e}");
            }
        }
    }

    #[test]
    fn what_a_scale_cannot_show_is_a_gap() {
        let log = Scale::Log { from: 1.0, to: 100.0 };
        assert_eq!([1.0, 10.0, 100.0].map(|value| log.share(value)), [Some(0.0), Some(0.5), Some(1.0)]);
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY, 1e4].map(|value| log.share(value)), [None; 5]);
        let spot = |x, y| Spot { x, y, says: String::new(), mark: Mark::Hidden };
        let axis = || Axis::linear("", 4.0, |value| value.to_string());
        let plot = Plot { label: String::new(), height: Height::Low, x: axis(), y: axis(), lines: Vec::new() };
        let points = [spot(0.0, 0.0), spot(1.0, 4.0), spot(2.0, f64::NAN), spot(3.0, 0.0)];
        assert_eq!(plot.path(&points).matches('M').count(), 2);
    }
}
