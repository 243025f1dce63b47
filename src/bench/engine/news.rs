//! News: what a worker tells those who add up.

use std::sync::mpsc::TrySendError;

use super::tally::Tally;

pub(super) enum News {
    /// Everybody of this worker's crowd is connected, or is not.
    Connected {
        alive: usize,
        tally: Box<Tally>,
    },
    Slice(Box<Slice>),
    Done(Box<Last>),
    /// Its event queue failed.
    Failed(std::io::Error),
}

/// What was counted in one second, or more where nobody took it.
pub(super) struct Slice {
    /// Nanoseconds of the run, here and below.
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) tally: Tally,
    pub(super) backlog: u64,
}

/// What was counted behind the last slice, and what is known at the end only.
#[derive(Default)]
pub(super) struct Last {
    pub(super) tally: Tally,
    pub(super) slice_began: u64,
    pub(super) finished: u64,
    pub(super) drained: u64,
    /// CPU time in the measured time, of which so much was looking out.
    pub(super) cpu: u64,
    pub(super) spun: u64,
    pub(super) unsent: u64,
    /// Out, in, and reads, up to the end of the measured time.
    pub(super) bytes: [u64; 3],
    pub(super) backlog_end: u64,
    pub(super) backlog_most: u64,
}

/// A slice that nobody took, where it is one.
pub(super) fn returned(error: TrySendError<News>) -> Option<Slice> {
    match error {
        TrySendError::Full(News::Slice(slice)) | TrySendError::Disconnected(News::Slice(slice)) => Some(*slice),
        _ => None,
    }
}
