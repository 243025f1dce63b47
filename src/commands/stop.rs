//! Stop: the order to end what is under way, for commands that print what they have by then.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, channel};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::signals;

/// Set by a first signal, or by whoever has had enough. A second signal ends the program.
pub(super) struct Stop {
    pub(super) set: Arc<AtomicBool>,
    /// Says something as soon as a signal has come.
    pub(super) woken: Receiver<()>,
    signal: Arc<AtomicI32>,
}

impl Stop {
    /// # Errors
    /// Where the system grants no descriptors or no thread.
    pub(super) fn watch() -> io::Result<Self> {
        let (wake, woken) = channel();
        let stop = Self { set: Arc::default(), woken, signal: Arc::default() };
        let (set, first) = (Arc::clone(&stop.set), Arc::clone(&stop.signal));
        signals::watch(&[SIGINT, SIGTERM], move |signal| {
            if first.swap(signal, Ordering::Relaxed) != 0 {
                std::process::exit(128 + signal);
            }
            set.store(true, Ordering::Relaxed);
            // Where nobody waits, the flag is enough.
            let _ = wake.send(());
            ControlFlow::Continue(())
        })?;
        Ok(stop)
    }

    pub(super) fn is_set(&self) -> bool {
        self.set.load(Ordering::Relaxed)
    }

    /// Which signal it was, if it was one.
    pub(super) fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }
}
