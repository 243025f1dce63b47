//! Summary: a run as people read it on a terminal. What was pressed and how comes first, then the figures, and last what
//! is to be made of them.

/// Latencies and the histogram: what stands in columns.
mod tables;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::bench::FAULTS;
use crate::event::sinks::Colour;

use super::document::{Bound, Document, FaultCount, Generator, Server};
use super::words::{Count, PerSecond, Percent, Size, Time, wrapped};

/// How it looks, where there is a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    pub(crate) colour: Colour,
    /// Columns of the terminal that it is read on; where it is none, lines are as long as they are.
    pub(crate) columns: Option<usize>,
}

/// All of a run.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(document: &Document, looks: Looks, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page { looks, out };
    headline(document, &mut page)?;
    asked(document, &mut page)?;
    page.gap()?;
    figures(document, &mut page)?;
    page.gap()?;
    tables::latency(&document.latency, &mut page)?;
    page.gap()?;
    tables::histogram(&document.latency.response, &mut page)?;
    parties(document, &mut page)?;
    faults(document, &mut page)?;
    page.gap()?;
    verdict(document, &mut page)
}

fn headline(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let setup = &document.setup;
    let held = match setup.held {
        0 => String::new(),
        held => format!(", {held} idle ones beside them"),
    };
    let crowd = Count(setup.connections, "connection");
    page.bold(&format!("{} pressed by {crowd}{held}", setup.address))
}

/// What was asked for, and how long it took.
fn asked(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let setup = &document.setup;
    if let Some(command) = &setup.command {
        page.row("command", command)?;
    }
    page.row("pace", &format!("{}, from {}", setup.pace, Count(setup.workers, "worker")))?;
    let framing = match setup.framing.as_str() {
        "burst" => String::new(),
        framing => format!(", framing {framing}"),
    };
    page.row("messages", &format!("{}{framing}, seed {}", setup.workload, setup.seed))?;
    let phases = &document.phases;
    let parts = [
        ("connect", phases.connect_us),
        ("warm-up", phases.warmup_us),
        ("measured", phases.measured_us),
        ("drain", phases.drain_us),
    ];
    page.row("phases", &parts.map(|(name, us)| format!("{name} {}", Time(us))).join(", "))?;
    page.row("began", &format!("{}, with sockeye {}", document.began, document.sockeye))
}

/// What came of it, in numbers.
fn figures(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let (rate, asked) = (&document.rate, document.setup.rate_asked);
    let of_asked = match rate.share_of_asked.zip(asked) {
        Some((share, asked)) => format!(", {} of the {} asked for", Percent(share), PerSecond(asked)),
        None => String::new(),
    };
    let bold = page.looks.colour.style(Style::new().bold());
    let words = format!("{} messages/s, {:.1} MB/s{of_asked}", PerSecond(rate.messages_per_s).number(), rate.mb_per_s);
    page.painted("rate", &words, bold)?;
    page.row("counts", &counts(document))?;
    match reads_per_message(document) {
        Some(reads) if reads > PIECES => page.row("pieces", &format!("an answer came in {reads:.1} reads on average")),
        _ => Ok(()),
    }
}

/// `12 sent, 10 answered, 1 answered behind the measured time, 1 unanswered`.
fn counts(document: &Document) -> String {
    let counts = &document.counts;
    let unanswered = counts.sent.saturating_sub(counts.answered + counts.drained);
    let optional = [
        (counts.drained, "answered behind the measured time"),
        (unanswered, "unanswered"),
        (counts.unsent, "due and never sent"),
    ];
    let always = format!("{} sent, {} answered", counts.sent, counts.answered);
    let others = optional.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
    always + &others.collect::<String>()
}

fn reads_per_message(document: &Document) -> Option<f64> {
    let counts = &document.counts;
    (counts.answered > 0).then(|| counts.reads as f64 / counts.answered as f64)
}

/// What both sides used, above each other.
fn parties(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let (generator, server) = (&document.generator, document.server.as_ref());
    let used = |cpu: f64| format!("{cpu:.2}");
    let (ours, theirs) = (used(generator.cpu_us_per_message), server.map(|server| used(server.cpu_us_per_message)));
    let widest = theirs.as_ref().map_or(0, String::len).max(ours.len());
    page.row("generator", &format!("{ours:>widest$} {CPU}, {}", working(generator)))?;
    let (Some(server), Some(theirs)) = (server, theirs) else { return Ok(()) };
    page.row("server", &format!("{theirs:>widest$} {CPU}, {}", switching(server, document.phases.measured_us)))?;
    let [now, peak] = [server.memory_bytes, server.peak_memory_bytes].map(|bytes| Size(bytes as f64));
    page.row("memory", &format!("{now}, {peak} at most, {} a connection", Size(server.bytes_per_connection)))
}

