//! Hall: runs the room, on a thread of its own, for the members of all workers. They reach it by a bounded channel; what
//! it says goes to a post on each worker's thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{io, mem};

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use super::post::Batch;
use super::room::{Cause, Effect, Id, Input, Room};
use crate::event::audit::{AuditLog, Record};
use crate::store::{Answer, Ban, Store, StoreError};

/// The way to the room.
pub(super) struct Hall {
    asks: Option<mpsc::Sender<Ask>>,
    urgent: Arc<Urgent>,
    thread: Option<JoinHandle<()>>,
    last: AtomicU64,
}

/// What the room hears.
pub(super) enum Ask {
    /// A worker has its first member.
    Post(mpsc::Sender<Batch>),
    Arrives(Id, Option<std::net::IpAddr>),
    Console(Id),
    Says(Id, Vec<u8>),
    Leaves(Id, Cause),
    Stops,
}

/// What cannot wait for room in the channel, because whoever says it cannot wait.
#[derive(Default)]
struct Urgent {
    asks: Mutex<Vec<Ask>>,
    news: Notify,
}

/// What a room works with.
pub(in crate::services) struct Tools {
    pub(in crate::services) store: Arc<dyn Store>,
    pub(in crate::services) audit: AuditLog,
    /// Has the server stop.
    pub(in crate::services) stop: Arc<dyn Fn() + Send + Sync>,
}

impl Hall {
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn open(room: Room, tools: Tools) -> io::Result<Self> {
        let (asks, heard) = mpsc::channel(QUEUE);
        let urgent = Arc::<Urgent>::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let evening = Evening { room, tools, posts: Vec::new(), urgent: Arc::clone(&urgent) };
        let thread = thread::Builder::new().name("chat".into()).spawn(move || runtime.block_on(evening.pass(heard)))?;
        Ok(Self { asks: Some(asks), urgent, thread: Some(thread), last: AtomicU64::new(0) })
    }

    /// One that never listens, and what would be heard.
    #[cfg(test)]
    pub(super) fn deaf(room: usize) -> (Self, mpsc::Receiver<Ask>) {
        let (asks, heard) = mpsc::channel(room);
        (Self { asks: Some(asks), urgent: Arc::default(), thread: None, last: AtomicU64::new(0) }, heard)
    }

    #[cfg(test)]
    pub(super) fn urgent(&self) -> Vec<Ask> {
        mem::take(&mut *self.urgent.asks())
    }

    pub(super) fn next_id(&self) -> Id {
        Id(self.last.fetch_add(1, Ordering::Relaxed))
    }

    /// Tells the room, in the order of the caller's calls. Where much waits already, it waits too.
    ///
    /// # Cancel safety
    /// Dropped before it has waited to its end, it has told nothing.
    pub(super) async fn tell(&self, ask: Ask) {
        if let Some(asks) = &self.asks {
            // A hall that has gone closes everybody's outbox.
            let _ = asks.send(ask).await;
        }
    }

    /// The same for those who cannot wait; behind everything that was told before.
    pub(super) fn tell_at_once(&self, ask: Ask) {
        self.urgent.asks().push(ask);
        self.urgent.news.notify_one();
    }
}

impl Urgent {
    /// Adds what waits in the channel, and behind it what was urgent before that was looked at. Whatever the same caller
    /// told before is in the channel then, which holds no more than `QUEUE`; so what is urgent waits for no silence.
    fn gather(&self, heard: &mut mpsc::Receiver<Ask>, asks: &mut Vec<Ask>) {
        let mut urgent = mem::take(&mut *self.asks());
        asks.extend(std::iter::from_fn(|| heard.try_recv().ok()).take(QUEUE));
        asks.append(&mut urgent);
    }

    fn asks(&self) -> MutexGuard<'_, Vec<Ask>> {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // One that has panicked has said so.
            let _ = thread.join();
        }
    }
}

/// What the hall's thread has.
struct Evening {
    room: Room,
    tools: Tools,
    posts: Vec<mpsc::Sender<Batch>>,
    urgent: Arc<Urgent>,
}

