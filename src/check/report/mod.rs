//! Report: a finished check as people and programs read it. Every form is made of the `Document` and of nothing else, so
//! that all of them say the same.
//!
//! Texts of a document are escaped already. A form goes over them again all the same: what is escaped stays as it is,
//! and whoever fills a document some day and forgets cannot move a cursor with it.

/// Many programs side by side.
pub(crate) mod class;
/// What GitHub Classroom reads.
mod classroom;
/// The Common Test Report Format.
mod ctrf;
/// A case that failed, in rows that are always the same.
mod failure;
/// What is to be made of all of it, in a sentence or two.
mod gist;
/// One page that needs nothing else.
mod html;
/// The document itself, and back.
pub(crate) mod json;
/// What every CI reads.
mod junit;
/// Checks as they might have been.
#[cfg(test)]
mod sample;
/// The Test Anything Protocol.
mod tap;
/// What a person reads.
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
/// What was said and done, a line each.
mod transcript;
/// Counts, times and lines.
mod words;

use super::document::Document;

/// A way to write down a check for other programs, and for browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Junit,
    Tap,
    Ctrf,
    Classroom,
    Html,
}

impl Form {
    #[cfg(test)]
    const ALL: [Self; 6] = [Self::Json, Self::Junit, Self::Tap, Self::Ctrf, Self::Classroom, Self::Html];

    #[cfg(test)]
    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Ctrf => "ctrf",
            Self::Classroom => "classroom",
            Self::Html => "html",
        }
    }

    /// All of a check, with the end of its last line.
    pub(crate) fn write(self, document: &Document) -> String {
        match self {
            Self::Json => json::write(document),
            Self::Junit => junit::write(document),
            Self::Tap => tap::write(document),
            Self::Ctrf => ctrf::write(document),
            Self::Classroom => classroom::write(document),
            Self::Html => html::write(document),
        }
    }
}

/// Whether a report says what a mistake usually means, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hints {
    Shown,
    /// As in an examination.
    Hidden,
}

/// The document without its hints, for forms that are handed on in an examination.
pub(crate) fn without_hints(mut document: Document) -> Document {
    for finding in document.cases.iter_mut().filter_map(|graded| graded.finding.as_mut()) {
        (finding.so, finding.attempt, finding.more) = (None, None, None);
    }
    document
}
