//! Quiet: the terminal between two lines. rustyline switches to its raw mode for each line and back; without this, a key
//! pressed in between would be echoed beside the next prompt, and a Ctrl-D would be eaten by the terminal's own line
//! editing. Ctrl-C stays a signal.

use std::io;

use rustix::termios::{InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Keeps the terminal on stdin from echoing and editing until it is dropped, which restores what was before.
pub(super) struct Quiet {
    before: Termios,
    quiet: Termios,
}

impl Quiet {
    /// `None` where stdin is no terminal.
    pub(super) fn keep() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        quiet.input_modes -= InputModes::ICRNL;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Now, &quiet).ok()?;
        Some(Self { before, quiet })
    }

    /// Does it again: a shell that had the terminal meanwhile has made it its own.
    pub(super) fn again(&self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.quiet);
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
