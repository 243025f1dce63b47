//! Emitter: the way to one sink. It never blocks: what the queue cannot take is dropped and counted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::pace::Window;
use super::reporter::Reporter;
use super::tally::{Tally, Totals};
use super::{Event, Fact, Level};

/// Tells one sink what happens, from any thread. The sink ends when the last emitter and reporter is gone.
#[derive(Clone, Debug)]
pub(crate) struct Emitter {
    pub(super) desk: Arc<Desk>,
    queue: SyncSender<Message>,
}

/// What emitters, reporters and their sink share.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) level: Level,
    pub(super) window: Window,
    /// Lines that were dropped and not yet admitted to.
    pub(super) lost: AtomicU64,
    pub(super) reopen: AtomicBool,
    tallies: Mutex<Vec<Arc<Tally>>>,
    conversations: AtomicU64,
}

/// What travels to the sink.
#[derive(Debug)]
pub(super) enum Message {
    Event(Event),
    /// Look at the desk: something there has changed.
    Wake,
    /// Say when everything up to here is written.
    Mark(SyncSender<()>),
}

impl Emitter {
    pub(super) fn new(level: Level, queue: SyncSender<Message>) -> Self {
        let desk = Desk {
            level,
            window: Window::default(),
            lost: AtomicU64::new(0),
            reopen: AtomicBool::new(false),
            tallies: Mutex::default(),
            conversations: AtomicU64::new(0),
        };
        Self { desk: Arc::new(desk), queue }
    }

    /// An emitter that tells nobody: counters count, lines vanish.
    pub(crate) fn mute() -> Self {
        Self::new(Level::Quiet, std::sync::mpsc::sync_channel(1).0)
    }

    /// A voice for one worker and one service.
    pub(crate) fn reporter(&self, service: &'static str) -> Reporter {
        let tally = Arc::new(Tally::new(service));
        self.desk.tallies().push(Arc::clone(&tally));
        Reporter::new(self.clone(), tally)
    }

    /// Tells a fact about a service.
    pub(crate) fn tell(&self, service: &'static str, fact: Fact) {
        self.send(service, None, fact);
    }

    pub(super) fn send(&self, service: &'static str, conn: Option<u64>, fact: Fact) {
        if self.desk.level == Level::Quiet {
            return;
        }
        let event = Event { at: Timestamp::now(), service, conn, fact };
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Message::Event(event)) {
            self.desk.lost.fetch_add(1, Relaxed);
        }
    }

    /// What all workers of `service` did so far.
    pub(crate) fn totals(&self, service: &str) -> Totals {
        let tallies = self.desk.tallies();
        tallies.iter().filter(|tally| tally.service == service).fold(Totals::default(), |sum, tally| sum + tally.all())
    }

    /// Waits until everything told so far is written, at most for `limit`: for a person who sees the lines beside what
    /// they are about. Workers must not call it.
    pub(crate) fn catch_up(&self, limit: Duration) {
        let (reached, mark) = std::sync::mpsc::sync_channel(1);
        if self.desk.level > Level::Quiet && self.queue.try_send(Message::Mark(reached)).is_ok() {
            // Late or never: the lines are then out of order, which is all.
            let _ = mark.recv_timeout(limit);
        }
    }

    /// Has the sink close its log file and open the path anew, as log rotation wants.
    pub(crate) fn reopen(&self) {
        self.desk.reopen.store(true, Relaxed);
        // A full queue means that the sink is awake and will look at the desk by itself.
        let _ = self.queue.try_send(Message::Wake);
    }
}

impl Desk {
    pub(super) fn next_conversation(&self) -> u64 {
        self.conversations.fetch_add(1, Relaxed) + 1
    }

    /// A poisoned list is still a list: pushing to it cannot leave it half done.
    pub(super) fn tallies(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Tally>>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
