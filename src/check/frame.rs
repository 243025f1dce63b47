//! Stub.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Frame;
