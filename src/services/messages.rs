//! Messages: one conversation as a text service sees it, in the framing that its listener speaks. What breaks the
//! framing is answered here, so that a service only meets messages and their end.

use std::io::{self, ErrorKind};

use tokio::io::AsyncWriteExt;

use super::Talk;
use crate::framing::{Codec, Delimiter, Framing, FramingError, LARGEST_MESSAGE, Message, MessageStream, RecvError};
use crate::net::{Conn, Ending, Endpoint};

/// A conversation in messages.
///
/// Answers gather until the next message is waited for, and then go out together: a peer that asks many things at once
/// is answered in one write.
pub(super) struct Messages {
    conn: Conn,
    codec: Codec,
    /// What was said; the first `sent` bytes of it have gone out.
    unsent: Vec<u8>,
    sent: usize,
    /// Why there was no further message.
    end: End,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// Nobody has asked for one that was not there.
    #[default]
    Open,
    PeerClosed,
    /// The peer broke the framing.
    Broken,
}

impl Messages {
    pub(super) fn new(conn: Conn, framing: Framing) -> Self {
        Self::bounded(conn, framing, LARGEST_MESSAGE)
    }

    /// With messages of at most `most` bytes.
    pub(super) fn bounded(conn: Conn, framing: Framing, most: usize) -> Self {
        Self { conn, codec: Codec::bounded(framing, most), unsent: Vec::new(), sent: 0, end: End::Open }
    }

    /// Another bound for the messages to come.
    pub(super) fn set_bound(&mut self, most: usize) {
        self.codec.set_bound(most);
    }

    /// Who is at the other end.
    pub(super) fn peer(&self) -> &Endpoint {
        &self.conn.peer
    }

    /// The next message; `None` where there is none any more, and [`Messages::part`] is all that is left to do. A peer
    /// that broke the framing was told so.
    ///
    /// # Errors
    /// Where the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Message>> {
        match self.next().await {
            Ok(message) => Ok(message),
            Err(RecvError::Framing(error)) => {
                // Boxed, so that who waits holds no room for what few are told.
                Box::pin(self.say(&error.to_string())).await?;
                Ok(None)
            }
            Err(RecvError::Io(error)) => Err(error),
        }
    }

    /// The same for who has words of their own for a peer that breaks the framing.
    ///
    /// # Errors
    /// Where the stream fails, or the peer breaks the framing, which is the end of what it can say.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, RecvError> {
        let received = match self.codec.decode() {
            // What is ready is not worth a look at the stream.
            Ok(None) => {
                self.flush().await?;
                self.conn.recv_message(&mut self.codec).await
            }
            ready => ready.map_err(RecvError::from),
        };
        match received {
            Ok(None) => self.end = End::PeerClosed,
            Err(RecvError::Framing(_)) => self.end = End::Broken,
            Ok(Some(_)) | Err(RecvError::Io(_)) => {}
        }
        received
    }

    /// What has come and was not asked for, message or not: waits until there is something, and on while it is too
    /// little; at the end of the stream it may be. It stays for [`receive`](Self::receive).
    ///
    /// # Errors
    /// Where the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn opening(&mut self, is_too_little: impl Fn(&[u8]) -> bool) -> io::Result<&[u8]> {
        while self.codec.held() == 0 || is_too_little(self.codec.unread()) {
            let bytes = self.conn.recv(self.codec.room()).await?;
            if bytes.is_empty() {
                break;
            }
            self.codec.push(&bytes);
        }
        Ok(self.codec.unread())
    }

    /// Says a text with the delimiter of the last message. It goes out at the next [`receive`](Self::receive),
    /// [`flush`](Self::flush) or [`part`](Self::part).
    ///
    /// # Errors
    /// Where much waits and the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it unsays nothing: the rest goes out with what is said next.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.say_bytes(text.as_bytes()).await
    }

    /// The same for what may be no text.
    ///
    /// # Errors
    /// As [`say`](Self::say).
    ///
    /// # Cancel safety
    /// As [`say`](Self::say).
    pub(super) async fn say_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.codec.answer_end();
        if end == Delimiter::None && self.codec.framing() == Framing::Burst && self.ends_openly() {
            // Two texts for somebody who ends none of theirs: in one write they would be one.
            self.unsent.push(b'\n');
        }
        if let Err(error) = self.codec.encode(bytes, end, &mut self.unsent) {
            self.codec.encode(refusal(&error).as_bytes(), end, &mut self.unsent).map_err(io::Error::other)?;
        }
        if self.unsent.len() - self.sent >= MOST_UNSENT { self.flush().await } else { Ok(()) }
    }

    /// Adds what is encoded already to what was said, where all of that has gone out.
    pub(super) fn put(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if self.is_flushed() {
            add(&mut self.unsent);
        }
    }

    /// Whether all that was said has gone out.
    pub(super) fn is_flushed(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Whether there is no further message because the peer broke the framing.
    pub(super) fn is_broken(&self) -> bool {
        self.end == End::Broken
    }

    /// Whether what is not sent yet has no end to be known by.
    fn ends_openly(&self) -> bool {
        self.unsent.last().is_some_and(|last| *last != b'\n')
    }

    /// Sends what was said.
    ///
    /// # Errors
    /// Where the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.unsent.len() {
            match self.conn.write(&self.unsent[self.sent..]).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => self.sent += count,
            }
        }
        // While somebody is waited for, no buffer is held.
        (self.unsent, self.sent) = (Vec::new(), 0);
        Ok(())
    }

    /// Waits until the peer closes its side, after which it may still listen. What it says until then is kept for
    /// [`receive`](Self::receive), as long as there is room for it.
    ///
    /// # Errors
    /// Where the stream fails: the peer is gone.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub(super) async fn closed(&mut self) -> io::Result<()> {
        loop {
            let room = self.codec.room();
            if room == 0 {
                return std::future::pending().await;
            }
            let bytes = self.conn.recv(room).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.codec.push(&bytes);
        }
    }

    /// Ends the conversation: a peer that has closed is followed, any other is hung up on.
    ///
    /// # Errors
    /// Where the peer is gone before our last words were sent.
    ///
    /// # Cancel safety
    /// Dropping it closes at once.
    pub(super) fn part(self) -> Talk {
        // Boxed, so that a conversation has room for its end only when it comes.
        Box::pin(self.say_goodbye())
    }

    async fn say_goodbye(mut self) -> io::Result<Ending> {
        self.flush().await?;
        if self.end == End::PeerClosed {
            self.conn.shutdown().await?;
            return Ok(Ending::PeerClosed);
        }
        self.conn.hang_up().await
    }
}

/// Our own words that the framing cannot carry.
fn refusal(error: &FramingError) -> String {
    format!("The answer cannot be sent: {error}")
}

/// Bytes of answers that may gather: those to one read of short questions.
const MOST_UNSENT: usize = 64 * 1024;
