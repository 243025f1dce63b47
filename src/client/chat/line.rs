//! Line: what a person is typing, and what they typed before. Pure: it knows characters as people see them, not keys.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A line under a cursor, with the lines before it.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    text: String,
    /// The byte in front of which the cursor stands.
    at: usize,
    past: Vec<String>,
    /// Which of the past lines is shown, and what was being typed instead.
    recalled: Option<(usize, String)>,
}

impl LineEditor {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether there may be no room for another character.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() + char::MAX.len_utf8() > LONGEST
    }

    /// Puts `text` in front of the cursor; a line end or a tab in it becomes a space, and what does not fit is left out.
    pub(super) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n");
        for c in text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }) {
            if !c.is_control() && self.text.len() + c.len_utf8() <= LONGEST {
                self.text.insert(self.at, c);
                self.at += c.len_utf8();
            }
        }
    }

    pub(super) fn left(&mut self) {
        self.at = self.before();
    }

    pub(super) fn right(&mut self) {
        self.at = self.behind();
    }

    pub(super) fn home(&mut self) {
        self.at = 0;
    }

    pub(super) fn end(&mut self) {
        self.at = self.text.len();
    }

    pub(super) fn backspace(&mut self) {
        self.erase_from(self.before());
    }

    pub(super) fn delete(&mut self) {
        let end = self.behind();
        self.text.replace_range(self.at..end, "");
    }

    /// The word in front of the cursor, and the spaces between the two.
    pub(super) fn erase_word(&mut self) {
        let words = self.text[..self.at].trim_end();
        self.erase_from(words.rfind(char::is_whitespace).map_or(0, |at| at + width_of_char_at(words, at)));
    }

    pub(super) fn erase_to_start(&mut self) {
        self.erase_from(0);
    }

    pub(super) fn erase_to_end(&mut self) {
        self.text.truncate(self.at);
    }

    /// The line before the one that is shown.
    pub(super) fn older(&mut self) {
        let (number, draft) = match self.recalled.take() {
            None => (self.past.len(), self.text.clone()),
            Some(recalled) => recalled,
        };
        if number == 0 {
            self.recalled = (!self.past.is_empty()).then_some((0, draft));
            return;
        }
        self.show(self.past[number - 1].clone());
        self.recalled = Some((number - 1, draft));
    }

    /// The line after it, in the end what was being typed.
    pub(super) fn newer(&mut self) {
        let Some((number, draft)) = self.recalled.take() else { return };
        if let Some(line) = self.past.get(number + 1) {
            self.show(line.clone());
            self.recalled = Some((number + 1, draft));
        } else {
            self.show(draft);
        }
    }

    /// The line is done: it is remembered, and the next one is empty.
    pub(super) fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.text);
        (self.at, self.recalled) = (0, None);
        if !line.trim().is_empty() && self.past.last() != Some(&line) {
            if self.past.len() == MOST_PAST {
                self.past.remove(0);
            }
            self.past.push(line.clone());
        }
        line
    }

    /// Shows `line` as if it had been typed.
    pub(super) fn show(&mut self, line: String) {
        self.at = line.len();
        self.text = line;
    }

    /// What is seen of it in so many columns, and the column of the cursor.
    pub(super) fn window(&self, columns: usize) -> (&str, usize) {
        let (mut start, mut cursor) = (self.at, 0);
        for (at, character) in self.text[..self.at].grapheme_indices(true).rev() {
            // One column is the cursor's.
            if cursor + character.width() >= columns {
                break;
            }
            (start, cursor) = (at, cursor + character.width());
        }
        let (mut end, mut used) = (self.at, cursor);
        for character in self.text[self.at..].graphemes(true) {
            if used + character.width() > columns {
                break;
            }
            (end, used) = (end + character.len(), used + character.width());
        }
        (&self.text[start..end], cursor)
    }

    fn erase_from(&mut self, start: usize) {
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn behind(&self) -> usize {
        self.at + self.text[self.at..].graphemes(true).next().map_or(0, str::len)
    }
}

fn width_of_char_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// Bytes: what `serve chat` takes for a line.
pub(super) const LONGEST: usize = 4096;
const MOST_PAST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(text: &str) -> LineEditor {
        let mut editor = LineEditor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn the_cursor_moves_by_what_people_see_as_one_character() {
        let mut editor = typed("aż🇵🇱e\u{301}");
        editor.left();
        editor.left();
        editor.insert("|");
        assert_eq!(editor.text(), "aż|🇵🇱e\u{301}");
        editor.delete();
        assert_eq!(editor.text(), "aż|e\u{301}");
        editor.end();
        editor.backspace();
        editor.home();
        editor.right();
        editor.backspace();
        assert_eq!(editor.text(), "ż|");
        (0..9).for_each(|_| editor.left());
        editor.backspace();
        editor.end();
        editor.delete();
        assert_eq!(editor.text(), "ż|");
    }

    #[test]
    fn words_and_ends_are_erased() {
        let mut editor = typed("one two\u{3000}three  ");
        editor.erase_word();
        assert_eq!(editor.text(), "one two\u{3000}");
        editor.erase_word();
        assert_eq!(editor.text(), "one ");
        editor.insert("five");
        (0..4).for_each(|_| editor.left());
        editor.erase_to_start();
        assert_eq!(editor.text(), "five");
        editor.right();
        editor.erase_to_end();
        editor.erase_word();
        editor.erase_word();
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn past_lines_come_back_and_so_does_what_was_being_typed() {
        let mut editor = LineEditor::default();
        for line in ["one", "two", "two", " "] {
            editor.insert(line);
            assert_eq!(editor.take(), line);
        }
        editor.insert("dra");
        let mut seen = Vec::new();
        for _ in 0..3 {
            editor.older();
            seen.push(editor.text().to_owned());
        }
        for _ in 0..3 {
            editor.newer();
            seen.push(editor.text().to_owned());
        }
        assert_eq!(seen, ["two", "one", "one", "two", "dra", "dra"]);
    }

    #[test]
    fn what_is_pasted_stays_one_line_without_controls() {
        assert_eq!(typed("a\r\nb\tc\x1b[31m\x07d\n").text(), "a b c[31md ");
        assert_eq!(typed(&"ż".repeat(5000)).text().len(), LONGEST);
        assert_eq!([5000, 4092].map(|bytes| typed(&"a".repeat(bytes)).is_full()), [true, false]);
    }

    #[test]
    fn the_window_follows_the_cursor_and_wide_characters_take_two_columns() {
        let mut editor = typed("漢字かな");
        assert_eq!(editor.window(20), ("漢字かな", 8));
        assert_eq!(editor.window(5), ("かな", 4));
        editor.home();
        assert_eq!(editor.window(5), ("漢字", 0));
        assert_eq!(editor.window(0), ("", 0));
    }

    proptest! {
        #[test]
        fn no_keys_in_any_order_break_it(text in "\\PC{0,12}", keys in prop::collection::vec(0u8..12, 0..60), columns in 0usize..20) {
            let mut editor = typed(&text);
            for key in keys {
                match key {
                    0 => editor.left(),
                    1 => editor.right(),
                    2 => editor.home(),
                    3 => editor.end(),
                    4 => editor.backspace(),
                    5 => editor.delete(),
                    6 => editor.erase_word(),
                    7 => editor.erase_to_end(),
                    8 => editor.older(),
                    9 => editor.newer(),
                    10 => drop(editor.take()),
                    _ => editor.insert("é\u{301}界"),
                }
                let (seen, cursor) = editor.window(columns);
                prop_assert!(seen.width() <= columns.max(1) + 1 && cursor <= columns);
            }
        }
    }
}
