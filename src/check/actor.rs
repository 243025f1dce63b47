//! Actor: a program that we started for a case, with somebody at its terminal who answers what it asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::document::{Deed, Program, Transport};
use super::fault::{Fault, Miss};
use super::prompts::{Prompter, Screen};
use super::say;
use super::scene::{Scene, millis, until};
use super::topics::{self, Topic};
use crate::event::Untrusted;
use crate::subject::{Ended, Launch, Look, Running};

/// The program of a case. Dropping it ends everything that came from it.
pub(crate) struct Actor {
    running: Rc<Running>,
    scene: Rc<Scene>,
    pub(crate) prompter: Prompter,
}

/// What somebody at a terminal waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It asked, and was answered.
    Answered,
    /// It reads what the case has to say.
    OurWords,
    /// It does something else.
    Busy,
}

impl Actor {
    /// # Errors
    /// Where it cannot be started, which is no fault of the program in the sense of its lab.
    pub(crate) fn start(launch: &Launch, scene: &Rc<Scene>, prompter: Prompter) -> Result<Self, Miss> {
        let running = launch.start().map_err(|e| Miss::Unjudged(e.to_string()))?;
        let words: Vec<String> = launch.command.iter().map(|word| say::escaped(word.as_encoded_bytes())).collect();
        scene.note(0, Deed::Started { command: words.join(" ") });
        let running = Rc::new(running);
        scene.set_program(Some(Rc::clone(&running)));
        Ok(Self { running, scene: Rc::clone(scene), prompter })
    }

    /// Answers what it asks, if it asks.
    pub(crate) fn attend(&mut self) -> Turn {
        if !self.running.awaits_input() {
            return Turn::Busy;
        }
        let (question, screen) = self.asked();
        match self.prompter.answer(&question, &screen) {
            Some(answer) => {
                self.type_line(answer.as_bytes());
                Turn::Answered
            }
            None => Turn::OurWords,
        }
    }

    fn screen(&self) -> Screen {
        let running = &self.running;
        Screen { output: running.output(), printed: running.printed_bytes(), stderr: running.stderr() }
    }

    /// What it asks, where it reads from its terminal.
    pub(crate) fn question(&self) -> Option<Vec<u8>> {
        self.running.awaits_input().then(|| self.asked().0)
    }

    fn asked(&self) -> (Vec<u8>, Screen) {
        let mut screen = self.screen();
        if self.prompter.question(&screen).is_empty() {
            // What it printed last may still be on its way through the terminal.
            self.scene.breathe(ON_ITS_WAY);
            screen = self.screen();
        }
        (self.prompter.question(&screen), screen)
    }

    /// Whether it asks for one of these just now.
    pub(crate) fn asks_about(&self, topics: &[Topic]) -> bool {
        let asked = self.question().and_then(|question| topics::topic(&String::from_utf8_lossy(&question)));
        asked.is_some_and(|topic| topics.contains(&topic))
    }

    /// Where it listens, once it does; what it asks until then is answered.
    pub(crate) fn until_listening(&mut self) -> Result<SocketAddr, Miss> {
        let scene = Rc::clone(&self.scene);
        let mut asked = 0;
        let found = until(scene.wait(START), || {
            // In this order: who reads when it listens reads what others have to say.
            let asks = self.running.awaits_input();
            // Of several the one that it was told; else any, always the same.
            let rank = |at: &SocketAddr| (at.port().to_string() != self.prompter.port(), at.port(), at.is_ipv6());
            if let Some(address) = self.listeners().into_iter().min_by_key(rank) {
                return Some(Ok(address));
            }
            if let Some(ended) = self.running.ending() {
                return Some(Err(ended));
            }
            if asks && asked < MOST_QUESTIONS && self.attend() == Turn::Answered {
                asked += 1;
            }
            None
        });
        match found {
            Some(Ok(address)) => Ok(address),
            Some(Err(ended)) => Err(self.ended_early(ended, "it listens")),
            None => Err(self.not_listening(asked)),
        }
    }

