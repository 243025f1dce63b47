//! Stub.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventWords;
