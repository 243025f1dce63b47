//! Exit: what a command's end means to whoever started it. The one place where codes stand.

use std::io::ErrorKind;
use std::process::ExitCode;

use crate::net::NetError;
use crate::store::StoreError;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything asked for was done.
    Done,
    /// It failed: refused, reset, timed out, bytes lost or wrong.
    Failed,
    /// Bad words or bad configuration.
    BadWords,
    /// What was found out is not all that was asked: some ports were not tested.
    CouldNotJudge,
    /// Stopped by this signal.
    Signal(i32),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadWords => 2,
            Exit::CouldNotJudge => 3,
            Exit::Signal(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        })
    }
}

/// Why a command could not do what it was asked: one sentence with the way out, and the code that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) sentence: String,
}

impl Failure {
    /// The world refused.
    pub(crate) fn failed(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, sentence: sentence.into() }
    }

    /// The words were wrong.
    pub(crate) fn bad_words(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::BadWords, sentence: sentence.into() }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        let way_out = match error.kind() {
            ErrorKind::AddrInUse if error.address().starts_with("unix:") => {
                "; name another path, or remove the file if nobody uses it"
            }
            ErrorKind::AddrInUse => "; name another port, add --next-port, or see who holds it with `ss -ltnp`",
            ErrorKind::PermissionDenied if error.address().starts_with("unix:") => "; name a path you may write to",
            ErrorKind::PermissionDenied => "; ports below 1024 are for the administrator, so name a higher one",
            ErrorKind::AddrNotAvailable => "; this machine has no such address, `ip address` lists those it has",
            ErrorKind::ConnectionRefused => "; nothing listens there, so start the server first or check the port",
            ErrorKind::TimedOut => "; check the address, or allow more with --connect-timeout",
            ErrorKind::NotFound => "; check the path",
            _ if error.operation() == "resolve" => "; check the name, or give an IP address",
            _ => "",
        };
        Self::failed(format!("{error}{way_out}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let way_out = match &error {
            StoreError::Nowhere => "; name one with --data",
            StoreError::InUse { .. } => "; stop it first, or name another folder with --data",
            StoreError::TooOpen { .. } => "; take the rights of others away with `chmod go-rwx`",
            StoreError::Missing { .. } => "; name another folder with --data",
            StoreError::TooOld { .. } => "; a server of this sockeye brings it up to date when it starts",
            StoreError::TooNew { .. } => "; update sockeye, or name another folder with --data",
            StoreError::Unwritable(_) | StoreError::Failed(_) => "; check the folder, or name another with --data",
            StoreError::SyncFailed(_) => {
                "; a change that was not acknowledged may be kept or lost, so check the disk before a restart"
            }
        };
        Self::failed(format!("{error}{way_out}"))
    }
}
