//! Header: the length of a message in a fixed number of bytes before it.

use super::Framing;

/// How a length is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// So many bytes of an unsigned integer.
    Binary { bytes: usize, order: Order },
    /// Ten ASCII digits, padded with spaces on the left.
    Digits,
}

/// Which byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The most significant one.
    Big,
    /// The least significant one.
    Little,
}

impl Header {
    /// `None` for what ends messages by a delimiter.
    pub(crate) const fn of(framing: Framing) -> Option<Self> {
        let (bytes, order) = match framing {
            Framing::Burst | Framing::Lines => return None,
            Framing::U16Be => (2, Order::Big),
            Framing::U16Le => (2, Order::Little),
            Framing::U32Be => (4, Order::Big),
            Framing::U32Le => (4, Order::Little),
            Framing::U64Be => (8, Order::Big),
            Framing::Ascii10 => return Some(Self::Digits),
        };
        Some(Self::Binary { bytes, order })
    }

    /// How many bytes it takes.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Binary { bytes, .. } => bytes,
            Self::Digits => DIGITS,
        }
    }

    /// The most that it can say.
    pub(crate) const fn most(self) -> u64 {
        match self {
            Self::Binary { bytes, .. } => u64::MAX >> (64 - 8 * bytes),
            Self::Digits => 9_999_999_999,
        }
    }

    /// The length that `header`, of [`Self::length`] bytes, announces; `None` where it is not a number.
    pub(crate) fn read(self, header: &[u8]) -> Option<u64> {
        match self {
            Self::Binary { order, .. } => {
                let add = |length: u64, byte: &u8| length << 8 | u64::from(*byte);
                Some(match order {
                    Order::Big => header.iter().fold(0, add),
                    Order::Little => header.iter().rev().fold(0, add),
                })
            }
            Self::Digits => {
                let digits = header.trim_ascii_start();
                let padding = &header[..header.len() - digits.len()];
                let sound = padding.iter().all(|b| *b == b' ') && digits.iter().all(u8::is_ascii_digit);
                // No digits at all are no number for `parse` either.
                std::str::from_utf8(digits).ok().filter(|_| sound)?.parse().ok()
            }
        }
    }

    /// Writes down `length`, which is at most [`Self::most`].
    pub(crate) fn write(self, length: u64, out: &mut Vec<u8>) {
        match self {
            Self::Binary { bytes, order: Order::Big } => out.extend_from_slice(&length.to_be_bytes()[8 - bytes..]),
            Self::Binary { bytes, order: Order::Little } => out.extend_from_slice(&length.to_le_bytes()[..bytes]),
            Self::Digits => out.extend_from_slice(format!("{length:>DIGITS$}").as_bytes()),
        }
    }
}

const DIGITS: usize = 10;
