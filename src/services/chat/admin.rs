//! Admin: the door of those who run the room, on a thread of its own: the server's terminal, and a socket that only its
//! owner can use.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::fs::Mode;
use rustix::process::umask;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::sleep;

use super::stay::{Counter, Stay};
use crate::framing::Framing;
use crate::net::byteloop::ACCEPT_PAUSE;
use crate::net::{Acceptor, Address, Conn, Endpoint, PortRule, SocketFile, listen};
use crate::services::messages::Messages;

/// The way in.
pub(super) struct Admin {
    visitors: mpsc::Sender<Visitor>,
    files: Mutex<Vec<SocketFile>>,
}

/// Who comes in.
enum Visitor {
    Console(UnixStream),
    Door(std::os::unix::net::UnixListener),
}

impl Admin {
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn open(counter: Arc<Counter>) -> io::Result<Self> {
        let (visitors, coming) = mpsc::channel(MOST_AT_ONCE);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let work = move || LocalSet::new().block_on(&runtime, receive(counter, coming));
        thread::Builder::new().name("chat-admin".into()).spawn(work)?;
        Ok(Self { visitors, files: Mutex::default() })
    }

    pub(super) fn console(&self) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        self.let_in(Visitor::Console(theirs))?;
        Ok(ours)
    }

    pub(super) fn listen(&self, path: &Path) -> io::Result<()> {
        let address = Address::Unix(path.to_owned());
        // From its first moment: whoever connected before a later change of mode would be in.
        let before = umask(Mode::from_raw_mode(0o177));
        let listeners = listen(&address, &PortRule::Exact, 1);
        umask(before);
        let listeners = listeners.map_err(|e| io::Error::new(e.kind(), e.to_string()))?;
        for listener in listeners {
            self.files.lock().unwrap_or_else(PoisonError::into_inner).extend(listener.file);
            for acceptor in listener.acceptors {
                if let Acceptor::Unix(door) = acceptor {
                    self.let_in(Visitor::Door(door))?;
                }
            }
        }
        Ok(())
    }

    fn let_in(&self, visitor: Visitor) -> io::Result<()> {
        self.visitors.try_send(visitor).map_err(|_| io::Error::other("the room is closed"))
    }
}

/// Until nobody can come any more; who is there then leaves with it.
async fn receive(counter: Arc<Counter>, mut coming: mpsc::Receiver<Visitor>) {
    let mut stays = JoinSet::new();
    while let Some(visitor) = coming.recv().await {
        let counter = Arc::clone(&counter);
        match visitor {
            Visitor::Console(stream) => {
                if let Ok(stream) = tokio::net::UnixStream::from_std(stream) {
                    stays.spawn_local(converse(counter, stream));
                }
            }
            Visitor::Door(door) => {
                if let Ok(door) = UnixListener::from_std(door) {
                    stays.spawn_local(keep(counter, door));
                }
            }
        }
        while stays.try_join_next().is_some() {}
    }
}

async fn keep(counter: Arc<Counter>, door: UnixListener) {
    let mut stays = JoinSet::new();
    loop {
        tokio::select! {
            accepted = door.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Without descriptors, for example: trying again at once would not help.
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                };
                if stays.len() < MOST_CONSOLES {
                    stays.spawn_local(converse(Arc::clone(&counter), stream));
                }
            }
            Some(_) = stays.join_next() => {}
        }
    }
}

async fn converse(counter: Arc<Counter>, stream: tokio::net::UnixStream) {
    let conn = Conn::new(stream, Endpoint::Unix(None), Endpoint::Unix(None));
    let stay = Stay::of_admin(&counter, Messages::new(conn, Framing::Burst)).await;
    // Whoever runs the room sees for themselves how it ended.
    let _ = stay.hold().await;
}

/// The terminal and the socket, and room to spare.
const MOST_AT_ONCE: usize = 8;
/// More consoles than anybody has.
const MOST_CONSOLES: usize = 16;
