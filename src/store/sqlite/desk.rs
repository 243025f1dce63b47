//! Desk: a thread with a connection of its own. Who wants something from the database leaves a job there and waits for
//! the answer. All jobs that wait are done in one transaction, so that they share the one fsync that costs most; the
//! answers go out when it is on disk, and not before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::{fmt, io};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::store::StoreError;

/// The place where jobs are left. Dropped, it does what is left there before it closes.
pub(super) struct Desk {
    /// Taken only when it closes.
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    clerk: Option<JoinHandle<()>>,
    ended: Arc<OnceLock<StoreError>>,
    commits: Arc<AtomicU64>,
}

/// How a desk begins its transactions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begin {
    /// To read: what it sees is of one moment.
    Read,
    /// To write: it waits for other processes now and not in the middle.
    Write,
}

/// Something to be done with the database.
trait Job: Send {
    /// Does it. What fails has changed nothing once its savepoint is rolled back.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    /// Tells the outcome: that of the job where the transaction was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A job made of a closure, and who waits for what it gives.
struct Asked<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    asker: oneshot::Sender<Result<T, StoreError>>,
}

impl Desk {
    /// `failed` is called, once, where the clerk cannot go on for good.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub(super) fn open(
        db: Connection,
        begin: Begin,
        failed: impl FnOnce(StoreError) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (ended, commits) = (Arc::new(OnceLock::new()), Arc::new(AtomicU64::new(0)));
        let mut clerk = Clerk { db, begin, commits: Arc::clone(&commits) };
        let end = Arc::clone(&ended);
        let work = move || {
            let mut waiting = waiting;
            let worked = catch_unwind(AssertUnwindSafe(|| clerk.work(&mut waiting, &end)));
            let why = match worked {
                Ok(Ok(())) => return,
                Ok(Err(why)) => why,
                Err(_) => end.get_or_init(|| StoreError::SyncFailed("its thread has panicked".into())).clone(),
            };
            failed(why);
        };
        let clerk = thread::Builder::new().name("store".into()).spawn(work)?;
        Ok(Self { jobs: Some(jobs), clerk: Some(clerk), ended, commits })
    }

    /// Has `work` done. Where too many jobs wait already it first waits for room.
    ///
    /// # Errors
    /// What the job or the commit failed with: then it has changed nothing.
    ///
    /// # Cancel safety
    /// Dropped while it waits for room it has done nothing; dropped later, the work is done and nobody is told.
    pub(super) async fn ask<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (asker, answer) = oneshot::channel();
        let job = Box::new(Asked { work: Some(work), outcome: None, asker });
        if let Some(jobs) = &self.jobs {
            // Refused only by a clerk that has left; then there is no answer either.
            let _ = jobs.send(job).await;
        }
        answer.await.unwrap_or_else(|_| Err(self.why_it_ended()))
    }

    /// # Errors
    /// Why it has closed itself, where it has.
    pub(super) fn is_open(&self) -> Result<(), StoreError> {
        self.ended.get().map_or(Ok(()), |why| Err(why.clone()))
    }

    fn why_it_ended(&self) -> StoreError {
        self.ended.get().cloned().unwrap_or_else(|| StoreError::Failed("it is closed".into()))
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("commits", &self.commits).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(clerk) = self.clerk.take() {
            // It has caught its own panics.
            let _ = clerk.join();
        }
    }
}

/// Who works at a desk.
struct Clerk {
    db: Connection,
    begin: Begin,
    commits: Arc<AtomicU64>,
}

impl Clerk {
    /// Works until nobody can ask any more, or it is not known whether something is on disk. After a failed fsync the
    /// kernel may forget what was not written and call the next fsync a success, so trying again would prove nothing.
    fn work(
        &mut self,
        waiting: &mut mpsc::Receiver<Box<dyn Job>>,
        ended: &OnceLock<StoreError>,
    ) -> Result<(), StoreError> {
        let mut jobs = Vec::with_capacity(MOST_AT_ONCE);
        while waiting.blocking_recv_many(&mut jobs, MOST_AT_ONCE) > 0 {
            let committed = self.transact(&mut jobs);
            if let Err(why @ StoreError::SyncFailed(_)) = &committed {
                // Known before the first of them hears of it.
                let _ = ended.set(why.clone());
                waiting.close();
            }
            jobs.drain(..).for_each(|job| job.answer(committed.clone()));
            if let Err(why @ StoreError::SyncFailed(_)) = committed {
                return Err(why);
            }
        }
        Ok(())
    }

    fn transact(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let done = self.try_transact(jobs);
        if done.is_err() && !self.db.is_autocommit() {
            // Where even this fails, the next transaction cannot begin, and says so.
            let _ = self.run("ROLLBACK");
        }
        done
    }

    fn try_transact(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.run(match self.begin {
            Begin::Read => "BEGIN",
            Begin::Write => "BEGIN IMMEDIATE",
        })?;
        for job in jobs {
            self.run("SAVEPOINT job")?;
            if let Err(why) = job.run(&self.db) {
                // An error of the disk may have ended the whole transaction, and with it what others asked for.
                if self.db.is_autocommit() || matches!(why, StoreError::SyncFailed(_)) {
                    return Err(why);
                }
                self.run("ROLLBACK TO job")?;
            }
            self.run("RELEASE job")?;
        }
        self.run("COMMIT")?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn run(&self, statement: &str) -> Result<(), StoreError> {
        self.db.prepare_cached(statement)?.execute(())?;
        Ok(())
    }
}

impl<T, F> Job for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let outcome = work(db).map_err(StoreError::from);
        let failed = outcome.as_ref().err().cloned();
        self.outcome = Some(outcome);
        failed.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let never_run = || Err(StoreError::Failed("it was not asked".into()));
        let Self { outcome, asker, .. } = *self;
        // Who has gone does not need to know.
        let _ = asker.send(committed.and_then(|()| outcome.unwrap_or_else(never_run)));
    }
}

/// How many jobs may wait; more than a server of some thousand conversations has at a time, and small.
const QUEUE: usize = 1024;

/// How many jobs share a transaction, so that the first of them does not wait long for the last.
const MOST_AT_ONCE: usize = 256;
