//! Public: which addresses are somebody else's. Whoever scans these sends probes to people who may mind.

use super::block::{Block, Space};

/// How many of a block are outside all of [`OWN`].
pub(super) fn count(block: &Block) -> u128 {
    let own = OWN.iter().filter_map(|word| Block::parse(word).ok().flatten());
    let family = |block: &Block| block.space == Space::V4;
    let shared = own.filter(|own| family(own) == family(block)).map(|own| {
        let (first, last) = (block.first.max(own.first), block.last.min(own.last));
        last.checked_sub(first).map_or(0, |more| more.saturating_add(1))
    });
    block.len().saturating_sub(shared.sum())
}

/// Networks that are one's own wherever one is; none has a part of another. Documentation (RFC 5737, RFC 3849) is not
/// among them: nobody is there, but probes to it leave the house.
const OWN: &[&str] = &[
    "0.0.0.0/8",      // this host, RFC 1122 section 3.2.1.3
    "10.0.0.0/8",     // private, RFC 1918
    "100.64.0.0/10",  // shared behind a carrier's NAT, RFC 6598
    "127.0.0.0/8",    // loopback, RFC 1122 section 3.2.1.3
    "169.254.0.0/16", // link-local, RFC 3927
    "172.16.0.0/12",  // private, RFC 1918
    "192.168.0.0/16", // private, RFC 1918
    "198.18.0.0/15",  // benchmarks, RFC 2544
    "::/127",         // unspecified and loopback, RFC 4291
    "fc00::/7",       // unique local, RFC 4193
    "fe80::/10",      // link-local, RFC 4291
];

#[cfg(test)]
mod tests {
    use super::*;

    fn public(word: &str) -> u128 {
        count(&Block::parse(word).unwrap().unwrap())
    }

    #[test]
    fn the_table_is_read_and_nothing_in_it_twice() {
        let own: Vec<Block> = OWN.iter().map(|word| Block::parse(word).unwrap().unwrap()).collect();
        assert!(own.is_sorted_by(|a, b| a.space != b.space || a.last < b.first));
        assert!(OWN.iter().all(|word| public(word) == 0));
    }

    #[test]
    fn only_what_is_outside_counts() {
        for (word, count) in [
            ("127.0.0.1", 0),
            ("::1", 0),
            ("::2", 1),
            ("fe80::1%7", 0),
            ("192.0.2.0/24", 256),
            ("8.8.8.8", 1),
            ("9.255.255.254-10.0.0.3", 2),
            ("10.255.255.255-11.0.0.1", 2),
            ("172.15.255.255-172.32.0.0", 2),
            ("fbff::/16", 1 << 112),
            ("2001:db8::/120", 256),
        ] {
            assert_eq!(public(word), count, "{word}");
        }
    }
}
