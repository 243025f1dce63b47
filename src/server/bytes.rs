//! A worker for bare byte services: a byte loop whose host asks admission and tells the reporters.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::net::TcpStream;

use super::House;
use super::crew::{Door, Work};
use crate::event::{Reporter, Session, Way};
use crate::net::byteloop::{ByteLoop, Handling, Host, Orders};
use crate::net::{Ending, Endpoint};

/// The work of one thread at `doors`.
///
/// # Errors
/// Where the system grants no event queue.
pub(super) fn worker(
    doors: Vec<Door<std::net::TcpListener>>,
    handling: Handling,
    house: Arc<House>,
) -> io::Result<Work> {
    let (mut posts, mut listeners) = (Vec::new(), Vec::new());
    for Door { service, local, acceptor } in doors {
        posts.push((service, local));
        listeners.push(acceptor);
    }
    let gate = Arc::clone(&house.gate);
    let host = ByteHost::new(posts, house);
    let bytes = ByteLoop::new(host, listeners, handling)?;
    gate.wake_also(bytes.waker());
    Ok(Box::new(move || bytes.run()))
}

struct ByteHost {
    posts: Vec<Post>,
    house: Arc<House>,
}

/// What the host has at each door.
struct Post {
    reporter: Reporter,
    local: Endpoint,
}

/// A conversation as the host knows it.
struct Visit {
    session: Session,
    /// Only asked for at the end.
    ip: Box<IpAddr>,
}

impl ByteHost {
    fn new(posts: Vec<(&'static str, Endpoint)>, house: Arc<House>) -> Self {
        let post = |(service, local)| Post { reporter: house.emitter.reporter(service), local };
        Self { posts: posts.into_iter().map(post).collect(), house }
    }
}

impl Post {
    /// The end that the peer reached: behind a wildcard only the connection itself knows it.
    fn end_of(&self, stream: &TcpStream) -> Endpoint {
        let wild = self.local.ip().is_some_and(|ip| ip.is_unspecified());
        let exact = if wild { stream.local_addr().ok() } else { None };
        exact.map_or_else(|| self.local.clone(), Endpoint::from)
    }
}

impl Host for ByteHost {
    type Guest = Visit;

    fn admit(&mut self, door: usize, stream: &TcpStream, peer: SocketAddr) -> Result<Visit, String> {
        let post = &self.posts[door];
        let ip = peer.ip().to_canonical();
        let admitted = self.house.admission.enter(Some(ip));
        let session = post.reporter.connected(Way::In, peer, post.end_of(stream));
        match admitted {
            Ok(()) => Ok(Visit { session, ip: Box::new(ip) }),
            Err(line) => {
                post.reporter.disconnected(&session, Ending::Limit);
                Err(line)
            }
        }
    }

    #[inline]
    fn received(&mut self, door: usize, visit: &mut Visit, bytes: &[u8]) {
        self.posts[door].reporter.received(&mut visit.session, bytes);
    }

    #[inline]
    fn sent(&mut self, door: usize, visit: &mut Visit, bytes: &[u8]) {
        self.posts[door].reporter.sent(&mut visit.session, bytes);
    }

    fn passed(&mut self, door: usize, visit: &mut Visit, counts: [u64; 2]) {
        self.posts[door].reporter.passed(&mut visit.session, counts);
    }

    fn left(&mut self, door: usize, visit: Visit, (ending, unsent): (Ending, usize)) {
        self.house.admission.leave(Some(*visit.ip), &ending, unsent);
        self.posts[door].reporter.disconnected(&visit.session, ending);
    }

    fn cannot_accept(&mut self, door: usize, error: io::Error) {
        if self.house.admission.may_complain() {
            self.posts[door].reporter.cannot_accept(error);
        }
    }

    fn orders(&self) -> Orders {
        self.house.gate.orders()
    }
}
