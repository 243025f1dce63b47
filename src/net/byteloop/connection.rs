//! Connection: one peer of the byte loop. It reads into the loop's buffer, sends back at once, and keeps only what the
//! peer would not take; while it keeps something it does not read, which is the backpressure.

use std::io::{self, ErrorKind};
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use rustix::net::{RecvFlags, SendFlags};

#[cfg(target_os = "linux")]
use super::splice::Pipe;
use super::{Copying, Ending, Host};

/// One connection; 32 bytes beside its guest, so that with a guest of 32 it fills one line of the cache.
pub(super) struct Connection<G> {
    stream: TcpStream,
    /// `None` for one who was turned away and is only waited for.
    guest: Option<G>,
    /// What the peer's window had no room for: at most one buffer.
    unsent: Option<Box<Unsent>>,
    #[cfg(target_os = "linux")]
    pipe: Option<Box<Pipe>>,
    /// When bytes last moved, in the loop's ticks.
    moved: u32,
    /// The number of the listener that it came in at.
    door: u16,
    /// Reads in a row that filled the whole buffer: the mark of a stream.
    full_reads: u8,
    /// Whether it stands in the loop's queue for another turn already.
    queued: bool,
}

struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
}

/// What a connection needs of its loop for a turn.
pub(super) struct Round<'a, H> {
    pub(super) host: &'a mut H,
    pub(super) buffer: &'a mut [u8],
    /// The loop's tick.
    pub(super) now: u32,
    pub(super) copying: Copying,
    /// Bytes received in this turn.
    pub(super) received: usize,
}

/// How a turn went.
pub(super) enum Turn {
    /// Nothing more to do before the next event.
    Waits,
    /// The turn is used up; there may be more to read.
    MayHaveMore,
    Ended(Ending),
}

/// How far a connection must be read for the next event to be certain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// A read that does not fill the buffer has emptied the socket: on Linux a new edge comes with new bytes.
    ShortRead,
    /// To the last: the peer has closed, and no new edge will tell of it.
    WouldBlock,
}

impl Until {
    pub(super) fn of(event: &Event) -> Self {
        let edge_is_certain = cfg!(target_os = "linux") && !event.is_read_closed() && !event.is_error();
        if edge_is_certain { Self::ShortRead } else { Self::WouldBlock }
    }
}

impl<G> Connection<G> {
    pub(super) fn new(stream: TcpStream, (door, guest): (usize, Option<G>), now: u32) -> Self {
        Self {
            stream,
            guest,
            unsent: None,
            #[cfg(target_os = "linux")]
            pipe: None,
            moved: now,
            // More listeners than that are more than there are ports.
            door: door as u16,
            full_reads: 0,
            queued: false,
        }
    }

    /// Takes a place in the queue for another turn; false where it has one.
    pub(super) fn queue(&mut self) -> bool {
        !std::mem::replace(&mut self.queued, true)
    }

    pub(super) fn leave_queue(&mut self) {
        self.queued = false;
    }

    pub(super) fn is_turned_away(&self) -> bool {
        self.guest.is_none()
    }

    pub(super) fn silent_for(&self, now: u32) -> Duration {
        Duration::from_millis(now.wrapping_sub(self.moved).into())
    }

    pub(super) fn door(&self) -> usize {
        self.door.into()
    }

    /// How many bytes are still due to the peer.
    pub(super) fn unsent(&self) -> usize {
        let unsent = self.unsent.as_ref().map_or(0, |unsent| unsent.bytes.len() - unsent.sent);
        #[cfg(target_os = "linux")]
        let unsent = unsent + self.pipe.as_ref().map_or(0, |pipe| pipe.filled());
        unsent
    }

    pub(super) fn into_guest(self) -> Option<G> {
        self.guest
    }

    /// Reads and sends back until nothing moves any more or the turn is used up, so that one busy peer does not keep
    /// the others waiting.
    pub(super) fn turn<H: Host<Guest = G>>(&mut self, round: &mut Round<'_, H>, until: Until) -> Turn {
        let done = if self.is_turned_away() { self.discard(round) } else { self.exchange(round, until) };
        match done {
            Ok(turn) => turn,
            Err(e) if e.kind() == ErrorKind::WouldBlock => Turn::Waits,
            Err(e) => Turn::Ended(e.into()),
        }
    }

