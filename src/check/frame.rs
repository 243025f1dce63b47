//! Frame: how a program's messages are told apart: by a header of fixed length that holds their length, as sheet R asks,
//! in one of the ways that people do that.

use std::fmt;
use std::str::FromStr;

use crate::framing::Framing;

/// What is known of a program's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Nothing: it is found out by trying.
    #[default]
    Learned,
    Told(Shape),
}

/// What stands around a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// So many decimal digits before it.
    Digits { width: usize, padding: Padding },
    /// An unsigned integer before it.
    Binary(Framing),
    /// `5:hello,` (D. J. Bernstein, 1997).
    Netstring,
}

/// What fills digits up to their width. All of it is read alike by most, so that it matters only for what we say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// Spaces on the left.
    Left,
    /// Spaces on the right.
    Right,
    /// Zeros on the left.
    Zeros,
}

impl Shape {
    /// What is tried where nothing is known, in this order. Whoever reads two bytes and is sent four of a short length
    /// takes them for an empty message and another one, so shorter ones come first.
    pub(crate) const USUAL: [Self; 13] = [
        Self::digits(10),
        Self::Binary(Framing::U16Be),
        Self::Binary(Framing::U32Be),
        Self::Binary(Framing::U64Be),
        Self::digits(4),
        Self::Digits { width: 64, padding: Padding::Right },
        Self::Binary(Framing::U16Le),
        Self::Binary(Framing::U32Le),
        Self::digits(8),
        Self::digits(5),
        Self::digits(6),
        Self::digits(16),
        Self::Netstring,
    ];

    const fn digits(width: usize) -> Self {
        Self::Digits { width, padding: Padding::Left }
    }

    /// The longest message that it can announce.
    pub(crate) fn most(self) -> u64 {
        match self {
            Self::Digits { width, .. } => {
                u32::try_from(width).ok().and_then(|n| 10u64.checked_pow(n)).map_or(u64::MAX, |n| n - 1)
            }
            Self::Binary(Framing::U16Be | Framing::U16Le) => u64::from(u16::MAX),
            Self::Binary(Framing::U32Be | Framing::U32Le) => u64::from(u32::MAX),
            Self::Binary(_) | Self::Netstring => u64::MAX,
        }
    }

    /// `text` as it goes over the wire.
    pub(crate) fn wrap(self, text: &[u8]) -> Vec<u8> {
        self.around(&self.header(text.len() as u64), text)
    }

    /// What somebody may send who says `text`: digits may be padded in another way than ours.
    pub(crate) fn wrapped(self, text: &[u8]) -> Vec<Vec<u8>> {
        let Self::Digits { width, .. } = self else { return vec![self.wrap(text)] };
        let mut ways: Vec<Vec<u8>> = Vec::new();
        for padding in [Padding::Left, Padding::Right, Padding::Zeros] {
            let way = Self::Digits { width, padding }.wrap(text);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways
    }

    /// What announces so many bytes, which are at most [`most`](Self::most).
    pub(crate) fn header(self, length: u64) -> Vec<u8> {
        match self {
            Self::Digits { .. } => self.padded(&length.to_string()).unwrap_or_default(),
            Self::Binary(framing) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                let (bytes, used) = framing.header_of(length);
                bytes[..used].to_vec()
            }
            Self::Netstring => format!("{length}:").into_bytes(),
        }
    }

    /// A header that holds `word`, which is no length; nothing where there is none, or `word` has no room in it.
    pub(crate) fn padded(self, word: &str) -> Option<Vec<u8>> {
        let text = match self {
            Self::Digits { width, .. } if word.len() > width => return None,
            Self::Digits { width, padding: Padding::Left } => format!("{word:>width$}"),
            Self::Digits { width, padding: Padding::Right } => format!("{word:<width$}"),
            Self::Digits { width, padding: Padding::Zeros } => format!("{word:0>width$}"),
            Self::Netstring => format!("{word}:"),
            Self::Binary(_) => return None,
        };
        Some(text.into_bytes())
    }

    fn around(self, header: &[u8], text: &[u8]) -> Vec<u8> {
        let behind: &[u8] = if self == Self::Netstring { b"," } else { b"" };
        [header, text, behind].concat()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits { width, padding } => write!(f, "{}:{width}", padding.name()),
            Self::Binary(framing) => framing.fmt(f),
            Self::Netstring => f.write_str("netstring"),
        }
    }
}

impl Padding {
    const ALL: [Self; 3] = [Self::Left, Self::Right, Self::Zeros];

