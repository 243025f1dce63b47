//! Words: counts, times and lines as all reports have them.

use std::fmt::{self, Display, Formatter};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::event::Untrusted;

/// A text on one line, without anything that could end it or move a cursor. What is escaped already stays as it is.
pub(super) fn printable(text: &str) -> String {
    Untrusted::text(text.as_bytes()).replace('\n', "\\n").replace('\t', "\\t")
}

/// The lines of what a program wrote, each of them printable; tabs are wide.
pub(super) fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| printable(&line.replace('\t', "    ")))
}

/// `1 case`, `2 cases`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count(pub(super) usize, pub(super) &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(count, noun) = self;
        write!(f, "{count} {noun}{}", if *count == 1 { "" } else { "s" })
    }
}

/// Microseconds as milliseconds: `0.3 ms`, `12 ms`, `1500 ms`. One unit, so that they can be compared in a column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Millis(pub(super) u64);

impl Display for Millis {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let decimals = usize::from(self.0 < 10_000);
        f.pad(&format!("{:.decimals$} ms", self.0 as f64 / 1e3))
    }
}

/// `text` in lines of at most `columns`, broken between words; a word that is longer is broken where it must.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = vec![String::new()];
    for (number, word) in text.split(' ').enumerate() {
        let line = lines.last_mut().expect("there is always one");
        let gap = usize::from(number > 0);
        let fits = line.width().saturating_add(gap + word.width()) <= columns;
        let begins = word.width() > columns && line.width() + gap < columns;
        if fits || begins {
            line.push_str(&" "[..gap]);
        } else {
            lines.push(String::new());
        }
        push(&mut lines, word, columns);
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines
}

/// A word behind the last line, and as many lines more as it takes.
fn push(lines: &mut Vec<String>, word: &str, columns: usize) {
    let mut room = columns.saturating_sub(lines.last().map_or(0, |line| line.width()));
    for c in word.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > room {
            lines.push(String::new());
            room = columns;
        }
        room = room.saturating_sub(wide);
        lines.last_mut().expect("there is always one").push(c);
    }
}

/// The beginning of `text`, in at most `columns`; that there was more is seen.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    beginning(text, columns.saturating_sub(1)).to_owned() + "…"
}

/// As much of it as `columns` hold.
pub(super) fn beginning(text: &str, columns: usize) -> &str {
    let mut room = columns;
    for (at, c) in text.char_indices() {
        let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else { return &text[..at] };
        room = left;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_is_not_escaped_again() {
        for (text, shown) in [
            ("a\nb\tc\x1b[2J\u{9b}\u{202e}\0", "a\\nb\\tc\\u{1b}[2J\\u{9b}\\u{202e}\\0"),
            ("Łódź \"x\" 'y'", "Łódź \"x\" 'y'"),
        ] {
            assert_eq!(printable(text), shown);
            assert_eq!(printable(shown), shown);
        }
        assert_eq!(lines("a\tb\r\n\nc\x07").collect::<Vec<_>>(), ["a    b", "", "c\\u{7}"]);
    }

    #[test]
    fn lines_break_between_words_and_words_where_they_must() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible to me", 7), ["incompr", "ehensib", "le to", "me"]);
        assert_eq!(wrapped("is incomprehensible", 7), ["is inco", "mprehen", "sible"]);
        assert_eq!(wrapped("a  b", 80), ["a  b"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("日本語", 4), ["日本", "語"]);
        assert_eq!(wrapped("one two", usize::MAX), ["one two"]);
    }

    #[test]
    fn what_is_cut_off_is_seen() {
        assert_eq!([cut("hello", 5), cut("hello", 4), cut("日本語", 5)], ["hello", "hel…", "日本…"]);
        assert_eq!([cut("hello", 1), cut("hello", 0)], ["…", "…"]);
    }

    #[test]
    fn times_of_a_column_have_one_unit() {
        let times = [0, 340, 9_999, 12_400, 1_500_000].map(|us| Millis(us).to_string());
        assert_eq!(times, ["0.0 ms", "0.3 ms", "10.0 ms", "12 ms", "1500 ms"]);
    }
}
