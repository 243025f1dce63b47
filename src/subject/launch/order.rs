//! Order: what a process of ours that launches a program is told, as its words.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use serde::{Deserialize, Serialize};

use super::super::error::Reason;
use super::{Launch, Limits, Walls};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) role: Role,
    /// Who gives it.
    pub(super) from: u32,
    /// These may be anything but UTF-8, and JSON takes no path that is not.
    pub(super) folder: OsString,
    pub(super) hidden: Vec<OsString>,
    /// Where the program may write, its folder included.
    pub(super) writable: Vec<OsString>,
    pub(super) limits: Limits,
    pub(super) walls: Walls,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// Makes the namespaces, and is the parent of their first process.
    Outer,
    /// The parent of the program.
    Keeper,
    /// Becomes the program.
    Program,
    /// Finds out which walls stand.
    Trial,
    /// Looks around within them.
    Witness,
}

impl Order {
    /// # Errors
    ///
    /// Where the folder is not there.
    pub(super) fn to(role: Role, launch: &Launch) -> io::Result<Self> {
        let folder = launch.folder.canonicalize().map_err(no_folder)?.into_os_string();
        // What is not there cannot be seen.
        let hidden = launch.hidden.iter().filter_map(|path| path.canonicalize().ok()).map(PathBuf::into_os_string);
        let (from, hidden, writable) = (process::id(), hidden.collect(), vec![folder.clone()]);
        Ok(Self { role, from, folder, hidden, writable, limits: launch.limits, walls: launch.walls })
    }

    /// Without a program.
    pub(super) fn for_trial(role: Role, folder: &Path) -> io::Result<Self> {
        let (environment, hidden, limits) = (Vec::new(), Vec::new(), Limits::default());
        let nothing =
            Launch { command: Vec::new(), folder: folder.into(), environment, hidden, limits, walls: Walls::NONE };
        Self::to(role, &nothing)
    }

    /// The same for another role, from this process.
    pub(super) fn pass_on(&self, role: Role) -> Self {
        Self { role, from: process::id(), ..self.clone() }
    }

    /// The program that we are, which is to launch `command`.
    pub(super) fn command(&self, command: &[OsString]) -> io::Result<Command> {
        let mut this = Command::new(OWN);
        this.arg0("sockeye").args(self.words()?).args(command);
        // What is typed at our own terminal is for us, and what is typed at that of the program for the program. The
        // keeper begins a session, which nobody can who leads a group.
        if matches!(self.role, Role::Outer | Role::Program) {
            this.process_group(0);
        }
        Ok(this)
    }

    /// The words that say it.
    pub(super) fn words(&self) -> io::Result<[OsString; 2]> {
        Ok([VERB.into(), serde_json::to_string(self)?.into()])
    }

    /// What was said by [`command`](Self::command).
    pub(super) fn read(words: &[OsString]) -> Option<(Self, &[OsString])> {
        let (order, command) = words.split_first()?;
        Some((serde_json::from_str(order.to_str()?).ok()?, command))
    }
}

fn no_folder(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("it could not go to its folder: {}", Reason(&error)))
}

/// The hidden verb.
pub(crate) const VERB: &str = "__launch";

/// Whatever has become of the file that it came from.
const OWN: &str = "/proc/self/exe";

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn an_order_is_understood_as_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join(OsStr::from_bytes(b"\xff \"x"));
        std::fs::create_dir(&odd).unwrap();
        let launch = Launch {
            command: vec![odd.clone().into(), "{\"a".into()],
            folder: odd.clone(),
            environment: Vec::new(),
            hidden: vec![odd],
            limits: Limits::default(),
            walls: Walls::NONE,
        };
        let order = Order::to(Role::Program, &launch).unwrap();
        let words: Vec<OsString> = order.command(&launch.command).unwrap().get_args().skip(1).map(Into::into).collect();
        assert_eq!(Order::read(&words), Some((order, &launch.command[..])));
        assert_eq!(Order::read(&[]), None);
        assert_eq!(Order::read(&["{}".into()]), None);
    }
}
