//! Subject: somebody else's program that we start, watch and stop. What it is made to do, and what is thought of it, is
//! for the rooms above.

/// What can go wrong with a program.
mod error;
/// Everything that came from a program, so that all of it can be stopped.
mod kin;
/// Who listens on a port, as the kernel tells it.
mod listening;
/// How much of the machine's time it had.
mod machine;
/// Asking again until there is an answer.
mod poll;
/// What `/proc` says of a process.
mod process;
/// The program itself.
mod program;
/// The end of what it wrote to stderr.
mod tail;
/// What it uses.
mod usage;

pub(crate) use error::SubjectError;
pub(crate) use listening::free_port;
pub(crate) use machine::{MachineTime, steal};
pub(crate) use program::Program;
pub(crate) use usage::{Usage, Watch};
