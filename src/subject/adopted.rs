//! Adopted: processes whose parents ended, and which the kernel gives to us instead of init, so that a daemon is found
//! although it hid from its parents.

use std::collections::BTreeSet;
use std::io;
use std::process::{self, Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::process::children;

/// Makes us the one to whom they are given.
pub(super) fn adopt() {
    // Where that is not to be had, daemons are found by their environment alone.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Starts a child of our own, which is never taken for an adopted one.
pub(super) fn spawn(command: &mut Command) -> io::Result<Child> {
    let mut own = own();
    let child = command.spawn()?;
    own.insert(child.id());
    Ok(child)
}

/// Asks the system for a child of our own that has ended, so that its number is free. It may not be used from now on.
pub(super) fn forget(child: Pid) {
    let mut own = own();
    // Not waiting for it: who hangs in the kernel cannot be killed, and is not to take us with it.
    let _ = waitid(WaitId::Pid(child), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    own.remove(&child.as_raw_pid().unsigned_abs());
}

/// Whether nobody but this one is a child of our own, so that whoever else is there came from it.
pub(super) fn is_only_child(pid: u32) -> bool {
    own().iter().eq([&pid])
}

/// Our children that we did not start.
pub(super) fn strays() -> Vec<u32> {
    let own = own();
    children(process::id()).into_iter().filter(|pid| !own.contains(pid)).collect()
}

/// Removes those of these that were given to us and have ended: nobody else can.
pub(super) fn bury(pids: impl IntoIterator<Item = u32>) {
    // Nobody starts one of our own meanwhile.
    let own = own();
    let strays = pids.into_iter().filter(|pid| !own.contains(pid));
    for pid in strays.filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
        let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
    }
}

fn own() -> MutexGuard<'static, BTreeSet<u32>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

static OWN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
