//! Prefix: reads one message, answers it behind a prefix, closes. A message ends at LF; where no LF comes, at 100 ms of
//! silence or at half-close, because clients of the lab sheets send without a delimiter.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::Service;
use crate::net::{Conn, Ending, LARGEST_RECV};

pub(super) struct Prefix {
    words: String,
}

impl Prefix {
    pub(super) fn new(words: &str) -> Self {
        Self { words: words.to_owned() }
    }
}

impl Service for Prefix {
    async fn serve(&self, mut conn: Conn) -> io::Result<Ending> {
        let answer = match read_message(&mut conn).await? {
            Message::None => return Ok(Ending::PeerClosed),
            Message::Whole(message) => [self.words.as_bytes(), &message].concat(),
            Message::TooLong => TOO_LONG.as_bytes().to_vec(),
        };
        conn.write_all(&answer).await?;
        conn.hang_up().await
    }
}

enum Message {
    /// The peer closed without a word.
    None,
    /// With its delimiter, where it had one.
    Whole(Vec<u8>),
    TooLong,
}

/// What follows the first message is not read.
async fn read_message(conn: &mut Conn) -> io::Result<Message> {
    let mut message = conn.recv(LARGEST_RECV).await?;
    let mut searched = 0;
    if message.is_empty() {
        return Ok(Message::None);
    }
    loop {
        let end = message[searched..].iter().position(|b| *b == b'\n').map(|at| searched + at + 1);
        message.truncate(end.unwrap_or(message.len()));
        if text_of(&message).len() > LONGEST {
            return Ok(Message::TooLong);
        }
        searched = message.len();
        // Silence is an end like half-close.
        let more = if end.is_some() { Vec::new() } else { or_silence(conn.recv(LARGEST_RECV)).await? };
        if more.is_empty() {
            return Ok(Message::Whole(message));
        }
        message.extend_from_slice(&more);
    }
}

/// Without its delimiter.
fn text_of(message: &[u8]) -> &[u8] {
    let text = message.strip_suffix(b"\n").unwrap_or(message);
    if text.len() < message.len() { text.strip_suffix(b"\r").unwrap_or(text) } else { text }
}

async fn or_silence(more: impl Future<Output = io::Result<Vec<u8>>>) -> io::Result<Vec<u8>> {
    timeout(SILENCE, more).await.unwrap_or_else(|_| Ok(Vec::new()))
}

const LONGEST: usize = 64 * 1024;
const TOO_LONG: &str = "Message too long (at most 65536 bytes)\n";
const SILENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::super::rehearsal::{hold, stage};
    use super::*;

    fn service() -> Prefix {
        Prefix::new("SERVER RECEIVED: ")
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
            let longest = [&[b'a'; LONGEST][..], end].concat();
            let (back, _) = hold(service(), &[&longest]).await;
            assert_eq!(back.len(), "SERVER RECEIVED: ".len() + LONGEST + end.len());
        }
        let (back, _) = hold(service(), &[&[b'a'; LONGEST], b"a\n"]).await;
        assert_eq!(String::from_utf8(back).unwrap(), TOO_LONG);
    }
}
