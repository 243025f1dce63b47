//! Peers: the other ends that a test of `connect` owns, and the program run against them.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A listener on a port of its own whose connections a closure answers.
pub(crate) struct Peer {
    pub(crate) port: String,
    thread: JoinHandle<()>,
}

impl Peer {
    /// Answers one connection.
    pub(crate) fn new(answer: impl FnOnce(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let thread = thread::spawn(move || answer(listener.accept().unwrap().0));
        Self { port, thread }
    }

    /// Answers one connection after another, each in its way.
    pub(crate) fn in_turn<A: FnOnce(TcpStream)>(answers: impl IntoIterator<Item = A> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let thread = thread::spawn(move || answers.into_iter().for_each(|answer| answer(listener.accept().unwrap().0)));
        Self { port, thread }
    }

    /// Answers `count` connections at once.
    pub(crate) fn many(count: usize, answer: impl Fn(TcpStream) + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let thread = thread::spawn(move || {
            let accept = |_| {
                let (stream, answer) = (listener.accept().unwrap().0, answer.clone());
                thread::spawn(move || answer(stream))
            };
            let threads: Vec<_> = (0..count).map(accept).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        Self { port, thread }
    }

    /// Waits for the end of the answer, and panics where it did.
    pub(crate) fn done(self) {
        self.thread.join().expect("the peer's own checks");
    }
}

/// Sends back what comes until the other side ends.
pub(crate) fn echo(mut stream: TcpStream) {
    let mut back = stream.try_clone().unwrap();
    std::io::copy(&mut stream, &mut back).unwrap();
}

/// Takes everything, and only then answers with what `answer` makes of it.
pub(crate) fn answer_all(mut stream: TcpStream, answer: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    // A client that has seen enough may be gone.
    let _ = stream.write_all(&answer(all));
    let _ = stream.shutdown(Shutdown::Write);
}

/// Tears the connection down instead of ending it.
pub(crate) fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// What a run of the program left behind.
pub(crate) struct Outcome {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) status: ExitStatus,
}

impl Outcome {
    /// Panics with everything that is known where the exit code is another one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert!(self.status.code() == Some(code), "expected {code}, but {}", self.told());
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stderr.contains(words), "`{words}` is missing: {}", self.told());
        self
    }

    #[track_caller]
    pub(crate) fn prints(self, words: &str) -> Self {
        assert!(self.text().contains(words), "`{words}` is missing: {}", self.told());
        self
    }

    #[track_caller]
    pub(crate) fn silent(self) -> Self {
        assert!(self.stderr.is_empty(), "stderr is not empty: {}", self.told());
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn told(&self) -> String {
        let stdout = self.text();
        let shown: String = stdout.chars().take(2000).collect();
        format!("{}\n--- stdout ({} bytes)\n{shown}\n--- stderr\n{}", self.status, stdout.len(), self.stderr)
    }
}

/// `sockeye connect` with these words, its environment free of this machine's.
pub(crate) fn connect(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.arg("connect").args(words).env_remove("NO_COLOR");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it with this on stdin, which then ends.
pub(crate) fn run(words: &[&str], stdin: &[u8]) -> Outcome {
    let mut child = connect(words).spawn().unwrap();
    let (mut pipe, bytes) = (child.stdin.take().unwrap(), stdin.to_vec());
    thread::spawn(move || {
        // A program that ends early closes it.
        let _ = pipe.write_all(&bytes);
    });
    finish(child)
}

/// Waits for its end, and ends it where that takes too long.
pub(crate) fn finish(mut child: Child) -> Outcome {
    let all = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut all = Vec::new();
            pipe.map(|mut pipe| pipe.read_to_end(&mut all));
            all
        })
    };
    let stdout = all(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = all(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let status = end_of(&mut child);
    let stderr = String::from_utf8_lossy(&stderr.join().unwrap()).into_owned();
    Outcome { stdout: stdout.join().unwrap(), stderr, status }
}

fn end_of(child: &mut Child) -> ExitStatus {
    let late = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > late {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(2));
    }
}
