//! Say: bytes as a person reads them, short whatever their number. Everything that comes out is escaped.

use super::document::Shown;
use crate::event::Untrusted;

/// Bytes in a few words: `"hello"`, `1023×"a" + d0 9f`, `65536 bytes that begin with "gkx…"`.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "nothing".to_owned(),
        1..=SHORT => plain(bytes),
        n => by_runs(bytes).unwrap_or_else(|| format!("{n} bytes that begin with {}", quoted(beginning(bytes)))),
    }
}

/// The first of them, up to a letter that would be cut in half.
fn beginning(bytes: &[u8]) -> &[u8] {
    let is_inside = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = (GLANCE - 3..=GLANCE).rev().find(|at| !is_inside(at)).unwrap_or(GLANCE);
    &bytes[..end]
}

/// How many bytes, and which where they are few.
pub(crate) fn amount(all: &[u8]) -> String {
    match all.len() {
        0 => "nothing".to_owned(),
        1 => format!("1 byte: {}", bytes(all)),
        n => match bytes(all) {
            said if says_how_many(&said, n as u64) => said,
            said => format!("{n} bytes: {said}"),
        },
    }
}

/// Whether what is said of `n` bytes begins with their number already.
pub(crate) fn says_how_many(said: &str, n: u64) -> bool {
    said.starts_with(&format!("{n} bytes that "))
}

/// In double quotes, escaped.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    Untrusted::cut(bytes, bytes.len()).quoted()
}

/// A text of somebody else's on one line, escaped, without quotes, cut where it is long.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    Untrusted::cut(bytes, LONG).escaped()
}

/// Around the byte at `at`, with the column of that byte.
pub(crate) fn window(bytes: &[u8], at: usize) -> Shown {
    let at = at.min(bytes.len());
    let mut from = at.saturating_sub(BEFORE);
    // A character is not cut.
    while from > 0 && bytes[from] & 0xc0 == 0x80 {
        from -= 1;
    }
    let to = (at + BEHIND).min(bytes.len());
    let show = |part: &[u8]| Untrusted::cut(part, part.len()).escaped();
    let mut head = if from > 0 { "…".to_owned() } else { String::new() };
    head.push_str(&show(&bytes[from..at]));
    let caret = head.chars().count();
    let tail = show(&bytes[at..to]);
    let more = if to < bytes.len() { "…" } else { "" };
    Shown { text: format!("{head}{tail}{more}"), caret, at: at as u64 }
}

fn plain(bytes: &[u8]) -> String {
    if std::str::from_utf8(bytes).is_ok() { quoted(bytes) } else { hex(bytes) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Where it is a few long runs of the same byte and a little between them.
fn by_runs(bytes: &[u8]) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = bytes;
    let mut between = 0;
    while between < rest.len() {
        let run = rest[between..].iter().take_while(|byte| **byte == rest[between]).count();
        if run < RUN {
            between += run;
            continue;
        }
        if between > 0 {
            parts.push(few(&rest[..between])?);
        }
        parts.push(format!("{run}×{}", plain(&rest[between..=between])));
        rest = &rest[between + run..];
        between = 0;
    }
    if !rest.is_empty() {
        parts.push(few(rest)?);
    }
    (parts.len() <= MOST_PARTS).then(|| parts.join(" + "))
}

fn few(bytes: &[u8]) -> Option<String> {
    (bytes.len() <= SHORT).then(|| plain(bytes))
}

/// What is shown whole.
const SHORT: usize = 48;
/// What is shown of something long.
const GLANCE: usize = 12;
/// A line of a program.
const LONG: usize = 400;
const RUN: usize = 16;
const MOST_PARTS: usize = 5;
const BEFORE: usize = 24;
const BEHIND: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bytes_take_few_words() {
        let edge = [&[b'a'; 1023][..], "П".as_bytes()].concat();
        let broken = [&[b'a'; 1023][..], &[0xd0]].concat();
        for (given, said) in [
            (&b""[..], "nothing"),
            (b"hello", r#""hello""#),
            (b"\xd0\x9f", r#""П""#),
            (b"\xd0", "d0"),
            (&edge, r#"1023×"a" + "П""#),
            (&broken, r#"1023×"a" + d0"#),
        ] {
            assert_eq!(bytes(given), said);
        }
        let long: Vec<u8> = (0..6000u32).map(|n| b'a' + (n % 23) as u8).collect();
        let said = r#"6000 bytes that begin with "abcdefghijkl""#;
        assert_eq!((bytes(&long).as_str(), amount(&long).as_str()), (said, said));
        let russian = "Хост не найден, попробуйте ещё раз; так делают все и всегда".as_bytes();
        assert_eq!(bytes(&[b"ab", russian].concat()), r#"108 bytes that begin with "abХост ""#);
        assert_eq!(amount(b"6000 bytes that "), r#"16 bytes: "6000 bytes that ""#);
    }

    #[test]
    fn a_window_has_its_caret_under_the_byte() {
        for (given, at, text, caret) in
            [(&b"hello"[..], 2, "hello", 2), (b"ab\ncd", 3, "ab\\ncd", 4), (b"abc", 3, "abc", 3), (b"", 0, "", 0)]
        {
            let shown = window(given, at);
            assert_eq!((shown.text.as_str(), shown.caret), (text, caret));
        }
        let shown = window(&[b'x'; 100], 50);
        assert_eq!((shown.caret, shown.at), (1 + BEFORE, 50));
        assert_eq!(shown.text, format!("…{}…", "x".repeat(BEFORE + BEHIND)));
    }

    #[test]
    fn a_window_does_not_cut_a_letter_before_the_caret() {
        let text = "ż".repeat(50);
        let shown = window(text.as_bytes(), 61);
        assert!(shown.text.starts_with("…ż"), "{}", shown.text);
    }
}
