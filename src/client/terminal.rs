//! Terminal: a person's conversation. The caller's thread edits lines and sends them, a second one receives, a third
//! waits for signals. Whichever ends the conversation says so in one place, and the line editor is left from there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{ColorMode, Config, Editor};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use super::arriving::Arriving;
use super::quiet::Quiet;
use super::screen::Screen;
use super::speech::{Incoming, Outgoing, Rendering, Speech};
use super::trouble::Trouble;
use super::wire::Wire;
use crate::net::Ending;

/// A line editor on a terminal that can do it.
pub(crate) struct Terminal {
    editor: Editor<Screen, FileHistory>,
    screen: Screen,
    history: Option<PathBuf>,
}

/// How a conversation with a person ended, where nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// One of the two sides was done.
    Done,
    /// A signal, or the key that stands for it.
    Signal(i32),
}

/// What ended the conversation, known to all threads; the first word counts.
#[derive(Debug, Default)]
struct Outcome {
    end: Mutex<Option<End>>,
    known: Condvar,
}

#[derive(Debug)]
enum End {
    PeerClosed,
    Failed(Trouble),
    Signal(i32),
}

/// Why no more lines are read.
enum Leave {
    /// The word `exit`.
    Exit,
    /// The end of input: the rest is waited for.
    HalfClose,
    /// The conversation has ended meanwhile, or is about to say why.
    Over,
}

impl Terminal {
    /// `None` where the terminal cannot place its cursor, or there is none. Lines are remembered in `history`.
    pub(crate) fn open(history: Option<PathBuf>) -> Option<Self> {
        // Colours are for the prompt's look, which is how the screen gets its text in front of it.
        let config = Config::builder()
            .color_mode(ColorMode::Forced)
            .auto_add_history(false)
            .history_ignore_space(true)
            .max_history_size(MOST_HISTORY)
            .ok()?
            .build();
        let mut editor = Editor::with_config(config).ok()?;
        let screen = Screen::new(editor.create_external_printer().ok()?);
        editor.set_helper(Some(screen.clone()));
        if let Some(path) = &history {
            // There is none yet, or none that can be read: the conversation matters more.
            let _ = editor.load_history(path);
        }
        Some(Self { editor, screen, history })
    }

    /// Where events may be shown meanwhile.
    pub(crate) fn screen(&self) -> Screen {
        self.screen.clone()
    }

    /// Talks until somebody ends it: `exit` or Ctrl-D here, the peer there, or a signal. The terminal is then as it was.
    ///
    /// # Errors
    /// Where the peer resets or is idle for too long, and where the terminal fails.
    pub(crate) fn run(mut self, wire: Wire, speech: Speech) -> Result<Farewell, Trouble> {
        let (wire, outcome) = (Arc::new(wire), Arc::new(Outcome::default()));
        let signals = watch_signals(&wire, &outcome, &self.screen)?;
        let _quiet = Quiet::keep();
        receive_in_background(&wire, &outcome, &self.screen, Incoming::new(speech, Rendering::Text))?;
        let leave = self.converse(&wire, &outcome, Outgoing::new(speech));
        self.remember();
        // Whoever waits for the editor to take a nudge is released by its end.
        let Self { editor, .. } = self;
        drop(editor);
        let (farewell, ending) = part(&wire, &outcome, &leave);
        signals.close();
        wire.closed(ending);
        farewell
    }

    /// Reads lines and sends them.
    fn converse(&mut self, wire: &Wire, outcome: &Outcome, mut outgoing: Outgoing) -> Leave {
        loop {
            let line = self.read_line();
            if outcome.is_known() {
                return Leave::Over;
            }
            match line {
                Ok(line) if line.trim() == "exit" => return Leave::Exit,
                Ok(line) => {
                    let line = line + "\n";
                    let (bytes, sound) = outgoing.translate(line.as_bytes());
                    if wire.send(&bytes).is_err() {
                        // The receiving thread sees the same end and knows better why.
                        return Leave::Over;
                    }
                    if let Err(trouble) = sound {
                        outcome.settle(End::Failed(trouble));
                    }
                }
                Err(ReadlineError::Eof) => return Leave::HalfClose,
                Err(ReadlineError::Interrupted) => outcome.settle(End::Signal(SIGINT)),
                Err(e) => outcome.settle(End::Failed(Trouble::Terminal(e.to_string()))),
            }
            if outcome.is_known() {
                return Leave::Over;
            }
        }
    }

    fn read_line(&mut self) -> Result<String, ReadlineError> {
        self.screen.typing();
        let line = self.editor.readline(PROMPT);
        self.screen.free();
        if let Ok(line) = &line
            && !holds_secret(line)
        {
            // What cannot be remembered is forgotten.
            let _ = self.editor.add_history_entry(line);
        }
        line
    }

    /// A history that cannot be kept is no reason to fail.
    fn remember(&mut self) {
        if let Some(path) = &self.history {
            let _ = make_private_dir(path).map(|()| self.editor.append_history(path));
        }
    }
}

/// Whether this is said to a `login` server with a password or a token behind it.
fn holds_secret(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    ["LOGIN", "REGISTER", "PASSWD", "RESUME"].iter().any(|command| word.eq_ignore_ascii_case(command))
}

