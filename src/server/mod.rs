//! Server: a plan becomes listeners and workers. Each worker is a thread; bare byte services run there on a byte loop,
//! everything that converses on a tokio runtime of its own, so conversations never migrate.

/// Who is let in: limits, and the counts behind them.
mod admission;
/// A worker for bare byte services.
mod bytes;
/// What everybody is to do: serve, drain, close.
mod gate;
/// The server as a library offers it.
mod library;
/// A worker for services that converse.
mod talks;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::event::{Emitter, Fact};
use crate::net::byteloop::{Copying, Handling, Orders};
use crate::net::{Acceptor, Address, Endpoint, Listener, NetError, PortRule, SocketFile, listen};
use crate::services::Built;
use admission::Admission;
use gate::Gate;

pub use library::{Server, ServerError};

/// What to serve, and within which limits.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) stands: Vec<Stand>,
    pub(crate) limits: Limits,
    /// Threads for each kind of work, at least 1.
    pub(crate) workers: usize,
    pub(crate) copying: Copying,
}

/// One service at one address.
#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) name: &'static str,
    pub(crate) service: Built,
    pub(crate) address: Address,
    pub(crate) rule: PortRule,
}

/// What is not exceeded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// Conversations at once.
    pub(crate) conns: Option<usize>,
    /// Conversations at once with one IPv4 address or one IPv6 /64.
    pub(crate) conns_per_ip: Option<usize>,
    /// How long a conversation may be silent.
    pub(crate) idle: Option<Duration>,
    pub(crate) visits: Visits,
}

/// How many conversations are held before the server ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Visits {
    #[default]
    Any,
    One,
}

/// All listeners, open.
#[derive(Debug)]
pub(crate) struct Bound {
    stands: Vec<(Stand, Vec<Listener>)>,
    limits: Limits,
    workers: usize,
    copying: Copying,
}

/// A service at a place where it listens.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) service: &'static str,
    pub(crate) asked: &'a Address,
    pub(crate) local: &'a Endpoint,
}

/// Opens every listener of the plan, or none.
///
/// # Errors
/// The first address that cannot be listened on.
pub(crate) fn bind(plan: Plan) -> Result<Bound, NetError> {
    let Plan { stands, limits, workers, copying } = plan;
    let open = |stand: Stand| listen(&stand.address, &stand.rule, workers).map(|listeners| (stand, listeners));
    let stands = stands.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(Bound { stands, limits, workers, copying })
}

impl Bound {
    /// Where everything listens.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place<'_>> {
        self.stands.iter().flat_map(|(stand, listeners)| {
            listeners.iter().map(|Listener { local, .. }| Place { service: stand.name, asked: &stand.address, local })
        })
    }

    /// Starts the workers. `ended` is called once, when the last of them has ended.
    ///
    /// # Errors
    /// Where the system grants no thread or event queue; what was started has then been stopped.
    pub(crate) fn start(self, emitter: Emitter, ended: impl Fn() + Send + Sync + 'static) -> io::Result<Running> {
        self.announce(&emitter);
        let services = self.services();
        let gate = Arc::new(Gate::default());
        let house = Arc::new(House { admission: Admission::new(self.limits, Arc::clone(&gate)), gate, emitter });
        let mut running = Running { house, services, threads: Vec::new(), files: Vec::new(), started: Instant::now() };
        let mut crews: Vec<Crew> = (0..self.workers).map(|_| Crew::default()).collect();
        for (stand, listeners) in self.stands {
            for listener in listeners {
                running.files.extend(listener.file);
                for (crew, acceptor) in crews.iter_mut().zip(listener.acceptors) {
                    crew.post(&stand, listener.local.clone(), acceptor);
                }
            }
        }
        let handling = |chunk| Handling { chunk, idle: running.house.admission.limits().idle, copying: self.copying };
        let mut work = Vec::new();
        for crew in crews {
            work.extend(crew.prepare(&running.house, handling)?);
        }
        running.spawn(work, Arc::new(ended))?;
        Ok(running)
    }

    fn announce(&self, emitter: &Emitter) {
        for service in self.services() {
            emitter.tell(service, Fact::Start);
            for place in self.places().filter(|place| place.service == service) {
                emitter.tell(service, Fact::Listen { on: place.local.clone() });
            }
        }
    }

    /// Each service once, in the order of the words.
    fn services(&self) -> Vec<&'static str> {
        let mut services = Vec::new();
        for (stand, _) in &self.stands {
            if !services.contains(&stand.name) {
                services.push(stand.name);
            }
        }
        services
    }
}

/// What all workers share.
struct House {
    admission: Admission,
    gate: Arc<Gate>,
    emitter: Emitter,
}

/// A listener as a worker stands at it.
struct Door<A> {
    service: &'static str,
    local: Endpoint,
    acceptor: A,
}

/// The doors of one worker: those of the byte loop, with the most bytes it takes at once, and those of the runtime.
#[derive(Default)]
struct Crew {
    bytes: Vec<Door<std::net::TcpListener>>,
    chunk: usize,
    talks: Vec<(Door<Acceptor>, Built)>,
}

type Work = Box<dyn FnOnce() -> io::Result<()> + Send>;

impl Crew {
    fn post(&mut self, stand: &Stand, local: Endpoint, acceptor: Acceptor) {
        let service = stand.name;
        match (acceptor, stand.service.bare) {
            (Acceptor::Tcp(acceptor), Some(chunk)) => {
                self.chunk = chunk;
                self.bytes.push(Door { service, local, acceptor });
            }
            (acceptor, _) => self.talks.push((Door { service, local, acceptor }, stand.service.clone())),
        }
    }

    fn prepare(self, house: &Arc<House>, handling: impl Fn(usize) -> Handling) -> io::Result<Vec<Work>> {
        let mut work: Vec<Work> = Vec::new();
        if !self.bytes.is_empty() {
            work.push(bytes::worker(self.bytes, handling(self.chunk), Arc::clone(house))?);
        }
        if !self.talks.is_empty() {
            work.push(talks::worker(self.talks, Arc::clone(house))?);
        }
        Ok(work)
    }
}

/// A server at work. Dropped, it goes on; [`Running::close`] and [`Running::join`] end it.
pub(crate) struct Running {
    house: Arc<House>,
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

    fn spawn(&mut self, work: Vec<Work>, ended: Arc<dyn Fn() + Send + Sync>) -> io::Result<()> {
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
