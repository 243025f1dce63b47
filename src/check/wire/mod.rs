//! Wire: our end of one connection, and what can be done with it on purpose. Streams are compared as bytes, never as
//! messages: how they were cut on the way is not the program's doing.

/// What came instead, in words.
mod telling;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::document::{Deed, Transport};
use super::fault::{Fault, Miss};
use super::say;
use super::scene::Scene;
use crate::net::Reason;
use telling::{died_or, with_death};

/// A connection. Dropped, it ends by a reset, so that no end of the program stays in TIME_WAIT and keeps its port from
/// the next start.
pub(crate) struct Wire {
    socket: TcpStream,
    number: u32,
    scene: Rc<Scene>,
    /// What has come and was not taken yet.
    heard: Vec<u8>,
    /// How much has come in all.
    total: u64,
    end: Option<End>,
    /// What was said, for the fault.
    said: Vec<u8>,
}

/// How the other side ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Rst,
}

/// How to reach somebody.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reach {
    /// Where from, where that matters.
    pub(crate) source: Option<std::net::IpAddr>,
    /// Our port, where it has to be one that was used before; 0 for any.
    pub(crate) source_port: u16,
    /// Bytes of our receive buffer: a small one makes the other side feel soon that nobody reads.
    pub(crate) receive_buffer: Option<usize>,
}

