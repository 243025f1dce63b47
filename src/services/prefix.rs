//! Prefix: reads one message, answers it behind a prefix, closes.

use std::io;

use super::Service;
use super::messages::Messages;
use crate::framing::Framing;
use crate::net::{Conn, Ending};

pub(super) struct Prefix {
    framing: Framing,
    words: String,
}

impl Prefix {
    pub(super) fn new(framing: Framing, words: &str) -> Self {
        Self { framing, words: words.to_owned() }
    }
}

impl Service for Prefix {
    async fn serve(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        if let Some(message) = talk.receive().await? {
            talk.say_bytes(&[self.words.as_bytes(), &message.bytes].concat()).await?;
        }
        talk.part().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::rehearsal::{hold, stage};
    use super::*;
    use crate::framing::LARGEST_MESSAGE;

    fn service() -> Prefix {
        Prefix::new(Framing::Burst, "SERVER RECEIVED: ")
    }

    #[tokio::test]
    async fn one_message_is_answered_with_its_own_delimiter() {
        for (said, heard) in [
            (&[&b"hello\n"[..]][..], &b"SERVER RECEIVED: hello\n"[..]),
            (&[b"hel", b"lo\r\n"], b"SERVER RECEIVED: hello\r\n"),
            (&[b"hello"], b"SERVER RECEIVED: hello"),
            (&[b"one\ntwo\n"], b"SERVER RECEIVED: one\n"),
            (&[b"\n"], b"SERVER RECEIVED: \n"),
            (&[], b""),
        ] {
            let (back, _) = hold(service(), said).await;
            assert_eq!(back.escape_ascii().to_string(), heard.escape_ascii().to_string());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_a_message_that_has_no_delimiter() {
        let (mut ours, conn) = stage();
        let talk = async {
            ours.write_all(b"hello").await.unwrap();
            let mut back = String::new();
            ours.read_to_string(&mut back).await.unwrap();
            back
        };
        let (back, ending) = tokio::join!(talk, async { service().serve(conn).await.unwrap() });
        assert_eq!(back, "SERVER RECEIVED: hello");
        assert!(matches!(ending, Ending::WeClosed));
    }

    #[tokio::test]
    async fn a_message_over_the_bound_is_told_so() {
        for end in [&b""[..], b"\n", b"\r\n"] {
            let longest = [&[b'a'; LARGEST_MESSAGE][..], end].concat();
            let (back, _) = hold(service(), &[&longest]).await;
            assert_eq!(back.len(), "SERVER RECEIVED: ".len() + LARGEST_MESSAGE + end.len());
        }
        let (back, _) = hold(service(), &[&[b'a'; LARGEST_MESSAGE], b"a\n"]).await;
        assert_eq!(String::from_utf8(back).unwrap(), "Message too long (at most 65536 bytes)\n");
    }
}
