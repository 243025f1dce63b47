//! Ending: how a conversation ended, as a value. Its words are the CAUSE of the event lines.

use std::{fmt, io};

use super::error::Reason;

/// How a conversation ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The peer said it was done, and got everything that was due.
    PeerClosed,
    /// The service said all it had to say.
    WeClosed,
    /// The peer tore the connection down.
    Reset,
    /// Nothing moved for longer than allowed, or the peer stopped answering.
    TimedOut,
    /// A limit refused or ended it.
    Limit,
    /// The server is going.
    Shutdown,
    /// Something else failed.
    Failed(io::Error),
}

impl Ending {
    /// Whether nothing went wrong.
    pub(crate) fn is_ordinary(&self) -> bool {
        matches!(self, Self::PeerClosed | Self::WeClosed | Self::Shutdown)
    }
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut};
        match error.kind() {
            ConnectionReset | ConnectionAborted | BrokenPipe => Self::Reset,
            TimedOut => Self::TimedOut,
            _ => Self::Failed(error),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PeerClosed => "peer closed",
            Self::WeClosed => "we closed",
            Self::Reset => "reset",
            Self::TimedOut => "timed out",
            Self::Limit => "limit",
            Self::Shutdown => "shutdown",
            Self::Failed(error) => return write!(f, "error: {}", Reason(error)),
        })
    }
}
