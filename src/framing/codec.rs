//! Codec: one direction's bytes become messages, and messages become bytes. Pure; a stream, a file or a fuzzer may
//! feed it.

use std::ops::Range;

use tokio::time::Instant;

use super::Framing;
use super::header::{Header, LONGEST_HEADER};

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

impl Framing {
    /// How many bytes `message` was on the wire, with its header or delimiter.
    pub(crate) fn length_of(self, message: &Message) -> usize {
        Header::of(self).map_or(0, Header::length) + message.bytes.len() + message.end.bytes().len()
    }

    /// What stands before a message of `length` bytes, and how many bytes of it count, without a codec and its memory:
    /// for who sends and compares a million messages a second. None for what ends messages by a delimiter.
    pub(crate) fn header_of(self, length: usize) -> ([u8; LONGEST_HEADER], usize) {
        let none = ([0; LONGEST_HEADER], 0);
        Header::of(self).map_or(none, |header| (header.written(length as u64), header.length()))
    }
}

/// Takes messages out of a stream of bytes and puts messages into one.
///
/// Bytes go in by [`push`](Self::push), and messages come out by [`decode`](Self::decode), in order, however the bytes
/// were cut. It never holds more than its bound and one header or delimiter, grows with what has arrived and not with
/// what was announced, and holds nothing while no message has begun. After an error it stays broken: it takes nothing
/// more and gives the same error again, because where the next message begins is not known any more.
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
    /// Since when silence has been waited for; noted for [`MessageStream`](super::MessageStream), until bytes come.
    pub(super) silent_since: Option<Instant>,
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
        Self { framing, most, held: Vec::new(), start: 0, searched: 0, broken: None, answer_end, silent_since: None }
    }

    /// Another bound for all that was not given yet, as when somebody has become trusted.
    pub fn set_bound(&mut self, most: usize) {
        self.most = most.min(sayable(self.framing));
    }

    /// The framing.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// The longest message that it gives, in bytes.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.most
    }

    /// Takes as many of `bytes` as there is [`room`](Self::room) for, and tells how many.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        if self.start > 0 {
            self.held.drain(..self.start);
            self.start = 0;
        }
        let room = self.room();
        let count = bytes.len().min(room);
        if count > self.held.capacity() - self.held.len() {
            // Doubled as usual, but never beyond what may be held.
            self.held.reserve_exact(count.max(self.held.len()).min(room));
        }
        self.held.extend_from_slice(&bytes[..count]);
        self.silent_since = None;
        count
    }

    /// How many bytes [`push`](Self::push) takes now: at least one where [`decode`](Self::decode) has just given `None`,
    /// and none after an error.
    #[must_use]
    pub fn room(&self) -> usize {
        if self.broken.is_some() {
            return 0;
        }
        // The longest message fits whole, with its header or CRLF.
        let around = Header::of(self.framing).map_or(Delimiter::CrLf.bytes().len(), Header::length);
        self.most.saturating_add(around).saturating_sub(self.held())
    }

    /// How many bytes are held back because they are not a whole message yet, or were not asked for.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len() - self.start
    }

    /// What is held back, as it came.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.held[self.start..]
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
        decoded.map_err(|error| self.break_off(error))
    }

    /// Nothing has come for 100 ms: with [`Framing::Burst`] what is held is a message. Whole messages that were not
    /// asked for come first, one a call.
    ///
    /// # Errors
    /// Those of [`decode`](Self::decode).
    pub fn silence(&mut self) -> Result<Option<Message>, FramingError> {
        if let Some(message) = self.decode()? {
            return Ok(Some(message));
        }
        if !self.awaits_silence() {
            return Ok(None);
        }
        // A CR that might have become half of a delimiter is a byte of the message now.
        if self.held() > self.most {
            return Err(self.break_off(FramingError::TooLong { most: self.most }));
        }
        self.answer_end = Delimiter::None;
        Ok(Some(Message { bytes: self.take(0..self.held(), self.held()), end: Delimiter::None }))
    }

    /// The stream has ended: with [`Framing::Burst`] what is held is a message, otherwise all must have been given.
    /// Whole messages that were not asked for come first, one a call; `None` comes when there is nothing more.
    ///
    /// # Errors
    /// [`FramingError::Unfinished`], and those of [`decode`](Self::decode).
    pub fn finish(&mut self) -> Result<Option<Message>, FramingError> {
        let message = self.silence()?;
        if message.is_none() && self.held() > 0 {
            return Err(self.break_off(FramingError::Unfinished));
        }
        Ok(message)
    }

    /// Appends `message` to `out` as it goes over the wire, with `end` behind it where the framing has delimiters. A
    /// message of [`Framing::Lines`] always has one, LF where `end` is none. The codec's bound is for what is received;
    /// only what a header cannot say is too long to be sent.
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
                let unended = self.framing == Framing::Lines && end == Delimiter::None;
                let end = if unended { Delimiter::Lf } else { end };
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

    /// Gives `range` of what is held and forgets the first `used` bytes. No memory stays behind the last one, nor does
    /// a message keep more than its own.
    fn take(&mut self, range: Range<usize>, used: usize) -> Vec<u8> {
        self.searched = 0;
        if self.start == 0 && used == self.held.len() {
            let mut bytes = std::mem::take(&mut self.held);
            bytes.truncate(range.end);
            bytes.drain(..range.start);
            return bytes;
        }
        let bytes = self.held[self.start + range.start..self.start + range.end].to_vec();
        self.start += used;
        if self.held() == 0 {
            self.forget();
        }
        bytes
    }

    /// From here on there is only `error`.
    fn break_off(&mut self, error: FramingError) -> FramingError {
        self.broken = Some(error.clone());
        self.forget();
        error
    }

    fn forget(&mut self) {
        self.held = Vec::new();
        self.start = 0;
    }
}

