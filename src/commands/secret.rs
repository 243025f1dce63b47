//! Secret: a line that is nobody else's business: from a person, who does not see it, or from a pipe. Never from
//! arguments, which every process can read. And what a person agrees to.

use std::io::{self, BufRead};

use zeroize::Zeroizing;

use super::{Exit, Failure};
use crate::client::question::{Echo, Interview, Reply};

/// Asks at the terminal that is stdin, without showing what is typed.
///
/// # Errors
/// Where the terminal cannot be used, or whoever is asked does not answer.
pub(crate) fn ask(interview: &mut Interview, question: &str) -> Result<Zeroizing<String>, Failure> {
    match interview.ask(question, Echo::Hidden, &mut io::stderr()) {
        Ok(Reply::Line(line)) => Ok(line),
        Ok(Reply::Nothing) => Err(Failure::failed(NOTHING)),
        Ok(Reply::Signal(signal)) => Err(stopped(signal)),
        Err(e) => Err(cannot_ask(&e)),
    }
}

/// Whether a person at the terminal that is stdin agrees; the end of their input does not.
///
/// # Errors
/// Where the terminal cannot be used, and where a signal ends the question.
pub(crate) fn agrees(interview: &mut Interview, question: &str) -> Result<bool, Failure> {
    match interview.ask(&format!("{question} [y/N] "), Echo::Shown, &mut io::stderr()) {
        Ok(Reply::Line(line)) => Ok(line.trim().eq_ignore_ascii_case("y")),
        Ok(Reply::Nothing) => Ok(false),
        Ok(Reply::Signal(signal)) => Err(stopped(signal)),
        Err(e) => Err(cannot_ask(&e)),
    }
}

fn stopped(signal: i32) -> Failure {
    Failure { exit: Exit::Signal(signal), sentence: "a signal stopped the question; nothing was changed".into() }
}

/// Who asks.
///
/// # Errors
/// Where signals cannot be waited for.
pub(crate) fn interview() -> Result<Interview, Failure> {
    Interview::new().map_err(|e| cannot_ask(&e))
}

fn cannot_ask(error: &io::Error) -> Failure {
    Failure::failed(format!("cannot ask: {error}"))
}

/// The first line of a pipe.
///
/// # Errors
/// Where it cannot be read, is no text, or there is none.
pub(crate) fn line(from: impl BufRead) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let read = from.take(LONGEST as u64).read_until(b'\n', &mut line);
    read.map_err(|e| Failure::failed(format!("cannot read stdin: {e}")))?;
    let text = std::str::from_utf8(&line).map_err(|_| Failure::failed("that is no text"))?;
    if text.is_empty() {
        return Err(Failure::failed(NOTHING));
    }
    Ok(Zeroizing::new(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)).to_owned()))
}

const NOTHING: &str = "no password was given; nothing was changed";
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
