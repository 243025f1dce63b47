//! Html: one page that needs nothing else: no network, no script, no font of its own. Whatever comes out of a document
//! goes through `Text`.

/// One case: its row, and what happened in it.
mod case;
/// A check from its head to its foot.
mod page;
/// Who said what when, as a drawing.
mod sequence;

use std::fmt::{self, Display, Formatter, Write as _};

use crate::check::document::{Document, Verdict};

use super::gist::{Tone, mark};
use super::words::printable;

/// The page of a check.
pub(super) fn write(document: &Document) -> String {
    page::write(document)
}

/// A page around its body. Nothing of it may load or run, even if an escape were missing.
pub(super) fn frame(title: &str, body: &str) -> String {
    let (title, version) = (Text(title), env!("CARGO_PKG_VERSION"));
    format!(
        "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=viewport content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n\
         <footer>Written by sockeye {version}.</footer>\n</body>\n</html>\n"
    )
}

/// Text of others on one line, as characters of a page and never as its markup, in an attribute as well.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        printable(self.0).chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

/// What came of a case, in a word and in a colour.
pub(super) struct Mark(pub(super) Verdict);

impl Display for Mark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (class, word) = (class(self.0), mark(self.0));
        write!(f, "<span class=\"mark {class}\" title=\"{}\">{word}</span>", self.0.name())
    }
}

pub(super) const fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Skip => "skip",
        Verdict::Unjudged => "open",
        Verdict::Blocked => "wait",
    }
}

pub(super) const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "pass",
        Tone::Bad => "fail",
        Tone::Open => "open",
    }
}

const STYLE: &str = include_str!("style.css");
