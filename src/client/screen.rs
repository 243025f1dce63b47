//! Screen: the terminal's surface, shared by what the peer sends, by the events, and by the line being typed.
//!
//! While no line is typed, text is written at once. While one is, only rustyline may draw, so text waits here until
//! rustyline draws its prompt, and goes out in front of it: whatever the reason for drawing, the rows of the old prompt
//! have been cleared by then. A nudge through rustyline's external printer makes it draw at once. The text itself never
//! enters that printer's queue, because what is in there when a line ends would be drawn late or never.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{ExternalPrinter, Helper};

/// The surface; clones are the same one.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    freed: Condvar,
    /// May block until rustyline has taken the nudge before.
    printer: Mutex<Box<dyn ExternalPrinter + Send>>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// Whole lines that wait for the next drawing of the prompt.
    waiting: String,
    /// Whether a nudge is on its way that nothing was drawn after.
    nudged: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Free,
    Typing,
    /// Somebody is asked: nobody draws until they have answered.
    Asking,
}

impl Screen {
    pub(super) fn new(printer: impl ExternalPrinter + Send + 'static) -> Self {
        let printer: Box<dyn ExternalPrinter + Send> = Box::new(printer);
        Self(Arc::new(Shared { state: Mutex::default(), freed: Condvar::new(), printer: Mutex::new(printer) }))
    }

    /// Shows text that is safe for a terminal, above the line being typed; its last line is ended where it is not.
    pub(super) fn show(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut state = self.state();
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        if state.phase == Phase::Free {
            write_out(&format!("{text}{line_end}"));
            return;
        }
        state.waiting.push_str(text);
        state.waiting.push_str(line_end);
        if state.phase == Phase::Asking {
            return;
        }
        // A nudge on its way will show this too; but when much waits, it is better to wait for it than to gather more.
        if !state.nudged || state.waiting.len() > MOST_WAITING {
            state.nudged = true;
            drop(state);
            self.nudge();
        }
    }

    /// From here on only rustyline draws.
    pub(super) fn typing(&self) {
        self.state().phase = Phase::Typing;
    }

    /// From here on nothing is shown until [`free`](Self::free): a question stands on the terminal. For a question only,
    /// while little is told.
    pub(super) fn asking(&self) {
        self.state().phase = Phase::Asking;
    }

    /// The line is done: what waited is shown, and text goes out directly again.
    pub(super) fn free(&self) {
        let mut state = self.state();
        state.phase = Phase::Free;
        state.nudged = false;
        write_out(&std::mem::take(&mut state.waiting));
        self.0.freed.notify_all();
    }

    /// Waits until no line is typed, at most for `limit`; tells whether none is.
    pub(super) fn is_free_within(&self, limit: Duration) -> bool {
        let still_typing = |state: &mut State| state.phase == Phase::Typing;
        let (state, _) =
            self.0.freed.wait_timeout_while(self.state(), limit, still_typing).unwrap_or_else(PoisonError::into_inner);
        state.phase == Phase::Free
    }

    fn nudge(&self) {
        let mut printer = self.0.printer.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails when the editor is gone, and then nothing waits any more.
        let _ = printer.print(NUDGE.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lines of events, which carry nothing that a terminal must be protected from.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.show(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// To the terminal itself. One that is gone is noticed by whoever reads from it.
pub(super) fn write_out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// What rustyline asks while it edits: only the prompt's look matters to us.
impl Highlighter for Screen {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        let mut state = self.state();
        state.nudged = false;
        Cow::Owned(std::mem::take(&mut state.waiting) + prompt)
    }
}

impl Completer for Screen {
    type Candidate = String;
}

impl Hinter for Screen {
    type Hint = String;
}

impl Validator for Screen {}

impl Helper for Screen {}

/// rustyline ends every message with a line feed; going up first makes it change nothing. (In the top row there is no
/// up, and an empty line appears: right after Ctrl-L, and only if a nudge meets a drawing that made it needless.)
const NUDGE: &str = "\x1b[A\n";
/// Bytes of text that may wait for a drawing before those who bring more have to wait.
const MOST_WAITING: usize = 256 * 1024;
