//! Arriving: what a peer sends as text that a terminal can show. Pure: it keeps the bytes of a character, what joins it
//! to the next one, or the CR of a line end, until the rest has come.

use crate::event::Untrusted;
use crate::framing::incomplete_tail;

/// Text that comes in pieces cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Arriving {
    /// The beginning of a character, with what joins it, or of a line end: at most six bytes.
    tail: Vec<u8>,
}

impl Arriving {
    /// What can be shown now. CRLF is a line end; every other control but tab and line feed is escaped.
    pub(super) fn take(&mut self, piece: &[u8]) -> String {
        self.tail.extend_from_slice(piece);
        let whole = self.tail.len() - unfinished(&self.tail);
        let rest = self.tail.split_off(whole);
        shown(&std::mem::replace(&mut self.tail, rest))
    }

    /// What was kept back, when nothing more comes.
    pub(super) fn finish(&mut self) -> String {
        shown(&std::mem::take(&mut self.tail))
    }
}

/// How many bytes at the end wait for more.
fn unfinished(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return 1;
    }
    let tail = incomplete_tail(bytes);
    let whole = &bytes[..bytes.len() - tail];
    // Whether a joiner is shown depends on what it joins.
    if whole.ends_with(b"\xe2\x80\x8c") || whole.ends_with(b"\xe2\x80\x8d") { tail + 3 } else { tail }
}

fn shown(bytes: &[u8]) -> String {
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    let last = lines.len() - 1;
    let line = |(at, line): (usize, &&[u8])| {
        let line = if at < last { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        Untrusted::text(line)
    };
    lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_character_cut_by_a_read_is_shown_whole() {
        let mut arriving = Arriving::default();
        let bytes = "ż🪨".as_bytes();
        let shown: Vec<String> = bytes.iter().map(|byte| arriving.take(&[*byte])).collect();
        assert_eq!(shown, ["", "ż", "", "", "", "🪨"]);
        assert_eq!(arriving.take(b"\xc5"), "");
        assert_eq!(arriving.finish(), "\\xc5");
    }

    #[test]
    fn a_joiner_waits_for_what_it_joins() {
        for text in ["👩\u{200d}🚀 می\u{200c}خ", "é\u{200d}"] {
            let mut arriving = Arriving::default();
            let shown: String = text.bytes().map(|byte| arriving.take(&[byte])).collect();
            assert_eq!(shown + &arriving.finish(), Untrusted::text(text.as_bytes()));
        }
    }

    #[test]
    fn both_line_ends_end_a_line_and_a_lone_cr_is_escaped() {
        let mut arriving = Arriving::default();
        assert_eq!(arriving.take(b"a\r\nb\rc\nd\r"), "a\nb\\rc\nd");
        assert_eq!(arriving.take(b"\ne"), "\ne");
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(bytes: Vec<u8>, at: usize) {
            let whole = { let mut a = Arriving::default(); a.take(&bytes) + &a.finish() };
            let (head, tail) = bytes.split_at(at % (bytes.len() + 1));
            let mut a = Arriving::default();
            let pieces = a.take(head) + &a.take(tail) + &a.finish();
            prop_assert_eq!(pieces, whole);
        }
    }
}
