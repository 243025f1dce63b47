//! Signals: a thread that waits for them, for commands that have something else to wait for.

use std::io;
use std::ops::ControlFlow;
use std::thread;

/// Calls `came` with each of these signals that comes, until it has heard enough; from then on they do nothing.
///
/// # Errors
/// Where the system grants no descriptors or no thread.
pub(super) fn watch(signals: &[i32], mut came: impl FnMut(i32) -> ControlFlow<()> + Send + 'static) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
    let wait = move || signals.forever().try_for_each(&mut came);
    thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
}
