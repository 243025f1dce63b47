//! Stub.
#[derive(Clone, Debug)]
pub(crate) struct Dialogue;
