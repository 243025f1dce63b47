//! Usage: what a process and all that it started use of the machine, read from `/proc`. What is thought of it is for
//! the rooms above.

use std::collections::HashMap;
use std::time::Duration;
use std::{fs, io};

use super::process::{Process, cpu, descendants, tasks};

/// What was used until one reading, by a process and its descendants together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// Time on processors. The kernel adds to it when a thread leaves its processor and at every tick, which is every
    /// one to ten milliseconds.
    pub(crate) cpu: Duration,
    /// Resident memory, now. What processes share is counted for each.
    pub(crate) memory_bytes: u64,
    /// An upper bound of what it was at most: the peaks of all processes need not have come at once.
    pub(crate) peak_memory_bytes: u64,
    /// How often a thread waited for something.
    pub(crate) voluntary_switches: u64,
    /// How often a thread had to make way for another.
    pub(crate) involuntary_switches: u64,
    threads: HashMap<Thread, Duration>,
}

impl Usage {
    /// Time on a processor of the thread that used most since `before`. Where it is all the time that has passed, the
    /// program can do no more, however many processors are idle. A thread that has ended counts with what was last seen
    /// of it.
    pub(crate) fn busiest(&self, before: &Self) -> Duration {
        let earlier = |thread| before.threads.get(thread).copied().unwrap_or_default();
        self.threads.iter().map(|(thread, cpu)| cpu.saturating_sub(earlier(thread))).max().unwrap_or_default()
    }
}

/// A process that is read again and again.
///
/// The figures of threads and processes that have ended stay in the sums, so that these never go backwards. What they
/// used after the last reading that saw them is lost, and so is who lived between two readings: read often where it
/// matters.
pub(crate) struct Watch {
    root: Process,
    threads: HashMap<Thread, Figures>,
    /// What was used by those who are in `threads` no more.
    gone: Figures,
    peak_memory_bytes: u64,
}

impl Watch {
    /// # Errors
    ///
    /// `NotFound` where there is no such process or it is hidden from us, `PermissionDenied` where we may not look at
    /// it, and `Unsupported` where there is no `/proc`.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        let root = Process::find(pid)?;
        let (threads, gone) = (HashMap::new(), Figures::default());
        let mut watch = Self { root, threads, gone, peak_memory_bytes: 0 };
        watch.read()?;
        Ok(watch)
    }

    /// Costs about 50 µs for each thread: measured with 1,000 of them, not optimised, on a virtual machine.
    ///
    /// # Errors
    ///
    /// `NotFound` when the process has ended and nothing is left of it, and what [`of`](Self::of) says.
    pub(crate) fn read(&mut self) -> io::Result<Usage> {
        if !self.root.is_known() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("process {} has ended", self.root.pid)));
        }
        let (mut now, mut memory, mut peak) = (HashMap::new(), 0, 0);
        for pid in descendants(self.root.pid).into_iter().chain([self.root.pid]) {
            let mut process = Memory::default();
            for thread in tasks(pid).into_iter().map(|task| (pid, task)) {
                let Some((figures, seen)) = while_alive(read_thread(thread))? else { continue };
                now.insert(thread, figures);
                // The main thread can end before the others, and says nothing of the memory then.
                process = process.max(seen);
            }
            memory += process.resident;
            peak += process.peak;
        }
        self.peak_memory_bytes = self.peak_memory_bytes.max(peak);
        self.take(now);
        Ok(self.usage(memory))
    }

    fn take(&mut self, now: HashMap<Thread, Figures>) {
        if self.threads.len() + now.len() > MOST_THREADS {
            for (_, ended) in self.threads.extract_if(|thread, _| !now.contains_key(thread)) {
                self.gone.add(&ended);
            }
        }
        for (thread, figures) in now {
            // Less than before is another thread, to which the number was given again.
            let before = self.threads.insert(thread, figures).filter(|before| before.cpu > figures.cpu);
            before.into_iter().for_each(|ended| self.gone.add(&ended));
        }
    }

    fn usage(&self, memory_bytes: u64) -> Usage {
        let mut sum = self.gone;
        self.threads.values().for_each(|figures| sum.add(figures));
        Usage {
            cpu: sum.cpu,
            memory_bytes,
            peak_memory_bytes: self.peak_memory_bytes,
            voluntary_switches: sum.voluntary_switches,
            involuntary_switches: sum.involuntary_switches,
            threads: self.threads.iter().map(|(thread, figures)| (*thread, figures.cpu)).collect(),
        }
    }
}

/// The numbers of a process and of a thread of it.
type Thread = (u32, u32);

/// What one thread used.
#[derive(Clone, Copy, Default)]
struct Figures {
    cpu: Duration,
    voluntary_switches: u64,
    involuntary_switches: u64,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        self.cpu += other.cpu;
        self.voluntary_switches += other.voluntary_switches;
        self.involuntary_switches += other.involuntary_switches;
    }
}

/// What a process has, as one of its threads says it, in bytes.
#[derive(Clone, Copy, Default)]
struct Memory {
    resident: u64,
    peak: u64,
}

impl Memory {
    fn max(self, other: Self) -> Self {
        Self { resident: self.resident.max(other.resident), peak: self.peak.max(other.peak) }
    }
}

