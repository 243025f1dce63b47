//! Block: addresses that follow each other, which people write as one word: one, a CIDR block, a range. Sees no other
//! file: the fuzzer takes it as it is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// Addresses from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    pub(super) space: Space,
    /// As numbers, in the order of bits that the network has.
    pub(super) first: u128,
    pub(super) last: u128,
}

/// Among which addresses these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Space {
    V4,
    /// With the zone of RFC 4007, 0 where none is named.
    V6 {
        zone: u32,
    },
}

/// Why a word that looks like addresses is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum BlockError {
    #[error("`{0}` is no IP address, and only one can have a /LENGTH; write 192.0.2.0/24 or 2001:db8::/120")]
    NoAddress(String),
    #[error("`/{length}` is no prefix length of `{address}`; it is from 0 to {most}")]
    BadLength { address: String, length: String, most: u32 },
    #[error("`{0}` is no end of a range; write 192.0.2.1-20 or 192.0.2.1-192.0.2.20")]
    BadEnd(String),
    #[error("`{0}` runs backwards; write the lower address first")]
    Backwards(String),
}

impl Block {
    pub(super) fn of(address: SocketAddr) -> Self {
        let zone = if let SocketAddr::V6(v6) = address { v6.scope_id() } else { 0 };
        let (space, number) = place(address.ip(), zone);
        Self { space, first: number, last: number }
    }

    /// `192.0.2.1`, `::1`, `[::1]`, `fe80::1%2`, `192.0.2.0/24`, `192.0.2.1-20`, `192.0.2.1-192.0.2.20`; nothing for
    /// what looks like none of these.
    pub(super) fn parse(word: &str) -> Result<Option<Self>, BlockError> {
        if let Some((base, length)) = word.split_once('/') {
            return prefix(base, length).map(Some);
        }
        if let Some((space, number)) = address(word) {
            return Ok(Some(Self { space, first: number, last: number }));
        }
        let Some((begin, end)) = word.split_once('-') else { return Ok(None) };
        let Some((space, first)) = address(begin) else { return Ok(None) };
        let last = end_of(end, (space, first)).ok_or_else(|| BlockError::BadEnd(end.to_owned()))?;
        if first > last { Err(BlockError::Backwards(word.to_owned())) } else { Ok(Some(Self { space, first, last })) }
    }

    /// How many; one too few where it is every IPv6 address.
    pub(super) fn len(&self) -> u128 {
        (self.last - self.first).saturating_add(1)
    }

    /// Whether it begins or ends among link-local addresses, which every interface has, and names no interface.
    pub(super) fn lacks_zone(&self) -> bool {
        let link_local = |number: &u128| Ipv6Addr::from_bits(*number).is_unicast_link_local();
        self.space == Space::V6 { zone: 0 } && [self.first, self.last].iter().any(link_local)
    }

    /// The address that is so far from the first.
    pub(super) fn nth(&self, offset: u64) -> SocketAddr {
        self.space.address(self.first + u128::from(offset))
    }
}

/// Everything whose first bits are those of `base`.
fn prefix(base: &str, length: &str) -> Result<Block, BlockError> {
    let (space, number) = address(base).ok_or_else(|| BlockError::NoAddress(base.to_owned()))?;
    let most = space.bits();
    let bad = || BlockError::BadLength { address: base.to_owned(), length: length.to_owned(), most };
    let digits = !length.is_empty() && length.bytes().all(|c| c.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|length| digits && *length <= most).ok_or_else(bad)?;
    let inside: u128 = u128::MAX.checked_shr(128 - (most - length)).unwrap_or(0);
    Ok(Block { space, first: number & !inside, last: number | inside })
}

/// The end of a range: an address, or the last octet of one.
fn end_of(end: &str, (space, first): (Space, u128)) -> Option<u128> {
    match address(end) {
        Some((found, last)) => (found == space).then_some(last),
        None if space == Space::V4 && end.bytes().all(|c| c.is_ascii_digit()) => {
            Some(first & !0xff | u128::from(end.parse::<u8>().ok()?))
        }
        None => None,
    }
}

/// One address, with or without the brackets of IPv6 and a numbered zone.
fn address(word: &str) -> Option<(Space, u128)> {
    if let Ok(v4) = word.parse::<Ipv4Addr>() {
        return Some(place(v4.into(), 0));
    }
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    let (bare, zone) = bare.split_once('%').unwrap_or((bare, "0"));
    Some(place(bare.parse::<Ipv6Addr>().ok()?.into(), zone.parse().ok()?))
}

