//! Hashing: the few threads that may spend time and memory on passwords. Who comes waits in a bounded queue for a
//! bounded time, or is told that it is busy; no worker of the network ever hashes.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, sleep, timeout};

use super::verifier::Workspace;

/// The threads, and the queue before them. They end with it.
pub(super) struct Hashing {
    /// Places in the queue.
    places: Semaphore,
    /// A permit for each thread that is free.
    hands: Arc<Semaphore>,
    jobs: SyncSender<Job>,
}

type Job = Box<dyn FnOnce(&mut Workspace) + Send>;

/// What came of a job, and how long it took.
#[derive(Debug)]
pub(super) struct Done<T> {
    pub(super) result: T,
    pub(super) waited: Duration,
    pub(super) worked: Duration,
}

/// Why a job was not done.
#[derive(Debug)]
pub(super) enum NotDone {
    /// The queue is full, or it took too long.
    Busy,
    /// Whoever asked for it is gone.
    Left(io::Error),
}

impl Hashing {
    /// With half of the machine, and at most four threads. Where the system grants none, it is always busy.
    pub(super) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with((cores / 2).clamp(1, 4))
    }

    fn with(hands: usize) -> Self {
        let (jobs, queue) = sync_channel(hands);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..hands {
            let queue = Arc::clone(&queue);
            // Nobody waits for their end: a hash that nobody needs any more is soon done.
            let _ = thread::Builder::new().name("hashing".into()).spawn(move || work(&queue));
        }
        Self { places: Semaphore::new(MOST_WAITING), hands: Arc::new(Semaphore::new(hands)), jobs }
    }

    /// Does `job` on one of the threads. `left` ends when the peer says no more: with success where it may still
    /// listen, otherwise with why it does not.
    ///
    /// # Errors
    /// Where it was not done.
    ///
    /// # Cancel safety
    /// Dropping it gives the place in the queue back; a job whose turn has come is done for nobody.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        left: impl Future<Output = io::Result<()>>,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<Done<T>, NotDone> {
        let place = self.places.try_acquire().map_err(|_| NotDone::Busy)?;
        let came = Instant::now();
        let hand = timeout(PATIENCE, self.turn(place, left)).await.map_err(|_| NotDone::Busy)??;
        let waited = came.elapsed();
        let (reply, answer) = oneshot::channel();
        let job = move |space: &mut Workspace| {
            let began = std::time::Instant::now();
            let result = (!reply.is_closed()).then(|| job(space));
            let worked = began.elapsed();
            // Whoever asked may ask again at once, or may have left meanwhile.
            drop(hand);
            let _ = result.map(|result| reply.send((result, worked)));
        };
        // There is room for one job for each permit.
        self.jobs.try_send(Box::new(job)).map_err(|_| NotDone::Busy)?;
        let (result, worked) = answer.await.map_err(|_| NotDone::Busy)?;
        Ok(Done { result, waited, worked })
    }

    /// Waits in the queue. A peer that has closed its side may be gone or may listen: it gives its place to those who
    /// are still there, and has its turn when nobody else waits.
    async fn turn(
        &self,
        place: SemaphorePermit<'_>,
        left: impl Future<Output = io::Result<()>>,
    ) -> Result<OwnedSemaphorePermit, NotDone> {
        tokio::select! {
            biased;
            hand = Arc::clone(&self.hands).acquire_owned() => return hand.map_err(|_| NotDone::Busy),
            left = left => left.map_err(NotDone::Left)?,
        }
        drop(place);
        loop {
            // What is given back goes to those who wait in the queue first.
            if let Ok(hand) = Arc::clone(&self.hands).try_acquire_owned() {
                return Ok(hand);
            }
            sleep(LOOK).await;
        }
    }
}

/// Until nobody can ask any more. The lock is held to wait for a job, and never during one.
fn work(queue: &Mutex<Receiver<Job>>) {
    let mut space = Workspace::default();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Who asked hears that it was not done; the next one is not concerned.
        let _ = catch_unwind(AssertUnwindSafe(|| job(&mut space)));
    }
}

