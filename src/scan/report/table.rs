//! Table: lines for people. Open ports stand one a line, `22/tcp open ssh`; the rest of a host is summarised by what it
//! is and why. Hosts are written when they are done; only counts are kept.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::event::Untrusted;
use crate::event::sinks::Lasted;
use crate::scan::banner::Seen;
use crate::scan::{HostReport, News, State, Verdict};

use super::advice::advice;
use super::details::{Detail, Details};
use super::groups::Groups;
use super::words::{Named, printable};
use super::{Looks, Opening, Reasons, Report, Summary};
use crate::scan::ports::ranges::Ranges;

/// Lines for people.
pub(super) struct Table {
    looks: Looks,
    opening: Opening,
    details: Details,
    /// Hosts that are the same all over and need no line of their own.
    silent: BTreeMap<Verdict, u64>,
    /// Ports that were not tested, by why.
    untested: BTreeMap<Verdict, u64>,
}

impl Report for Table {
    fn open(&mut self, opening: Opening, _out: &mut dyn Write) -> io::Result<()> {
        self.opening = opening;
        Ok(())
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Open(finding) if finding.seen.is_some() || self.looks.reasons == Reasons::Shown => {
                self.details.keep(finding);
                Ok(())
            }
            News::Host(host) => self.host(host, out),
            News::Unbegun { hosts } => {
                *self.silent.entry(Verdict::Interrupted).or_default() += hosts;
                *self.untested.entry(Verdict::Interrupted).or_default() += hosts * self.opening.ports.len() as u64;
                Ok(())
            }
            News::Open(_) | News::Progress(_) => Ok(()),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        for (verdict, hosts) in &self.silent {
            let host = if *hosts == 1 { "host" } else { "hosts" };
            writeln!(out, "{hosts} more {host}: every port {}", Why(*verdict))?;
        }
        if self.details.lost > 0 {
            writeln!(out, "what {} more ports said is left out here; --json has it", self.details.lost)?;
        }
        let paint = self.looks.colour.style(AnsiColor::Yellow.on_default());
        for (verdict, ports) in &self.untested {
            let (ports, were) = (Count(*ports, "port"), if *ports == 1 { "was" } else { "were" });
            writeln!(out, "{paint}{ports} {were} {}{paint:#}: {}", Why(*verdict), advice(*verdict))?;
        }
        writeln!(out, "{}", Sum(summary))
    }
}

impl Table {
    pub(super) fn new(looks: Looks) -> Self {
        Self {
            looks,
            opening: Opening::default(),
            details: Details::default(),
            silent: BTreeMap::new(),
            untested: BTreeMap::new(),
        }
    }

    fn host(&mut self, host: &HostReport, out: &mut dyn Write) -> io::Result<()> {
        let groups = Groups::of(&self.opening.ports, &host.verdicts);
        for (verdict, ports) in groups.others().filter(|(verdict, _)| verdict.state() == State::NotTested) {
            *self.untested.entry(verdict).or_default() += ports.len() as u64;
        }
        let details = self.details.take(&host.host);
        let bold = self.looks.colour.style(Style::new().bold());
        let name = format!("{bold}{}{bold:#}", Named(&host.host));
        match groups.count(State::Open) {
            _ if host.answers_everything => self.liar(&name, &groups, out),
            0 => self.nothing(&name, &groups, out),
            open => {
                let all = Count(self.opening.ports.len() as u64, "port");
                writeln!(out, "{name}: {open} of {all} open{}", Away(host))?;
                self.rows(&groups, details, out)?;
                let crowd = groups.crowd();
                for (verdict, ports) in groups.others() {
                    writeln!(out, "  {}", self.group(verdict, ports, crowd))?;
                }
                writeln!(out)
            }
        }
    }

    /// A host without an open port, in one line or, of many hosts that say nothing, counted.
    fn nothing(&mut self, name: &str, groups: &Groups, out: &mut dyn Write) -> io::Result<()> {
        let silent = groups.only().filter(|verdict| verdict.state() != State::Closed);
        if let Some(verdict) = silent.filter(|_| self.opening.hosts > MOST_SILENT) {
            *self.silent.entry(verdict).or_default() += 1;
            return Ok(());
        }
        let crowd = groups.crowd();
        let groups: Vec<String> = groups.others().map(|(verdict, ports)| self.group(verdict, ports, crowd)).collect();
        writeln!(out, "{name}: {}", groups.join("; "))
    }

    /// A host that answers everything.
    fn liar(&self, name: &str, groups: &Groups, out: &mut dyn Write) -> io::Result<()> {
        let paint = self.looks.colour.style(AnsiColor::Yellow.on_default());
        let groups: Vec<String> = groups.iter().map(|(verdict, ports)| self.group(verdict, ports, None)).collect();
        let groups = groups.join("; ");
        writeln!(out, "{name}: {paint}answers everything, so that an open port means nothing{paint:#}; {groups}")
    }