    fn not_listening(&self, asked: usize) -> Miss {
        let seconds = self.scene.stretched(START).as_secs();
        let got = match self.prompter.log.last() {
            _ if asked >= MOST_QUESTIONS => format!("it asks again and again; {asked} questions were answered"),
            _ if self.running.awaits_input() => format!("it waits for input, and listens nowhere after {seconds} s"),
            Some(last) => format!("it listens nowhere {seconds} s after it was told {:?}", last.answer),
            None => format!("it runs, and listens nowhere after {seconds} s"),
        };
        self.fault(Transport::NotReady, "it listens on a TCP port", got)
    }

    fn ended_early(&self, ended: Ended, want: &str) -> Miss {
        self.fault(Transport::Died, want, format!("it ended: {}", how(ended)))
    }

    pub(crate) fn fault(&self, transport: Transport, want: impl Into<String>, got: impl Into<String>) -> Miss {
        let fault = Fault::new(transport, want, got);
        let answers: Vec<String> = self.prompter.log.iter().map(|asked| format!("{:?}", asked.answer)).collect();
        let did = match answers.len() {
            0 => "started it".to_owned(),
            n if n <= 4 => format!("started it, and answered {}", answers.join(", ")),
            n => format!("started it, and answered {n} questions, the last by {}", answers[n - 1]),
        };
        fault.did(did).seen(Some(self.account())).into()
    }

    /// A line and Enter.
    pub(crate) fn type_line(&self, line: &[u8]) {
        self.scene.note(0, Deed::Typed { text: say::bytes(line) });
        // Who does not read its terminal any more is found by what it does next.
        let _ = self.running.type_in(&[line, b"\n"].concat());
    }

    /// A line of the case's own, as an answer to what was asked last.
    pub(crate) fn tell(&mut self, line: &str) {
        let screen = self.screen();
        let question = self.prompter.question(&screen);
        self.prompter.settle(&question, line, &screen);
        self.type_line(line.as_bytes());
    }

    /// Ctrl-D.
    pub(crate) fn end_input(&self) {
        self.scene.note(0, Deed::Typed { text: "Ctrl-D".to_owned() });
        let _ = self.running.end_input();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::INT => "INT (Ctrl-C)",
            Signal::TERM => "TERM",
            _ => "KILL",
        };
        self.scene.note(0, Deed::Signalled { name: name.to_owned() });
        self.running.signal(signal);
    }

    /// How it ended, once it has, within `span`.
    pub(crate) fn ends_within(&self, span: Duration) -> Option<Ended> {
        let ended = until(self.scene.wait(span), || self.running.ending())?;
        self.scene.note(0, Deed::Ended { how: how(ended) });
        Some(ended)
    }

    pub(crate) fn ending(&self) -> Option<Ended> {
        self.running.ending()
    }

    /// Where it listens. Java listens at 127.0.0.1 by a socket of IPv6 (RFC 4291, section 2.5.5.2).
    pub(crate) fn listeners(&self) -> Vec<SocketAddr> {
        let plain = |at: SocketAddr| SocketAddr::new(at.ip().to_canonical(), at.port());
        self.running.listeners().into_iter().map(plain).collect()
    }

    pub(crate) fn look(&self) -> Look {
        self.running.look()
    }

    /// Whether it keeps a processor busy, or would if it had one, while there is nothing to do; how busy, in words.
    pub(crate) fn spins(&self) -> Option<String> {
        let (begun, before) = (Instant::now(), self.look());
        for _ in 0..WATCHES {
            self.scene.pause(WATCHED);
            let (now, passed) = (self.look(), begun.elapsed());
            let used = now.cpu.saturating_sub(before.cpu);
            // On a busy machine who spins gets little of what he wants, and who waits wants nothing.
            let wanted = now.wanted.saturating_sub(before.wanted);
            if used > BUSY {
                return Some(format!("{} ms of processor time in {} ms", used.as_millis(), passed.as_millis()));
            }
            if passed > WATCHED * 2 && wanted > passed.mul_f64(ALWAYS) {
                let (wanted, passed) = (wanted.as_millis(), passed.as_millis());
                return Some(format!("for {wanted} of {passed} ms it had work for a processor"));
            }
            if used < IDLE && wanted < passed.mul_f64(HARDLY) {
                return None;
            }
        }
        None
    }

    pub(crate) fn awaits_input(&self) -> bool {
        self.running.awaits_input()
    }

    /// What it printed so far on its terminal.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.running.output()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.running.stderr()).into_owned()
    }

    /// What it printed on its terminal since `mark`, a number of bytes printed by then.
    pub(crate) fn printed_since(&self, mark: u64) -> Vec<u8> {
        let (output, printed) = (self.running.output(), self.running.printed_bytes());
        let fresh = usize::try_from(printed.saturating_sub(mark)).unwrap_or(usize::MAX);
        output[output.len() - fresh.min(output.len())..].to_vec()
    }

    /// The words of a mistake that nobody caught, where it wrote any.
    pub(crate) fn uncaught(&self) -> Option<&'static str> {
        let (stderr, output) = (self.stderr(), self.output());
        UNCAUGHT.iter().find(|words| stderr.contains(**words) || output.contains(**words)).copied()
    }

    pub(crate) fn printed_bytes(&self) -> u64 {
        self.running.printed_bytes()
    }

    /// Whether `text` stands in what it has printed, within `span`.
    pub(crate) fn prints_within(&self, text: &str, span: Duration) -> bool {
        until(self.scene.wait(span), || self.output().contains(text).then_some(())).is_some()
    }

    /// What is told of it in the report.
    pub(crate) fn account(&self) -> Program {
        Program { prompts: self.prompter.log.clone(), ..account(&self.running) }
    }
}

