//! Progress: how far all clients are, once it is clear that it lasts.

use std::convert::Infallible;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Progress, Run};

/// Shows a bar from the second second on, and takes it away when dropped.
///
/// # Cancel safety
/// Being dropped is how it ends.
pub(super) async fn show(run: &Run, progress: Progress) -> Infallible {
    tokio::time::sleep(PATIENCE).await;
    let bar = Bar(match progress {
        Progress::Bar => bar(run),
        Progress::Hidden => ProgressBar::hidden(),
    });
    loop {
        bar.0.set_position(run.received.get());
        tokio::time::sleep(TICK).await;
    }
}

fn bar(run: &Run) -> ProgressBar {
    let total = run.payload.size.saturating_mul(run.payload.clients as u64);
    let style = ProgressStyle::with_template("{bar:30} {bytes} of {total_bytes} ({bytes_per_sec}, {eta} left)");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    // indicatif draws nothing where stderr is no terminal.
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr()).with_style(style)
}

struct Bar(ProgressBar);

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// What is over within a second needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);
