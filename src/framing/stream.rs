//! Stream: messages over anything that reads and writes. The one file of this room that knows time, because a burst
//! ends by silence.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout_at};

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
/// codec may serve both, and answers then end as the questions did.
///
/// ```
/// use sockeye::framing::{Codec, Framing, MessageStream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = sockeye::Server::start("greet")?;
/// let mut stream = tokio::net::TcpStream::connect(server.addr()).await?;
/// let mut codec = Codec::new(Framing::Lines);
/// stream.send_text(&mut codec, "Hello").await?;
/// assert_eq!(stream.recv_text(&mut codec).await?.as_deref(), Some("Hello from server"));
/// assert_eq!(stream.recv_text(&mut codec).await?, None);
/// # Ok(())
/// # }
/// ```
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
    /// Dropping it loses nothing: what has come stays in the codec. Nor does calling it again put off the silence that
    /// ends a burst.
    ///
    /// # Panics
    /// With [`Framing::Burst`](super::Framing::Burst) on a tokio runtime without its timer.
    async fn recv_message(&mut self, codec: &mut Codec) -> Result<Option<Message>, RecvError> {
        loop {
            if let Some(message) = codec.decode()? {
                return Ok(Some(message));
            }
            let arrived = if codec.awaits_silence() {
                let since = *codec.silent_since.get_or_insert_with(Instant::now);
                // Boxed, so that only who has begun a message holds a timer.
                let arrived = Box::pin(timeout_at(since + SILENCE, take_some(self, codec))).await;
                let Ok(arrived) = arrived else { return Ok(codec.silence()?) };
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

#[cfg(test)]
mod tests {
    use std::task::Context;

    use tokio::io::{AsyncReadExt, DuplexStream, duplex};
    use tokio::time::sleep;

    use super::super::{Delimiter, Framing};
    use super::*;

    /// The next message with its end, or `None` at the end of the stream.
    async fn heard(stream: &mut DuplexStream, codec: &mut Codec) -> Option<(String, Delimiter)> {
        let message = stream.recv_message(codec).await.unwrap()?;
        Some((String::from_utf8(message.bytes).unwrap(), message.end))
    }

    #[tokio::test]
    async fn both_ends_say_several_things_in_reply_to_one_another_in_every_framing() {
        for framing in Framing::ALL {
            // A pipe of three bytes cuts headers and characters.
            let (mut ours, mut theirs) = duplex(3);
            let client = async {
                let mut codec = Codec::new(framing);
                ours.send_text(&mut codec, "pytanie").await.unwrap();
                ours.send_text(&mut codec, "jeszcze jedno").await.unwrap();
                for answer in ["zażółć", "gęślą", "jaźń"] {
                    assert_eq!(ours.recv_text(&mut codec).await.unwrap().as_deref(), Some(answer), "{framing}");
                }
                ours.send_message(&mut codec, b"\xff").await.unwrap();
                ours.shutdown().await.unwrap();
                assert!(ours.recv_message(&mut codec).await.unwrap().is_none(), "{framing}");
            };
            let server = async {
                let mut codec = Codec::new(framing);
                assert_eq!(theirs.recv_text(&mut codec).await.unwrap().as_deref(), Some("pytanie"), "{framing}");
                assert_eq!(theirs.recv_text(&mut codec).await.unwrap().as_deref(), Some("jeszcze jedno"), "{framing}");
                for answer in ["zażółć", "gęślą", "jaźń"] {
                    theirs.send_text(&mut codec, answer).await.unwrap();
                }
                assert_eq!(theirs.recv_text(&mut codec).await.unwrap().as_deref(), Some("\u{fffd}"), "{framing}");
                assert_eq!(theirs.recv_text(&mut codec).await.unwrap(), None, "{framing}");
                theirs.shutdown().await.unwrap();
            };
            tokio::join!(client, server);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_ends_at_100_ms_of_silence_and_not_before() {
        let (mut ours, mut theirs) = duplex(64);
        let mut codec = Codec::new(Framing::Burst);
        let saying = async {
            for piece in ["one", " message", " in pieces"] {
                ours.write_all(piece.as_bytes()).await.unwrap();
                sleep(SILENCE - Duration::from_millis(1)).await;
            }
            sleep(SILENCE).await;
            ours.write_all(b"another\r\nand a third").await.unwrap();
            sleep(SILENCE * 2).await;
        };
        let hearing = async {
            let first = heard(&mut theirs, &mut codec).await;
            assert_eq!(first, Some(("one message in pieces".to_owned(), Delimiter::None)));
            assert_eq!(heard(&mut theirs, &mut codec).await, Some(("another".to_owned(), Delimiter::CrLf)));
            assert_eq!(heard(&mut theirs, &mut codec).await, Some(("and a third".to_owned(), Delimiter::None)));
        };
        tokio::join!(saying, hearing);
        drop(ours);
        assert_eq!(heard(&mut theirs, &mut codec).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_interrupted_while_receiving_loses_nothing_and_waits_no_longer() {
        for framing in Framing::ALL {
            let (mut ours, mut theirs) = duplex(1);
            let (mut codec, mut bytes) = (Codec::new(framing), Vec::new());
            for text in ["pierwsza", "druga"] {
                codec.encode(text.as_bytes(), Delimiter::CrLf, &mut bytes).unwrap();
            }
            let saying = async move {
                for byte in bytes {
                    sleep(Duration::from_millis(10)).await;
                    ours.write_all(&[byte]).await.unwrap();
                }
            };
            let hearing = async {
                let mut texts = Vec::new();
                while texts.len() < 2 {
                    // Dropped many times before anything is whole.
                    if let Ok(text) = timeout_at(Instant::now(), theirs.recv_text(&mut codec)).await {
                        texts.push(text.unwrap().unwrap());
                    } else {
                        sleep(Duration::from_millis(1)).await;
                    }
                }
                assert_eq!(texts, ["pierwsza", "druga"], "{framing}");
            };
            tokio::join!(saying, hearing);
        }
        let (mut ours, mut theirs) = duplex(64);
        let mut codec = Codec::new(Framing::Burst);
        ours.write_all(b"hello").await.unwrap();
        let began = Instant::now();
        let message = loop {
            tokio::select! {
                message = heard(&mut theirs, &mut codec) => break message,
                () = sleep(SILENCE / 3) => {}
            }
        };
        assert_eq!((message, began.elapsed()), (Some(("hello".to_owned(), Delimiter::None)), SILENCE));
    }

    #[tokio::test]
    async fn an_end_within_a_message_is_an_error_and_stays_one() {
        for framing in Framing::ALL.into_iter().filter(|framing| *framing != Framing::Burst) {
            let (mut ours, mut theirs) = duplex(64);
            let mut codec = Codec::new(framing);
            ours.write_all(b"0").await.unwrap();
            drop(ours);
            for _ in 0..2 {
                let end = theirs.recv_message(&mut codec).await;
                assert!(matches!(end, Err(RecvError::Framing(FramingError::Unfinished))), "{framing}: {end:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_message_that_cannot_be_sent_sends_nothing() {
        let (mut ours, mut theirs) = duplex(64);
        let refused = ours.send_text(&mut Codec::new(Framing::Lines), "two\nlines").await;
        assert!(matches!(refused, Err(RecvError::Framing(FramingError::HoldsDelimiter))), "{refused:?}");
        drop(ours);
        assert_eq!(theirs.read(&mut [0; 1]).await.unwrap(), 0);
    }

    struct Reset;

    impl AsyncRead for Reset {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
        }
    }

    #[tokio::test]
    async fn a_broken_stream_is_its_own_error() {
        let mut stream = tokio::io::join(Reset, tokio::io::sink());
        let end = stream.recv_message(&mut Codec::new(Framing::Burst)).await;
        assert!(matches!(&end, Err(RecvError::Io(e)) if e.kind() == io::ErrorKind::ConnectionReset), "{end:?}");
    }
}
