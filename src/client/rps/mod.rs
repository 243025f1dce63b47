//! Rock-paper-scissors: a person at a terminal or a script against whoever the server finds.
//!
//! ```text
//! keys ─▶ keys ──▶ hearing ─▶ the server ─▶ hearing ─▶ board ─▶ surface
//! stdin ─▶ script ────┘                         └────▶ script ─▶ stdout
//! ```

/// What is known of the match.
mod board;
/// Bytes from the server as lines, and words for it.
mod hearing;
/// What pressed keys mean.
mod keys;
/// A match without a person.
mod script;
/// The terminal's surface.
mod surface;

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGCONT;

use super::quiet::Quiet;
use super::signals::Signals;
use super::speech::Speech;
use super::terminal::Farewell;
use super::trouble::Trouble;
use super::wire::Wire;
use crate::net::Ending;
use board::Board;
use hearing::Hearing;
use keys::{Keys, Meaning};

pub(crate) use script::play_script;
pub(crate) use surface::Surface;

/// A person at a terminal, for as many matches as they like. The terminal is as it was when this is dropped.
pub(crate) struct Seat {
    surface: Surface,
    signals: Signals,
    stdin: File,
    quiet: Option<Quiet>,
}

/// What follows a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Played {
    /// Another one is wanted.
    Again,
    Farewell(Farewell),
}

impl Seat {
    /// # Errors
    /// Where the terminal cannot be used.
    pub(crate) fn take() -> Result<Self, Trouble> {
        let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(Trouble::Stdin)?.into();
        let signals = [&Signals::ENDING[..], &[SIGCONT]].concat();
        let signals = Signals::watch(&signals).map_err(Trouble::Stdin)?;
        Ok(Self { surface: Surface::default(), signals, stdin, quiet: Quiet::keep() })
    }

    /// Where events may be shown meanwhile.
    pub(crate) fn surface(&self) -> Surface {
        self.surface.clone()
    }

    /// Plays a match, and asks whether another one is wanted when the server has ended it.
    ///
    /// # Errors
    /// Where the conversation or the terminal fails.
    pub(crate) fn play(&mut self, wire: &Wire, speech: Speech) -> Result<Played, Trouble> {
        let mut game = Game {
            wire,
            hearing: Hearing::new(speech),
            board: Board::default(),
            keys: Keys::default(),
            buf: vec![0; BUFFER],
        };
        let end = game.play(self);
        let is_over = game.board.is_over();
        self.surface.draw("");
        wire.closed(match &end {
            Ok(End::Over) => Ending::PeerClosed,
            Ok(End::Left | End::Signal(_)) => Ending::WeClosed,
            Err(trouble) => trouble.ending(),
        });
        match end? {
            End::Over => {
                if !is_over {
                    self.surface.show(&format!("-- the server {}", Trouble::CutShort));
                }
                self.offer()
            }
            End::Left => Ok(Played::Farewell(Farewell::Done)),
            End::Signal(signal) => Ok(Played::Farewell(Farewell::Signal(signal))),
        }
    }

    /// Whether another match is wanted. A key that came too late for the last one is no answer.
    fn offer(&mut self) -> Result<Played, Trouble> {
        self.surface.draw("Another match? [y/N] ");
        let answer = loop {
            use rustix::event::{PollFd, PollFlags, poll};
            let mut fds = [PollFd::new(&self.stdin, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(Trouble::Stdin(e.into())),
            }
            let pressed = !fds[0].revents().is_empty();
            if let Some(signal) = self.ended_by() {
                break Played::Farewell(Farewell::Signal(signal));
            }
            if pressed {
                let mut key = [0; 64];
                let count = self.read(&mut key)?;
                if count == 0 {
                    break DONE;
                }
                if let Some(answer) = key[..count].iter().find_map(|key| answer(*key)) {
                    break answer;
                }
            }
        };
        self.surface.draw("");
        Ok(answer)
    }

    /// The signal that ends it, if one has come. After Ctrl-Z and `fg` the terminal is made ours again.
    fn ended_by(&mut self) -> Option<i32> {
        while let Some(signal) = self.signals.came() {
            if signal != SIGCONT {
                return Some(signal);
            }
            self.quiet.iter().for_each(Quiet::again);
            self.surface.show("");
        }
        None
    }

    /// The next keys; none at the end of input.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Trouble> {
        loop {
            match self.stdin.read(buf) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                // A terminal that is gone brings nothing more.
                Err(e) if e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => return Ok(0),
                read => return read.map_err(Trouble::Stdin),
            }
        }
    }
}

