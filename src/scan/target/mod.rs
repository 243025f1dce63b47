//! Target: hosts as people name them, and one after the other by number. Ranges stay ranges: a /8 costs a few words.

/// Addresses that people write as one word.
mod block;

use std::net::SocketAddr;
use std::sync::Arc;

/// One address that is scanned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Host {
    /// With port 0; of IPv6 with its zone.
    pub(crate) address: SocketAddr,
    /// As the user named it, where that is no address.
    pub(crate) name: Option<Arc<str>>,
}

impl Host {
    /// Its address with this port.
    pub(crate) fn at(&self, port: u16) -> SocketAddr {
        let mut address = self.address;
        address.set_port(port);
        address
    }
}

/// All hosts of a scan, each once.
#[derive(Clone, Debug)]
pub(crate) struct Targets {}

impl Targets {
    /// How many hosts; at least one.
    pub(crate) fn len(&self) -> u64 {
        todo!()
    }

    /// One of them, by its number below [`Self::len`].
    pub(crate) fn host(&self, _number: u64) -> Host {
        todo!()
    }
}
