//! `serve`: opens the listeners, starts the workers, and sees to it that everything ends as the signals say.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::console::Console;
use super::{Exit, Failure, Talk, ask, coredump, descriptors, signals};
use crate::event::Emitter;
use crate::event::sinks::{self, SinkPlan};
use crate::net::byteloop::Copying;
use crate::net::{Address, Endpoint, PortRule, Reason};
use crate::server::{self, Bound, Limits, Outcome, Running, Stand, Visits};
use crate::services::{Entry, Means, Options};
use crate::store::{self, StoreError};

/// Everything that `serve` was asked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) wishes: Vec<Wish>,
    pub(crate) options: Options,
    /// Where services keep what outlives the process.
    pub(crate) data: Option<store::Place>,
    pub(crate) limits: Limits,
    /// Threads for each kind of work, at least 1.
    pub(crate) workers: usize,
    pub(crate) copying: Copying,
    pub(crate) sink: SinkPlan,
    /// Where to say what listens where, once everything does.
    pub(crate) ready_file: Option<PathBuf>,
    /// How long conversations may go on after the first signal.
    pub(crate) drain: Duration,
    pub(crate) asking: Asking,
}

/// A service, where it is to stand, and what to do if the port is taken.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) entry: &'static Entry,
    pub(crate) address: Address,
    pub(crate) rule: PortRule,
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
pub(super) enum Happening {
    Signal(i32),
    /// The admin of a service wants it to end.
    Stopped,
    /// Nobody types at the terminal any more.
    AdminLeft,
    /// Nobody reads stdout any more.
    ConsoleClosed,
    /// Nothing can be kept now, or what was said to be kept may not be.
    StoreTroubled(StoreError),
    Ended,
}

/// Serves until everybody has left after a signal, after the one conversation of `--once`, or until a worker fails.
///
/// # Errors
/// Where something cannot be opened or started, or the server ended otherwise than asked.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let Plan { mut wishes, options, data, limits, workers, copying, mut sink, ready_file, drain, asking } = plan;
    if let Asking::Yes { other_port } = asking {
        ask_for_addresses(&mut wishes, &other_port)?;
    }
    descriptors::raise();
    let ready_file = ready_file.map(ReadyFile::open).transpose()?;
    let visits = limits.visits;
    let (happens, happenings) = channel();
    watch_signals(happens.clone()).map_err(|e| Failure::failed(format!("cannot watch for signals: {e}")))?;
    let mut means = means(data, happens.clone());
    let stands: Vec<Stand> =
        wishes.into_iter().map(|wish| wish.build(&options, &mut means)).collect::<Result<_, _>>()?;
    if stands.iter().any(|stand| stand.service.discreet) {
        coredump::forbid();
    }
    let console = means.open_room().and_then(|room| Console::open(room, &mut sink));
    let log = sink.target.to_string();
    let closed = happens.clone();
    // Whoever attends may have gone home already; then nobody needs to know.
    let on_closed = move || drop(closed.send(Happening::ConsoleClosed));
    let (emitter, sink) = sinks::open(sink, on_closed)
        .map_err(|e| Failure::failed(format!("cannot open the log {log}: {}; check the path", Reason(&e))))?;
    let bound = server::bind(server::Plan { stands, limits, workers, copying })?;
    point_out(&bound, &options, talk);
    let ready = places_of(&bound);
    let attending = happens.clone();
    let running = bound
        .start(emitter.clone(), move || drop(happens.send(Happening::Ended)))
        .map_err(|e| Failure::failed(format!("cannot start the workers: {}", Reason(&e))))?;
    let announced = ready_file.map_or(Ok(()), |file| file.announce(&ready));
    if announced.is_err() {
        running.close();
    }
    let console = console.and_then(|console| console.hold(&attending, talk));
    let cut_short = Attendant { running: &running, emitter: &emitter, drain, talk }.attend(&happenings);
    let outcome = running.join();
    if let Some(console) = console {
        console.leave();
    }
    drop(emitter);
    sink.close();
    announced?;
    judge(outcome, visits, cut_short)
}

