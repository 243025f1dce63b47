//! Subject: somebody else's program that we start, watch and stop. What it is made to do, and what is thought of it, is
//! for the rooms above.

/// What can go wrong with a program.
mod error;
/// The beginning and the end of what a program says.
mod kept;
/// Everything that came from a program, so that all of it can be stopped.
mod kin;
/// A stranger's program is started, with walls around it.
mod launch;
/// Who listens on a port, as the kernel tells it.
mod listening;
/// What a tree of processes uses right now.
mod look;
/// How much of the machine's time it had.
mod machine;
/// What those of us that launch a program tell us.
mod news;
/// Asking again until there is an answer.
mod poll;
/// What `/proc` says of a process.
mod process;
/// The program itself.
mod program;
/// A program that was launched.
mod running;
/// What it listens on.
mod sockets;
/// The end of what it wrote to stderr.
mod tail;
/// The terminal that a program has for itself.
mod terminal;
/// A program that was launched and all that came from it.
mod tree;
/// What it uses.
mod usage;
/// Who is blocked reading a terminal.
mod waiting;

pub(crate) use error::SubjectError;
pub(crate) use launch::{Launch, Limits, VERB, Walls, inside, own_network};
pub(crate) use listening::free_port;
pub(crate) use look::Look;
pub(crate) use machine::{MachineTime, steal};
pub(crate) use news::Ended;
pub(crate) use program::Program;
pub(crate) use running::Running;
pub(crate) use usage::{Usage, Watch};
