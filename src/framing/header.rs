//! Header: the length of a message in a fixed number of bytes before it.

use super::Framing;

/// How a length is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// So many bytes of an unsigned integer.
    Binary { bytes: usize, order: Order },
    /// Ten ASCII digits, padded with spaces on the left.
    Digits,
}

/// Which byte comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The most significant one.
    Big,
    /// The least significant one.
    Little,
}

impl Header {
    /// `None` for what ends messages by a delimiter.
    pub(super) const fn of(framing: Framing) -> Option<Self> {
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
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Binary { bytes, .. } => bytes,
            Self::Digits => DIGITS,
        }
    }

    /// The most that it can say.
    pub(super) const fn most(self) -> u64 {
        match self {
            Self::Binary { bytes, .. } => u64::MAX >> (64 - 8 * bytes),
            Self::Digits => 9_999_999_999,
        }
    }

    /// The length that `header`, of [`Self::length`] bytes, announces; `None` where it is not a number.
    pub(super) fn read(self, header: &[u8]) -> Option<u64> {
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
    pub(super) fn write(self, length: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.written(length)[..self.length()]);
    }

    /// `length`, which is at most [`Self::most`], as it is written down, in the first [`Self::length`] bytes.
    pub(super) fn written(self, length: u64) -> [u8; LONGEST_HEADER] {
        let mut header = [b' '; LONGEST_HEADER];
        match self {
            Self::Binary { bytes, order } => {
                let (big, little) = (length.to_be_bytes(), length.to_le_bytes());
                let written = if order == Order::Big { &big[8 - bytes..] } else { &little[..bytes] };
                header[..bytes].copy_from_slice(written);
            }
            Self::Digits => write_digits(length, &mut header),
        }
        header
    }
}

fn write_digits(mut number: u64, out: &mut [u8; DIGITS]) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return;
        }
    }
}

const DIGITS: usize = 10;
/// Bytes of the longest header.
pub(crate) const LONGEST_HEADER: usize = DIGITS;
