//! Bout: one run against one server, which is started first where it has to be, and what is seen meanwhile.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{CommandLine, Live, Reaching, Server, StartPlace};
use crate::bench::report::document::{Document, Setup};
use crate::bench::report::live::{self, Shown, Ticker};
use crate::bench::report::screen::{Screen, Wish};
use crate::bench::{Checking, Load, Press, Spectator, Target};
use crate::commands::stop::Stop;
use crate::commands::{Failure, Talk, Volume};
use crate::event::Untrusted;
use crate::net::{Address, Dial, NetError, Reason, Stream, dial};
use crate::subject::{Program, SubjectError, free_port};

/// What all runs of one command have in common.
pub(super) struct Bout<'a> {
    pub(super) reaching: Reaching,
    pub(super) live: Live,
    pub(super) talk: Talk,
    pub(super) stop: &'a Stop,
}

impl Bout<'_> {
    /// Presses `server` with `load`, once.
    ///
    /// # Errors
    /// Where the server is not there or cannot be started.
    pub(super) fn run(&self, server: &Server, load: &Arc<Load>) -> Result<Document, Failure> {
        let (address, pid, program) = match server {
            Server::Running { address, pid } => (address.clone(), *pid, None),
            Server::Started { command, place } => {
                let (address, program) = self.start(command, place)?;
                (address, Some(program.pid()), Some(program))
            }
        };
        let command = match server {
            Server::Started { command, .. } => Some(command.text.clone()),
            Server::Running { .. } => None,
        };
        let (target, first) = self.reach(&address)?;
        let setup = setup(load, &target, command);
        let mut shown = Shows::open(self.live, self.talk, &self.stop.set)?;
        let press = Press {
            load: Arc::clone(load),
            setup,
            target,
            first,
            server: pid,
            stop: Arc::clone(&self.stop.set),
            spectator: &mut shown,
        };
        let done = press.run().map_err(|e| unwatched(&e, pid));
        drop(shown);
        if let Some(program) = program {
            self.dismiss(program);
        }
        done
    }

    fn start(&self, command: &CommandLine, place: &StartPlace) -> Result<(Address, Program), Failure> {
        let free = || free_port().map_err(|e| Failure::failed(format!("cannot find a free port: {}", Reason(&e))));
        let address = match place {
            StartPlace::FreePort => Address::Host { host: "127.0.0.1".to_owned(), port: free()? },
            StartPlace::Named(address) => address.clone(),
        };
        let port = address.port().unwrap_or_default();
        let mut program = Program::start(&command.text, port).map_err(|e| not_started(&e))?;
        let deadline = Instant::now() + self.reaching.timeout;
        loop {
            if let Address::Unix(path) = &address
                && path.exists()
            {
                return Ok((address, program));
            }
            match program.wait_until_listening(port, GLANCE) {
                Ok(()) => return Ok((address, program)),
                Err(SubjectError::Silent { .. }) if self.stop.is_set() => {
                    return Err(Failure::failed("stopped before the server listened"));
                }
                Err(SubjectError::Silent { .. }) if Instant::now() < deadline => {}
                Err(SubjectError::Silent { command, port, stderr, .. }) => {
                    return Err(not_started(&SubjectError::Silent {
                        command,
                        port,
                        patience: self.reaching.timeout,
                        stderr,
                    }));
                }
                Err(error) => return Err(not_started(&error)),
            }
        }
    }

    /// Stops the server. One that has gone already is worth a word.
    fn dismiss(&self, program: Program) {
        if program.has_ended() {
            self.talk.say(&format!("the server ended before it was told to{}", last_words(&program.stderr())));
        }
        program.stop();
    }

    /// The first connection finds out which address answers, and is used: who serves one client only is not asked twice.
    fn reach(&self, address: &Address) -> Result<(Target, socket2::Socket), Failure> {
        let cannot = |e: io::Error| Failure::from(NetError::new("connect to", address, e));
        let how = Dial { families: self.reaching.families, source: None, timeout: self.reaching.timeout };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let stream = runtime.block_on(dial(address, &how))?;
        let target = match (&stream, address) {
            (Stream::Tcp(stream), _) => Target::Tcp(stream.peer_addr().map_err(cannot)?),
            (Stream::Unix(_), Address::Unix(path)) => Target::Unix(path.clone()),
            (Stream::Unix(_), _) => return Err(cannot(io::ErrorKind::Unsupported.into())),
        };
        stream.into_blocking().map(|first| (target, first)).map_err(cannot)
    }
}

fn setup(load: &Load, target: &Target, command: Option<String>) -> Setup {
    Setup {
        address: target.to_string(),
        command,
        pace: load.pace.to_string(),
        rate_asked: load.pace.rate(),
        workload: load.workload.to_string(),
        framing: load.workload.framing.to_string(),
        connections: load.crowd.connections as u64,
        held: load.crowd.held as u64,
        workers: load.crowd.workers as u64,
        seed: load.workload.seed,
        verified: load.workload.checking == Checking::EveryByte,
    }
}

fn not_started(error: &SubjectError) -> Failure {
    let said = last_words(error.stderr());
    let way_out = match error {
        SubjectError::Start { .. } => "; check the command",
        SubjectError::Silent { .. } => "; write {port} where it takes its port, or allow more with --connect-timeout",
        _ => "",
    };
    Failure::failed(format!("{error}{said}{way_out}"))
}

/// The last line that a program wrote, where it wrote any.
fn last_words(stderr: &[u8]) -> String {
    let last = stderr.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if last.is_empty() { String::new() } else { format!("; it said {}", Untrusted::cut(last, 300).quoted()) }
}

fn unwatched(error: &io::Error, pid: Option<u32>) -> Failure {
    match (error.kind(), pid) {
        (io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied, Some(pid)) => {
            Failure::failed(format!("cannot watch process {pid}: {}; check --server-pid", Reason(error)))
        }
        _ => Failure::failed(format!("cannot press: {}", Reason(error))),
    }
}

/// What is seen while it runs.
enum Shows {
    Line(Ticker),
    Screen(Box<Screen>, Arc<AtomicBool>),
}

impl Shows {
    fn open(live: Live, talk: Talk, stop: &Arc<AtomicBool>) -> Result<Self, Failure> {
        let quiet = talk.volume == Volume::Quiet;
        if live == Live::Line || quiet {
            return Ok(Self::Line(Ticker::new(if quiet { Shown::Nothing } else { Shown::Line })));
        }
        let screen = Screen::take(talk.paint.on(&io::stderr()));
        let screen =
            screen.map_err(|e| Failure::failed(format!("--screen needs a terminal on stderr: {}", Reason(&e))))?;
        Ok(Self::Screen(Box::new(screen), Arc::clone(stop)))
    }
}

impl Spectator for Shows {
    fn tell(&mut self, live: &live::Live<'_>) {
        match self {
            Self::Line(ticker) => ticker.tell(live),
            // A terminal that is gone is no reason to stop measuring.
            Self::Screen(screen, _) => drop(screen.tell(live)),
        }
    }

    fn glance(&mut self) {
        if let Self::Screen(screen, stop) = self
            && let Ok(Some(Wish::Stop)) = screen.attend()
        {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// How soon an order to stop is seen while a server starts.
const GLANCE: Duration = Duration::from_millis(100);
