//! `serve`: opens the listeners, starts the workers, and sees to it that everything ends as the signals say.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{Exit, Failure, Talk, ask};
use crate::event::Emitter;
use crate::event::sinks::{self, SinkPlan};
use crate::net::{Endpoint, PortRule, Reason};
use crate::server::{self, Bound, Outcome, Running, Visits};

/// Everything that `serve` was asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) server: server::Plan,
    pub(crate) sink: SinkPlan,
    /// Where to say what listens where, once everything does.
    pub(crate) ready_file: Option<PathBuf>,
    /// How long conversations may go on after the first signal.
    pub(crate) drain: Duration,
    pub(crate) asking: Asking,
}

/// Whether host and port are asked for.
#[derive(Debug)]
pub(crate) enum Asking {
    No,
    /// With the rule for a port other than the one that was offered.
    Yes {
        other_port: PortRule,
    },
}

/// What a running server has to be attended to for.
enum Happening {
    Signal(i32),
    /// Nobody reads stdout any more.
    ConsoleClosed,
    Ended,
}

/// Serves until everybody has left after a signal, after the one conversation of `--once`, or until a worker fails.
///
/// # Errors
/// Where something cannot be opened or started, or the server ended otherwise than asked.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let Plan { mut server, sink, ready_file, drain, asking } = plan;
    if let Asking::Yes { other_port } = asking {
        ask_for_address(&mut server, &other_port)?;
    }
    raise_descriptor_limit();
    let ready_file = ready_file.map(ReadyFile::open).transpose()?;
    let visits = server.limits.visits;
    let (happens, happenings) = channel();
    let log = sink.target.to_string();
    let closed = happens.clone();
    // Whoever attends may have gone home already; then nobody needs to know.
    let on_closed = move || drop(closed.send(Happening::ConsoleClosed));
    let (emitter, sink) = sinks::open(sink, on_closed)
        .map_err(|e| Failure::failed(format!("cannot open the log {log}: {}; check the path", Reason(&e))))?;
    watch_signals(happens.clone()).map_err(|e| Failure::failed(format!("cannot watch for signals: {e}")))?;
    let bound = server::bind(server)?;
    point_out(&bound, talk);
    let ready = places_of(&bound);
    let running = bound
        .start(emitter.clone(), move || drop(happens.send(Happening::Ended)))
        .map_err(|e| Failure::failed(format!("cannot start the workers: {}", Reason(&e))))?;
    let announced = ready_file.map_or(Ok(()), |file| file.announce(&ready));
    if announced.is_err() {
        running.close();
    }
    let ended = Attendant { running: &running, emitter: &emitter, drain, talk }.attend(&happenings);
    let outcome = running.join();
    drop(emitter);
    sink.close();
    announced?;
    judge(outcome, visits, ended)
}

fn ask_for_address(plan: &mut server::Plan, other_port: &PortRule) -> Result<(), Failure> {
    for stand in &mut plan.stands {
        let address = ask::address(&stand.address, io::stdin().lock(), io::stderr().lock())?;
        if address.port() != stand.address.port() {
            stand.rule = other_port.clone();
        }
        stand.address = address;
    }
    Ok(())
}

/// Up to the hard limit, as every server of many connections needs; where that is refused, the limit is what it was.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}

