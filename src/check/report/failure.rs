//! Failure: a case that failed, in rows that are always the same and in the same order: `did want got`, the place, then
//! `stderr so try again more`. At most fourteen lines, so that two of them fit on a screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::check::document::{Document, Finding, Graded, Shown};

use super::gist::worth;
use super::words::{beginning, cut, printable, wrapped};

/// A line of it, with what it is about, which is empty where it goes on from the line above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) text: String,
}

/// The rows of a finding in lines of at most `columns` behind their keys, at most `most` of them.
pub(super) fn lines(graded: &Graded, columns: usize, most: usize) -> Vec<Line> {
    let Some(finding) = &graded.finding else { return Vec::new() };
    let mut rows = rows(finding, columns);
    while rows.iter().map(|row| row.lines.len()).sum::<usize>() > most {
        if !shrink(&mut rows, columns) {
            break;
        }
    }
    let (mut lines, mut above) = (Vec::new(), "");
    for (key, text) in rows.into_iter().flat_map(|row| row.lines.into_iter().map(move |line| (row.key, line))) {
        lines.push(Line { key: if key == above { "" } else { key }, text });
        above = key;
    }
    lines
}

/// All of it as text that no terminal shows: its head and its rows, on lines as long as they are.
pub(super) fn text(document: &Document, graded: &Graded) -> String {
    let mut text = format!("{}  {} · seed {}", printable(&graded.id), worth(graded), document.seed);
    for Line { key, text: line } in lines(graded, usize::MAX, MOST_LINES) {
        text += format!("\n  {key:KEY$}{line}").trim_end();
    }
    text
}

struct Row {
    /// Rows of the same key are one: the key stands before the first.
    key: &'static str,
    lines: Vec<String>,
}

fn rows(finding: &Finding, columns: usize) -> Vec<Row> {
    let words = |key, text: &str| Row { key, lines: wrapped(&printable(text), columns) };
    let mut rows = vec![words("did", &finding.did), words("want", &finding.want), words("got", &finding.got)];
    rows.extend(finding.shown.iter().map(|shown| Row { key: "", lines: place(shown, columns) }));
    rows.extend(finding.stderr.iter().map(|line| words("stderr", line.trim())));
    let hints = [("so", &finding.so), ("try", &finding.attempt)];
    rows.extend(hints.into_iter().filter_map(|(key, hint)| Some(words(key, hint.as_deref()?))));
    let commands = [("again", Some(&finding.again)), ("more", finding.more.as_ref())];
    let typed = |line: &String| command(&printable(line), columns);
    rows.extend(commands.into_iter().filter_map(|(key, line)| Some(Row { key, lines: typed(line?) })));
    rows
}

/// Makes what is longest shorter by a line, if there is something that may be.
fn shrink(rows: &mut Vec<Row>, columns: usize) -> bool {
    let long = |key: &str| rows.iter().filter(|row| row.key == key).map(|row| row.lines.len()).sum::<usize>();
    let Some(longest) = SHORTENED.into_iter().rev().max_by_key(|key| long(key)).filter(|key| long(key) > 1) else {
        return false;
    };
    let of: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].key == longest).collect();
    if of.len() > 1 {
        // Of a traceback the last line says what it was.
        rows.remove(of[0]);
        return true;
    }
    let lines = &mut rows[of[0]].lines;
    lines.pop();
    let last = lines.last_mut().expect("there was more than one");
    *last = format!("{} …", beginning(last.trim_end_matches(" …"), columns.saturating_sub(2)));
    true
}

/// What came, and below it a caret under the byte. What does not fit is cut off on both sides.
pub(super) fn place(shown: &Shown, columns: usize) -> Vec<String> {
    let caret = shown.caret.min(shown.text.chars().count());
    let split = shown.text.char_indices().nth(caret).map_or(shown.text.len(), |(at, _)| at);
    let (before, behind) = (printable(&shown.text[..split]), printable(&shown.text[split..]));
    let stops = if behind.is_empty() { "stops here, " } else { "" };
    let (before, behind) = window(&before, &behind, columns);
    let (column, label) = (before.width(), format!("{stops}byte {}", shown.at));
    let below = if column.saturating_add(2 + label.width()) <= columns {
        format!("{:column$}^ {label}", "")
    } else if label.width() < column {
        format!("{label:>width$} ^", width = column - 1)
    } else {
        format!("{:column$}^", "")
    };
    vec![before + &behind, below]
}

/// As much of both as `columns` hold; of what lies before the caret at most two thirds.
fn window(before: &str, behind: &str, columns: usize) -> (String, String) {
    // The caret itself needs a column, where nothing is above it too.
    let least = behind.width().clamp(1, (columns / 3).max(1));
    let room = columns.saturating_sub(least).max(1);
    let before = if before.width() <= room { before.to_owned() } else { format!("…{}", end(before, room - 1)) };
    let behind = cut(behind, columns.saturating_sub(before.width()));
    (before, behind)
}

