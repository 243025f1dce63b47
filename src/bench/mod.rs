//! Bench: load, as three values (pace, workload, stop) and a loop, and what is to be believed of it.

/// A run as people and programs read it.
pub(crate) mod report;
