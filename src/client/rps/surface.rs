//! Surface: lines that scroll, and one at the bottom that is drawn again. Clones are the same one, so that events get
//! their place above the bottom line too.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::termios::tcgetwinsize;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::client::screen::write_out;

/// A terminal as a player sees it.
#[derive(Clone, Default)]
pub(crate) struct Surface(Arc<Mutex<String>>);

impl Surface {
    /// Shows text that is safe for a terminal, in whole lines above the bottom line.
    pub(super) fn show(&self, text: &str) {
        let bottom = self.bottom();
        let line_end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write_out(&format!("{CLEAR}{text}{line_end}{}", tail(&bottom, columns())));
    }

    /// Draws another bottom line, where it is another.
    pub(super) fn draw(&self, line: &str) {
        let mut bottom = self.bottom();
        if *bottom != line {
            line.clone_into(&mut bottom);
            write_out(&format!("{CLEAR}{}", tail(&bottom, columns())));
        }
    }

    fn bottom(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines of events, which carry nothing that a terminal must be protected from.
impl Write for Surface {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.show(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many columns the bottom line may take: one row has to do, for another could not be cleared.
fn columns() -> usize {
    let columns = tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
    if columns == 0 { usize::MAX } else { usize::from(columns) - 1 }
}

/// The end of a line, which is what is being typed.
fn tail(line: &str, columns: usize) -> &str {
    let mut used = 0;
    let fits = |(_, character): &(usize, &str)| {
        used += character.width();
        used <= columns
    };
    let start = line.grapheme_indices(true).rev().take_while(fits).last().map_or(line.len(), |(at, _)| at);
    &line[start..]
}

/// To the first column, and nothing behind it.
const CLEAR: &str = "\r\x1b[K";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_does_not_fit_shows_its_end() {
        for (line, columns, shown) in
            [("Round 1? noz", 80, "Round 1? noz"), ("Round 1? noz", 5, "? noz"), ("a 漢字", 3, "字"), ("ab", 0, "")]
        {
            assert_eq!(tail(line, columns), shown);
        }
    }
}
