//! Html: one run, or several over each other, as one page that needs nothing else: no network, no script, no font of its
//! own. Plots are SVG that is drawn here. Whatever comes out of a document goes through `Text`.

/// What is drawn: times, percentiles and rates.
mod charts;
/// The page from its head to its foot.
mod page;
/// Scales, ticks and lines.
mod plot;
/// What is written in columns.
mod tables;

use std::fmt::{self, Display, Formatter, Write as _};
use std::io::{self, Write};

use super::document::Document;

/// `runs` with their names, in the order of the legend.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    page::write(runs, out)
}

/// Runs with their names.
type Runs<'a> = [(String, &'a Document)];

/// Text of others, as characters of a page and never as its markup, in an attribute as well. Controls become visible,
/// and so do the marks that turn the direction of text.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c if c.is_control() || is_direction(c) => f.write_char(char::REPLACEMENT_CHARACTER),
            c => f.write_char(c),
        })
    }
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests;
