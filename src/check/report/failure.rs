//! Failure: a case that failed, in rows that are always the same and in the same order: `did want got`, the place, then
//! `stderr so try again more`. At most fourteen lines, so that two of them fit on a screen.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::check::document::{Document, Finding, Graded, Shown};

use super::Hints;
use super::gist::worth;
use super::words::{beginning, cut, printable, wrapped};

/// A line of it, with what it is about, which is empty where it goes on from the line above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: &'static str,
    pub(super) text: String,
}

/// The rows of a finding in lines of at most `columns` behind their keys, at most `most` of them.
pub(super) fn lines(graded: &Graded, looks: Looks, most: usize) -> Vec<Line> {
    let Some(finding) = &graded.finding else { return Vec::new() };
    let mut rows = rows(&graded.id, finding, looks);
    while rows.iter().map(|row| row.lines.len()).sum::<usize>() > most {
        if !shrink(&mut rows, looks.columns) {
            break;
        }
    }
    let keyed = |row: Row| {
        let keys = std::iter::once(row.key).chain(std::iter::repeat(""));
        keys.zip(row.lines).map(|(key, text)| Line { key, text }).collect::<Vec<_>>()
    };
    rows.into_iter().flat_map(keyed).collect()
}

/// How they are to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looks {
    pub(super) columns: usize,
    pub(super) hints: Hints,
}

/// All of it as text that no terminal shows: its head and its rows, on lines as long as they are.
pub(super) fn text(document: &Document, graded: &Graded) -> String {
    let mut text = format!("{}  {} · seed {}", printable(&graded.id), worth(graded), document.seed);
    for Line { key, text: line } in lines(graded, Looks { columns: usize::MAX, hints: Hints::Shown }, MOST_LINES) {
        text += format!("\n  {key:KEY$}{line}").trim_end();
    }
    text
}

struct Row {
    key: &'static str,
    lines: Vec<String>,
    cut: Cut,
}

/// What of a row may be left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    Nothing,
    /// Its end.
    End,
    /// Its beginning: of a traceback the last line says what it was.
    Beginning,
}

fn rows(id: &str, finding: &Finding, looks: Looks) -> Vec<Row> {
    let columns = looks.columns;
    let words = |key, text: &str| Row { key, lines: wrapped(&printable(text), columns), cut: Cut::End };
    let mut rows = vec![words("did", &finding.did), words("want", &finding.want), words("got", &finding.got)];
    if let Some(shown) = &finding.shown {
        rows.push(Row { key: "", lines: place(shown, columns), cut: Cut::Nothing });
    }
    let stderr: Vec<String> = finding.stderr.iter().flat_map(|line| wrapped(&printable(line), columns)).collect();
    if !stderr.is_empty() {
        rows.push(Row { key: "stderr", lines: stderr, cut: Cut::Beginning });
    }
    let hints = [("so", &finding.so), ("try", &finding.attempt)].into_iter().filter(|_| looks.hints == Hints::Shown);
    rows.extend(hints.filter_map(|(key, hint)| Some(words(key, hint.as_deref()?))));
    rows.push(Row { key: "again", lines: command(&printable(&finding.again), columns), cut: Cut::Nothing });
    if looks.hints == Hints::Shown {
        let more = format!("sockeye check explain {}", printable(id));
        rows.push(Row { key: "more", lines: command(&more, columns), cut: Cut::Nothing });
    }
    rows
}

/// Makes the longest row shorter by a line, if there is one that may be.
fn shrink(rows: &mut [Row], columns: usize) -> bool {
    let longest = rows.iter_mut().filter(|row| row.cut != Cut::Nothing).max_by_key(|row| row.lines.len());
    let Some(row) = longest.filter(|row| row.lines.len() > 1) else { return false };
    match row.cut {
        Cut::Beginning => {
            row.lines.remove(0);
            row.lines[0] = cut(&format!("… {}", row.lines[0].trim_start_matches("… ")), columns);
        }
        _ => {
            row.lines.pop();
            let last = row.lines.last_mut().expect("it had more than one line");
            *last = format!("{} …", beginning(last.trim_end_matches(" …"), columns.saturating_sub(2)));
        }
    }
    true
}

/// What came, and below it a caret under the byte. What does not fit is cut off on both sides.
fn place(shown: &Shown, columns: usize) -> Vec<String> {
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

/// A command line in lines that a shell takes for one, so that it can be copied. One that would need too many is left on
/// one line, which the terminal breaks: nothing of it may be missing.
fn command(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in shell_words(line) {
        let last = lines.last_mut().expect("there is always one");
        // Behind each line but the last stands ` \`.
        if last.is_empty() {
            last.push_str(word);
        } else if last.width().saturating_add(1 + word.width() + 2) <= columns {
            *last += " ";
            *last += word;
        } else {
            *last += " \\";
            lines.push(word.to_owned());
        }
    }
    if lines.len() > MOST_COMMAND { vec![line.to_owned()] } else { lines }
}

/// The words of a command line as they are, with their quotes.
fn shell_words(line: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (at, c) in line.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', None | Some('"')) => escaped = true,
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => {
                words.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&line[start..]);
    words.retain(|word| !word.is_empty());
    words
}

/// So many columns a key has.
pub(super) const KEY: usize = 8;
/// All lines of a failure.
pub(super) const MOST_LINES: usize = 14;
/// What is left when every other row has one line.
const MOST_COMMAND: usize = 3;

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
        assert_eq!(lines, ["…aaaaaaaaaaaaaaaaaaaBccccccccc…", "           byte 1023 ^"].map(|line| line.to_owned()));
        for columns in 1..60 {
            for caret in [0, 3, 100, 150, 201] {
                let lines = place(&shown(&long, caret), columns);
                assert!(lines[0].width() <= columns, "{lines:?}");
                let above = lines[0].chars().nth(lines[1].find('^').unwrap());
                assert!(caret != 100 || columns < 3 || above == Some('B'), "{columns} {lines:?}");
            }
        }
    }

    #[test]
    fn a_command_is_broken_as_a_shell_takes_it() {
        let line = "sockeye check echo --only a/b --seed 7 -- sh -c 'echo  hi there' x";
        let lines = command(line, 34);
        assert_eq!(lines, ["sockeye check echo --only a/b \\", "--seed 7 -- sh -c \\", "'echo  hi there' x"]);
        assert_eq!(shell_words(r#"a\ b "c \" d" 'e\' f"#), [r"a\ b", r#""c \" d""#, r"'e\'", "f"]);
        assert_eq!(command(line, 20), [line], "nothing of it may be missing");
        assert_eq!(command(line, usize::MAX), [line]);
        assert_eq!(shell_words("it's open"), ["it's open"]);
    }
}
