//! Text: UTF-8 that arrives in pieces. For who passes text on as it comes, without waiting for whole messages.

/// How many bytes at the end begin a character that more bytes could complete: at most three.
pub(crate) fn incomplete_tail(bytes: &[u8]) -> usize {
    let near_end = bytes.len().saturating_sub(3);
    let start = (near_end..bytes.len()).rev().find(|at| bytes[*at] & 0xc0 == 0xc0);
    let Some(start) = start else { return 0 };
    let cut = std::str::from_utf8(&bytes[start..]).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none());
    if cut { bytes.len() - start } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_become_a_character_is_a_tail() {
        for (bytes, tail) in [
            (&b""[..], 0),
            (b"a", 0),
            ("ż🪨".as_bytes(), 0),
            (b"a\xc5", 1),
            (b"a\xf0\x9f\xaa", 3),
            (b"\xe2\x82", 2),
            // A character that is cut by another one's beginning never gets whole.
            (b"\xf0\x9f\xc5", 1),
            // Bytes that begin no character: continuations, overlong forms, surrogates, what is beyond Unicode.
            (b"\x80\x80\x80", 0),
            (b"\xc0", 0),
            (b"\xe0\x80", 0),
            (b"\xed\xa0", 0),
            (b"\xf5", 0),
            (b"\xff", 0),
        ] {
            assert_eq!(incomplete_tail(bytes), tail, "{}", bytes.escape_ascii());
        }
    }
}
