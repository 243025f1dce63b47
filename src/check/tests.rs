//! The judge itself, on servers in memory that are right or wrong on purpose, and on labs that were made for it.

/// Labs that were made to see what the judge makes of them.
mod board;
/// What holds of the whole catalogue.
mod catalogue;
/// Servers that are threads of the test.
mod servers;
/// Right and wrong echo servers, and what they are failed by.
mod verdicts;

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::case::Case;
use super::document::{Graded, Verdict};
use super::events::EventWords;
use super::frame::Frame;
use super::judge::{self, Job};
use super::schedule::Schedule;
use super::setting::{Setting, Subject};
use crate::subject::{Limits, Walls};

/// What is the same for all cases of a test.
fn setting(address: SocketAddr, patience: f64) -> Setting {
    Setting {
        subject: Subject::Address(address),
        walls: Walls::NONE,
        copies: std::env::temp_dir(),
        hidden: Vec::new(),
        limits: Limits::default(),
        seed: 7,
        patience,
        rules: Vec::new(),
        port: None,
        events: EventWords::default(),
        frame: Frame::default(),
        dialogue: None,
        stop: Arc::new(AtomicBool::new(false)),
        learned: OnceLock::new(),
        spoken: OnceLock::new(),
    }
}

/// Plays them, eight at a time.
fn judged(cases: &[Case], setting: &Setting) -> Vec<Graded> {
    judged_until(cases, setting, None)
}

fn judged_until(cases: &[Case], setting: &Setting, until: Option<Instant>) -> Vec<Graded> {
    let again = |id: &str, schedule: Option<&Schedule>| match schedule {
        Some(schedule) => schedule.to_string(),
        None => id.to_owned(),
    };
    judge::run(&Job { cases, setting, workers: 8, until, schedule: None, again: &again }, &mut |_| {})
}

/// The ids of those that came to this.
fn ids(grades: &[Graded], verdict: Verdict) -> Vec<&str> {
    grades.iter().filter(|graded| graded.verdict == verdict).map(|graded| graded.id.as_str()).collect()
}

fn graded<'a>(grades: &'a [Graded], id: &str) -> &'a Graded {
    grades.iter().find(|graded| graded.id == id).unwrap_or_else(|| panic!("no case is called {id}"))
}
