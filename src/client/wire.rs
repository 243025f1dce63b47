//! Wire: the blocking socket of one conversation. Everything that passes is told to the account and the dump, and the
//! idle timeout watches both directions together. Shared by the threads that send and receive.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{SockAddr, SockRef, Socket};

use super::hex::{Direction, HexDump};
use super::trouble::Trouble;
use crate::event::{Emitter, Reporter, Session, Way};
use crate::net::{Ending, Endpoint};

/// A conversation as the events and its timeouts see it.
#[derive(Debug)]
pub(crate) struct Account {
    emitter: Emitter,
    reporter: Reporter,
    pub(super) session: Session,
    /// When bytes last moved.
    pub(super) moved: Instant,
}

impl Account {
    /// Tells that we are connected.
    pub(crate) fn open(emitter: &Emitter, socket: &SockRef<'_>) -> Self {
        let reporter = emitter.reporter("client");
        let session = reporter.connected(Way::Out, endpoint(socket.peer_addr()), endpoint(socket.local_addr()));
        Self { emitter: emitter.clone(), reporter, session, moved: Instant::now() }
    }

    pub(super) fn sent(&mut self, bytes: &[u8]) {
        self.moved = Instant::now();
        self.reporter.sent(&mut self.session, bytes);
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.moved = Instant::now();
        self.reporter.received(&mut self.session, bytes);
    }

    pub(super) fn closed(&self, ending: Ending) {
        self.reporter.disconnected(&self.session, ending);
    }
}

/// A socket without a name is the end of a Unix socket, or one that is gone already.
fn endpoint(addr: io::Result<SockAddr>) -> Endpoint {
    addr.map_or(Endpoint::Unix(None), |addr| match addr.as_socket() {
        Some(ip) => ip.into(),
        None => Endpoint::Unix(addr.as_pathname().map(Into::into)),
    })
}

/// A blocking socket with what is to be told of it.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    account: Mutex<Account>,
    dump: Option<HexDump>,
    idle: Option<Duration>,
    /// What came and is still to be received here.
    unread: Mutex<Vec<u8>>,
}

/// Who has something.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) peer: bool,
    /// In the order they were asked about.
    pub(super) others: Vec<bool>,
}

impl Wire {
    pub(crate) fn new(socket: Socket, account: Account) -> Self {
        Self { socket, account: Mutex::new(account), dump: None, idle: None, unread: Mutex::default() }
    }

    /// Writes what passes down in `dump`.
    pub(crate) fn dumped(self, dump: Option<HexDump>) -> Self {
        Self { dump, ..self }
    }

    /// Fails with [`Trouble::Idle`] when nothing moves in either direction for so long.
    pub(crate) fn limited(self, idle: Option<Duration>) -> Self {
        Self { idle, ..self }
    }

    /// What has come next, or 0 when the peer has said everything.
    ///
    /// # Errors
    /// Where the connection was reset or was idle for too long; the socket is then shut.
    pub(super) fn receive(&self, buf: &mut [u8]) -> Result<usize, Trouble> {
        let again = self.take_unread(buf);
        if again > 0 {
            return Ok(again);
        }
        loop {
            if let Some(patience) = self.patience()? {
                self.socket.set_read_timeout(Some(patience)).map_err(Trouble::Socket)?;
            }
            match (&self.socket).read(buf) {
                Ok(count) => {
                    self.note(Direction::Received, &buf[..count]);
                    return Ok(count);
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(self.trouble(e, 0)),
            }
        }
    }

    /// Puts the end of what was received last back, for whoever receives next.
    pub(super) fn put_back(&self, bytes: &[u8]) {
        self.unread().splice(..0, bytes.iter().copied());
    }

    fn take_unread(&self, buf: &mut [u8]) -> usize {
        let mut unread = self.unread();
        let count = unread.len().min(buf.len());
        buf[..count].copy_from_slice(&unread[..count]);
        unread.drain(..count);
        count
    }

    fn unread(&self) -> MutexGuard<'_, Vec<u8>> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to receive, an end included, or something for one of the others, at most for
    /// `limit`.
    ///
    /// # Errors
    /// Where the connection was idle for too long; the socket is then shut.
    pub(super) fn wait(&self, others: &[BorrowedFd<'_>], limit: Option<Duration>) -> Result<Ready, Trouble> {
        if !self.unread().is_empty() {
            return Ok(Ready { peer: true, others: vec![false; others.len()] });
        }
        let limit = [self.patience()?, limit].into_iter().flatten().min();
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        let others = others.iter().map(|other| PollFd::from_borrowed_fd(*other, PollFlags::IN));
        let mut fds: Vec<PollFd<'_>> = others.chain([PollFd::new(&self.socket, PollFlags::IN)]).collect();
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) => {
                let peer = fds.pop().is_some_and(|socket| !socket.revents().is_empty());
                Ok(Ready { peer, others: fds.iter().map(|other| !other.revents().is_empty()).collect() })
            }
            // A signal makes it shorter, and whoever waits for one looks.
            Err(rustix::io::Errno::INTR) => Ok(Ready { peer: false, others: vec![false; fds.len() - 1] }),
            Err(e) => Err(Trouble::Socket(e.into())),
        }
    }

