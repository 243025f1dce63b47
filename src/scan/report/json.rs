//! JSON: one object a line, each with `schema` and `event`. Documented in docs/scan-json.md; from a host's line a program
//! can rebuild the verdict of every port.

use std::io::{self, Write};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use jiff::Timestamp;
use serde::Serialize;

use crate::scan::{Finding, Host, HostReport, News, State, Verdict};

use super::groups::Groups;
use super::words::{address, printable};
use super::{Opening, Report, Summary};
use crate::scan::ports::ranges::Ranges;

/// One object a line.
pub(super) struct Json {
    clock: fn() -> Timestamp,
    opening: Opening,
}

impl Report for Json {
    fn open(&mut self, opening: Opening, out: &mut dyn Write) -> io::Result<()> {
        let begin = Begin {
            hosts: opening.hosts,
            targets: opening.targets.iter().map(Place::of).collect(),
            ports: Ranges(&opening.ports).to_string(),
            seed: opening.seed,
            rate: opening.rate.map(u32::from),
        };
        self.opening = opening;
        self.line("begin", begin, out)
    }

    fn tell(&mut self, news: &News, out: &mut dyn Write) -> io::Result<()> {
        match news {
            News::Open(finding) => self.line("open", self.found(finding), out),
            News::Host(host) => self.line("host", self.done(host), out),
            News::Unbegun { hosts } => self.line("unbegun", Unbegun { hosts: *hosts }, out),
            News::Progress(_) => Ok(()),
        }
    }

    fn end(&mut self, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
        let Summary { totals, elapsed, seed } = summary;
        let sum = Sum {
            hosts: totals.hosts,
            ports: State::ALL.iter().map(|state| totals.of(*state)).sum(),
            counts: Counts::of(|state| totals.of(state)),
            probes: totals.probes,
            elapsed_us: micros(*elapsed),
            seed: *seed,
        };
        self.line("summary", sum, out)
    }
}

impl Json {
    pub(super) fn new(clock: fn() -> Timestamp) -> Self {
        Self { clock, opening: Opening::default() }
    }

    fn line(&self, event: &'static str, body: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        line((self.clock)(), event, body, out)
    }

    fn found(&self, finding: &Finding) -> Open {
        let seen = finding.seen.as_ref().map(|seen| SeenObject {
            service: seen.service.as_deref().map(printable),
            why: printable(&seen.why),
            bytes: BASE64_STANDARD.encode(&seen.bytes),
        });
        Open {
            place: Place::of(&finding.host),
            port: finding.port,
            reason: finding.verdict.reason(),
            service: (self.opening.service)(finding.port),
            rtt_us: finding.rtt.map(micros),
            seen,
        }
    }

    fn done(&self, host: &HostReport) -> Done {
        let groups = Groups::of(&self.opening.ports, &host.verdicts);
        let group = |(verdict, ports): (Verdict, &[u16])| Group {
            state: word(verdict.state()),
            reason: verdict.reason(),
            count: ports.len(),
            ports: Ranges(ports).to_string(),
        };
        Done {
            place: Place::of(&host.host),
            counts: Counts::of(|state| groups.count(state) as u64),
            verdicts: groups.iter().map(group).collect(),
            rtt_us: host.rtt.map(micros),
            loss: host.loss,
            answers_everything: host.answers_everything,
        }
    }
}

/// Writes one object of any report that is made of them.
pub(super) fn line(at: Timestamp, event: &'static str, body: impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let object = Object { schema: SCHEMA, ts: format!("{at:.6}"), event, body };
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}

/// A state as programs read it.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::NotTested => "not_tested",
        state => state.name(),
    }
}

/// How many ports ended in which state.
#[derive(Serialize)]
struct Counts {
    open: u64,
    closed: u64,
    filtered: u64,
    unreachable: u64,
    not_tested: u64,
}

impl Counts {
    fn of(count: impl Fn(State) -> u64) -> Self {
        let [open, closed, filtered, unreachable, not_tested] = State::ALL.map(count);
        Self { open, closed, filtered, unreachable, not_tested }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Changes when a reader would have to.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Object<T> {
    schema: u32,
    ts: String,
    event: &'static str,
    #[serde(flatten)]
    body: T,
}

/// A host in any object.
#[derive(Serialize)]
pub(super) struct Place {
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Place {
    pub(super) fn of(host: &Host) -> Self {
        Self { address: address(host), name: host.name.as_deref().map(printable) }
    }
}

#[derive(Serialize)]
struct Begin {
    hosts: u64,
    targets: Vec<Place>,
    ports: String,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<u32>,
}

#[derive(Serialize)]
struct Open {
    #[serde(flatten)]
    place: Place,
    port: u16,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_us: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<SeenObject>,
}

#[derive(Serialize)]
struct SeenObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    why: String,
    /// In base64, so that nothing of them is lost.
    bytes: String,
}

#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    place: Place,
    counts: Counts,
    verdicts: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_us: Option<u64>,
    loss: f64,
    answers_everything: bool,
}

#[derive(Serialize)]
struct Group {
    state: &'static str,
    reason: &'static str,
    count: usize,
    ports: String,
}

#[derive(Serialize)]
struct Unbegun {
    hosts: u64,
}

#[derive(Serialize)]
struct Sum {
    hosts: u64,
    ports: u64,
    counts: Counts,
    probes: u64,
    elapsed_us: u64,
    seed: u64,
}
