//! Where events go, and how: the words that `serve` and `connect` share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::Talk;
use crate::event::Level;
use crate::event::sinks::{Colour, Format};

#[derive(Debug, Args)]
pub(super) struct EventWords {
    /// How much is told of what happens
    #[arg(long, value_name = "LEVEL", default_value = "messages", help_heading = "Events")]
    events: LevelWord,
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
    pub(super) fn level(&self) -> Level {
        match self.events {
            LevelWord::Quiet => Level::Quiet,
            LevelWord::Connections => Level::Connections,
            LevelWord::Messages => Level::Messages,
            LevelWord::Bytes => Level::Bytes,
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
