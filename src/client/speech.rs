//! Speech: what is said on our side as it goes over the wire, and what the peer says as it is shown: byte for byte, or
//! in messages, each of which is a line on our side. Pure; the terminal and the pipe know no framings.

use std::borrow::Cow;

use super::crlf::{LineEnd, LineEnds};
use super::trouble::Trouble;
use crate::framing::{Codec, Delimiter, Framing, FramingError, Message};

/// What counts as one thing said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Whatever comes, as it comes; on its way out its lines end so.
    Bytes(LineEnd),
    /// A line of ours is a message, and a message of the peer is a line. Ours end so, where the framing has delimiters.
    /// A burst has no messages until silence falls, and is all bytes here.
    Messages(Framing, Delimiter),
}

/// How what the peer says is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rendering {
    /// Byte for byte: a message that holds line ends becomes several lines.
    Bytes,
    /// As text for a terminal, where a person must see what is one message: controls are escaped, and so is a line end
    /// within a message.
    Text,
}

impl Speech {
    /// How the peer tells messages apart; bytes may be taken as bursts.
    pub(crate) fn framing(self) -> Framing {
        match self {
            Self::Bytes(_) => Framing::Burst,
            Self::Messages(framing, _) => framing,
        }
    }
}

/// What a piece became, and whether all of it became something: the bytes stand, whatever came behind them.
pub(super) type Translated<'p> = (Cow<'p, [u8]>, Result<(), Trouble>);

/// Our side's bytes on their way out, in pieces that may be cut anywhere.
#[derive(Debug)]
pub(super) enum Outgoing {
    Bytes(LineEnds),
    Messages {
        /// Ends lines at LF, and the last one at the end.
        lines: Codec,
        wire: Codec,
        end: Delimiter,
    },
}

impl Outgoing {
    pub(super) fn new(speech: Speech) -> Self {
        match speech {
            Speech::Bytes(line_end) => Self::Bytes(LineEnds::new(line_end)),
            Speech::Messages(framing, end) => {
                let wire = Codec::new(framing);
                Self::Messages { lines: Codec::bounded(Framing::Burst, wire.bound()), wire, end }
            }
        }
    }

    /// The next piece as it goes out. A line whose end has not come is kept.
    pub(super) fn translate<'p>(&mut self, piece: &'p [u8]) -> Translated<'p> {
        match self {
            Self::Bytes(line_ends) => (line_ends.translate(piece), Ok(())),
            Self::Messages { lines, wire, end } => {
                let mut out = Vec::new();
                let sound = each(lines, piece, |line| wire.encode(&line.bytes, *end, &mut out));
                (out.into(), sound.map_err(Trouble::Unsayable))
            }
        }
    }

    /// A last line without an end.
    pub(super) fn finish(&mut self) -> Translated<'static> {
        let mut out = Vec::new();
        let Self::Messages { lines, wire, end } = self else { return (out.into(), Ok(())) };
        let sound =
            lines.finish().and_then(|line| line.map_or(Ok(()), |line| wire.encode(&line.bytes, *end, &mut out)));
        (out.into(), sound.map_err(Trouble::Unsayable))
    }
}

/// The peer's bytes on their way to where they are shown.
#[derive(Debug)]
pub(super) enum Incoming {
    Bytes,
    Messages(Codec, Rendering),
}

impl Incoming {
    pub(super) fn new(speech: Speech, rendering: Rendering) -> Self {
        match speech {
            Speech::Bytes(_) => Self::Bytes,
            Speech::Messages(framing, _) => Self::Messages(Codec::new(framing), rendering),
        }
    }

    /// What can be shown of the next piece: whole messages, each with LF behind it.
    pub(super) fn translate<'p>(&mut self, piece: &'p [u8]) -> Translated<'p> {
        let Self::Messages(codec, rendering) = self else { return (piece.into(), Ok(())) };
        let mut lines = Vec::new();
        let sound = each(codec, piece, |message| {
            match rendering {
                Rendering::Bytes => lines.extend_from_slice(&message.bytes),
                Rendering::Text => push_one_line(&mut lines, &message.bytes),
            }
            lines.push(b'\n');
            Ok(())
        });
        (lines.into(), sound.map_err(Trouble::Framing))
    }

    /// The peer has said everything, and no message may be unfinished.
    pub(super) fn finish(&mut self) -> Result<(), Trouble> {
        let Self::Messages(codec, _) = self else { return Ok(()) };
        codec.finish().map(drop).map_err(Trouble::Framing)
    }
}

/// What is no line end in a message must not look like one.
fn push_one_line(lines: &mut Vec<u8>, message: &[u8]) {
    for (number, part) in message.split(|byte| *byte == b'\n').enumerate() {
        if number > 0 {
            lines.extend_from_slice(b"\\n");
        }
        lines.extend_from_slice(part);
    }
}

