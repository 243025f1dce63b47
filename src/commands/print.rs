//! Print: text that is ready goes to stdout.

use std::io::{ErrorKind, Write};

use super::{Exit, Failure};
use crate::net::Reason;

/// How many columns the terminal on stdout has, where it is one that says so.
pub(super) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Writes `text` to stdout; a closed stdout ends quietly.
///
/// # Errors
/// Where stdout cannot be written to for another reason.
pub(crate) fn run(text: &[u8]) -> Result<Exit, Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write stdout: {}", Reason(&e))))
        }
        _ => Ok(Exit::Done),
    }
}
