//! Names: the services that the IANA registered for TCP ports.

use std::sync::LazyLock;

/// A port and its names, the usual one first, parted by spaces.
type Entry = (u16, &'static str);

/// Every entry, in rising order of ports. Read once, since a scan shows many.
static REGISTRY: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let lines = include_str!("iana.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| entry(line).expect("the tests read the whole file")).collect()
});

fn entry(line: &'static str) -> Option<Entry> {
    let (port, names) = line.split_once(' ')?;
    Some((port.parse().ok()?, names))
}

/// The usual name of the service.
pub(super) fn usual(port: u16) -> Option<&'static str> {
    let at = REGISTRY.binary_search_by_key(&port, |(port, _)| *port).ok()?;
    REGISTRY[at].1.split(' ').next()
}

/// All ports that have a name.
pub(super) fn registered() -> impl Iterator<Item = u16> {
    REGISTRY.iter().map(|(port, _)| *port)
}

/// The ports one of whose names is `pattern`, in any case, where `*` stands for any text and `?` for one character.
pub(super) fn matching(pattern: &str) -> impl Iterator<Item = u16> {
    let fits = move |names: &str| names.split(' ').any(|name| matches(pattern.as_bytes(), name.as_bytes()));
    REGISTRY.iter().filter(move |(_, names)| fits(names)).map(|(port, _)| *port)
}

/// Only the last `*` is ever tried again, so that no pattern takes longer than its length times the name's.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || c.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_whole_and_in_order() {
        assert!(REGISTRY.len() > 5900, "{}", REGISTRY.len());
        assert!(REGISTRY.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(REGISTRY.iter().all(|(port, names)| *port > 0 && names.split(' ').all(is_service_name)));
    }

    /// RFC 6335 section 5.1.
    fn is_service_name(name: &str) -> bool {
        let letter = name.bytes().any(|c| c.is_ascii_alphabetic());
        let inside = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
        letter && inside && name.len() <= 15 && !name.starts_with('-') && !name.ends_with('-') && !name.contains("--")
    }

    #[test]
    fn ports_have_their_usual_names() {
        for (port, name) in [
            (1, "tcpmux"),
            (22, "ssh"),
            (53, "domain"),
            (80, "http"),
            (113, "auth"),
            (443, "https"),
            (445, "microsoft-ds"),
            (587, "submission"),
            (2049, "nfs"),
            (3306, "mysql"),
            (5432, "postgresql"),
            (6000, "x11"),
            (6063, "x11"),
            (6379, "redis"),
            (6667, "ircu"),
            (27017, "mongodb"),
        ] {
            assert_eq!(usual(port), Some(name));
        }
        // Reserved, unassigned, and beyond what is registered.
        for port in [0, 4, 51, 60_177, 65_535] {
            assert_eq!(usual(port), None);
        }
    }

    #[test]
    fn patterns_match_whole_names_in_any_case() {
        for (pattern, name, fits) in [
            ("http", "http", true),
            ("HTTP", "http", true),
            ("http", "https", false),
            ("http*", "http", true),
            ("http*", "https", true),
            ("*-ssn", "netbios-ssn", true),
            ("*b*s*n", "netbios-ssn", true),
            ("p?p3", "pop3", true),
            ("p?p3", "pp3", false),
            ("*", "x", true),
            ("", "x", false),
            ("**a", "bba", true),
            ("a*", "ba", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), fits, "{pattern} {name}");
        }
        assert_eq!(matching("WWW").collect::<Vec<_>>(), [80]);
    }
}
