//! Refusal: why something was not done, as `login` says it: `ERR code text`. The text never repeats what was typed.

use std::io;
use std::time::Duration;

use super::command::NoCommand;
use super::password::BadPassword;
use crate::framing::FramingError;
use crate::services::name::BadName;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    Command(#[from] NoCommand),
    #[error(transparent)]
    Framing(#[from] FramingError),
    #[error(transparent)]
    Name(#[from] BadName),
    #[error(transparent)]
    Password(#[from] BadPassword),
    #[error("this name, or one that looks like it, is taken")]
    Taken,
    /// One text for a wrong name and a wrong password.
    #[error("wrong name or password")]
    Denied,
    #[error("this token is not good any more; LOGIN again")]
    Token,
    #[error("too many passwords to look at just now; try again in a moment")]
    Busy,
    #[error("the next try is in {seconds} s, because earlier ones were wrong", seconds = whole_seconds(.0))]
    Wait(Duration),
    #[error(
        "names and passwords can be read by others on their way over plain TCP; use a Unix socket or a tunnel, or start \
         the server with --insecure-login"
    )]
    Insecure,
    #[error("nobody is logged in; REGISTER, LOGIN or RESUME first")]
    Outside,
    #[error("somebody is logged in; LOGOUT first")]
    Inside,
    #[error("at most {} bytes and {} s until somebody is logged in", super::visit::MOST_BEFORE, super::visit::TIME_BEFORE.as_secs())]
    Limit,
    #[error("this session was ended; LOGIN again")]
    Revoked,
    #[error("the server stops; RESUME when it is back")]
    Stopping,
    #[error("this session is too old; LOGIN again")]
    Expired,
    #[error("{0}")]
    Unavailable(#[from] StoreError),
    /// The peer is gone: nothing is said to it.
    #[error("{0}")]
    Gone(io::Error),
}

impl Refusal {
    /// For programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Framing(_) => "framing",
            Self::Name(_) => "name",
            Self::Password(_) => "password",
            Self::Taken => "taken",
            Self::Denied => "denied",
            Self::Token => "token",
            Self::Busy => "busy",
            Self::Wait(_) => "wait",
            Self::Insecure => "insecure",
            Self::Outside => "outside",
            Self::Inside => "inside",
            Self::Limit => "limit",
            Self::Revoked => "revoked",
            Self::Stopping => "shutdown",
            Self::Expired => "expired",
            Self::Unavailable(_) | Self::Gone(_) => "unavailable",
        }
    }

    /// Whether it was a guess, or one that came too soon, of which a connection has three.
    pub(super) fn was_a_guess(&self) -> bool {
        matches!(self, Self::Denied | Self::Token | Self::Wait(_))
    }
}

/// A wait is over when so many seconds have passed.
fn whole_seconds(wait: &Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
