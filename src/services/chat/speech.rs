//! Speech: what others see of the bytes that somebody sends. Whatever they are, it is one line of text that moves no
//! cursor, turns no direction and reaches into no other line.

use std::fmt::Write;

use unicode_normalization::char::is_combining_mark;

use crate::services::name::{is_printable, is_space};

/// The text in `bytes`, without white space at its end: invalid UTF-8 as U+FFFD, every space as the plain one, what
/// cannot be printed as its number, such as `\u{1b}`.
pub(super) fn shown(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii_end();
    let plain = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    if let (true, Ok(text)) = (plain, str::from_utf8(bytes)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    let mut marks = 0;
    for chunk in bytes.utf8_chunks() {
        let mut chars = chunk.valid().chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied();
            if !c.is_ascii() && is_combining_mark(c) {
                marks += 1;
            } else {
                marks = 0;
            }
            if marks <= MOST_MARKS {
                push(&mut text, c, next);
            }
        }
        if !chunk.invalid().is_empty() {
            marks = 0;
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn push(text: &mut String, c: char, next: Option<char>) {
    match c {
        ' '..='~' => text.push(c),
        '\t' => text.push(' '),
        // Emoji are joined by one, and Persian words parted by the other.
        '\u{200c}' | '\u{200d}' if joins(text, next) => text.push(c),
        _ if is_space(c) => text.push(' '),
        _ if is_printable(c) => text.push(c),
        _ => {
            // Writing to a String cannot fail.
            let _ = write!(text, "{}", c.escape_unicode());
        }
    }
}

fn joins(before: &str, next: Option<char>) -> bool {
    let is_letter = |c: char| !c.is_ascii() && !c.is_control() && !is_space(c);
    before.chars().next_back().is_some_and(is_letter) && next.is_some_and(|c| is_letter(c) && is_printable(c))
}

/// Marks that may stand on one letter: no script needs more, and a pile of them would reach into other lines.
const MOST_MARKS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_shown_as_it_is() {
        for text in [
            "hello",
            "  two  words",
            "\"C:\\x\" <b> it's",
            "Łukasz",
            "камень",
            "日本",
            "👩\u{200d}🚀",
            "می\u{200c}خواهم",
            "e\u{301}",
            "❤\u{fe0f}",
        ] {
            assert_eq!(shown(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_could_break_a_line_or_move_a_cursor_is_not() {
        for (bytes, text) in [
            (&b"a\r\n"[..], "a"),
            (b"a\rb", r"a\u{d}b"),
            (b"a\nb", r"a\u{a}b"),
            (b"\x1b[2Ja", r"\u{1b}[2Ja"),
            (b"a\x08\x7f", r"a\u{8}\u{7f}"),
            (b"a\tb", "a b"),
            (b"a \t ", "a"),
            (b"", ""),
            (b"a\xff\xfeb\xe2\x82", "a\u{fffd}\u{fffd}b\u{fffd}"),
            ("\u{9b}31m".as_bytes(), r"\u{9b}31m"),
            ("a\u{85}\u{2028}\u{2029}b".as_bytes(), r"a\u{85}\u{2028}\u{2029}b"),
            ("a\u{202e}b\u{2066}\u{200f}".as_bytes(), r"a\u{202e}b\u{2066}\u{200f}"),
            ("a\u{200b}b\u{feff}".as_bytes(), r"a\u{200b}b\u{feff}"),
            ("a\u{200d}b".as_bytes(), r"a\u{200d}b"),
            ("\u{200d}".as_bytes(), r"\u{200d}"),
            ("a\u{a0}\u{3000}b".as_bytes(), "a  b"),
        ] {
            assert_eq!(shown(bytes), text, "{bytes:?}");
        }
    }

    #[test]
    fn a_pile_of_marks_is_cut() {
        let pile = |marks| format!("a{}b", "\u{301}".repeat(marks));
        assert_eq!(shown(pile(500).as_bytes()), pile(8));
    }

    /// Ends of lines and marks of direction.
    const MOVES: [std::ops::RangeInclusive<char>; 3] =
        ['\u{200e}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];

    proptest::proptest! {
        #[test]
        fn no_bytes_at_all_make_more_than_a_line(bytes: Vec<u8>, text in "\\PC{0,20}|[\\x00-\\u{20ff}]{0,20}") {
            for bytes in [&bytes[..], text.as_bytes()] {
                let shown = shown(bytes);
                let moves = |c: char| c.is_control() || MOVES.iter().any(|moves| moves.contains(&c));
                proptest::prop_assert!(!shown.contains(moves), "{:?}", shown);
                // What is shown stays as it is when it is said again.
                proptest::prop_assert_eq!(super::shown(shown.as_bytes()), shown);
            }
        }
    }
}
