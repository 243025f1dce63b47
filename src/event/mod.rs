//! Events: what happened, told outwards. Workers tell, sinks write; nothing ever comes back and nobody waits.

/// The log of who was let in.
pub(crate) mod audit;
/// What one console or log is told: levels, the queue towards it, and a reporter for each worker.
mod emitter;
/// How much may be told in detail: at machine speed a summary takes the place of lines.
mod pace;
/// The voice of one worker for one service, and the account of one conversation.
mod reporter;
/// Where lines go: console or file, text or JSON.
pub(crate) mod sinks;
/// Counters that are never lost.
mod tally;
/// A stream that tells what passes through it.
mod tap;
/// Bytes from a peer, which reach a terminal or a log only escaped.
mod untrusted;

use std::time::Duration;

use jiff::Timestamp;

use crate::net::{Ending, Endpoint};

pub(crate) use emitter::Emitter;
pub(crate) use reporter::{Reporter, Session};
pub(crate) use tally::Totals;
pub(crate) use tap::{Account, Tap};
pub(crate) use untrusted::Untrusted;

/// How much is told; each level includes the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nothing.
    Quiet,
    /// The life of servers and connections.
    Connections,
    /// Every receipt and every sending too.
    #[default]
    Messages,
    /// What was received and sent too, escaped.
    Bytes,
}

/// Something that happened, ready to be written down.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    /// The service it happened to; `client` for our own talking end.
    pub(crate) service: &'static str,
    /// The conversation it happened in, counted from 1 within the process.
    pub(crate) conn: Option<u64>,
    pub(crate) fact: Fact,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Fact {
    Start,
    Listen {
        on: Endpoint,
    },
    Connect {
        way: Way,
        peer: Endpoint,
        local: Endpoint,
    },
    Receive {
        bytes: u64,
        dump: Option<Untrusted>,
    },
    Send {
        bytes: u64,
        dump: Option<Untrusted>,
    },
    Disconnect {
        way: Way,
        ending: Ending,
        bytes_in: u64,
        bytes_out: u64,
        lasted: Duration,
    },
    Stop {
        totals: Totals,
        lasted: Duration,
    },
    /// Something could not be done or told.
    Lost {
        trouble: Trouble,
    },
    /// What was too much to tell line by line since the last summary.
    Summary {
        hidden: Totals,
    },
}

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// They came to us.
    In,
    /// We went to them.
    Out,
}

/// What was lost, and why.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// Lines that could not be written, because the sink was full, stalled or failing.
    Lines(u64),
    /// Connections wait in the kernel's queue, because they cannot be accepted now.
    Accept(std::io::Error),
}

/// The two kinds of facts that come at machine speed; each is paced by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Detail,
    Connection,
}

impl Fact {
    /// `None` for what is rare and always told.
    fn class(&self) -> Option<Class> {
        match self {
            Self::Receive { .. } | Self::Send { .. } => Some(Class::Detail),
            Self::Connect { .. } | Self::Disconnect { .. } => Some(Class::Connection),
            _ => None,
        }
    }
}
