//! Services: the conversations we hold. One file each, one row each in `SERVICES`; help, lists and documents come
//! from the table. A service knows its `Conn` and nothing of sockets, workers or logs.

/// Many people in one room.
mod chat;
/// Receives all, then sends it all back.
mod collect;
/// Sends back what arrives.
mod echo;
/// Answers two words.
mod greet;
/// Knows people by their address.
mod identify;
/// Accounts with passwords, and sessions by token.
pub(crate) mod login;
/// What services share that has to be opened.
mod means;
/// Messages of one conversation, in the framing that its listener speaks.
mod messages;
/// Names as people choose them, and when two are one.
pub(crate) mod name;
/// Answers one message with a prefix.
mod prefix;
/// A game for two.
mod rps;
/// Sends back what arrives, in upper case.
mod upper;
/// Tells the time in UTC.
mod utc;

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::framing::Framing;
use crate::net::byteloop::Orders;
use crate::net::{Conn, Ending};
use crate::store::StoreError;

pub(crate) use chat::{Chat, Rate};
pub(crate) use collect::LARGEST_COLLECTION;
pub(crate) use means::{Means, audit_log};
#[cfg(feature = "simulation")]
pub use {chat::Crowd, chat::simulate as simulate_room, rps::simulate as simulate_lobby};

/// How to hold a conversation. One value serves all conversations of all workers.
pub(crate) trait Service: Send + Sync + 'static {
    /// Holds one conversation to its end. It is dropped where it stands when the peer is silent for too long or the
    /// server goes.
    async fn serve(&self, conn: Conn) -> io::Result<Ending>;

    /// Hears what the server is about to do, before anything of it is done: for those who wait for something other than
    /// their peer. It must not block.
    fn heed(&self, _orders: Orders) {}
}

/// A conversation that is being held.
pub(crate) type Talk = Pin<Box<dyn Future<Output = io::Result<Ending>>>>;

/// A [`Service`] behind a pointer; every service is one.
pub(crate) trait Converse: Send + Sync {
    fn converse(self: Arc<Self>, conn: Conn) -> Talk;

    fn heed(&self, orders: Orders);
}

impl<S: Service> Converse for S {
    fn converse(self: Arc<Self>, conn: Conn) -> Talk {
        Box::pin(async move { self.serve(conn).await })
    }

    fn heed(&self, orders: Orders) {
        Service::heed(self, orders);
    }
}

/// A row of the table of services.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Its port unless told otherwise.
    pub(crate) port: u16,
    /// What it does, in one line of help.
    pub(crate) about: &'static str,
    build: fn(&Options, &mut Means) -> Result<Built, StoreError>,
}

/// A service ready to serve.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) service: Arc<dyn Converse>,
    /// Where the service only sends back what arrives: the most bytes at once. A bare TCP connection to it can then
    /// go through the byte loop.
    pub(crate) bare: Option<usize>,
    /// Whether what is said is nobody's business: then no event line shows it, at any level.
    pub(crate) discreet: bool,
    /// How much the system may hold that a peer has not taken, where that matters: whoever does not read shows early.
    pub(crate) send_buffer: Option<usize>,
}

impl Built {
    fn new(service: Arc<dyn Converse>) -> Self {
        Self { service, bare: None, discreet: false, send_buffer: None }
    }
}

/// What a user can choose about services; each takes what concerns it.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How the messages of text services are told apart.
    pub(crate) framing: Framing,
    /// The most bytes taken at once, at least 1; `None` where it does not matter.
    pub(crate) chunk: Option<usize>,
    /// What `prefix` puts in front.
    pub(crate) prefix: String,
    /// How many bytes `collect` waits for, at most [`LARGEST_COLLECTION`].
    pub(crate) collect: usize,
    /// How long sessions of `login` last, and how much may be guessed.
    pub(crate) login: login::Terms,
    /// How fast a member of `chat` may talk; `None` for as fast as they can.
    pub(crate) flood: Option<Rate>,
    /// Where the admin of `chat` comes in, besides the terminal.
    pub(crate) admin_socket: Option<PathBuf>,
    /// How long a player of `rps` may take to choose.
    pub(crate) turn_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            framing: Framing::Burst,
            chunk: None,
            prefix: "SERVER RECEIVED: ".into(),
            collect: 102_400,
            login: login::Terms::default(),
            flood: Some(Rate::default()),
            admin_socket: None,
            turn_timeout: Duration::from_secs(60),
        }
    }
}

