//! Waiting: who is blocked reading a terminal, as the kernel tells it, so that a prompt is seen and not guessed from
//! silence.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::makedev;

use super::process::tasks;

/// Whether a thread of one of these waits for input from this device; nothing where the kernel does not say.
pub(super) fn is_read(pids: &[u32], device: u64) -> Option<bool> {
    let mut is_known = !CALLS.is_empty();
    for pid in pids {
        let mut terminals = None;
        for task in tasks(*pid) {
            let call = fs::read_to_string(format!("/proc/{pid}/task/{task}/syscall")).map(|line| call(&line));
            match call.and_then(|call| call.map_or(Ok(Vec::new()), |call| files(*pid, call))) {
                Ok(files) if files.is_empty() => {}
                Ok(files) => {
                    let terminals = terminals.get_or_insert_with(|| opened(*pid, device));
                    if files.iter().any(|file| terminals.contains(file)) {
                        return Some(true);
                    }
                }
                Err(error) => is_known &= is_gone(&error),
            }
        }
    }
    is_known.then_some(false)
}

/// Whether every thread of these sleeps.
pub(super) fn sleep(pids: &[u32]) -> bool {
    let mut threads = pids.iter().flat_map(|pid| tasks(*pid).into_iter().map(move |task| (*pid, task)));
    threads.all(|(pid, task)| super::process::state(pid, task) == Some('S'))
}

/// A thread that ended meanwhile reads nothing.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// What a thread waits in, where that can be waiting for input, and its first two arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Call {
    kind: Kind,
    first: u64,
    second: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Of the file that is its first argument.
    Read,
    /// Of an array of files, with their number.
    Poll,
    /// Of the number of files, and one bit for each.
    Select,
    /// Of another file, which knows them.
    Epoll,
}

/// `0 0x3 0x7f0d3015d000 …`: number and arguments of the system call in which a thread sleeps. Who is awake is
/// `running`, and who sleeps elsewhere is -1.
fn call(line: &str) -> Option<Call> {
    let mut words = line.split_ascii_whitespace();
    let number: i64 = words.next()?.parse().ok()?;
    let (_, kind) = CALLS.iter().find(|(known, _)| *known == number)?;
    let mut argument = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (first, second) = (argument()?, argument()?);
    // The kernel reads no more of files and numbers of them, and shows all that the registers hold.
    let int = |argument: u64| argument & u64::from(u32::MAX);
    Some(match kind {
        Kind::Poll => Call { kind: *kind, first, second: int(second) },
        Kind::Read | Kind::Select | Kind::Epoll => Call { kind: *kind, first: int(first), second },
    })
}

