//! Banner: what an open port says by itself or when it is asked, and what that makes it.

use std::io;
use std::time::Duration;

use super::News;

/// What an open port said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The protocol, in the words of the IANA where it has some: `ssh`, `http`, `tls`, `redis`; none where nothing that
    /// came is known.
    pub(crate) service: Option<String>,
    /// What of it told us so, for people: `SSH-2.0-OpenSSH_9.6`, `HTTP/1.1 200, server nginx`, names of a certificate.
    pub(crate) why: String,
    /// The first bytes, at most [`LARGEST`].
    pub(crate) bytes: Vec<u8>,
}

/// More than this of what a port says is not read.
pub(crate) const LARGEST: usize = 1024;

/// Looks at open ports, several at once, while the scan goes on.
pub(crate) struct Looker {}

impl Looker {
    /// One that gives each port `patience` for each thing that it is asked.
    ///
    /// # Errors
    /// Where the system grants no thread.
    pub(crate) fn open(_patience: Duration) -> io::Result<Self> {
        todo!()
    }

    /// Passes news on to `tell`, in their order for each host: an open port when it was looked at, a host's report behind
    /// the last of its ports, progress at once. Does not wait.
    pub(crate) fn pass(&mut self, _news: News, _tell: &mut dyn FnMut(News)) {
        todo!()
    }

    /// Passes on what is still being looked at; whatever is not done soon after `stop` is set goes without.
    pub(crate) fn finish(self, _stop: &std::sync::atomic::AtomicBool, _tell: &mut dyn FnMut(News)) {
        todo!()
    }
}
