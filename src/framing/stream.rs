//! Stream: messages over anything that reads and writes. The one file of this room that knows time, because a burst
//! ends by silence.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use super::{Codec, FramingError, Message};

/// Why no message came or went.
#[derive(Debug, thiserror::Error)]
pub enum RecvError {
    /// What came is no message of this framing; the text is fit to be sent to the peer.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The stream failed; a reset is one.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Sending and receiving whole messages, for every stream that reads and writes.
///
/// The [`Codec`] holds what has come of the next message, so each direction of a conversation keeps to one codec; one
/// codec may serve both.
#[expect(async_fn_in_trait, reason = "for streams of one thread too, whose futures cannot be Send")]
pub trait MessageStream: AsyncRead + AsyncWrite + Unpin {
    /// The next message; `None` at the end of the stream. Between two calls nothing is held but the beginning of a
    /// message, at most the codec's bound.
    ///
    /// # Errors
    /// [`RecvError::Framing`] where the peer breaks the framing, or ends within a message; [`RecvError::Io`] where the
    /// stream fails.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing: what has come stays in the codec.
    async fn recv_message(&mut self, codec: &mut Codec) -> Result<Option<Message>, RecvError> {
        loop {
            if let Some(message) = codec.decode()? {
                return Ok(Some(message));
            }
            let arrived = if codec.awaits_silence() {
                // Boxed, so that only who has begun a message holds a timer.
                let arrived = Box::pin(timeout(SILENCE, take_some(self, codec))).await;
                let Ok(arrived) = arrived else { return Ok(codec.silence()) };
                arrived
            } else {
                take_some(self, codec).await
            };
            if arrived? == 0 {
                return Ok(codec.finish()?);
            }
        }
    }

    /// The next message as text; bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// As [`recv_message`](Self::recv_message).
    ///
    /// # Cancel safety
    /// As [`recv_message`](Self::recv_message).
    async fn recv_text(&mut self, codec: &mut Codec) -> Result<Option<String>, RecvError> {
        let message = self.recv_message(codec).await?;
        Ok(message.map(|message| match String::from_utf8(message.bytes) {
            Ok(text) => text,
            Err(e) => String::from_utf8_lossy(e.as_bytes()).into_owned(),
        }))
    }

    /// Sends a message with the delimiter of the last one received, in one write where the stream takes it.
    ///
    /// # Errors
    /// [`RecvError::Framing`] where it cannot be sent in this framing, and nothing was then sent; [`RecvError::Io`]
    /// where the stream fails.
    ///
    /// # Cancel safety
    /// Not cancel safe: a part of the message may have gone out.
    async fn send_message(&mut self, codec: &mut Codec, message: &[u8]) -> Result<(), RecvError> {
        let mut out = Vec::with_capacity(message.len() + 16);
        codec.encode(message, codec.answer_end(), &mut out)?;
        self.write_all(&out).await?;
        Ok(self.flush().await?)
    }

    /// Sends a text as UTF-8, as [`send_message`](Self::send_message) does.
    ///
    /// # Errors
    /// As [`send_message`](Self::send_message).
    ///
    /// # Cancel safety
    /// Not cancel safe: a part of the text may have gone out.
    async fn send_text(&mut self, codec: &mut Codec, text: &str) -> Result<(), RecvError> {
        self.send_message(codec, text.as_bytes()).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + ?Sized> MessageStream for S {}

/// Reads once and hands it to the codec. The buffer lives on the stack of the one poll that fills it, so that who waits
/// holds none.
async fn take_some<S: AsyncRead + Unpin + ?Sized>(stream: &mut S, codec: &mut Codec) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut space = [MaybeUninit::uninit(); LARGEST_READ];
        let room = codec.room().min(space.len());
        let mut buf = ReadBuf::uninit(&mut space[..room]);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf))?;
        codec.push(buf.filled());
        Poll::Ready(Ok(buf.filled().len()))
    })
    .await
}

/// So long nothing comes before a burst is over.
const SILENCE: Duration = Duration::from_millis(100);
/// The most that is taken at once.
const LARGEST_READ: usize = 16 * 1024;
