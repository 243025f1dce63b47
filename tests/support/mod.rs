//! What the tests of `serve` share: a `sockeye serve` of their own, started without a race and ended by its handle.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::print_stderr, reason = "what a server said belongs to the failure of its test")]

/// Messages as a client packs them.
pub(crate) mod frames;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes on a busy machine; what hangs fails with what it printed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The same for what ends at once when nothing is wrong.
const BRIEF: Duration = Duration::from_secs(20);

/// A running `sockeye serve`. Dropped, it is killed.
pub(crate) struct Served {
    child: Child,
    dir: tempfile::TempDir,
    /// The `SERVICE ADDR` lines of the ready file.
    pub(crate) places: Vec<(String, String)>,
}

/// How it ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Served {
    /// `sockeye serve WORDS`, when it listens. Events go to a file, so that nothing stalls on an unread pipe.
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_sockeye")), words)
    }

    /// The same with at most `most` file descriptors.
    pub(crate) fn with_descriptors(most: u32, words: &[&str]) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {most}; exec \"$0\" \"$@\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_sockeye")]);
        Self::start_as(command, words)
    }

    pub(crate) fn start_as(command: Command, words: &[&str]) -> Self {
        Self::try_start_as(command, words).unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    }

    /// The same for one that may end before it listens.
    pub(crate) fn try_start_as(command: Command, words: &[&str]) -> Result<Self, Ended> {
        let dir = tempfile::tempdir().unwrap();
        let stdout = File::create(dir.path().join("stdout")).unwrap();
        Self::launch(dir, stdout, command, words)
    }

    /// The same with the events on this stdout, a pipe for example.
    pub(crate) fn writing_to(stdout: impl Into<Stdio>, words: &[&str]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
        let launched = Self::launch(tempfile::tempdir().unwrap(), stdout, command, words);
        launched.unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    }

    fn launch(
        dir: tempfile::TempDir,
        stdout: impl Into<Stdio>,
        mut command: Command,
        words: &[&str],
    ) -> Result<Self, Ended> {
        let ready = dir.path().join("ready");
        command.arg("serve").args(words).arg("--ready-file").arg(&ready);
        command.stdin(Stdio::null());
        command.stdout(stdout);
        command.stderr(File::create(dir.path().join("stderr")).unwrap());
        let child = command.spawn().unwrap();
        let mut served = Self { child, dir, places: Vec::new() };
        eventually("it listens", || ready.exists() || served.child.try_wait().unwrap().is_some());
        let Ok(lines) = fs::read_to_string(&ready) else { return Err(served.wait()) };
        let place = |line: &str| line.split_once(' ').map(|(service, addr)| (service.to_owned(), addr.to_owned()));
        served.places = lines.lines().map(|line| place(line).unwrap()).collect();
        Ok(served)
    }

    /// The first address; most tests have one.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.places[0].1.parse().unwrap_or_else(|_| panic!("{:?}", self.places))
    }

    pub(crate) fn addr_of(&self, service: &str) -> SocketAddr {
        let place = self.places.iter().find(|(name, _)| name == service);
        place.unwrap_or_else(|| panic!("no {service} in {:?}", self.places)).1.parse().unwrap()
    }

    /// A client that gives up rather than hang.
    pub(crate) fn connect(&self) -> TcpStream {
        patient(TcpStream::connect(self.addr()).unwrap())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// What it printed so far.
    pub(crate) fn said(&self) -> (String, String) {
        let read = |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        (read("stdout"), read("stderr"))
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Ended {
        eventually("it ends", || self.child.try_wait().unwrap().is_some());
        let status = self.child.wait().unwrap();
        let (stdout, stderr) = self.said();
        Ended { status, stdout, stderr }
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(self) -> Ended {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// SIGTERM until it obeys without waiting for anybody, and how it ended.
    pub(crate) fn stop_now(self) -> Ended {
        self.signal(Signal::TERM);
        eventually("the drain begins", || self.said().1.contains("waiting"));
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Resident memory in bytes.
    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it was, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Open file descriptors.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// CPU time used so far by all its threads.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(self.proc("task")).unwrap();
        let of = |task: PathBuf| fs::read_to_string(task.join("schedstat")).unwrap_or_default();
        let nanos = tasks.map(|task| of(task.unwrap().path()).split(' ').next().unwrap_or("").parse().unwrap_or(0u64));
        Duration::from_nanos(nanos.sum())
    }

    fn proc(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.child.id()).into()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let (stdout, stderr) = self.said();
            let tail: Vec<&str> = stdout.lines().rev().take(20).collect();
            eprintln!("the server said, last first: {tail:#?}\nand on stderr: {stderr}");
        }
    }
}

/// One end of a conversation that can say it is done and still listen.
pub(crate) trait HalfClose: Read + Write {
    fn half_close(&self);
}

impl HalfClose for TcpStream {
    fn half_close(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

impl HalfClose for UnixStream {
    fn half_close(&self) {
        self.shutdown(Shutdown::Write).unwrap();
    }
}

/// Says it, half-closes, and gives all that comes back. For what fits into the buffers on the way.
#[track_caller]
pub(crate) fn answer_to(mut peer: impl HalfClose, bytes: &[u8]) -> Vec<u8> {
    peer.write_all(bytes).unwrap();
    peer.half_close();
    rest_of(peer)
}

/// The same for any length: both directions at once, and `read` sees what comes back.
#[track_caller]
pub(crate) fn stream_through<T>(peer: TcpStream, bytes: &[u8], read: impl FnOnce(TcpStream) -> T) -> T {
    let mut writer = peer.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writer.write_all(bytes).unwrap();
            writer.half_close();
        });
        read(peer)
    })
}

/// Everything up to the peer's end.
#[track_caller]
pub(crate) fn rest_of(mut peer: impl Read) -> Vec<u8> {
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    rest
}

/// Sends it and waits until as much has come back, which must be the same.
#[track_caller]
pub(crate) fn ping(peer: &mut TcpStream, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
    let mut back = vec![0; bytes.len()];
    peer.read_exact(&mut back).unwrap();
    assert_eq!(back.escape_ascii().to_string(), bytes.escape_ascii().to_string());
}

/// Ends it with a reset instead of a close.
pub(crate) fn reset(peer: TcpStream) {
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
}

/// `sockeye WORDS` run to its end with this on stdin; for words that soon come to one.
pub(crate) fn sockeye(words: &[&str], stdin: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that refuses its words does not read what is said to it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let drain = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text)
        })
    };
    let stdout = drain(Box::new(child.stdout.take().unwrap()));
    let stderr = drain(Box::new(child.stderr.take().unwrap()));
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > BRIEF {
            child.kill().unwrap();
            panic!("{words:?} did not end: {:?} {:?}", stdout.join().unwrap(), stderr.join().unwrap());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let status = child.wait().unwrap();
    Ended { status, stdout: stdout.join().unwrap().unwrap(), stderr: stderr.join().unwrap().unwrap() }
}

/// Looks every few milliseconds until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A patient connection from this loopback address: one is as good as another, so each visitor may have its own.
pub(crate) fn connect_from(ip: impl Into<Ipv4Addr>, addr: SocketAddr) -> io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((ip.into(), 0)).into())?;
    socket.connect_timeout(&addr.into(), PATIENCE)?;
    Ok(patient(socket.into()))
}

pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Bytes that differ from place to place, so that what is lost or swapped shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}
