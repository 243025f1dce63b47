//! Endpoint: one end of a socket as people read it in an event line.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// One end of a connected or listening socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// An IP address and port; an IPv4-mapped IPv6 address is the IPv4 address.
    Ip(SocketAddr),
    /// A Unix socket; the connecting end mostly has no path.
    Unix(Option<PathBuf>),
}

impl Endpoint {
    /// The IP address, where there is one: what limits and identities go by.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(addr) => Some(addr.ip()),
            Self::Unix(_) => None,
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(canonical(addr))
    }
}

/// `::ffff:a.b.c.d` as `a.b.c.d`; every other address as it is.
pub(crate) fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::from((ip, addr.port())),
        IpAddr::V6(_) => addr,
    }
}

/// Whom an address stands for: of IPv6, everybody of the 64 bits that one customer has.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl From<&tokio::net::unix::SocketAddr> for Endpoint {
    fn from(addr: &tokio::net::unix::SocketAddr) -> Self {
        Self::Unix(addr.as_pathname().map(Into::into))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            // The peer chose its own name.
            Self::Unix(Some(path)) => write!(f, "unix:{}", path.display().to_string().escape_debug()),
            Self::Unix(None) => f.write_str("unix"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_shown_as_ipv4_and_no_name_moves_a_cursor() {
        let mapped: SocketAddr = "[::ffff:192.0.2.1]:7".parse().unwrap();
        assert_eq!(Endpoint::from(mapped).to_string(), "192.0.2.1:7");
        let evil = Endpoint::Unix(Some("/tmp/x\n\x1b[2J".into()));
        assert_eq!(evil.to_string(), "unix:/tmp/x\\n\\u{1b}[2J");
        let native: SocketAddr = "[2001:db8::1]:7".parse().unwrap();
        assert_eq!(Endpoint::from(native).to_string(), "[2001:db8::1]:7");
    }
}
