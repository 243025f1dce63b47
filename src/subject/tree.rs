//! Tree: a program that was launched and all that came from it, told apart from those of us that launched it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::adopted;
use super::kin::Kin;
use super::news::Ended;
use super::poll::poll;
use super::process::{Process, descendants};

/// How everybody is found.
pub(super) enum Tree {
    /// The program is a child of ours.
    Plain { kin: Kin, seen: Mutex<BTreeSet<u32>> },
    /// It is in a namespace of processes of its own, and ends with the first of these.
    Walled { outer: Pid, init: Process, program: Option<Process> },
}

impl Tree {
    pub(super) fn plain(kin: Kin) -> Self {
        Self::Plain { kin, seen: Mutex::default() }
    }

    /// `outer` is our child, `init` the child of that one, and the program one of the children of `init`, with the
    /// number `inside` there.
    pub(super) fn walled(outer: Pid, init: Process, inside: u32) -> Self {
        let is_it = |pid: &u32| super::process::innermost(*pid) == Some(inside);
        let program = super::process::children(init.pid).into_iter().find(is_it);
        Self::Walled { outer, init, program: program.and_then(|pid| Process::find(pid).ok()) }
    }

    /// Who lives, without those of us.
    pub(super) fn members(&self) -> Vec<u32> {
        match self {
            Self::Plain { kin, seen } => {
                let members = kin.members();
                seen.lock().unwrap_or_else(PoisonError::into_inner).extend(&members);
                members
            }
            Self::Walled { init, .. } if !init.is_alive() => Vec::new(),
            Self::Walled { init, .. } => {
                let is_alive = |pid: &u32| Process::find(*pid).is_ok_and(|process| process.is_alive());
                descendants(init.pid).into_iter().filter(is_alive).collect()
            }
        }
    }

    /// The program itself, as we see it.
    pub(super) fn program(&self) -> Option<u32> {
        match self {
            Self::Plain { kin, .. } => Some(kin.leader()),
            Self::Walled { program, .. } => program.map(|program| program.pid),
        }
    }

    /// Whether the first process of a namespace says how the program ended, and not the system.
    pub(super) fn is_walled(&self) -> bool {
        matches!(self, Self::Walled { .. })
    }

    /// How the program ended, where the system tells it to us.
    pub(super) fn ended(&self) -> Option<Ended> {
        let Self::Plain { kin, .. } = self else { return None };
        let Ok(status) = kin.status() else { return Some(Ended::Exit(0)) };
        let status = status?;
        status.exit_status().map(Ended::Exit).or_else(|| status.terminating_signal().map(Ended::Signal))
    }

    /// Whoever waits for the children of those who ended: what these used is counted there.
    pub(super) fn keeper(&self) -> Option<u32> {
        match self {
            Self::Plain { .. } => None,
            Self::Walled { init, .. } => Some(init.pid),
        }
    }

    /// Sends `signal` to a group of it; to the program alone where nobody of it is in that group.
    pub(super) fn signal(&self, group: Option<Pid>, signal: Signal) {
        let members: Vec<Process> = self.members().into_iter().filter_map(|pid| Process::find(pid).ok()).collect();
        let is_in = |group: &Pid| members.iter().any(|member| member.group == group.as_raw_pid().unsigned_abs());
        // Whoever has ended meanwhile needs no signal.
        if let Some(group) = group.filter(is_in) {
            let _ = kill_process_group(group, signal);
        } else if let Some(program) = self.program().filter(|pid| members.iter().any(|member| member.pid == *pid)) {
            let _ = Pid::from_raw(program.cast_signed()).map(|pid| kill_process(pid, signal));
        }
    }

    /// Kills everybody, and waits until they are gone, which takes a moment, and [`PATIENCE`] at most.
    pub(super) fn end(&self) {
        match self {
            Self::Plain { kin, seen } => {
                poll(PATIENCE, || {
                    let members = self.members();
                    let strays = members.iter().filter(|pid| **pid != kin.leader());
                    let strays: Vec<Process> = strays.filter_map(|pid| Process::find(*pid).ok()).collect();
                    kin.signal(&strays, Signal::KILL);
                    adopted::bury(seen.lock().unwrap_or_else(PoisonError::into_inner).iter().copied());
                    (kin.ending().is_some() && strays.is_empty()).then_some(())
                });
                kin.kill(PATIENCE);
                adopted::bury(seen.lock().unwrap_or_else(PoisonError::into_inner).iter().copied());
            }
            Self::Walled { outer, init, .. } => {
                // The kernel lets the first of a namespace end when all others have.
                if let Some(pid) = Pid::from_raw(init.pid.cast_signed()).filter(|_| init.is_alive()) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                if poll(PATIENCE, || has_ended(*outer).then_some(())).is_none() {
                    let _ = kill_process(*outer, Signal::KILL);
                    poll(PATIENCE, || has_ended(*outer).then_some(()));
                }
            }
        }
    }

    /// Gives the number of our child back to the system. Nothing may be asked after it.
    pub(super) fn forget(&self) {
        match self {
            Self::Plain { kin, .. } => {
                if let Some(leader) = Pid::from_raw(kin.leader().cast_signed()) {
                    adopted::forget(leader);
                }
            }
            Self::Walled { outer, .. } => adopted::forget(*outer),
        }
    }
}

/// Whether a child of ours has, which stays a zombie.
fn has_ended(child: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(child), look), Ok(None))
}

/// Who was killed is gone within milliseconds, unless a disk does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
