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

#[cfg(test)]
pub(super) mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};

    use super::*;
    use crate::scan::Verdict;

    pub(in crate::scan::banner) fn finding(port: u16) -> Finding {
        let host = Host { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), name: None };
        Finding { host, port, verdict: Verdict::Accepted, rtt: None, seen: None }
    }

    pub(in crate::scan::banner) fn report() -> HostReport {
        let host = finding(0).host;
        HostReport { host, verdicts: vec![Verdict::Accepted; 3], rtt: None, loss: 0.0, answers_everything: false }
    }

    fn of(host: u8, port: u16) -> Finding {
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, host)), 0);
        Finding { host: Host { address, name: None }, ..finding(port) }
    }

    proptest::proptest! {
        /// Hosts find ports and end, looks end in any order, and it may all be given up at any time.
        #[test]
        fn everything_comes_out_once_and_a_host_behind_its_ports(steps: Vec<(u8, u8)>) {
            let (mut backlog, mut out, mut away, mut in_) = (Backlog::default(), Vec::new(), Vec::new(), Vec::new());
            let mut reported = [false; 4];
            for (at, (what, which)) in steps.into_iter().enumerate() {
                let host = which % 4;
                match what % 4 {
                    _ if what % 4 < 2 && !reported[usize::from(host)] => {
                        let port = u16::try_from(at).unwrap();
                        in_.push(format!("{host} {port}"));
                        backlog.add(of(host, port));
                    }
                    2 if !reported[usize::from(host)] => {
                        reported[usize::from(host)] = true;
                        in_.push(format!("{host} ends"));
                        out.extend(backlog.hold(HostReport { host: of(host, 0).host, ..report() }).map(News::Host));
                    }
                    3 if !away.is_empty() => {
                        let number = away.swap_remove(usize::from(which) % away.len());
                        out.extend(backlog.done(number, None));
                    }
                    _ => away.extend(backlog.take_waiting().map(|(number, ..)| number)),
                }
            }
            out.extend(backlog.give_up());
            proptest::prop_assert!(backlog.is_empty() && !backlog.is_full());
            let host = |host: &Host| match host.address.ip() { IpAddr::V4(ip) => ip.octets()[3], IpAddr::V6(_) => 0 };
            let mut told: Vec<String> = Vec::new();
            for news in &out {
                match news {
                    News::Open(finding) => {
                        let end = format!("{} ends", host(&finding.host));
                        proptest::prop_assert!(!told.contains(&end), "a port behind its host");
                        told.push(format!("{} {}", host(&finding.host), finding.port));
                    }
                    News::Host(report) => told.push(format!("{} ends", host(&report.host))),
                    News::Unbegun { .. } | News::Progress(_) => {}
                }
            }
            told.sort();
            in_.sort();
            proptest::prop_assert_eq!(told, in_);
        }
    }

    #[test]
    fn a_host_that_is_silent_everywhere_is_asked_less_until_it_says_something() {
        let silent = || Some(Seen { service: None, why: String::new(), bytes: Vec::new() });
        let mut backlog = Backlog::default();
        // One that stays, so that the host is not forgotten.
        for port in 0..300 {
            backlog.add(finding(port));
        }
        backlog.take_waiting().unwrap();
        let efforts: Vec<Effort> = (0..260)
            .map(|_| {
                let (number, _, effort) = backlog.take_waiting().unwrap();
                backlog.done(number, silent());
                effort
            })
            .collect();
        assert!(efforts[..256].iter().all(|effort| *effort == Effort::Full));
        assert!(efforts[256..].iter().all(|effort| *effort == Effort::Little));
        backlog.done(0, Some(Seen { bytes: b"x".to_vec(), ..silent().unwrap() }));
        assert_eq!(backlog.take_waiting().unwrap().2, Effort::Full);
    }
}
