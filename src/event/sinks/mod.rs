//! Sinks: one thread turns events into lines and writes them where the plan says. Nobody waits for it: while its
//! output stalls, the queue in front of it fills, and what does not fit is dropped and counted.

/// One JSON object a line.
mod json;
/// The place lines are written to: whole lines only, and what to do when it fails.
mod output;
/// Lines for people and `grep`.
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::emitter::{Desk, Emitter, Message};
use super::pace::LIMIT;
use super::{Class, Event, Fact, Level, Totals, Trouble};
use output::Output;

/// What is told, how, and where.
#[derive(Debug)]
pub(crate) struct SinkPlan {
    pub(crate) level: Level,
    pub(crate) format: Format,
    pub(crate) target: Target,
}

/// How an event becomes a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `TIME SERVICE #CONN WORDS`, with colour or without.
    Text(Colour),
    /// The words alone, for a person who sees one conversation.
    Words(Colour),
    /// One object a line.
    Json,
}

/// Whether lines carry colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Plain,
    Coloured,
}

/// Where lines go.
pub(crate) enum Target {
    /// A file that is appended to, and opened anew when asked.
    File(PathBuf),
    /// An output that is open already: the console.
    Stream(Box<dyn io::Write + Send>),
}

impl Target {
    /// This process's stdout, without the buffer that the standard library puts before it. Where there is none,
    /// lines go nowhere.
    pub(crate) fn stdout() -> Self {
        let stdout = io::stdout().as_fd().try_clone_to_owned();
        Self::Stream(
            stdout.map_or_else(|_| Box::new(io::sink()) as Box<dyn io::Write + Send>, |fd| Box::new(File::from(fd))),
        )
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stream(_) => f.write_str("the console"),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// A running sink.
#[derive(Debug)]
pub(crate) struct Sink {
    ended: Receiver<()>,
}

/// Starts a sink and gives the emitter that feeds it. `closed` is called once if the console goes away.
///
/// # Errors
/// Where the log file cannot be opened.
pub(crate) fn open(plan: SinkPlan, closed: impl FnOnce() + Send + 'static) -> io::Result<(Emitter, Sink)> {
    let output = Output::open(plan.target, closed)?;
    let (queue, messages) = sync_channel(QUEUE);
    let (ending, ended) = sync_channel(1);
    let emitter = Emitter::new(plan.level, queue);
    let desk = Arc::clone(&emitter.desk);
    let writer = Writer {
        desk,
        output,
        format: plan.format,
        lines: String::new(),
        line_count: 0,
        shown: [0; 2],
        hidden: BTreeMap::new(),
        summed: BTreeMap::new(),
    };
    thread::Builder::new().name("sink".into()).spawn(move || {
        writer.run(&messages);
        // Nobody may be waiting any more.
        let _ = ending.send(());
    })?;
    Ok((emitter, Sink { ended }))
}

impl Sink {
    /// Waits until everything told so far is written, at most a second: a stalled output holds nobody up. All emitters
    /// and reporters must be gone.
    pub(crate) fn close(self) {
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

/// The thread behind a sink.
struct Writer {
    desk: Arc<Desk>,
    output: Output,
    format: Format,
    /// Lines that wait to be written together.
    lines: String,
    line_count: u64,
    /// Lines of each class in this window.
    shown: [u32; 2],
    /// What this thread itself kept back in this window, by service.
    hidden: BTreeMap<&'static str, Totals>,
    /// What earlier summaries have accounted for, by service.
    summed: BTreeMap<&'static str, Totals>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            // While nothing happens, nothing wakes this thread.
            let Ok(first) = messages.recv() else { break };
            self.take(first);
            if self.run_window(messages).is_err() {
                break;
            }
        }
        self.turn();
        self.flush();
    }

    /// Writes what comes, window after window, until a window passes in which nothing was told.
    fn run_window(&mut self, messages: &Receiver<Message>) -> Result<(), RecvTimeoutError> {
        let mut end = Instant::now() + WINDOW;
        loop {
            while let Ok(message) = messages.try_recv() {
                self.take(message);
                if self.line_count >= BATCH {
                    break;
                }
            }
            self.flush();
            match messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {
                    let busy = self.turn();
                    self.flush();
                    if !busy {
                        return Ok(());
                    }
                    end = Instant::now() + WINDOW;
                }
                Err(RecvTimeoutError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            }
        }
    }

    fn take(&mut self, message: Message) {
        if self.desk.reopen.swap(false, Relaxed) {
            self.flush();
            self.output.reopen();
        }
        let Message::Event(event) = message else { return };
        if let Some(class) = event.fact.class() {
            let shown = &mut self.shown[class as usize];
            *shown += 1;
            if *shown > LIMIT {
                *self.hidden.entry(event.service).or_default() += counts(&event.fact);
                return;
            }
        }
        if matches!(event.fact, Fact::Stop { .. }) {
            // The workers have ended: what they kept back is told before the farewell, not after it.
            self.turn();
        }
        self.write(&event);
    }

    /// Ends a window: says what was kept back and what was lost, and mutes what overflowed. False where all was quiet.
    fn turn(&mut self) -> bool {
        let mut hidden = std::mem::take(&mut self.hidden);
        for (service, all) in self.hidden_by_workers() {
            let before = self.summed.insert(service, all).unwrap_or_default();
            *hidden.entry(service).or_default() += all - before;
        }
        hidden.retain(|_, totals| *totals != Totals::default());
        let sum = hidden.values().fold(Totals::default(), |sum, more| sum + *more);
        let shown = std::mem::take(&mut self.shown);
        let overflowed = |class: Class| {
            let kept_back = if class == Class::Detail { sum.details() } else { sum.connections() };
            kept_back + u64::from(shown[class as usize].min(LIMIT)) > u64::from(LIMIT)
        };
        self.desk.window.turn(overflowed);
        let quiet = hidden.is_empty() && shown == [0; 2];
        for (service, hidden) in hidden {
            self.write(&event_now(service, Fact::Summary { hidden }));
        }
        let lost = self.admit_losses();
        !quiet || lost
    }

    fn hidden_by_workers(&self) -> BTreeMap<&'static str, Totals> {
        let mut hidden: BTreeMap<&'static str, Totals> = BTreeMap::new();
        for tally in self.desk.tallies().iter() {
            *hidden.entry(tally.service).or_default() += tally.hidden();
        }
        hidden
    }

    /// Tells how many lines were lost, as soon as lines can be written again.
    fn admit_losses(&mut self) -> bool {
        self.flush();
        let lost = self.desk.lost.swap(0, Relaxed) + self.output.take_lost();
        if lost > 0 {
            let admission = self.format.line(&event_now("sockeye", Fact::Lost { trouble: Trouble::Lines(lost) }));
            if !self.output.write(admission.as_bytes(), 0) {
                self.output.lose(lost);
            }
        }
        lost > 0
    }

    fn write(&mut self, event: &Event) {
        self.lines.push_str(&self.format.line(event));
        self.line_count += 1;
    }

    fn flush(&mut self) {
        if self.line_count > 0 {
            self.output.write(self.lines.as_bytes(), self.line_count);
            self.lines.clear();
            self.line_count = 0;
        }
    }
}

impl Format {
    /// The event as a line with its end.
    fn line(self, event: &Event) -> String {
        match self {
            Self::Text(colour) => text::line(event, colour),
            Self::Words(colour) => text::words_line(event, colour),
            Self::Json => json::line(event),
        }
    }
}

fn event_now(service: &'static str, fact: Fact) -> Event {
    Event { at: Timestamp::now(), service, conn: None, fact }
}

/// What an event that is kept back adds to the next summary.
fn counts(fact: &Fact) -> Totals {
    match fact {
        Fact::Connect { .. } => Totals::connected(),
        Fact::Disconnect { .. } => Totals::disconnected(),
        Fact::Receive { bytes, .. } => Totals::received(*bytes),
        Fact::Send { bytes, .. } => Totals::sent(*bytes),
        _ => Totals::default(),
    }
}

/// How long a window lasts.
const WINDOW: Duration = Duration::from_secs(1);
/// Events that may wait for the sink: several windows of every worker of a large machine, about 1 MiB.
const QUEUE: usize = 4096;
/// Lines that are written with one system call.
const BATCH: u64 = 256;
/// How long the end of the program waits for a slow output.
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::event::{Session, Way};
    use crate::net::{Ending, Endpoint};

