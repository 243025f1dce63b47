//! List: targets from a file or from stdin, parted by white space and commas; what follows a `#` is a comment.

use std::io::{self, BufRead, Read};

use super::word::{Word, WordError};

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListError {
    // Whoever wrote the list may be somebody else than who reads this on a terminal.
    #[error("line {line}: {}", crate::event::Untrusted::text(error.to_string().as_bytes()))]
    BadWord { line: usize, error: WordError },
    #[error("line {line} is longer than {LONGEST_LINE} bytes; break it")]
    TooLong { line: usize },
    #[error("line {line} is no UTF-8; write it as such")]
    NoText { line: usize },
    #[error("it has more than {MOST_WORDS} targets; write neighbours as blocks, or scan in parts")]
    TooMany,
    #[error("{}", crate::net::Reason(.0))]
    Unreadable(#[from] io::Error),
}

/// All words of a list.
///
/// # Errors
/// Where it cannot be read, has a word that is no target, or goes beyond its bounds.
pub(crate) fn read(mut list: impl BufRead) -> Result<Vec<Word>, ListError> {
    let mut words = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        // One byte more than a line may have, and its end.
        if list.by_ref().take(LONGEST_LINE as u64 + 2).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.trim_ascii_end().len() > LONGEST_LINE || bytes.len() > LONGEST_LINE && !bytes.ends_with(b"\n") {
            return Err(ListError::TooLong { line });
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| ListError::NoText { line })?;
        // What some editors put in front of UTF-8 (RFC 3629 section 6).
        let text = if line == 1 { text.trim_start_matches('\u{feff}') } else { text };
        let meant = text.split('#').next().unwrap_or_default();
        for word in meant.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()) {
            words.push(word.parse().map_err(|error| ListError::BadWord { line, error })?);
            if words.len() > MOST_WORDS {
                return Err(ListError::TooMany);
            }
        }
    }
    Ok(words)
}

/// Room for dozens of names in a line; what is longer is no list.
const LONGEST_LINE: usize = 4096;
/// A million, for which some 64 MiB are enough.
const MOST_WORDS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn white_space_commas_and_comments_part_words() {
        assert_eq!(
            shown("a b\tc\r\n\n  # all of it\n192.0.2.0/30 # office\nd,e,"),
            ["a", "b", "c", "192.0.2.0/30", "d", "e"]
        );
        assert!(shown("# nothing\n").is_empty());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let long = format!("a\n{}", " ".repeat(5000));
        for (text, fix) in [
            ("a\nb\n10.0.0.256\n", "line 3: `10.0.0.256`"),
            ("\x1b[2J", "line 1: `\\u{1b}[2J`"),
            ("a\n192.0.2.9-1", "line 2: `192.0.2.9-1` runs backwards"),
            (long.as_str(), "line 2 is longer than 4096"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(fix), "{error}");
        }
        assert!(matches!(read(&b"a\n\xff\n"[..]), Err(ListError::NoText { line: 2 })));
        assert!(matches!(read(io::Cursor::new("a\n".repeat(MOST_WORDS + 1))), Err(ListError::TooMany)));
    }

    #[test]
    fn a_line_as_long_as_a_line_may_be_is_read_whole() {
        for end in ["\n", "\r\n"] {
            assert_eq!(shown(&format!("{}abc{end}x", " ".repeat(LONGEST_LINE - 3))), ["abc", "x"]);
        }
    }
}
