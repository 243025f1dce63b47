//! Sources: which local address a connection comes from. One address has some 28,000 ports for each peer, so a larger
//! crowd, or one that leaves ports in TIME_WAIT behind, needs more of them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::socket::Target;

#[derive(Clone, Debug)]
pub(super) struct Sources {
    named: Vec<IpAddr>,
    /// Whether all of 127.0.0.0/8 is ours to come from.
    loopback: bool,
    /// How many ports had run out.
    shift: u32,
}

impl Sources {
    /// Those that were named, or our own choice where there are none.
    pub(super) fn new(named: &[IpAddr], target: &Target) -> Self {
        let loopback = matches!(target, Target::Tcp(SocketAddr::V4(to)) if to.ip().is_loopback());
        Self { named: named.to_vec(), loopback: loopback && named.is_empty(), shift: 0 }
    }

    /// For the connection in this place; none where the system is to choose.
    pub(super) fn of(&self, place: u32) -> Option<IpAddr> {
        if !self.named.is_empty() {
            return self.named.get((place + self.shift) as usize % self.named.len()).copied();
        }
        let block = place / PLACES_EACH + self.shift;
        (self.loopback && block > 0).then(|| {
            // 127.0.0.1 is the system's own choice, and 127.255.255.255 a broadcast.
            let host = 1 + block % 0x00ff_fffd;
            IpAddr::V4(Ipv4Addr::from_bits(0x7f00_0000 | host))
        })
    }

    /// The ports of one address are used up; whether there is another.
    pub(super) fn shift(&mut self) -> bool {
        let more = self.loopback || self.named.len() > 1;
        self.shift = self.shift.wrapping_add(u32::from(more));
        more
    }
}

/// Connections from one address: below the 28,232 ports that Linux gives out by default.
const PLACES_EACH: u32 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str) -> Target {
        Target::Tcp(address.parse().unwrap())
    }

    #[test]
    fn a_crowd_beyond_the_ports_of_one_address_comes_from_more() {
        let mut sources = Sources::new(&[], &target("127.0.0.1:5555"));
        assert_eq!(sources.of(0), None);
        assert_eq!(sources.of(19_999), None);
        assert_eq!(sources.of(20_000), Some("127.0.0.2".parse().unwrap()));
        assert_eq!(sources.of(60_000), Some("127.0.0.4".parse().unwrap()));
        assert!(sources.shift());
        assert_eq!(sources.of(0), Some("127.0.0.2".parse().unwrap()));
    }

    #[test]
    fn who_is_not_on_loopback_comes_from_where_the_system_or_the_user_says() {
        let mut sources = Sources::new(&[], &target("192.0.2.1:5555"));
        assert_eq!(sources.of(60_000), None);
        assert!(!sources.shift());
        let named: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let sources = Sources::new(&named, &target("192.0.2.1:5555"));
        assert_eq!([sources.of(0), sources.of(1), sources.of(2)], [Some(named[0]), Some(named[1]), Some(named[0])]);
    }
}
