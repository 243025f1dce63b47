//! Screen: the whole terminal while a run lasts. It is drawn on stderr, since stdout carries the report, and keys come
//! from the terminal whatever stdin is.

/// The terminal, taken and given back.
mod canvas;
/// What the screen knows of the run.
mod history;
/// How it looks.
mod view;

use std::io;
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::event::sinks::Colour;

use super::live::Live;
use canvas::Canvas;
use history::History;

/// What the person before it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To end the run now, with a report of what there is.
    Stop,
}

/// The terminal on stderr. Dropping it gives the terminal back, and so does a panic of any thread before it says what it
/// has to say; behind that nothing is drawn any more.
pub(crate) struct Screen {
    canvas: Canvas,
    history: History,
    colour: Colour,
}

impl Screen {
    /// Takes the terminal. Ctrl-C is a key from now on, and Ctrl-Z does nothing: a generator that was stopped has
    /// nothing to report.
    ///
    /// # Errors
    /// Where stderr is no terminal, or it cannot be used; it is then as it was.
    pub(crate) fn take(colour: Colour) -> io::Result<Self> {
        Ok(Self { canvas: Canvas::take(colour)?, history: History::default(), colour })
    }

    /// # Errors
    /// Those of the terminal.
    pub(crate) fn tell(&mut self, live: &Live<'_>) -> io::Result<()> {
        self.history.tell(live);
        self.draw()
    }

    /// Sees to the keys that were pressed since the last time, and to a new size of the terminal. It does not wait.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(crate) fn attend(&mut self) -> io::Result<Option<Wish>> {
        while event::poll(Duration::ZERO)? {
            match event::read()? {
                Event::Key(key) if is_end(key) => return Ok(Some(Wish::Stop)),
                Event::Resize(..) => self.draw()?,
                _ => {}
            }
        }
        Ok(None)
    }

    fn draw(&mut self) -> io::Result<()> {
        let (history, colour) = (&self.history, self.colour);
        self.canvas.draw(|frame| view::draw(frame, history, colour))
    }
}

fn is_end(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release
        && match key.code {
            KeyCode::Esc => true,
            KeyCode::Char('c') => control,
            KeyCode::Char('q' | 'Q') => !control,
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_keys_end_a_run_and_others_do_not() {
        let pressed = |code, modifiers| is_end(KeyEvent::new(code, modifiers));
        assert!(pressed(KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(pressed(KeyCode::Esc, KeyModifiers::NONE));
        assert!(pressed(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!pressed(KeyCode::Char('c'), KeyModifiers::NONE));
        assert!(!pressed(KeyCode::Char('q'), KeyModifiers::CONTROL));
        assert!(!pressed(KeyCode::Enter, KeyModifiers::NONE));
    }
}
