//! Tables: what stands in columns. Where a terminal is too narrow for a row, what it is measured from stands below it.

use std::io;

use anstyle::Style;

use super::super::document::{Distribution, Latency};
use super::super::histogram;
use super::super::words::{Percent, Time, bar};
use super::Page;

/// A row for each kind of latency that was measured.
pub(super) fn latency(of: &Latency, page: &mut Page<'_>) -> io::Result<()> {
    let rows = [
        (("response", "(from the intended instant)"), &of.response),
        (("service", "(from the actual send)"), &of.service),
        (("connect", ""), &of.connect),
        (("first byte", ""), &of.first_byte),
        (("generator lag", ""), &of.lag),
    ];
    let labels = Labels::fitting(page.columns());
    let heads = HEADS.map(|head| format!("{head:>FIGURE$}")).concat();
    let title = page.loud(&format!("{:1$}", "latency", labels.width() + 2));
    writeln!(page.out, "{title}{heads}")?;
    for (number, (label, times)) in rows.into_iter().enumerate() {
        // The first two say by being there that they are not the same.
        if times.count > 0 || number < 2 {
            labels.row(label, &figures(times), page)?;
        }
    }
    Ok(())
}

/// How response times lie.
pub(super) fn histogram(response: &Distribution, page: &mut Page<'_>) -> io::Result<()> {
    let rows = histogram::rows(response, ROWS);
    if rows.is_empty() {
        return Ok(());
    }
    let title = page.loud("response times");
    writeln!(page.out, "{title}")?;
    let (most, dim) = (histogram::most(&rows), page.looks.colour.style(Style::new().dimmed()));
    let label = rows.iter().map(|row| row.label.len()).max().unwrap_or(0);
    let count = rows.iter().map(|row| row.count.to_string().len()).max().unwrap_or(0);
    let room = page.columns().saturating_sub(label + count + BESIDE).clamp(1, LONGEST_BAR);
    for row in &rows {
        let bar = bar(row.share / most, room);
        let (share, name) = (Percent(row.share), &row.label);
        writeln!(page.out, "  {name:label$} {share:>7} {dim}{:>count$}{dim:#} {bar}", row.count)?;
    }
    page.gap()
}

fn figures(times: &Distribution) -> String {
    let Distribution { p50_us, p90_us, p99_us, p999_us, p9999_us, max_us, .. } = times;
    let figure = |us: &f64| match times.count {
        0 => format!("{:>FIGURE$}", "-"),
        _ => format!("{:>FIGURE$}", Time(*us)),
    };
    [p50_us, p90_us, p99_us, p999_us, p9999_us, max_us].map(figure).concat()
}

/// What stands before the figures.
#[derive(Clone, Copy)]
enum Labels {
    Whole,
    /// In two rows.
    Parted,
}

impl Labels {
    fn fitting(columns: usize) -> Self {
        let whole = 2 + Self::Whole.width() + HEADS.len() * FIGURE;
        if columns >= whole { Self::Whole } else { Self::Parted }
    }

    fn width(self) -> usize {
        match self {
            Self::Whole => 36,
            Self::Parted => 13,
        }
    }

    fn row(self, (name, from): (&str, &str), figures: &str, page: &mut Page<'_>) -> io::Result<()> {
        let width = self.width();
        match self {
            Self::Whole => writeln!(page.out, "  {:width$}{figures}", format!("{name} {from}").trim_end()),
            Self::Parted => {
                writeln!(page.out, "  {name:width$}{figures}")?;
                if from.is_empty() { Ok(()) } else { writeln!(page.out, "    {from}") }
            }
        }
    }
}

const HEADS: [&str; 6] = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];
/// `180.3 us` and two columns before it.
const FIGURE: usize = 10;
/// As many as are taken in at a glance.
const ROWS: usize = 11;
/// Longer bars say no more.
const LONGEST_BAR: usize = 40;
/// Of a row of the histogram, what is neither label nor count nor bar.
const BESIDE: usize = 2 + 1 + 7 + 1 + 1;
