//! Check: judges servers, clients and scanners that somebody else wrote. It starts the program, plays the other side of
//! its lab, and says what holds, what does not, why, and how to see it again.

/// A program that we started, with somebody at its terminal.
mod actor;
/// One row of a lab, and where it stands.
pub(crate) mod case;
/// The time of day as programs write it.
mod clock;
/// Where copies are kept while a run goes on.
pub(crate) mod copies;
/// Conversations in words of the program's own.
pub(crate) mod dialogue;
/// A finished check as plain data.
pub(crate) mod document;
/// Where we wait for clients.
pub(crate) mod door;
/// What a program says when something happens.
pub(crate) mod events;
/// Why a case did not pass.
mod fault;
/// How messages are told apart.
pub(crate) mod frame;
/// Mistakes that are known by what they look like.
mod hints;
/// Plays the cases and grades them.
pub(crate) mod judge;
/// The catalogue.
pub(crate) mod labs;
/// What was meant by a word that was mistyped.
pub(crate) mod near;
/// What a program asks on its terminal.
pub(crate) mod prompts;
/// A finished check as people and programs read it.
pub(crate) mod report;
/// Bytes as a person reads them.
mod say;
/// What one case knows about itself while it is played.
mod scene;
/// What is said on one connection and when.
pub(crate) mod schedule;
/// What is the same for all cases.
pub(crate) mod setting;
/// Everything a case can do.
mod stage;
/// What a prompt is about.
mod topics;
/// Our end of one connection.
mod wire;
/// The fresh copy of a program's folder.
pub(crate) mod workplace;

/// The judge itself, on subjects in memory.
#[cfg(test)]
mod tests;
