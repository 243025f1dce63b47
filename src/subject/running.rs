//! Running: a program that was launched: what it printed, what it waits for, what it uses, and how it comes to its end.
//!
//! One thread a program reads all that it prints, so that it never waits for us, and looks at what it uses.

use std::io::{self, PipeReader, PipeWriter, Read};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::Signal;

use super::kept::{Kept, Most};
use super::launch::Limits;
use super::look::{Look, memory, own_memory};
use super::news::{Ended, Inbox, News, never_block};
use super::terminal::Terminal;
use super::tree::Tree;
use super::{sockets, waiting};

/// A started program. Dropping it ends everything that came from it, and blocks the thread until that is done.
pub(crate) struct Running {
    shared: Arc<Shared>,
    /// The thread, and what it ends with.
    watcher: Option<(PipeWriter, JoinHandle<()>)>,
}

/// What the watcher and we have of it.
struct Shared {
    terminal: Terminal,
    stderr: PipeReader,
    said: Mutex<Said>,
    inbox: Mutex<Inbox>,
    tree: Tree,
    limits: Limits,
    ended: Mutex<Option<Ended>>,
    /// Why we killed it.
    verdict: Mutex<Option<Ended>>,
}

/// What it said on stderr, and whether it can say more.
struct Said {
    kept: Kept,
    is_closed: bool,
}

/// The ends of all that a program was given.
pub(super) struct Ends {
    pub(super) terminal: Terminal,
    pub(super) stderr: PipeReader,
    pub(super) inbox: Inbox,
}

impl Running {
    /// # Errors
    ///
    /// Where the system has no thread to watch it with; then it has been ended.
    pub(super) fn watch(ends: Ends, tree: Tree, limits: Limits) -> io::Result<Self> {
        let Ends { terminal, stderr, inbox } = ends;
        let said = Said { kept: Kept::at_most(Most { head: 0, tail: 16 * 1024 }), is_closed: false };
        let (said, inbox, ended, verdict) = (Mutex::new(said), Mutex::new(inbox), Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { terminal, stderr, said, inbox, tree, limits, ended, verdict });
        let mut running = Self { shared: Arc::clone(&shared), watcher: None };
        never_block(&shared.stderr)?;
        let (dropped, until_dropped) = io::pipe()?;
        let watcher = thread::Builder::new().name("subject".to_owned()).spawn(move || shared.watch(&dropped))?;
        running.watcher = Some((until_dropped, watcher));
        Ok(running)
    }

    /// Types on its terminal. A line is given to it when it has read the line before; this does not wait for it.
    ///
    /// # Errors
    ///
    /// Where it leaves a MiB unread.
    pub(crate) fn type_in(&self, bytes: &[u8]) -> io::Result<()> {
        self.shared.terminal.type_in(bytes)
    }

    /// Types the end of input, Ctrl-D.
    ///
    /// # Errors
    ///
    /// None yet: it waits for what was typed before as lines do.
    pub(crate) fn end_input(&self) -> io::Result<()> {
        self.shared.terminal.end_input();
        Ok(())
    }

    /// Sends it to those who have the terminal, as keys of a terminal do.
    pub(crate) fn signal(&self, signal: Signal) {
        self.shared.tree.signal(self.shared.terminal.foreground(), signal);
    }

    /// What it printed on its terminal so far: the beginning and the end, 64 KiB of each.
    pub(crate) fn output(&self) -> Vec<u8> {
        self.shared.terminal.text()
    }

    /// How many bytes that were.
    pub(crate) fn printed_bytes(&self) -> u64 {
        self.shared.terminal.drain();
        self.shared.terminal.printed()
    }

    /// The last 16 KiB of what it wrote to stderr. Python's `input` writes its prompts there.
    pub(crate) fn stderr(&self) -> Vec<u8> {
        self.shared.drain_stderr();
        lock(&self.shared.said).kept.text()
    }

    /// How it ended; nothing while it runs. All that it printed until then has been read when this says so.
    pub(crate) fn ending(&self) -> Option<Ended> {
        self.shared.ending()
    }

    /// TCP sockets that it or something of it listens on.
    pub(crate) fn listeners(&self) -> Vec<SocketAddr> {
        sockets::listeners(&self.shared.tree.members())
    }

    /// Whether it waits for somebody to type, and has read all that was typed.
    pub(crate) fn awaits_input(&self) -> bool {
        let terminal = &self.shared.terminal;
        // First, because who waits again has read it before.
        if terminal.has_unread() {
            return false;
        }
        let members = self.shared.tree.members();
        let device = terminal.device().unwrap_or_default();
        waiting::is_read(&members, device).unwrap_or_else(|| {
            terminal.drain();
            !members.is_empty() && terminal.last_print().elapsed() > QUIET && waiting::sleep(&members)
        })
    }

