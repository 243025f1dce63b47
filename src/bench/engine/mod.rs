//! Engine: workers that press, and what is added up of them while they do.
//!
//! ```text
//! collector ◀─news─ worker ─▶ connection ─▶ socket      one thread and event loop a worker, nothing shared
//!     └──window──▶   │            ├─ flights             what is under way, and since when
//!                    └─ alarm     └─ ear                 what comes back is judged
//! ```

/// Waits that end on an instant.
mod alarm;
/// One place in the crowd.
mod connection;
/// What the connections of a worker share.
mod desk;
/// Messages under way.
mod flights;
/// What workers tell.
mod news;
/// A connection of a transport.
mod socket;
/// Local addresses.
mod sources;
/// Counts.
mod tally;
/// One thread of load.
mod worker;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use self::desk::{Clock, Window, nanos};
use self::news::{Last, News, Slice};
use self::worker::{Job, Worker};
use super::Load;

pub(crate) use socket::Target;
pub(crate) use tally::Tally;

/// What one run did. Times are nanoseconds since it began.
pub(crate) struct Run {
    /// Everything of the measured time; of connecting and warming up only connections, first bytes and faults.
    pub(crate) total: Tally,
    pub(crate) seconds: Vec<Second>,
    pub(crate) began: u64,
    pub(crate) finished: u64,
    pub(crate) drained: u64,
    pub(crate) connected: u64,
    pub(crate) warmup: Duration,
    pub(crate) workers: Vec<Labour>,
    pub(crate) unsent: u64,
    pub(crate) backlog_end: u64,
    pub(crate) backlog_most: u64,
}

/// One second of the measured time, of all workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Second {
    pub(crate) at: Duration,
    pub(crate) lasted: Duration,
    pub(crate) tally: Tally,
    pub(crate) backlog: u64,
}

/// What a worker itself used in the measured time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Labour {
    pub(crate) cpu: Duration,
    /// Of it: looking out for the next instant.
    pub(crate) spun: Duration,
}

/// Who is told how a run goes, on the thread that waits for it.
pub(crate) trait Attendant {
    /// Some ten times a second.
    fn glance(&mut self);
    /// Everybody is connected.
    fn connected(&mut self, alive: usize);
    /// The measured time begins.
    fn begins(&mut self);
    /// A second is over, of warming up where it is none of the measured time.
    fn second(&mut self, second: &Second, part: Part);
    /// The measured time is over.
    fn ends(&mut self);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    WarmUp,
    Measured,
}

/// Presses `target` until the load says so or `stop` is set. `first` is a connection that is there already.
///
/// # Errors
/// Where the system grants no thread, event queue or timer. What the target does is in the [`Run`].
pub(crate) fn run(
    load: &Arc<Load>,
    (target, first): (Target, socket2::Socket),
    stop: &Arc<AtomicBool>,
    attendant: &mut dyn Attendant,
) -> io::Result<Run> {
    let (news, told) = sync_channel(NEWS_EACH * load.crowd.workers);
    let clock = Clock::start();
    let (mut go, mut first) = (Vec::new(), Some(first));
    thread::scope(|scope| {
        for number in 0..load.crowd.workers {
            let (start, wait) = sync_channel(1);
            go.push(start);
            let worker = Worker::new(Job {
                number,
                load: Arc::clone(load),
                target: target.clone(),
                first: first.take(),
                clock,
                news: news.clone(),
                go: wait,
                stop: Arc::clone(stop),
                lead: lead(load.crowd.workers),
            })?;
            let news = news.clone();
            let work = move || {
                if let Err(error) = worker.run() {
                    // Where nobody listens, the run has failed already.
                    let _ = news.send(News::Failed(error));
                }
            };
            thread::Builder::new().name(format!("press {number}")).spawn_scoped(scope, work)?;
        }
        drop(news);
        // Where this returns early, `go` is dropped with it, and whoever waits for it goes home.
        Collector { load, clock, told, attendant, go, run: Run::new(load) }.collect()
    })
}

/// Looking takes a CPU; where workers have all of them, they sleep, so that the server has its turn.
fn lead(workers: usize) -> Duration {
    let cores = thread::available_parallelism().map_or(1, Into::into);
    if workers < cores { LEAD } else { Duration::ZERO }
}

impl Run {
    fn new(load: &Load) -> Self {
        Self {
            total: Tally::default(),
            seconds: Vec::new(),
            began: 0,
            finished: 0,
            drained: 0,
            connected: 0,
            warmup: load.warmup,
            workers: Vec::new(),
            unsent: 0,
            backlog_end: 0,
            backlog_most: 0,
        }
    }
}

struct Collector<'a> {
    load: &'a Load,
    clock: Clock,
    told: Receiver<News>,
    attendant: &'a mut dyn Attendant,
    go: Vec<SyncSender<Window>>,
    run: Run,
}

