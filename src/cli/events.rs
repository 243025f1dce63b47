//! Where events go, and how: the words that `serve` and `connect` share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::Talk;
use crate::event::Level;
use crate::event::sinks::{Colour, Format};

#[derive(Debug, Args)]
pub(super) struct EventWords {
    /// How much is told of what happens [default: messages]
    #[arg(long, value_name = "LEVEL", help_heading = "Events")]
    events: Option<LevelWord>,
    /// Append events to FILE instead of the console; SIGHUP opens it anew
    #[arg(long, value_name = "FILE", help_heading = "Events")]
    pub(super) log: Option<PathBuf>,
    /// The form of an event
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "Events")]
    log_format: FormatWord,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelWord {
    /// Nothing
    Quiet,
    /// Servers and connections
    Connections,
    /// And every receipt and sending
    Messages,
    /// And the bytes themselves, escaped
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatWord {
    /// TIME SERVICE #CONN WORDS
    Text,
    /// One object a line
    Json,
}

impl EventWords {
    /// That of the word, where there is one.
    pub(super) fn level_or(&self, default: Level) -> Level {
        match self.events {
            None => default,
            Some(LevelWord::Quiet) => Level::Quiet,
            Some(LevelWord::Connections) => Level::Connections,
            Some(LevelWord::Messages) => Level::Messages,
            Some(LevelWord::Bytes) => Level::Bytes,
        }
    }

    /// The form for a file, or for the console when `console` gives its text form.
    pub(super) fn format(&self, talk: Talk, console: impl FnOnce(Talk) -> Format) -> Format {
        match self.log_format {
            FormatWord::Json => Format::Json,
            FormatWord::Text if self.log.is_some() => Format::Text(Colour::Plain),
            FormatWord::Text => console(talk),
        }
    }
}
