//! Room: a `serve chat` with a door for its admin, and people who speak and hear lines in it.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::frames::{pack, unpack};
use crate::support::{PATIENCE, Served};

/// A room with a door for its admin.
pub(crate) struct Room {
    pub(crate) server: Served,
    pub(crate) admin: PathBuf,
    pub(crate) dir: tempfile::TempDir,
    framing: &'static str,
}

impl Room {
    pub(crate) fn open(words: &[&str]) -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), words)
    }

    /// In a folder that may have been another's.
    pub(crate) fn open_in(dir: tempfile::TempDir, words: &[&str]) -> Self {
        Self::start(Command::new(env!("CARGO_BIN_EXE_sockeye")), dir, words)
    }

    pub(crate) fn speaking(framing: &'static str, words: &[&str]) -> Self {
        let room = Self::open(&[&["--framing", framing], words].concat());
        Self { framing, ..room }
    }

    fn start(command: Command, dir: tempfile::TempDir, words: &[&str]) -> Self {
        let (admin, data) = (dir.path().join("admin"), dir.path().join("data"));
        let places = ["chat=127.0.0.1:0", "--admin-socket", text(&admin), "--data", text(&data)];
        let server = Served::start_as(command, &[&places, words].concat());
        Self { server, admin, dir, framing: "burst" }
    }

    /// Somebody at the door, who has been asked for a nick.
    #[track_caller]
    pub(crate) fn visitor(&self) -> Person<TcpStream> {
        let mut person = Person::new(self.server.connect(), self.framing);
        person.hears("Nick?");
        person
    }

    #[track_caller]
    pub(crate) fn member(&self, nick: &str) -> Person<TcpStream> {
        self.visitor().named(nick)
    }

    /// Somebody whose own system takes little for them, so that what they do not read is not with them.
    #[track_caller]
    pub(crate) fn narrow_member(&self, nick: &str) -> Person<TcpStream> {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.connect(&self.server.addr().into()).unwrap();
        let mut person = Person::new(crate::support::patient(socket.into()), self.framing);
        person.hears("Nick?");
        person.named(nick)
    }

    #[track_caller]
    pub(crate) fn admin(&self) -> Person<UnixStream> {
        let stream = UnixStream::connect(&self.admin).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut person = Person::new(stream, "burst");
        person.hears_until(|line| line.starts_with("* You are admin. "));
        person
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Somebody who speaks and hears lines.
pub(crate) struct Person<S: Read> {
    stream: BufReader<S>,
    framing: &'static str,
}

impl<S: Read + Write> Person<S> {
    pub(crate) fn new(stream: S, framing: &'static str) -> Self {
        Self { stream: BufReader::new(stream), framing }
    }

    /// The same once they have a nick.
    #[track_caller]
    pub(crate) fn named(mut self, nick: &str) -> Self {
        self.says(nick);
        self.hears_until(|line| line.starts_with(&format!("* You are {nick}. Here: ")));
        self
    }

    pub(crate) fn socket(&self) -> &S {
        self.stream.get_ref()
    }

    /// Their stream, without what was read ahead of them.
    pub(crate) fn into_socket(self) -> S {
        self.stream.into_inner()
    }

    #[track_caller]
    pub(crate) fn says(&mut self, line: &str) {
        self.says_bytes(line.as_bytes());
    }

    #[track_caller]
    pub(crate) fn says_bytes(&mut self, message: &[u8]) {
        self.sends(&pack(self.framing, message));
    }

    /// Bytes as they are.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// The next line; `None` at the end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> Option<String> {
        if !matches!(self.framing, "burst" | "lines") {
            return unpack(self.framing, &mut self.stream);
        }
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.strip_suffix('\n').map(str::to_owned)
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) {
        assert_eq!(self.line().as_deref(), Some(expected));
    }

    /// All lines up to one, which is the last.
    #[track_caller]
    pub(crate) fn hears_until(&mut self, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let mut heard = Vec::new();
        while let Some(line) = self.line() {
            heard.push(line);
            if is_it(heard.last().unwrap()) {
                return heard;
            }
        }
        panic!("it ended after {:?}", &heard[heard.len().saturating_sub(20)..]);
    }

    #[track_caller]
    pub(crate) fn hears_nothing_more(&mut self) {
        assert_eq!(self.line(), None);
    }

    /// All lines up to the end, be it a close or a reset, and the line that it cut.
    pub(crate) fn rest(mut self) -> (Vec<String>, String) {
        let mut bytes = Vec::new();
        // A reset is an end too; what came before it stays.
        let _ = self.stream.read_to_end(&mut bytes);
        let rest = String::from_utf8_lossy(&bytes).into_owned();
        let (whole, cut) = rest.rsplit_once('\n').unwrap_or(("", &rest));
        (whole.lines().map(str::to_owned).collect(), cut.to_owned())
    }
}
