//! Prompt: what a person types, shown for a name and not for a password.

use std::borrow::Cow;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, Config, Editor, Helper};

use super::super::trouble::Trouble;

/// A line editor that remembers nothing.
pub(super) struct Prompt {
    editor: Editor<Mask, MemHistory>,
}

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Line(String),
    /// The end of input: somebody has had enough.
    Nothing,
    /// Ctrl-C.
    Interrupted,
}

impl Prompt {
    pub(super) fn open() -> Result<Self, Trouble> {
        // Colours are how the mask gets in front of what was typed.
        let config = Config::builder().color_mode(ColorMode::Forced).auto_add_history(false).build();
        let mut editor = Editor::with_history(config, MemHistory::new()).map_err(terminal)?;
        editor.set_helper(Some(Mask::default()));
        Ok(Self { editor })
    }

    pub(super) fn ask(&mut self, question: &str) -> Result<Typed, Trouble> {
        self.read(question, Mask::None)
    }

    /// The same without an echo, and without a cursor that would tell how much was typed.
    pub(super) fn ask_secretly(&mut self, question: &str) -> Result<Typed, Trouble> {
        let hidden = self.editor.set_cursor_visibility(false).map_err(terminal)?;
        let typed = self.read(question, Mask::Everything);
        // It shows the cursor again, which must not happen before.
        drop(hidden);
        typed
    }

    fn read(&mut self, question: &str, mask: Mask) -> Result<Typed, Trouble> {
        self.editor.set_helper(Some(mask));
        match self.editor.readline(question) {
            Ok(line) => Ok(Typed::Line(line)),
            Err(ReadlineError::Eof) => Ok(Typed::Nothing),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupted),
            Err(e) => Err(terminal(e)),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn terminal(error: ReadlineError) -> Trouble {
    Trouble::Terminal(error.to_string())
}

/// What of a line is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mask {
    #[default]
    None,
    Everything,
}

impl Highlighter for Mask {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        match self {
            Self::None => Cow::Borrowed(line),
            // About as wide as the line, which is how wide the editor takes it to be.
            Self::Everything => Cow::Owned(" ".repeat(line.chars().count())),
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        *self == Self::Everything
    }
}

impl Completer for Mask {
    type Candidate = String;
}

impl Hinter for Mask {
    type Hint = String;
}

impl Validator for Mask {}

impl Helper for Mask {}