/// Gives every message that `piece` completes.
fn each(
    codec: &mut Codec,
    mut piece: &[u8],
    mut give: impl FnMut(Message) -> Result<(), FramingError>,
) -> Result<(), FramingError> {
    while !piece.is_empty() {
        piece = &piece[codec.push(piece)..];
        while let Some(message) = codec.decode()? {
            give(message)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `typed` becomes on the wire, in pieces of this size, and why it ended early.
    fn sent(speech: Speech, typed: &[u8], size: usize) -> (Vec<u8>, Option<String>) {
        let (mut outgoing, mut wire) = (Outgoing::new(speech), Vec::new());
        for piece in typed.chunks(size) {
            let (bytes, sound) = outgoing.translate(piece);
            wire.extend_from_slice(&bytes);
            if let Err(trouble) = sound {
                return (wire, Some(trouble.to_string()));
            }
        }
        let (bytes, sound) = outgoing.finish();
        wire.extend_from_slice(&bytes);
        (wire, sound.err().map(|trouble| trouble.to_string()))
    }

    fn shown(framing: Framing, wire: &[u8], size: usize) -> (Vec<u8>, Option<String>) {
        let speech = Speech::Messages(framing, Delimiter::Lf);
        let (mut incoming, mut lines) = (Incoming::new(speech, Rendering::Bytes), Vec::new());
        for piece in wire.chunks(size) {
            let (bytes, sound) = incoming.translate(piece);
            lines.extend_from_slice(&bytes);
            if let Err(trouble) = sound {
                return (lines, Some(trouble.to_string()));
            }
        }
        (lines, incoming.finish().err().map(|trouble| trouble.to_string()))
    }

    #[test]
    fn a_line_is_a_message_wherever_it_is_cut_and_with_or_without_its_end() {
        let typed = b"one\n\ntwo\r\nthree";
        for (speech, wire) in [
            (Speech::Bytes(LineEnd::Lf), &b"one\n\ntwo\r\nthree"[..]),
            (Speech::Bytes(LineEnd::CrLf), b"one\r\n\r\ntwo\r\nthree"),
            (Speech::Messages(Framing::Lines, Delimiter::Lf), b"one\n\ntwo\nthree\n"),
            (Speech::Messages(Framing::Lines, Delimiter::CrLf), b"one\r\n\r\ntwo\r\nthree\r\n"),
            (Speech::Messages(Framing::U16Le, Delimiter::Lf), b"\x03\0one\0\0\x03\0two\x05\0three"),
            (Speech::Messages(Framing::Ascii10, Delimiter::Lf), b"         3one         0         3two         5three"),
        ] {
            for size in 1..=typed.len() {
                assert_eq!(sent(speech, typed, size), (wire.to_vec(), None), "{speech:?}");
            }
        }
    }

    #[test]
    fn a_line_over_the_bound_is_not_sent_and_those_before_it_are() {
        for (framing, most) in [(Framing::U16Be, 65535), (Framing::U32Be, 65536)] {
            let speech = Speech::Messages(framing, Delimiter::Lf);
            let longest = [b"a\n", &vec![b'a'; most][..]].concat();
            let (whole, none) = sent(speech, &longest, 1000);
            assert_eq!((whole.len() - shown_header(framing) * 2, none), (1 + most, None));
            for (end, size) in [(&b"a"[..], 1000), (b"a\n", 1000), (b"a\nb\n", usize::MAX)] {
                let (wire, trouble) = sent(speech, &[&longest[..], end].concat(), size);
                assert_eq!(wire.len(), shown_header(framing) + 1);
                assert!(trouble.is_some_and(|trouble| trouble.contains(&format!("at most {most} bytes"))));
            }
        }
    }

    fn shown_header(framing: Framing) -> usize {
        if framing == Framing::U16Be { 2 } else { 4 }
    }

    #[test]
    fn a_peer_that_breaks_the_framing_is_told_of_behind_its_whole_messages() {
        for (framing, wire, lines, trouble) in [
            (Framing::U16Be, &b"\0\x02hi\0\0"[..], &b"hi\n\n"[..], None),
            (Framing::Lines, b"hi\r\nho\n", b"hi\nho\n", None),
            (Framing::Lines, b"hi\nho", b"hi\n", Some("ended within a message")),
            (Framing::U16Be, b"\0\x02hi\0", b"hi\n", Some("ended within a message")),
            (Framing::U32Be, b"\0\0\0\x02hi\xff\xff\xff\xff", b"hi\n", Some("longer than 65536 bytes")),
            (Framing::Ascii10, b"         2hi<html>\n<head>", b"hi\n", Some("no number")),
        ] {
            for size in 1..=wire.len() {
                let (got, said) = shown(framing, wire, size);
                assert_eq!(got, lines);
                assert_eq!(said.is_some(), trouble.is_some(), "{said:?}");
                assert!(said.is_none_or(|said| said.contains(trouble.unwrap_or_default())), "{framing}");
            }
        }
    }

    #[test]
    fn a_line_end_within_a_message_is_escaped_for_a_person_and_left_for_a_pipe() {
        for (rendering, lines) in
            [(Rendering::Text, &b"a\\nOK b\r\\n\nc\n"[..]), (Rendering::Bytes, b"a\nOK b\r\n\nc\n")]
        {
            let mut incoming = Incoming::new(Speech::Messages(Framing::U16Be, Delimiter::None), rendering);
            assert_eq!(incoming.translate(b"\0\x08a\nOK b\r\n\0\x01c").0, lines);
        }
    }

    proptest! {
        #[test]
        fn what_one_end_types_the_other_end_reads(
            lines in prop::collection::vec("[^\r\n]{0,20}", 0..8),
            framing in prop::sample::select(&Framing::ALL[1..]),
            size in 1usize..40,
        ) {
            let typed: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let (wire, trouble) = sent(Speech::Messages(framing, Delimiter::CrLf), typed.as_bytes(), size);
            prop_assert_eq!(trouble, None);
            prop_assert_eq!(shown(framing, &wire, size), (typed.into_bytes(), None));
        }
    }
}