impl Collector<'_> {
    fn collect(mut self) -> io::Result<Run> {
        self.wait_for_all()?;
        let begin = self.clock.now() + nanos(self.load.warmup);
        let finish = self.load.stop.after.map_or(u64::MAX, |after| begin.saturating_add(nanos(after)));
        self.run.began = begin;
        for go in &self.go {
            // One that is gone has said why.
            let _ = go.send(Window { begin, finish });
        }
        let mut lasts = Vec::new();
        let (mut begun, mut ended) = (Moment::Ahead, Moment::Ahead);
        while lasts.len() < self.go.len() {
            self.attendant.glance();
            let now = self.clock.now();
            if begun == Moment::Ahead && now >= begin {
                begun = Moment::Past;
                self.attendant.begins();
            }
            if ended == Moment::Ahead && now >= finish {
                ended = Moment::Past;
                self.attendant.ends();
            }
            let next = if begun == Moment::Ahead { begin } else { finish };
            let wait = match ended {
                Moment::Ahead => Duration::from_nanos(next.saturating_sub(now)).clamp(SHORTEST_WAIT, LONGEST_WAIT),
                Moment::Past => LONGEST_WAIT,
            };
            match self.told.recv_timeout(wait) {
                Ok(News::Slice(slice)) => self.add(*slice),
                Ok(News::Done(last)) => lasts.push(last),
                Ok(News::Failed(error)) => return Err(error),
                Ok(News::Connected { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
        if ended == Moment::Ahead {
            self.attendant.ends();
        }
        lasts.into_iter().for_each(|last| self.finish(*last));
        self.close_seconds();
        Ok(self.run)
    }

    fn wait_for_all(&mut self) -> io::Result<()> {
        let (mut left, mut all) = (self.go.len(), 0);
        while left > 0 {
            self.attendant.glance();
            match self.told.recv_timeout(LONGEST_WAIT) {
                Ok(News::Connected { alive, tally }) => {
                    (left, all) = (left - 1, all + alive);
                    self.run.total.add(&tally);
                }
                Ok(News::Failed(error)) => return Err(error),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
        self.run.connected = self.clock.now();
        self.attendant.connected(all);
        Ok(())
    }

    /// Adds what one worker counted to the second in which it began; a second that all have told of is passed on.
    fn add(&mut self, slice: Slice) {
        let Slice { began, ended, tally, backlog } = slice;
        let Some(since) = began.checked_sub(self.run.began) else {
            return self.warmed_up(ended - began, tally);
        };
        let at = (since / SECOND) as usize;
        // The one before is complete as soon as somebody begins another.
        if at + 1 > self.run.seconds.len() && at > 0 {
            self.pass_on();
        }
        self.run.seconds.resize_with(self.run.seconds.len().max(at + 1), Second::default);
        let second = &mut self.run.seconds[at];
        second.at = Duration::from_nanos(at as u64 * SECOND);
        second.lasted = second.lasted.max(Duration::from_nanos((ended - began).min(SECOND)));
        second.backlog += backlog;
        second.tally.add(&tally);
        self.run.total.add(&tally);
    }

    fn warmed_up(&mut self, lasted: u64, tally: Tally) {
        let second = Second { lasted: Duration::from_nanos(lasted), tally, ..Second::default() };
        self.attendant.second(&second, Part::WarmUp);
        // Messages are counted by their instants, so that the first of the measured time may stand here already. Bytes
        // are those of warming up.
        self.run.total.add(&Tally { bytes_out: 0, bytes_in: 0, reads: 0, ..second.tally });
    }

    fn pass_on(&mut self) {
        if let Some(second) = self.run.seconds.last() {
            self.attendant.second(second, Part::Measured);
        }
    }

    fn finish(&mut self, last: Last) {
        let run = &mut self.run;
        run.finished = run.finished.max(last.finished);
        run.drained = run.drained.max(last.drained);
        run.unsent += last.unsent;
        run.backlog_end += last.backlog_end;
        run.backlog_most += last.backlog_most;
        run.workers.push(Labour { cpu: Duration::from_nanos(last.cpu), spun: Duration::from_nanos(last.spun) });
        // Where it was stopped while warming up, this is of warming up.
        let began = last.slice_began;
        self.add(Slice { began, ended: last.finished.max(began), tally: last.tally, backlog: last.backlog_end });
    }

    /// A last second of some microseconds belongs to the one before.
    fn close_seconds(&mut self) {
        let stub =
            self.run.seconds.len() > 1 && self.run.seconds.last().is_some_and(|last| last.lasted < SHORTEST_SECOND);
        if let Some(stub) = self.run.seconds.pop_if(|_| stub)
            && let Some(before) = self.run.seconds.last_mut()
        {
            before.lasted += stub.lasted;
            before.backlog = stub.backlog;
            before.tally.add(&stub.tally);
        }
        self.pass_on();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Ahead,
    Past,
}

fn gone() -> io::Error {
    io::Error::other("a worker ended without a word")
}

/// Seconds of each worker that may wait to be added up; then they are told together.
const NEWS_EACH: usize = 8;
const SECOND: u64 = 1_000_000_000;
/// A wake-up takes some 50 us (`docs/performance.md`), and what is looked through is not slept through.
const LEAD: Duration = Duration::from_micros(60);
const SHORTEST_WAIT: Duration = Duration::from_micros(100);
const LONGEST_WAIT: Duration = Duration::from_millis(100);
const SHORTEST_SECOND: Duration = Duration::from_millis(50);
