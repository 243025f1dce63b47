//! Pipe: stdin to the socket and the socket to stdout, as a Unix filter does it. One thread sends, the caller's thread
//! receives; the end of stdin becomes a half-close, and the peer's end is waited for.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::arriving::Arriving;
use super::speech::{Incoming, Outgoing, Rendering, Speech, Translated};
use super::trouble::Trouble;
use super::wire::Wire;
use crate::net::Ending;

/// What follows from the state of stdin and of the peer.
enum Turn {
    Read,
    Leave,
}

/// How receiving ended without trouble.
enum Received {
    Everything,
    /// Nobody wants the rest.
    StdoutClosed,
}

/// Talks until both sides have said everything. When the peer ends first, what stdin still brings is sent, and a
/// stdin that is quiet for a quarter of a second then keeps nobody waiting. A closed stdout is an ordinary end. A line
/// that cannot be sent ends what we say; what was said before it is answered first.
///
/// # Errors
/// Where the peer resets, takes less than there was, or is idle for too long, and where stdin or stdout fail.
pub(crate) fn run(wire: Arc<Wire>, speech: Speech, rendering: Rendering) -> Result<(), Trouble> {
    let done = exchange(&wire, speech, rendering);
    wire.closed(match &done {
        Ok(Received::Everything) => Ending::PeerClosed,
        Ok(Received::StdoutClosed) => Ending::WeClosed,
        Err(trouble) => trouble.ending(),
    });
    done.map(drop)
}

fn exchange(wire: &Arc<Wire>, speech: Speech, rendering: Rendering) -> Result<Received, Trouble> {
    // Dropping our end tells the sender that the peer has ended.
    let (peer_open, peer_watch) = UnixStream::pair().map_err(Trouble::Socket)?;
    let sending = Arc::clone(wire);
    let sender = thread::Builder::new()
        .name("sender".into())
        .spawn(move || send(&sending, Outgoing::new(speech), &peer_watch))
        .map_err(Trouble::Socket)?;
    let received = receive(wire, Incoming::new(speech, rendering), rendering);
    if !matches!(received, Ok(Received::Everything)) {
        wire.cut();
    }
    drop(peer_open);
    let sent = sender.join().unwrap_or_else(|_| Err(Trouble::Stdin(ErrorKind::Other.into())));
    conclude(wire, received, sent)
}

fn conclude(wire: &Wire, received: Result<Received, Trouble>, sent: Result<(), Trouble>) -> Result<Received, Trouble> {
    match (received, sent) {
        (Ok(Received::StdoutClosed), _) => Ok(Received::StdoutClosed),
        // Where we left by ourselves, what was received ended too early for that reason.
        (_, Err(trouble @ (Trouble::Unsayable(_) | Trouble::Stdin(_)))) => Err(trouble),
        (Ok(Received::Everything), sent) => sent.and(wire.late_trouble()).map(|()| Received::Everything),
        (Err(Trouble::Reset { received, .. }), Err(Trouble::Unsent { left, .. } | Trouble::Reset { left, .. })) => {
            Err(Trouble::Reset { received, left })
        }
        (Err(trouble), _) => Err(trouble),
    }
}

/// stdin to the socket until stdin ends, or the peer has ended and stdin has nothing ready.
fn send(wire: &Wire, mut outgoing: Outgoing, peer_watch: &UnixStream) -> Result<(), Trouble> {
    let mut stdin = unbuffered(io::stdin().as_fd()).map_err(Trouble::Stdin)?;
    let mut buf = vec![0; BUFFER];
    while let Turn::Read = turn(stdin.as_fd(), peer_watch.as_fd()).map_err(Trouble::Stdin)? {
        match stdin.read(&mut buf) {
            Ok(0) => break,
            Ok(count) => say(wire, outgoing.translate(&buf[..count]))?,
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(e) => {
                wire.cut();
                return Err(Trouble::Stdin(e));
            }
        }
    }
    say(wire, outgoing.finish())?;
    wire.half_close();
    Ok(())
}

fn say(wire: &Wire, (bytes, sound): Translated<'_>) -> Result<(), Trouble> {
    wire.send(&bytes)?;
    // What was said before is still answered.
    sound.inspect_err(|_| wire.half_close())
}

fn turn(stdin: BorrowedFd<'_>, peer: BorrowedFd<'_>) -> io::Result<Turn> {
    let mut fds = [PollFd::from_borrowed_fd(stdin, PollFlags::IN), PollFd::from_borrowed_fd(peer, PollFlags::IN)];
    wait(&mut fds)?;
    if !fds[0].revents().is_empty() {
        return Ok(Turn::Read);
    }
    // The peer has ended. Whoever feeds stdin may only have paused, and what they still bring must not get lost in
    // silence: it is sent, and refused aloud.
    let more = poll(&mut fds[..1], Some(&Timespec::try_from(PAUSE).expect("a short time")));
    Ok(if more.is_ok_and(|ready| ready > 0) { Turn::Read } else { Turn::Leave })
}

fn wait(fds: &mut [PollFd<'_>]) -> io::Result<()> {
    loop {
        match poll(fds, None) {
            Err(rustix::io::Errno::INTR) => {}
            done => return done.map(drop).map_err(Into::into),
        }
    }
}

/// The socket to stdout until the peer ends or stdout closes.
fn receive(wire: &Wire, mut incoming: Incoming, rendering: Rendering) -> Result<Received, Trouble> {
    let mut stdout = unbuffered(io::stdout().as_fd()).map_err(Trouble::Stdout)?;
    let mut arriving = Arriving::default();
    let mut buf = vec![0; BUFFER];
    loop {
        let count = wire.receive(&mut buf)?;
        let (bytes, sound) = incoming.translate(&buf[..count]);
        let written = match (rendering, count) {
            (Rendering::Bytes, _) => write_all(&mut stdout, &bytes),
            (Rendering::Text, 0) => write_all(&mut stdout, arriving.finish().as_bytes()),
            (Rendering::Text, _) => write_all(&mut stdout, arriving.take(&bytes).as_bytes()),
        };
        match written {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => return Ok(Received::StdoutClosed),
            Err(e) => return Err(Trouble::Stdout(e)),
            Ok(()) if count == 0 => return incoming.finish().map(|()| Received::Everything),
            Ok(()) => sound?,
        }
    }
}

/// Another process may have made the shared stdout non-blocking, so a full one is waited for.
fn write_all(out: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                wait(&mut [PollFd::new(&*out, PollFlags::OUT)])?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// The descriptor itself: the standard library's buffers would hold bytes back.
fn unbuffered(fd: BorrowedFd<'_>) -> io::Result<File> {
    Ok(fd.try_clone_to_owned()?.into())
}

/// How long a stdin must be quiet after the peer's end to count as idle. A producer that pauses longer is told nothing.
const PAUSE: Duration = Duration::from_millis(250);
/// Large enough that system calls cost little, small enough for the cache.
const BUFFER: usize = 64 * 1024;
