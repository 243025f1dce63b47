//! Scroll: what was said, the part of it that is seen, and what is new. Pure: rows and columns are numbers here.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands in the room's window, newest at the end.
#[derive(Debug, Default)]
pub(super) struct Scroll {
    lines: VecDeque<Shown>,
    bytes: usize,
    /// The number of the first line that is still kept.
    first: u64,
    /// The last row that is seen; `None` follows what comes.
    held: Option<Held>,
    is_looked_at: Looks,
    marker: Option<Marker>,
}

/// A line that is safe for a terminal.
#[derive(Debug)]
pub(super) struct Shown {
    /// When it came.
    pub(super) at: String,
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Where the nick of whoever speaks stands in it.
    pub(super) speaker: Option<Range<usize>>,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A member, to all or to one.
    Message,
    /// The server.
    Told,
    /// This program.
    Ours,
}

/// A row of the window.
#[derive(Debug)]
pub(super) enum Row<'s> {
    /// Here begins what came while nobody looked.
    New,
    /// A part of a line, and whether it is its first.
    Text(&'s Shown, Range<usize>),
}

/// How much is seen at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    line: u64,
    /// How many of the line's rows are seen.
    rows: usize,
}

#[derive(Clone, Copy, Debug)]
struct Marker {
    line: u64,
    seen: bool,
}

/// Whether the window has the person's attention, as far as the terminal tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Looks {
    #[default]
    Here,
    Elsewhere,
}

impl Scroll {
    pub(super) fn push(&mut self, line: Shown) {
        let number = self.first + self.lines.len() as u64;
        let unseen = self.marker.is_some_and(|marker| !marker.seen);
        if line.kind != Kind::Ours && self.is_away() && !unseen {
            self.marker = Some(Marker { line: number, seen: false });
        }
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > MOST_LINES || self.bytes > MOST_BYTES && self.lines.len() > 1 {
            self.bytes -= self.lines.pop_front().map_or(0, |line| line.text.len());
            self.first += 1;
        }
        if self.held.is_some_and(|held| held.line < self.first) {
            self.held = Some(Held { line: self.first, rows: usize::MAX });
        }
    }

    /// What is seen, from the top.
    pub(super) fn page(&self, page: Page) -> Vec<Row<'_>> {
        let mut rows = VecDeque::new();
        let (last, of_last) = self.bottom();
        for line in (0..last).rev() {
            let limit = if line + 1 == last { of_last } else { usize::MAX };
            for row in self.rows_of(line, page.columns).into_iter().take(limit).rev() {
                if rows.len() == page.rows {
                    return rows.into();
                }
                rows.push_front(row);
            }
        }
        rows.into()
    }

    pub(super) fn up(&mut self, page: Page) {
        for _ in 0..page.rows.saturating_sub(1).max(1) {
            let before = self.held;
            self.one_up(page.columns);
            if self.page(page).len() < page.rows {
                self.held = before;
                return;
            }
        }
    }

    pub(super) fn down(&mut self, page: Page) {
        for _ in 0..page.rows.saturating_sub(1).max(1) {
            self.one_down(page.columns);
        }
        self.see();
    }

    /// Follows what comes.
    pub(super) fn follow(&mut self) {
        self.held = None;
        self.see();
    }

    pub(super) fn look(&mut self, where_to: Looks) {
        self.is_looked_at = where_to;
        self.see();
    }

    /// What was new has been answered, and needs no mark any more.
    pub(super) fn answered(&mut self) {
        self.follow();
        self.marker = None;
    }

    /// How many lines came since somebody looked.
    pub(super) fn unseen(&self) -> u64 {
        let next = self.first + self.lines.len() as u64;
        self.marker.filter(|marker| !marker.seen).map_or(0, |marker| next - marker.line.max(self.first))
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    fn is_away(&self) -> bool {
        self.held.is_some() || self.is_looked_at == Looks::Elsewhere
    }

    fn see(&mut self) {
        if let Some(marker) = &mut self.marker
            && self.held.is_none()
            && self.is_looked_at == Looks::Here
        {
            marker.seen = true;
        }
    }

    /// How many of the kept lines stand above the lower edge, and how many rows of the last of them.
    fn bottom(&self) -> (usize, usize) {
        self.held.map_or((self.lines.len(), usize::MAX), |held| {
            let above = usize::try_from(held.line.saturating_sub(self.first)).unwrap_or(0);
            ((above + 1).min(self.lines.len()), held.rows)
        })
    }

    fn one_up(&mut self, columns: usize) {
        let (last, rows) = self.bottom();
        let Some(at) = last.checked_sub(1) else { return };
        let rows = rows.min(self.rows_of(at, columns).len());
        self.held = match (rows > 1, at.checked_sub(1)) {
            (true, _) => Some(self.hold(at, rows - 1)),
            (false, Some(above)) => Some(self.hold(above, self.rows_of(above, columns).len())),
            (false, None) => self.held,
        };
    }

    fn one_down(&mut self, columns: usize) {
        if self.held.is_none() {
            return;
        }
        let (last, rows) = self.bottom();
        let at = last.saturating_sub(1);
        let of_line = self.rows_of(at, columns).len();
        let next = if rows < of_line { (at, rows + 1) } else { (at + 1, 1) };
        let end = (self.lines.len().saturating_sub(1), self.rows_of(self.lines.len().saturating_sub(1), columns).len());
        self.held = (next < end).then(|| self.hold(next.0, next.1));
    }

    fn hold(&self, at: usize, rows: usize) -> Held {
        Held { line: self.first + at as u64, rows }
    }

    fn rows_of(&self, at: usize, columns: usize) -> Vec<Row<'_>> {
        let Some(line) = self.lines.get(at) else { return Vec::new() };
        let marked = self.marker.is_some_and(|marker| marker.line == self.first + at as u64);
        let mark = marked.then_some(Row::New);
        mark.into_iter().chain(wrapped(&line.text, columns).into_iter().map(|part| Row::Text(line, part))).collect()
    }
}

