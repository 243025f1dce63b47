//! Print: what is ready goes to stdout, or to a file.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use super::{Exit, Failure};
use crate::net::Reason;

/// How many columns the terminal on stdout has, where it is one that says so.
pub(super) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Writes `text` to stdout; a closed stdout ends quietly.
///
/// # Errors
/// Where stdout cannot be written to for another reason.
pub(crate) fn run(text: &[u8]) -> Result<Exit, Failure> {
    to_stdout(|out| out.write_all(text)).map(|()| Exit::Done)
}

/// What `write` writes goes to stdout; a closed stdout ends quietly.
///
/// # Errors
/// Where stdout cannot be written to for another reason.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write stdout: {}", Reason(&e))))
        }
        _ => Ok(()),
    }
}

/// What `write` writes becomes the file at `path`, where there is one.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn to_file(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let done = File::create(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        write(&mut out).and_then(|()| out.flush())
    });
    done.map_err(|e| Failure::failed(format!("cannot write {}: {}; check the path", path.display(), Reason(&e))))
}
