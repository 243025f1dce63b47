//! Look: what a tree of processes uses of the machine right now.

use std::fs;
use std::time::Duration;

use super::process::{cpu, cpu_of_children, state, tasks};
use super::usage::figure;

/// What was used until now, and what is held now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    /// Time on processors of all who live and of those they have waited for, in steps of 10 ms.
    pub(crate) cpu: Duration,
    /// The same, and the time in which those who live wanted a processor and had none. On a busy machine it tells who
    /// works from who waits. 0 where the kernel does not count it (CONFIG_SCHED_INFO).
    pub(crate) wanted: Duration,
    /// Resident memory. What processes share is counted for each.
    pub(crate) memory_bytes: u64,
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
    /// Whether a thread runs, wants to, or waits for a disk.
    pub(crate) is_runnable: bool,
}

impl Look {
    /// `keeper` waits for those whose parents ended, and is not one of them.
    pub(super) fn at(pids: &[u32], keeper: u32) -> Self {
        let kept = fs::read_to_string(format!("/proc/{keeper}/stat")).unwrap_or_default();
        let cpu = cpu_of_children(&kept).unwrap_or_default();
        let mut look = Self { cpu, ..Self::default() };
        pids.iter().for_each(|pid| look.add(*pid));
        look
    }

    /// Who has ended meanwhile has nothing.
    fn add(&mut self, pid: u32) {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        self.cpu += cpu(&stat).unwrap_or_default() + cpu_of_children(&stat).unwrap_or_default();
        self.memory_bytes += memory(pid);
        self.descriptors += fs::read_dir(format!("/proc/{pid}/fd")).map(Iterator::count).unwrap_or_default();
        for task in tasks(pid) {
            self.threads += 1;
            self.is_runnable |= matches!(state(pid, task), Some('R' | 'D'));
            self.wanted += wanted(pid, task);
        }
    }
}

/// Time on a processor and time in the queue for one, in nanoseconds.
fn wanted(pid: u32, task: u32) -> Duration {
    let counted = fs::read_to_string(format!("/proc/{pid}/task/{task}/schedstat")).unwrap_or_default();
    let both = counted.split_ascii_whitespace().take(2).filter_map(|nanoseconds| nanoseconds.parse().ok());
    both.map(Duration::from_nanos).sum()
}

/// Resident memory of a process in bytes, what it shares with others included.
pub(super) fn memory(pid: u32) -> u64 {
    kilobytes(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The same, but of what is shared only its part. It costs the kernel a walk through all of the memory.
pub(super) fn own_memory(pid: u32) -> u64 {
    kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

/// The kernel writes kB and means KiB.
fn kilobytes(file: &str, name: &str) -> u64 {
    figure(&fs::read_to_string(file).unwrap_or_default(), name) * 1024
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_threads_and_files_and_runs() {
        let pid = std::process::id();
        let look = Look::at(&[pid], u32::MAX);
        assert!(look.memory_bytes > 100_000 && look.threads > 0 && look.descriptors > 2, "{look:?}");
        assert!(look.is_runnable);
        let counts = fs::read_to_string("/proc/self/schedstat").is_ok_and(|counted| !counted.starts_with("0 0"));
        assert!(look.wanted > Duration::ZERO || !counts, "{look:?}");
        assert!(own_memory(pid) > 0 && own_memory(pid) <= memory(pid) * 2);
    }

    #[test]
    fn who_is_not_there_uses_nothing() {
        let look = Look::at(&[u32::MAX], u32::MAX);
        assert_eq!((look.memory_bytes, look.threads, look.descriptors, look.is_runnable), (0, 0, 0, false));
    }
}
