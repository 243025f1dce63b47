//! View: draws a `History`. Colour helps to tell lines apart; what they are is said in words, from the top.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Paragraph, Wrap};

use crate::event::sinks::Colour;

use super::super::document::Second;
use super::super::histogram;
use super::super::words::{Brief, Count, PerSecond, Percent, Round, bar};
use super::history::History;

/// What a drawing takes of a second.
type Reading = fn(&Second) -> f64;

/// Where what is.
struct Places {
    title: Rect,
    progress: Rect,
    figures: Rect,
    rate: Rect,
    latency: Rect,
    histogram: Rect,
    keys: Rect,
}

pub(super) fn draw(frame: &mut Frame<'_>, history: &History, colour: Colour) {
    let area = frame.area();
    let Some(places) = places(area) else {
        let words = format!(
            "The live screen needs {COLUMNS} columns and {ROWS} rows; this terminal has {} and {}. The run goes on; q \
             ends it.",
            area.width, area.height
        );
        frame.render_widget(Paragraph::new(words).wrap(Wrap { trim: true }), area);
        return;
    };
    let paint = Paint(colour);
    frame.render_widget(title(history).style(Modifier::REVERSED), places.title);
    frame.render_widget(progress(history, places.progress.width), places.progress);
    frame.render_widget(figures(history, paint), places.figures);
    draw_rate(frame, history, (places.rate, paint));
    draw_latency(frame, history, (places.latency, paint));
    draw_histogram(frame, history, places.histogram);
    frame.render_widget(Span::styled(" q ends the run and reports what there is", Modifier::DIM), places.keys);
}

/// Three rows at the top, one at the bottom; between them the past at the left, and what it adds up to at the right.
fn places(area: Rect) -> Option<Places> {
    if area.width < COLUMNS || area.height < ROWS {
        return None;
    }
    let row = |y| Rect { y: area.y + y, height: 1, ..area };
    let room = Rect { y: area.y + 4, height: area.height - 5, ..area };
    let right = (area.width * 2 / 5).clamp(LEAST_HISTOGRAM, GREATEST_HISTOGRAM);
    let left = Rect { width: area.width - right - 2, ..room };
    let rate = left.height * 2 / 5;
    Some(Places {
        title: row(0),
        progress: row(1),
        figures: row(2),
        rate: Rect { height: rate, ..left },
        latency: Rect { y: left.y + rate, height: left.height - rate, ..left },
        histogram: Rect { x: left.right() + 2, width: right, ..room },
        keys: row(area.height - 1),
    })
}

fn title(history: &History) -> Line<'static> {
    let setup = &history.setup;
    let crowd = Count(setup.connections, "connection");
    Line::raw(format!(" {}: {crowd}, {}, {}", setup.address, setup.pace, setup.workload))
}

fn progress(history: &History, columns: u16) -> Line<'static> {
    let words = format!(" {} ", history.progress);
    let Some(share) = history.share else { return Line::raw(words) };
    let room = usize::from(columns).saturating_sub(words.len() + 1);
    let done = bar(share, room);
    let left = "─".repeat(room.saturating_sub(done.chars().count()));
    Line::from(vec![Span::raw(words), Span::raw(done), Span::styled(left, Modifier::DIM)])
}

fn figures(history: &History, paint: Paint) -> Line<'static> {
    let times = &history.so_far;
    let mut spans = Vec::new();
    if let Some(second) = history.seconds.back() {
        spans.push(Span::styled(format!(" {}", PerSecond(second.rate())), paint.rate().bold()));
    }
    if times.count > 0 {
        let [p50, p99, max] = [times.p50_us, times.p99_us, times.max_us].map(Brief);
        spans.push(Span::raw(format!("   p50 {p50}   p99 {p99}   max {max}")));
    }
    let look = if history.faults > 0 { paint.of(Color::Red).bold() } else { Style::new() };
    spans.extend([Span::raw("   "), Span::styled(Count(history.faults, "fault").to_string(), look)]);
    Line::from(spans)
}

