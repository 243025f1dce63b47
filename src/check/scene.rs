//! Scene: what one case knows about itself while it is played: what has happened so far, how patient we are, and the
//! program, where we started it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::document::{Deed, Moment, Program};
use crate::subject::{Ended, Running};

/// Shared by all that speak in a case, which is played on one thread.
pub(crate) struct Scene {
    begun: Instant,
    moments: RefCell<Vec<Moment>>,
    connections: Cell<u32>,
    patience: f64,
    stop: Arc<AtomicBool>,
    program: RefCell<Option<Rc<Running>>>,
}

impl Scene {
    /// All durations are multiplied by `patience`. From `stop` on nothing is waited for any more.
    pub(crate) fn new(patience: f64, stop: Arc<AtomicBool>) -> Self {
        let (moments, program) = (RefCell::default(), RefCell::default());
        Self { begun: Instant::now(), moments, connections: Cell::new(0), patience, stop, program }
    }

    pub(crate) fn set_program(&self, program: Option<Rc<Running>>) {
        *self.program.borrow_mut() = program;
    }

    /// How the program ended, where it was started by us and has.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.program.borrow().as_ref()?.ending()
    }

    /// As [`ended`](Self::ended), for whoever saw a connection end and has to know whether the program did: a dying
    /// program closes its sockets before it can be seen to be gone.
    pub(crate) fn ended_soon(&self) -> Option<Ended> {
        self.program.borrow().as_ref()?;
        let mut wait = self.wait(DYING);
        loop {
            if let Some(ended) = self.ended() {
                return Some(ended);
            }
            thread::sleep(wait.slice()?.min(Duration::from_millis(5)));
        }
    }

    /// What the program is like now, where it was started by us.
    pub(crate) fn account(&self) -> Option<Program> {
        self.program.borrow().as_deref().map(super::actor::account)
    }

    pub(crate) fn next_connection(&self) -> u32 {
        self.connections.set(self.connections.get() + 1);
        self.connections.get()
    }

    /// Writes down what happened. What goes the same way on the same connection is one moment.
    pub(crate) fn note(&self, connection: u32, deed: Deed) {
        let mut moments = self.moments.borrow_mut();
        if let (Deed::Received { bytes: more, .. }, Some(last)) = (&deed, moments.last_mut())
            && let Deed::Received { bytes, .. } = &mut last.deed
            && last.connection == connection
        {
            *bytes += more;
            return;
        }
        if moments.len() < MOST_MOMENTS {
            moments.push(Moment { at_us: micros(self.begun.elapsed()), connection, deed });
        }
    }

    pub(crate) fn moments(&self) -> Vec<Moment> {
        self.moments.borrow().clone()
    }

    /// Waits on purpose. The program is not asked whether it needs it.
    pub(crate) fn pause(&self, span: Duration) {
        self.note(0, Deed::Waited { ms: millis(span) });
        let mut left = span;
        while !left.is_zero() && !self.is_stopped() {
            let slice = left.min(SLICE);
            thread::sleep(slice);
            left -= slice;
        }
    }

    /// A rhythm of ours, which is not worth a line in the transcript.
    pub(crate) fn breathe(&self, span: Duration) {
        if !self.is_stopped() {
            thread::sleep(span);
        }
    }

    /// A wait for the program that is over after `span`, times our patience.
    pub(crate) fn wait(&self, span: Duration) -> Wait<'_> {
        let span = self.stretched(span);
        Wait { scene: self, left: span, grace: span * 2, slept: None, fed: None }
    }

    pub(crate) fn stretched(&self, span: Duration) -> Duration {
        span.mul_f64(self.patience)
    }

    /// Whether nothing is to be waited for any more: somebody stopped us, or the case has taken more than its time.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.is_overrun()
    }

    /// Whether the case has taken more than its time.
    pub(crate) fn is_overrun(&self) -> bool {
        self.begun.elapsed() > self.longest()
    }

    /// The most that a case may take.
    pub(crate) fn longest(&self) -> Duration {
        LONGEST_CASE.mul_f64(self.patience.max(1.0))
    }

    /// What the program has used of processors, while one of its threads could use more.
    fn hunger(&self) -> Option<Duration> {
        let look = self.program.borrow().as_ref()?.look();
        look.is_runnable.then_some(look.cpu)
    }
}

/// A wait that is over after some time, unless it is ours or the machine's fault that nothing has happened.
///
/// Nobody is failed because the machine is slow: the time in which we ourselves were kept from running does not count,
/// and while a thread of the program could run and hardly gets to, it is waited for up to three times as long.
pub(crate) struct Wait<'a> {
    scene: &'a Scene,
    left: Duration,
    grace: Duration,
    slept: Option<(Instant, Duration)>,
    /// What the program had used, and when that was.
    fed: Option<(Instant, Duration)>,
}

impl Wait<'_> {
    /// How long to sleep before looking again; nothing when it is over.
    pub(crate) fn slice(&mut self) -> Option<Duration> {
        if self.scene.is_stopped() {
            return None;
        }
        if let Some((since, meant)) = self.slept.take() {
            let took = since.elapsed();
            // What is beyond the slice by far is the machine's.
            let counted = if took > meant + LATE { meant } else { took };
            self.left = self.left.saturating_sub(counted);
        }
        if self.left.is_zero() && self.is_starved() {
            self.left = SLICE.min(self.grace);
            self.grace -= self.left;
        }
        let slice = self.left.min(SLICE);
        self.slept = Some((Instant::now(), slice));
        (!slice.is_zero()).then_some(slice)
    }

    /// Whether the program would go on if it got a processor. Whoever gets one, and does not come to an answer, is not.
    fn is_starved(&mut self) -> bool {
        let Some(cpu) = self.scene.hunger() else { return false };
        let now = Instant::now();
        let starved =
            self.fed.is_none_or(|(at, before)| cpu.saturating_sub(before) < now.duration_since(at).mul_f64(FAIR_SHARE));
        self.fed = Some((now, cpu));
        starved
    }
}

/// Says `look` until it has an answer or the wait is over.
pub(crate) fn until<T>(mut wait: Wait<'_>, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        thread::sleep(wait.slice()?.min(pause));
        pause = (pause * 2).min(LOOK);
    }
}

pub(crate) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// Whoever is killed by a signal, or ends by an exception, needs a few milliseconds.
const DYING: Duration = Duration::from_millis(200);
/// Of one processor: less is what is left where others want it too.
const FAIR_SHARE: f64 = 0.4;
/// How long at most without looking whether somebody stopped us.
const SLICE: Duration = Duration::from_millis(50);
/// How late a sleep may end before that is the machine's fault.
const LATE: Duration = Duration::from_millis(20);
/// How often the state of a program is looked at; reading it costs some 100 µs.
const LOOK: Duration = Duration::from_millis(20);
/// A scanner that takes all the time it is given takes half of it.
const LONGEST_CASE: Duration = Duration::from_secs(240);
/// A diagram of more says nothing any more.
const MOST_MOMENTS: usize = 400;
