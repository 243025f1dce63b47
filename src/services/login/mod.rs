//! Login: accounts with passwords, and sessions by token. `REGISTER`, `LOGIN` and `RESUME` give a session; it lasts
//! beyond the connection, and ends everywhere when it is ended anywhere.

/// What can be said.
mod command;
/// What is done for a visitor.
mod desk;
/// Threads for passwords, and the queue before them.
mod hashing;
/// What may be a password.
mod password;
/// Who holds which session.
mod presence;
/// Why something was not done.
mod refusal;
/// How often the same came from one source.
mod repeats;
/// How fast guesses may come.
mod throttle;
/// What is kept in the place of a password by a client.
mod token;
/// What is kept of a password.
mod verifier;
/// One conversation.
mod visit;

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Service;
use super::name::Name;
use crate::event::audit::AuditLog;
use crate::framing::Framing;
use crate::net::byteloop::Orders;
use crate::net::{Conn, Ending};
use crate::store::{Account, AccountKey, SessionId, Store};
use hashing::Hashing;
use presence::Presence;
use refusal::Refusal;
use repeats::Repeats;
use throttle::Throttle;
use verifier::{Cost, Workspace};
use visit::Visit;

pub(crate) use password::Password;

/// What a user can choose about `login`.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How long a session lasts that nobody holds.
    pub(crate) idle: Duration,
    /// How long a session lasts.
    pub(crate) life: Duration,
    /// Failures that an address has at once, and regains in a minute.
    pub(crate) rate: u32,
    /// Whether passwords are taken from other machines over plain TCP.
    pub(crate) insecure: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { idle: 30 * MINUTE, life: 12 * 60 * MINUTE, rate: 10, insecure: false }
    }
}

/// What `login` works with.
pub(super) struct Tools {
    pub(super) store: Arc<dyn Store>,
    pub(super) audit: AuditLog,
}

pub(super) struct Login {
    framing: Framing,
    terms: Terms,
    store: Arc<dyn Store>,
    audit: AuditLog,
    hashing: Hashing,
    cost: Cost,
    /// Stands in for the verifier of an account that does not exist.
    decoy: String,
    throttle: Mutex<Throttle>,
    repeats: Mutex<Repeats>,
    presence: Presence,
    clock: Clock,
}

/// What time it is.
type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

impl Login {
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn new(framing: Framing, terms: Terms, tools: Tools) -> io::Result<Self> {
        let Tools { store, audit } = tools;
        let cost = Cost::default();
        Ok(Self {
            framing,
            audit,
            hashing: Hashing::new(),
            decoy: cost.decoy(),
            cost,
            throttle: Mutex::new(Throttle::new(terms.rate)),
            repeats: Mutex::default(),
            presence: Presence::new(&store)?,
            terms,
            store,
            clock: Box::new(Timestamp::now),
        })
    }

    /// Notes that the session is held; false where it has ended. A store that cannot say so ends nobody's session.
    ///
    /// # Cancel safety
    /// Dropped, it may have been noted all the same.
    async fn touch(&self, session: SessionId) -> bool {
        self.store.touch(session, self.now()).await.unwrap_or(true)
    }

    /// Why nobody holds a session any more whose holder did not leave.
    fn why_ended(&self) -> Refusal {
        if self.presence.is_closed() { Refusal::Stopping } else { Refusal::Revoked }
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn time_until(&self, at: Timestamp) -> Duration {
        at.duration_since(self.now()).try_into().unwrap_or_default()
    }

    /// A poisoned throttle is still one: nothing that is done to it can be left half done.
    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service for Login {
    fn serve(&self, conn: Conn) -> impl Future<Output = io::Result<Ending>> {
        Visit::hold(self, conn)
    }

    fn heed(&self, orders: Orders) {
        if orders > Orders::Serve {
            self.presence.close();
        }
    }
}

/// An account as somebody would have it who registers, for an operator.
pub(crate) fn account(name: &Name, password: &Password, created: Timestamp) -> Account {
    let verifier = Cost::default().make(password, &mut Workspace::default());
    Account { key: AccountKey(name.key()), name: name.as_str().to_owned(), verifier, created }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
