//! Chat: many people in one room. The room itself is a pure machine (`room`); the hall runs it on a thread of its own,
//! and a post on each worker's thread brings what it says to the members there. Nobody's slowness is anybody else's.

/// The admin's door.
mod admin;
/// Who may not come in.
mod bans;
/// What somebody types, told apart.
mod command;
/// A room full of people, to be measured.
#[cfg(feature = "simulation")]
mod crowd;
/// How fast somebody may talk.
mod flood;
/// Runs the room.
mod hall;
/// What a newcomer has missed.
mod history;
/// What a member is called.
mod nick;
/// What waits for one member.
mod outbox;
/// Brings what the room says to the members on one thread.
mod post;
/// Who is there, and what comes of what they do.
mod room;
/// What others see of the bytes that somebody sends.
mod speech;
/// One member's conversation.
mod stay;
/// Who speaks to another kind of server.
mod stranger;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use super::Service;
use super::messages::Messages;
use crate::framing::Framing;
use crate::net::byteloop::Orders;
use crate::net::{Conn, Ending};
use crate::store::Ban;
use admin::Admin;
use hall::{Ask, Hall};
use room::Room;
use stay::{Counter, Stay};

#[cfg(feature = "simulation")]
pub use crowd::Crowd;
pub(crate) use flood::Rate;
pub(super) use hall::Tools;
pub(super) use room::Terms;
#[cfg(feature = "simulation")]
pub use room::simulate;

/// A room that is open.
pub(crate) struct Chat {
    framing: Framing,
    counter: Arc<Counter>,
    admin: Admin,
}

impl Chat {
    /// A room without anybody in it, from which these are banned.
    ///
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn open(framing: Framing, terms: Terms, bans: Vec<Ban>, tools: Tools) -> io::Result<Self> {
        let hall = Hall::open(Room::new(terms, bans), tools)?;
        let counter = Arc::new(Counter::new(hall));
        let admin = Admin::open(Arc::clone(&counter))?;
        Ok(Self { framing, counter, admin })
    }

    /// Our end of a conversation with the room as its admin, in lines.
    ///
    /// # Errors
    /// Where the system grants no sockets.
    pub(crate) fn console(&self) -> io::Result<UnixStream> {
        self.admin.console()
    }

    /// Lets the admin in at this path as well, which only its owner can use.
    ///
    /// # Errors
    /// Where it cannot be listened on.
    pub(super) fn listen_for_admin(&self, path: &Path) -> io::Result<()> {
        self.admin.listen(path)
    }
}

impl Service for Chat {
    fn serve(&self, conn: Conn) -> impl Future<Output = io::Result<Ending>> {
        let talk = Messages::new(conn, self.framing);
        // Boxed, so that a stay has no room for its beginning.
        async move { Box::pin(Stay::of_member(&self.counter, talk, self.framing)).await.hold().await }
    }

    fn heed(&self, orders: Orders) {
        if orders > Orders::Serve {
            self.counter.hall.tell_at_once(Ask::Stops);
        }
    }
}

/// What the system may hold for one member, in bytes: without a bound it takes megabytes for somebody who does not read,
/// and a stalled member looks like one that listens. The system doubles it for its own needs.
pub(super) const SEND_BUFFER: usize = 64 * 1024;
