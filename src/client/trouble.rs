//! Trouble: what can go wrong while talking, in the words that follow the address: `localhost:5555 …`.

use std::io;
use std::time::Duration;

use crate::framing::FramingError;
use crate::net::{Ending, NetError, Reason};

/// Why a conversation failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// There was no conversation; the address stands in the error.
    #[error(transparent)]
    Unreached(#[from] NetError),
    #[error("reset the connection after sending us {received} bytes{}", unsent(*.left))]
    Reset { received: u64, left: usize },
    #[error("closed the connection while we were sending: it took {taken} bytes, and {left} more were ready")]
    Unsent { taken: u64, left: usize },
    #[error("was idle: nothing moved in either direction for {0:?}; allow more with --idle-timeout")]
    Idle(Duration),
    #[error("broke the framing: it {}; check --framing", broken(.0))]
    Framing(FramingError),
    #[error("was left, because a line cannot be sent: {0}")]
    Unsayable(FramingError),
    #[error("did not let us in: {0}")]
    TurnedAway(String),
    #[error("does not greet as login does; check the port and --framing")]
    Ungreeted,
    #[error("closed the connection before the match was over")]
    CutShort,
    #[error("cannot be talked to any more: {}", Reason(.0))]
    Socket(io::Error),
    #[error("was left, because stdin cannot be read: {}", Reason(.0))]
    Stdin(io::Error),
    #[error("was left, because stdout cannot be written to: {}", Reason(.0))]
    Stdout(io::Error),
    #[error("was left, because the terminal cannot be used: {0}")]
    Terminal(String),
}

fn unsent(left: usize) -> String {
    if left == 0 { String::new() } else { format!("; {left} bytes of ours were not taken") }
}

fn broken(how: &FramingError) -> String {
    match how {
        FramingError::TooLong { most } => format!("began a message that is longer than {most} bytes"),
        FramingError::BadHeader => "sent a header that is no number".to_owned(),
        FramingError::Unfinished => "ended within a message".to_owned(),
        FramingError::HoldsDelimiter => how.to_string(),
    }
}

impl Trouble {
    /// The cause as the events tell it.
    pub(super) fn ending(&self) -> Ending {
        match self {
            Self::Reset { .. } | Self::Unsent { .. } => Ending::Reset,
            Self::Idle(_) => Ending::TimedOut,
            Self::Socket(e) | Self::Stdin(e) | Self::Stdout(e) => {
                Ending::Failed(io::Error::new(e.kind(), e.to_string()))
            }
            Self::Framing(e) | Self::Unsayable(e) => Ending::Failed(io::Error::other(e.clone())),
            Self::TurnedAway(_) | Self::Ungreeted => Ending::WeClosed,
            Self::CutShort => Ending::PeerClosed,
            Self::Terminal(why) => Ending::Failed(io::Error::other(why.clone())),
            Self::Unreached(error) => Ending::Failed(io::Error::new(error.kind(), error.to_string())),
        }
    }
}
