//! Codec: one direction's bytes become messages, and messages become bytes. Pure; a stream, a file or a fuzzer may
//! feed it.

use super::Framing;
use super::header::Header;

/// A message as it came out of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What was said, without header and delimiter.
    pub bytes: Vec<u8>,
    /// What ended it. Always [`Delimiter::None`] behind a length header.
    pub end: Delimiter,
}

/// What stands at the end of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delimiter {
    /// Nothing: silence or the end of the stream ended it, or a header said how long it is.
    #[default]
    None,
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl Delimiter {
    /// The bytes on the wire.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// Why bytes are no messages, or a message cannot be sent as bytes. The text is fit to be sent to a peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// A message, or the length that was announced for it, is over the bound.
    #[error("Message too long (at most {most} bytes)")]
    TooLong {
        /// The bound in bytes.
        most: usize,
    },
    /// A header is not a number.
    #[error("Bad header (ten ASCII digits, padded with spaces on the left)")]
    BadHeader,
    /// The stream ended within a message.
    #[error("The message has no end")]
    Unfinished,
    /// A message to be sent holds what would end it early.
    #[error("The message holds a line end")]
    HoldsDelimiter,
}

/// Takes messages out of a stream of bytes and puts messages into one.
///
/// Bytes go in by [`push`](Self::push), and messages come out by [`decode`](Self::decode), in order, however the bytes
/// were cut. It never holds more than its bound, the longest header and one delimiter, grows with what has arrived
/// and not with what was announced, and holds nothing while no message has begun. After an error it stays broken: the
/// same error comes back, because where the next message begins is not known any more.
///
/// ```
/// use sockeye::framing::{Codec, Delimiter, Framing};
///
/// let mut codec = Codec::new(Framing::Lines);
/// codec.push(b"one\r\ntw");
/// let message = codec.decode()?.expect("a whole line");
/// assert_eq!((&message.bytes[..], message.end), (&b"one"[..], Delimiter::CrLf));
/// assert_eq!(codec.decode()?, None);
/// # Ok::<(), sockeye::framing::FramingError>(())
/// ```
#[derive(Debug)]
pub struct Codec {
    framing: Framing,
    most: usize,
    /// What has come and was not given yet begins at `start`.
    held: Vec<u8>,
    start: usize,
    /// How many bytes behind `start` are known to hold no LF.
    searched: usize,
    broken: Option<FramingError>,
    answer_end: Delimiter,
}