/// The files whose input it waits for.
fn files(pid: u32, call: Call) -> io::Result<Vec<u64>> {
    match call.kind {
        Kind::Read => Ok(vec![call.first]),
        Kind::Poll => Ok(polled(&memory(pid, call.first, call.second.saturating_mul(POLLFD))?)),
        Kind::Select if call.second == 0 => Ok(Vec::new()),
        // The kernel counts bits in words of 64.
        Kind::Select => Ok(selected(&memory(pid, call.second, call.first.div_ceil(64) * 8)?, call.first)),
        Kind::Epoll => Ok(watched(&fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", call.first))?)),
    }
}

/// What stands in the memory of a process.
fn memory(pid: u32, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length.min(MOST_MEMORY)).unwrap_or_default()];
    File::open(format!("/proc/{pid}/mem"))?.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// `struct pollfd`: four bytes of file, two of events that are waited for, two of those that came.
fn polled(array: &[u8]) -> Vec<u64> {
    let (entries, _) = array.as_chunks::<8>();
    let wanted = entries.iter().filter(|entry| u16::from_ne_bytes([entry[4], entry[5]]) & INPUT != 0);
    let files = wanted.map(|entry| i32::from_ne_bytes([entry[0], entry[1], entry[2], entry[3]]));
    files.filter_map(|file| u64::try_from(file).ok()).collect()
}

/// `fd_set`: file 0 is the lowest bit of the first word.
fn selected(bits: &[u8], count: u64) -> Vec<u64> {
    let (words, _) = bits.as_chunks::<8>();
    let words: Vec<u64> = words.iter().map(|word| u64::from_ne_bytes(*word)).collect();
    let is_in = |file: &u64| words.get((file / 64) as usize).is_some_and(|word| word >> (file % 64) & 1 == 1);
    (0..count.min(words.len() as u64 * 64)).filter(is_in).collect()
}

/// `tfd:        0 events:       19 data: …` for each file, the events in hexadecimal: proc_pid_fdinfo(5).
fn watched(info: &str) -> Vec<u64> {
    let entries = info.lines().filter_map(|line| {
        let mut words = line.strip_prefix("tfd:")?.split_ascii_whitespace();
        let (file, _, events) = (words.next()?, words.next()?, words.next()?);
        let events = u64::from_str_radix(events, 16).ok()?;
        (events & u64::from(INPUT) != 0).then(|| file.parse().ok())?
    });
    entries.collect()
}

/// Those files of a process that are this terminal, be it by its other name.
fn opened(pid: u32, device: u64) -> Vec<u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let is_terminal = |path: &Path| {
        let opened = fs::metadata(path).map(|metadata| metadata.rdev());
        opened.is_ok_and(|opened| opened == device || opened == makedev(TTY.0, TTY.1))
    };
    let terminals = files.filter(|file| is_terminal(&file.path()));
    terminals.filter_map(|file| file.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(target_arch = "x86_64")]
const CALLS: &[(i64, Kind)] = &[
    (0, Kind::Read),
    (7, Kind::Poll),
    (19, Kind::Read),
    (23, Kind::Select),
    (232, Kind::Epoll),
    (270, Kind::Select),
    (271, Kind::Poll),
    (281, Kind::Epoll),
    (441, Kind::Epoll),
];

#[cfg(target_arch = "aarch64")]
const CALLS: &[(i64, Kind)] =
    &[(22, Kind::Epoll), (63, Kind::Read), (65, Kind::Read), (72, Kind::Select), (73, Kind::Poll), (441, Kind::Epoll)];

/// Their numbers are others on every kind of processor.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const CALLS: &[(i64, Kind)] = &[];

/// POLLIN, which is EPOLLIN too, and POLLRDNORM.
const INPUT: u16 = 0x41;

/// The size of a `struct pollfd`.
const POLLFD: u64 = 8;

/// 8,192 files in a poll; who waits for more waits for no person.
const MOST_MEMORY: u64 = 64 * 1024;

/// `/dev/tty`, everybody's own terminal.
const TTY: (u32, u32) = (5, 0);

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_thread_that_waits_for_input_is_told_from_others() {
        let call_of = |line| call(line).map(|call| (call.kind, call.first, call.second));
        for (line, seen) in [
            ("0 0x3 0x7f0d3015d000 0x20000 0x7f 0xff 0x0 0x7ffd 0x7f0d\n", Some((Kind::Read, 3, 0x7f0d_3015_d000))),
            ("7 0x7ffd10 0x2 0xffffffff 0x0 0x0 0x0 0x7ffd 0x7f0d\n", Some((Kind::Poll, 0x7f_fd10, 2))),
            // Of what is no pointer the kernel takes 32 bits.
            ("23 0x1ffffff00000040 0x7ffd 0x0 0x0 0x0 0x0 0x7ffd 0x7f0d\n", Some((Kind::Select, 64, 0x7ffd))),
            ("288 0x3 0x7ffd 0x7ffd 0x80000 0x0 0x0 0x7ffd 0x7f0d\n", None),
            ("running\n", None),
            ("-1 0x7ffd 0x7f0d\n", None),
            ("", None),
        ] {
            assert_eq!(call_of(line), seen, "{line}");
        }
    }

    #[test]
    fn files_of_a_poll_count_where_input_is_wanted() {
        let entry = |file: i32, events: u16| [&file.to_ne_bytes()[..], &events.to_ne_bytes(), &[0; 2]].concat();
        let array = [entry(0, 1), entry(5, 4), entry(-1, 1), entry(7, 0x41)].concat();
        assert_eq!(polled(&array), [0, 7]);
    }

    #[test]
    fn files_of_a_select_are_bits() {
        let bits = [0b1001_u64.to_ne_bytes(), 0b10_u64.to_ne_bytes()].concat();
        assert_eq!(selected(&bits, 70), [0, 3, 65]);
        assert_eq!(selected(&bits, 3), [0]);
        assert_eq!(selected(&bits, u64::MAX), [0, 3, 65]);
    }

    #[test]
    fn files_of_an_epoll_are_lines() {
        let info = "pos:\t0\nflags:\t02\nmnt_id:\t15\n\
            tfd:        0 events:       19 data:                0  pos:0 ino:3 sdev:17\n\
            tfd:        6 events:        4 data:                6  pos:0 ino:4 sdev:17\n";
        assert_eq!(watched(info), [0]);
    }
}
