//! Words: times, counts, shares and sizes as all texts for people have them.

use std::fmt::{self, Display, Formatter};

use unicode_width::UnicodeWidthStr;

/// Microseconds in a unit that fits, with what three digits can say: `180.3 us`, `1.24 ms`, `30.0 s`. Rows of a table
/// have one decimal below a millisecond.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time(pub(super) f64);

impl Display for Time {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, unit) = fit(self.0, 0.05);
        let decimals = match value {
            _ if unit == "us" => 1,
            ..9.995 => 2,
            ..99.95 => 1,
            _ => 0,
        };
        f.pad(&format!("{value:.decimals$} {unit}"))
    }
}

/// The same for a glance: `7.5 us`, `180 us`, `1.2 ms`, `30 s`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief(pub(super) f64);

impl Display for Brief {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, unit) = fit(self.0, 0.5);
        let decimals = usize::from(value < 9.95);
        f.pad(&format!("{} {unit}", trimmed(value, decimals)))
    }
}

/// Microseconds that are a round number of something: `150 us`, `1.05 ms`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round(pub(super) f64);

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, unit) = fit(self.0, 0.0005);
        f.pad(&format!("{} {unit}", trimmed(value, 3)))
    }
}

/// A share of 1: `99.7 %`, and what is there at all is not nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Percent(pub(super) f64);

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            share if share > 0.0 && share < 0.0005 => f.pad("<0.1 %"),
            share => f.pad(&format!("{:.1} %", share * 100.0)),
        }
    }
}

/// `1 connection`, `64 connections`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(count, noun) = self;
        write!(f, "{count} {noun}{}", if *count == 1 { "" } else { "s" })
    }
}

/// A size in memory: `512 B`, `3.2 KiB`, `18.4 MiB`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size(pub(super) f64);

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let fits = |unit: &&(f64, &str)| self.0.abs() >= unit.0;
        match SIZES.iter().find(fits) {
            Some((unit, name)) => write!(f, "{:.1} {name}", self.0 / unit),
            None => write!(f, "{:.0} B", self.0),
        }
    }
}

/// A number a second: whole, where that says enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct PerSecond(pub(super) f64);

impl Display for PerSecond {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}/s", self.number())
    }
}

impl PerSecond {
    pub(super) fn number(self) -> String {
        format!("{:.*}", usize::from(self.0 < 100.0), self.0)
    }
}

/// The words of `text` in lines of at most `columns`; a longer word has a line of its own. Spaces before the first stay.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut words = text[indent..].split(' ');
    let mut line = text[..indent].to_owned() + words.next().unwrap_or_default();
    let mut lines = Vec::new();
    for word in words {
        if line.width() + 1 + word.width() <= columns {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
        }
    }
    lines.push(line);
    lines
}

/// A bar that fills this share of so many columns; what is there at all is seen.
pub(super) fn bar(share: f64, columns: usize) -> String {
    let least = if share > 0.0 { 1 } else { 0 };
    let eighths = ((share.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize).max(least);
    let rest = EIGHTHS[eighths % 8];
    "█".repeat(eighths / 8) + rest
}

/// The unit in which it is below a thousand, when rounded by `half` the last digit's worth.
fn fit(us: f64, half: f64) -> (f64, &'static str) {
    match us {
        _ if us + half < 1e3 => (us, "us"),
        _ if us / 1e3 + half < 1e3 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    }
}

fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if decimals == 0 {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const SIZES: [(f64, &str); 3] = [(1024.0 * 1024.0 * 1024.0, "GiB"), (1024.0 * 1024.0, "MiB"), (1024.0, "KiB")];
/// What is left of a bar, in eighths of a column.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_that_fits() {
        for (us, time, brief) in [
            (0.0, "0.0 us", "0 us"),
            (7.46, "7.5 us", "7.5 us"),
            (180.27, "180.3 us", "180 us"),
            (999.94, "999.9 us", "1 ms"),
            (999.96, "1.00 ms", "1 ms"),
            (1_240.0, "1.24 ms", "1.2 ms"),
            (9_996.0, "10.0 ms", "10 ms"),
            (99_960.0, "100 ms", "100 ms"),
            (999_990.0, "1.00 s", "1 s"),
            (30_000_127.0, "30.0 s", "30 s"),
            (3_600_000_000.0, "3600 s", "3600 s"),
        ] {
            assert_eq!((Time(us).to_string(), Brief(us).to_string()), (time.to_owned(), brief.to_owned()), "{us}");
        }
        assert_eq!([150.0, 1_050.0, 0.5].map(|us| Round(us).to_string()), ["150 us", "1.05 ms", "0.5 us"]);
    }

    #[test]
    fn sizes_counts_and_rates_are_short() {
        assert_eq!([511.6, 3_277.0, 19e6].map(|size| Size(size).to_string()), ["512 B", "3.2 KiB", "18.1 MiB"]);
        assert_eq!([Count(1, "read"), Count(2, "read")].map(|count| count.to_string()), ["1 read", "2 reads"]);
        assert_eq!([0.0, 12.34, 48_211.4].map(|rate| PerSecond(rate).to_string()), ["0.0/s", "12.3/s", "48211/s"]);
    }

    #[test]
    fn a_small_share_is_not_nothing() {
        let shares = [0.0, 0.0001, 0.0005, 0.9972, 1.0].map(|share| Percent(share).to_string());
        assert_eq!(shares, ["0.0 %", "<0.1 %", "0.1 %", "99.7 %", "100.0 %"]);
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible to me", 5), ["incomprehensible", "to me"]);
        assert_eq!(wrapped("  4 us, 12 % busy", 8), ["  4 us,", "12 %", "busy"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn a_bar_shows_what_is_there_at_all() {
        assert_eq!([0.0, 0.0001, 0.25, 0.3, 1.0].map(|share| bar(share, 4)), ["", "▏", "█", "█▎", "████"]);
    }
}
