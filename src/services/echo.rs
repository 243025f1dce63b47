//! Echo (RFC 862): whatever the peer says is said back, unchanged and in order. Bytes go back as they arrive; where the
//! listener speaks a framing, messages go back when they are whole. Bare TCP connections for bytes go through the byte
//! loop instead; this one serves everything that wraps a stream, and Unix sockets.

use std::io;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;

use super::messages::Messages;
use super::{Built, Options, Service};
use crate::framing::Framing;
use crate::net::byteloop::LARGEST_READ;
use crate::net::{Conn, Ending, LARGEST_RECV};

/// The echo that fits the framing.
pub(super) fn build(options: &Options) -> Built {
    match options.framing {
        Framing::Burst => {
            let most = options.chunk.unwrap_or(LARGEST_READ);
            Built { bare: Some(most), ..Built::new(Arc::new(Echo::new(options.chunk))) }
        }
        framing => Built::new(Arc::new(MessageEcho { framing })),
    }
}

/// Bytes go back.
struct Echo {
    chunk: usize,
}

impl Echo {
    fn new(chunk: Option<usize>) -> Self {
        Self { chunk: chunk.unwrap_or(LARGEST_RECV) }
    }
}

impl Service for Echo {
    async fn serve(&self, mut conn: Conn) -> io::Result<Ending> {
        loop {
            let bytes = conn.recv(self.chunk).await?;
            if bytes.is_empty() {
                conn.shutdown().await?;
                return Ok(Ending::PeerClosed);
            }
            conn.write_all(&bytes).await?;
        }
    }
}

/// Messages go back.
struct MessageEcho {
    framing: Framing,
}

impl Service for MessageEcho {
    async fn serve(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        while let Some(message) = talk.receive().await? {
            talk.say_bytes(&message.bytes).await?;
        }
        talk.part().await
    }
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::hold;
    use super::*;

    #[tokio::test]
    async fn what_arrives_goes_back_and_the_end_follows() {
        let (back, ending) = hold(Echo::new(Some(3)), &[b"hello", b"", b" world\xff\0"]).await;
        assert_eq!(back, b"hello world\xff\0");
        assert!(matches!(ending, Ending::PeerClosed));
    }

    #[tokio::test]
    async fn messages_go_back_whole_and_a_broken_end_is_told() {
        let echo = || MessageEcho { framing: Framing::U16Be };
        let (back, ending) = hold(echo(), &[b"\0\x02h", b"i\0\0\0\x01", b"!"]).await;
        assert_eq!(back, b"\0\x02hi\0\0\0\x01!");
        assert!(matches!(ending, Ending::PeerClosed));
        let (back, ending) = hold(echo(), &[b"\0\x02hi\0\x05no"]).await;
        assert_eq!(back, b"\0\x02hi\0\x16The message has no end");
        assert!(matches!(ending, Ending::WeClosed));
        let (back, _) = hold(MessageEcho { framing: Framing::Lines }, &[b"a\r", b"\nb\nc"]).await;
        assert_eq!(back, b"a\r\nb\nThe message has no end\n");
    }
}
