//! Worker: one thread with its part of the crowd, in an event loop of its own. Workers share nothing but the clock and
//! the order to stop.

/// How places get their connections.
mod dialling;
/// How a run ends.
mod parting;

use std::io::{self, ErrorKind};
use std::iter::Peekable;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use mio::{Events, Poll, Token};
use rustix::time::{ClockId, clock_gettime};

use super::alarm::{Alarm, Looked};
use super::connection::{Connection, End, Stage, Turn, Until};
use super::desk::{Clock, Desk, Looping, Quota, Window, nanos};
use super::news::{Last, News, Slice, returned};
use super::socket::Target;
use super::sources::Sources;
use super::tally::Tally;
use crate::bench::pace::{Due, Schedule};
use crate::bench::{Connecting, Load, Pace};

/// What a worker is told when it is hired.
pub(super) struct Job {
    pub(super) number: usize,
    pub(super) load: Arc<Load>,
    pub(super) target: Target,
    /// A connection that is there already, for the first place.
    pub(super) first: Option<socket2::Socket>,
    pub(super) clock: Clock,
    pub(super) news: SyncSender<News>,
    /// When the load is to begin, once everybody is connected.
    pub(super) go: Receiver<Window>,
    pub(super) stop: Arc<AtomicBool>,
    /// How long before an instant it looks instead of sleeping.
    pub(super) lead: Duration,
}

pub(super) struct Worker {
    job: Job,
    desk: Desk,
    poll: Poll,
    alarm: Alarm,
    sources: Sources,
    places: Vec<Connection>,
    /// How many of the places talk; those behind them only stay.
    talking: usize,
    /// Places that have used up their turn and may have more.
    again: Vec<usize>,
    schedule: Option<Peekable<Schedule>>,
    /// When the load began, which the schedule counts from.
    start: u64,
    next_slice: u64,
    next_sweep: u64,
    /// Whatever had come by then was read.
    looked: u64,
    slice_began: u64,
    /// Connections that are open or on their way.
    alive: usize,
    dialling: usize,
    /// When somebody was last connected.
    arrived: u64,
    last: Last,
    drains: bool,
}

impl Worker {
    /// # Errors
    /// Where the system grants no event queue or no timer.
    pub(super) fn new(job: Job) -> io::Result<Self> {
        let poll = Poll::new()?;
        let (load, number) = (Arc::clone(&job.load), job.number);
        let quota = Quota::share(&load.stop, number, load.crowd.workers);
        let desk = Desk::new(&load, job.clock, quota);
        let crowd = &load.crowd;
        let mine = |all: usize| (number..all).step_by(crowd.workers);
        let talking = mine(crowd.connections).count();
        let held = mine(crowd.held).map(|place| crowd.connections + place);
        let places = mine(crowd.connections).chain(held).map(|place| Connection::new(place as u32, &desk)).collect();
        let schedule = match load.pace {
            Pace::Open { rate, spacing, .. } => Some(Schedule::new(rate, spacing, load.workload.seed).peekable()),
            Pace::Closed { .. } => None,
        };
        Ok(Self {
            alarm: Alarm::new(&poll, job.lead)?,
            sources: Sources::new(&crowd.sources, &job.target),
            job,
            desk,
            poll,
            places,
            talking,
            again: Vec::new(),
            schedule,
            start: 0,
            next_slice: u64::MAX,
            next_sweep: 0,
            looked: 0,
            slice_began: 0,
            alive: 0,
            dialling: 0,
            arrived: 0,
            last: Last::default(),
            drains: false,
        })
    }