fn make_private_dir(of: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let dir = of.parent().unwrap_or(Path::new("."));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Waits for the end that `leave` asks for and says what it was.
fn part(wire: &Wire, outcome: &Outcome, leave: &Leave) -> (Result<Farewell, Trouble>, Ending) {
    let limit = match leave {
        Leave::HalfClose => None,
        Leave::Exit | Leave::Over => Some(FAREWELL),
    };
    if !matches!(leave, Leave::Over) {
        wire.half_close();
    }
    let end = outcome.wait(limit);
    wire.cut();
    match (leave, end) {
        (_, Some(End::Signal(signal))) => (Ok(Farewell::Signal(signal)), Ending::WeClosed),
        (Leave::Exit, _) => (Ok(Farewell::Done), Ending::WeClosed),
        (_, Some(End::Failed(trouble))) => {
            let ending = trouble.ending();
            (Err(trouble), ending)
        }
        (_, Some(End::PeerClosed) | None) => (Ok(Farewell::Done), Ending::PeerClosed),
    }
}

/// The socket to the screen until the peer ends.
fn receive_in_background(
    wire: &Arc<Wire>,
    outcome: &Arc<Outcome>,
    screen: &Screen,
    incoming: Incoming,
) -> Result<(), Trouble> {
    let (wire, outcome, screen) = (Arc::clone(wire), Arc::clone(outcome), screen.clone());
    let receiver = move || {
        outcome.settle(receive(&wire, incoming, &screen));
        leave_editor(&screen);
    };
    thread::Builder::new().name("receiver".into()).spawn(receiver).map(drop).map_err(Trouble::Socket)
}

fn receive(wire: &Wire, mut incoming: Incoming, screen: &Screen) -> End {
    let mut arriving = Arriving::default();
    let mut buf = vec![0; BUFFER];
    let mut begun = Begun::default();
    let end = loop {
        let (bytes, sound) = match wire.receive(&mut buf) {
            Ok(0) => break incoming.finish().map_or_else(End::Failed, |()| End::PeerClosed),
            Ok(count) => incoming.translate(&buf[..count]),
            Err(trouble) => break End::Failed(trouble),
        };
        wire.catch_up();
        screen.show(&begun.whole_lines(arriving.take(&bytes)));
        if let Err(trouble) = sound {
            break End::Failed(trouble);
        }
        if !begun.line.is_empty() && !wire.has_more_within(begun.patience()) {
            screen.show(&std::mem::take(&mut begun.line));
        }
    };
    screen.show(&(begun.line + &arriving.finish()));
    end
}

/// The beginning of a line whose rest may just have been cut off by a read. It is kept back for a moment, because what
/// stands above the line being typed cannot be continued later.
#[derive(Default)]
struct Begun {
    line: String,
    since: Option<Instant>,
}

impl Begun {
    /// What can be shown of `text`: everything up to its last line end.
    fn whole_lines(&mut self, text: String) -> String {
        let mut whole = std::mem::take(&mut self.line) + &text;
        let end = whole.rfind('\n').map_or(0, |at| at + 1);
        self.line = whole.split_off(end);
        if end > 0 || self.since.is_none() || self.line.len() == text.len() {
            self.since = Some(Instant::now());
        }
        whole
    }

    fn patience(&self) -> Duration {
        LULL.saturating_sub(self.since.map_or(LULL, |since| since.elapsed()))
    }
}

/// A signal ends the conversation. While a line is typed rustyline has SIGINT to itself and reports it as Ctrl-C.
fn watch_signals(wire: &Arc<Wire>, outcome: &Arc<Outcome>, screen: &Screen) -> Result<Handle, Trouble> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]).map_err(Trouble::Socket)?;
    let handle = signals.handle();
    let (wire, outcome, screen) = (Arc::clone(wire), Arc::clone(outcome), screen.clone());
    let watcher = move || {
        for signal in signals.forever() {
            // Where the end is known, this is our own way out of the editor.
            if !outcome.is_known() {
                outcome.settle(End::Signal(signal));
                wire.cut();
                leave_editor(&screen);
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(watcher).map_err(Trouble::Socket)?;
    Ok(handle)
}

/// Gets the caller's thread out of the line editor. SIGINT is the one thing that rustyline waits for besides keys and
/// nudges, and it restores the terminal before it returns. Repeated, because the editor may be about to start, and may
/// drop one of two signals that come together; [`watch_signals`] catches those that find no editor.
fn leave_editor(screen: &Screen) {
    while !screen.is_free_within(Duration::ZERO) {
        let _ = kill_process(getpid(), Signal::INT);
        screen.is_free_within(AGAIN);
    }
}

impl Outcome {
    fn settle(&self, end: End) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
        self.known.notify_all();
    }

    fn is_known(&self) -> bool {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The end, as soon as it is known; `None` after `limit`.
    fn wait(&self, limit: Option<Duration>) -> Option<End> {
        let unknown = |end: &mut Option<End>| end.is_none();
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match limit {
            Some(limit) => {
                self.known.wait_timeout_while(end, limit, unknown).unwrap_or_else(PoisonError::into_inner).0.take()
            }
            None => self.known.wait_while(end, unknown).unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

const PROMPT: &str = "> ";
const MOST_HISTORY: usize = 1000;
/// A read takes at most so much: the terminal is the slower side.
const BUFFER: usize = 16 * 1024;
/// A person does not notice it, and the rest of a line that is on its way gets here.
const LULL: Duration = Duration::from_millis(50);
/// How long `exit` waits for the peer's end, so that the server sees a clean one.
const FAREWELL: Duration = Duration::from_secs(1);
/// Nor does a person notice this, and a thread that is about to read a line gets there.
const AGAIN: Duration = Duration::from_millis(20);
