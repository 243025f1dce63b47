//! Grepable: nmap's `-oG`, a line for each host's ports, `Host: 192.0.2.1 (name)<TAB>Ports: 22/open/tcp//ssh///, …`.
//! What a service said cannot hold what separates fields there.

use std::io::{self, Write};

use jiff::Timestamp;

use crate::scan::{Host, HostReport, News, State, Verdict};

use super::details::{Detail, Details};
use super::groups::Groups;
use super::nmap;
use super::words::{address, printable};
use super::{Opening, Report, Summary};
use crate::scan::ports::ranges::Ranges;

/// A host a line.
pub(super) struct Grepable {
    clock: fn() -> Timestamp,
    opening: Opening,
    details: Details,
    up: u64,
}

impl Report for Grepable {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# sockeye {} scan initiated {}", env!("CARGO_PKG_VERSION"), self.now())?;
        let (count, ports) = (opening.ports.len(), Ranges(&opening.ports));
        writeln!(out, "# Ports scanned: TCP({count};{ports}) UDP(0;) SCTP(0;) PROTOCOLS(0;)")?;
        self.opening = opening;
        Ok(())
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Open(finding) if finding.seen.is_some() => {
                self.details.keep(finding);
                Ok(())
            }
            News::Host(host) => self.host(host, out),
            News::Open(_) | News::Unbegun { .. } | News::Progress(_) => Ok(()),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { totals, elapsed, .. } = summary;
        if totals.of(State::NotTested) > 0 {
            writeln!(out, "# {} ports were not tested: their state is unknown", totals.of(State::NotTested))?;
        }
        if self.details.lost > 0 {
            writeln!(out, "# what {} more ports said is left out", self.details.lost)?;
        }
        let (now, hosts, seconds) = (self.now(), nmap::hosts(totals.hosts, self.up), elapsed.as_secs_f64());
        writeln!(out, "# sockeye done at {now} -- {hosts} scanned in {seconds:.2} seconds")
    }
}

impl Grepable {
    pub(super) fn new(clock: fn() -> Timestamp) -> Self {
        Self { clock, opening: Opening::default(), details: Details::default(), up: 0 }
    }

    fn now(&self) -> String {
        nmap::time((self.clock)())
    }

    fn host(&mut self, report: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        let groups = Groups::of(&self.opening.ports, &report.verdicts);
        let host = host(&report.host);
        let (status, _) = nmap::status(&groups);
        self.up += u64::from(status == "up");
        if report.answers_everything {
            writeln!(out, "# {host} answers everything, so that an open port means nothing")?;
        }
        writeln!(out, "{host}\tStatus: {}{}", status[..1].to_uppercase(), &status[1..])?;
        let ignored = nmap::crowds(&groups).into_iter().max_by_key(|(_, count)| *count);
        let listed = nmap::listed(&groups, |state| ignored.is_some_and(|(ignored, _)| ignored == state));
        let details = self.details.take(&report.host);
        let mut before = "";
        write!(out, "{host}\tPorts: ")?;
        for (port, verdict) in listed {
            write!(out, "{before}{}", self.port(port, verdict, details.get(&port)))?;
            before = ", ";
        }
        match ignored {
            Some((state, count)) => writeln!(out, "\tIgnored State: {state} ({count})"),
            None => writeln!(out),
        }
    }

    /// `PORT/STATE/PROTOCOL/OWNER/SERVICE/RPC/VERSION/`; owner and RPC are always empty.
    fn port(&self, port: u16, verdict: Verdict, detail: Option<&Detail>) -> String {
        let seen = detail.and_then(|detail| detail.seen.as_ref());
        let known = seen.and_then(|seen| Some((seen.service.as_deref()?, seen.why.as_str())));
        let (service, version) = known.unwrap_or(((self.opening.service)(port).unwrap_or_default(), ""));
        format!("{port}/{}/tcp//{}//{}/", nmap::state(verdict.state()), field(service), field(version))
    }
}

/// `Host: 192.0.2.1 (name)`.
fn host(host: &Host) -> String {
    let name = host.name.as_deref().map(printable).unwrap_or_default();
    format!("Host: {} ({})", address(host), name.replace(['(', ')'], "|"))
}

/// Text without what ends a field (`/`, as nmap does it) or a port (`,`).
fn field(text: &str) -> String {
    printable(text).replace('/', "|").replace(',', ";")
}