impl Entry {
    /// The row of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|entry| entry.name == name)
    }

    /// # Errors
    /// Where it needs something of `means` that cannot be opened.
    pub(crate) fn build(&self, options: &Options, means: &mut Means) -> Result<Built, StoreError> {
        (self.build)(options, means)
    }
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("bare", &self.bare).finish_non_exhaustive()
    }
}

/// The names of all services, as a sentence lists them.
pub(crate) fn names() -> String {
    SERVICES.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

/// A service that needs to see its bytes.
fn conversation(service: impl Service) -> Result<Built, StoreError> {
    Ok(Built::new(Arc::new(service)))
}

/// Every service, in the order of its port.
pub(crate) const SERVICES: &[Entry] = &[
    Entry {
        name: "echo",
        port: 5555,
        about: "sends back what arrives, unchanged and as it arrives (RFC 862)",
        build: |options, _| Ok(echo::build(options)),
    },
    Entry {
        name: "upper",
        port: 5556,
        about: "the same in upper case: UTF-8 as Unicode has it, other bytes unchanged",
        build: |options, _| conversation(upper::Upper::new(options.framing, options.chunk)),
    },
    Entry {
        name: "prefix",
        port: 5557,
        about: "answers one message with a prefix and the message, then closes",
        build: |options, _| conversation(prefix::Prefix::new(options.framing, &options.prefix)),
    },
    Entry {
        name: "collect",
        port: 5558,
        about: "receives a fixed number of bytes, only then sends them all back and closes",
        build: |options, _| conversation(collect::Collect::new(options.collect)),
    },
    Entry {
        name: "greet",
        port: 5559,
        about: "answers Hello with a greeting and closes, Time with the local time",
        build: |options, _| conversation(greet::Greet::new(options.framing)),
    },
    Entry {
        name: "utc",
        port: 5560,
        about: "answers TIME with the time in UTC",
        build: |options, _| conversation(utc::Utc::new(options.framing)),
    },
    Entry {
        name: "identify",
        port: 5561,
        about: "knows people by their IP address and asks others for a name; recognises, does not authenticate",
        build: |options, means| conversation(identify::Identify::new(options.framing, means.store()?)),
    },
    Entry {
        name: "login",
        port: 5562,
        about: "accounts with passwords, and sessions by token",
        build: |options, means| means.login(options),
    },
    Entry {
        name: "rps",
        port: 5563,
        about: "rock-paper-scissors for two, first to 3 wins",
        build: |options, means| means.rps(options),
    },
    Entry {
        name: "chat",
        port: 5564,
        about: "many people in one room, with an admin at the server's terminal",
        build: |options, means| means.chat(options),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ports_are_unique() {
        for (at, entry) in SERVICES.iter().enumerate() {
            assert!(SERVICES[..at].iter().all(|other| other.name != entry.name && other.port != entry.port));
        }
    }
}

/// Conversations in memory, for the services' own tests.
#[cfg(test)]
mod rehearsal {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::{Conn, Ending, Service};
    use crate::net::Endpoint;

    /// Sends each piece, half-closes, and gives everything that came back and how it ended.
    pub(super) async fn hold(service: impl Service, pieces: &[&[u8]]) -> (Vec<u8>, Ending) {
        let (mut ours, conn) = stage();
        let talk = async {
            for piece in pieces {
                ours.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            ours.shutdown().await.unwrap();
            let mut back = Vec::new();
            ours.read_to_end(&mut back).await.unwrap();
            back
        };
        let (back, ending) = tokio::join!(talk, service.serve(conn));
        (back, ending.unwrap())
    }

    /// Our end and the service's end of a conversation.
    pub(super) fn stage() -> (DuplexStream, Conn) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        (ours, Conn::new(theirs, Endpoint::Unix(None), Endpoint::Unix(None)))
    }
}
