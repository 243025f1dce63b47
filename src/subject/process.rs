//! Process: what `/proc` says of a process: who it is, its threads, and its children. Where there is none, nothing.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::Duration;
use std::{fs, io};

/// One process, told from a later one of the same number by when it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) group: u32,
    /// In clock ticks since the machine started.
    started: u64,
}

impl Process {
    /// # Errors
    ///
    /// `NotFound` where there is none of that number, `Unsupported` where the system has no `/proc`.
    pub(super) fn find(pid: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).map_err(explain)?;
        let fields = fields(&stat);
        let (group, started) = (number(&fields, GROUP), number(&fields, STARTED));
        let (Some(group), Some(started)) = (group, started) else { return Err(io::ErrorKind::InvalidData.into()) };
        Ok(Self { pid, group, started })
    }

    /// Whether it is still there, be it as a zombie that its parent has not asked for.
    pub(super) fn is_known(&self) -> bool {
        Self::find(self.pid).is_ok_and(|found| found.started == self.started)
    }

    /// Whether it can still do something. A zombie cannot, and nobody but its parent can remove it.
    pub(super) fn is_alive(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let fields = fields(&stat);
        number(&fields, STARTED) == Some(self.started) && !matches!(fields.first(), None | Some(&"Z" | &"X"))
    }
}

/// Time on processors, as the `stat` of a process or a thread has it, in the user's time and the system's.
pub(super) fn cpu(stat: &str) -> Option<Duration> {
    time(stat, [USER_TIME, SYSTEM_TIME])
}

/// The same of the children that a process has waited for.
pub(super) fn cpu_of_children(stat: &str) -> Option<Duration> {
    time(stat, [CHILDREN_USER_TIME, CHILDREN_SYSTEM_TIME])
}

fn time(stat: &str, columns: [usize; 2]) -> Option<Duration> {
    let fields = fields(stat);
    let [user, system] = columns.map(|at| number::<u64>(&fields, at));
    Some(TICK.saturating_mul(u32::try_from(user? + system?).unwrap_or(u32::MAX)))
}

/// What a thread does, as a letter of proc_pid_stat(5): R runs, S sleeps, D waits for a disk, Z has ended.
pub(super) fn state(pid: u32, task: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/task/{task}/stat")).ok()?;
    fields(&stat).first()?.chars().next()
}

/// The number of a process in the innermost namespace it is in.
pub(super) fn innermost(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    numbers.split_ascii_whitespace().last()?.parse().ok()
}

/// The threads of a process.
pub(super) fn tasks(pid: u32) -> Vec<u32> {
    numbers_in(&format!("/proc/{pid}/task"))
}

/// Every process that there is.
pub(super) fn everybody() -> Vec<u32> {
    numbers_in("/proc")
}

/// The children of a process, their children and so on. Whose parent has ended is not among them: it was given to init.
pub(super) fn descendants(pid: u32) -> BTreeSet<u32> {
    let (mut found, mut open) = (BTreeSet::new(), vec![pid]);
    while let Some(parent) = open.pop() {
        open.extend(children(parent).into_iter().filter(|child| found.insert(*child)));
    }
    found
}

/// A child belongs to the thread that started it.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let lists = tasks(pid).into_iter().map(|task| fs::read_to_string(format!("/proc/{pid}/task/{task}/children")));
    lists.flatten().flat_map(|list| list.split_ascii_whitespace().flat_map(str::parse).collect::<Vec<_>>()).collect()
}

fn numbers_in(folder: &str) -> Vec<u32> {
    let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.filter_map(|name| name.to_str()?.parse().ok()).collect()
}

/// What stands behind the name, which is in parentheses and can have spaces and parentheses of its own.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').map(|(_, rest)| rest.split_ascii_whitespace().collect()).unwrap_or_default()
}

fn number<T: FromStr>(fields: &[&str], at: usize) -> Option<T> {
    fields.get(at)?.parse().ok()
}

/// A process that is missing where no process can be seen is nothing that its number is to blame for.
fn explain(error: io::Error) -> io::Error {
    match fs::exists("/proc/self/stat") {
        Ok(true) => error,
        _ => io::Error::new(io::ErrorKind::Unsupported, "this system has no /proc to read processes from"),
    }
}

/// proc_pid_stat(5) counts from 1 and has the number and the name of the process before these.
const GROUP: usize = 5 - 3;
const USER_TIME: usize = 14 - 3;
const SYSTEM_TIME: usize = 15 - 3;
const CHILDREN_USER_TIME: usize = 16 - 3;
const CHILDREN_SYSTEM_TIME: usize = 17 - 3;
const STARTED: usize = 22 - 3;

/// USER_HZ is 100 in every kernel that Rust runs on.
const TICK: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_move_the_fields() {
        let stat = "17 (a) R 1 (b)) S 3 42 17 0 -1 4194560 150 0 2 0 250 50 9 9 20 0 1 0 77 5 6";
        let fields = fields(stat);
        assert_eq!((fields[0], number::<u32>(&fields, GROUP), number(&fields, STARTED)), ("S", Some(42), Some(77_u64)));
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_of_children(stat), Some(Duration::from_millis(180)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_alive_and_nobody_has_the_highest_number() {
        let own = Process::find(std::process::id()).unwrap();
        assert!(own.is_alive() && own.is_known());
        assert!(!Process { started: own.started + 1, ..own }.is_alive());
        assert_eq!(Process::find(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
