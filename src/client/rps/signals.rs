//! Signals: those that end a game, as something that can be waited for beside keys and the server.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::{SigId, flag, low_level};

/// Watches until it is dropped.
pub(super) struct Signals {
    woken: UnixStream,
    /// The last one; 0 is none.
    which: Arc<AtomicUsize>,
    ids: Vec<SigId>,
}

impl Signals {
    /// # Errors
    /// Where the system has no descriptors left.
    pub(super) fn watch() -> io::Result<Self> {
        let (woken, wakes) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let mut signals = Self { woken, which: Arc::default(), ids: Vec::new() };
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            let number = usize::try_from(signal).map_err(io::Error::other)?;
            // It is known which before anybody is woken.
            signals.ids.push(flag::register_usize(signal, Arc::clone(&signals.which), number)?);
            signals.ids.push(low_level::pipe::register(signal, wakes.try_clone()?)?);
        }
        Ok(signals)
    }

    /// The signal that has come, if one has.
    pub(super) fn came(&self) -> Option<i32> {
        // How often we were woken does not matter.
        let _ = (&self.woken).read(&mut [0; 64]);
        i32::try_from(self.which.load(Ordering::SeqCst)).ok().filter(|signal| *signal != 0)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.ids.drain(..).for_each(|id| {
            low_level::unregister(id);
        });
    }
}
