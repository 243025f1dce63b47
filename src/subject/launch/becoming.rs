//! Becoming: the last that is ours in a process before it is the stranger's program.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, Signal, getpgrp, getrlimit, setrlimit};
use rustix::stdio::{dup2_stdout, stdin, stdout};
use rustix::termios::tcgetpgrp;
use rustix::thread::{CapabilitySet, clear_ambient_capability_set, remove_capability_from_bounding_set};

use super::super::news::News;
use super::super::poll::poll;
use super::Limits;
use super::files::write_only_to;
use super::order::Order;

/// Starts `command` in this process. Returns only where that fails, and then it has been told.
///
/// Stdin is the terminal, stdout the pipe for news, which closes by itself when the program starts.
pub(super) fn start(order: &Order, command: &[OsString]) {
    let Ok(news) = rustix::io::fcntl_dupfd_cloexec(stdout(), 3) else { return };
    let failed = prepare(order).err().unwrap_or_else(|| News::Failed { step: None, errno: exec(command) });
    failed.send(&news);
}

fn prepare(order: &Order) -> Result<(), News> {
    let step = |name: &'static str| move |error: Errno| News::failed(name, &error.into());
    stay_with(order).map_err(step("be tied to its parent"))?;
    set_signals();
    poll(PATIENCE, has_terminal).ok_or(Errno::TIMEDOUT).map_err(step("get its terminal"))?;
    dup2_stdout(stdin()).map_err(step("print on its terminal"))?;
    limit(&order.limits).map_err(step("limit what it uses"))?;
    if order.walls.processes {
        // Others of the same person are not counted from Linux 5.14 on.
        cap(Resource::Nproc, PROCESSES, PROCESSES).map_err(step("limit its processes"))?;
    }
    rustix::process::chdir(&order.folder).map_err(step("go to its folder"))?;
    give_up_rights().map_err(step("give up its rights"))?;
    if order.walls.files {
        write_only_to(&order.writable).map_err(|error| News::failed("protect files", &io::Error::other(error)))?;
    }
    Ok(())
}

/// Whether this process may read it.
fn has_terminal() -> Option<()> {
    (tcgetpgrp(stdin()) == Ok(getpgrp())).then_some(())
}

/// Those that our namespaces gave us, and that of root to the low ports, which are refused then as they are to
/// everybody.
fn give_up_rights() -> Result<(), Errno> {
    clear_ambient_capability_set()?;
    match remove_capability_from_bounding_set(CapabilitySet::NET_BIND_SERVICE) {
        // Who may not do that does not have it either.
        Err(Errno::PERM) => Ok(()),
        done => done,
    }
}

/// Gives the number of the error.
fn exec(command: &[OsString]) -> i32 {
    let Some((name, arguments)) = command.split_first() else { return Errno::INVAL.raw_os_error() };
    let error = Command::new(name).args(arguments).exec();
    error.raw_os_error().unwrap_or(Errno::INVAL.raw_os_error())
}

/// Lets this process end with the one that started it, be it that this one has ended by now.
pub(super) fn stay_with(order: &Order) -> Result<(), Errno> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // The first process of a namespace does not see its parent.
    match rustix::process::getppid() {
        Some(parent) if parent.as_raw_pid().unsigned_abs() != order.from => Err(Errno::SRCH),
        _ => Ok(()),
    }
}

/// Closes what whoever started us left open: it is not for strangers.
pub(super) fn forget_files() {
    let files = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers: Vec<i32> = files.filter_map(|file| file.file_name().to_str()?.parse().ok()).collect();
    for number in numbers.into_iter().filter(|number| *number > 2) {
        // Nothing of ours is open yet, but for the folder that was just read and has been closed.
        let _ = nix::unistd::close(number);
    }
}

/// Makes every signal do what it does by itself, whatever of them whoever started us wants to ignore: what is caught
/// here, where nobody looks whether it was, is reset by the kernel when the program starts.
pub(super) fn set_signals() {
    for signal in SIGNALS {
        // One that cannot be caught cannot be ignored either.
        let _ = signal_hook::flag::register(signal.as_raw(), Arc::new(AtomicBool::new(false)));
    }
}

fn limit(limits: &Limits) -> Result<(), Errno> {
    let cpu = limits.cpu.max(Duration::from_secs(1)).as_secs();
    // At the first the program gets a signal that it may catch, at the second it is killed.
    cap(Resource::Cpu, cpu, cpu + 1)?;
    cap(Resource::Fsize, limits.file_bytes, limits.file_bytes)?;
    cap(Resource::Core, 0, 0)?;
    cap(Resource::Nofile, limits.descriptors, limits.descriptors)
}

/// Never to more than it is.
fn cap(resource: Resource, current: u64, maximum: u64) -> Result<(), Errno> {
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    setrlimit(resource, Rlimit { current: Some(current.min(most)), maximum: Some(maximum.min(most)) })
}

/// A thread for each of a thousand clients, and some more.
const PROCESSES: u64 = 4096;

/// The keeper has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those that people and programs send, or that the kernel sends for what a program does.
const SIGNALS: &[Signal] = &[
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::USR1,
    Signal::USR2,
    Signal::PIPE,
    Signal::ALARM,
    Signal::TERM,
    Signal::CHILD,
    Signal::CONT,
    Signal::TSTP,
    Signal::TTIN,
    Signal::TTOU,
    Signal::XCPU,
    Signal::XFSZ,
    Signal::WINCH,
];
