//! Keeper: the parent of a program: it gives it a terminal, starts it, waits for everybody who is left of it, and says how
//! the program ended. Where the program has namespaces of its own, the keeper is their first process, and takes
//! everybody there with it when it ends.
//!
//! The program could lead a session by itself. But then the kernel would send SIGHUP to its children when it ends, and a
//! daemon that was about to leave the session would end with it, which it does not when a person starts it in a shell.

use std::ffi::OsString;
use std::io::{self, Read};
use std::{process, thread};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, ioctl_tiocsctty, setsid};
use rustix::stdio::{stdin, stdout};

use super::super::news::{Ended, News};
use super::super::tree::kill_descendants;
use super::becoming::{forget_files, set_signals, stay_with};
use super::furniture::own_processes;
use super::order::{Order, Role};

/// Stdout is the pipe for news.
pub(super) fn run(order: &Order, command: &[OsString]) {
    let ran = prepare(order).and_then(|()| start(order, command));
    match ran {
        Ok(program) => reap(program),
        Err(failed) => failed.send(stdout()),
    }
}

fn prepare(order: &Order) -> Result<(), News> {
    let step = |name: &'static str| move |error: Errno| News::failed(name, &error.into());
    set_signals();
    if order.walls.processes {
        stay_with(order).map_err(step("be tied to its parent"))?;
        own_processes();
    } else {
        forget_files();
        let tied = thread::Builder::new().spawn(end_with_terminal);
        tied.map_err(|error| News::failed("be tied to its terminal", &error))?;
    }
    setsid().map_err(step("begin a session"))?;
    ioctl_tiocsctty(stdin()).map_err(step("take its terminal"))?;
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).map_err(step("adopt daemons"))?;
    Ok(())
}

/// Whoever started us has the other end of the terminal. When that is gone, and he with it, nobody is to be left.
fn end_with_terminal() {
    let stdin = stdin();
    let mut terminal = [PollFd::new(&stdin, PollFlags::empty())];
    // A signal may come, but no end of the wait.
    while terminal[0].revents().is_empty() {
        let _ = rustix::event::poll(&mut terminal, None);
    }
    kill_descendants(process::id());
    process::exit(1);
}

/// The program, when it is one.
fn start(order: &Order, command: &[OsString]) -> Result<Pid, News> {
    let failed = |error: io::Error| News::failed("start the program", &error);
    let (mut news, writer) = io::pipe().map_err(failed)?;
    let mut launched = order.pass_on(Role::Program).command(command).map_err(failed)?;
    let program = launched.stdout(writer).spawn().map_err(failed)?;
    // It waits for that, because who reads a terminal that others have is stopped.
    let given = rustix::termios::tcsetpgrp(stdin(), Pid::from_child(&program));
    given.map_err(|error| News::failed("hand its terminal over", &error.into()))?;
    // Its end of the pipe has to be the last.
    drop(launched);
    let mut said = Vec::new();
    news.read_to_end(&mut said).map_err(failed)?;
    match serde_json::from_slice(&said) {
        Ok(failed) => Err(failed),
        // It closed without a word, as the program started.
        Err(_) => {
            News::Started(program.id()).send(stdout());
            Ok(Pid::from_child(&program))
        }
    }
}

/// Waits for everybody, and goes on when nobody is left: whoever started us looks for us here, and ends us.
fn reap(program: Pid) -> ! {
    // Its number may be given to somebody else afterwards.
    let mut program = Some(program);
    loop {
        match rustix::process::wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if program == Some(pid) => {
                program = None;
                News::Ended(ended(status)).send(stdout());
            }
            // One of those that lost their parents.
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => thread::park(),
        }
    }
}

fn ended(status: WaitStatus) -> Ended {
    let signal = status.terminating_signal().map(Ended::Signal);
    // One of the two it has to be.
    status.exit_status().map(Ended::Exit).or(signal).unwrap_or(Ended::Exit(0))
}
