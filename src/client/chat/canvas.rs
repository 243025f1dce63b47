//! Canvas: the whole terminal, taken and given back. Whatever happens, it is given back: by dropping this, and before a
//! panic says what it has to say.

use std::io::{self, Stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use ratatui::crossterm::execute;
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::layout::{Position, Rect};
use rustix::process::{Signal, kill_current_process_group};

use super::room::Room;
use super::scroll::Page;
use super::view::{self, Palette};

/// The terminal on stdin and stdout.
pub(super) struct Canvas {
    terminal: ratatui::Terminal<CrosstermBackend<Stdout>>,
    palette: Palette,
}

impl Canvas {
    /// # Errors
    /// Where the terminal cannot be used; it is then as it was.
    pub(super) fn take(palette: Palette) -> io::Result<Self> {
        // The environment has been asked already.
        force_color_output(palette == Palette::Coloured);
        let terminal = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
        give_back_before_panics();
        let canvas = Self { terminal, palette };
        take()?;
        Ok(canvas)
    }

    pub(super) fn draw(&mut self, room: &Room) -> io::Result<()> {
        let palette = self.palette;
        self.terminal.draw(|frame| view::draw(frame, room, palette)).map(drop)
    }

    /// How much of the room is seen at once.
    pub(super) fn page(&self) -> io::Result<Page> {
        self.area().map(view::page)
    }

    /// The next drawing is one of everything. A new size does that too, and unlike `Terminal::clear` it does not ask the
    /// terminal where its cursor is: the answer may be slow, or never come.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        let area = self.area()?;
        self.terminal.resize(area)
    }

    fn area(&self) -> io::Result<Rect> {
        self.terminal.size().map(|size| Rect::from((Position::ORIGIN, size)))
    }

    /// Gives the terminal back, stops everything that Ctrl-Z would have stopped, a script around us included, and takes
    /// the terminal again when it goes on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        kill_current_process_group(Signal::TSTP)?;
        take()?;
        self.clear()
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
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)
}

/// Once for each time that it was taken.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone needs nothing.
        let _ = execute!(
            io::stdout(),
            DisableFocusChange,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            ratatui::crossterm::cursor::Show
        );
        let _ = disable_raw_mode();
    }
}

/// Without this the words of a panic would vanish with the screen that they were written to. Another thread's panic
/// does not end us.
fn give_back_before_panics() {
    let (before, owner) = (panic::take_hook(), thread::current().id());
    panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == owner {
            give_back();
        }
        before(panic);
    }));
}

static TAKEN: AtomicBool = AtomicBool::new(false);
