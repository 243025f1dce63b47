//! Check: judges servers, clients and scanners that somebody else wrote. It starts the program, plays the other side of
//! its lab, and says what holds, what does not, why, and how to see it again.

/// A finished check as plain data.
pub(crate) mod document;
/// A finished check as people and programs read it.
pub(crate) mod report;
