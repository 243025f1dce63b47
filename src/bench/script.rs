//! Script: requests and the answers that are to come to them, read from a file. Pure.

/// Requests and answers, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) name: String,
}
