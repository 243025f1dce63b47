//! Server: a plan becomes listeners and workers. Each worker is a thread; bare byte services run there on a byte loop,
//! everything that converses on a tokio runtime of its own, so conversations never migrate.

/// Who is let in: limits, and the counts behind them.
mod admission;
/// A worker for bare byte services.
mod bytes;
/// One worker's doors and threads.
mod crew;
/// What everybody is to do: serve, drain, close.
mod gate;
/// The server as a library offers it.
mod library;
/// A server at work, from the outside.
mod running;
/// A worker for services that converse.
mod talks;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Emitter, Fact};
use crate::net::byteloop::Copying;
use crate::net::{Address, Endpoint, Listener, NetError, PortRule, listen};
use crate::services::Built;
use admission::Admission;
use crew::Crew;
use gate::Gate;

pub(crate) use running::{Outcome, Running};

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
        self.stands.iter().for_each(|(stand, _)| gate.tell_also(Arc::clone(&stand.service.service)));
        let house = Arc::new(House { admission: Admission::new(self.limits, Arc::clone(&gate)), gate, emitter });
        let mut crews: Vec<Crew> = (0..self.workers).map(|_| Crew::default()).collect();
        let mut files = Vec::new();
        for (stand, listeners) in self.stands {
            for listener in listeners {
                files.extend(listener.file);
                for (crew, acceptor) in crews.iter_mut().zip(listener.acceptors) {
                    crew.post(&stand, listener.local.clone(), acceptor);
                }
            }
        }
        let mut work = Vec::new();
        for crew in crews {
            work.extend(crew.prepare(&house, self.copying)?);
        }
        let mut running = Running::new(house, services, files);
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

    /// Each service once, at however many places it stands.
    fn services(&self) -> Vec<&'static str> {
        let mut services: Vec<&'static str> = Vec::new();
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
