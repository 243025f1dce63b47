//! Canvas: the terminal on stderr, taken and given back. Whatever happens, it is given back: by dropping this, and before
//! a panic says what it has to say.

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Stderr};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use crate::event::sinks::Colour;

/// The terminal on stderr, which has no buffer of its own.
pub(super) struct Canvas(ratatui::Terminal<CrosstermBackend<BufWriter<Stderr>>>);

impl Canvas {
    /// # Errors
    /// Where stderr is no terminal, or it cannot be used; it is then as it was.
    pub(super) fn take(colour: Colour) -> io::Result<Self> {
        if !io::stderr().is_terminal() {
            return Err(io::Error::new(ErrorKind::Unsupported, "stderr is no terminal"));
        }
        // The environment has been asked already.
        force_color_output(colour == Colour::Coloured);
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(BufWriter::new(io::stderr())))?;
        give_back_before_panics();
        let canvas = Self(terminal);
        take()?;
        Ok(canvas)
    }

    /// Nothing where the terminal was given back already.
    pub(super) fn draw(&mut self, drawing: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if TAKEN.load(Ordering::SeqCst) {
            self.0.draw(drawing)?;
        }
        Ok(())
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stderr(), EnterAlternateScreen)
}

/// Once for each time that it was taken.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing.
        let _ = execute!(io::stderr(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// Without this the words of a panic would vanish with the screen that they were written to. A worker's panic counts too:
/// the run is over with it.
fn give_back_before_panics() {
    HOOKED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
    });
}

static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOKED: Once = Once::new();
