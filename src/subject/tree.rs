//! Tree: a program that was launched and all that came from it, told apart from those of us that launched it.
//!
//! Its parent is one of us, the keeper, to whom the kernel gives everybody whose parents ended: whatever a daemon does to
//! be nobody's child, it is one of the keeper's.

use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid};

use super::kin::{Kin, Mark};
use super::poll::poll;
use super::process::{Process, children, descendants, innermost};

pub(super) struct Tree {
    /// The child of ours that all of it came from. In the plain mode that is the keeper itself.
    first: Pid,
    keeper: Process,
    program: Option<Process>,
    /// Finds those who outlived a keeper that was killed; nothing where nobody can, because the keeper is the first
    /// process of a namespace.
    kin: Option<Kin>,
}

impl Tree {
    /// The program is the child of `keeper` that has the number `inside` there.
    pub(super) fn of(first: Pid, keeper: Process, inside: u32) -> Self {
        let program = children(keeper.pid).into_iter().find(|pid| innermost(*pid) == Some(inside));
        Self { first, keeper, program: program.and_then(|pid| Process::find(pid).ok()), kin: None }
    }

    /// The same, for those whom a mark finds when nothing else does.
    pub(super) fn marked(self, mark: Mark) -> Self {
        Self { kin: Some(Kin::of(self.first, mark)), ..self }
    }

    /// Who lives, without those of us.
    pub(super) fn members(&self) -> Vec<u32> {
        self.processes().into_iter().map(|process| process.pid).collect()
    }

    fn processes(&self) -> Vec<Process> {
        if !self.keeper.is_alive() {
            return self.kin.as_ref().map(Kin::others).unwrap_or_default();
        }
        living_descendants(self.keeper.pid)
    }

    /// Who waits for those whose parents ended: what these used is counted there.
    pub(super) fn keeper(&self) -> u32 {
        self.keeper.pid
    }

    /// Sends `signal` to a group of it; to the program alone where nobody of it is in that group.
    pub(super) fn signal(&self, group: Option<Pid>, signal: Signal) {
        let members = self.processes();
        let is_in = |group: &Pid| members.iter().any(|member| member.group == group.as_raw_pid().unsigned_abs());
        // Whoever has ended meanwhile needs no signal.
        if let Some(group) = group.filter(is_in) {
            let _ = kill_process_group(group, signal);
        } else if let Some(program) = self.program.filter(|program| members.contains(program)) {
            send(&program, signal);
        }
    }

    /// Kills everybody, and waits until they are gone, which takes a moment, and a few seconds at most.
    pub(super) fn end(&self) {
        if self.kin.is_some() {
            kill(|| self.processes());
        }
        // The kernel lets the first of a namespace end when all others have.
        send(&self.keeper, Signal::KILL);
        if poll(PATIENCE, || has_ended(self.first).then_some(())).is_none() {
            let _ = kill_process(self.first, Signal::KILL);
            poll(PATIENCE, || has_ended(self.first).then_some(()));
        }
    }

    /// Gives the number of our child back to the system. Nothing may be asked after it.
    pub(super) fn forget(&self) {
        // Not waiting for it: who hangs in the kernel cannot be killed, and is not to take us with it.
        let _ = waitid(WaitId::Pid(self.first), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    }
}

/// Kills all that came from this process, and waits as [`Tree::end`] does.
pub(super) fn kill_descendants(pid: u32) {
    kill(|| living_descendants(pid));
}

/// Who is started while the others are killed is found the next time. Who was stopped starts nobody.
fn kill(everybody: impl Fn() -> Vec<Process>) {
    poll(PATIENCE, || {
        let everybody = everybody();
        everybody.iter().for_each(|process| send(process, Signal::STOP));
        everybody.iter().for_each(|process| send(process, Signal::KILL));
        everybody.is_empty().then_some(())
    });
}

fn living_descendants(pid: u32) -> Vec<Process> {
    let found = descendants(pid).into_iter().filter_map(|pid| Process::find(pid).ok());
    found.filter(Process::is_alive).collect()
}

/// Whoever has ended meanwhile needs no signal.
fn send(process: &Process, signal: Signal) {
    if let Some(pid) = Pid::from_raw(process.pid.cast_signed()).filter(|_| process.is_alive()) {
        let _ = kill_process(pid, signal);
    }
}

/// Whether a child of ours has, which stays a zombie.
fn has_ended(child: Pid) -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(child), look), Ok(None))
}

/// Who was killed is gone within milliseconds, unless a disk does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
