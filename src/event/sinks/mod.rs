//! Sinks: one thread turns events into lines and writes them where the plan says. Nobody waits for it: while its
//! output stalls, the queue in front of it fills, and what does not fit is dropped and counted.

/// One JSON object a line.
mod json;
/// The place lines are written to: whole lines only, and what to do when it fails.
mod output;
/// Lines for people and `grep`.
mod text;
/// The thread that makes the lines, window by window.
mod writer;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::{Emitter, Event, Level};
use output::Output;
use writer::Writer;

pub(crate) use text::Lasted;

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
    let writer = Writer::new(desk, output, plan.format);
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

/// Events that may wait for the sink: several windows of every worker of a large machine, about 1 MiB.
const QUEUE: usize = 4096;
/// How long the end of the program waits for a slow output.
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::event::pace::LIMIT;
    use crate::event::{Fact, Session, Way};
    use crate::net::{Ending, Endpoint};

    /// An output that a test can read and stall.
    #[derive(Clone, Default)]
    struct Pipe(Arc<Shared>);

    #[derive(Default)]
    struct Shared {
        state: Mutex<State>,
        moved: Condvar,
    }

    #[derive(Default)]
    struct State {
        written: Vec<u8>,
        stalled: bool,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let Shared { state, moved } = &*self.0;
            let mut state = moved.wait_while(state.lock().unwrap(), |state| state.stalled).unwrap();
            state.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Pipe {
        fn stall(&self) {
            self.0.state.lock().unwrap().stalled = true;
        }

        fn go_on(&self) {
            self.0.state.lock().unwrap().stalled = false;
            self.0.moved.notify_all();
        }

        fn lines(&self) -> Vec<String> {
            let written = self.0.state.lock().unwrap().written.clone();
            String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
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
        pipe.stall();
        let told = 3 * QUEUE;
        for _ in 0..told {
            emitter.tell("echo", Fact::Start);
        }
        pipe.go_on();
        drop(emitter);
        sink.close();
        let lines = pipe.lines();
        let started = lines.iter().filter(|line| line.contains("started")).count();
        let admission = lines.iter().find(|line| line.contains("lost")).expect("an admission");
        assert!(admission.contains(&format!("lost {} lines", told - started)), "{admission}, {started} started");
    }
}
