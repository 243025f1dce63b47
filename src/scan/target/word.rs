//! Word: one target as people write it, before any name is looked up.

use std::fmt;
use std::str::FromStr;

use super::block::{Block, BlockError};

/// One target, or one that is excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A name that is yet to be looked up; also an IPv6 address whose zone has a name.
    Name(String),
    Block(Block),
}

/// Why a word is no target; the text says what would be one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum WordError {
    #[error("a target is empty; write a name, an address or a block such as 192.0.2.0/24")]
    Empty,
    #[error(transparent)]
    Block(#[from] BlockError),
    #[error("`{0}` is more than a host; write the host alone, and its ports with -p")]
    MoreThanHost(String),
    #[error("`{0}` is no IPv4 address; it is four numbers up to 255, as in 192.0.2.1")]
    BadAddress(String),
    #[error("`{0}` is no host name; write a name, an address or a block such as 192.0.2.0/24")]
    BadName(String),
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(word: &str) -> Result<Self, WordError> {
        if word.contains("://") {
            return Err(WordError::MoreThanHost(word.to_owned()));
        }
        // Brackets belong to addresses, of which some have the name of a zone.
        let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).filter(|word| word.contains('%'));
        let word = bare.unwrap_or(word);
        match Block::parse(word)? {
            Some(block) => Ok(Self::Block(block)),
            None => check(word).map(|()| Self::Name(word.to_owned())),
        }
    }
}

/// A name is not judged beyond what no resolver would take, or would take for something else than it says.
fn check(name: &str) -> Result<(), WordError> {
    let host = match name.split_once('%') {
        Some((address, zone)) if Word::is_address(address) => zone,
        _ => name,
    };
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    // What ends in a number is an address to `inet_aton`: 10.1 would be 10.0.0.1.
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let number = last.strip_prefix("0x").map_or(last, |hex| hex.trim_start_matches(|c: char| c.is_ascii_hexdigit()));
    let ends_in_number = !last.is_empty() && number.bytes().all(|c| c.is_ascii_digit());
    match host {
        "" => Err(WordError::Empty),
        _ if host.contains(':') => Err(WordError::MoreThanHost(name.to_owned())),
        _ if !host.chars().all(in_name) || host.starts_with(['-', '.']) || host.len() > LONGEST => {
            Err(WordError::BadName(name.to_owned()))
        }
        _ if ends_in_number && host.len() == name.len() => Err(WordError::BadAddress(name.to_owned())),
        _ => Ok(()),
    }
}

impl Word {
    fn is_address(word: &str) -> bool {
        matches!(Block::parse(word), Ok(Some(block)) if block.first == block.last)
    }

    /// A name as reports show it: not where it is an address with the name of its zone.
    pub(super) fn shows(name: &str) -> bool {
        !name.contains('%')
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Block(block) => block.fmt(f),
        }
    }
}

/// RFC 1035 section 2.3.4, without the bytes that lengths take.
const LONGEST: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_blocks_are_told_apart_and_shown_again() {
        for word in
            ["localhost", "example.org.", "my-host", "a_b", "1and1.com", "żaba.pl", "fe80::1%eth0", "fe80::1%br-0", "x"]
        {
            assert_eq!(word.parse(), Ok(Word::Name(word.to_owned())), "{word}");
        }
        for word in ["192.0.2.1", "2001:db8::/120", "192.0.2.1-192.0.2.20", "fe80::1%2"] {
            let parsed: Word = word.parse().unwrap();
            assert!(matches!(parsed, Word::Block(_)), "{word}");
            assert_eq!(parsed.to_string(), word);
        }
    }

    #[test]
    fn what_is_no_target_is_told_with_the_fix() {
        let long = "a".repeat(254);
        for (word, fix) in [
            ("", "empty"),
            ("http://example.org/", "ports with -p"),
            ("example.org:80", "ports with -p"),
            ("[::1]:80", "ports with -p"),
            ("10.0.0.256", "four numbers"),
            ("10.1", "four numbers"),
            ("5555", "four numbers"),
            ("0x7f000001", "four numbers"),
            ("010.0.0.1", "four numbers"),
            ("a b", "no host name"),
            ("-x", "no host name"),
            (".", "no host name"),
            ("*.example.org", "no host name"),
            ("a%eth0", "no host name"),
            ("fe80::1%", "empty"),
            ("fe80::1%a b", "no host name"),
            (long.as_str(), "no host name"),
            ("192.0.2.0/33", "from 0 to 32"),
        ] {
            let error = word.parse::<Word>().expect_err(word);
            assert!(error.to_string().contains(fix), "{word}: {error}");
        }
    }
}
