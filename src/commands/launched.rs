//! Launched: we were started by ourselves, to start a stranger's program.

use std::ffi::OsString;

use super::Exit;
use crate::subject;

/// The hidden verb.
pub(crate) const VERB: &str = subject::VERB;

/// Returns only where it fails, which has been told to who started us then, and where the program has ended.
pub(super) fn run(words: &[OsString]) -> Exit {
    subject::inside(words);
    Exit::Failed
}
