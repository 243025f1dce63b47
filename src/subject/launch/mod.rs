//! Launch: a stranger's program is started, with as much between it and the rest of the machine as the machine allows.
//!
//! `fork` is nothing for a program with threads, and what has to be done between it and the start of another program
//! is not to be had without it. So the program that we are is started again, with a hidden verb and an `Order`, does
//! it (`inside`), and becomes the stranger's program.

/// The last that is ours before a process is the stranger's program.
mod becoming;
/// What the stranger's program finds in its environment.
mod environment;
/// Where it may write.
mod files;
/// The files as it sees them.
mod furniture;
/// What those do that were started to launch a program.
mod inside;
/// The parent of the program.
mod keeper;
/// The process that makes its namespaces.
mod namespaces;
/// A network of its own.
mod network;
/// What those are told that launch a program.
mod order;
/// What stands between it and the rest of the machine.
mod walls;

use std::ffi::OsString;
use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::error::SubjectError;
use super::kin::Mark;
use super::news::{Inbox, News};
use super::process::Process;
use super::running::{Ends, Running};
use super::terminal::Terminal;
use super::tree::Tree;
pub(crate) use inside::inside;
pub(crate) use network::own_network;
pub(crate) use order::VERB;
use order::{Order, Role};
pub(crate) use walls::Walls;

/// A program that is to be started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program and its arguments, not empty.
    pub(crate) command: Vec<OsString>,
    /// Where it runs, and with [`Walls::files`] the only place where it may write.
    pub(crate) folder: PathBuf,
    /// Added to our own environment, of which it gets what is no secret.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Folders that it does not see with [`Walls::hidden`].
    pub(crate) hidden: Vec<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) walls: Walls,
}

/// What a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Time on processors, of each process.
    pub(crate) cpu: Duration,
    /// Resident memory of all of it together.
    pub(crate) memory_bytes: u64,
    /// All that it prints.
    pub(crate) output_bytes: u64,
    /// The size of a file.
    pub(crate) file_bytes: u64,
    /// Open files of a process.
    pub(crate) descriptors: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(30),
            memory_bytes: 512 << 20,
            output_bytes: 64 << 20,
            file_bytes: 64 << 20,
            descriptors: 1024,
        }
    }
}

impl Launch {
    /// Starts it, in the network of the calling thread, which has to outlive it.
    ///
    /// # Errors
    ///
    /// Where there is no command, and where the system cannot start it.
    pub(crate) fn start(&self) -> Result<Running, SubjectError> {
        if self.command.is_empty() {
            return Err(SubjectError::Empty);
        }
        self.launch().map_err(|source| SubjectError::Start { command: self.words(), source })
    }

    pub(super) fn launch(&self) -> io::Result<Running> {
        let terminal = Terminal::open()?;
        let (stderr, errors) = io::pipe()?;
        let (news, stdout) = io::pipe()?;
        let mut inbox = Inbox::of(news)?;
        let mark = Mark::new();
        let given = Given { stdin: terminal.slave().try_clone_to_owned()?, stdout, stderr: errors };
        let mut child = self.spawn(given, &mark)?;
        let first = Pid::from_child(&child);
        match hear(&mut inbox).and_then(|started| self.tree(first, &started, mark)) {
            Ok(tree) => Running::watch(Ends { terminal, stderr, inbox }, tree, self.limits),
            Err(error) => {
                // All that it started ends with it.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    fn spawn(&self, given: Given, mark: &Mark) -> io::Result<Child> {
        let role = if self.walls.processes { Role::Outer } else { Role::Keeper };
        let order = Order::to(role, self)?;
        let (variable, value) = mark.variable();
        let mut command = order.command(&self.command)?;
        command.env_clear().envs(environment::of(&self.folder, &self.environment));
        if !self.walls.processes {
            command.env(variable, value);
        }
        command.stdin(given.stdin).stdout(given.stdout).stderr(given.stderr);
        command.spawn()
    }

    fn tree(&self, first: Pid, started: &Started, mark: Mark) -> io::Result<Tree> {
        let keeper = Process::find(started.keeper.unwrap_or(first.as_raw_pid().unsigned_abs()))?;
        let tree = Tree::of(first, keeper, started.program);
        Ok(if self.walls.processes { tree } else { tree.marked(mark) })
    }

    /// As a person would have typed it.
    fn words(&self) -> String {
        shell_words::join(self.command.iter().map(|word| word.to_string_lossy()))
    }
}

/// What the launched process gets as its own.
struct Given {
    stdin: OwnedFd,
    stdout: PipeWriter,
    stderr: PipeWriter,
}

/// What was heard of a program that was started.
struct Started {
    /// The number of its parent, where that is not our child.
    keeper: Option<u32>,
    /// Its own, as its parent sees it.
    program: u32,
}

/// Waits until the program has been started.
fn hear(inbox: &mut Inbox) -> io::Result<Started> {
    let (begun, mut keeper) = (Instant::now(), None);
    loop {
        while let Some(news) = inbox.next() {
            match news {
                News::Keeper(pid) => keeper = Some(pid),
                News::Started(program) => return Ok(Started { keeper, program }),
                News::Failed { .. } => return Err(news.failure().unwrap_or_else(gone)),
                News::Ended(_) => {}
            }
        }
        if inbox.is_closed() {
            return Err(gone());
        }
        match PATIENCE.checked_sub(begun.elapsed()) {
            Some(left) => inbox.wait(left),
            None => return Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("what was to start it has ended")
}

/// A disk that has to wake up takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(10);
