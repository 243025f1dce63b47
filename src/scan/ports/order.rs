//! Order: all ports, those first where somebody most likely finds a service.
//!
//! The rule: first `common.txt`, which is written by hand; then every other port below 1024 that the IANA registered,
//! because who takes one of these has an administrator's reasons; then every other one it registered; then the rest.
//! Within these three the ports rise.

use super::names;

/// Every port from 1 to 65535, once.
pub(super) fn commonest() -> impl Iterator<Item = u16> {
    let system = names::registered().take_while(|port| *port < 1024);
    let mut seen = vec![false; 1 << 16];
    let all = by_hand().chain(system).chain(names::registered()).chain(1..=u16::MAX);
    all.filter(move |port| !std::mem::replace(&mut seen[usize::from(*port)], true))
}

fn by_hand() -> impl Iterator<Item = u16> {
    let lines = include_str!("common.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).flat_map(|word| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let port = |digits: &str| digits.parse::<u16>().expect("the tests read the whole file");
        port(first)..=port(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_comes_once() {
        let mut ports: Vec<u16> = commonest().collect();
        assert_eq!(ports.len(), 65_535);
        ports.sort_unstable();
        ports.dedup();
        assert_eq!((ports.len(), ports[0]), (65_535, 1));
    }

    #[test]
    fn the_first_thousand_are_written_by_hand() {
        let mut ports: Vec<u16> = by_hand().collect();
        assert_eq!(&ports[..5], [80, 443, 22, 8080, 21]);
        assert!(ports.iter().position(|port| *port == 5564) < Some(100), "our own services come early");
        ports.sort_unstable();
        ports.dedup();
        assert!(ports.len() >= 1000 && ports[0] > 0, "{}", ports.len());
    }

    #[test]
    fn nothing_that_people_expect_is_missing_from_the_first_hundred() {
        let first: Vec<u16> = commonest().take(100).collect();
        for port in [
            22, 80, 443, 3306, 5432, 6379, 8080, 8443, 3389, 445, 139, 135, 21, 23, 25, 53, 110, 143, 993, 995, 587,
            465, 111, 2049, 5900, 27017, 9200, 5601, 9090, 3000, 5000, 8000, 8888, 9000, 11211, 1433, 1521, 5672,
            15672, 2375, 2376, 6443, 10250, 2379, 2380, 4222, 1883, 8883,
        ] {
            assert!(first.contains(&port), "{port}");
        }
        assert!((5555..=5564).all(|port| first.contains(&port)));
    }
}
