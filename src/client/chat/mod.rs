//! Chat: a room on the whole terminal, for a person. One thread waits for keys, signals and the server, lets the
//! `Room` know, and draws it; only dialling has a thread of its own. Where there is no such terminal,
//! `terminal` and `pipe` do as well.
//!
//! ```text
//! keys ───┐                      ┌─▶ canvas ─▶ view
//! signals ├─▶ run ─▶ room ───────┤
//! server ─┴─ link ◀── effects ◀──┘   heard, line and scroll are the room's
//! ```

/// The whole terminal, taken and given back.
mod canvas;
/// What a line of the server means.
mod heard;
/// What a person is typing.
mod line;
/// The connection, which comes, goes and comes again.
mod link;
/// Everything that is seen, and what follows from a line or a key.
mod room;
/// What was said, and which part of it is seen.
mod scroll;
/// Draws the room.
mod view;

use std::ops::ControlFlow;
use std::time::Duration;
use std::{io, iter};

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};

use self::canvas::Canvas;
use self::link::{Link, News};
use self::room::{Effect, Room, Stay};
use self::scroll::Looks;
use super::signals::Signals;
use super::speech::Speech;
use super::terminal::Farewell;
use super::trouble::Trouble;

pub(crate) use link::Dialler;
pub(crate) use view::Palette;

/// A visit to a room.
pub(crate) struct Chat {
    /// The server's address as the person named it.
    pub(crate) place: String,
    pub(crate) speech: Speech,
    pub(crate) palette: Palette,
    pub(crate) dialler: Dialler,
}

/// What is under way.
struct Visit {
    room: Room,
    link: Link,
    canvas: Canvas,
    signals: Signals,
}

type Turn = ControlFlow<Farewell>;

impl Chat {
    /// Talks until the person leaves, or a signal ends it. The terminal is then as it was.
    ///
    /// # Errors
    /// Where nobody answers the first time, and where the terminal fails. Later the connection is tried again and again.
    pub(crate) fn run(self) -> Result<Farewell, Trouble> {
        let wire = (self.dialler)()?;
        let signals = Signals::watch(&SIGNALS).map_err(terminal)?;
        let mut visit = Visit {
            room: Room::new(self.place),
            link: Link::new(self.dialler, self.speech, wire),
            canvas: Canvas::take(self.palette).map_err(terminal)?,
            signals,
        };
        let done = visit.stay();
        let Visit { link, canvas, .. } = visit;
        drop(canvas);
        link.part();
        done.map_err(terminal)
    }
}

impl Visit {
    fn stay(&mut self) -> io::Result<Farewell> {
        loop {
            self.canvas.draw(&self.room)?;
            if self.wait()? == Keys::Gone {
                return Ok(Farewell::Signal(SIGHUP));
            }
            if let ControlFlow::Break(farewell) = self.turn()? {
                return Ok(farewell);
            }
        }
    }

    /// Waits for whatever comes next.
    fn wait(&self) -> io::Result<Keys> {
        let stdin = io::stdin();
        let patience = self.link.patience().map(|patience| Timespec::try_from(patience.min(LONGEST_WAIT)));
        let patience = patience.map(|patience| patience.expect("an hour is a time"));
        let mut fds = vec![PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
        fds.extend(self.link.socket().map(|(fd, flags)| PollFd::from_borrowed_fd(fd, flags)));
        match poll(&mut fds, patience.as_ref()) {
            Ok(_) if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) => Ok(Keys::Gone),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(Keys::There),
            Err(e) => Err(e.into()),
        }
    }

    fn turn(&mut self) -> io::Result<Turn> {
        // A changed size needs only the drawing that follows.
        if let Some(signal) = iter::from_fn(|| self.signals.came()).find(|signal| *signal != SIGWINCH) {
            return Ok(Turn::Break(Farewell::Signal(signal)));
        }
        for news in self.link.turn() {
            self.learn(news);
        }
        while event::poll(Duration::ZERO)? {
            if let turn @ Turn::Break(_) = self.take(event::read()?)? {
                return Ok(turn);
            }
        }
        // What was said goes out without another wait.
        for news in self.link.turn() {
            self.learn(news);
        }
        Ok(Turn::Continue(()))
    }

    fn take(&mut self, event: Event) -> io::Result<Turn> {
        let effect = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.room.press(key, self.canvas.page()?),
            Event::Paste(text) => {
                self.room.editor.insert(&text);
                None
            }
            Event::FocusGained => {
                self.room.look(Looks::Here);
                None
            }
            Event::FocusLost => {
                self.room.look(Looks::Elsewhere);
                None
            }
            _ => None,
        };
        effect.map_or(Ok(Turn::Continue(())), |effect| self.do_as_asked(effect))
    }

    fn do_as_asked(&mut self, effect: Effect) -> io::Result<Turn> {
        match effect {
            Effect::Say(line) => self.say(&line),
            Effect::Dial => self.dial(),
            Effect::Leave => return Ok(Turn::Break(Farewell::Done)),
            Effect::Interrupt => return Ok(Turn::Break(Farewell::Signal(SIGINT))),
            Effect::Suspend => self.canvas.suspend()?,
            Effect::Redraw => self.canvas.clear()?,
        }
        Ok(Turn::Continue(()))
    }

    fn say(&mut self, line: &str) {
        if let Err(why) = self.link.say(line) {
            self.room.note(&format!("not sent: {why}"), &now());
        }
    }

    fn dial(&mut self) {
        self.room.stay = Stay::Away("trying".to_owned());
        self.link.dial();
    }

    fn learn(&mut self, news: News) {
        match news {
            News::Line(line) => {
                if let Some(Effect::Say(answer)) = self.room.hear(&line, &now()) {
                    self.say(&answer);
                }
            }
            News::Connected => {
                self.room.connected();
                self.room.note("connected again", &now());
            }
            News::Lost(trouble) => {
                if self.room.stay == Stay::In {
                    self.link.had_stayed();
                }
                let place = &self.room.place;
                let why = trouble.map_or(format!("{place} closed it"), |trouble| format!("{place} {trouble}"));
                self.room.note(&format!("connection lost: {why}"), &now());
                self.come_again(&why);
            }
            News::Failed(trouble) => self.come_again(&trouble.to_string()),
            News::Dialling => self.room.stay = Stay::Away("trying".to_owned()),
        }
    }

    /// Waits longer each time, unless we are not wanted.
    fn come_again(&mut self, why: &str) {
        if self.room.stay == Stay::Out {
            return self.room.lost(String::new());
        }
        let delay = self.link.wait();
        self.room.lost(format!("trying again in {} s; /connect tries now ({why})", delay.as_secs()));
    }
}

/// Whether keys may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    There,
    Gone,
}

/// The person's time of the day.
fn now() -> String {
    jiff::Zoned::now().strftime("%H:%M").to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn terminal(error: io::Error) -> Trouble {
    Trouble::Terminal(error.to_string())
}

const SIGNALS: [i32; 5] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH];
/// So that any patience is a time for the system.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
