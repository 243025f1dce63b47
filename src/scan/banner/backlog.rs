//! Backlog: open ports that are looked at or wait for that, and reports of hosts that wait for their ports. Everything
//! that goes in comes out exactly once. Pure.

use std::collections::{HashMap, VecDeque};

use slab::Slab;

use super::Seen;
use super::look::Effort;
use crate::scan::{Finding, Host, HostReport, News};

/// What waits, and in which order it may go.
#[derive(Default)]
pub(super) struct Backlog {
    findings: Slab<Finding>,
    /// Numbers of those that nobody looks at yet.
    waiting: VecDeque<usize>,
    hosts: HashMap<Host, Held>,
    /// Verdicts in the reports that are held.
    verdicts: usize,
}

/// What is held of a host.
#[derive(Default)]
struct Held {
    /// How many of its ports are not done.
    ports: usize,
    /// How many of them said nothing at all, since one said something.
    silent: usize,
    report: Option<HostReport>,
}

impl Backlog {
    /// Takes a finding in, to be looked at.
    pub(super) fn add(&mut self, finding: Finding) {
        self.hosts.entry(finding.host.clone()).or_default().ports += 1;
        self.waiting.push_back(self.findings.insert(finding));
    }

    /// Keeps `report` behind the ports of its host, or gives it back where none is left.
    pub(super) fn hold(&mut self, report: HostReport) -> Option<HostReport> {
        match self.hosts.get_mut(&report.host) {
            None => Some(report),
            Some(held) => {
                self.verdicts += report.verdicts.len();
                held.report = Some(report);
                None
            }
        }
    }

    /// The next one to be looked at, with its number.
    pub(super) fn take_waiting(&mut self) -> Option<(usize, &Finding, Effort)> {
        let number = self.waiting.pop_front()?;
        let finding = &self.findings[number];
        let silent = self.hosts.get(&finding.host).map_or(0, |held| held.silent);
        Some((number, finding, if silent < MOST_SILENT { Effort::Full } else { Effort::Little }))
    }

    /// That port is done: its news, and its host's report where it was the last.
    pub(super) fn done(&mut self, number: usize, seen: Option<Seen>) -> Vec<News> {
        let Some(mut finding) = self.findings.try_remove(number) else { return Vec::new() };
        if let (Some(seen), Some(held)) = (&seen, self.hosts.get_mut(&finding.host)) {
            held.silent = if seen.bytes.is_empty() { held.silent + 1 } else { 0 };
        }
        finding.seen = seen;
        let report = self.release(&finding.host);
        [News::Open(finding)].into_iter().chain(report.map(News::Host)).collect()
    }

    /// Everything that is left, unseen.
    pub(super) fn give_up(&mut self) -> Vec<News> {
        self.waiting.clear();
        let numbers: Vec<usize> = self.findings.iter().map(|(number, _)| number).collect();
        numbers.into_iter().flat_map(|number| self.done(number, None)).collect()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether everything came out.
    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether nobody should add more for now.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= MOST_PORTS || self.verdicts >= MOST_VERDICTS
    }

    fn release(&mut self, host: &Host) -> Option<HostReport> {
        let held = self.hosts.get_mut(host)?;
        held.ports -= 1;
        if held.ports > 0 {
            return None;
        }
        let report = self.hosts.remove(host)?.report?;
        self.verdicts -= report.verdicts.len();
        Some(report)
    }
}

/// A host where everything is open, and nothing lost of it: some 12 MiB.
const MOST_PORTS: usize = 1 << 16;

/// A byte each; as many as the engine works on at once.
const MOST_VERDICTS: usize = 1 << 24;

/// Nobody has so many services that are silent to all questions; a host that accepts everything has thousands.
const MOST_SILENT: usize = 256;
