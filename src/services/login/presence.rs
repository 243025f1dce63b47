//! Presence: who holds which session right now, so that a session that is ended somewhere, by a conversation or by an
//! operator's command, ends where it is held too. One watcher reads the log of what was ended, while anybody is here.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use crate::store::{SessionId, Store};

/// The table of those who are here, and its watcher, which ends with it.
pub(super) struct Presence(Arc<Table>);

struct Table {
    live: Mutex<HashMap<SessionId, Vec<oneshot::Sender<()>>>>,
    /// Nobody stays any more. Set while the table is locked.
    closed: AtomicBool,
    /// How many sessions are held.
    held: watch::Sender<usize>,
}

/// One connection's hold on a session, until it is dropped.
pub(super) struct Attachment {
    session: SessionId,
    ended: oneshot::Receiver<()>,
    table: Arc<Table>,
}

impl Presence {
    /// # Errors
    /// Where the system grants no thread for the watcher.
    pub(super) fn new(store: &Arc<dyn Store>) -> io::Result<Self> {
        let (held, news) = watch::channel(0);
        let table = Arc::new(Table { live: Mutex::default(), closed: AtomicBool::new(false), held });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let watcher = watch(Arc::downgrade(&table), Arc::downgrade(store), news);
        thread::Builder::new().name("revocations".into()).spawn(move || runtime.block_on(watcher))?;
        Ok(Self(table))
    }

    /// Notes that somebody here holds the session. What was ended before, only the store knows: ask it afterwards.
    pub(super) fn attach(&self, session: SessionId) -> Attachment {
        let (end, ended) = oneshot::channel();
        let mut live = self.0.live();
        if !self.is_closed() {
            live.entry(session).or_default().push(end);
        }
        self.0.held.send_replace(live.len());
        drop(live);
        Attachment { session, ended, table: Arc::clone(&self.0) }
    }

    /// Ends every hold, here and from now on, and no session.
    pub(super) fn close(&self) {
        let mut live = self.0.live();
        self.0.closed.store(true, Relaxed);
        live.clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.closed.load(Relaxed)
    }
}

impl Attachment {
    /// Waits until the session is ended by somebody else, or all holds are.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn ended(&mut self) {
        // The table keeps the other half as long as this one lives, or drops it to say so.
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.ended.close();
        let mut live = self.table.live();
        if let Some(holders) = live.get_mut(&self.session) {
            holders.retain(|holder| !holder.is_closed());
            if holders.is_empty() {
                live.remove(&self.session);
            }
        }
        self.table.held.send_replace(live.len());
    }
}

impl Table {
    /// A poisoned table is still a table: nothing that is done to it can be left half done.
    fn live(&self) -> MutexGuard<'_, HashMap<SessionId, Vec<oneshot::Sender<()>>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the log, while somebody is here, until the table is gone.
async fn watch(table: Weak<Table>, store: Weak<dyn Store>, mut held: watch::Receiver<usize>) {
    let mut last = 0;
    while held.wait_for(|held| *held > 0).await.is_ok() {
        // Both are kept by those who are here, and by nobody else.
        let Some(store) = store.upgrade() else { return };
        // A store that cannot be read now is asked again; meanwhile nobody is sent away.
        if let Ok(log) = store.revocations(last).await {
            last = log.last;
            drop(store);
            let Some(table) = table.upgrade() else { return };
            let mut live = table.live();
            // Whoever held it sees that the other half is gone.
            log.sessions.iter().for_each(|session| drop(live.remove(session)));
        }
        sleep(LOOK).await;
    }
}

/// How often the log is looked at: four times within the second that a revocation may take.
const LOOK: Duration = Duration::from_millis(250);