const MOST_WAITING: usize = 64;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often somebody without a place looks whether it is their turn.
const LOOK: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::mpsc;

    use super::*;

    /// A pool of one hand, which is held until the sender is used or dropped.
    async fn held() -> (Arc<Hashing>, mpsc::Sender<()>) {
        let pool = Arc::new(Hashing::with(1));
        let (release, held) = mpsc::channel::<()>();
        let (began, begun) = oneshot::channel();
        let job = move |_: &mut Workspace| {
            began.send(()).unwrap();
            let _ = held.recv();
        };
        let running = Arc::clone(&pool);
        tokio::spawn(async move { running.run(pending(), job).await });
        begun.await.unwrap();
        (pool, release)
    }

    fn waiting(pool: &Hashing) -> usize {
        MOST_WAITING - pool.places.available_permits()
    }

    async fn until(mut is_so: impl FnMut() -> bool) {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_job_is_done_and_its_hand_is_free_again() {
        let pool = Hashing::with(2);
        for at in 0..10 {
            assert_eq!(pool.run(pending(), move |_| at * 2).await.unwrap().result, at * 2);
        }
        until(|| pool.hands.available_permits() == 2).await;
        assert_eq!(waiting(&pool), 0);
    }

    #[tokio::test]
    async fn a_job_that_panics_takes_no_thread_along() {
        let pool = Hashing::with(1);
        for _ in 0..3 {
            let panics = |_: &mut Workspace| -> () { panic!("as it is meant to") };
            assert!(matches!(pool.run(pending(), panics).await, Err(NotDone::Busy)));
            assert_eq!(pool.run(pending(), |_| 1).await.unwrap().result, 1);
        }
    }

    #[tokio::test]
    async fn beyond_the_queue_it_is_busy_at_once_and_who_leaves_gives_the_place_back() {
        let (pool, release) = held().await;
        let wait = |_| {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(pending(), |_| ()).await })
        };
        let mut queue: Vec<_> = (0..MOST_WAITING).map(wait).collect();
        until(|| waiting(&pool) == MOST_WAITING).await;
        assert!(matches!(pool.run(pending(), |_| ()).await, Err(NotDone::Busy)));
        queue.drain(..10).for_each(|left| left.abort());
        until(|| waiting(&pool) == MOST_WAITING - 10).await;
        release.send(()).unwrap();
        for turn in queue {
            turn.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_peer_that_is_done_speaking_gives_its_place_to_others_and_is_served_after_them() {
        let (pool, release) = held().await;
        let quiet = Arc::clone(&pool);
        let (order, served) = mpsc::channel();
        let last = order.clone();
        let quiet = tokio::spawn(async move { quiet.run(async { Ok(()) }, move |_| last.send("quiet")).await });
        tokio::task::yield_now().await;
        assert_eq!(waiting(&pool), 0);
        let other = Arc::clone(&pool);
        let other = tokio::spawn(async move { other.run(pending(), move |_| order.send("other")).await });
        until(|| waiting(&pool) == 1).await;
        let gone = pool.run(async { Err(io::ErrorKind::ConnectionReset.into()) }, |_| ()).await;
        assert!(matches!(gone, Err(NotDone::Left(_))));
        release.send(()).unwrap();
        other.await.unwrap().unwrap();
        quiet.await.unwrap().unwrap();
        assert_eq!(served.iter().collect::<Vec<_>>(), ["other", "quiet"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_that_it_is_busy() {
        let (pool, _release) = held().await;
        let came = Instant::now();
        for left in [false, true] {
            let silence = async move { if left { Ok(()) } else { pending().await } };
            assert!(matches!(pool.run(silence, |_| ()).await, Err(NotDone::Busy)));
        }
        assert!(came.elapsed() >= 2 * PATIENCE);
        assert_eq!(waiting(&pool), 0);
    }
}
