//! Surface: lines that scroll, and one at the bottom that is drawn again. Clones are the same one, so that events get
//! their place above the bottom line too.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client::screen::write_out;

/// A terminal as a player sees it.
#[derive(Clone, Default)]
pub(crate) struct Surface(Arc<Mutex<String>>);

impl Surface {
    /// Shows text that is safe for a terminal, in whole lines above the bottom line.
    pub(super) fn show(&self, text: &str) {
        let bottom = self.bottom();
        let line_end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write_out(&format!("{CLEAR}{text}{line_end}{bottom}"));
    }

    /// Draws another bottom line, where it is another.
    pub(super) fn draw(&self, line: &str) {
        let mut bottom = self.bottom();
        if *bottom != line {
            line.clone_into(&mut bottom);
            write_out(&format!("{CLEAR}{bottom}"));
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

/// To the first column, and nothing behind it.
const CLEAR: &str = "\r\x1b[K";
