//! Running: a server at work, from the outside. It can be told to drain or to close, and waited for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::House;
use super::crew::Work;
use crate::event::Fact;
use crate::net::SocketFile;
use crate::net::byteloop::Orders;

/// A server at work. Dropped, it goes on; [`Running::close`] and [`Running::join`] end it.
pub(crate) struct Running {
    pub(super) house: Arc<House>,
    services: Vec<&'static str>,
    threads: Vec<JoinHandle<io::Result<()>>>,
    files: Vec<SocketFile>,
    started: Instant,
}

/// How a server ended.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Conversations that were cut while bytes were still due to the peer.
    pub(crate) cut: usize,
    /// Conversations that ended otherwise than by a close.
    pub(crate) troubled: usize,
    /// Why a worker gave up.
    pub(crate) failure: Option<io::Error>,
}

impl Running {
    pub(super) fn new(house: Arc<House>, services: Vec<&'static str>, files: Vec<SocketFile>) -> Self {
        Self { house, services, threads: Vec::new(), files, started: Instant::now() }
    }

    /// Accepts nothing more; ends with the last conversation.
    pub(crate) fn drain(&self) {
        self.house.gate.order(Orders::Drain);
    }

    /// Ends all conversations now.
    pub(crate) fn close(&self) {
        self.house.gate.order(Orders::Close);
    }

    /// Conversations under way.
    pub(crate) fn conversations(&self) -> usize {
        self.house.admission.present()
    }

    /// Waits for all workers and says how it was.
    pub(crate) fn join(self) -> Outcome {
        let mut failure = None;
        for thread in self.threads {
            let done = thread.join().unwrap_or_else(|_| Err(io::Error::other("a worker panicked")));
            failure = failure.or(done.err());
        }
        drop(self.files);
        let House { emitter, admission, .. } = &*self.house;
        for service in self.services {
            let totals = emitter.totals(service);
            emitter.tell(service, Fact::Stop { totals, lasted: self.started.elapsed() });
        }
        Outcome { cut: admission.cut(), troubled: admission.troubled(), failure }
    }

    /// Starts a thread for each piece of work; `ended` is called once, when the last has ended.
    ///
    /// # Errors
    /// Where the system grants no thread; the others have then been told to end.
    pub(super) fn spawn(&mut self, work: Vec<Work>, ended: Arc<dyn Fn() + Send + Sync>) -> io::Result<()> {
        let left = Arc::new(AtomicUsize::new(work.len()));
        for (number, work) in work.into_iter().enumerate() {
            let shift = Shift { house: Arc::clone(&self.house), left: Arc::clone(&left), ended: Arc::clone(&ended) };
            let thread = thread::Builder::new().name(format!("worker-{number}")).spawn(move || shift.work(work));
            match thread {
                Ok(thread) => self.threads.push(thread),
                Err(error) => {
                    self.close();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// The time of one worker; when it is over, however it ends, the others and the owner learn of it.
struct Shift {
    house: Arc<House>,
    left: Arc<AtomicUsize>,
    ended: Arc<dyn Fn() + Send + Sync>,
}

impl Shift {
    fn work(self, work: Work) -> io::Result<()> {
        work()
    }
}

impl Drop for Shift {
    fn drop(&mut self) {
        // One that gives up or panics takes the others along: half a server is worse than none.
        if self.house.gate.orders() == Orders::Serve {
            self.house.gate.order(Orders::Close);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            (self.ended)();
        }
    }
}