fn watch_signals(happens: Sender<Happening>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in &mut signals {
            if happens.send(Happening::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

/// Says what a user might not expect: a port that moved, and a door that is open to others.
fn point_out(bound: &Bound, talk: Talk) {
    let mut moved = None;
    for place in bound.places() {
        let Endpoint::Ip(local) = place.local else { continue };
        let service = place.service;
        let asked = place.asked.port().filter(|asked| *asked != 0 && *asked != local.port());
        // All families of a name have moved together.
        let news = Some((service, local.port()));
        if let Some(asked) = asked.filter(|_| std::mem::replace(&mut moved, news) != news) {
            talk.say(&format!("port {asked} is taken, so {service} listens on {}", local.port()));
        }
        if !local.ip().is_loopback() {
            let whom = if local.ip().is_unspecified() { "on every interface" } else { "from the network" };
            talk.say(&format!("{service} can be reached by other machines: it listens {whom} at {local}"));
        }
    }
}

/// One `SERVICE ADDR` line a listener.
fn places_of(bound: &Bound) -> String {
    bound.places().map(|place| format!("{} {}\n", place.service, place.local)).collect()
}

/// The ready file, which is written as a whole: whoever sees it sees all of it.
struct ReadyFile {
    path: PathBuf,
    /// Beside it, with a name of this process's own.
    draft: PathBuf,
}

impl ReadyFile {
    /// Makes sure that it can be written before anything listens.
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.{}.draft", std::process::id()));
        let file = Self { path, draft };
        fs::write(&file.draft, "").map_err(|e| file.refused(&e))?;
        Ok(file)
    }

    fn announce(self, places: &str) -> Result<(), Failure> {
        let written = fs::write(&self.draft, places).and_then(|()| fs::rename(&self.draft, &self.path));
        written.map_err(|e| self.refused(&e))
    }

    fn refused(&self, error: &io::Error) -> Failure {
        let path = self.path.display();
        Failure::failed(format!("cannot write the ready file {path}: {}; check the path", Reason(error)))
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // It has become the ready file, or nobody needs it.
        let _ = fs::remove_file(&self.draft);
    }
}

/// Who looks after a running server.
struct Attendant<'a> {
    running: &'a Running,
    emitter: &'a Emitter,
    drain: Duration,
    talk: Talk,
}

impl Attendant<'_> {
    /// Until the last worker has ended; gives the signal that cut the end short, if one did.
    fn attend(&self, happenings: &Receiver<Happening>) -> Option<i32> {
        let mut deadline = None;
        let mut cut_short = None;
        loop {
            match next(happenings, deadline) {
                Ok(Happening::Signal(SIGHUP)) => self.emitter.reopen(),
                Ok(Happening::Signal(_) | Happening::ConsoleClosed) if deadline.is_none() => {
                    deadline = Some(Instant::now() + self.drain);
                    self.begin_drain();
                }
                Ok(Happening::Signal(signal)) => {
                    cut_short = Some(signal);
                    self.running.close();
                }
                Ok(Happening::ConsoleClosed) => {}
                Err(RecvTimeoutError::Timeout) => self.running.close(),
                Ok(Happening::Ended) | Err(RecvTimeoutError::Disconnected) => return cut_short,
            }
        }
    }

    fn begin_drain(&self) {
        self.running.drain();
        if self.drain.is_zero() {
            return self.running.close();
        }
        let left = self.running.conversations();
        if left > 0 {
            let (drain, whom) = (self.drain, conversations(left));
            self.talk.say(&format!("waiting up to {drain:?} for {whom} to end; a second signal ends at once"));
        }
    }
}

fn next(happenings: &Receiver<Happening>, deadline: Option<Instant>) -> Result<Happening, RecvTimeoutError> {
    match deadline {
        None => happenings.recv().map_err(|_| RecvTimeoutError::Disconnected),
        Some(deadline) => match deadline.saturating_duration_since(Instant::now()) {
            // The order to close is out; what remains is to wait for it.
            Duration::ZERO => happenings.recv_timeout(CLOSING),
            left => happenings.recv_timeout(left),
        },
    }
}

fn judge(outcome: Outcome, visits: Visits, cut_short: Option<i32>) -> Result<Exit, Failure> {
    if let Some(error) = outcome.failure {
        return Err(Failure::failed(format!("the server gave up: {}", Reason(&error))));
    }
    if let Some(signal) = cut_short {
        return Ok(Exit::Signal(signal));
    }
    if outcome.cut > 0 {
        let was = if outcome.cut == 1 { "was" } else { "were" };
        let cut = conversations(outcome.cut);
        return Err(Failure::failed(format!("{cut} {was} cut with answers unsent; allow more with --drain")));
    }
    if visits == Visits::One && outcome.troubled > 0 {
        return Err(Failure::failed("the one conversation did not end well; the event lines say how"));
    }
    Ok(Exit::Done)
}

fn conversations(number: usize) -> String {
    if number == 1 { "1 conversation".into() } else { format!("{number} conversations") }
}

/// How often the order to close is repeated until the last worker has obeyed.
const CLOSING: Duration = Duration::from_millis(100);