/// What a key says to the offer of another match.
fn answer(key: u8) -> Option<Played> {
    match key {
        b'y' | b'Y' => Some(Played::Again),
        b'n' | b'N' | b'q' | b'Q' | b'\r' | b'\n' | 0x04 => Some(DONE),
        _ => None,
    }
}

/// How a match ended for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The server has said everything.
    Over,
    /// The person has had enough.
    Left,
    Signal(i32),
}

/// One match.
struct Game<'a> {
    wire: &'a Wire,
    hearing: Hearing,
    board: Board,
    keys: Keys,
    buf: Vec<u8>,
}

impl Game<'_> {
    fn play(&mut self, seat: &mut Seat) -> Result<End, Trouble> {
        loop {
            seat.surface.draw(&(self.board.prompt() + self.keys.line()));
            let limit = self.keys.due().map(|due| due.saturating_duration_since(Instant::now()));
            let limit = [limit, self.hearing.patience()].into_iter().flatten().min();
            let ready = self.wire.wait(&[seat.stdin.as_fd(), seat.signals.as_fd()], limit)?;
            if let Some(signal) = seat.ended_by() {
                self.wire.cut();
                return Ok(End::Signal(signal));
            }
            let mut meant = Vec::new();
            if ready.others[0] {
                let mut pressed = [0; 64];
                match seat.read(&mut pressed)? {
                    0 => return self.leave(seat),
                    count => meant = self.keys.press(&pressed[..count], Instant::now()),
                }
            }
            meant.extend(self.keys.lone(Instant::now()));
            for meaning in meant {
                match meaning {
                    Meaning::Leave => return self.leave(seat),
                    Meaning::Word(word) => self.say(seat, &word)?,
                }
            }
            if ready.peer {
                if self.hear(seat)? == Heard::Everything {
                    return Ok(End::Over);
                }
            } else if !ready.others[0] {
                let rest = self.hearing.rest()?;
                self.show(seat, rest);
            }
        }
    }

    /// A word that nobody waits for now goes nowhere: the server would take it for the next round.
    fn say(&mut self, seat: &Seat, word: &str) -> Result<(), Trouble> {
        if !self.board.asks() {
            return Ok(());
        }
        self.board.chose(word);
        // Shown first, so that it stands there before what comes of it.
        seat.surface.draw(&self.board.prompt());
        self.wire.send(&self.hearing.pack(word)?)
    }

    fn hear(&mut self, seat: &Seat) -> Result<Heard, Trouble> {
        let count = self.wire.receive(&mut self.buf)?;
        if count == 0 {
            let last = self.hearing.finish()?;
            self.show(seat, last);
            return Ok(Heard::Everything);
        }
        let lines = self.hearing.take(&self.buf[..count])?;
        self.wire.catch_up();
        self.show(seat, lines);
        Ok(Heard::Some)
    }

    fn show(&mut self, seat: &Seat, lines: impl IntoIterator<Item = String>) {
        let shown: Vec<String> = lines.into_iter().flat_map(|line| self.board.hear(&line)).collect();
        if !shown.is_empty() {
            seat.surface.show(&shown.join("\n"));
        }
    }

    /// Says goodbye and waits a moment for the server's, so that it sees a clean end.
    fn leave(&mut self, seat: &Seat) -> Result<End, Trouble> {
        self.wire.half_close();
        let late = Instant::now() + FAREWELL;
        loop {
            let left = late.saturating_duration_since(Instant::now());
            let ready = self.wire.wait(&[seat.signals.as_fd()], Some(left))?;
            let over = left.is_zero() || ready.others[0];
            // Whatever goes wrong now, it is over.
            if over || (ready.peer && !matches!(self.wire.receive(&mut self.buf), Ok(1..))) {
                self.wire.cut();
                return Ok(End::Left);
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Some,
    Everything,
}

const DONE: Played = Played::Farewell(Farewell::Done);
/// A read takes at most so much.
const BUFFER: usize = 4096;
/// How long somebody who leaves waits for the server's end.
const FAREWELL: Duration = Duration::from_secs(1);
