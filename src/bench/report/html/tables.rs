//! Tables: setups, figures, faults and processes, a column for each run. Every cell is escaped here, whoever filled it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::bench::report::document::{Distribution, Document, Generator, Server};
use crate::bench::{FAULTS, figure};

use super::{Runs, Text};

/// A line of a table: what it is, and what is said about it.
type Line<T> = (&'static str, fn(&T) -> Option<String>);

/// Lines of a table of runs; one that no run has anything to say about is left out.
pub(super) type Lines = &'static [Line<Document>];

/// A column for each run; nothing where no run has anything to say.
pub(super) fn columns(runs: &Runs, caption: &str, lines: Lines, out: &mut dyn Write) -> io::Result<()> {
    let cells = |of: fn(&Document) -> Option<String>| runs.iter().map(|(_, run)| of(run)).collect::<Vec<_>>();
    let mut rows: Vec<_> = lines.iter().map(|(name, of)| (name, cells(*of))).collect();
    rows.retain(|(_, cells)| cells.iter().any(Option::is_some));
    if rows.is_empty() {
        return Ok(());
    }
    open(caption, out)?;
    if runs.len() > 1 {
        names(runs, 1, out)?;
    }
    write!(out, "</thead><tbody>")?;
    rows.iter().try_for_each(|(name, cells)| row(name, cells, out))?;
    close(out)
}

/// Response and service of each run beside each other.
pub(super) fn latency(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    open("how long answers took", out)?;
    if runs.len() > 1 {
        names(runs, KINDS.len(), out)?;
    }
    write!(out, "<tr><td></td>")?;
    for (kind, from) in KINDS.repeat(runs.len()) {
        write!(out, "<th scope=col>{kind} <small>({from})</small></th>")?;
    }
    write!(out, "</tr></thead><tbody>")?;
    for (name, of) in PERCENTILES {
        let found = runs.iter().flat_map(|(_, run)| [&run.latency.response, &run.latency.service]);
        row(name, &found.map(of).collect::<Vec<_>>(), out)?;
    }
    close(out)
}

/// Kinds that happened, in the order of [`FAULTS`], and in which seconds.
pub(super) fn faults(runs: &Runs, out: &mut dyn Write) -> io::Result<()> {
    let kinds: BTreeSet<(usize, &str)> = runs
        .iter()
        .flat_map(|(_, run)| &run.faults)
        .map(|fault| (FAULTS.iter().position(|known| known.1 == fault.kind).unwrap_or(FAULTS.len()), &*fault.kind))
        .collect();
    open("faults by kind", out)?;
    if runs.len() > 1 {
        names(runs, 1, out)?;
    }
    write!(out, "</thead><tbody>")?;
    for (at, kind) in kinds {
        let count =
            |run: &Document| run.faults.iter().filter(|fault| fault.kind == kind).map(|fault| fault.count).sum();
        let cells: Vec<Option<String>> = runs.iter().map(|(_, run)| Some(figure::count(count(run)))).collect();
        let name = FAULTS.get(at).map_or_else(|| kind.to_owned(), |(_, kind, means)| format!("{kind}: {means}"));
        row(&name, &cells, out)?;
    }
    row("in seconds", &runs.iter().map(|(_, run)| faulty(run)).collect::<Vec<_>>(), out)?;
    close(out)
}

/// `3, 7, 8 and 12 more`
fn faulty(run: &Document) -> Option<String> {
    let faulty = run.seconds.iter().filter(|second| second.faults > 0);
    let faulty: Vec<String> = faulty.map(|second| format!("{:.0}", second.at_us / 1e6)).collect();
    let shown = faulty.iter().take(MOST_SECONDS).cloned().collect::<Vec<_>>().join(", ");
    match faulty.len().saturating_sub(MOST_SECONDS) {
        0 => Some(shown).filter(|shown| !shown.is_empty()),
        more => Some(format!("{shown} and {more} more")),
    }
}

fn open(caption: &str, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<div class=wide><table><caption>{}</caption><thead>", Text(caption))
}

fn names(runs: &Runs, columns: usize, out: &mut dyn Write) -> io::Result<()> {
    let scope = if columns > 1 { "colgroup" } else { "col" };
    write!(out, "<tr><td></td>")?;
    for (name, _) in runs {
        write!(out, "<th colspan={columns} scope={scope}>{}</th>", Text(name))?;
    }
    writeln!(out, "</tr>")
}

fn row(name: &str, cells: &[Option<String>], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<tr><th scope=row>{}</th>", Text(name))?;
    for cell in cells {
        write!(out, "<td>{}</td>", Text(cell.as_deref().unwrap_or(NOTHING)))?;
    }
    writeln!(out, "</tr>")
}

fn close(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</tbody></table></div>")
}

/// A percentile that so few answers do not have is none: it would be their greatest under another name.
fn known(found: &Distribution, per: u64, us: f64) -> Option<String> {
    (found.count >= per).then(|| figure::duration(us))
}

/// `p50 61.0 us, p99 93.2 us, max 1.20 ms`
fn summary(found: &Distribution) -> Option<String> {
    let [p50, p99, max] = [found.p50_us, found.p99_us, found.max_us].map(figure::duration);
    (found.count > 0).then(|| format!("p50 {p50}, p99 {p99}, max {max}"))
}

/// Durations of phases that did not happen are 0.
fn took(us: f64) -> Option<String> {
    (us > 0.0).then(|| figure::duration(us))
}

fn some(count: u64) -> Option<String> {
    (count > 0).then(|| figure::count(count))
}

pub(super) const SETUP: Lines = &[
    ("address", |run| Some(run.setup.address.clone())),
    ("command", |run| run.setup.command.clone()),
    ("workload", |run| Some(run.setup.workload.clone())),
    ("framing", |run| Some(run.setup.framing.clone())),
    ("pace", |run| Some(run.setup.pace.clone())),
    ("rate asked for", |run| run.setup.rate_asked.map(figure::rate)),
    ("connections", |run| Some(figure::count(run.setup.connections))),
    ("idle connections beside them", |run| some(run.setup.held)),
    ("workers", |run| Some(figure::count(run.setup.workers))),
    ("answers compared", |run| Some(if run.setup.verified { "yes" } else { "no" }.to_owned())),
    ("seed", |run| Some(run.setup.seed.to_string())),
    ("began", |run| Some(run.began.clone())),
    ("connecting", |run| took(run.phases.connect_us)),
    ("warm-up", |run| took(run.phases.warmup_us)),
    ("measured", |run| took(run.phases.measured_us)),
    ("waiting for the last answers", |run| took(run.phases.drain_us)),
    ("sockeye", |run| Some(run.sockeye.clone())),
];

pub(super) const COUNTS: Lines = &[
    ("rate", |run| Some(figure::rate(run.rate.messages_per_s))),
    ("of the rate asked for", |run| run.rate.share_of_asked.map(figure::share)),
    ("received", |run| Some(figure::megabytes(run.rate.mb_per_s))),
    ("sent", |run| Some(figure::count(run.counts.sent))),
    ("answered", |run| Some(figure::count(run.counts.answered))),
    ("answered behind the measured time", |run| some(run.counts.drained)),
    ("due and never sent", |run| some(run.counts.unsent)),
    ("faults", |run| Some(figure::count(run.errors()))),
    ("bytes sent", |run| Some(figure::bytes(run.counts.bytes_out as f64))),
    ("bytes received", |run| Some(figure::bytes(run.counts.bytes_in as f64))),
    ("reads for an answer", |run| {
        let answered = run.counts.answered;
        (answered > 0).then(|| figure::digits(run.counts.reads as f64 / answered as f64, 3))
    }),
    ("connections opened", |run| Some(figure::count(run.counts.connects))),
];

/// What took time besides.
pub(super) const OTHERS: Lines = &[
    ("connecting", |run| summary(&run.latency.connect)),
    ("first send to first byte", |run| summary(&run.latency.first_byte)),
    ("the generator's lag behind the intended instant", |run| summary(&run.latency.lag)),
];

pub(super) const GENERATOR: Lines = &[
    ("CPU for a message", |run| Some(figure::cost(run.generator.cpu_us_per_message))),
    ("busiest worker, with work", |run| Some(figure::share(run.generator.busy))),
    ("busiest worker, looking out for the next instant", |run| Some(figure::share(run.generator.spun))),
    ("most messages due and waiting for a place", |run| backlog(&run.generator).map(|[most, _]| most)),
    ("the same at the end", |run| backlog(&run.generator).map(|[_, end]| end)),
    ("taken away by the machine below", |run| run.generator.steal.map(figure::share)),
];

fn backlog(generator: &Generator) -> Option<[String; 2]> {
    (generator.backlog_most > 0).then(|| [generator.backlog_most, generator.backlog_end].map(figure::count))
}

pub(super) const SERVER: Lines = &[
    ("process", |run| of_server(run, |server| server.pid.to_string())),
    ("CPU for a message", |run| of_server(run, |server| figure::cost(server.cpu_us_per_message))),
    ("busiest thread", |run| of_server(run, |server| figure::share(server.busy))),
    ("memory at the end", |run| of_server(run, |server| figure::bytes(server.memory_bytes as f64))),
    ("memory at most", |run| of_server(run, |server| figure::bytes(server.peak_memory_bytes as f64))),
    ("memory for a connection", |run| of_server(run, |server| figure::bytes(server.bytes_per_connection))),
    ("context switches, voluntary", |run| of_server(run, |server| figure::count(server.voluntary_switches))),
    ("context switches, involuntary", |run| of_server(run, |server| figure::count(server.involuntary_switches))),
];

fn of_server(run: &Document, of: fn(&Server) -> String) -> Option<String> {
    run.server.as_ref().map(of)
}

const KINDS: [(&str, &str); 2] = [("response", "from the intended instant"), ("service", "from the actual send")];

const PERCENTILES: &[Line<Distribution>] = &[
    ("least", |found| known(found, 1, found.min_us)),
    ("mean", |found| known(found, 1, found.mean_us)),
    ("standard deviation", |found| known(found, 2, found.stddev_us)),
    ("p50", |found| known(found, 1, found.p50_us)),
    ("p90", |found| known(found, 10, found.p90_us)),
    ("p99", |found| known(found, 100, found.p99_us)),
    ("p99.9", |found| known(found, 1_000, found.p999_us)),
    ("p99.99", |found| known(found, 10_000, found.p9999_us)),
    ("max", |found| known(found, 1, found.max_us)),
    ("answers", |found| Some(figure::count(found.count))),
];

const NOTHING: &str = "–";
/// Some two lines.
const MOST_SECONDS: usize = 20;
