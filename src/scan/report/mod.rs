//! Report: news as people and programs read them. A report is told everything and writes what its readers want; what it
//! has written it forgets, so that it stays as small for a /16 as for one host.

/// How to get tested what was not.
mod advice;
/// What the last round of a watch found, and what is different now.
mod changes;
/// What open ports said, until their host is done.
mod details;
/// nmap's `-oG`: a host a line.
mod grepable;
/// The ports of one host, by what they turned out to be.
mod groups;
/// One object a line.
mod json;
/// Our verdicts as those know them who read nmap's output.
mod nmap;
/// A line on the terminal while it lasts.
mod progress;
/// Lines for people.
mod table;
#[cfg(test)]
mod tests;
/// What others chose, fit for one line.
mod words;
/// nmap's `-oX`.
mod xml;

use std::io::{self, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use jiff::Timestamp;

use crate::event::sinks::Colour;

use super::{Host, News, Plan, Totals};

pub(crate) use changes::{Changes, Unwatchable};
pub(crate) use progress::{Attended, Shown};

/// A way to write down a scan.
pub(crate) trait Report {
    /// Before the first news.
    ///
    /// # Errors
    /// Those of `out`, here as below.
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
        self.open(Opening::of(plan), out)
    }

    /// The same, with what it has to know of the plan.
    fn open(&mut self, _opening: Opening, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()>;

    /// Behind the last news.
    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()>;
}

impl Report for Box<dyn Report> {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        (**self).open(opening, out)
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        (**self).tell(news, out)
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        (**self).end(summary, out)
    }
}

/// All of a scan in a few numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub(crate) totals: Totals,
    pub(crate) elapsed: Duration,
    pub(crate) seed: u64,
}

/// Which report it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
    Grepable,
    Xml,
}

impl Form {
    /// The one place where reports are made.
    pub(crate) fn report(self, looks: Looks) -> Box<dyn Report> {
        match self {
            Self::Table => Box::new(table::Table::new(looks)),
            Self::Json => Box::new(json::Json::new(looks.clock)),
            Self::Grepable => Box::new(grepable::Grepable::new(looks.clock)),
            Self::Xml => Box::new(xml::Xml::new(looks.clock)),
        }
    }
}

/// How a report looks, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) colour: Colour,
    pub(crate) reasons: Reasons,
    /// Columns of the terminal that it is read on; where it is none, lines are as long as they are.
    pub(crate) columns: Option<usize>,
    /// Where times come from.
    pub(crate) clock: fn() -> Timestamp,
}

/// Whether a table says why a port is open, and how long its answer took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reasons {
    Shown,
    Hidden,
}

/// What reports have to know of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    hosts: u64,
    /// The first of them.
    targets: Vec<Host>,
    ports: Vec<u16>,
    seed: u64,
    rate: Option<NonZeroU32>,
    /// What a port is called.
    service: fn(u16) -> Option<&'static str>,
}

impl Opening {
    fn of(plan: &Plan) -> Self {
        let hosts = plan.targets.len();
        Self {
            hosts,
            targets: (0..hosts.min(MOST_TARGETS)).map(|number| plan.targets.host(number)).collect(),
            ports: plan.ports.as_slice().to_vec(),
            seed: plan.terms.seed,
            rate: plan.terms.rate,
            service: super::ports::service,
        }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self { hosts: 0, targets: Vec::new(), ports: Vec::new(), seed: 0, rate: None, service: |_| None }
    }
}

/// Of so many targets a report gives the names when it begins.
const MOST_TARGETS: u64 = 16;
