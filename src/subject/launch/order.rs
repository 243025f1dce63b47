//! Order: what a process of ours that launches a program is told, as its words.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{self, Command};

use serde::{Deserialize, Serialize};

use super::{Launch, Limits, Walls};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) role: Role,
    /// Who gives it.
    pub(super) from: u32,
    /// These may be anything but UTF-8, and JSON takes no path that is not.
    pub(super) folder: OsString,
    pub(super) hidden: Vec<OsString>,
    pub(super) limits: Limits,
    pub(super) walls: Walls,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Role {
    /// Makes the namespaces, and is the parent of their first process.
    Outer,
    /// The first process of the namespaces: furnishes them, and waits for everybody there.
    Init,
    /// Becomes the program.
    Program,
}

impl Order {
    pub(super) fn to(role: Role, launch: &Launch) -> io::Result<Self> {
        let absolute = |path: &PathBuf| std::path::absolute(path).map(PathBuf::into_os_string);
        let hidden = launch.hidden.iter().map(absolute).collect::<io::Result<_>>()?;
        let (from, folder) = (process::id(), absolute(&launch.folder)?);
        Ok(Self { role, from, folder, hidden, limits: launch.limits, walls: launch.walls })
    }

    /// The same for another role, from this process.
    pub(super) fn pass_on(&self, role: Role) -> Self {
        Self { role, from: process::id(), ..self.clone() }
    }

    /// The program that we are, which is to launch `command`.
    pub(super) fn command(&self, command: &[OsString]) -> io::Result<Command> {
        let mut this = Command::new(OWN);
        this.arg0("sockeye").arg(VERB).arg(serde_json::to_string(self)?).args(command);
        // What is typed at our own terminal is for us. The program makes a session, which nobody can who leads a group.
        if self.role == Role::Outer {
            this.process_group(0);
        }
        Ok(this)
    }

    /// What was said by [`command`](Self::command).
    pub(super) fn read(words: &[OsString]) -> Option<(Self, &[OsString])> {
        let (order, command) = words.split_first()?;
        Some((serde_json::from_str(order.to_str()?).ok()?, command))
    }
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
        let odd = OsStr::from_bytes(b"/tmp/\xff \"x");
        let launch = Launch {
            command: vec![odd.to_owned(), "{\"a".into()],
            folder: odd.into(),
            environment: Vec::new(),
            hidden: vec![odd.into()],
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
