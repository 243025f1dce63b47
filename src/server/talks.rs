//! A worker for services that converse: a current-thread runtime, an accept loop for each door, a task for each
//! conversation. Conversations stay on their thread, so nothing in them needs a lock.

use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until};

use super::House;
use super::crew::{Door, Work};
use crate::event::{Account, Reporter, Tap, Way};
use crate::net::byteloop::{ACCEPT_PAUSE, MOST_TURNED_AWAY, Orders, concerns_one_peer};
use crate::net::{Acceptor, Conn, Ending, Endpoint};
use crate::services::{Built, Converse, Talk};

/// The work of one thread at `doors`.
///
/// # Errors
/// Where the system grants no event queue.
pub(super) fn worker(doors: Vec<(Door<Acceptor>, Built)>, house: Arc<House>) -> io::Result<Work> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    Ok(Box::new(move || {
        let local = LocalSet::new();
        local.block_on(&runtime, async {
            let mut posts = JoinSet::new();
            for (door, built) in doors {
                posts.spawn_local(Post::new(door, built, &house)?.keep());
            }
            while let Some(done) = posts.join_next().await {
                done.map_err(io::Error::other)?;
            }
            Ok(())
        })
    }))
}

/// One door of this worker.
struct Post {
    listener: Listener,
    local: Endpoint,
    service: Arc<dyn Converse>,
    reporter: Rc<Reporter>,
    house: Arc<House>,
    /// Places for those who are turned away and waited for.
    porch: Rc<Semaphore>,
}

enum Listener {
    /// With the most bytes that the system may hold for each who comes, where that has a bound of its own.
    Tcp(tokio::net::TcpListener, Option<usize>),
    Unix(tokio::net::UnixListener),
}

impl Listener {
    /// # Cancel safety
    /// Dropping it loses no connection.
    async fn accept(&self, local: &Endpoint) -> io::Result<Conn> {
        match self {
            Self::Tcp(listener, send_buffer) => {
                let (stream, peer) = listener.accept().await?;
                if let Some(bytes) = *send_buffer {
                    // Not on the listener: who came before it was set would not have inherited it. It fails where the
                    // peer has gone already.
                    let _ = socket2::SockRef::from(&stream).set_send_buffer_size(bytes);
                }
                let local = stream.local_addr().map_or_else(|_| local.clone(), Endpoint::from);
                Ok(Conn::new(stream, peer.into(), local))
            }
            Self::Unix(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok(Conn::new(stream, (&peer).into(), local.clone()))
            }
        }
    }
}

impl Post {
    fn new(door: Door<Acceptor>, built: Built, house: &Arc<House>) -> io::Result<Self> {
        let listener = match door.acceptor {
            Acceptor::Tcp(listener) => Listener::Tcp(tokio::net::TcpListener::from_std(listener)?, built.send_buffer),
            Acceptor::Unix(listener) => Listener::Unix(tokio::net::UnixListener::from_std(listener)?),
        };
        let reporter = house.emitter.reporter(door.service);
        let reporter = Rc::new(if built.discreet { reporter.discreet() } else { reporter });
        let (house, porch) = (Arc::clone(house), Rc::new(Semaphore::new(MOST_TURNED_AWAY)));
        Ok(Self { listener, local: door.local, service: built.service, reporter, house, porch })
    }

    /// Accepts until ordered otherwise, then stays until the last conversation has ended.
    async fn keep(self) {
        let mut orders = self.house.gate.watch();
        let mut talks = JoinSet::new();
        let mut rest_until = None;
        while *orders.borrow_and_update() == Orders::Serve {
            tokio::select! {
                accepted = self.listener.accept(&self.local), if rest_until.is_none() => match accepted {
                    Ok(conn) => self.welcome(conn, &mut talks),
                    Err(e) if concerns_one_peer(&e) => {}
                    Err(e) => {
                        self.complain(e);
                        rest_until = Some(Instant::now() + ACCEPT_PAUSE);
                    }
                },
                // A conversation that ends frees a descriptor.
                Some(_) = talks.join_next() => rest_until = None,
                () = sleep_until(rest_until.unwrap_or_else(Instant::now)), if rest_until.is_some() => rest_until = None,
                _ = orders.changed() => {}
            }
        }
        drop(self.listener);
        tokio::select! {
            () = everybody_leaves(&mut talks) => {}
            () = self.house.gate.reaches(Orders::Close) => talks.shutdown().await,
        }
    }

    fn complain(&self, error: io::Error) {
        if self.house.admission.may_complain() {
            self.reporter.cannot_accept(error);
        }
    }

    /// Lets somebody in, or turns them away; either takes a task of its own.
    fn welcome(&self, conn: Conn, talks: &mut JoinSet<()>) {
        let ip = conn.peer.ip();
        let admitted = self.house.admission.enter(ip);
        let session = self.reporter.connected(Way::In, conn.peer.clone(), conn.local.clone());
        let (reporter, house) = (Rc::clone(&self.reporter), Arc::clone(&self.house));
        match admitted {
            Ok(()) => {
                let account = Account::new(reporter, session);
                let stay = Stay { account: Rc::clone(&account), house, ip, ending: None };
                let talk = Arc::clone(&self.service).converse(conn.wrap(|stream| Tap::new(stream, account)));
                talks.spawn_local(stay.hold(talk));
            }
            Err(line) => {
                reporter.disconnected(&session, Ending::Limit);
                let porch = Rc::clone(&self.porch);
                talks.spawn_local(async move {
                    tokio::select! {
                        () = turn_away(conn, &line, &porch) => {}
                        () = house.gate.reaches(Orders::Drain) => {}
                    }
                });
            }
        }
    }
}

async fn everybody_leaves(talks: &mut JoinSet<()>) {
    while talks.join_next().await.is_some() {}
}

/// Says why, and waits a little so that a reset does not destroy it; where too many are waited for, it just closes.
async fn turn_away(mut conn: Conn, line: &str, porch: &Semaphore) {
    let place = porch.try_acquire();
    // Somebody who is turned away may be gone already.
    if conn.write_all(line.as_bytes()).await.is_ok() && place.is_ok() {
        let _ = conn.hang_up().await;
    }
}

/// One conversation's stay; when it is over, even by a panic in the service or because it was shut down, its end is
/// told and its place is free.
struct Stay {
    account: Rc<Account>,
    house: Arc<House>,
    ip: Option<IpAddr>,
    ending: Option<Ending>,
}

impl Stay {
    async fn hold(mut self, talk: Talk) {
        self.ending = Some(tokio::select! {
            ending = talk => ending.unwrap_or_else(Ending::from),
            () = silence(&self) => Ending::TimedOut,
        });
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let ending = self.ending.take().unwrap_or_else(|| match self.house.gate.orders() {
            Orders::Close => Ending::Shutdown,
            _ => Ending::Failed(io::Error::other("the service panicked")),
        });
        self.house.admission.leave(self.ip, &ending, usize::from(self.account.unsent.get()));
        self.account.disconnected(ending);
    }
}

/// Ends when nothing has moved for as long as the limit allows.
async fn silence(stay: &Stay) {
    let Some(idle) = stay.house.admission.limits().idle else { return std::future::pending().await };
    loop {
        let due = stay.account.moved.get() + idle;
        if due <= Instant::now() {
            return;
        }
        // Boxed, so that without a limit there is no room for a timer.
        Box::pin(sleep_until(due)).await;
    }
}