/// As much of the end of it as `columns` hold.
fn end(text: &str, columns: usize) -> &str {
    let (mut room, mut from) = (columns, text.len());
    for (at, c) in text.char_indices().rev() {
        let Some(left) = room.checked_sub(c.width().unwrap_or(0)) else { break };
        (room, from) = (left, at);
    }
    &text[from..]
}

/// A command line in lines that a shell takes for one, so that it can be copied; an option stays with its value where
/// there is room. One that would need too many is left on one line, which the terminal breaks: nothing may be missing.
fn command(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for phrase in phrases(line) {
        let fits = phrase.width().saturating_add(2) <= columns;
        let pieces = if fits { vec![(0, phrase)] } else { shell_words(phrase) };
        for (_, piece) in pieces {
            let last = lines.last_mut().expect("there is always one");
            // Behind each line but the last stands ` \`.
            if last.is_empty() {
                last.push_str(piece);
            } else if last.width().saturating_add(1 + piece.width() + 2) <= columns {
                *last += " ";
                *last += piece;
            } else {
                *last += " \\";
                lines.push(piece.to_owned());
            }
        }
    }
    if lines.len() > MOST_COMMAND || line.width() <= columns { vec![line.to_owned()] } else { lines }
}

/// A command line in pieces that begin with an option or with the `--` before the command of somebody else.
fn phrases(line: &str) -> Vec<&str> {
    let (mut phrases, mut start) = (Vec::new(), 0);
    for (at, word) in shell_words(line) {
        if word.starts_with("--") && at > start {
            phrases.push(line[start..at].trim_end());
            start = at;
        }
        if word == "--" {
            break;
        }
    }
    phrases.push(&line[start..]);
    phrases
}

/// The words of a command line as they are, with their quotes, and where they begin.
fn shell_words(line: &str) -> Vec<(usize, &str)> {
    let (mut words, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (at, c) in line.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => {
                words.push((start, &line[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push((start, &line[start..]));
    words.retain(|(_, word)| !word.is_empty());
    words
}

/// So many columns a key has.
pub(super) const KEY: usize = 8;
/// All lines of a failure.
pub(super) const MOST_LINES: usize = 14;
/// What is left when every other row has one line.
const MOST_COMMAND: usize = 3;
/// What may be shortened, the first of those that are as long first.
const SHORTENED: [&str; 6] = ["stderr", "did", "want", "got", "so", "try"];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, caret: usize) -> Shown {
        Shown { text: text.to_owned(), caret, at: 1023 }
    }

    #[test]
    fn the_caret_stands_under_the_byte() {
        assert_eq!(place(&shown("…aaab", 4), 40), ["…aaab", "    ^ byte 1023"]);
        assert_eq!(place(&shown("…aaa", 4), 40), ["…aaa", "    ^ stops here, byte 1023"]);
        assert_eq!(place(&shown("日本x", 2), 40), ["日本x", "    ^ byte 1023"]);
        assert_eq!(place(&shown("", 0), 40), ["", "^ stops here, byte 1023"]);
        // One that a document puts beyond the end.
        assert_eq!(place(&shown("ab", 9), 40), ["ab", "  ^ stops here, byte 1023"]);
    }

    #[test]
    fn a_long_piece_is_cut_on_both_sides_of_the_caret() {
        let long = "a".repeat(100) + "B" + &"c".repeat(100);
        let lines = place(&shown(&long, 100), 30);
        assert_eq!(lines, ["…aaaaaaaaaaaaaaaaaaaBcccccccc…", "          byte 1023 ^"]);
        for columns in 8..60 {
            for caret in [0, 3, 100, 150, 201] {
                let lines = place(&shown(&long, caret), columns);
                assert!(lines[0].width() <= columns, "{lines:?}");
                let above = lines[0].chars().nth(lines[1].find('^').unwrap());
                assert!(caret != 100 || above == Some('B'), "{columns} {lines:?}");
            }
        }
    }

    #[test]
    fn a_command_is_broken_as_a_shell_takes_it() {
        let line = "sockeye check echo --only a/b --seed 7 -- sh -c 'echo  hi there' x";
        let lines = command(line, 34);
        assert_eq!(lines, ["sockeye check echo --only a/b \\", "--seed 7 \\", "-- sh -c 'echo  hi there' x"]);
        let lines = command(line, 24);
        assert_eq!(lines, [line], "nothing of it may be missing");
        assert_eq!(
            shell_words(r#"a\ b "c \" d" 'e\'  f"#),
            [(0, r"a\ b"), (5, r#""c \" d""#), (14, r"'e\'"), (20, "f")]
        );
        assert_eq!(command(line, usize::MAX), [line]);
        assert_eq!(shell_words("it's open"), [(0, "it's open")]);
    }
}
