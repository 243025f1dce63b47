//! Question: something that a person is asked at the terminal that is stdin, shown while it is typed, or not. The
//! terminal's own line editing is enough for a name, and tells nobody how long a password is.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::SigId;
use zeroize::Zeroizing;

use super::signals::Signals;

/// Who asks, and knows a signal for an answer. Between two questions a signal does what it does by itself; when this is
/// dropped, whoever handles signals next has them, and until then nobody (what `signal-hook` took, it does not give back).
#[derive(Debug)]
pub(crate) struct Interview {
    signals: Signals,
    /// Whether nobody is asked just now.
    silent: Arc<AtomicBool>,
    by_themselves: Vec<SigId>,
}

/// What came of a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// What was typed, without its end.
    Line(Zeroizing<String>),
    /// The end of input: somebody has had enough.
    Nothing,
    /// This signal, or the key that stands for it.
    Signal(i32),
}

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    Shown,
    Hidden,
}

impl Interview {
    /// # Errors
    /// Where signals cannot be waited for.
    pub(crate) fn new() -> io::Result<Self> {
        let silent = Arc::new(AtomicBool::new(true));
        let mut interview =
            Self { signals: Signals::watch(&Signals::ENDING)?, silent: Arc::clone(&silent), by_themselves: Vec::new() };
        for signal in Signals::ENDING {
            let id = signal_hook::flag::register_conditional_default(signal, Arc::clone(&silent))?;
            interview.by_themselves.push(id);
        }
        Ok(interview)
    }

    /// Puts `question` on `out`, and waits for a line or a signal. The terminal is then as it was.
    ///
    /// # Errors
    /// Where the terminal cannot be used, or what was typed is no text.
    pub(crate) fn ask(&mut self, question: &str, echo: Echo, out: &mut dyn Write) -> io::Result<Reply> {
        self.silent.store(false, Ordering::SeqCst);
        let reply = self.hear(question, echo, out);
        self.silent.store(true, Ordering::SeqCst);
        reply
    }

    fn hear(&mut self, question: &str, echo: Echo, out: &mut dyn Write) -> io::Result<Reply> {
        // Before anybody is asked: whoever answers at once must not be shown either.
        let before = Modes::set(echo)?;
        // Whoever has closed it does not want to be asked aloud.
        let _ = write!(out, "{question}").and_then(|()| out.flush());
        let reply = self.line();
        if echo == Echo::Hidden || !matches!(reply, Ok(Reply::Line(_))) {
            // No Enter was shown.
            let _ = writeln!(out).and_then(|()| out.flush());
        }
        drop(before);
        reply
    }

    fn line(&mut self) -> io::Result<Reply> {
        let stdin = io::stdin();
        let mut line = Zeroizing::new(vec![0; LONGEST]);
        // The terminal gives a line at a time, and nothing of the next.
        let count = loop {
            let mut waited = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.signals, PollFlags::IN)];
            match poll(&mut waited, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
                Ok(_) if waited[1].revents().is_empty() => break rustix::io::read(&stdin, &mut **line)?,
                Ok(_) => {
                    if let Some(signal) = self.signals.came() {
                        return Ok(Reply::Signal(signal));
                    }
                }
            }
        };
        if count == 0 {
            return Ok(Reply::Nothing);
        }
        let text = std::str::from_utf8(&line[..count]).map_err(|_| io::Error::other("that is no text"))?;
        Ok(Reply::Line(Zeroizing::new(text.strip_suffix('\n').unwrap_or(text).to_owned())))
    }
}

impl Drop for Interview {
    fn drop(&mut self) {
        for id in &self.by_themselves {
            signal_hook::low_level::unregister(*id);
        }
    }
}

/// What the terminal's modes were, which they are again when this is dropped.
struct Modes(Termios);

impl Modes {
    /// Lines as the terminal edits them, and shown or not. What was typed before a secret was asked for was shown, so it
    /// is none, and is forgotten.
    fn set(echo: Echo) -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut asking = before.clone();
        asking.local_modes.set(LocalModes::ECHO, echo == Echo::Shown);
        let typed = if echo == Echo::Shown { OptionalActions::Now } else { OptionalActions::Flush };
        tcsetattr(io::stdin(), typed, &asking)?;
        Ok(Self(before))
    }
}

impl Drop for Modes {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// More than the longest password, and the longest line that a terminal edits.
const LONGEST: usize = 4096;
