//! Kin: a program that was started, and all that came from it, so that nothing of it is left behind.
//!
//! There are three ways to be kin, because each misses somebody: the group of the program is left by whoever calls
//! `setsid`; the children of children are lost with a parent that ends; the mark in the environment is not inherited by
//! whoever is started with an empty one. Who gets around all three is not found. Where there is no `/proc`, only the
//! group is.

use std::fs;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::poll::poll;
use super::process::{Process, descendants, everybody};

/// What one start gives to the environment of a program: nobody else has the same.
pub(super) struct Mark(String);

impl Mark {
    pub(super) fn new() -> Self {
        static STARTS: AtomicU64 = AtomicU64::new(0);
        Self(format!("{}-{}", process::id(), STARTS.fetch_add(1, Ordering::Relaxed)))
    }

    /// The name of the variable, and what it says.
    pub(super) fn variable(&self) -> (&'static str, &str) {
        (VARIABLE, &self.0)
    }

    fn is_on(&self, pid: u32) -> bool {
        let line = format!("{VARIABLE}={}", self.0);
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == line.as_bytes())
    }
}

/// A program of ours that leads its own group, and its kin. Its number is its own until somebody waits for it, which
/// must not happen before the last call here.
pub(super) struct Kin {
    leader: Pid,
    mark: Mark,
}

impl Kin {
    pub(super) fn of(leader: Pid, mark: Mark) -> Self {
        Self { leader, mark }
    }

    /// How the program ended, if it has.
    pub(super) fn ending(&self) -> Option<Ending> {
        // It stays a zombie, so that its number, which is also that of the group, is not given to somebody else.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.leader), look) {
            Ok(status) => status.map(|status| match status.exit_status() {
                Some(0) => Ending::Well,
                _ => Ending::Badly,
            }),
            // The system has not kept it for us, as where SIGCHLD is ignored.
            Err(_) => Some(Ending::Badly),
        }
    }

    /// Who can still do something, without the program itself.
    pub(super) fn others(&self) -> Vec<Process> {
        let leader = self.leader.as_raw_pid().unsigned_abs();
        let mut pids = descendants(leader);
        pids.extend(everybody().into_iter().filter(|pid| self.mark.is_on(*pid)));
        // Grown-up children of those whose parent was lost.
        pids.extend(pids.clone().into_iter().flat_map(descendants));
        pids.remove(&leader);
        pids.into_iter().filter_map(|pid| Process::find(pid).ok()).filter(Process::is_alive).collect()
    }

    /// Whether nobody of [`Self::others`] is there. Who is becoming another program (execve) has no environment to read for
    /// a moment, so it looks for a while before it says so. Blocks the thread.
    pub(super) fn is_alone(&self) -> bool {
        poll(LOOK, || (!self.others().is_empty()).then_some(())).is_none()
    }

    /// Sends `signal` to the group, and to those of `others` who have left it. Nobody gets it twice: a second SIGTERM
    /// makes many programs give up what they were about to save.
    pub(super) fn signal(&self, others: &[Process], signal: Signal) {
        // Whoever has ended meanwhile needs no signal.
        let _ = kill_process_group(self.leader, signal);
        let group = self.leader.as_raw_pid().unsigned_abs();
        let strays = others.iter().filter(|other| other.group != group && other.is_alive());
        for pid in strays.filter_map(|stray| Pid::from_raw(stray.pid.cast_signed())) {
            let _ = kill_process(pid, signal);
        }
    }
}

/// How a program ended: with exit status 0, or otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Well,
    Badly,
}

/// Long beside an execve, short for whoever waits for the end of a run.
const LOOK: Duration = Duration::from_millis(20);
const VARIABLE: &str = "SOCKEYE_SUBJECT";
