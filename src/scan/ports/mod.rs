//! Ports: which ports of a host, in any of the ways people write that, and what they are called.

/// The ports of a scan, each once, in rising order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ports(Vec<u16>);

impl Ports {
    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

/// The service that the IANA registered for a TCP port.
pub(crate) fn service(_port: u16) -> Option<&'static str> {
    todo!()
}
