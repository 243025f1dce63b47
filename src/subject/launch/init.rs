//! Init: the first process of the namespaces of a program: it starts the program, waits for everybody who is left
//! there, and says how the program ended. When it ends, so does everybody there.

use std::ffi::OsString;
use std::io::{self, Read};
use std::thread;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use rustix::stdio::stdout;

use super::super::news::{Ended, News};
use super::becoming::{set_signals, stay_with};
use super::furniture::furnish;
use super::order::{Order, Role};

/// Stdout is the pipe for news.
pub(super) fn run(order: &Order, command: &[OsString]) {
    let ran = prepare(order).and_then(|writable| start(order, writable, command));
    match ran {
        Ok(program) => reap(program),
        Err(failed) => failed.send(stdout()),
    }
}

fn prepare(order: &Order) -> Result<Vec<OsString>, News> {
    set_signals();
    stay_with(order).map_err(|error| News::failed("be tied to its parent", &error.into()))?;
    furnish(order).map_err(|(step, error)| News::failed(step, &error))
}

/// The program, when it is one.
fn start(order: &Order, writable: Vec<OsString>, command: &[OsString]) -> Result<Pid, News> {
    let failed = |error: io::Error| News::failed("start the program", &error);
    let (mut news, writer) = io::pipe().map_err(failed)?;
    let order = Order { writable, ..order.pass_on(Role::Program) };
    let mut process = order.command(command).map_err(failed)?;
    let program = process.stdout(writer).spawn().map_err(failed)?;
    // Its end of the pipe has to be the last.
    drop(process);
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
    loop {
        match waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(Some(_)) => {}
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(_) => thread::park(),
        }
        if let Ok(Some(status)) = waitid(WaitId::Pid(program), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            let signal = status.terminating_signal().map(Ended::Signal);
            let ended = status.exit_status().map(Ended::Exit).or(signal).unwrap_or(Ended::Exit(0));
            News::Ended(ended).send(stdout());
        } else {
            // One of those that lost their parents.
            let _ = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
    }
}
