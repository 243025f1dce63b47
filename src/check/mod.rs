//! Check: judges servers, clients and scanners that somebody else wrote. It starts the program, plays the other side of
//! its lab, and says what holds, what does not, why, and how to see it again.

/// A program that we started, with somebody at its terminal.
mod actor;
/// One row of a lab, and where it stands.
pub(crate) mod case;
/// The time of day as programs write it.
mod clock;
/// Conversations in words of the program's own.
pub(crate) mod dialogue;
/// A finished check as plain data.
pub(crate) mod document;
/// A finished check as people and programs read it.
pub(crate) mod report;
