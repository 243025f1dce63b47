//! `bench`: presses a server, and says how it did and whether that can be believed.

/// One run against one server.
mod bout;
/// Where reports go.
mod outputs;
/// The highest rate that keeps a condition.
mod search;
/// Two servers in turn.
mod versus;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::stop::Stop;
use super::{Exit, Failure, Talk, descriptors};
use crate::bench::compare::Compared;
use crate::bench::report::document::{Bound, Document};
use crate::bench::{Condition, Load, Spacing};
use crate::net::{Address, Families, Reason};
use bout::Bout;
use search::{Found, Quest};
use versus::Versus;

/// What is pressed, how, and who is told.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) deed: Deed,
    pub(crate) reaching: Reaching,
    /// Its pace is closed where a rate is to be found, whose `depth` is also that of the rates to try.
    pub(crate) load: Load,
    /// Each is a failure where it holds. None where two servers are compared.
    pub(crate) gates: Vec<Condition>,
    pub(crate) reports: Reports,
}

/// What is done, and with whom.
#[derive(Debug)]
pub(crate) enum Deed {
    /// One run.
    Once(Server),
    /// The highest rate that keeps a condition, which less load makes more likely.
    Find { server: Server, keeps: Condition, spacing: Spacing },
    /// Two servers in turn.
    Versus { pair: [CommandLine; 2], place: StartPlace, rounds: u32 },
}

/// The other end.
#[derive(Debug)]
pub(crate) enum Server {
    /// Somebody started it. Its process, where we may look at it.
    Running { address: Address, pid: Option<u32> },
    /// We start it, and stop it at the end.
    Started { command: CommandLine, place: StartPlace },
}

/// Where a server that we start will listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartPlace {
    /// A port of 127.0.0.1 that is free: every command has [`PORT`] in it.
    FreePort,
    Named(Address),
}

/// A command to start a server with; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// As it was typed.
    pub(crate) text: String,
}

/// How the server is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reaching {
    pub(crate) families: Families,
    /// How long one connection may take to be made.
    pub(crate) timeout: Duration,
}

/// Who is told. No two of them have the same path.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(crate) stdout: Form,
    /// Of one run: nowhere where two servers are compared.
    pub(crate) csv: Option<PathBuf>,
    /// The same.
    pub(crate) hgrm: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
    pub(crate) live: Live,
}

/// What goes to stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// What is seen while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Live {
    Line,
    /// The whole terminal, where there is one.
    Screen,
}

/// Two runs of the past, beside each other.
#[derive(Debug)]
pub(crate) struct Compare {
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
    pub(crate) stdout: Form,
    pub(crate) html: Option<PathBuf>,
}

/// What stands for the port in a command.
pub(crate) const PORT: &str = "{port}";

impl CommandLine {
    /// `None` where a shell would make no word of it, or a quote has no end.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let is_command = shell_words::split(text).is_ok_and(|words| !words.is_empty());
        is_command.then(|| Self { text: text.to_owned() })
    }

    pub(crate) fn has_port(&self) -> bool {
        self.text.contains(PORT)
    }
}

/// Presses, and tells.
///
/// # Errors
/// Where the load cannot be made, the server is not there, or a report cannot be written.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let Plan { deed, reaching, load, gates, reports } = plan;
    check_descriptors(&load)?;
    let stop = Stop::watch().map_err(|e| Failure::failed(format!("cannot watch for signals: {}", Reason(&e))))?;
    let bout = Bout { reaching, live: reports.live, talk, stop: &stop };
    let load = Arc::new(load);
    match deed {
        Deed::Once(server) => {
            let document = bout.run(&server, &load)?;
            outputs::tell(&document, &reports, talk)?;
            Ok(stop.signal().map_or_else(|| exit(&document, &gates, talk), Exit::Signal))
        }
        Deed::Find { server, keeps, spacing } => {
            let found = Quest { bout: &bout, server: &server, keeps: &keeps, spacing }.run(&load)?;
            let (document, exit) = match found {
                Found::None(run) => {
                    talk.say(&format!("no rate keeps {keeps}; what follows is the last that was tried"));
                    (run, Exit::Failed)
                }
                Found::Stopped(run) => (run, Exit::Signal(stop.signal().unwrap_or(signal_hook::consts::SIGINT))),
                Found::Rate { run, is_least } => {
                    let rate = run.setup.rate_asked.unwrap_or_default();
                    let least = if is_least { "at least " } else { "" };
                    talk.say(&format!("{keeps} is kept up to {least}{rate:.0} messages/s"));
                    let exit = exit(&run, &gates, talk);
                    (run, if is_least && exit == Exit::Done { Exit::CouldNotJudge } else { exit })
                }
            };
            outputs::tell(&document, &reports, talk)?;
            Ok(exit)
        }
        Deed::Versus { pair, place, rounds } => Versus { pair, place, rounds }.run(&bout, &load, &reports),
    }
}

/// How a run ends the program: what was wrong before what was missed, and that before what cannot be known.
fn exit(document: &Document, gates: &[Condition], talk: Talk) -> Exit {
    let held: Vec<&Condition> = gates.iter().filter(|gate| gate.holds(document) == Some(true)).collect();
    for gate in &held {
        talk.say(&gate.sentence(document));
    }
    let unknown = gates.iter().any(|gate| gate.holds(document).is_none());
    if document.errors() > 0 || document.counts.answered + document.counts.drained == 0 || !held.is_empty() {
        Exit::Failed
    } else if document.verdict.bound == Bound::GeneratorBound || unknown {
        Exit::CouldNotJudge
    } else {
        Exit::Done
    }
}

/// Every connection is a descriptor, and so is much else.
fn check_descriptors(load: &Load) -> Result<(), Failure> {
    let (crowd, limit) = (&load.crowd, descriptors::raise());
    let wanted = crowd.connections + crowd.held;
    let others = RESERVE + DESCRIPTORS_A_WORKER * crowd.workers;
    if wanted + others <= limit {
        return Ok(());
    }
    let most = limit.saturating_sub(others);
    Err(Failure::bad_words(format!(
        "{wanted} connections are more than the {most} that a limit of {limit} descriptors has room for; use fewer, or \
         raise the limit with `ulimit -n`"
    )))
}

/// Holds two runs beside each other.
///
/// # Errors
/// Where one cannot be read, has no answers, or a report cannot be written.
pub(crate) fn compare(plan: &Compare) -> Result<Exit, Failure> {
    let (a, b) = (outputs::read(&plan.a)?, outputs::read(&plan.b)?);
    let names = [&plan.a, &plan.b].map(|path| path.display().to_string());
    let compared = Compared::of_runs(&a, &b, a.setup.seed).map_err(|e| Failure::bad_words(e.to_string()))?;
    outputs::tell_compared(&compared, names.each_ref().map(String::as_str), plan.stdout)?;
    let [name_a, name_b] = names;
    outputs::page(plan.html.as_deref(), &[(name_a, &a), (name_b, &b)])?;
    Ok(if compared.has_open_questions() { Exit::CouldNotJudge } else { Exit::Done })
}

/// The standard streams, reports, signals, the watched process, and what whoever started us left open.
const RESERVE: usize = 32;
/// Its event queue and its timer.
const DESCRIPTORS_A_WORKER: usize = 4;
