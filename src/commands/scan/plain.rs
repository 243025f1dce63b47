//! Plain: reports in the least form, with the names of those of the room, whose place it keeps.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::event::sinks::Colour;
use crate::scan::report::{Report, Summary};
use crate::scan::{News, Plan, State};

/// Which report it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
    Grepable,
    Xml,
}

impl Form {
    pub(crate) fn report(self, _looks: Looks) -> Box<dyn Report> {
        Box::new(Lines)
    }
}

/// How a report looks, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) colour: Colour,
    pub(crate) reasons: Reasons,
    pub(crate) columns: Option<usize>,
    pub(crate) clock: fn() -> Timestamp,
}

/// Whether a table says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reasons {
    Shown,
    Hidden,
}

/// Whether progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Line,
    Nothing,
}

pub(crate) struct Attended<R>(R);

impl<R> Attended<R> {
    pub(crate) fn new(report: R, _shown: Shown) -> Self {
        Self(report)
    }
}

impl<R: Report> Report for Attended<R> {
    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        self.0.tell(news, out)
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        self.0.end(summary, out)
    }
}

impl Report for Box<dyn Report> {
    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        (**self).tell(news, out)
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        (**self).end(summary, out)
    }
}

/// What is different from round to round.
pub(crate) struct Changes;

/// Why a scan cannot be watched.
#[derive(Debug, thiserror::Error)]
#[error("it cannot be watched")]
pub(crate) struct Unwatchable;

impl Changes {
    pub(crate) fn watch(_plan: &Plan, _form: Form, _looks: Looks) -> Result<Lines, Unwatchable> {
        Ok(Lines)
    }
}

/// A line for each open port, and one for all.
pub(crate) struct Lines;

impl Report for Lines {
    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Open(finding) => writeln!(out, "{} {}", finding.host.at(finding.port), finding.verdict.reason()),
            _ => out.flush(),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let counts = State::ALL.map(|state| format!("{} {}", summary.totals.of(state), state.name()));
        writeln!(out, "{}", counts.join(", "))
    }
}