    /// Whether there is something to receive, an end included, now or soon.
    pub(super) fn has_more_within(&self, limit: Duration) -> bool {
        if !self.unread().is_empty() {
            return true;
        }
        let limit = Timespec::try_from(limit).expect("nobody waits for ages");
        // A signal makes it shorter, which hurts nobody.
        poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&limit)).is_ok_and(|ready| ready > 0)
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// Where the peer takes no more; it says how much of `bytes` was not taken.
    pub(super) fn send(&self, mut bytes: &[u8]) -> Result<(), Trouble> {
        while !bytes.is_empty() {
            if let Some(patience) = self.patience()? {
                self.socket.set_write_timeout(Some(patience)).map_err(Trouble::Socket)?;
            }
            match (&self.socket).write(bytes) {
                Ok(count) => {
                    self.note(Direction::Sent, &bytes[..count]);
                    bytes = &bytes[count..];
                }
                Err(e) if is_passing(&e) => {}
                Err(e) => return Err(self.trouble(e, bytes.len())),
            }
        }
        Ok(())
    }

    /// Says that we have said everything. A connection that is gone shows it to whoever receives.
    pub(super) fn half_close(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Ends both directions, which wakes whoever waits for one of them.
    pub(super) fn cut(&self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// An error that came after the last byte: the peer did not take everything after all.
    pub(super) fn late_trouble(&self) -> Result<(), Trouble> {
        match self.socket.take_error() {
            Ok(None) => Ok(()),
            Ok(Some(e)) | Err(e) => Err(self.trouble(e, 0)),
        }
    }

    /// Whether others may read what passes: it leaves this machine, and nothing hides it.
    pub(super) fn can_be_overheard(&self) -> bool {
        let leaves = |peer: SockAddr| peer.as_socket().is_some_and(|peer| !peer.ip().to_canonical().is_loopback());
        self.socket.peer_addr().map_or(true, leaves)
    }

    /// Waits a moment until what was told so far stands on the screen, so that it stands in front of what it tells of.
    pub(super) fn catch_up(&self) {
        let emitter = self.account().emitter.clone();
        emitter.catch_up(MOMENT);
    }

    /// Tells how it ended.
    pub(super) fn closed(&self, ending: Ending) {
        self.account().closed(ending);
    }

    /// How long the connection may still be quiet.
    ///
    /// # Errors
    /// Where that was too long; the socket is then shut.
    pub(super) fn patience(&self) -> Result<Option<Duration>, Trouble> {
        let Some(idle) = self.idle else { return Ok(None) };
        let left = idle.saturating_sub(self.account().moved.elapsed());
        if left.is_zero() {
            self.cut();
            return Err(Trouble::Idle(idle));
        }
        // A timeout of less than a microsecond would mean none at all.
        Ok(Some(left.max(Duration::from_millis(1))))
    }

    fn note(&self, direction: Direction, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match direction {
            Direction::Sent => self.account().sent(bytes),
            Direction::Received => self.account().received(bytes),
        }
        if let Some(dump) = &self.dump {
            dump.dump(direction, bytes);
        }
    }

    fn trouble(&self, error: io::Error, left: usize) -> Trouble {
        let account = self.account();
        let (received, taken) = (account.session.bytes_in, account.session.bytes_out);
        match error.kind() {
            ErrorKind::BrokenPipe if left > 0 => Trouble::Unsent { taken, left },
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => {
                Trouble::Reset { received, left }
            }
            _ => Trouble::Socket(error),
        }
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To wait for it beside other things.
impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Nobody notices it, and a sink that is not stalled needs far less.
const MOMENT: Duration = Duration::from_millis(50);

/// A timeout of ours, which says only that it is time to look at the clock, or a signal.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
