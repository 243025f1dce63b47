//! Walls: what stands between a program and the rest of the machine, and how much of it this machine lets us build.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use rustix::process::{getgid, getuid};
use rustix::thread::{CapabilitySet, capabilities};
use serde::{Deserialize, Serialize};

use super::super::error::Reason;
use super::super::poll::poll;
use super::network::own_network;
use super::order::{Order, Role};
use super::{Launch, Limits};

/// What stands between a program and the rest of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walls {
    /// It is in a network of its own, if the thread that starts it is ([`own_network`]).
    pub(crate) network: bool,
    /// It sees and reaches no process but those it started, and none of these outlives it.
    pub(crate) processes: bool,
    /// It can write nowhere but in its folder and where nobody else looks.
    pub(crate) files: bool,
    /// It does not see the folders that are to be hidden from it. Stands only with `processes`.
    pub(crate) hidden: bool,
}

impl Walls {
    pub(crate) const NONE: Self = Self { network: false, processes: false, files: false, hidden: false };

    const ALL: Self = Self { network: true, processes: true, files: true, hidden: true };

    /// Puts this process where it may build walls, and finds out by a trial which of them stand; and why the others do
    /// not. Has to be called while the process has one thread.
    pub(crate) fn raise() -> (Self, Option<String>) {
        let (walls, why) = match ask() {
            Ok(found) => (found.walls, found.why),
            Err(error) => (Self::NONE, Some(format!("the trial failed: {}", Reason(&error)))),
        };
        if !walls.network && !walls.processes {
            return (walls, why);
        }
        match settle() {
            Ok(()) => (walls, why),
            Err(error) => (Self::NONE, Some(format!("no user namespace: {}", reason(&error)))),
        }
    }
}

/// What the trial found out.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    walls: Walls,
    why: Option<String>,
}

/// Somebody else tries it, because who has gone into a namespace where nothing is allowed does not come back.
fn ask() -> io::Result<Found> {
    let order = Order::for_trial(Role::Trial, Path::new("/"))?;
    let mut child = order.command(&[])?;
    let output = child.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Puts this process where it may make namespaces: who may not is given one where he may.
fn settle() -> io::Result<()> {
    let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
    if capabilities(None)?.effective.contains(needed) {
        return Ok(());
    }
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    be_known_as(Known { user: (0, user), group: (0, group) })
}

/// Who we are within the namespace of users that we have just made, and who outside.
pub(super) struct Known {
    pub(super) user: (u32, u32),
    pub(super) group: (u32, u32),
}

pub(super) fn be_known_as(known: Known) -> io::Result<()> {
    // Who could leave groups could reach files that a group is locked out of.
    fs::write("/proc/self/setgroups", "deny")?;
    let line = |(inside, outside)| format!("{inside} {outside} 1");
    fs::write("/proc/self/uid_map", line(known.user))?;
    fs::write("/proc/self/gid_map", line(known.group))
}

/// Tries every wall in a process that has nothing else to do, and prints what it found.
pub(super) fn try_all() {
    let mut reasons = Vec::new();
    let settled = settle().map_err(|error| format!("no user namespace: {}", reason(&error)));
    let network = settled
        .clone()
        .and_then(|()| own_network().map_err(|error| format!("no network of its own: {}", Reason(&error))));
    // The one of files needs no namespace.
    let alone = Walls { files: true, ..Walls::NONE };
    let all = settled.clone().and_then(|()| stand(Walls::ALL).map_err(|why| format!("no processes of its own: {why}")));
    let walls = all.clone().or_else(|_| stand(alone)).unwrap_or(Walls::NONE);
    let walls = Walls { network: network.is_ok(), ..walls };
    match settled {
        Ok(()) => reasons.extend([network.err(), all.err()].into_iter().flatten()),
        Err(why) => reasons.push(why),
    }
    reasons.extend((!walls.files).then(|| "no Landlock in the kernel, so that files can be written to".to_owned()));
    reasons.extend((walls.processes && !walls.hidden).then(|| "no folder can be hidden".to_owned()));
    let found = Found { walls, why: (!reasons.is_empty()).then(|| reasons.join("; ")) };
    let _ = serde_json::to_writer(io::stdout(), &found);
}

/// A full disk is what the kernel speaks of where it is told to make none or no more of them.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the system is told to give none".to_owned(),
        _ => Reason(error).to_string(),
    }
}

/// Which of these stand, as somebody within them finds.
fn stand(walls: Walls) -> Result<Walls, String> {
    let failed = |error: io::Error| reason(&error);
    let place = tempfile::tempdir().map_err(failed)?;
    let place = place.path().canonicalize().map_err(failed)?;
    let [inside, secret] = ["inside", "secret"].map(|name| place.join(name));
    [&inside, &secret].into_iter().try_for_each(fs::create_dir).map_err(failed)?;
    fs::write(secret.join("secret"), "").map_err(failed)?;
    let witness = Order::for_trial(Role::Witness, &place).and_then(|order| order.words()).map_err(failed)?;
    let command: Vec<OsString> = std::iter::once("/proc/self/exe".into()).chain(witness).collect();
    let hidden = vec![secret.clone()];
    let launch = Launch { command, folder: inside, environment: Vec::new(), hidden, limits: Limits::default(), walls };
    let running = launch.launch().map_err(failed)?;
    poll(PATIENCE, || running.ending());
    let seen: Seen = serde_json::from_slice(&running.output()).map_err(|_| "nothing starts in it".to_owned())?;
    Ok(Walls { files: !seen.may_write, hidden: walls.hidden && !seen.sees_secret, ..walls })
}

/// What a program finds within the walls.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    may_write: bool,
    sees_secret: bool,
}

/// Looks around as a program would, and prints what it sees.
pub(super) fn witness(order: &Order) {
    // Everybody may write there, and it is in nobody's folder.
    let may_write = fs::write("/proc/self/comm", "sockeye").is_ok();
    let sees_secret = Path::new(&order.folder).join("secret").join("secret").exists();
    let _ = serde_json::to_writer(io::stdout(), &Seen { may_write, sees_secret });
}

/// It has nothing to do but to look at two files.
const PATIENCE: Duration = Duration::from_secs(5);
