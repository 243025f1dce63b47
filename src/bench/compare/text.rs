//! Text: a comparison as an aligned table for people.

use std::io::{self, Write};

use crate::event::Untrusted;

use super::{Basis, Compared, Row, Verdict};

/// `names` is what A and B are called: files, commands or addresses.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(compared: &Compared, names: [&str; 2], out: &mut dyn Write) -> io::Result<()> {
    let [a, b] = names.map(printable);
    writeln!(out, "A  {a}\nB  {b}\n{}\n", headline(compared))?;
    let rows: Vec<[String; COLUMNS]> = compared.rows.iter().map(cells).collect();
    table(&rows, out)?;
    let differ = &compared.differences;
    if !differ.is_empty() || !compared.notes.is_empty() {
        writeln!(out)?;
    }
    for difference in differ {
        let (a, b) = (printable(&difference.a), printable(&difference.b));
        writeln!(out, "differs: {}: A {a}, B {b}", difference.what)?;
    }
    compared.notes.iter().try_for_each(|note| writeln!(out, "note: {note}"))
}

fn headline(compared: &Compared) -> String {
    let what = match (compared.basis, compared.pairs) {
        (Basis::Rounds, 1) => "1 round",
        (Basis::Rounds, _) => "interleaved rounds",
        (Basis::Seconds, 1) => "1 second of one run each",
        (Basis::Seconds, _) => "seconds of one run each",
    };
    let count = if compared.pairs == 1 { String::new() } else { format!("{} ", compared.pairs) };
    format!("{count}{what}: A and B are medians, A/B is the median of the ratios, 95 % is its interval")
}

fn cells(row: &Row) -> [String; COLUMNS] {
    let shown = |value: Option<f64>| value.map_or_else(|| NOTHING.to_owned(), row.show);
    [
        row.metric.to_owned(),
        shown(row.a),
        shown(row.b),
        row.ratio.map_or_else(|| NOTHING.to_owned(), times),
        interval(row),
        verdict(row.verdict).to_owned(),
    ]
}

fn interval(row: &Row) -> String {
    match (row.low, row.high) {
        (Some(low), Some(high)) if row.pairs > 1 => format!("{} to {}", times(low), times(high)),
        _ => NOTHING.to_owned(),
    }
}

/// A ratio: three decimals where it is about 1, as many digits where it is far from it.
fn times(ratio: f64) -> String {
    match ratio {
        r if r.is_infinite() => "infinite".to_owned(),
        r if r >= 100.0 => format!("{r:.0}"),
        r => format!("{r:.3}"),
    }
}

fn verdict(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => NOTHING,
        Some(Verdict::Tie) => "tie",
        Some(Verdict::ABetter) => "A better",
        Some(Verdict::BBetter) => "B better",
        Some(Verdict::CouldNotJudge) => "could not judge",
    }
}

/// The names of metrics and verdicts stand left, numbers right.
fn table(rows: &[[String; COLUMNS]], out: &mut dyn Write) -> io::Result<()> {
    let heads = HEADS.map(str::to_owned);
    let mut widths = [0; COLUMNS];
    for row in rows.iter().chain([&heads]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for [metric, a, b, ratio, interval, verdict] in [&heads].into_iter().chain(rows) {
        let [w0, w1, w2, w3, w4, _] = widths;
        writeln!(out, "{metric:w0$}  {a:>w1$}  {b:>w2$}  {ratio:>w3$}  {interval:>w4$}  {verdict}")?;
    }
    Ok(())
}

/// Setups come from a file that somebody may have sent.
fn printable(text: &str) -> String {
    Untrusted::text(text.as_bytes()).replace(['\n', '\t'], " ")
}

const COLUMNS: usize = 6;
const HEADS: [&str; COLUMNS] = ["metric", "A", "B", "A/B", "95 %", "verdict"];
const NOTHING: &str = "-";
