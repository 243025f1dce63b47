//! Seeded: numbers and bytes that follow from a seed, the same on every machine. Pure, and nothing in it is secret. Used
//! by whoever sends data that checks itself, draws a schedule or plays a simulation.

/// Random numbers.
mod dice;
/// Bytes that say where they belong.
mod pattern;

pub(crate) use dice::{Dice, mix};
pub(crate) use pattern::{BLOCK, Pattern};