fn read_thread((pid, task): Thread) -> io::Result<(Figures, Memory)> {
    let folder = format!("/proc/{pid}/task/{task}");
    let cpu = read_cpu(&folder)?;
    let status = fs::read_to_string(format!("{folder}/status"))?;
    let figure = |name| figure(&status, name);
    let voluntary_switches = figure("voluntary_ctxt_switches:");
    let involuntary_switches = figure("nonvoluntary_ctxt_switches:");
    // The kernel writes kB and means KiB.
    let memory = Memory { resident: figure("VmRSS:") * 1024, peak: figure("VmHWM:") * 1024 };
    Ok((Figures { cpu, voluntary_switches, involuntary_switches }, memory))
}

/// In nanoseconds from `schedstat`. A kernel without CONFIG_SCHEDSTATS has no such file or writes zeros to it, and
/// counts in ticks.
fn read_cpu(folder: &str) -> io::Result<Duration> {
    let exact = fs::read_to_string(format!("{folder}/schedstat")).unwrap_or_default();
    let nanoseconds = exact.split_ascii_whitespace().next().and_then(|first| first.parse().ok());
    if let Some(nanoseconds) = nanoseconds.filter(|nanoseconds| *nanoseconds > 0) {
        return Ok(Duration::from_nanos(nanoseconds));
    }
    cpu(&fs::read_to_string(format!("{folder}/stat"))?).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// A figure of a status file; 0 where it has none, as for the memory of a zombie.
pub(super) fn figure(status: &str, name: &str) -> u64 {
    let rest = status.lines().find_map(|line| line.strip_prefix(name));
    rest.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Nothing for a thread that ended while it was read.
fn while_alive<T>(reading: io::Result<T>) -> io::Result<Option<T>> {
    match reading {
        Ok(figures) => Ok(Some(figures)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many threads are told apart, living and ended, before the ended ones become one sum. A server that starts one
/// for each connection would make every reading longer than the one before; this many cost less to copy than a hundred
/// to read.
const MOST_THREADS: usize = 4096;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::hint::black_box;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::super::poll::poll;
    use super::super::program::Program;
    use super::*;

    const LONG: Duration = Duration::from_secs(20);
    const MUCH: Duration = Duration::from_millis(50);

    #[test]
    fn a_busy_thread_shows_up_and_stays_in_the_sums_when_it_has_ended() {
        let mut watch = Watch::of(std::process::id()).unwrap();
        let before = watch.read().unwrap();
        let done = AtomicBool::new(false);
        let busy = thread::scope(|scope| {
            scope.spawn(|| while !black_box(done.load(Ordering::Relaxed)) {});
            let busy = poll(LONG, || Some(watch.read().unwrap()).filter(|usage| usage.busiest(&before) > MUCH));
            done.store(true, Ordering::Relaxed);
            busy.expect("a thread that spins uses time")
        });
        assert!(busy.cpu >= before.cpu + MUCH);
        assert!(busy.involuntary_switches >= before.involuntary_switches);
        let after = watch.read().unwrap();
        assert!(after.cpu >= busy.cpu && after.voluntary_switches >= busy.voluntary_switches);
        assert!(after.busiest(&before) >= busy.busiest(&before));
        assert!(after.memory_bytes > 100_000 && after.peak_memory_bytes >= after.memory_bytes);
    }

    #[test]
    fn what_a_child_uses_counts_and_is_not_lost_with_it() {
        let program = Program::start("sh -c 'sh -c \"while :; do :; done\" & wait'", 0).unwrap();
        let mut watch = Watch::of(program.pid()).unwrap();
        let before = watch.read().unwrap();
        let busy = poll(LONG, || Some(watch.read().unwrap()).filter(|usage| usage.busiest(&before) > MUCH))
            .expect("a loop uses time");
        assert!(busy.cpu > MUCH);
        program.stop();
        assert_eq!(watch.read().unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn sums_never_go_backwards_whoever_ends() {
        let mut watch = Watch::of(std::process::id()).unwrap();
        let mut last = Duration::ZERO;
        for at in 0..3 {
            let figures = Figures { cpu: Duration::from_secs(5 - at), ..Figures::default() };
            let thread = u32::try_from(at).unwrap();
            // The same number for another thread, and one that is there once.
            watch.take(HashMap::from([((1, 1), figures), ((2, thread), figures)]));
            let cpu = watch.usage(0).cpu;
            assert!(cpu > last, "{cpu:?} after {last:?}");
            last = cpu;
        }
    }

    #[test]
    fn ended_threads_become_one_sum_where_they_are_many() {
        let mut watch = Watch::of(std::process::id()).unwrap();
        let sum = watch.usage(0).cpu;
        let figures = Figures { cpu: Duration::from_secs(1), ..Figures::default() };
        for from in [0, 3000, 6000] {
            watch.take((from..from + 3000).map(|task| ((1, task), figures)).collect());
        }
        assert_eq!(watch.threads.len(), 3000);
        assert_eq!(watch.usage(0).cpu, sum + Duration::from_secs(9000));
    }

    #[test]
    fn a_process_that_is_not_there_cannot_be_watched() {
        assert_eq!(Watch::of(u32::MAX).err().map(|error| error.kind()), Some(io::ErrorKind::NotFound));
    }
}
