//! Report: one run, or several, as people and programs read them. All of it is made of `Document`s.

/// The measured time, a second a line, for spreadsheets.
pub(crate) mod csv;
/// All that is known of one run, as plain data.
pub(crate) mod document;
/// Response times as HdrHistogram's plotter reads them.
pub(crate) mod hgrm;
/// Durations in rows, as many as a glance takes in.
mod histogram;
/// A run, or several, as one page.
pub(crate) mod html;
/// A run as one line of JSON, and back.
pub(crate) mod json;
/// A line on the terminal while it lasts.
pub(crate) mod live;
/// A run as it might have been.
#[cfg(test)]
mod sample;
/// The whole terminal while it lasts.
pub(crate) mod screen;
/// A run as people read it on a terminal.
pub(crate) mod summary;
#[cfg(test)]
mod tests;
/// Times, counts and shares in words.
mod words;
