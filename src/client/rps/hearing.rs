//! Hearing: the server's bytes as lines that a terminal may show, and our words as it expects them.

use std::time::{Duration, Instant};

use super::super::crlf::LineEnd;
use super::super::speech::Speech;
use super::super::trouble::Trouble;
use crate::event::Untrusted;
use crate::framing::{Codec, Delimiter, FramingError, Message};

/// One conversation's framing, both ways.
#[derive(Debug)]
pub(super) struct Hearing {
    codec: Codec,
    end: Delimiter,
    /// When the last bytes came.
    since: Instant,
}

impl Hearing {
    pub(super) fn new(speech: Speech) -> Self {
        let end = match speech {
            Speech::Bytes(LineEnd::Lf) => Delimiter::Lf,
            Speech::Bytes(LineEnd::CrLf) => Delimiter::CrLf,
            Speech::Messages(_, end) => end,
        };
        Self { codec: Codec::new(speech.framing()), end, since: Instant::now() }
    }

    /// The lines that these bytes complete.
    ///
    /// # Errors
    /// Where the server breaks the framing.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<Vec<String>, Trouble> {
        self.since = Instant::now();
        let mut lines = Vec::new();
        while !bytes.is_empty() {
            bytes = &bytes[self.codec.push(bytes)..];
            while let Some(message) = self.codec.decode().map_err(Trouble::Framing)? {
                lines.push(shown(&message));
            }
        }
        Ok(lines)
    }

    /// How long nothing more may come before [`rest`](Self::rest) is a line, where that is so.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.codec.awaits_silence().then(|| SILENCE.saturating_sub(self.since.elapsed()))
    }

    /// What has come without an end, if nothing has followed it for a moment.
    ///
    /// # Errors
    /// Where it is too long.
    pub(super) fn rest(&mut self) -> Result<Option<String>, Trouble> {
        if self.patience().is_some_and(|patience| patience.is_zero()) { self.line(Codec::silence) } else { Ok(None) }
    }

    /// The same at the server's end.
    ///
    /// # Errors
    /// Where the server ends within a message.
    pub(super) fn finish(&mut self) -> Result<Option<String>, Trouble> {
        self.line(Codec::finish)
    }

    fn line(
        &mut self,
        last: impl FnOnce(&mut Codec) -> Result<Option<Message>, FramingError>,
    ) -> Result<Option<String>, Trouble> {
        last(&mut self.codec).map(|message| message.as_ref().map(shown)).map_err(Trouble::Framing)
    }

    /// A word as it goes out.
    ///
    /// # Errors
    /// Where it cannot be said in this framing.
    pub(super) fn pack(&self, word: &str) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        self.codec.encode(word.as_bytes(), self.end, &mut bytes).map_err(Trouble::Unsayable)?;
        Ok(bytes)
    }
}

fn shown(message: &Message) -> String {
    Untrusted::cut(&message.bytes, MOST_SHOWN).escaped()
}

/// As long as the server's own.
const SILENCE: Duration = Duration::from_millis(100);
/// Bytes of a line; ours are shorter.
const MOST_SHOWN: usize = 500;