    /// What all of it uses now.
    pub(crate) fn look(&self) -> Look {
        Look::at(&self.shared.tree.members(), self.shared.tree.keeper())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((until_dropped, watcher)) = self.watcher.take() {
            drop(until_dropped);
            // A watcher that panicked watches no more.
            let _ = watcher.join();
        }
        self.shared.tree.end();
        self.shared.tree.forget();
    }
}

impl Shared {
    /// Until the other end of `dropped` is gone.
    fn watch(&self, dropped: &PipeReader) {
        let mut next_look = Instant::now() + LOOK;
        loop {
            let patience = if self.terminal.feed() { KEY } else { LOOK };
            if self.wait(dropped, patience) {
                return;
            }
            self.terminal.drain();
            self.drain_stderr();
            if self.has_printed_too_much() {
                self.end_because(Ended::OverOutput);
            }
            let begun = Instant::now();
            if next_look <= begun {
                let members = self.tree.members();
                if members.len() > MOST_PROCESSES {
                    self.end_because(Ended::OverProcesses);
                } else if self.have_too_much_memory(&members) {
                    self.end_because(Ended::OverMemory);
                }
                // Looking at many processes takes long, and is not to take all the time.
                next_look = Instant::now() + LOOK.max(begun.elapsed() * 10);
            }
        }
    }

    /// Until something can be read. Whether the other end of `dropped` is gone.
    fn wait(&self, dropped: &PipeReader, patience: Duration) -> bool {
        let end = PollFd::new(dropped, PollFlags::empty());
        let mut fds = vec![end, PollFd::from_borrowed_fd(self.terminal.master(), PollFlags::IN)];
        if !lock(&self.said).is_closed {
            fds.push(PollFd::new(&self.stderr, PollFlags::IN));
        }
        let patience = Timespec { tv_sec: 0, tv_nsec: patience.subsec_nanos().into() };
        // Interrupted is as good as nothing there.
        let _ = rustix::event::poll(&mut fds, Some(&patience));
        !fds[0].revents().is_empty()
    }

    fn drain_stderr(&self) {
        let (mut said, mut chunk) = (lock(&self.said), [0; CHUNK]);
        for _ in 0..MOST_CHUNKS {
            match (&self.stderr).read(&mut chunk) {
                Ok(0) => {
                    said.is_closed = true;
                    return;
                }
                Ok(n) => said.kept.push(&chunk[..n]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn has_printed_too_much(&self) -> bool {
        self.terminal.printed() + lock(&self.said).kept.total() > self.limits.output_bytes
    }

    /// What they share counts once, but only where the quick sum says too much, because it takes long to find out.
    fn have_too_much_memory(&self, members: &[u32]) -> bool {
        let is_over =
            |memory: fn(u32) -> u64| members.iter().map(|pid| memory(*pid)).sum::<u64>() > self.limits.memory_bytes;
        is_over(memory) && is_over(own_memory)
    }

    /// A daemon that outlived the program is part of it here too.
    fn end_because(&self, verdict: Ended) {
        let mut first = lock(&self.verdict);
        if first.is_none() {
            *first = Some(verdict);
            drop(first);
            self.tree.end();
        }
    }

    fn ending(&self) -> Option<Ended> {
        let mut ended = lock(&self.ended);
        if ended.is_none() {
            *ended = Some(self.told()?);
            self.terminal.drain();
            self.drain_stderr();
        }
        lock(&self.verdict).or(*ended)
    }

    /// What its keeper says of its end. Who cannot say it any more was killed with all.
    fn told(&self) -> Option<Ended> {
        let mut inbox = lock(&self.inbox);
        while let Some(news) = inbox.next() {
            if let News::Ended(ended) = news {
                return Some(ended);
            }
        }
        inbox.is_closed().then_some(KILLED)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often memory is looked at: who takes a GiB a second has 50 MiB more until then.
const LOOK: Duration = Duration::from_millis(50);

/// How soon after a line was read the next one is given.
const KEY: Duration = Duration::from_millis(2);

/// Where the kernel does not say who waits for input, a silence of this length does.
const QUIET: Duration = Duration::from_millis(300);

/// What the kernel limits for nobody who is root, and a server that starts one for each client has never.
const MOST_PROCESSES: usize = 1500;

/// What is read of stderr before anything else gets its turn: about a MiB.
const CHUNK: usize = 4096;
const MOST_CHUNKS: usize = 256;

const KILLED: Ended = Ended::Signal(9);
