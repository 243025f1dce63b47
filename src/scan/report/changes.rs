//! Changes: a scan that is repeated. The first round is reported as any other; from then on only what is different is
//! written. Verdicts of the last round are kept, a byte a port, up to a bound.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::scan::{Host, HostReport, News, Plan, State, Verdict};

use super::json::{self, Place};
use super::table::{Count, Why};
use super::words::Named;
use super::{Form, Looks, Opening, Report, Summary};
use crate::scan::ports::ranges::Ranges;

/// A report of rounds: each begins, tells and ends.
pub(crate) struct Changes {
    form: Form,
    clock: fn() -> Timestamp,
    first: Box<dyn Report>,
    opening: Opening,
    rounds: u64,
    last: HashMap<Host, Vec<Verdict>>,
}

/// Why a scan cannot be watched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unwatchable {
    #[error("--watch remembers at most {MOST_PORTS} ports of {MOST_HOSTS} hosts, not {ports} of {hosts}; watch fewer")]
    TooMuch { hosts: u64, ports: u64 },
    #[error("-oG and -oX are for one scan; --watch writes lines for people, or with --json for programs")]
    Form,
}

impl Changes {
    /// What is different from round to round of this plan.
    ///
    /// # Errors
    /// Where it would take too much memory, or the form has no end.
    pub(crate) fn watch(plan: &Plan, form: Form, looks: Looks) -> Result<Self, Unwatchable> {
        Self::of((plan.targets.len(), plan.ports.as_slice().len() as u64), form, looks)
    }

    /// The same, by how many hosts there are and how many ports of each.
    pub(super) fn of((hosts, ports): (u64, u64), form: Form, looks: Looks) -> Result<Self, Unwatchable> {
        let ports = hosts.saturating_mul(ports);
        if hosts > MOST_HOSTS || ports > MOST_PORTS {
            return Err(Unwatchable::TooMuch { hosts, ports });
        }
        if matches!(form, Form::Grepable | Form::Xml) {
            return Err(Unwatchable::Form);
        }
        let first = form.report(looks);
        Ok(Self { form, clock: looks.clock, first, opening: Opening::default(), rounds: 0, last: HashMap::new() })
    }

    fn compare(&mut self, host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        let last = self.last.entry(host.host.clone()).or_insert_with(|| host.verdicts.clone());
        let mut changes = BTreeMap::<(Verdict, State), Vec<u16>>::new();
        for ((port, was), is) in self.opening.ports.iter().zip(last).zip(&host.verdicts) {
            // What was not tested this time is as it was, as far as anybody knows.
            if is.state() == State::NotTested {
                continue;
            }
            if is.state() != was.state() {
                changes.entry((*is, was.state())).or_default().push(*port);
            }
            *was = *is;
        }
        let at = (self.clock)();
        // Open ports come first.
        for ((to, from), ports) in changes {
            let change = Change { host, from, to, ports: &ports };
            match self.form {
                Form::Json => json::line(at, "change", change.object(), out)?,
                _ => change.lines(at, self.opening.service, out)?,
            }
        }
        Ok(())
    }
}

impl Report for Changes {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        self.rounds += 1;
        self.opening = opening.clone();
        if self.rounds > 1 { Ok(()) } else { self.first.open(opening, out) }
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Host(host) if self.rounds > 1 => self.compare(host, out),
            News::Host(host) => {
                self.last.insert(host.host.clone(), host.verdicts.clone());
                self.first.tell(news, out)
            }
            _ if self.rounds > 1 => Ok(()),
            _ => self.first.tell(news, out),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        if self.rounds > 1 { Ok(()) } else { self.first.end(summary, out) }
    }
}

/// Ports of a host that went the same way.
struct Change<'a> {
    host: &'a HostReport,
    from: State,
    to: Verdict,
    ports: &'a [u16],
}

impl Change<'_> {
    /// `TIME HOST 22/tcp open (syn-ack) ssh, was closed`, or of many ports one line with their ranges.
    fn lines(&self, at: Timestamp, service: fn(u16) -> Option<&'static str>, out: &mut dyn Write) -> io::Result<()> {
        let Self { host, from, to, ports } = self;
        let (name, to, from) = (Named(&host.host), Why(*to), from.name());
        if ports.len() > MOST_LINES || host.answers_everything {
            let were = if ports.len() == 1 { "was" } else { "were" };
            let (count, ports) = (Count(ports.len() as u64, "port"), Ranges(ports));
            let flag = if host.answers_everything { "; it answers everything, so that this means nothing" } else { "" };
            return writeln!(out, "{at:.0} {name} {count} {to}, {were} {from}: {ports:.16}{flag}");
        }
        for port in *ports {
            let service = service(*port).map(|name| format!(" {name}")).unwrap_or_default();
            writeln!(out, "{at:.0} {name} {port}/tcp {to}{service}, was {from}")?;
        }
        Ok(())
    }

    fn object(&self) -> Object {
        Object {
            place: Place::of(&self.host.host),
            ports: Ranges(self.ports).to_string(),
            count: self.ports.len(),
            from: json::word(self.from),
            to: json::word(self.to.state()),
            reason: self.to.reason(),
            answers_everything: self.host.answers_everything,
        }
    }
}

#[derive(Serialize)]
struct Object {
    #[serde(flatten)]
    place: Place,
    ports: String,
    count: usize,
    from: &'static str,
    to: &'static str,
    reason: &'static str,
    answers_everything: bool,
}

/// A byte each: 16 MiB.
const MOST_PORTS: u64 = 1 << 24;
/// A key each.
const MOST_HOSTS: u64 = 1 << 16;
/// So many ports that go the same way have a line each.
const MOST_LINES: usize = 10;
