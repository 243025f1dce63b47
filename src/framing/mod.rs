//! Framing: where a message begins and ends in a stream of bytes that has no such marks of its own.
//!
//! [`Codec`] is pure: bytes go in, messages come out, and it knows no socket and reads no clock.
//! [`MessageStream`] gives any tokio stream the words `send_text`, `recv_text`, `send_message` and `recv_message` on top
//! of it.
//!
//! A message has at most [`LARGEST_MESSAGE`] bytes, or what its header can say, unless the codec is told otherwise; the
//! length is checked before memory is reserved for it. Zero length is a message like any other. What breaks the framing
//! is a [`FramingError`], whose text is fit to be sent to the peer as a last message.
//!
//! [`Codec`]: crate::framing::Codec
//! [`FramingError`]: crate::framing::FramingError
//! [`LARGEST_MESSAGE`]: crate::framing::LARGEST_MESSAGE
//! [`MessageStream`]: crate::framing::MessageStream
//!
//! ```
//! use sockeye::framing::{Codec, Framing, MessageStream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (mut ours, mut theirs) = tokio::io::duplex(64);
//! let (mut to, mut from) = (Codec::new(Framing::U32Be), Codec::new(Framing::U32Be));
//! ours.send_text(&mut to, "zażółć").await?;
//! assert_eq!(theirs.recv_text(&mut from).await?.as_deref(), Some("zażółć"));
//! # Ok(())
//! # }
//! ```

/// Bytes in, messages out, and back.
mod codec;
/// Fixed-length headers that hold a length.
mod header;
/// Messages over any tokio stream.
mod stream;
/// UTF-8 that arrives in pieces.
mod text;

use std::fmt;
use std::str::FromStr;

pub use codec::{Codec, Delimiter, FramingError, LARGEST_MESSAGE, Message};
pub(crate) use header::LONGEST_HEADER;
pub use stream::{MessageStream, RecvError};
pub(crate) use text::incomplete_tail;

/// How messages are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// A message ends at LF or CRLF; where none comes, at 100 ms of silence or at the end of the stream. For clients
    /// that send without a delimiter.
    #[default]
    Burst,
    /// A message ends at LF or CRLF, and at nothing else.
    Lines,
    /// The length of the payload in bytes before each message: 2 bytes, the most significant first.
    U16Be,
    /// 2 bytes, the least significant first.
    U16Le,
    /// 4 bytes, the most significant first (network order).
    U32Be,
    /// 4 bytes, the least significant first.
    U32Le,
    /// 8 bytes, the most significant first.
    U64Be,
    /// Ten ASCII digits, padded with spaces on the left.
    Ascii10,
}

impl Framing {
    /// Every framing, in the order of documents.
    pub const ALL: [Self; 8] =
        [Self::Burst, Self::Lines, Self::U16Be, Self::U16Le, Self::U32Be, Self::U32Le, Self::U64Be, Self::Ascii10];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Burst => "burst",
            Self::Lines => "lines",
            Self::U16Be => "u16be",
            Self::U16Le => "u16le",
            Self::U32Be => "u32be",
            Self::U32Le => "u32le",
            Self::U64Be => "u64be",
            Self::Ascii10 => "ascii10",
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Framing {
    type Err = UnknownFraming;

    fn from_str(name: &str) -> Result<Self, UnknownFraming> {
        Self::ALL.into_iter().find(|framing| framing.name() == name).ok_or_else(|| UnknownFraming(name.to_owned()))
    }
}

/// A word that names no framing.
#[derive(Debug, thiserror::Error)]
#[error("no framing is called `{0}`; there are {names}", names = Framing::ALL.map(Framing::name).join(", "))]
pub struct UnknownFraming(String);