/// An IPv4 address that is written as IPv6 is the same host.
fn place(ip: IpAddr, zone: u32) -> (Space, u128) {
    match ip.to_canonical() {
        IpAddr::V4(v4) => (Space::V4, v4.to_bits().into()),
        IpAddr::V6(v6) => (Space::V6 { zone }, v6.to_bits()),
    }
}

impl Space {
    fn bits(self) -> u32 {
        match self {
            Self::V4 => Ipv4Addr::BITS,
            Self::V6 { .. } => Ipv6Addr::BITS,
        }
    }

    /// With port 0.
    fn address(self, number: u128) -> SocketAddr {
        match self {
            Self::V4 => (Ipv4Addr::from_bits(u32::try_from(number).expect("a number of 32 bits")), 0).into(),
            Self::V6 { zone } => SocketAddrV6::new(Ipv6Addr::from_bits(number), 0, 0, zone).into(),
        }
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = if let Space::V6 { zone: zone @ 1.. } = self.space { format!("%{zone}") } else { String::new() };
        let show = |number| format!("{}{zone}", self.space.address(number).ip());
        let inside = self.first ^ self.last;
        // A CIDR block: all bits that differ are the last ones, and differ in full.
        let is_prefix = inside & inside.wrapping_add(1) == 0 && self.first & inside == 0;
        if self.first == self.last {
            f.write_str(&show(self.first))
        } else if is_prefix {
            write!(f, "{}/{}", show(self.first), self.space.bits() - inside.count_ones())
        } else {
            write!(f, "{}-{}", show(self.first), show(self.last))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(word: &str) -> Block {
        Block::parse(word).unwrap_or_else(|e| panic!("{word}: {e}")).unwrap_or_else(|| panic!("{word} is a name"))
    }

    #[test]
    fn every_form_is_read_counted_and_shown_again() {
        for (word, shown, len) in [
            ("192.0.2.1", "192.0.2.1", 1),
            ("::1", "::1", 1),
            ("[::1]", "::1", 1),
            ("[fe80::1%2]", "fe80::1%2", 1),
            ("fe80::1%2", "fe80::1%2", 1),
            ("fe80::1%0", "fe80::1", 1),
            ("::ffff:192.0.2.1", "192.0.2.1", 1),
            ("192.0.2.0/24", "192.0.2.0/24", 256),
            ("192.0.2.77/24", "192.0.2.0/24", 256),
            ("192.0.2.1/32", "192.0.2.1", 1),
            ("192.0.2.1/31", "192.0.2.0/31", 2),
            ("0.0.0.0/0", "0.0.0.0/0", 1 << 32),
            ("2001:db8::/120", "2001:db8::/120", 256),
            ("[2001:db8::]/64", "2001:db8::/64", 1 << 64),
            ("fe80::%3/127", "fe80::%3/127", 2),
            ("::/0", "::/0", u128::MAX),
            ("192.0.2.1-20", "192.0.2.1-192.0.2.20", 20),
            ("192.0.2.0-255", "192.0.2.0/24", 256),
            ("192.0.2.250-192.0.3.3", "192.0.2.250-192.0.3.3", 10),
            ("192.0.2.7-7", "192.0.2.7", 1),
            ("2001:db8::1-2001:db8::4", "2001:db8::1-2001:db8::4", 4),
        ] {
            let block = block(word);
            assert_eq!((block.to_string().as_str(), block.len()), (shown, len), "{word}");
            assert_eq!(self::block(shown), block);
        }
    }

    #[test]
    fn what_looks_like_addresses_and_is_none_is_told_with_the_fix() {
        for (word, fix) in [
            ("192.0.2.0/33", "from 0 to 32"),
            ("192.0.2.0/", "from 0 to 32"),
            ("192.0.2.0/+8", "from 0 to 32"),
            ("::/129", "from 0 to 128"),
            ("example.org/24", "`example.org` is no IP address"),
            ("192.0.2.20-1", "lower address first"),
            ("192.0.2.1-256", "`256` is no end"),
            ("192.0.2.1-", "`` is no end"),
            ("192.0.2.1-::1", "`::1` is no end"),
            ("::1-5", "`5` is no end"),
        ] {
            let error = Block::parse(word).expect_err(word);
            assert!(error.to_string().contains(fix), "{word}: {error}");
        }
        for name in ["example.org", "my-host", "1-2", "fe80::1%eth0", "10.0.0.256", ""] {
            assert_eq!(Block::parse(name), Ok(None), "{name}");
        }
    }
}
