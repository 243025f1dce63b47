//! Greet: `Hello` is greeted and ends the conversation, `Time` is answered with the local time, anything else is not
//! known.

use std::io;

use jiff::Zoned;

use super::Service;
use super::messages::Messages;
use crate::framing::Framing;
use crate::net::{Conn, Ending};

pub(super) struct Greet {
    framing: Framing,
}

impl Greet {
    pub(super) fn new(framing: Framing) -> Self {
        Self { framing }
    }
}

impl Service for Greet {
    async fn serve(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        while let Some(message) = talk.receive().await? {
            match &message.bytes[..] {
                b"Hello" => {
                    talk.say("Hello from server").await?;
                    break;
                }
                b"Time" => talk.say(&local_time(&Zoned::now())).await?,
                _ => talk.say(UNKNOWN).await?,
            }
        }
        talk.part().await
    }
}

/// RFC 3339 with the offset, in seconds.
fn local_time(now: &Zoned) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// What a command server says to a word that is no command.
pub(super) const UNKNOWN: &str = "Unknown command";

#[cfg(test)]
mod tests {
    use super::super::rehearsal::hold;
    use super::*;

    #[tokio::test]
    async fn hello_is_greeted_in_its_own_delimiter_and_ends_the_conversation() {
        for (said, heard) in [
            (&b"Hello"[..], &b"Hello from server"[..]),
            (b"Hello\n", b"Hello from server\n"),
            (b"Hello\r\nTime\r\n", b"Hello from server\r\n"),
            (b"hello\nHello\n", b"Unknown command\nHello from server\n"),
            (b"\n", b"Unknown command\n"),
        ] {
            let (back, _) = hold(Greet::new(Framing::Burst), &[said]).await;
            assert_eq!(back.escape_ascii().to_string(), heard.escape_ascii().to_string());
        }
    }

    #[tokio::test]
    async fn every_framing_carries_the_same_conversation() {
        let said = b"\0\0\0\x02Hi\0\0\0\x05Hello";
        let (back, ending) = hold(Greet::new(Framing::U32Be), &[&said[..3], &said[3..]]).await;
        assert_eq!(back, b"\0\0\0\x0fUnknown command\0\0\0\x11Hello from server");
        assert!(matches!(ending, Ending::WeClosed));
        let (back, _) = hold(Greet::new(Framing::Ascii10), &[b"         5Hello"]).await;
        assert_eq!(back, b"        17Hello from server");
    }

    #[tokio::test]
    async fn a_header_over_the_bound_is_answered_in_the_same_framing() {
        let (back, ending) = hold(Greet::new(Framing::U32Le), &[b"\xff\xff\xff\xff"]).await;
        assert_eq!(back, b"\x26\0\0\0Message too long (at most 65536 bytes)");
        assert!(matches!(ending, Ending::WeClosed));
    }

    #[test]
    fn the_local_time_has_its_offset() {
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(-12_600).unwrap());
        let now = jiff::Timestamp::UNIX_EPOCH.to_zoned(zone);
        assert_eq!(local_time(&now), "1969-12-31T20:30:00-03:30");
    }
}