/// The longest message that a header of this framing can announce.
fn sayable(framing: Framing) -> usize {
    let most = Header::of(framing).map_or(u64::MAX, Header::most);
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// The longest message unless told otherwise, in bytes.
pub const LARGEST_MESSAGE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [(Framing, &[u8], &[u8]); 6] = [
        (Framing::U16Be, b"\0\x03", b"\xff\xff"),
        (Framing::U16Le, b"\x03\0", b"\xff\xff"),
        (Framing::U32Be, b"\0\0\0\x03", b"\xff\xff\xff\xff"),
        (Framing::U32Le, b"\x03\0\0\0", b"\xff\xff\xff\xff"),
        (Framing::U64Be, b"\0\0\0\0\0\0\0\x03", b"\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Framing::Ascii10, b"         3", b"9999999999"),
    ];

    /// The messages in `bytes`, at most 8 bytes each, and the error that ends them; the same for every cut.
    fn told(framing: Framing, bytes: &[u8]) -> String {
        let whole = told_in_pieces(framing, bytes.chunks(bytes.len().max(1)));
        for size in 1..bytes.len() {
            assert_eq!(told_in_pieces(framing, bytes.chunks(size)), whole, "{framing}, cut every {size}");
        }
        whole
    }

    fn told_in_pieces<'b>(framing: Framing, pieces: impl Iterator<Item = &'b [u8]>) -> String {
        let mut codec = Codec::bounded(framing, 8);
        let mut told = Vec::new();
        let mut tell = |decoded: Result<Option<Message>, FramingError>| match decoded {
            Ok(Some(Message { bytes, end })) => {
                told.push(format!("{}<{}>", bytes.escape_ascii(), end.bytes().escape_ascii()));
                true
            }
            Ok(None) => false,
            Err(error) => {
                told.push(format!("{error:?}"));
                false
            }
        };
        for mut piece in pieces {
            while !piece.is_empty() && codec.broken.is_none() {
                piece = &piece[codec.push(piece)..];
                while tell(codec.decode()) {}
            }
        }
        while codec.broken.is_none() && tell(codec.finish()) {}
        told.join(" ")
    }

    #[test]
    fn a_line_ends_at_lf_and_a_cr_before_it_belongs_to_the_end() {
        for (bytes, lines, burst) in [
            (&b""[..], "", ""),
            (b"a\nb\r\n", r"a<\n> b<\r\n>", r"a<\n> b<\r\n>"),
            (b"\n\r\n\n", r"<\n> <\r\n> <\n>", r"<\n> <\r\n> <\n>"),
            (b"a\rb\n\r\r\n", r"a\rb<\n> \r<\r\n>", r"a\rb<\n> \r<\r\n>"),
            (b"\0\xff\x80\n", r"\x00\xff\x80<\n>", r"\x00\xff\x80<\n>"),
            (b"a\nb", r"a<\n> Unfinished", r"a<\n> b<>"),
            (b"a\r", "Unfinished", r"a\r<>"),
            (b"12345678\n", r"12345678<\n>", r"12345678<\n>"),
            (b"12345678\r\n", r"12345678<\r\n>", r"12345678<\r\n>"),
            (b"12345678", "Unfinished", "12345678<>"),
            (b"12345678\r", "Unfinished", "TooLong { most: 8 }"),
            (b"12345678\r\r\n", "TooLong { most: 8 }", "TooLong { most: 8 }"),
            (b"123456789", "TooLong { most: 8 }", "TooLong { most: 8 }"),
            (b"a\n123456789\nb\n", r"a<\n> TooLong { most: 8 }", r"a<\n> TooLong { most: 8 }"),
        ] {
            let shown = bytes.escape_ascii();
            assert_eq!(told(Framing::Lines, bytes), lines, "{shown}");
            assert_eq!(told(Framing::Burst, bytes), burst, "{shown}");
        }
    }

    #[test]
    fn a_header_says_how_long_the_message_is() {
        for (framing, three, most) in HEADERS {
            let sized = |size: u8, body: &[u8]| {
                let size = if framing == Framing::Ascii10 { b'0' + size } else { size };
                let header = three.iter().map(|byte| if matches!(byte, 3 | b'3') { size } else { *byte });
                header.chain(body.iter().copied()).collect::<Vec<u8>>()
            };
            assert_eq!(told(framing, b""), "", "{framing}");
            assert_eq!(told(framing, &sized(0, b"")), "<>", "{framing}");
            assert_eq!(told(framing, &sized(3, b"a\nb")), r"a\nb<>", "{framing}");
            assert_eq!(told(framing, &sized(8, b"12345678")), "12345678<>", "{framing}");
            let three_messages = [sized(1, b"a"), sized(0, b""), sized(2, b"bc")].concat();
            assert_eq!(told(framing, &three_messages), "a<> <> bc<>", "{framing}");
            // No byte of the body is waited for.
            assert_eq!(told(framing, &sized(9, b"")), "TooLong { most: 8 }", "{framing}");
            assert_eq!(told(framing, most), "TooLong { most: 8 }", "{framing}");
            for end in 1..three.len() {
                assert_eq!(told(framing, &three[..end]), "Unfinished", "{framing}");
            }
            assert_eq!(told(framing, &sized(3, b"")), "Unfinished", "{framing}");
            assert_eq!(told(framing, &[sized(0, b""), sized(3, b"ab")].concat()), "<> Unfinished", "{framing}");
        }
    }

    #[test]
    fn ten_digits_are_a_number_padded_on_the_left_and_nothing_else() {
        for sound in ["         3", "0000000003", "     00003"] {
            assert_eq!(told(Framing::Ascii10, format!("{sound}abc").as_bytes()), "abc<>", "{sound}");
        }
        for bad in [
            "          ",
            "3         ",
            "        3 ",
            "        +3",
            "        -3",
            "       3 3",
            "       0x3",
            "       3.0",
            "\t\t\t\t\t\t\t\t\t3",
            "\n        3",
            "\0\0\0\0\0\0\0\0\x003",
            "        \u{b3}",
        ] {
            assert_eq!(told(Framing::Ascii10, format!("{bad}abc").as_bytes()), "BadHeader", "{bad:?}");
        }
    }

    #[test]
    fn a_message_has_64_kib_or_what_its_header_can_say() {
        for (framing, most) in [
            (Framing::Burst, 65536),
            (Framing::Lines, 65536),
            (Framing::U16Be, 65535),
            (Framing::U16Le, 65535),
            (Framing::U32Be, 65536),
            (Framing::U32Le, 65536),
            (Framing::U64Be, 65536),
            (Framing::Ascii10, 65536),
        ] {
            let mut codec = Codec::new(framing);
            let (message, mut bytes) = (vec![b'a'; most], Vec::new());
            codec.encode(&message, Delimiter::CrLf, &mut bytes).unwrap();
            assert_eq!(codec.push(&bytes), bytes.len(), "{framing}");
            assert_eq!(codec.decode().unwrap().unwrap().bytes, message, "{framing}");
        }
        let mut codec = Codec::new(Framing::U32Be);
        codec.push(b"\0\x01\0\x01");
        assert_eq!(codec.decode().unwrap_err().to_string(), "Message too long (at most 65536 bytes)");
        let mut out = vec![1];
        let refused = Codec::new(Framing::U16Be).encode(&[0; 65536], Delimiter::None, &mut out);
        assert_eq!((refused, &out[..]), (Err(FramingError::TooLong { most: 65535 }), &[1][..]));
    }

    #[test]
    fn a_header_of_any_size_can_be_allowed_and_reserves_nothing() {
        let mut codec = Codec::bounded(Framing::U64Be, usize::MAX);
        codec.push(&[0xff; 9]);
        assert_eq!(codec.decode(), Ok(None));
        assert!(codec.held.capacity() <= 16, "{}", codec.held.capacity());
        assert_eq!(codec.finish(), Err(FramingError::Unfinished));
    }

    #[test]
    fn an_error_comes_back_and_what_comes_behind_it_is_not_taken() {
        for (framing, bytes, error) in [
            (Framing::Burst, &b"123456789"[..], FramingError::TooLong { most: 8 }),
            (Framing::Lines, b"a", FramingError::Unfinished),
            (Framing::U16Le, b"\x09\0", FramingError::TooLong { most: 8 }),
            (Framing::Ascii10, b"0123456789", FramingError::TooLong { most: 8 }),
            (Framing::Ascii10, b"GET / HTTP", FramingError::BadHeader),
        ] {
            let mut codec = Codec::bounded(framing, 8);
            codec.push(bytes);
            assert_eq!(codec.finish(), Err(error.clone()));
            assert_eq!((codec.push(b"\n"), codec.room(), codec.held(), codec.held.capacity()), (0, 0, 0, 0));
            assert_eq!(
                (codec.decode(), codec.silence(), codec.awaits_silence()),
                (Err(error.clone()), Err(error), false)
            );
        }
    }

    #[test]
    fn silence_ends_a_burst_behind_the_messages_that_are_whole() {
        let mut codec = Codec::new(Framing::Burst);
        assert_eq!(codec.silence(), Ok(None));
        codec.push(b"one\r\ntwo\nthree\r");
        let mut said = || codec.silence().unwrap().map(|message| (message.bytes, message.end));
        assert_eq!(said(), Some((b"one".to_vec(), Delimiter::CrLf)));
        assert_eq!(said(), Some((b"two".to_vec(), Delimiter::Lf)));
        assert_eq!(said(), Some((b"three\r".to_vec(), Delimiter::None)));
        assert_eq!(said(), None);
        codec.push(b"\n");
        assert_eq!(codec.decode(), Ok(Some(Message { bytes: vec![], end: Delimiter::Lf })));
    }

    #[test]
    fn silence_ends_nothing_but_a_burst() {
        for framing in Framing::ALL.into_iter().filter(|framing| *framing != Framing::Burst) {
            let mut codec = Codec::new(framing);
            codec.push(b"\0");
            assert!(!codec.awaits_silence());
            assert_eq!((codec.silence(), codec.held()), (Ok(None), 1), "{framing}");
        }
    }

    #[test]
    fn an_answer_ends_as_the_question_did() {
        let mut codec = Codec::new(Framing::Burst);
        assert_eq!(codec.answer_end(), Delimiter::Lf);
        codec.push(b"a\r\nb\nc");
        for end in [Delimiter::CrLf, Delimiter::Lf, Delimiter::None] {
            codec.finish().unwrap();
            assert_eq!(codec.answer_end(), end);
        }
        assert_eq!(Codec::new(Framing::U32Be).answer_end(), Delimiter::None);
    }

    #[test]
    fn what_would_fall_apart_is_not_sent() {
        for (framing, message, end, sent) in [
            (Framing::Lines, &b"a"[..], Delimiter::Lf, Some(&b"a\n"[..])),
            (Framing::Lines, b"a", Delimiter::CrLf, Some(b"a\r\n")),
            (Framing::Lines, b"a", Delimiter::None, Some(b"a\n")),
            (Framing::Burst, b"a\r", Delimiter::None, Some(b"a\r")),
            (Framing::Burst, b"a\r", Delimiter::CrLf, Some(b"a\r\r\n")),
            (Framing::Burst, b"a\nb", Delimiter::None, None),
            (Framing::Burst, b"a\r", Delimiter::Lf, None),
            (Framing::Lines, b"a\r", Delimiter::None, None),
            (Framing::U16Be, b"a\nb\r", Delimiter::Lf, Some(b"\0\x04a\nb\r")),
            (Framing::Ascii10, b"", Delimiter::None, Some(b"         0")),
        ] {
            let mut out = b"before ".to_vec();
            let encoded = Codec::new(framing).encode(message, end, &mut out);
            assert_eq!(encoded, sent.map(drop).ok_or(FramingError::HoldsDelimiter));
            assert_eq!(out, [b"before ", sent.unwrap_or_default()].concat());
        }
    }

    #[test]
    fn a_new_bound_counts_for_all_that_was_not_given_yet() {
        let mut codec = Codec::bounded(Framing::Lines, 4);
        assert_eq!(codec.push(b"one\nlonger\n"), 6);
        codec.set_bound(8);
        assert_eq!(codec.push(b"nger\n"), 4);
        assert_eq!(codec.decode().unwrap().unwrap().bytes, b"one");
        assert_eq!(codec.push(b"\nshort"), 4);
        assert_eq!(codec.decode().unwrap().unwrap().bytes, b"longer");
        codec.push(b"rter");
        codec.set_bound(4);
        assert_eq!((codec.room(), codec.decode()), (0, Err(FramingError::TooLong { most: 4 })));
    }

    #[test]
    fn memory_grows_with_what_came_up_to_the_bound_and_goes_with_the_last_message() {
        for framing in Framing::ALL {
            let mut codec = Codec::new(framing);
            let (message, mut bytes) = (vec![b'a'; codec.most], Vec::new());
            codec.encode(&message, Delimiter::CrLf, &mut bytes).unwrap();
            let bound = codec.room();
            for (at, byte) in bytes[..bytes.len() - 1].iter().enumerate() {
                assert_eq!((codec.push(&[*byte]), codec.decode()), (1, Ok(None)));
                assert!(codec.held.capacity() <= (2 * at + 2).min(bound).max(8), "{framing}, {at}");
            }
            codec.push(&bytes[bytes.len() - 1..]);
            assert!(codec.decode().unwrap().is_some());
            assert_eq!((codec.held.capacity(), codec.start), (0, 0), "{framing}");
        }
    }

    #[test]
    fn a_short_message_keeps_no_more_memory_than_its_own() {
        let mut codec = Codec::new(Framing::Lines);
        codec.push(&[&[b'a'; 10_000][..], b"\nb\n"].concat());
        codec.decode().unwrap();
        assert!(codec.decode().unwrap().unwrap().bytes.capacity() < 100);
        assert_eq!(codec.held.capacity(), 0);
    }
}