    /// Connects, waits for the others, presses, and listens for what is still due.
    ///
    /// # Errors
    /// Where the event queue fails.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(MOST_EVENTS);
        self.connect(&mut events)?;
        let tally = Box::new(take(&mut self.desk.tally));
        // Nobody who listens any more: then `go` is gone too.
        let _ = self.job.news.send(News::Connected { alive: self.alive, tally });
        let Ok(window) = self.job.go.recv() else { return Ok(()) };
        self.begin(window);
        self.press(&mut events)?;
        self.finish();
        self.drain(&mut events)?;
        self.part(&mut events)?;
        let [bytes_out, bytes_in, reads] = self.last.bytes;
        self.last.tally = Tally { bytes_out, bytes_in, reads, ..take(&mut self.desk.tally) };
        let _ = self.job.news.send(News::Done(Box::new(self.last)));
        Ok(())
    }

    fn churns(&self) -> bool {
        self.job.load.workload.connecting == Connecting::Anew
    }

    fn is_told_to_stop(&self) -> bool {
        self.job.stop.load(Ordering::Relaxed)
    }

    fn begin(&mut self, window: Window) {
        self.desk.window = window;
        self.start = window.begin - nanos(self.job.load.warmup);
        self.desk.start = self.start;
        self.arrived = self.desk.clock.now();
        (self.next_slice, self.slice_began, self.next_sweep) = (window.begin, self.start, self.start);
        let now = self.desk.clock.now();
        for place in 0..self.talking {
            self.resume(place, now);
        }
    }

    /// A place that has something to say says it, or sets out to.
    fn resume(&mut self, place: usize, now: u64) {
        match self.places[place].stage {
            Stage::Open => {
                let turn = self.places[place].speak(&mut self.desk, now);
                self.after(place, turn);
            }
            Stage::Idle if self.churns() && self.has_something_to_say(place, now) => {
                self.dial(place, now);
            }
            _ => {}
        }
    }

    fn has_something_to_say(&self, place: usize, now: u64) -> bool {
        match self.desk.looping {
            Looping::Open => self.places[place].owes(),
            Looping::Closed => !self.desk.quota.is_used_up() && now < self.desk.window.finish,
        }
    }

    fn press(&mut self, events: &mut Events) -> io::Result<()> {
        let (mut before, mut looked) = (self.desk.clock.now(), Looked::Around);
        loop {
            let now = self.desk.clock.now();
            if looked == Looked::InVain && self.desk.window.holds(now) {
                self.last.spun += now - before;
            }
            before = now;
            if self.is_over(now) {
                return Ok(());
            }
            self.tell(now);
            self.launch(now);
            self.sweep(now);
            let most = self.until_next_duty(now);
            looked = self.attend(events, most)?;
        }
    }

    fn is_over(&self, now: u64) -> bool {
        let nothing_left = self.desk.quota.is_used_up() && self.desk.under_way == 0 && self.desk.backlog == 0;
        let nobody_left = if self.churns() {
            self.alive == 0 && now.saturating_sub(self.arrived) > nanos(self.desk.patience)
        } else {
            let idle = self.places.len() - self.talking;
            self.alive <= idle && self.places[..self.talking].iter().all(|place| place.stage == Stage::Gone)
        };
        now >= self.desk.window.finish || nothing_left || nobody_left || self.is_told_to_stop()
    }

    /// How long nothing needs to be done by itself, in nanoseconds.
    fn until_next_duty(&mut self, now: u64) -> u64 {
        let start = self.start;
        let due = self.schedule.as_mut().and_then(Peekable::peek).map_or(u64::MAX, |due| start.saturating_add(due.at));
        let duties = [due, self.next_slice, self.next_sweep, self.desk.window.finish];
        duties.into_iter().min().unwrap_or(u64::MAX).saturating_sub(now)
    }

    /// Messages of the schedule that are due by now.
    fn launch(&mut self, now: u64) {
        let (mine, all) = (self.job.number, self.job.load.crowd.connections as u64);
        let workers = self.job.load.crowd.workers;
        for _ in 0..LAUNCHES_A_TURN {
            let start = self.start;
            let due =
                self.schedule.as_mut().and_then(|schedule| schedule.next_if(|due| start.saturating_add(due.at) <= now));
            let Some(Due { number, at }) = due else { return };
            let place = (number % all) as usize;
            if place % workers == mine && !self.desk.quota.is_used_up() {
                self.owe(place / workers, self.start + at, now);
            }
        }
    }

    fn owe(&mut self, place: usize, intended: u64, now: u64) {
        if self.desk.window.holds(intended) {
            self.desk.tally.lag.record(now - intended);
        }
        if self.places[place].stage == Stage::Gone {
            self.last.unsent += u64::from(self.desk.window.holds(intended));
            return;
        }
        self.places[place].owe(intended, &mut self.desk);
        self.resume(place, now);
    }

    /// Waits at most so long, and gives everybody who has something their turn.
    fn attend(&mut self, events: &mut Events, most: u64) -> io::Result<Looked> {
        let most = if self.again.is_empty() { most } else { 0 };
        let looked = self.alarm.wait(&mut self.poll, events, most)?;
        for event in &*events {
            let Token(place) = event.token();
            if place < self.places.len() {
                let ended = event.is_read_closed() || event.is_error() || !cfg!(target_os = "linux");
                let until = if ended { Until::WouldBlock } else { Until::ShortRead };
                self.turn(place, until);
                // What has become due meanwhile does not wait for all the others; while they connect, nothing is due.
                if self.schedule.is_some() && self.start > 0 {
                    self.launch(self.desk.clock.now());
                }
            }
        }
        for place in take(&mut self.again) {
            self.places[place].queued = false;
            self.turn(place, Until::WouldBlock);
        }
        Ok(looked)
    }

    fn turn(&mut self, place: usize, until: Until) {
        match self.places[place].stage {
            Stage::Dialling(since) => self.arrive(place, since),
            Stage::Open => {
                let mut turn = self.places[place].listen(&mut self.desk, until);
                // Readiness is told of both ways at once, and mostly nothing waits for this one.
                if matches!(turn, Turn::Waits) && self.places[place].is_held_up() {
                    turn = self.places[place].speak(&mut self.desk, self.job.clock.now());
                }
                self.after(place, turn);
            }
            Stage::Idle | Stage::Gone => {}
        }
    }

    fn after(&mut self, place: usize, turn: Turn) {
        let done = self.places[place].is_done(&self.desk);
        match turn {
            Turn::Waits if done => self.end(place, End::Done),
            Turn::Waits => {}
            Turn::MayHaveMore => {
                if !std::mem::replace(&mut self.places[place].queued, true) {
                    self.again.push(place);
                }
            }
            Turn::Ended(End::PeerClosed) if done || self.drains && !self.places[place].is_busy() => {
                self.end(place, End::Done);
            }
            Turn::Ended(end) => self.end(place, end),
        }
    }

    fn end(&mut self, place: usize, end: End) {
        let now = self.desk.clock.now();
        self.alive -= 1;
        self.places[place].conclude(end, &mut self.desk, now);
        if self.churns() && !self.drains && place < self.talking {
            self.places[place].begin_again(&mut self.desk);
            self.resume(place, now);
        } else {
            self.disappoint(place, now);
        }
    }

    /// Those that wait at this place wait in vain.
    fn disappoint(&mut self, place: usize, now: u64) {
        for intended in self.places[place].forget_waiting(&mut self.desk) {
            if self.desk.window.holds(intended) {
                // Left out, the worst would be missing: it took at least so long.
                self.desk.tally.response.record(now.saturating_sub(intended));
                self.last.unsent += 1;
            }
        }
    }

    /// Looks after those of whom nothing is heard.
    fn sweep(&mut self, now: u64) {
        // Between two sweeps everybody has a turn. Where turns take long, what came meanwhile waits to be read, and
        // whoever said it was not silent.
        let looked = std::mem::replace(&mut self.looked, now);
        if now < self.next_sweep {
            return;
        }
        let patience = self.desk.patience;
        self.next_sweep = now + nanos((patience / 8).clamp(SHORTEST_SWEEP, LONGEST_SWEEP));
        let (patience, dialling) = (nanos(patience), self.job.load.crowd.connect_timeout);
        for place in 0..self.places.len() {
            match self.places[place].stage {
                Stage::Dialling(since) if looked.saturating_sub(since) > nanos(dialling) => {
                    (self.alive, self.dialling) = (self.alive - 1, self.dialling - 1);
                    self.places[place].socket = None;
                    let late = io::Error::new(ErrorKind::TimedOut, format!("no answer within {dialling:?}"));
                    self.cannot_connect(place, &late);
                }
                Stage::Open if self.places[place].silent_for(looked) > patience => self.doubt(place, now),
                Stage::Idle if place < self.talking && self.start > 0 => self.resume(place, now),
                _ => {}
            }
        }
    }

    /// A loss and an end look alike until one more message is answered or not.
    fn doubt(&mut self, place: usize, now: u64) {
        let may_probe = !self.places[place].probed && !self.drains && !self.desk.quota.is_used_up();
        if may_probe && !self.churns() {
            self.places[place].probe(&mut self.desk, now);
            self.resume(place, now);
        } else {
            self.end(place, End::Silent);
        }
    }

    /// Sends off what was counted in a second that is over; while nobody takes it, it stays with the next.
    fn tell(&mut self, now: u64) {
        if now < self.next_slice {
            return;
        }
        if self.next_slice == self.desk.window.begin {
            self.last.cpu = cpu();
        }
        let slice = Slice {
            began: self.slice_began,
            ended: now,
            tally: take(&mut self.desk.tally),
            backlog: self.desk.backlog,
        };
        match self.job.news.try_send(News::Slice(Box::new(slice))).map_err(returned) {
            Ok(()) => self.slice_began = self.next_slice,
            Err(slice) => self.desk.tally = slice.map(|slice| slice.tally).unwrap_or_default(),
        }
        self.next_slice += nanos(SECOND);
    }
}

/// CPU time of this thread in nanoseconds.
fn cpu() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

const SECOND: Duration = Duration::from_secs(1);
/// The order to stop is seen so soon.
const BRIEF: Duration = Duration::from_millis(5);
/// So few that a message of the schedule does not wait long for all of them.
const MOST_EVENTS: usize = 128;
/// Messages of a schedule that is behind, before answers are read again.
const LAUNCHES_A_TURN: usize = 256;
const SHORTEST_SWEEP: Duration = Duration::from_millis(5);
const LONGEST_SWEEP: Duration = Duration::from_millis(50);
