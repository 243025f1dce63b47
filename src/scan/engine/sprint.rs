//! Sprint: a host that is this machine. Its kernel answers a SYN before `connect` returns, and on Linux a socket that was
//! refused can connect to the next port. So one socket a thread asks port after port: two system calls for each that is
//! closed, instead of five. Whatever does not answer at once is left to the others' way.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::host::{Answer, Host, Try};
use super::probe::Probe;
use crate::scan::Verdict;

/// What all runners know.
struct Track<'a> {
    host: Mutex<&'a mut Host>,
    at: &'a (dyn Fn(u16) -> SocketAddr + Sync),
    stop: &'a AtomicBool,
    started: Instant,
    probes: AtomicU64,
    /// A bit for each local port that a runner ever had. They are chosen by binding, so that what answers at any other
    /// port is surely somebody else.
    ours: Vec<AtomicU64>,
}

/// A socket at hand, and its local port.
type Shoes = Option<(Probe, u16)>;

/// An open port: its place in the plan, the verdict, and how long it took.
pub(super) type Found = (u16, Verdict, Duration);

/// Asks what `host` wants asked until it has nothing more or `stop` is set. `at` is the address of a place in the plan.
/// `tell` hears what is open as it is found, and otherwise nothing at all, several times a second, with how many ports are
/// settled. Gives the number of probes.
pub(super) fn run(track: Terms<'_>, host: &mut Host, tell: &mut dyn FnMut(Option<Found>, u64)) -> u64 {
    let Terms { at, stop, started } = track;
    let ours = (0..1024).map(|_| AtomicU64::new(0)).collect();
    let track = Track { host: Mutex::new(host), at, stop, started, probes: AtomicU64::new(0), ours };
    let runners = thread::available_parallelism().map_or(1, usize::from).min(MOST_RUNNERS);
    let (found, finds) = mpsc::channel();
    let left = thread::scope(|scope| {
        let track = &track;
        let spawn = |found: Sender<Found>| {
            let runner = thread::Builder::new().stack_size(STACK);
            runner.spawn_scoped(scope, move || track.run(&found)).ok()
        };
        let runners: Vec<_> = (0..runners).filter_map(|_| spawn(found.clone())).collect();
        // Without threads we run ourselves.
        let mut left = if runners.is_empty() { track.run(&found) } else { Vec::new() };
        drop(found);
        loop {
            match finds.recv_timeout(TICK) {
                Ok(find) => tell(Some(find), 0),
                Err(mpsc::RecvTimeoutError::Timeout) => tell(None, track.probes.load(Ordering::Relaxed)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
        }
        left.extend(runners.into_iter().filter_map(|runner| runner.join().ok()).flatten());
        left
    });
    let host = track.host.into_inner().unwrap_or_else(PoisonError::into_inner);
    left.into_iter().for_each(|of| host.put_back(of));
    track.probes.into_inner()
}

/// Where it goes, until when, and since when time is counted.
pub(super) struct Terms<'a> {
    pub(super) at: &'a (dyn Fn(u16) -> SocketAddr + Sync),
    pub(super) stop: &'a AtomicBool,
    pub(super) started: Instant,
}

impl Track<'_> {
    /// One runner. Gives what it leaves to others.
    fn run(&self, found: &Sender<Found>) -> Vec<Try> {
        let (mut left, mut batch, mut answers, mut probe) = (Vec::new(), Vec::new(), Vec::new(), None);
        loop {
            self.exchange(&mut answers, &mut batch, found);
            if batch.is_empty() {
                return left;
            }
            self.probes.fetch_add(batch.len() as u64, Ordering::Relaxed);
            let mut sent = self.started.elapsed();
            for mut of in batch.drain(..) {
                let answer = self.ask(&mut probe, (self.at)(of.port));
                let now = self.started.elapsed();
                of.sent = std::mem::replace(&mut sent, now);
                match answer {
                    Some(answer) => answers.push((of, answer, now)),
                    None => left.push(of),
                }
            }
        }
    }

    /// Tells the host what was learned, and takes what is next.
    fn exchange(&self, answers: &mut Vec<(Try, Answer, Duration)>, batch: &mut Vec<Try>, found: &Sender<Found>) {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        for (of, answer, at) in answers.drain(..) {
            if let Some(verdict) = host.learn(of, answer, at) {
                // Whoever listens outlives us.
                let _ = found.send((of.port, verdict, at.saturating_sub(of.sent)));
            }
        }
        if !self.stop.load(Ordering::Relaxed) {
            let now = self.started.elapsed();
            batch.extend((0..BATCH).map_while(|_| host.next(now)));
        }
    }

    /// Asks with the socket at hand, or with a new one; none where there is no answer at once.
    fn ask(&self, shoes: &mut Shoes, to: SocketAddr) -> Option<Answer> {
        let (probe, own) = shoes.take().or_else(|| self.shoes(to))?;
        if own == to.port() {
            // It could only meet itself.
            *shoes = Some((probe, own));
            return None;
        }
        // The first starts it, the second fetches what became of it meanwhile.
        match probe.connect(to).or_else(|| probe.connect(to))? {
            Ok(()) => match probe.connected()? {
                Answer::Verdict(verdict) if self.has(to.port()) => Some(Answer::Doubtful(verdict)),
                answer => Some(answer),
            },
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                *shoes = Some((probe, own));
                Some(Answer::Verdict(Verdict::Refused))
            }
            Err(_) => None,
        }
    }

    fn shoes(&self, like: SocketAddr) -> Shoes {
        let probe = Probe::open(like).ok()?;
        let own = probe.bind(like.ip()).ok()?;
        self.ours[usize::from(own / 64)].fetch_or(1 << (own % 64), Ordering::Relaxed);
        Some((probe, own))
    }

    fn has(&self, port: u16) -> bool {
        self.ours[usize::from(port / 64)].load(Ordering::Relaxed) & 1 << (port % 64) != 0
    }
}

/// More do not help: the kernel's own locks are what they would wait for.
const MOST_RUNNERS: usize = 4;
/// About half a millisecond of work.
const BATCH: usize = 256;
const TICK: Duration = Duration::from_millis(100);
/// Runners call nothing deep.
const STACK: usize = 128 * 1024;