impl Codec {
    /// With messages of at most [`LARGEST_MESSAGE`] bytes, or what the header can say where that is less.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self::bounded(framing, LARGEST_MESSAGE)
    }

    /// With messages of at most `most` bytes, or what the header can say where that is less.
    #[must_use]
    pub fn bounded(framing: Framing, most: usize) -> Self {
        let most = most.min(sayable(framing));
        let answer_end = if Header::of(framing).is_some() { Delimiter::None } else { Delimiter::Lf };
        Self { framing, most, held: Vec::new(), start: 0, searched: 0, broken: None, answer_end }
    }

    /// Another bound from the next message on, as when somebody has become trusted.
    pub fn set_bound(&mut self, most: usize) {
        self.most = most.min(sayable(self.framing));
    }

    /// The framing.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Takes as many of `bytes` as there is [`room`](Self::room) for, and tells how many.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        if self.start > 0 {
            self.held.drain(..self.start);
            self.start = 0;
        }
        let count = bytes.len().min(self.room());
        self.held.extend_from_slice(&bytes[..count]);
        count
    }

    /// How many bytes [`push`](Self::push) takes now; at least one whenever [`decode`](Self::decode) gave nothing.
    #[must_use]
    pub fn room(&self) -> usize {
        // A header, or the CR and LF of a delimiter; and one byte more shows that a message is too long.
        let around = Header::of(self.framing).map_or(Delimiter::CrLf.bytes().len(), Header::length);
        self.most.saturating_add(around).saturating_sub(self.held())
    }

    /// How many bytes are held back because they are not a whole message yet, or were not asked for.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len() - self.start
    }

    /// Whether silence would end a message now.
    #[must_use]
    pub fn awaits_silence(&self) -> bool {
        self.framing == Framing::Burst && self.held() > 0
    }

    /// The next whole message; `None` where more bytes are needed.
    ///
    /// # Errors
    /// [`FramingError::TooLong`], [`FramingError::BadHeader`].
    pub fn decode(&mut self) -> Result<Option<Message>, FramingError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let decoded = match Header::of(self.framing) {
            None => self.decode_line(),
            Some(header) => self.decode_announced(header),
        };
        if let Err(error) = &decoded {
            self.broken = Some(error.clone());
            self.held = Vec::new();
            self.start = 0;
        }
        decoded
    }

    /// Nothing has come for 100 ms: with [`Framing::Burst`] what is held is a message.
    pub fn silence(&mut self) -> Option<Message> {
        if !self.awaits_silence() {
            return None;
        }
        self.answer_end = Delimiter::None;
        Some(Message { bytes: self.take(0..self.held(), self.held()), end: Delimiter::None })
    }

    /// The stream has ended: with [`Framing::Burst`] what is held is a message, otherwise all must have been given.
    ///
    /// # Errors
    /// [`FramingError::Unfinished`], and those of [`decode`](Self::decode).
    pub fn finish(&mut self) -> Result<Option<Message>, FramingError> {
        if let Some(message) = self.decode()?.or_else(|| self.silence()) {
            return Ok(Some(message));
        }
        if self.held() > 0 { Err(FramingError::Unfinished) } else { Ok(None) }
    }

    /// Appends `message` to `out` as it goes over the wire, with `end` behind it where the framing has delimiters. The
    /// codec's bound is for what is received; only what a header cannot say is too long to be sent.
    ///
    /// # Errors
    /// [`FramingError::TooLong`], and [`FramingError::HoldsDelimiter`] where the message would fall apart at the other
    /// end. `out` is then unchanged.
    pub fn encode(&self, message: &[u8], end: Delimiter, out: &mut Vec<u8>) -> Result<(), FramingError> {
        let most = sayable(self.framing);
        if message.len() > most {
            return Err(FramingError::TooLong { most });
        }
        match Header::of(self.framing) {
            Some(header) => {
                header.write(message.len() as u64, out);
                out.extend_from_slice(message);
            }
            None => {
                // A CR before our LF would be read as a part of the delimiter.
                if message.contains(&b'\n') || (end == Delimiter::Lf && message.ends_with(b"\r")) {
                    return Err(FramingError::HoldsDelimiter);
                }
                out.extend_from_slice(message);
                out.extend_from_slice(end.bytes());
            }
        }
        Ok(())
    }

    /// What stands at the end of an answer: the delimiter of the last message, LF before the first.
    #[must_use]
    pub fn answer_end(&self) -> Delimiter {
        self.answer_end
    }

    fn decode_line(&mut self) -> Result<Option<Message>, FramingError> {
        let held = &self.held[self.start..];
        let Some(lf) = held[self.searched..].iter().position(|b| *b == b'\n').map(|at| self.searched + at) else {
            self.searched = held.len();
            // A CR at the end may be half of a delimiter.
            let text = held.strip_suffix(b"\r").unwrap_or(held).len();
            return if text > self.most { Err(FramingError::TooLong { most: self.most }) } else { Ok(None) };
        };
        let (text, end) = match held[..lf].strip_suffix(b"\r") {
            Some(text) => (text.len(), Delimiter::CrLf),
            None => (lf, Delimiter::Lf),
        };
        if text > self.most {
            return Err(FramingError::TooLong { most: self.most });
        }
        self.answer_end = end;
        Ok(Some(Message { bytes: self.take(0..text, lf + 1), end }))
    }

    fn decode_announced(&mut self, header: Header) -> Result<Option<Message>, FramingError> {
        let held = &self.held[self.start..];
        let Some((head, body)) = held.split_at_checked(header.length()) else { return Ok(None) };
        let length = header.read(head).ok_or(FramingError::BadHeader)?;
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= self.most) else {
            return Err(FramingError::TooLong { most: self.most });
        };
        if body.len() < length {
            return Ok(None);
        }
        let end = header.length() + length;
        Ok(Some(Message { bytes: self.take(header.length()..end, end), end: Delimiter::None }))
    }

    /// Gives `range` of what is held and forgets the first `used` bytes.
    fn take(&mut self, range: std::ops::Range<usize>, used: usize) -> Vec<u8> {
        self.searched = 0;
        if used < self.held() {
            let bytes = self.held[self.start + range.start..self.start + range.end].to_vec();
            self.start += used;
            return bytes;
        }
        // Nothing stays, so the memory itself can go.
        let mut bytes = std::mem::take(&mut self.held);
        let start = std::mem::take(&mut self.start);
        bytes.truncate(start + range.end);
        bytes.drain(..start + range.start);
        bytes
    }
}

/// The longest message that a header of this framing can announce.
fn sayable(framing: Framing) -> usize {
    let most = Header::of(framing).map_or(u64::MAX, Header::most);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// The longest message unless told otherwise, in bytes.
pub const LARGEST_MESSAGE: usize = 64 * 1024;
