//! Echo (RFC 862): whatever the peer says is said back, unchanged and in order. Bare TCP connections go through the
//! byte loop instead; this one serves everything that wraps a stream, and Unix sockets.

use std::io;

use tokio::io::AsyncWriteExt;

use super::Service;
use crate::net::{Conn, Ending, LARGEST_RECV};

pub(super) struct Echo {
    chunk: usize,
}

impl Echo {
    pub(super) fn new(chunk: Option<usize>) -> Self {
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
}