fn ask_for_addresses(wishes: &mut [Wish], other_port: &PortRule) -> Result<(), Failure> {
    for wish in wishes {
        let address = ask::address(&wish.address, io::stdin().lock(), io::stderr().lock())?;
        if address.port() != wish.address.port() {
            wish.rule = other_port.clone();
        }
        wish.address = address;
    }
    Ok(())
}

fn means(data: Option<store::Place>, happens: Sender<Happening>) -> Means {
    let stopped = happens.clone();
    Means::new(data, move |error| drop(happens.send(Happening::StoreTroubled(error))))
        .stopped_by(move || drop(stopped.send(Happening::Stopped)))
}

impl Wish {
    fn build(self, options: &Options, means: &mut Means) -> Result<Stand, Failure> {
        let Self { entry, address, rule } = self;
        let service = entry.build(options, means)?;
        Ok(Stand { name: entry.name, service, address, rule })
    }
}

fn watch_signals(happens: Sender<Happening>) -> io::Result<()> {
    signals::watch(&[SIGHUP, SIGINT, SIGTERM], move |signal| match happens.send(Happening::Signal(signal)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    })
}

/// Says what a user might not expect: a port that moved, a door that is open to others, and passwords that are.
fn point_out(bound: &Bound, options: &Options, talk: Talk) {
    let (mut moved, mut exposed) = (None, false);
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
        exposed |= service == "login" && options.login.insecure && !local.ip().is_loopback();
    }
    if exposed {
        talk.say(
            "with --insecure-login everybody on the way from another machine can read its names, passwords and tokens",
        );
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

/// What ended a server without a drain.
enum CutShort {
    Signal(i32),
    StoreFailed(StoreError),
}

/// Who looks after a running server.
struct Attendant<'a> {
    running: &'a Running,
    emitter: &'a Emitter,
    drain: Duration,
    talk: Talk,
}

impl Attendant<'_> {
    /// Until the last worker has ended; gives what cut the end short, if anything did.
    fn attend(&self, happenings: &Receiver<Happening>) -> Option<CutShort> {
        let mut deadline = None;
        let mut cut_short = None;
        loop {
            match next(happenings, deadline) {
                Ok(Happening::Signal(SIGHUP)) => self.emitter.reopen(),
                Ok(Happening::Signal(_) | Happening::Stopped | Happening::ConsoleClosed) if deadline.is_none() => {
                    deadline = Some(Instant::now() + self.drain);
                    self.begin_drain();
                }
                Ok(Happening::Signal(signal)) => {
                    cut_short.get_or_insert(CutShort::Signal(signal));
                    self.running.close();
                }
                Ok(Happening::StoreTroubled(error @ StoreError::Unwritable(_))) => {
                    self.talk.say(&format!("{error}; until it can, what should be kept is refused"));
                }
                Ok(Happening::StoreTroubled(error)) => {
                    // Whoever is told now that something is kept might be told wrong.
                    cut_short = Some(CutShort::StoreFailed(error));
                    deadline = Some(Instant::now());
                    self.running.close();
                }
                Ok(Happening::AdminLeft) if deadline.is_none() => {
                    self.talk.say("the admin has left the room; the server goes on, and Ctrl-C ends it");
                }
                Ok(Happening::ConsoleClosed | Happening::Stopped | Happening::AdminLeft) => {}
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

fn judge(outcome: Outcome, visits: Visits, cut_short: Option<CutShort>) -> Result<Exit, Failure> {
    if let Some(error) = outcome.failure {
        return Err(Failure::failed(format!("the server gave up: {}", Reason(&error))));
    }
    match cut_short {
        Some(CutShort::Signal(signal)) => return Ok(Exit::Signal(signal)),
        Some(CutShort::StoreFailed(error)) => return Err(error.into()),
        None => {}
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