    /// An output that a test can read and stall.
    #[derive(Clone, Default)]
    struct Pipe(Arc<(Mutex<(Vec<u8>, bool)>, Condvar)>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (state, moved) = &*self.0;
            let mut state = moved.wait_while(state.lock().unwrap(), |(_, stalled)| *stalled).unwrap();
            state.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Pipe {
        fn stall(&self, stalled: bool) {
            self.0.0.lock().unwrap().1 = stalled;
            self.0.1.notify_all();
        }

        fn lines(&self) -> Vec<String> {
            String::from_utf8(self.0.0.lock().unwrap().0.clone()).unwrap().lines().map(str::to_owned).collect()
        }
    }

    fn start() -> (Pipe, Emitter, Sink) {
        let pipe = Pipe::default();
        let target = Target::Stream(Box::new(pipe.clone()));
        let plan = SinkPlan { level: Level::Messages, format: Format::Text(Colour::Plain), target };
        let (emitter, sink) = open(plan, || {}).unwrap();
        (pipe, emitter, sink)
    }

    fn peer() -> Endpoint {
        Endpoint::Unix(None)
    }

    fn exchange(emitter: &Emitter, times: usize) {
        let reporter = emitter.reporter("echo");
        let mut session: Session = reporter.connected(Way::In, peer(), peer());
        for _ in 0..times {
            reporter.received(&mut session, b"abc");
            reporter.sent(&mut session, b"abc");
        }
        reporter.disconnected(&session, Ending::PeerClosed);
    }

    #[test]
    fn at_human_speed_every_event_is_a_line_in_order() {
        let (pipe, emitter, sink) = start();
        emitter.tell("echo", Fact::Start);
        exchange(&emitter, 2);
        drop(emitter);
        sink.close();
        let lines = pipe.lines();
        let words: Vec<&str> = lines.iter().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect();
        assert_eq!(words[..2], ["started", "#1 connected from unix"]);
        assert_eq!(words[2..6], ["#1 received 3 bytes", "#1 sent 3 bytes", "#1 received 3 bytes", "#1 sent 3 bytes"]);
        assert!(words[6].starts_with("#1 disconnected (peer closed, 6 bytes in, 6 bytes out, "), "{}", words[6]);
        assert_eq!(words.len(), 7);
    }

    #[test]
    fn at_machine_speed_lines_and_summary_add_up_to_everything() {
        let (pipe, emitter, sink) = start();
        exchange(&emitter, 10_000);
        assert_eq!(emitter.totals("echo").received, 10_000);
        drop(emitter);
        sink.close();
        let lines = pipe.lines();
        let told = lines.iter().filter(|line| line.contains("received 3 bytes")).count();
        assert!(told <= LIMIT as usize, "{told}");
        let summary = lines.iter().find(|line| line.contains("summary")).expect("a summary");
        assert!(summary.contains(&format!("{} received ({} bytes)", 10_000 - told, 3 * (10_000 - told))), "{summary}");
        assert!(lines.iter().any(|line| line.contains("disconnected (")), "connections stay whole");
    }

    #[test]
    fn a_stalled_output_holds_nobody_up_and_says_what_was_lost() {
        let (pipe, emitter, sink) = start();
        pipe.stall(true);
        let told = 3 * QUEUE;
        for _ in 0..told {
            emitter.tell("echo", Fact::Start);
        }
        pipe.stall(false);
        drop(emitter);
        sink.close();
        let lines = pipe.lines();
        let started = lines.iter().filter(|line| line.contains("started")).count();
        let admission = lines.iter().find(|line| line.contains("lost")).expect("an admission");
        assert!(admission.contains(&format!("lost {} lines", told - started)), "{admission}, {started} started");
    }
}
