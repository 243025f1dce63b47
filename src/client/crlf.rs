//! Line ends on their way out: LF as it is, or as CRLF. Pure: it remembers only whether the last byte was a CR.

use std::borrow::Cow;

/// How lines end on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// As they come.
    Lf,
    /// Each LF that no CR precedes becomes CRLF.
    CrLf,
}

/// Text under way in pieces that may be cut anywhere, also between CR and LF.
#[derive(Debug)]
pub(super) struct LineEnds {
    line_end: LineEnd,
    after_cr: bool,
}

impl LineEnds {
    pub(super) fn new(line_end: LineEnd) -> Self {
        Self { line_end, after_cr: false }
    }

    /// The next piece as it goes out.
    pub(super) fn translate<'b>(&mut self, piece: &'b [u8]) -> Cow<'b, [u8]> {
        if self.line_end == LineEnd::Lf {
            return Cow::Borrowed(piece);
        }
        let mut out = Vec::with_capacity(piece.len() + piece.len() / 16);
        for &byte in piece {
            if byte == b'\n' && !self.after_cr {
                out.push(b'\r');
            }
            out.push(byte);
            self.after_cr = byte == b'\r';
        }
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn translated<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
        let mut line_ends = LineEnds::new(LineEnd::CrLf);
        pieces.into_iter().flat_map(|piece| line_ends.translate(piece).into_owned()).collect()
    }

    #[test]
    fn only_a_bare_lf_gets_a_cr() {
        assert_eq!(translated([&b"a\nb\r\n\n\rc"[..]]), b"a\r\nb\r\n\r\n\rc");
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference_and_no_lf_stays_bare(text in "[a\r\n]{0,40}", cut in 0usize..40) {
            let bytes = text.as_bytes();
            let (head, tail) = bytes.split_at(cut.min(bytes.len()));
            let whole = translated([bytes]);
            prop_assert_eq!(&translated([head, tail]), &whole);
            prop_assert!(!whole.starts_with(b"\n"));
            prop_assert!(whole.windows(2).all(|pair| pair[1] != b'\n' || pair[0] == b'\r'));
            prop_assert_eq!(translated([&whole[..]]), whole);
        }
    }
}
