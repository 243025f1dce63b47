//! SubjectError: which program, and what was wrong with it. The way out is added by `commands`, which knows the flags.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;
use std::{fmt, io};

/// A program that could not be started, or that did not come to listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubjectError {
    #[error("cannot start a program from an empty command line")]
    Empty,
    #[error("cannot split `{command}` into words: a quote is not closed")]
    Quoting { command: String },
    #[error("cannot start `{command}`: {}", Reason(.source))]
    Start { command: String, source: io::Error },
    /// Whoever speaks to the port would speak to that other program.
    #[error("cannot start `{command}`: another program listens on port {port} already")]
    PortTaken { command: String, port: u16 },
    /// `status` is `None` where the system did not keep it for us, as it does not where SIGCHLD is ignored.
    #[error("`{command}` ended{} before it listened on port {port}", How(.status))]
    Ended { command: String, port: u16, status: Option<ExitStatus>, stderr: Vec<u8> },
    #[error("`{command}` did not listen on port {port} within {patience:?}")]
    Silent { command: String, port: u16, patience: Duration, stderr: Vec<u8> },
}

impl SubjectError {
    /// The end of what the program wrote to stderr, at most 4 KiB, as it wrote it: escape it before anybody sees it.
    pub(crate) fn stderr(&self) -> &[u8] {
        match self {
            Self::Ended { stderr, .. } | Self::Silent { stderr, .. } => stderr,
            Self::Empty | Self::Quoting { .. } | Self::Start { .. } | Self::PortTaken { .. } => &[],
        }
    }
}

/// An I/O error in plain words, without the error number that the standard library adds.
pub(super) struct Reason<'a>(pub(super) &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let plain = text.split(" (os error").next().unwrap_or_default();
        let mut chars = plain.chars();
        let first = chars.next().map(char::to_lowercase).into_iter().flatten();
        first.chain(chars).try_for_each(|c| write!(f, "{c}"))
    }
}

/// How a program ended, as it stands after "ended".
struct How<'a>(&'a Option<ExitStatus>);

impl fmt::Display for How<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(status) = self.0 else { return Ok(()) };
        match (status.code(), status.signal()) {
            (Some(code), _) => write!(f, " with exit status {code}"),
            (None, Some(signal)) => write!(f, " by signal {signal}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_one_sentence_that_names_the_command() {
        let command = || "server 5555".to_owned();
        let ended = |status| SubjectError::Ended { command: command(), port: 5555, status, stderr: b"oops".to_vec() };
        let (source, patience) = (io::Error::from_raw_os_error(2), Duration::from_secs(10));
        for (error, text) in [
            (
                SubjectError::Quoting { command: command() },
                "cannot split `server 5555` into words: a quote is not closed",
            ),
            (
                SubjectError::Start { command: command(), source },
                "cannot start `server 5555`: no such file or directory",
            ),
            (
                SubjectError::PortTaken { command: command(), port: 5555 },
                "cannot start `server 5555`: another program listens on port 5555 already",
            ),
            (
                ended(Some(ExitStatus::from_raw(0x100))),
                "`server 5555` ended with exit status 1 before it listened on port 5555",
            ),
            (ended(Some(ExitStatus::from_raw(9))), "`server 5555` ended by signal 9 before it listened on port 5555"),
            (ended(None), "`server 5555` ended before it listened on port 5555"),
            (
                SubjectError::Silent { command: command(), port: 5555, patience, stderr: Vec::new() },
                "`server 5555` did not listen on port 5555 within 10s",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
        assert_eq!(ended(None).stderr(), b"oops");
    }
}
