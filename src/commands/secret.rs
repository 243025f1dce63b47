//! Secret: a line that is nobody else's business: from a person, who does not see it, or from a pipe. Never from
//! arguments, which every process can read.

use std::io::{self, BufRead, Write};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGINT, SIGTERM};
use zeroize::Zeroizing;

use super::{Exit, Failure};

/// Asks at the terminal that is stdin, without showing what is typed.
///
/// # Errors
/// Where the terminal cannot be used, or is interrupted; it then shows again what is typed.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let failed = |e: io::Error| Failure::failed(format!("cannot ask: {e}"));
    let (interrupt, interrupted) = UnixStream::pair().map_err(failed)?;
    let signals =
        [SIGINT, SIGTERM].map(|signal| signal_hook::low_level::pipe::register(signal, interrupt.try_clone()?));
    let _signals = Signals(signals.into_iter().collect::<io::Result<_>>().map_err(failed)?);
    // Before anybody is asked: whoever answers at once must not be shown either.
    let _blind = Blind::new().map_err(failed)?;
    let mut stderr = io::stderr();
    // Whoever has closed stderr does not want to be asked aloud.
    let _ = write!(stderr, "{prompt}").and_then(|()| stderr.flush());
    let line = read_line(&interrupted);
    // The Enter was not shown either.
    let _ = writeln!(stderr);
    line
}

/// A line from the terminal, unless a signal comes first.
fn read_line(interrupted: &UnixStream) -> Result<Zeroizing<String>, Failure> {
    let failed = |e: rustix::io::Errno| Failure::failed(format!("cannot ask: {}", io::Error::from(e)));
    // The terminal gives a line at a time, and nothing of the next.
    let stdin = io::stdin();
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let count = loop {
        let mut waited = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(interrupted, PollFlags::IN)];
        match poll(&mut waited, None) {
            Ok(_) if !waited[1].revents().is_empty() => {
                return Err(Failure { exit: Exit::Signal(SIGINT), sentence: "nothing was changed".into() });
            }
            Ok(_) => break rustix::io::read(&stdin, &mut **line).map_err(failed)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(failed(e)),
        }
    };
    first_line(&line[..count])
}

/// The first line of a pipe.
///
/// # Errors
/// Where it cannot be read, is no text, or there is none.
pub(crate) fn line(from: impl BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let read = from.take(LONGEST as u64).read_until(b'\n', &mut line);
    read.map_err(|e| Failure::failed(format!("cannot read stdin: {e}")))?;
    first_line(&line)
}

/// Without its end. Nothing at all is no line.
fn first_line(bytes: &[u8]) -> Result<Zeroizing<String>, Failure> {
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::failed("that is no text"))?;
    if text.is_empty() {
        return Err(Failure::failed("no password was given; nothing was changed"));
    }
    Ok(Zeroizing::new(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)).to_owned()))
}

/// A terminal that does not show what is typed, until this is dropped.
struct Blind(Termios);

impl Blind {
    fn new() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut blind = before.clone();
        blind.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &blind)?;
        Ok(Self(before))
    }
}

impl Drop for Blind {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Signals that are told to a pipe, until this is dropped.
struct Signals(Vec<signal_hook::SigId>);

impl Drop for Signals {
    fn drop(&mut self) {
        for signal in &self.0 {
            signal_hook::low_level::unregister(*signal);
        }
    }
}

/// More than the longest password.
const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_says_it_in_its_first_line() {
        for (said, heard) in
            [("s3cret pass\nmore\n", "s3cret pass"), ("s3cret\r\n", "s3cret"), ("s3cret", "s3cret"), ("\n", "")]
        {
            assert_eq!(*line(said.as_bytes()).unwrap(), heard);
        }
        assert!(line(&b""[..]).is_err());
        assert!(line(&b"\xff\n"[..]).is_err());
    }
}
