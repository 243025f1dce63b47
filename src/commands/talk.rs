//! Talk: what the program says to the person who started it, on stderr, and how loud.

use std::io::{IsTerminal, Write};

use crate::event::sinks::Colour;

/// The voice of a command on stderr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Talk {
    pub(crate) volume: Volume,
    pub(crate) paint: Paint,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Volume {
    Quiet,
    Normal,
    Verbose,
}

/// When colour is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paint {
    /// On a terminal.
    Auto,
    Always,
    Never,
}

impl Talk {
    /// Says one sentence, unless told to be quiet.
    pub(crate) fn say(self, sentence: &str) {
        if self.volume > Volume::Quiet {
            // Nobody listens on a closed stderr.
            let _ = writeln!(std::io::stderr(), "sockeye: {sentence}");
        }
    }
}

impl Paint {
    /// The colour for what goes to `stream`.
    pub(crate) fn on(self, stream: &impl IsTerminal) -> Colour {
        let wanted = match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => stream.is_terminal(),
        };
        if wanted { Colour::Coloured } else { Colour::Plain }
    }
}