impl Wire {
    /// # Errors
    /// The program's fault where it refuses or does not accept, and ours where the system gives us no socket.
    pub(crate) fn dial(scene: &Rc<Scene>, to: SocketAddr, reach: Reach) -> Result<Self, Miss> {
        let ours = |e: io::Error| Miss::Unjudged(format!("we could not make a socket: {}", Reason(&e)));
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).map_err(ours)?;
        if let Some(bytes) = reach.receive_buffer {
            socket.set_recv_buffer_size(bytes).map_err(ours)?;
        }
        if let Some(source) = reach.source {
            socket.set_reuse_address(reach.source_port != 0).map_err(ours)?;
            socket.bind(&SocketAddr::new(source, reach.source_port).into()).map_err(ours)?;
        }
        let patience = scene.stretched(CONNECTING);
        if let Err(error) = socket.connect_timeout(&SockAddr::from(to), patience) {
            let why = Reason(&error).to_string();
            scene.note(0, Deed::NotConnected { to: to.to_string(), why: why.clone() });
            let transport = match error.kind() {
                ErrorKind::ConnectionRefused => Transport::Refused,
                ErrorKind::TimedOut | ErrorKind::WouldBlock => Transport::Timeout,
                _ => return Err(ours(error)),
            };
            let got = match transport {
                Transport::Refused => format!("{to} refused the connection"),
                _ => format!("{to} did not accept within {} s", patience.as_secs()),
            };
            let fault = Fault::new(died_or(scene, transport), "a connection", with_death(scene, got));
            return Err(fault.seen(scene.account()).into());
        }
        Self::over(scene, socket.into()).map_err(ours)
    }

    /// A connection that somebody made to us, or that we made.
    pub(crate) fn over(scene: &Rc<Scene>, socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
        let number = scene.next_connection();
        let (from, to) = (socket.local_addr()?.to_string(), socket.peer_addr()?.to_string());
        scene.note(number, Deed::Connected { from, to });
        let (heard, said) = (Vec::new(), Vec::new());
        Ok(Self { socket, number, scene: Rc::clone(scene), heard, total: 0, end: None, said })
    }

    pub(crate) fn local(&self) -> Result<SocketAddr, Miss> {
        self.socket.local_addr().map_err(|e| Miss::Unjudged(format!("our socket has no address: {}", Reason(&e))))
    }

    /// Says all of it, in one segment where it fits, and listens meanwhile, so that nobody waits for us.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), Miss> {
        self.note_sent(bytes);
        let scene = Rc::clone(&self.scene);
        let mut wait = scene.wait(SENDING);
        let mut rest = bytes;
        while !rest.is_empty() {
            let before = rest.len();
            let Some(slice) = wait.slice() else {
                let taken = bytes.len() - rest.len();
                let got = format!("it took {taken} bytes and then no more");
                return Err(self.fault(Transport::Timeout, format!("{} bytes taken", bytes.len()), got));
            };
            let sent = self.turn(rest, slice);
            rest = &rest[sent..];
            if rest.len() < before {
                wait = scene.wait(SENDING);
            }
            if self.end == Some(End::Rst) {
                let got = self.story("the connection was reset while we were sending");
                return Err(self.fault(Transport::Rst, format!("{} bytes taken", bytes.len()), got));
            }
        }
        Ok(())
    }

    /// Says as much as is taken, without listening, until nothing was taken for `span`; how much that was.
    pub(crate) fn push(&mut self, bytes: &[u8], span: Duration) -> usize {
        let scene = Rc::clone(&self.scene);
        let (mut rest, mut wait) = (bytes, scene.wait(span));
        while !rest.is_empty() {
            match self.socket.write(rest) {
                Ok(n) => (rest, wait) = (&rest[n..], scene.wait(span)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    let Some(slice) = wait.slice() else { break };
                    self.await_socket(PollFlags::OUT, slice);
                }
                Err(_) => break,
            }
        }
        let pushed = bytes.len() - rest.len();
        self.note_sent(&bytes[..pushed]);
        pushed
    }

    /// From now on it is read as by anybody.
    pub(crate) fn widen(&self) {
        // A small buffer is as good, and slower.
        let _ = SockRef::from(&self.socket).set_recv_buffer_size(USUAL_BUFFER);
    }

    /// Exactly this comes back. What comes behind it stays for the next.
    pub(crate) fn expect(&mut self, want: &[u8]) -> Result<(), Miss> {
        self.expect_any(&[want.to_vec()]).map(drop)
    }

    /// One of these comes back; which one.
    pub(crate) fn expect_any(&mut self, wants: &[Vec<u8>]) -> Result<usize, Miss> {
        let scene = Rc::clone(&self.scene);
        let mut wait = scene.wait(ANSWER);
        loop {
            if let Some(which) = wants.iter().position(|want| self.heard.starts_with(want)) {
                self.heard.drain(..wants[which].len());
                return Ok(which);
            }
            if !wants.iter().any(|want| want.starts_with(&self.heard)) {
                self.listen_until_quiet(QUIET, QUIET * 4);
                return Err(self.differs(wants));
            }
            if self.end.is_some() {
                return Err(self.differs(wants));
            }
            let before = self.total;
            match wait.slice() {
                Some(slice) => self.turn(&[], slice),
                None => return Err(self.differs(wants)),
            };
            // As long as it goes on it is not late.
            if self.total > before {
                wait = scene.wait(ANSWER);
            }
        }
    }

    /// Nothing comes for a moment: what was wanted is all there is.
    pub(crate) fn expect_no_more(&mut self) -> Result<(), Miss> {
        self.expect_silence(QUIET, "nothing behind it")
    }

    /// Nothing comes for so long, and it stays open.
    pub(crate) fn expect_silence(&mut self, span: Duration, want: &str) -> Result<(), Miss> {
        self.listen_for(span);
        if self.heard.is_empty() { Ok(()) } else { Err(self.surplus(want)) }
    }

    /// It ends, and says nothing more.
    pub(crate) fn expect_end(&mut self) -> Result<(), Miss> {
        self.listen_to_the_end();
        let want = "nothing more, and FIN";
        match self.end {
            _ if !self.heard.is_empty() => Err(self.surplus(want)),
            Some(End::Fin) => Ok(()),
            Some(End::Rst) => {
                let got = self.story("RST instead of FIN");
                Err(self.fault(Transport::Rst, want, got))
            }
            None => {
                let got = format!("the connection still open after {} s", self.seconds(ANSWER));
                Err(self.fault(Transport::Timeout, want, got))
            }
        }
    }

    /// What comes until it ends, or says nothing for as long as an answer may take.
    pub(crate) fn listen_to_the_end(&mut self) {
        let scene = Rc::clone(&self.scene);
        let mut wait = scene.wait(ANSWER);
        while self.end.is_none() {
            let before = self.total;
            let Some(slice) = wait.slice() else { return };
            self.turn(&[], slice);
            if self.total > before {
                wait = scene.wait(ANSWER);
            }
        }
    }

    /// What it says next: everything until it is quiet for a moment or ends. Nothing where it says nothing in time.
    pub(crate) fn hear(&mut self) -> Vec<u8> {
        self.hear_within(ANSWER)
    }

    pub(crate) fn hear_within(&mut self, span: Duration) -> Vec<u8> {
        let scene = Rc::clone(&self.scene);
        let mut wait = scene.wait(span);
        while self.heard.is_empty() && self.end.is_none() {
            let Some(slice) = wait.slice() else { break };
            self.turn(&[], slice);
        }
        if !self.heard.is_empty() {
            self.listen_until_quiet(QUIET, ANSWER);
        }
        std::mem::take(&mut self.heard)
    }

    /// Listens for exactly so long.
    pub(crate) fn listen_for(&mut self, span: Duration) {
        let mut left = span;
        while !left.is_zero() && self.end.is_none() && !self.scene.is_stopped() {
            let slice = left.min(Duration::from_millis(20));
            let begun = std::time::Instant::now();
            self.turn(&[], slice);
            left = left.saturating_sub(begun.elapsed());
        }
    }

    /// Reads at most `most` bytes, if there are any, and says whether it could go on.
    pub(crate) fn sip(&mut self, most: usize) -> bool {
        // Who reads on behind a reset is told of an end.
        if self.end.is_some() {
            return false;
        }
        let mut buffer = vec![0; most];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.ends(End::Fin),
            Ok(n) => self.take(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.ends(End::Rst),
        }
        self.end.is_none()
    }

    /// What has come and was not taken.
    pub(crate) fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// Takes it.
    pub(crate) fn take_heard(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.heard)
    }

    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }

    /// Our side ends, and we go on listening.
    pub(crate) fn fin(&mut self) {
        self.scene.note(self.number, Deed::FinSent);
        // Who has gone needs no FIN.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Both sides end, as a program that closes its socket does.
    pub(crate) fn close(self) {
        self.scene.note(self.number, Deed::FinSent);
        let _ = SockRef::from(&self.socket).set_linger(None);
    }

    /// Ends at once: what is under way is lost.
    pub(crate) fn reset(self) {
        self.scene.note(self.number, Deed::ResetSent);
    }

    /// One byte out of band.
    pub(crate) fn send_urgent(&mut self, byte: u8) -> Result<(), Miss> {
        let sent = SockRef::from(&self.socket).send_out_of_band(&[byte]);
        sent.map(drop).map_err(|e| Miss::Unjudged(format!("no byte could be sent out of band: {}", Reason(&e))))
    }

    fn turn(&mut self, out: &[u8], span: Duration) -> usize {
        let mut wanted = PollFlags::IN;
        if !out.is_empty() {
            wanted |= PollFlags::OUT;
        }
        if self.end == Some(End::Fin) {
            wanted.remove(PollFlags::IN);
        }
        let ready = self.await_socket(wanted, span);
        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) && self.end.is_none() {
            self.read();
        }
        if out.is_empty() || !ready.intersects(PollFlags::OUT | PollFlags::HUP | PollFlags::ERR) {
            return 0;
        }
        match self.socket.write(out) {
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => {
                self.ends(End::Rst);
                0
            }
        }
    }

    fn await_socket(&self, wanted: PollFlags, span: Duration) -> PollFlags {
        let mut sockets = [PollFd::new(&self.socket, wanted)];
        // At least a millisecond, so that a rest of a slice does not make a busy loop.
        let span = span.max(Duration::from_millis(1)).try_into().ok();
        match poll(&mut sockets, span.as_ref()) {
            Ok(_) => sockets[0].revents(),
            Err(_) => PollFlags::empty(),
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 64 * 1024];
        match self.socket.read(&mut buffer) {
            Ok(0) => self.ends(End::Fin),
            Ok(n) => self.take(&buffer[..n]),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(_) => self.ends(End::Rst),
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.scene.note(self.number, Deed::Received { bytes: bytes.len() as u64, text: say::bytes(bytes) });
        let room = MOST_HEARD.saturating_sub(self.heard.len());
        self.heard.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn ends(&mut self, end: End) {
        self.end = Some(end);
        let deed = if end == End::Fin { Deed::FinReceived } else { Deed::ResetReceived };
        self.scene.note(self.number, deed);
    }

    fn note_sent(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(&bytes[..bytes.len().min(MOST_SAID)]);
        self.scene.note(self.number, Deed::Sent { bytes: bytes.len() as u64, text: say::bytes(bytes) });
    }

    fn listen_until_quiet(&mut self, quiet: Duration, most: Duration) {
        let begun = std::time::Instant::now();
        loop {
            let before = self.total;
            self.listen_for(quiet);
            if self.total == before || self.end.is_some() || begun.elapsed() > most {
                return;
            }
        }
    }
}

/// How long an answer may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(2);
/// A server with `listen(0)` loses the SYNs of a burst, and they are sent again after 1 s and 3 s.
const CONNECTING: Duration = Duration::from_secs(4);
/// Without progress.
const SENDING: Duration = Duration::from_secs(4);
/// Whoever has said something and says nothing for so long has said it all.
pub(crate) const QUIET: Duration = Duration::from_millis(120);
const USUAL_BUFFER: usize = 1 << 20;
/// Nobody is asked for more than 16 MiB.
const MOST_HEARD: usize = 64 << 20;
const MOST_SAID: usize = 1 << 17;
