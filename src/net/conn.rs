//! Conn: one conversation's stream and who is at its two ends. Taps, and later tls and faults, wrap the stream without
//! a service noticing.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::{Ending, Endpoint};

/// Anything that reads and writes; conversations stay on their worker, so it need not be `Send`.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// One conversation: bytes both ways between us and a peer.
pub(crate) struct Conn {
    stream: Box<dyn Duplex>,
    /// Who is at the other end.
    pub(crate) peer: Endpoint,
    /// The end they reached.
    pub(crate) local: Endpoint,
}

impl Conn {
    pub(crate) fn new(stream: impl Duplex + 'static, peer: Endpoint, local: Endpoint) -> Self {
        Self { stream: Box::new(stream), peer, local }
    }

    /// The same conversation through `wrapper`.
    pub(crate) fn wrap<W: Duplex + 'static>(self, wrapper: impl FnOnce(Box<dyn Duplex>) -> W) -> Self {
        Self { stream: Box::new(wrapper(self.stream)), ..self }
    }

    /// The next bytes from the peer, at most `most`, as they arrive; empty at the end of the stream. Between two calls
    /// no buffer is held: all conversations of a worker read through one.
    ///
    /// # Errors
    /// What the stream fails with; a reset is one.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(crate) async fn recv(&mut self, most: usize) -> io::Result<Vec<u8>> {
        poll_fn(|cx| {
            SCRATCH.with_borrow_mut(|scratch| {
                let room = most.clamp(1, scratch.len());
                let mut buf = ReadBuf::new(&mut scratch[..room]);
                ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
                Poll::Ready(Ok(buf.filled().to_vec()))
            })
        })
        .await
    }

    /// Ends the conversation from our side without hurting what was said last: half-closes, then reads and forgets
    /// what the peer still sends until it closes too, for at most a second and a megabyte. A plain close with unread
    /// bytes would send a reset, which can destroy our last words on their way (RFC 1122 section 4.2.2.13).
    ///
    /// # Errors
    /// Where the peer is gone before our last words were sent.
    ///
    /// # Cancel safety
    /// Dropping it closes at once.
    pub(crate) async fn hang_up(mut self) -> io::Result<Ending> {
        // Boxed, so that a conversation has room for its end only when it comes.
        Box::pin(async move {
            self.stream.shutdown().await?;
            let mut rest = (&mut self.stream).take(LINGER_BYTES);
            // A reset in this phase only says that the peer did not wait: our last words were sent.
            let _ = tokio::time::timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
            Ok(Ending::WeClosed)
        })
        .await
    }
}

impl AsyncRead for Conn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

thread_local! {
    /// Where a worker's reads land before they are copied to their exact size.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; LARGEST_RECV].into());
}

/// The most that one [`Conn::recv`] gives.
pub(crate) const LARGEST_RECV: usize = 16 * 1024;
/// How long and how much of a peer that talks on is listened to after our last words.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 1 << 20;