    /// "Would block" stands for a turn that has nothing more to do.
    fn exchange<H: Host<Guest = G>>(&mut self, round: &mut Round<'_, H>, until: Until) -> io::Result<Turn> {
        for _ in 0..READS_A_TURN {
            #[cfg(target_os = "linux")]
            if self.streams_through_pipe(round) {
                return self.splice(round);
            }
            self.deliver(round)?;
            let count = again_if_interrupted(|| receive(&self.stream, round.buffer))?;
            if count == 0 {
                return Ok(Turn::Ended(Ending::PeerClosed));
            }
            self.reply(round, count)?;
            let filled = count == round.buffer.len();
            self.full_reads = if filled { self.full_reads.saturating_add(1) } else { 0 };
            if !filled && until == Until::ShortRead {
                return Ok(Turn::Waits);
            }
        }
        Ok(Turn::MayHaveMore)
    }

    /// Sends back the first `count` bytes of the buffer, and keeps what the peer does not take.
    fn reply<H: Host<Guest = G>>(&mut self, round: &mut Round<'_, H>, count: usize) -> io::Result<()> {
        let bytes = &round.buffer[..count];
        let Some(guest) = &mut self.guest else { return Ok(()) };
        self.moved = round.now;
        round.received += count;
        round.host.received(self.door.into(), guest, bytes);
        let sent = match again_if_interrupted(|| send(&self.stream, bytes)) {
            Err(e) if e.kind() == ErrorKind::WouldBlock => 0,
            done => done?,
        };
        if sent > 0 {
            round.host.sent(self.door.into(), guest, &bytes[..sent]);
        }
        if sent == count {
            return Ok(());
        }
        self.unsent = Some(Box::new(Unsent { bytes: bytes[sent..].to_vec(), sent: 0 }));
        self.deliver(round)
    }

    /// Sends what was kept; "would block" while the peer does not take it all.
    fn deliver<H: Host<Guest = G>>(&mut self, round: &mut Round<'_, H>) -> io::Result<()> {
        let (Some(unsent), Some(guest)) = (&mut self.unsent, &mut self.guest) else { return Ok(()) };
        while unsent.sent < unsent.bytes.len() {
            let rest = &unsent.bytes[unsent.sent..];
            let count = again_if_interrupted(|| send(&self.stream, rest))?;
            self.moved = round.now;
            round.host.sent(self.door.into(), guest, &rest[..count]);
            unsent.sent += count;
        }
        self.unsent = None;
        Ok(())
    }

    /// Reads and forgets, so that the line that says why is not destroyed by a reset.
    fn discard<H>(&mut self, round: &mut Round<'_, H>) -> io::Result<Turn> {
        for _ in 0..READS_A_TURN {
            if again_if_interrupted(|| receive(&self.stream, round.buffer))? == 0 {
                return Ok(Turn::Ended(Ending::PeerClosed));
            }
        }
        Ok(Turn::Ended(Ending::Limit))
    }
}

#[cfg(target_os = "linux")]
impl<G> Connection<G> {
    /// Whether this is a stream that passes through a pipe. Where no pipe is to be had it goes on through the buffer.
    fn streams_through_pipe<H>(&mut self, round: &Round<'_, H>) -> bool {
        let begins = round.copying == Copying::Splice && self.full_reads >= READS_OF_A_STREAM && self.unsent.is_none();
        if begins && self.pipe.is_none() {
            self.full_reads = 0;
            self.pipe = Pipe::new().ok().map(Box::new);
        }
        self.pipe.is_some()
    }

    fn splice<H: Host<Guest = G>>(&mut self, round: &mut Round<'_, H>) -> io::Result<Turn> {
        let (Some(pipe), Some(guest)) = (&mut self.pipe, &mut self.guest) else { return Ok(Turn::Waits) };
        let (sent, delivered) = pipe.empty_into(&self.stream);
        let received = delivered.and_then(|()| pipe.fill_from(&self.stream));
        let counts = [received.as_ref().copied().unwrap_or(0) as u64, sent as u64];
        if counts != [0, 0] {
            self.moved = round.now;
            round.received += counts[0] as usize;
            round.host.passed(self.door.into(), guest, counts);
        }
        Ok(if received? == 0 { Turn::Ended(Ending::PeerClosed) } else { Turn::MayHaveMore })
    }
}

/// System calls without the C library around them: in a process with threads its wrappers mark each one as a
/// cancellation point, which was 2 % of a small message's cost.
fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::net::recv(stream, buffer, RecvFlags::empty())?.0)
}

fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, bytes, SendFlags::NOSIGNAL)?)
}

fn again_if_interrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Buffers that one connection may move before the others get their turn: 240 KiB, about 0.1 ms of work.
const READS_A_TURN: usize = 4;
/// Full buffers in a row that make a stream.
#[cfg(target_os = "linux")]
const READS_OF_A_STREAM: u8 = 4;