    /// `3 filtered (no-answer): 25,110-111`, or of the crowd without its ports.
    fn group(&self, verdict: Verdict, ports: &[u16], crowd: Option<Verdict>) -> String {
        let dim = self.looks.colour.style(Style::new().dimmed());
        let (count, why) = (ports.len(), Why(verdict));
        if crowd == Some(verdict) {
            return format!("{dim}{count} {why}{dim:#}");
        }
        format!("{dim}{count} {why}{dim:#}: {:.*}", MOST_RANGES, Ranges(ports))
    }

    fn rows(&self, groups: &Groups, mut details: HashMap<u16, Detail>, out: &mut dyn Write) -> io::Result<()> {
        let row = |(port, verdict)| self.row(port, verdict, details.remove(&port));
        let rows: Vec<Row> = groups.open().into_iter().map(row).collect();
        let widest = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0);
        let (ports, services, reasons) = (widest(|r| &r.port), widest(|r| &r.service), widest(|r| &r.reason));
        let open = self.looks.colour.style(AnsiColor::Green.on_default());
        for Row { port, service, reason, said } in &rows {
            let gap = if reasons > 0 { "  " } else { "" };
            let columns = format!("{service:services$}{gap}{reason:reasons$}  {said}");
            let columns = self.fit(columns.trim_end(), 2 + ports + " open ".len());
            let line = format!("  {port:ports$} {open}open{open:#} {columns}");
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    fn row(&self, port: u16, verdict: Verdict, detail: Option<Detail>) -> Row {
        let registered = (self.opening.service)(port).unwrap_or_default();
        let (rtt, seen) = detail.map_or((None, None), |detail| (detail.rtt, detail.seen));
        let service = match &seen {
            Some(Seen { service: Some(service), .. }) => printable(service),
            // It was asked, and what it said does not tell.
            Some(_) if !registered.is_empty() => format!("{registered}?"),
            _ => registered.to_owned(),
        };
        let reason = match (self.looks.reasons, rtt) {
            (Reasons::Hidden, _) => String::new(),
            (Reasons::Shown, None) => format!("({})", verdict.reason()),
            (Reasons::Shown, Some(rtt)) => format!("({}, {})", verdict.reason(), Lasted(rtt)),
        };
        Row { port: format!("{port}/tcp"), service, reason, said: seen.map(|seen| said(&seen)).unwrap_or_default() }
    }

    /// Cut to what is left of the terminal's width when `taken` columns are used.
    fn fit(&self, text: &str, taken: usize) -> String {
        let room = self.looks.columns.map_or(usize::MAX, |columns| columns.saturating_sub(taken).max(LEAST_ROOM));
        if unicode_width::UnicodeWidthStr::width(text) <= room {
            return text.to_owned();
        }
        let mut used = 1;
        let fits = |c: &char| {
            used += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            used <= room
        };
        text.chars().take_while(fits).chain(['…']).collect()
    }
}

/// An open port, in columns.
struct Row {
    port: String,
    service: String,
    reason: String,
    said: String,
}

/// What an open port said, for people.
fn said(seen: &Seen) -> String {
    match (seen.why.as_str(), seen.bytes.as_slice()) {
        ("", []) => "said nothing".to_owned(),
        ("", bytes) => Untrusted::cut(bytes, MOST_SHOWN).quoted(),
        (why, _) => printable(why),
    }
}

/// `closed (refused)`.
pub(super) struct Why(pub(super) Verdict);

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.state().name(), self.0.reason())
    }
}

/// `1 port`, `2 ports`.
pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl Display for Count {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(count, noun) = self;
        write!(f, "{count} {noun}{}", if *count == 1 { "" } else { "s" })
    }
}

/// How far away a host is, behind its count of ports.
struct Away<'a>(&'a HostReport);

impl Display for Away<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(rtt) = self.0.rtt {
            write!(f, ", round trip {}", Lasted(rtt))?;
        }
        match (self.0.loss * 100.0).round() {
            lost if lost >= 1.0 => write!(f, ", {lost:.0} % lost"),
            _ => Ok(()),
        }
    }
}

/// All of a scan in a line; its counts add up.
struct Sum<'a>(&'a Summary);

impl Display for Sum<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Summary { totals, elapsed, seed } = self.0;
        if totals.hosts != 1 {
            write!(f, "{}, ", Count(totals.hosts, "host"))?;
        }
        write!(f, "{}: ", Count(State::ALL.iter().map(|state| totals.of(*state)).sum(), "port"))?;
        let counts = State::ALL.map(|state| format!("{} {}", totals.of(state), state.name()));
        write!(f, "{}; ", counts.join(", "))?;
        write!(f, "{} in {:.2}s (seed {seed})", Count(totals.probes, "probe"), elapsed.as_secs_f64())
    }
}

/// Of so many hosts each has its line, whatever it says.
const MOST_SILENT: u64 = 16;
/// Some two rows of a terminal; more ranges are for programs.
const MOST_RANGES: usize = 16;
/// More of what a port said, where nothing of it is known, is for programs.
const MOST_SHOWN: usize = 60;
/// On a narrower terminal lines wrap.
const LEAST_ROOM: usize = 20;