fn draw_rate(frame: &mut Frame<'_>, history: &History, (area, paint): (Rect, Paint)) {
    let (from, to) = history.span();
    let asked = history.setup.rate_asked;
    let words = asked.map_or(String::new(), |rate| format!(", dotted: {} asked", PerSecond(rate)));
    let points = points(history, Second::rate);
    let most = points.iter().map(|(_, rate)| *rate).chain(asked).fold(0.0, f64::max);
    let dots: Vec<_> = (0..=DOTS).map(|dot| from + (to - from) * f64::from(dot) / f64::from(DOTS)).collect();
    let dots: Vec<_> = asked.map_or(Vec::new(), |rate| dots.into_iter().map(|at| (at, rate)).collect());
    let asked = Dataset::default().marker(Marker::Braille).data(&dots).style(Modifier::DIM);
    let top = ceiling(most);
    let axis = Axis::default().bounds([0.0, top]).labels(labels([0.0, top].map(|rate| format!("{rate:.0}"))));
    let chart = Chart::new(vec![asked, line(&points, paint.rate())]).x_axis(Axis::default().bounds([from, to]));
    let (head, room) = headed(area);
    frame.render_widget(Line::from(vec![Span::styled("answers", paint.rate()), Span::raw(words)]), head);
    frame.render_widget(chart.y_axis(axis.labels_alignment(Alignment::Right)), room);
}

fn draw_latency(frame: &mut Frame<'_>, history: &History, (area, paint): (Rect, Paint)) {
    let (from, to) = history.span();
    let lines: [(Style, Reading); 3] = [
        (paint.max(), |second| second.response_max_us),
        (paint.p99(), |second| second.response_p99_us),
        (paint.p50(), |second| second.response_p50_us),
    ];
    let lines = lines.map(|(look, of)| (look, points(history, of)));
    let logs = lines.map(|(look, points)| (look, logarithms(points)));
    let heights = || logs.iter().flat_map(|(_, points)| points).map(|(_, height)| *height);
    let low = heights().fold(f64::INFINITY, f64::min).floor();
    let high = heights().fold(f64::NEG_INFINITY, f64::max).ceil();
    let (low, high) = if low.is_finite() { (low, high.max(low + 1.0)) } else { EMPTY };
    let (head, room) = headed(area);
    let y = Axis::default().bounds([low, high]).labels(decades(low, high, room.height));
    let ends = [from, to].map(|at| format!("{at:.0} s"));
    let x = Axis::default().bounds([from, to]).labels(ends);
    let chart = Chart::new(logs.iter().map(|(look, points)| line(points, *look)).collect());
    frame.render_widget(latency_title(paint), head);
    frame.render_widget(chart.x_axis(x).y_axis(y.labels_alignment(Alignment::Right)), room);
}

fn latency_title(paint: Paint) -> Line<'static> {
    Line::from(vec![
        Span::raw("response: "),
        Span::styled("max", paint.max()),
        Span::raw(" over "),
        Span::styled("p99", paint.p99()),
        Span::raw(" over "),
        Span::styled("p50", paint.p50()),
    ])
}

fn draw_histogram(frame: &mut Frame<'_>, history: &History, area: Rect) {
    let (head, room) = headed(area);
    frame.render_widget(Line::raw("response times so far"), head);
    let rows = histogram::rows(&history.so_far, usize::from(room.height).min(MOST_ROWS));
    let label = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    let columns = usize::from(room.width).saturating_sub(label + 9);
    let most = histogram::most(&rows);
    for (y, row) in (room.y..room.bottom()).zip(&rows) {
        let bar = bar(row.share / most, columns);
        let words = format!("{:label$} {:>7} {bar}", row.label, Percent(row.share));
        frame.render_widget(Line::raw(words), Rect { y, height: 1, ..room });
    }
}

/// A row for what it is, and the rest for it.
fn headed(area: Rect) -> (Rect, Rect) {
    let head = Rect { height: 1.min(area.height), ..area };
    (head, Rect { y: head.bottom(), height: area.height - head.height, ..area })
}

/// What each second has, at the second's end.
fn points(history: &History, of: Reading) -> Vec<(f64, f64)> {
    history.seconds.iter().map(|second| ((second.at_us + second.lasted_us) / 1e6, of(second))).collect()
}

/// A second without an answer has no latency, and no place on such a scale.
fn logarithms(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points.into_iter().filter(|(_, us)| *us > 0.0).map(|(at, us)| (at, us.log10())).collect()
}

