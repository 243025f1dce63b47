//! Namespaces: the outer of the two processes between us and a program that has them: it makes them, furnishes them,
//! starts their first process, and takes all of it down with itself.

use std::ffi::OsString;
use std::io;

use nix::sched::{CloneFlags, unshare};
use rustix::process::{getgid, getuid};
use rustix::stdio::stdout;
use rustix::thread::{capabilities, configure_capability_in_ambient_set, set_capabilities};

use super::super::news::News;
use super::becoming::{forget_files, set_signals, stay_with};
use super::furniture::furnish;
use super::order::{Order, Role};
use super::walls::{Known, be_known_as};

/// Stdout is the pipe for news. Comes to its end with the first process of the namespaces.
pub(super) fn hold(order: &Order, command: &[OsString]) {
    if let Err(failed) = make(order).and_then(|writable| run(order, writable, command)) {
        failed.send(stdout());
    }
}

/// Gives where the program may write.
fn make(order: &Order) -> Result<Vec<OsString>, News> {
    forget_files();
    set_signals();
    stay_with(order).map_err(|error| News::failed("be tied to its parent", &error.into()))?;
    enter().map_err(|error| News::failed("make namespaces", &error))?;
    keep_rights().map_err(|error| News::failed("keep its rights", &error))?;
    // A machine may be known by its name to a network that is not there any more. Who asks for it finds loopback.
    let _ = rustix::system::sethostname(b"localhost");
    furnish(order).map_err(|(step, error)| News::failed(step, &error))
}

fn run(order: &Order, writable: Vec<OsString>, command: &[OsString]) -> Result<(), News> {
    let failed = |error: io::Error| News::failed("start the first process", &error);
    // What is hidden is hidden by now, and the program can read the words of the keeper.
    let order = Order { hidden: Vec::new(), writable, ..order.pass_on(Role::Keeper) };
    let keeper = order.command(command).and_then(|mut keeper| keeper.spawn());
    let mut keeper = keeper.map_err(failed)?;
    News::Keeper(keeper.id()).send(stdout());
    keeper.wait().map_err(failed)?;
    Ok(())
}

/// Into namespaces of users, processes, mounts, names and messages. That of the network is the thread's that started us,
/// over which nobody here has any rights: the low ports are refused as they are to everybody.
fn enter() -> io::Result<()> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let users = CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNS;
    unshare(users | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS)?;
    be_known_as(Known { user: (NOBODY_SPECIAL, user), group: (NOBODY_SPECIAL, group) })
}

/// Who is not root loses all rights with the next start of a program, unless it says that it wants to keep them.
fn keep_rights() -> io::Result<()> {
    let mut sets = capabilities(None)?;
    sets.inheritable = sets.permitted;
    set_capabilities(None, sets)?;
    sets.permitted.iter().try_for_each(|right| configure_capability_in_ambient_set(right, true))?;
    Ok(())
}

/// Programs behave otherwise for root. This is the first person on most machines.
const NOBODY_SPECIAL: u32 = 1000;