/// What a program has printed and used so far.
pub(crate) fn account(running: &Running) -> Program {
    let look = running.look();
    Program {
        prompts: Vec::new(),
        output: Untrusted::text(&tail(&running.output())),
        stderr: Untrusted::text(&tail(&running.stderr())),
        ended: running.ending().map(how),
        cpu_ms: millis(look.cpu),
        memory_bytes: look.memory_bytes,
    }
}

/// How a program ended, in words.
pub(crate) fn how(ended: Ended) -> String {
    match ended {
        Ended::Exit(code) => format!("exit status {code}"),
        Ended::Signal(signal) => format!("signal {signal}{}", name_of(signal)),
        Ended::OverMemory => "it was stopped for taking too much memory".to_owned(),
        Ended::OverOutput => "it was stopped for printing too much".to_owned(),
        Ended::OverProcesses => "it was stopped for starting too many processes".to_owned(),
    }
}

fn name_of(signal: i32) -> String {
    let names =
        [(2, "INT"), (6, "ABRT"), (9, "KILL"), (11, "SEGV"), (13, "PIPE"), (15, "TERM"), (24, "XCPU"), (25, "XFSZ")];
    names.iter().find(|(number, _)| *number == signal).map(|(_, name)| format!(" ({name})")).unwrap_or_default()
}

/// Where to reach somebody who listens there.
pub(crate) fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        ip if !ip.is_unspecified() => ip,
        // Both families come to it on most systems.
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    SocketAddr::new(ip, listener.port())
}

fn tail(text: &[u8]) -> Vec<u8> {
    text[text.len().saturating_sub(MOST_TOLD)..].to_vec()
}

/// A Java program on a busy machine.
pub(crate) const START: Duration = Duration::from_secs(10);
/// What is used by who waits, and by who does not, in the times that it is watched.
const IDLE: Duration = Duration::from_millis(20);
const BUSY: Duration = Duration::from_millis(160);
/// The same of what is wanted, as parts of the time.
const HARDLY: f64 = 0.25;
const ALWAYS: f64 = 0.6;
const WATCHED: Duration = Duration::from_millis(400);
const WATCHES: usize = 4;
const ON_ITS_WAY: Duration = Duration::from_millis(30);
pub(super) const MOST_QUESTIONS: usize = 20;
/// How Python, Java, Rust, Go, C#, C++, Node and Ruby say that they were not prepared.
pub(super) const UNCAUGHT: [&str; 12] = [
    "Traceback (most recent call last)",
    "Exception in thread ",
    "panicked at ",
    "panic: ",
    "goroutine 1 [",
    "Unhandled exception",
    "terminate called after throwing",
    "Uncaught ",
    "Unhandled 'error' event",
    "\nNode.js v",
    ":in `",
    ":in '",
];
const MOST_TOLD: usize = 8192;