fn working(generator: &Generator) -> String {
    let mut words = format!("{} busy", Percent(generator.busy));
    if generator.spun > 0.0 {
        words += &format!(", {} spun", Percent(generator.spun));
    }
    if generator.backlog_most > 0 {
        words += &format!(", backlog {} at most, {} at the end", generator.backlog_most, generator.backlog_end);
    }
    match generator.steal {
        Some(steal) => words + &format!(", {} stolen", Percent(steal)),
        None => words,
    }
}

fn switching(server: &Server, measured_us: f64) -> String {
    let seconds = (measured_us / 1e6).max(f64::MIN_POSITIVE);
    let switches = [server.voluntary_switches, server.involuntary_switches];
    let [gave_up, lost] = switches.map(|count| PerSecond(count as f64 / seconds));
    let busy = Percent(server.busy);
    format!("{busy} busy, context switches {gave_up} voluntary, {lost} involuntary, pid {}", server.pid)
}

/// A line for each kind of fault, and where the first one was.
fn faults(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    if document.faults.is_empty() {
        let (words, colour) = innocence(document);
        let paint = page.paint(colour);
        return page.painted("faults", words, paint);
    }
    let widest = document.faults.iter().map(|fault| fault.count.to_string().len()).max().unwrap_or(0);
    let red = page.paint(AnsiColor::Red);
    for (number, fault) in document.faults.iter().enumerate() {
        let key = if number == 0 { "faults" } else { "" };
        page.line(key, &format!("{red}{:>widest$} {}{red:#}{}", fault.count, fault.kind, meaning(fault)))?;
    }
    if let Some(first) = &document.first_fault {
        page.row("", &format!("first: {}, {}", first.kind, first.what))?;
    }
    if document.setup.verified {
        return Ok(());
    }
    page.row("", "answers were counted, and not verified")
}

/// What may be said where nothing went wrong.
fn innocence(document: &Document) -> (&'static str, AnsiColor) {
    match (document.setup.verified, document.counts.answered + document.counts.drained) {
        (_, 0) => ("none, but nothing was answered either", AnsiColor::Yellow),
        (true, _) => ("none: every byte verified", AnsiColor::Green),
        (false, _) => ("none seen: answers were counted, and not verified", AnsiColor::Yellow),
    }
}

fn meaning(fault: &FaultCount) -> String {
    let kind = FAULTS.iter().find(|(_, name, _)| *name == fault.kind);
    kind.map_or_else(String::new, |(_, _, meaning)| format!(": {meaning}"))
}

fn verdict(document: &Document, page: &mut Page<'_>) -> io::Result<()> {
    let bound = document.verdict.bound;
    let colour = match bound {
        Bound::ServerBound | Bound::Steady => AnsiColor::Green,
        Bound::GeneratorBound | Bound::NetworkBound => AnsiColor::Yellow,
    };
    let paint = page.looks.colour.style(colour.on_default().bold());
    writeln!(page.out, "{paint}verdict: {}{paint:#}", bound.name())?;
    for sentence in &document.verdict.evidence {
        for line in wrapped(sentence, page.columns().saturating_sub(INDENT)) {
            writeln!(page.out, "  {line}")?;
        }
    }
    Ok(())
}

/// Where it is written.
struct Page<'a> {
    looks: Looks,
    out: &'a mut dyn Write,
}

impl Page<'_> {
    /// What it is about, and words about it, which go on below themselves.
    fn row(&mut self, key: &str, words: &str) -> io::Result<()> {
        self.painted(key, words, Style::new())
    }

    fn painted(&mut self, key: &str, words: &str, paint: Style) -> io::Result<()> {
        let mut key = key;
        for line in wrapped(words, self.columns().saturating_sub(INDENT + KEY + 1)) {
            self.line(key, &format!("{paint}{line}{paint:#}"))?;
            key = "";
        }
        Ok(())
    }

    fn line(&mut self, key: &str, words: &str) -> io::Result<()> {
        let dim = self.looks.colour.style(Style::new().dimmed());
        writeln!(self.out, "  {dim}{key:KEY$}{dim:#} {words}")
    }

    fn bold(&mut self, words: &str) -> io::Result<()> {
        let words = self.loud(words);
        writeln!(self.out, "{words}")
    }

    fn loud(&self, words: &str) -> String {
        let bold = self.looks.colour.style(Style::new().bold());
        format!("{bold}{words}{bold:#}")
    }

    fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    fn paint(&self, colour: AnsiColor) -> Style {
        self.looks.colour.style(colour.on_default())
    }

    fn columns(&self) -> usize {
        self.looks.columns.map_or(usize::MAX, |columns| columns.max(LEAST_COLUMNS))
    }
}

/// What the first number of both sides is.
const CPU: &str = "us of CPU a message";
const INDENT: usize = 2;
/// `generator`
const KEY: usize = 10;
/// More reads than this for each answer are no accident.
const PIECES: f64 = 1.5;
/// On a narrower terminal lines wrap where it likes.
const LEAST_COLUMNS: usize = 40;