    const fn name(self) -> &'static str {
        match self {
            Self::Left => "dec",
            Self::Right => "decl",
            Self::Zeros => "dec0",
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Learned => f.write_str("learned"),
            Self::Told(shape) => shape.fmt(f),
        }
    }
}

impl FromStr for Frame {
    type Err = UnknownFrame;

    fn from_str(word: &str) -> Result<Self, UnknownFrame> {
        if word == "learned" {
            return Ok(Self::Learned);
        }
        shape(word).map(Self::Told).ok_or_else(|| UnknownFrame(word.to_owned()))
    }
}

fn shape(word: &str) -> Option<Shape> {
    if let Some((name, width)) = word.split_once(':') {
        let padding = Padding::ALL.into_iter().find(|padding| padding.name() == name)?;
        let width = width.parse().ok().filter(|width| (1..=WIDEST).contains(width))?;
        return Some(Shape::Digits { width, padding });
    }
    match word {
        "netstring" => Some(Shape::Netstring),
        "ascii10" => Some(Shape::digits(10)),
        _ => BINARY.into_iter().find(|framing| framing.name() == word).map(Shape::Binary),
    }
}

/// A word that names no frame.
#[derive(Debug, thiserror::Error)]
#[error(
    "no frame is called `{0}`; there are ascii10, dec:N, decl:N and dec0:N (N digits with spaces on the left, spaces on the \
     right or zeros; N is 1 to 64), u16be, u16le, u32be, u32le, u64be, netstring and learned"
)]
pub(crate) struct UnknownFrame(String);

const BINARY: [Framing; 5] = [Framing::U16Be, Framing::U16Le, Framing::U32Be, Framing::U32Le, Framing::U64Be];
/// Digits that somebody uses, as a well-known lesson on the web does.
const WIDEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(word: &str) -> Shape {
        match word.parse().unwrap() {
            Frame::Told(shape) => shape,
            Frame::Learned => panic!("{word} is no shape"),
        }
    }

    #[test]
    fn a_message_is_wrapped_as_its_name_says() {
        for (word, wire) in [
            ("ascii10", "         2hi"),
            ("dec:4", "   2hi"),
            ("decl:4", "2   hi"),
            ("dec0:4", "0002hi"),
            ("u16be", "\0\x02hi"),
            ("u16le", "\x02\0hi"),
            ("u32be", "\0\0\0\x02hi"),
            ("u32le", "\x02\0\0\0hi"),
            ("u64be", "\0\0\0\0\0\0\0\x02hi"),
            ("netstring", "2:hi,"),
        ] {
            assert_eq!(shape(word).wrap(b"hi"), wire.as_bytes(), "{word}");
        }
        assert_eq!(shape("netstring").wrap(b""), b"0:,");
    }

    #[test]
    fn every_name_is_read_again_as_it_is_written() {
        for word in ["dec:10", "decl:64", "dec0:1", "u16be", "u16le", "u32be", "u32le", "u64be", "netstring", "learned"]
        {
            assert_eq!(word.parse::<Frame>().unwrap().to_string(), word);
        }
        assert_eq!(shape("ascii10"), shape("dec:10"));
        for word in ["", "dec", "dec:", "dec:0", "dec:65", "dec:x", "oct:4", "burst", "lines", "U32BE", "dec:+4x"] {
            assert!(word.parse::<Frame>().unwrap_err().to_string().contains(&format!("`{word}`")), "{word}");
        }
    }

    #[test]
    fn digits_may_be_padded_in_any_way() {
        let ways = shape("dec:3").wrapped(b"hi");
        assert_eq!(ways, [&b"  2hi"[..], b"2  hi", b"002hi"]);
        assert_eq!(shape("dec:1").wrapped(b"hi"), [b"2hi"]);
        assert_eq!(shape("u16be").wrapped(b"hi").len(), 1);
    }

    #[test]
    fn what_a_header_can_say_is_known() {
        for (word, most) in [
            ("dec0:4", 9999),
            ("ascii10", 9_999_999_999),
            ("decl:64", u64::MAX),
            ("u16le", 65535),
            ("u32be", 4_294_967_295),
            ("u64be", u64::MAX),
        ] {
            assert_eq!(shape(word).most(), most, "{word}");
            assert_eq!(shape(word).header(most).len(), shape(word).header(0).len(), "{word}");
        }
    }

    #[test]
    fn only_digits_can_be_something_else() {
        assert_eq!(shape("dec:4").padded("-5").unwrap(), b"  -5");
        assert_eq!(shape("netstring").padded("abcd").unwrap(), b"abcd:");
        assert_eq!(shape("u32be").padded("abcd"), None);
        assert_eq!(shape("dec0:3").padded("abcd"), None);
    }
}