impl Evening {
    /// Until nobody can come any more.
    async fn pass(mut self, mut heard: mpsc::Receiver<Ask>) {
        let (mut asks, mut due) = (Vec::new(), Instant::now());
        loop {
            tokio::select! {
                biased;
                count = heard.recv_many(&mut asks, QUEUE) => if count == 0 { break },
                () = self.urgent.news.notified() => {}
            }
            if Instant::now() < due {
                // Many talk at once: what they say within a moment goes to everybody together.
                sleep_until(due).await;
            }
            self.urgent.gather(&mut heard, &mut asks);
            let effects = asks.drain(..).flat_map(|ask| self.turn(ask)).collect();
            self.carry_out(effects).await;
            due = Instant::now() + GATHER;
        }
    }

    fn turn(&mut self, ask: Ask) -> Vec<Effect> {
        let now = Timestamp::now();
        match ask {
            Ask::Post(post) => {
                self.posts.push(post);
                Vec::new()
            }
            Ask::Arrives(id, from) => self.room.apply(now, Input::Arrives { id, from }),
            Ask::Console(id) => self.room.apply(now, Input::Console(id)),
            Ask::Says(id, bytes) => self.room.apply(now, Input::Says { id, bytes: &bytes }),
            Ask::Leaves(id, cause) => self.room.apply(now, Input::Leaves { id, cause }),
            Ask::Stops => self.room.apply(now, Input::Stops),
        }
    }

    /// A ban is told when it is on disk, and not before.
    async fn carry_out(&mut self, mut effects: Vec<Effect>) {
        let mut troubles = Vec::new();
        for effect in &effects {
            match effect {
                Effect::KeepBan(ban) => {
                    troubles.extend(in_time(self.tools.store.keep_ban(Ban::clone(ban))).await.err());
                }
                Effect::LiftBan(key) => troubles.extend(in_time(self.tools.store.lift_ban(key)).await.err()),
                Effect::Audit(record) => self.tools.audit.note(Record::clone(record)),
                Effect::Stop => (self.tools.stop)(),
                Effect::Enter(_) | Effect::ToAll { .. } | Effect::To { .. } | Effect::Close(_) => {}
            }
        }
        for trouble in troubles {
            effects.extend(self.room.apply(Timestamp::now(), Input::NotKept(&trouble.to_string())));
        }
        if effects.is_empty() {
            return;
        }
        let batch: Batch = effects.into();
        let mut gone = Vec::new();
        for (at, post) in self.posts.iter().enumerate() {
            // A worker takes a batch at once; where it is kept from it, the room waits rather than forget.
            if post.send(Arc::clone(&batch)).await.is_err() {
                gone.push(at);
            }
        }
        gone.into_iter().rev().for_each(|at| drop(self.posts.swap_remove(at)));
    }
}

/// A disk that stalls does not stall the room.
async fn in_time<T>(kept: Answer<'_, T>) -> Result<(), StoreError> {
    let stalled = |_| Err(StoreError::Unwritable("the disk does not answer".into()));
    timeout(PATIENCE, kept).await.map_or_else(stalled, |kept| kept.map(drop))
}

/// How long a ban may take to be kept.
const PATIENCE: Duration = Duration::from_secs(2);
/// What waits to be heard; more who talk wait for room. One turn hears twice as much at most.
const QUEUE: usize = 1024;
/// How long lines gather where many talk at once; nobody notices it, and a write of ten lines costs little more than
/// one of a single line.
const GATHER: Duration = Duration::from_micros(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_urgent_comes_behind_what_was_told_before_and_waits_for_no_silence() {
        let (asks, mut heard) = mpsc::channel(QUEUE);
        let urgent = Urgent::default();
        let says = |number: u64| Ask::Says(Id(number), Vec::new());
        (0..QUEUE as u64).for_each(|number| asks.try_send(says(number)).ok().unwrap());
        urgent.asks().push(Ask::Stops);
        let mut first = vec![heard.try_recv().unwrap()];
        // Somebody always has more to say.
        asks.try_send(says(QUEUE as u64)).ok().unwrap();
        urgent.gather(&mut heard, &mut first);
        let told: Vec<u64> =
            first.iter().map_while(|ask| if let Ask::Says(id, _) = ask { Some(id.0) } else { None }).collect();
        assert_eq!(told, (0..=QUEUE as u64).collect::<Vec<_>>());
        assert!(matches!(first[told.len()..], [Ask::Stops]));
        assert!(urgent.asks().is_empty());
    }
}
