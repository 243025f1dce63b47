//! **sockeye** is the other end of the socket: it answers (`serve`), talks (`connect`), presses (`bench`), looks (`scan`),
//! and judges (`check`).
//!
//! ```text
//! argv/env/file ─▶ cli ──plan──▶ commands ──▶ server │ client │ bench │ scan │ check  words become plans
//!        socket ─▶ net ──stream──▶ tap ──Conn──▶ service │ client      each wrapper is a stream; the end is a conversation
//!                                   └──Event──▶ console │ file │ json  facts go out of the window, nothing comes back
//! ```
//!
//! Each room knows itself and the rooms below it: `cli → commands → { server, client, bench, scan, check } → services →
//! event → net`; `tests/rooms.rs` holds the doors. ARCHITECTURE.md tells why the rooms are as they are.
//!
//! As a library it offers two things: [`Server`], the other end for tests of your own network client, and [`framing`],
//! which tells messages apart in a stream of bytes.

/// Holds what was written against a file of `golden/` beside the test.
#[cfg(test)]
macro_rules! same {
    ($written:expr, $golden:literal) => {
        let written = $written;
        assert!(written == include_str!(concat!("golden/", $golden)), "this was written:\n{written}");
    };
}

/// Load that can be believed.
mod bench;
/// Who is right: programs of others, judged.
mod check;
/// Words become plans: the only room that knows clap.
mod cli;
/// The talking end: a person at a terminal, a pipe, a payload that checks itself.
mod client;
/// One page a verb: assemble, run, hand over the result, choose the exit code.
mod commands;
/// What happened, told outwards to console and log.
mod event;
/// Where a message begins and ends: codecs, and messages over any stream.
pub mod framing;
/// Sockets: addresses, listening, dialling, and the bare-TCP fast path.
mod net;
/// Which ports of which hosts are open.
mod scan;
/// Numbers and bytes that follow from a seed.
mod seeded;
/// Who is let in, who works, and how it all ends.
mod server;
/// The conversations we hold, one file each, in one table.
mod services;
/// What outlives the process: names, accounts, sessions.
mod store;
/// Programs that we start, watch and stop.
mod subject;

pub use server::{Server, ServerError};

/// The pure machines of services with people around them. For our own tests and benchmarks, and no promise to others.
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation {
    pub use crate::services::{Crowd, simulate_lobby as lobby, simulate_room as room};
}

/// Runs the `sockeye` program with this process's arguments; what it returns is the exit code of `cli.md`:
/// 0 done, 1 failed, 2 bad words, 3 could not judge, 130 and 143 stopped by a signal.
#[must_use]
pub fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os()).into()
}