fn line(points: &[(f64, f64)], look: Style) -> Dataset<'_> {
    Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line).data(points).style(look)
}

/// Each power of ten, or only both ends where there are not rows enough for all.
fn decades(low: f64, high: f64, rows: u16) -> Vec<Line<'static>> {
    let all = (high - low) as i32;
    // The axis has two of the rows.
    let step = if all < i32::from(rows.saturating_sub(2)) { 1 } else { all };
    let at = |decade: i32| Round(10_f64.powf(low + f64::from(decade))).to_string();
    labels((0..=all / step).map(|decade| at(decade * step)))
}

/// As wide in one drawing as in the other, so that the same second stands above itself.
fn labels(names: impl IntoIterator<Item = String>) -> Vec<Line<'static>> {
    names.into_iter().map(|name| Line::raw(format!("{name:>LABEL$}"))).collect()
}

/// The next number that is easily read.
fn ceiling(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let decade = 10_f64.powf(most.log10().floor());
    CEILINGS.iter().map(|step| step * decade).find(|top| *top >= most).unwrap_or(10.0 * decade)
}

/// What is drawn in which colour.
#[derive(Clone, Copy)]
struct Paint(Colour);

impl Paint {
    fn rate(self) -> Style {
        self.of(Color::Cyan)
    }

    fn p50(self) -> Style {
        self.of(Color::Green)
    }

    fn p99(self) -> Style {
        self.of(Color::Yellow)
    }

    fn max(self) -> Style {
        self.of(Color::Red)
    }

    fn of(self, colour: Color) -> Style {
        match self.0 {
            Colour::Coloured => Style::new().fg(colour),
            Colour::Plain => Style::new(),
        }
    }
}

/// On less, drawings say nothing.
const COLUMNS: u16 = 60;
const ROWS: u16 = 15;
/// A label, a share and a bar of eight columns.
const LEAST_HISTOGRAM: u16 = 26;
/// Longer bars say no more.
const GREATEST_HISTOGRAM: u16 = 60;
/// More are not taken in at a glance.
const MOST_ROWS: usize = 16;
/// `1500000`
const LABEL: usize = 7;
/// Of a dotted line: two for three columns of a usual terminal.
const DOTS: u32 = 30;
/// What an axis without a line shows: from 100 us to 10 ms.
const EMPTY: (f64, f64) = (2.0, 4.0);
const CEILINGS: [f64; 10] = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0];

#[cfg(test)]
mod tests {
    use super::super::history::tests::after;
    use super::*;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// The screen of a terminal of this size, without what is blank at the right.
    fn screen(history: &History, columns: u16, rows: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(frame, history, Colour::Coloured)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..rows).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }

    macro_rules! same {
        ($drawn:expr, $golden:literal) => {
            let drawn = $drawn;
            assert!(drawn == include_str!(concat!("../golden/", $golden)), "this was drawn:\n{drawn}");
        };
    }

    #[test]
    fn a_run_is_seen_while_it_lasts() {
        same!(screen(&after(14, Some(30)), 100, 28), "screen.txt");
    }

    #[test]
    fn the_smallest_screen_shows_everything_too() {
        same!(screen(&after(14, Some(30)), 60, 15), "screen-small.txt");
    }

    #[test]
    fn a_smaller_terminal_is_told_that_it_is_too_small() {
        let words = screen(&after(2, None), 40, 10).replace('\n', " ");
        assert!(words.contains("needs 60 columns and 15 rows; this terminal has 40 and 10."), "{words}");
    }

    #[test]
    fn no_size_and_no_time_of_a_run_breaks_it() {
        for history in [History::default(), after(1, None), after(2, Some(1)), after(400, Some(4000))] {
            for (columns, rows) in
                (1..140).step_by(7).flat_map(|columns| (1..50).step_by(3).map(move |rows| (columns, rows)))
            {
                screen(&history, columns, rows);
            }
        }
    }

    #[test]
    fn colours_are_only_where_they_are_wanted() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        terminal.draw(|frame| draw(frame, &after(14, Some(30)), Colour::Plain)).unwrap();
        assert!(terminal.backend().buffer().content().iter().all(|cell| cell.fg == Color::Reset));
    }
}
