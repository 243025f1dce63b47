//! Report: one run, or several, as people and programs read them. All of it is made of `Document`s.

/// All that is known of one run, as plain data.
pub(crate) mod document;
