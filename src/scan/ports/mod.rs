//! Ports: which ports of a host, in any of the ways people write that, and what they are called. Sees no other room nor
//! the rest of this one: the fuzzer takes it as it is.

/// The services that the IANA registered.
mod names;
/// Those first where somebody most likely finds a service.
mod order;
/// Ports as `1-21,23`.
pub(crate) mod ranges;

use std::fmt;
use std::str::FromStr;

use ranges::Ranges;

/// The ports of a scan, each once, in rising order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ports(Vec<u16>);

/// Why words choose no ports; the text says what would.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum PortsError {
    #[error("it has an empty place; write ports as 22,80,8000-8100")]
    Empty,
    #[error("`{0}` is no port; a port is a number from 1 to 65535")]
    BadPort(String),
    #[error("`{0}` runs backwards; write the lower port first")]
    Backwards(String),
    #[error("no service is called `{0}`; the names are the IANA's, and http* stands for all that begin so")]
    UnknownName(String),
    #[error("every port is excluded; leave some")]
    NoneLeft,
}

impl Ports {
    pub(crate) fn as_slice(&self) -> &[u16] {
        &self.0
    }

    /// So many of the commonest; all where there are not as many.
    pub(crate) fn commonest(most: std::num::NonZeroU16) -> Self {
        let mut ports: Vec<u16> = order::commonest().take(most.get().into()).collect();
        ports.sort_unstable();
        Self(ports)
    }

    /// All but these.
    ///
    /// # Errors
    /// Where none is left.
    pub(crate) fn without(mut self, excluded: &Self) -> Result<Self, PortsError> {
        self.0.retain(|port| excluded.0.binary_search(port).is_err());
        if self.0.is_empty() { Err(PortsError::NoneLeft) } else { Ok(self) }
    }
}

/// `22,80,8000-8100,-1024,60000-,http*`; `-` is all.
impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(words: &str) -> Result<Self, PortsError> {
        let mut spans = Vec::new();
        for word in words.split(',') {
            spans.extend(spans_of(word.trim())?);
        }
        spans.sort_unstable();
        let mut ports = Vec::new();
        for (first, last) in spans {
            // What came so far rises, so whatever is not above its end is in it.
            let begin = ports.last().map_or(first, |end: &u16| first.max(end.saturating_add(1)));
            if ports.last() != Some(&u16::MAX) {
                ports.extend(begin..=last);
            }
        }
        Ok(Self(ports))
    }
}

/// `22,80,8000-8100`, which reads as the same ports again.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ranges(&self.0).fmt(f)
    }
}

/// The first and the last port of what one word stands for.
fn spans_of(word: &str) -> Result<Vec<(u16, u16)>, PortsError> {
    if word.is_empty() {
        return Err(PortsError::Empty);
    }
    if !word.bytes().all(|c| c.is_ascii_digit() || c == b'-') {
        let found: Vec<_> = names::matching(word).map(|port| (port, port)).collect();
        return if found.is_empty() { Err(PortsError::UnknownName(word.to_owned())) } else { Ok(found) };
    }
    let (first, last) = match word.split_once('-') {
        None => (port(word)?, port(word)?),
        Some((first, last)) => (end(first, 1)?, end(last, u16::MAX)?),
    };
    if first > last { Err(PortsError::Backwards(word.to_owned())) } else { Ok(vec![(first, last)]) }
}

/// One end of a range; without digits the outermost.
fn end(digits: &str, outermost: u16) -> Result<u16, PortsError> {
    if digits.is_empty() { Ok(outermost) } else { port(digits) }
}

fn port(digits: &str) -> Result<u16, PortsError> {
    let port = digits.parse().ok().filter(|port| *port > 0);
    port.ok_or_else(|| PortsError::BadPort(digits.to_owned()))
}

/// The service that the IANA registered for a TCP port.
pub(crate) fn service(port: u16) -> Option<&'static str> {
    names::usual(port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ports(words: &str) -> Vec<u16> {
        words.parse::<Ports>().unwrap_or_else(|e| panic!("{words}: {e}")).0
    }

    #[test]
    fn every_form_is_read() {
        for (words, chosen) in [
            ("22", &[22][..]),
            ("22,80", &[22, 80]),
            ("80, 22 ,80", &[22, 80]),
            ("8000-8003", &[8000, 8001, 8002, 8003]),
            ("1-3,2-5,4", &[1, 2, 3, 4, 5]),
            ("-3", &[1, 2, 3]),
            ("65533-", &[65_533, 65_534, 65_535]),
            ("65533-,65535,65534-65535", &[65_533, 65_534, 65_535]),
            ("007", &[7]),
            ("ssh", &[22]),
            ("SSH,http", &[22, 80]),
            ("pop?", &[109, 110]),
            ("http,www", &[80]),
            ("http-al*", &[591, 8008, 8080]),
        ] {
            assert_eq!(ports(words), chosen, "{words}");
        }
        assert_eq!(ports("-"), (1..=65_535).collect::<Vec<u16>>());
        assert_eq!(ports("-,-,1-65535").len(), 65_535);
        assert!(ports("http*").contains(&443) && ports("http*").contains(&80));
    }

    #[test]
    fn what_chooses_no_ports_is_told_with_the_fix() {
        for (words, fix) in [
            ("", "22,80"),
            ("22,,80", "empty place"),
            ("22,", "empty place"),
            ("0", "from 1 to 65535"),
            ("0-5", "from 1 to 65535"),
            ("65536", "`65536` is no port"),
            ("1-65536", "`65536` is no port"),
            ("99999999999999999999", "is no port"),
            ("80-22", "lower port first"),
            ("--", "is no port"),
            ("1-2-3", "`2-3` is no port"),
            ("htp", "no service is called `htp`"),
            ("80:90", "no service"),
            ("ż", "no service"),
        ] {
            let error = words.parse::<Ports>().expect_err(words);
            assert!(error.to_string().contains(fix), "{words}: {error}");
        }
    }

    #[test]
    fn the_default_is_a_thousand_and_more_ends_with_all() {
        let top = |most| Ports::commonest(std::num::NonZeroU16::new(most).unwrap());
        assert_eq!(top(1000).as_slice().len(), 1000);
        assert_eq!(top(1).as_slice(), [80]);
        assert_eq!(top(65_535), "-".parse().unwrap());
    }

    #[test]
    fn excluded_ports_are_left_out_and_one_has_to_stay() {
        let all: Ports = "20-25".parse().unwrap();
        assert_eq!(all.clone().without(&"-22".parse().unwrap()).unwrap().0, [23, 24, 25]);
        assert_eq!(all.without(&"-".parse().unwrap()), Err(PortsError::NoneLeft));
    }

    proptest! {
        #[test]
        fn ranges_in_any_order_are_the_union_of_their_ports(spans in prop::collection::vec((1..=u16::MAX, 0u16..300), 1..8)) {
            let spans: Vec<(u16, u16)> = spans.into_iter().map(|(first, more)| (first, first.saturating_add(more))).collect();
            let words: Vec<String> = spans.iter().map(|(first, last)| format!("{first}-{last}")).collect();
            let mut union: Vec<u16> = spans.iter().flat_map(|(first, last)| *first..=*last).collect();
            union.sort_unstable();
            union.dedup();
            let chosen: Ports = words.join(",").parse().unwrap();
            prop_assert_eq!(chosen.as_slice(), union);
            prop_assert_eq!(chosen.to_string().parse(), Ok(chosen));
        }
    }
}
