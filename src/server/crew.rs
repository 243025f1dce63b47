//! Crew: one worker's doors, and the threads that keep them: a byte loop for bare byte services, a runtime for the rest.

use std::io;
use std::sync::Arc;

use super::{House, Stand, bytes, talks};
use crate::net::byteloop::{Copying, Handling};
use crate::net::{Acceptor, Endpoint};
use crate::services::Built;

/// A listener as a worker stands at it.
pub(super) struct Door<A> {
    pub(super) service: &'static str,
    pub(super) local: Endpoint,
    pub(super) acceptor: A,
}

/// The doors of one worker: those of the byte loop, with the most bytes it takes at once, and those of the runtime.
#[derive(Default)]
pub(super) struct Crew {
    bytes: Vec<Door<std::net::TcpListener>>,
    chunk: usize,
    talks: Vec<(Door<Acceptor>, Built)>,
}

/// What one thread does until it is ordered to end.
pub(super) type Work = Box<dyn FnOnce() -> io::Result<()> + Send>;

impl Crew {
    /// Has this worker accept at one more place.
    pub(super) fn post(&mut self, stand: &Stand, local: Endpoint, acceptor: Acceptor) {
        let service = stand.name;
        match (acceptor, stand.service.bare) {
            (Acceptor::Tcp(acceptor), Some(chunk)) => {
                self.chunk = chunk;
                self.bytes.push(Door { service, local, acceptor });
            }
            (acceptor, _) => self.talks.push((Door { service, local, acceptor }, stand.service.clone())),
        }
    }

    /// The work of this worker's threads.
    ///
    /// # Errors
    /// Where the system grants no event queue.
    pub(super) fn prepare(self, house: &Arc<House>, copying: Copying) -> io::Result<Vec<Work>> {
        let mut work: Vec<Work> = Vec::new();
        if !self.bytes.is_empty() {
            let idle = house.admission.limits().idle;
            let handling = Handling { chunk: self.chunk, idle, copying };
            work.push(bytes::worker(self.bytes, handling, Arc::clone(house))?);
        }
        if !self.talks.is_empty() {
            work.push(talks::worker(self.talks, Arc::clone(house))?);
        }
        Ok(work)
    }
}
