//! Setting: what is the same for all cases of a check: whom we judge, how patient we are, and what we were told about
//! its ways.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use super::dialogue::Dialogue;
use super::events::EventWords;
use super::frame::{Frame, Shape};
use super::prompts::Rule;
use super::workplace::Command;
use crate::subject::{Limits, Walls};

/// Whom we judge.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A program that we start, for each case anew.
    Started(Command),
    /// A server that somebody else started.
    Address(SocketAddr),
}

/// The same for all cases.
pub(crate) struct Setting {
    pub(crate) subject: Subject,
    pub(crate) walls: Walls,
    /// Where copies of its folder are made.
    pub(crate) copies: PathBuf,
    /// Folders that a program does not see.
    pub(crate) hidden: Vec<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) seed: u64,
    /// All times are multiplied by it.
    pub(crate) patience: f64,
    /// What was said about its questions.
    pub(crate) rules: Vec<Rule>,
    /// The port that a server is told, or that we listen on for a client.
    pub(crate) port: Option<u16>,
    pub(crate) events: EventWords,
    pub(crate) frame: Frame,
    pub(crate) dialogue: Option<Dialogue>,
    /// Set when nothing is to be waited for any more.
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) learned: OnceLock<Learned>,
    /// How it speaks, as far as we have found out ourselves.
    pub(crate) spoken: OnceLock<Dialogue>,
}

/// What the first case found out about its ways.
#[derive(Clone, Debug, Default)]
pub(crate) struct Learned {
    /// What a server says before it was asked anything.
    pub(crate) greeting: Vec<u8>,
    /// The ports from the first to the last that a scanner asks which takes no range.
    pub(crate) range: Option<(u16, u16)>,
    /// How its messages are framed, once somebody has tried.
    pub(crate) shape: OnceLock<Shape>,
}
