//! Here: what this machine calls its own, its addresses and the ports that it connects from.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

/// Whether an address is one of this machine's, which is all that a socket can be bound to.
pub(super) fn has(address: SocketAddr) -> bool {
    address.ip().is_loopback() || UdpSocket::bind(address).is_ok()
}

/// What the system gives to sockets that connect; where it does not say, all that it could.
pub(super) fn local_ports() -> RangeInclusive<u16> {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut ends = text.split_whitespace().map_while(|end| end.parse().ok());
    match (ends.next(), ends.next()) {
        (Some(first), Some(last)) => first..=last,
        _ => 1024..=u16::MAX,
    }
}