/// The parts of a text that each fit into so many columns, cut at spaces where there are any.
fn wrapped(text: &str, columns: usize) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Behind the last space, and the columns up to there.
    let mut space: Option<(usize, usize)> = None;
    for (at, character) in text.grapheme_indices(true) {
        let width = character.width();
        while used + width > columns && at > start {
            let (cut, before) = space.take().unwrap_or((at, used));
            rows.push(start..cut);
            (start, used) = (cut, used - before);
        }
        used += width;
        if character == " " {
            space = Some((at + 1, used));
        }
    }
    rows.push(start..text.len());
    rows
}

/// More than anybody scrolls back.
const MOST_LINES: usize = 5000;
/// Of text: a server that sends nothing but long lines fills this and no more.
const MOST_BYTES: usize = 4 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: Page = Page { columns: 10, rows: 3 };

    fn push(scroll: &mut Scroll, text: &str) {
        scroll.push(Shown { at: String::new(), text: text.to_owned(), kind: Kind::Message, speaker: None });
    }

    fn numbered(lines: usize) -> Scroll {
        let mut scroll = Scroll::default();
        (1..=lines).for_each(|number| push(&mut scroll, &number.to_string()));
        scroll
    }

    fn seen(scroll: &Scroll) -> String {
        let row = |row: &Row<'_>| match row {
            Row::New => "new".to_owned(),
            Row::Text(line, part) => line.text[part.clone()].to_owned(),
        };
        scroll.page(PAGE).iter().map(row).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn what_comes_is_followed_until_somebody_scrolls() {
        let mut scroll = numbered(9);
        assert_eq!(seen(&scroll), "7|8|9");
        scroll.up(PAGE);
        assert_eq!(seen(&scroll), "5|6|7");
        push(&mut scroll, "10");
        assert_eq!((seen(&scroll), scroll.unseen()), ("5|6|7".into(), 1));
        (0..9).for_each(|_| scroll.up(PAGE));
        assert_eq!(seen(&scroll), "1|2|3");
        (0..9).for_each(|_| scroll.down(PAGE));
        assert_eq!((seen(&scroll), scroll.unseen(), scroll.is_held()), ("9|new|10".into(), 0, false));
        scroll.answered();
        assert_eq!(seen(&scroll), "8|9|10");
    }

    #[test]
    fn what_came_while_somebody_looked_elsewhere_is_marked_once() {
        let mut scroll = numbered(1);
        scroll.look(Looks::Elsewhere);
        push(&mut scroll, "2");
        push(&mut scroll, "3");
        assert_eq!((seen(&scroll), scroll.unseen()), ("new|2|3".into(), 2));
        scroll.look(Looks::Here);
        assert_eq!((seen(&scroll), scroll.unseen()), ("new|2|3".into(), 0));
        push(&mut scroll, "4");
        assert_eq!(seen(&scroll), "2|3|4");
        scroll.look(Looks::Elsewhere);
        push(&mut scroll, "5");
        assert_eq!(seen(&scroll), "4|new|5");
    }

    #[test]
    fn few_lines_do_not_scroll_and_an_empty_window_neither() {
        for lines in 0..=3 {
            let mut scroll = numbered(lines);
            scroll.up(PAGE);
            assert!(!scroll.is_held(), "{lines}");
            scroll.down(PAGE);
        }
    }

    #[test]
    fn a_line_longer_than_the_window_is_scrolled_through() {
        let mut scroll = numbered(1);
        push(&mut scroll, "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd");
        assert_eq!(seen(&scroll), "bbbbbbbbbb|cccccccccc|dddddddddd");
        scroll.up(PAGE);
        assert_eq!(seen(&scroll), "1|aaaaaaaaaa|bbbbbbbbbb");
        scroll.down(PAGE);
        assert_eq!(seen(&scroll), "bbbbbbbbbb|cccccccccc|dddddddddd");
    }

    #[test]
    fn old_lines_are_forgotten_also_while_they_are_looked_at() {
        let mut scroll = numbered(MOST_LINES);
        (0..MOST_LINES).for_each(|_| scroll.up(PAGE));
        assert_eq!(seen(&scroll), "1|2|3");
        push(&mut scroll, "a");
        push(&mut scroll, "b");
        assert_eq!(seen(&scroll), "3");
        push(&mut scroll, "c");
        push(&mut scroll, &"x".repeat(MOST_BYTES + 1));
        assert_eq!(scroll.lines.len(), 1);
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        let rows = |text: &str| wrapped(text, 10).into_iter().map(|part| text[part].to_owned()).collect::<Vec<_>>();
        assert_eq!(rows("one two three four"), ["one two ", "three four"]);
        assert_eq!(rows("漢字漢字漢字"), ["漢字漢字漢", "字"]);
        assert_eq!(rows(""), [""]);
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing_and_fits(text in "[ab 漢é]{0,60}", columns in 2usize..12) {
            let rows = wrapped(&text, columns);
            prop_assert_eq!(rows.iter().map(|part| &text[part.clone()]).collect::<String>(), text.as_str());
            prop_assert!(rows.iter().all(|part| text[part.clone()].width() <= columns));
        }
    }
}
