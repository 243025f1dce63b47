//! Console: the person at the server's terminal is the admin of its room. They type below while events are told above,
//! and neither tears the other.

use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

use socket2::{SockRef, Socket};

use super::Talk;
use super::serve::Happening;
use crate::client::terminal::{Farewell, Terminal};
use crate::client::{Account, LineEnd, Rendering, Speech, Wire, pipe};
use crate::event::Emitter;
use crate::event::sinks::{SinkPlan, Target};
use crate::services::Chat;

/// A terminal that waits for the room to be open to others.
pub(super) struct Console {
    /// Nothing where the terminal cannot place its cursor: lines are then read as they come.
    terminal: Option<Terminal>,
    room: Arc<Chat>,
}

/// An admin at work.
pub(super) struct Sitting {
    thread: JoinHandle<()>,
}

impl Console {
    /// Where both ends of the terminal are there. Event lines then go above the line being typed, where it can do that.
    pub(super) fn open(room: Arc<Chat>, sink: &mut SinkPlan) -> Option<Self> {
        let person = io::stdin().is_terminal() && io::stdout().is_terminal();
        let terminal = person.then(|| Terminal::open(None))?;
        if let (Some(terminal), Target::Stream(console)) = (&terminal, &mut sink.target) {
            *console = Box::new(terminal.screen());
        }
        Some(Self { terminal, room })
    }

    /// Lets them in, until they or the room have had enough. Ctrl-C stops the server, as without a room.
    pub(super) fn hold(self, happens: &Sender<Happening>, talk: Talk) -> Option<Sitting> {
        let stream = self.room.console().ok()?;
        let happens = happens.clone();
        let work = move || {
            let socket = Socket::from(OwnedFd::from(stream));
            let account = Account::open(&Emitter::mute(), &SockRef::from(&socket));
            let (wire, speech) = (Wire::new(socket, account), Speech::Bytes(LineEnd::Lf));
            let farewell = match self.terminal {
                Some(terminal) => terminal.run(wire, speech),
                None => pipe::run(Arc::new(wire), speech, Rendering::Text).map(|()| Farewell::Done),
            };
            match farewell {
                // Whoever attends may have gone home already.
                Ok(Farewell::Signal(signal)) => drop(happens.send(Happening::Signal(signal))),
                Ok(Farewell::Done) => drop(happens.send(Happening::AdminLeft)),
                Err(trouble) => talk.say(&format!("the console {trouble}")),
            }
        };
        thread::Builder::new().name("console".into()).spawn(work).ok().map(|thread| Sitting { thread })
    }
}

impl Sitting {
    /// Waits until the terminal is as it was; the room has closed.
    pub(super) fn leave(self) {
        // One that has panicked has said so.
        let _ = self.thread.join();
    }
}
