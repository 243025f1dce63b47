//! Collect: receives a fixed number of bytes, or what there is up to half-close, and only then sends it all back. What
//! sheet P3 asks for with 100 kB. Memory grows with what arrived, never with what was announced.

use std::io;

use tokio::io::AsyncWriteExt;

use super::Service;
use crate::net::{Conn, Ending, LARGEST_RECV};

/// The most that may be asked for.
pub(crate) const LARGEST_COLLECTION: usize = 64 << 20;

pub(super) struct Collect {
    size: usize,
}

impl Collect {
    pub(super) fn new(size: usize) -> Self {
        Self { size: size.min(LARGEST_COLLECTION) }
    }
}

impl Service for Collect {
    async fn serve(&self, mut conn: Conn) -> io::Result<Ending> {
        let mut held = Vec::new();
        while held.len() < self.size {
            let bytes = conn.recv(LARGEST_RECV.min(self.size - held.len())).await?;
            if bytes.is_empty() {
                break;
            }
            held.extend_from_slice(&bytes);
        }
        conn.write_all(&held).await?;
        conn.hang_up().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::super::rehearsal::{hold, stage};
    use super::*;

    #[tokio::test]
    async fn nothing_comes_back_before_all_has_arrived() {
        let (mut ours, conn) = stage();
        let talk = async {
            ours.write_all(&[1; 999]).await.unwrap();
            tokio::task::yield_now().await;
            let early = std::future::poll_fn(|cx| {
                let mut byte = [0];
                let mut buf = tokio::io::ReadBuf::new(&mut byte);
                let polled = tokio::io::AsyncRead::poll_read(std::pin::Pin::new(&mut ours), cx, &mut buf);
                std::task::Poll::Ready(polled.is_ready())
            });
            assert!(!early.await);
            ours.write_all(&[2; 5]).await.unwrap();
            let mut back = Vec::new();
            ours.read_to_end(&mut back).await.unwrap();
            back
        };
        let service = Collect::new(1000);
        let (back, _) = tokio::join!(talk, service.serve(conn));
        assert_eq!(back, [&[1; 999][..], &[2]].concat());
    }

    #[tokio::test]
    async fn half_close_ends_the_collection_early() {
        assert_eq!(hold(Collect::new(1000), &[b"abc", b"def"]).await.0, b"abcdef");
    }
}
