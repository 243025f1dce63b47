//! Stream: connections that are only looked at. They are dialled, heard within bounds of bytes and time, and dropped,
//! which resets them: nothing is owed, and neither side keeps a port in TIME_WAIT.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::LARGEST;
use crate::scan::Verdict;

/// A way to a port, as often as it is needed.
pub(super) trait Dial: Sync {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send;

    /// A fresh connection, for which the peer has `patience`. What this machine is short of is waited for longer, because
    /// the peer has no part in that.
    ///
    /// # Errors
    /// Where nobody accepts it, or the shortage stays.
    fn dial(&self, patience: Duration) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Dial for SocketAddr {
    type Stream = TcpStream;

    async fn dial(&self, patience: Duration) -> io::Result<TcpStream> {
        let until = Instant::now() + LONGEST_SHORTAGE;
        loop {
            match timeout(patience, TcpStream::connect(self)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into())) {
                Err(error) if is_shortage(&error) && Instant::now() < until => sleep(SHORTAGE).await,
                Err(error) => return Err(error),
                Ok(stream) if stream.local_addr()? == stream.peer_addr()? => {
                    // A closed port that the system chose as our own one answers with our own bytes.
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                Ok(stream) => {
                    stream.set_zero_linger()?;
                    return Ok(stream);
                }
            }
        }
    }
}

/// Whether this machine lacks something that it may have a moment later.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error).is_some_and(|errno| Verdict::of(errno).is_shortage())
}

/// What was heard on a connection.
#[derive(Debug)]
pub(super) struct Heard {
    /// At most [`LARGEST`].
    pub(super) bytes: Vec<u8>,
    pub(super) end: End,
}

/// Why it was not heard on.
#[derive(Debug)]
pub(super) enum End {
    /// It was enough, or nothing more came in time.
    Open,
    /// The peer ended its side.
    Closed,
    /// It failed; mostly reset.
    Failed(io::Error),
    /// There was no connection to hear on.
    Unreached(io::Error),
}

/// Whether there is more to wait for.
pub(super) enum Wait {
    /// As long as there is patience.
    Long,
    /// As long as it takes a second segment to follow a first.
    Short,
    /// It is complete.
    Over,
}

/// What `stream` says within `patience`, or for as long as `wait` wants to have more.
pub(super) async fn hear<S: AsyncRead + Unpin + Send>(
    stream: &mut S,
    patience: Duration,
    wait: impl Fn(&[u8]) -> Wait + Send,
) -> Heard {
    let until = Instant::now() + patience;
    let mut bytes = Vec::new();
    let mut buffer = [0; LARGEST];
    let end = loop {
        let room = LARGEST - bytes.len();
        if room == 0 {
            break End::Open;
        }
        let pause = match wait(&bytes) {
            Wait::Long => patience,
            Wait::Short => PAUSE,
            Wait::Over => break End::Open,
        };
        match timeout_at(until.min(Instant::now() + pause), stream.read(&mut buffer[..room])).await {
            Err(_) => break End::Open,
            Ok(Err(error)) => break End::Failed(error),
            Ok(Ok(0)) => break End::Closed,
            Ok(Ok(count)) => bytes.extend_from_slice(&buffer[..count]),
        }
    };
    Heard { bytes, end }
}

/// A stream that keeps the start of what went each way, and ends where the peer says too much.
pub(super) struct Recorded<S> {
    stream: S,
    record: Arc<Mutex<Record>>,
    /// How much more may come.
    left: usize,
}

/// The start of what went each way, [`LARGEST`] bytes at most.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) sent: Vec<u8>,
    pub(super) received: Vec<u8>,
}

impl<S> Recorded<S> {
    pub(super) fn new(stream: S, most: usize) -> (Self, Arc<Mutex<Record>>) {
        let record = Arc::<Mutex<Record>>::default();
        (Self { stream, record: record.clone(), left: most }, record)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, "says too much")));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let came = &buf.filled()[before..];
        this.left = this.left.saturating_sub(came.len());
        keep(&mut this.record.lock().unwrap_or_else(PoisonError::into_inner).received, came);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = polled {
            keep(&mut this.record.lock().unwrap_or_else(PoisonError::into_inner).sent, &bytes[..count]);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

fn keep(kept: &mut Vec<u8>, bytes: &[u8]) {
    let room = LARGEST - kept.len();
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// For the rest of what was begun: headers in a segment of their own.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a shortage may last: the scan beside us uses all that it may, and gives way in less.
const LONGEST_SHORTAGE: Duration = Duration::from_secs(60);

/// Between two tries where this machine lacks something.
const SHORTAGE: Duration = Duration::from_millis(20);
