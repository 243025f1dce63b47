//! The talking end: a person at a terminal, a pipe, a payload that checks itself. Knows sockets and events; words,
//! exit codes and the environment are others' business.
//!
//! ```text
//! stdin ─▶ pipe ────┐                                ┌──▶ hex    a dump of both ways
//! keys ─▶ terminal ─┴─▶ speech ─▶ wire ─▶ the peer ──┼──▶ account and its events
//! keys ─▶ chat ─────────── speech ─▶ wire ─▶ the peer ───▶ speech ─▶ a room on the screen
//! seed ─▶ payload ─────────────────────▶ the peer    └──▶ speech ─▶ stdout, or arriving text on the screen
//! ```

/// What a peer sends, as text for a terminal.
mod arriving;
/// A room on the whole terminal.
pub(crate) mod chat;
/// LF becomes CRLF on its way out.
mod crlf;
/// A dump of both directions.
mod hex;
/// Gets a person into a `login` server.
pub(crate) mod login;
/// Generated data that is sent, received back and checked.
pub(crate) mod payload;
/// stdin to the socket, the socket to stdout.
pub(crate) mod pipe;
/// What a person is asked at the terminal, shown or unseen.
pub(crate) mod question;
/// The terminal between two lines.
mod quiet;
/// Plays rock-paper-scissors.
pub(crate) mod rps;
/// The terminal's surface, while a line is being typed and while none is.
mod screen;
/// Signals that end a conversation, to be waited for.
mod signals;
/// What goes out and what comes in: bytes, or messages that are lines on our side.
mod speech;
/// A line editor over a conversation.
pub(crate) mod terminal;
/// What can go wrong while talking.
mod trouble;
/// The socket of one conversation, and everything that is told of it.
mod wire;

pub(crate) use crlf::LineEnd;
pub(crate) use hex::HexDump;
pub(crate) use screen::Screen;
pub(crate) use speech::{Rendering, Speech};
pub(crate) use trouble::Trouble;
pub(crate) use wire::{Account, Wire};
