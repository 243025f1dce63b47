//! Desk: a thread with a connection of its own. Who wants something from the database leaves a job there and waits for
//! the answer. All jobs that wait are done in one transaction, so that they share the one fsync that costs most; the
//! answers go out when it is on disk, and not before.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
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
    /// `troubled` is called at most once a second while nothing can be written, and once where the clerk cannot go on
    /// for good.
    ///
    /// # Errors
    /// Where the system has no thread to give.
    pub(super) fn open(
        db: Connection,
        begin: Begin,
        troubled: impl Fn(StoreError) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (ended, commits) = (Arc::new(OnceLock::new()), Arc::new(AtomicU64::new(0)));
        let mut clerk = Clerk { db, begin, commits: Arc::clone(&commits), complained: None };
        let end = Arc::clone(&ended);
        let work = move || {
            let mut waiting = waiting;
            let worked = catch_unwind(AssertUnwindSafe(|| clerk.work(&mut waiting, &end, &troubled)));
            let why = match worked {
                Ok(Ok(())) => return,
                Ok(Err(why)) => why,
                Err(_) => end.get_or_init(panicked).clone(),
            };
            troubled(why);
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
        // A clerk that panics drops its jobs before it can say why.
        self.ended.get().cloned().unwrap_or_else(panicked)
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

fn panicked() -> StoreError {
    StoreError::SyncFailed("its thread has panicked".into())
}

/// Who works at a desk.
struct Clerk {
    db: Connection,
    begin: Begin,
    commits: Arc<AtomicU64>,
    /// When it was told last that nothing can be written.
    complained: Option<Instant>,
}

impl Clerk {
    /// Works until nobody can ask any more, or it is not known whether something is on disk. After a failed fsync the
    /// kernel may forget what was not written and call the next fsync a success, so trying again would prove nothing.
    fn work(
        &mut self,
        waiting: &mut mpsc::Receiver<Box<dyn Job>>,
        ended: &OnceLock<StoreError>,
        troubled: &dyn Fn(StoreError),
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
            if let Err(why @ StoreError::Unwritable(_)) = &committed
                && self.may_complain()
            {
                troubled(why.clone());
            }
            if let Err(why @ StoreError::SyncFailed(_)) = committed {
                return Err(why);
            }
        }
        Ok(())
    }

    fn may_complain(&mut self) -> bool {
        let quiet = self.complained.is_none_or(|last| last.elapsed() >= BETWEEN_COMPLAINTS);
        if quiet {
            self.complained = Some(Instant::now());
        }
        quiet
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

/// More often nobody wants to read that a disk is full.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(1);

/// How many jobs share a transaction, so that the first of them does not wait long for the last.
const MOST_AT_ONCE: usize = 256;

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use rusqlite::{Error, ffi};
    use tokio::task::JoinSet;

    use super::*;

    /// A desk with a table of numbers, and what its clerk fails with.
    fn desk() -> (Arc<Desk>, Receiver<StoreError>) {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
        let (failed, failures) = channel();
        (Arc::new(Desk::open(db, Begin::Write, move |why| failed.send(why).unwrap()).unwrap()), failures)
    }

    fn add(db: &Connection, number: u32) -> rusqlite::Result<usize> {
        db.execute("INSERT INTO numbers VALUES (?1)", (number,))
    }

    fn total(db: &Connection) -> rusqlite::Result<u32> {
        db.query_row("SELECT coalesce(sum(number), 0) FROM numbers", (), |row| row.get(0))
    }

    /// Leaves so many jobs while the clerk is kept busy, and gives what became of each.
    async fn crowd<F>(desk: &Arc<Desk>, count: u32, job: F) -> Vec<Result<usize, StoreError>>
    where
        F: Fn(&Connection, u32) -> rusqlite::Result<usize> + Copy + Send + 'static,
    {
        let (go, gate): (Sender<()>, _) = channel();
        let mut jobs = JoinSet::new();
        let came = Arc::new(AtomicU64::new(0));
        for number in 0..count {
            let (desk, came) = (Arc::clone(desk), Arc::clone(&came));
            jobs.spawn(async move {
                came.fetch_add(1, Ordering::Relaxed);
                (number, desk.ask(move |db| job(db, number)).await)
            });
        }
        let held = desk.ask(move |_| {
            gate.recv().unwrap();
            Ok(())
        });
        let release = async {
            while came.load(Ordering::Relaxed) < u64::from(count) {
                tokio::task::yield_now().await;
            }
            go.send(()).unwrap();
        };
        // It may share the fate of those behind it.
        let (_, ()) = tokio::join!(biased; held, release);
        let mut done = jobs.join_all().await;
        done.sort_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }

    #[tokio::test]
    async fn jobs_that_wait_share_a_commit() {
        let (desk, _) = desk();
        let done = crowd(&desk, 200, add).await;
        assert!(done.iter().all(Result::is_ok));
        // The first may have been alone.
        assert!(desk.commits.load(Ordering::Relaxed) <= 3, "{desk:?}");
        assert_eq!(desk.ask(total).await.unwrap(), 19_900);
    }

    #[tokio::test]
    async fn more_jobs_than_there_is_room_for_wait_and_are_done() {
        let (desk, _) = desk();
        let count = 2 * QUEUE as u32;
        assert!(crowd(&desk, count, add).await.iter().all(Result::is_ok));
        assert_eq!(desk.ask(total).await.unwrap(), count * (count - 1) / 2);
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_nothing_behind_and_spoils_no_other() {
        let (desk, _) = desk();
        let done = crowd(&desk, 100, |db, number| {
            add(db, number)?;
            if number % 2 == 0 { Ok(1) } else { db.execute("nonsense", ()) }
        });
        let failed = done.await.iter().map(Result::is_err).collect::<Vec<_>>();
        assert_eq!(failed, [false, true].repeat(50));
        assert_eq!(desk.ask(total).await.unwrap(), 2_450);
    }

    #[tokio::test]
    async fn a_failed_fsync_is_the_end_and_nothing_of_its_transaction_is_acknowledged() {
        let (desk, failures) = desk();
        let done = crowd(&desk, 100, |db, number| {
            add(db, number)?;
            let broken = || Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None));
            if number == 50 { broken() } else { Ok(1) }
        });
        let kept = done.await.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(kept <= 50);
        assert!(matches!(desk.ask(total).await, Err(StoreError::SyncFailed(_))));
        assert!(desk.is_open().is_err());
        drop(desk);
        assert!(matches!(failures.iter().collect::<Vec<_>>()[..], [StoreError::SyncFailed(_)]));
    }

    #[tokio::test]
    async fn a_panic_is_the_end_too_and_is_told() {
        let (desk, failures) = desk();
        let asked = desk.ask(|_| -> rusqlite::Result<()> { panic!("on purpose") });
        assert!(matches!(asked.await, Err(StoreError::SyncFailed(_))));
        assert!(matches!(desk.ask(total).await, Err(StoreError::SyncFailed(_))));
        drop(desk);
        assert!(matches!(failures.iter().collect::<Vec<_>>()[..], [StoreError::SyncFailed(_)]));
    }

    #[tokio::test]
    async fn what_was_left_at_a_desk_is_done_before_it_closes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let db = || Connection::open(file.path()).unwrap();
        db().execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
        let desk = Desk::open(db(), Begin::Write, drop).unwrap();
        // Asked, and gone without waiting.
        tokio::select! { biased; _ = desk.ask(|db| add(db, 7)) => {}, () = std::future::ready(()) => {} }
        drop(desk);
        assert_eq!(total(&db()).unwrap(), 7);
    }
}
