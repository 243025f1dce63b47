//! What the tests of `serve` share: a `sockeye serve` of their own, started without a race and ended by its handle.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::print_stderr, reason = "what a server said belongs to the failure of its test")]

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything here takes on a busy machine; what hangs fails with what it printed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

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

    pub(crate) fn start_as(mut command: Command, words: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ready = dir.path().join("ready");
        command.arg("serve").args(words).arg("--ready-file").arg(&ready);
        command.stdin(Stdio::null());
        command.stdout(File::create(dir.path().join("stdout")).unwrap());
        command.stderr(File::create(dir.path().join("stderr")).unwrap());
        let child = command.spawn().unwrap();
        let mut served = Self { child, dir, places: Vec::new() };
        eventually("it listens", || ready.exists() || served.child.try_wait().unwrap().is_some());
        let lines = fs::read_to_string(&ready).unwrap_or_else(|_| panic!("it did not start: {:?}", served.said()));
        let place = |line: &str| line.split_once(' ').map(|(service, addr)| (service.to_owned(), addr.to_owned()));
        served.places = lines.lines().map(|line| place(line).unwrap()).collect();
        served
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
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
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

/// `sockeye WORDS` run to its end with this on stdin.
pub(crate) fn sockeye(words: &[&str], stdin: &str) -> Ended {
    use std::io::Write;
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that refuses its words does not read what is said to it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
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

pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Bytes that differ from place to place, so that what is lost or swapped shows.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}
