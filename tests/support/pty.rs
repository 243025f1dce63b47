//! A person at a terminal: the program in a pseudo-terminal, its screen as that person sees it.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, NativePtySystem, PtySize, PtySystem, SlavePty};

/// A terminal with `sockeye` in it.
pub(crate) struct Person {
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    display: Arc<(Mutex<Display>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    /// Held, so that the terminal outlives the program.
    _slave: Box<dyn SlavePty + Send>,
    /// Where the program keeps its history.
    pub(crate) data: tempfile::TempDir,
}

struct Display {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

const SIZE: PtySize = PtySize { rows: 40, cols: 100, pixel_width: 0, pixel_height: 0 };

impl Person {
    pub(crate) fn connect(words: &[&str]) -> Self {
        Self::connect_again(words, tempfile::tempdir().unwrap())
    }

    /// With the data directory of another run.
    pub(crate) fn connect_again(words: &[&str], data: tempfile::TempDir) -> Self {
        Self::start(&[&["connect"], words].concat(), data)
    }

    /// At `sockeye WORDS`.
    pub(crate) fn start(words: &[&str], data: tempfile::TempDir) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sockeye"));
        command.args(words);
        Self::run(command, data)
    }

    /// At a shell that does what `script` says.
    pub(crate) fn shell(script: &str, data: tempfile::TempDir) -> Self {
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", script]);
        Self::run(command, data)
    }

    fn run(mut command: CommandBuilder, data: tempfile::TempDir) -> Self {
        let pair = NativePtySystem::default().openpty(SIZE).unwrap();
        command.env("TERM", "xterm-256color");
        command.env("XDG_DATA_HOME", data.path());
        let child = pair.slave.spawn_command(command).unwrap();
        let display =
            Display { parser: vt100::Parser::new(nonzero(SIZE.rows), nonzero(SIZE.cols), 0), raw: Vec::new() };
        let display = Arc::new((Mutex::new(display), Condvar::new()));
        let (mut output, seen) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&display));
        thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buf) {
                let mut display = seen.0.lock().unwrap();
                display.parser.process(&buf[..count]);
                display.raw.extend_from_slice(&buf[..count]);
                seen.1.notify_all();
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { keys, child, display, master: pair.master, _slave: pair.slave, data }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Sends the program a signal from elsewhere.
    pub(crate) fn signals(&self, signal: rustix::process::Signal) {
        let id = self.child.process_id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        rustix::process::kill_process(id.unwrap(), signal).unwrap();
    }

    /// Waits until the screen satisfies the person.
    #[track_caller]
    pub(crate) fn sees(&self, what: impl Fn(&str) -> bool) {
        let unsatisfied = |display: &mut Display| !what(&display.parser.screen().contents());
        let (display, _) = self.display.1.wait_timeout_while(self.lock(), PATIENCE, unsatisfied).unwrap();
        assert!(what(&display.parser.screen().contents()), "the screen:\n{}", display.parser.screen().contents());
    }

    /// Waits until `words` are on the screen.
    #[track_caller]
    pub(crate) fn reads(&self, words: &str) {
        self.sees(|screen| screen.contains(words));
    }

    /// Waits until the program's output has held `words`, also if they have left the screen.
    #[track_caller]
    pub(crate) fn has_read(&self, words: &str) {
        let missing = |display: &mut Display| !String::from_utf8_lossy(&display.raw).contains(words);
        let (display, late) = self.display.1.wait_timeout_while(self.lock(), PATIENCE, missing).unwrap();
        assert!(!late.timed_out(), "`{words}` never came:\n{}", display.parser.screen().contents());
    }

    /// Everything the program wrote to the terminal.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.lock().raw.clone()
    }

    /// Waits for the exit code; the terminal must then be as it was before.
    #[track_caller]
    pub(crate) fn leaves(&mut self) -> u32 {
        let (done, ended) = std::sync::mpsc::channel();
        let mut killer = self.child.clone_killer();
        thread::spawn(move || {
            if ended.recv_timeout(PATIENCE).is_err() {
                let _ = killer.kill();
            }
        });
        let status = self.child.wait().unwrap();
        let _ = done.send(());
        let flags = format!("{:?}", self.master.get_termios().expect("a terminal").local_flags);
        assert!(flags.contains("ICANON") && flags.contains("ECHO"), "left in raw mode: {flags}, {status:?}");
        status.exit_code()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Display> {
        self.display.0.lock().unwrap()
    }
}

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

fn nonzero(size: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(size).unwrap()
}
