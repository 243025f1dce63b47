//! Untrusted: bytes from a peer. It has no `Display`, so the only ways to a terminal or a log lead through its escapes:
//! no byte of a peer can end a line, move a cursor, ring a bell or turn the direction of text.

use std::fmt::Write;

/// Bytes that somebody else chose.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Untrusted {
    bytes: Box<[u8]>,
    /// How many more there were.
    cut: usize,
}

impl Untrusted {
    /// At most the first `most` of `bytes`.
    pub(crate) fn cut(bytes: &[u8], most: usize) -> Self {
        let kept = bytes.len().min(most);
        Self { bytes: bytes[..kept].into(), cut: bytes.len() - kept }
    }

    /// One line in double quotes, as a log holds it: `"hello\n"`, and behind it how much was cut off.
    pub(crate) fn quoted(&self) -> String {
        let mut line = format!("\"{}\"", self.escaped().replace('"', "\\\""));
        if self.cut > 0 {
            // Writing to a String cannot fail.
            let _ = write!(line, " and {} bytes more", self.cut);
        }
        line
    }

    /// The same without quotes, for a form that has its own.
    pub(crate) fn escaped(&self) -> String {
        let mut line = String::with_capacity(self.bytes.len());
        for chunk in self.bytes.utf8_chunks() {
            chunk.valid().chars().for_each(|c| push_escaped(&mut line, c));
            push_invalid(&mut line, chunk.invalid());
        }
        line
    }

    /// Text for a terminal: line feeds and tabs as they are, everything else that is not a printable character escaped.
    /// What joins or parts two letters counts as one: emoji and Persian are written with it.
    pub(crate) fn text(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            let mut chars = chunk.valid().chars().peekable();
            while let Some(c) = chars.next() {
                match c {
                    '\n' | '\t' => text.push(c),
                    JOINER | NON_JOINER if chars.peek().is_some_and(|next| is_letter(*next)) => text.push(c),
                    _ => push_printable(&mut text, c),
                }
            }
            push_invalid(&mut text, chunk.invalid());
        }
        text
    }
}

fn push_escaped(line: &mut String, c: char) {
    match c {
        '\\' => line.push_str("\\\\"),
        _ => push_printable(line, c),
    }
}

/// Printable characters as they are; controls, direction marks, zero-width and unassigned ones as `\n`, `\u{202e}`.
fn push_printable(line: &mut String, c: char) {
    match c {
        '\'' | '"' | '\\' => line.push(c),
        // Behind a base character a combining mark is ordinary text; alone, the standard library escapes it.
        _ if !c.is_ascii() => line.extend(['x', c].iter().collect::<String>().escape_debug().skip(1)),
        _ => line.extend(c.escape_debug()),
    }
}

/// Whether a terminal shows it as it is, and it is more than ASCII.
fn is_letter(c: char) -> bool {
    let mut shown = String::new();
    push_printable(&mut shown, c);
    !c.is_ascii() && shown.chars().eq([c])
}

fn push_invalid(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(line, "\\x{byte:02x}");
    }
}

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(bytes: &[u8]) -> String {
        Untrusted::cut(bytes, 1000).quoted()
    }

    #[test]
    fn what_could_break_a_line_or_move_a_cursor_is_escaped() {
        for (bytes, shown) in [
            (&b"hello\r\n"[..], r#""hello\r\n""#),
            (b"\x1b]0;owned\x07", r#""\u{1b}]0;owned\u{7}""#),
            ("\u{9b}31m".as_bytes(), r#""\u{9b}31m""#),
            ("a\u{202e}b\u{200b}".as_bytes(), r#""a\u{202e}b\u{200b}""#),
            (b"\xff\xfe", r#""\xff\xfe""#),
            (b"say \"hi\" \\ it's", r#""say \"hi\" \\ it's""#),
            (b"\0", r#""\0""#),
        ] {
            assert_eq!(quoted(bytes), shown);
        }
    }

    #[test]
    fn letters_of_any_script_stay_readable() {
        for text in ["Łukasz", "камень", "Übung", "é", "🪨"] {
            assert_eq!(quoted(text.as_bytes()), format!("\"{text}\""));
            assert_eq!(Untrusted::text(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_joins_letters_is_text_and_nothing_else_without_width() {
        for text in ["👩\u{200d}🚀", "می\u{200c}خواهم"] {
            assert_eq!(Untrusted::text(text.as_bytes()), text);
        }
        for (text, shown) in [
            ("a\u{200d}b", r"a\u{200d}b"),
            ("é\u{200d}", r"é\u{200d}"),
            ("é\u{200d}\u{200d}é", "é\\u{200d}\u{200d}é"),
            ("é\u{200d}\u{202e}é\u{200b}é", r"é\u{200d}\u{202e}é\u{200b}é"),
        ] {
            assert_eq!(Untrusted::text(text.as_bytes()), shown);
        }
    }

    #[test]
    fn text_keeps_lines_and_tabs_and_nothing_else() {
        assert_eq!(Untrusted::text(b"a\tb\r\n\x1b[2J\"'\\"), "a\tb\\r\n\\u{1b}[2J\"'\\");
    }

    #[test]
    fn a_long_dump_says_how_much_it_leaves_out() {
        assert_eq!(Untrusted::cut(b"abcdef", 2).quoted(), "\"ab\" and 4 bytes more");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_at_all_yield_a_control_character(bytes: Vec<u8>) {
            let line = quoted(&bytes);
            proptest::prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            let text = Untrusted::text(&bytes);
            proptest::prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
        }
    }
}
