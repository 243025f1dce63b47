//! Upper: an echo in upper case. Text is UTF-8 and upper-cased as Unicode has it (`ß` becomes `SS`), also where a
//! character is cut by a read; bytes that are no UTF-8 pass unchanged.

use std::io;

use tokio::io::AsyncWriteExt;

use super::Service;
use super::messages::Messages;
use crate::framing::{Framing, incomplete_tail};
use crate::net::{Conn, Ending, LARGEST_RECV};

pub(super) struct Upper {
    framing: Framing,
    chunk: usize,
}

impl Upper {
    pub(super) fn new(framing: Framing, chunk: Option<usize>) -> Self {
        Self { framing, chunk: chunk.unwrap_or(LARGEST_RECV) }
    }

    /// Each message by itself.
    async fn serve_messages(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        while let Some(message) = talk.receive().await? {
            talk.say_bytes(&upper_case(&message.bytes)).await?;
        }
        talk.part().await
    }
}

impl Service for Upper {
    async fn serve(&self, mut conn: Conn) -> io::Result<Ending> {
        if self.framing != Framing::Burst {
            return Box::pin(self.serve_messages(conn)).await;
        }
        let mut case = UpperCase::default();
        loop {
            let bytes = conn.recv(self.chunk).await?;
            if bytes.is_empty() {
                conn.write_all(&case.tail).await?;
                conn.shutdown().await?;
                return Ok(Ending::PeerClosed);
            }
            conn.write_all(&case.feed(&bytes)).await?;
        }
    }
}

/// Upper-cases a stream piece by piece.
#[derive(Default)]
struct UpperCase {
    /// The beginning of a character whose end has not come yet; at most three bytes.
    tail: Vec<u8>,
}

impl UpperCase {
    fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.tail);
        bytes.extend_from_slice(piece);
        let whole = bytes.len() - incomplete_tail(&bytes);
        self.tail = bytes.split_off(whole);
        upper_case(&bytes)
    }
}

fn upper_case(bytes: &[u8]) -> Vec<u8> {
    let mut upper = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        upper.extend_from_slice(chunk.valid().to_uppercase().as_bytes());
        upper.extend_from_slice(chunk.invalid());
    }
    upper
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::rehearsal::hold;
    use super::*;

    #[tokio::test]
    async fn text_of_any_script_is_upper_cased_and_other_bytes_pass() {
        for (said, heard) in [
            ("hello".as_bytes(), "HELLO".as_bytes()),
            ("zażółć gęślą jaźń".as_bytes(), "ZAŻÓŁĆ GĘŚLĄ JAŹŃ".as_bytes()),
            ("привет, straße".as_bytes(), "ПРИВЕТ, STRASSE".as_bytes()),
            (b"a\xff\xfeb\xc5", b"A\xff\xfeB\xc5"),
        ] {
            assert_eq!(hold(Upper::new(Framing::Burst, None), &[said]).await.0, heard);
        }
    }

    #[tokio::test]
    async fn a_character_cut_by_a_read_is_kept_for_the_next() {
        let letter = "ł".as_bytes();
        assert_eq!(hold(Upper::new(Framing::Burst, None), &[&letter[..1], &letter[1..]]).await.0, "Ł".as_bytes());
        assert_eq!(hold(Upper::new(Framing::Burst, Some(1)), &["żółw".as_bytes()]).await.0, "ŻÓŁW".as_bytes());
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_answer(bytes: Vec<u8>, text: String, at: prop::sample::Index) {
            for bytes in [&bytes[..], text.as_bytes()] {
                let at = at.index(bytes.len() + 1);
                let (mut whole, mut split) = (UpperCase::default(), UpperCase::default());
                let mut expected = whole.feed(bytes);
                expected.extend(whole.tail);
                let mut got = split.feed(&bytes[..at]);
                prop_assert!(split.tail.len() <= 3);
                got.extend(split.feed(&bytes[at..]));
                got.extend(split.tail);
                prop_assert_eq!(got, expected);
            }
        }
    }
}
