//! Utc: `TIME` is answered with the time in UTC, anything else is not known.

use std::io;

use jiff::Timestamp;

use super::Service;
use super::greet::UNKNOWN;
use super::messages::Messages;
use crate::framing::Framing;
use crate::net::{Conn, Ending};

pub(super) struct Utc {
    framing: Framing,
}

impl Utc {
    pub(super) fn new(framing: Framing) -> Self {
        Self { framing }
    }
}

impl Service for Utc {
    async fn serve(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        while let Some(message) = talk.receive().await? {
            match &message.bytes[..] {
                b"TIME" => talk.say(&time(Timestamp::now())).await?,
                _ => talk.say(UNKNOWN).await?,
            }
        }
        talk.part().await
    }
}

/// RFC 3339 with `Z`, in seconds.
fn time(now: Timestamp) -> String {
    format!("{now:.0}")
}

#[cfg(test)]
mod tests {
    use super::super::rehearsal::hold;
    use super::*;

    #[tokio::test]
    async fn only_time_is_known_and_the_conversation_stays_open() {
        let (back, ending) = hold(Utc::new(Framing::Burst), &[b"time\nTIME\r\nTIME"]).await;
        let back = String::from_utf8(back).unwrap();
        let (unknown, times) = back.split_once('\n').unwrap();
        assert_eq!(unknown, UNKNOWN);
        let (first, second) = times.split_once("\r\n").unwrap();
        for time in [first, second] {
            assert!(time.ends_with('Z') && time.parse::<Timestamp>().is_ok(), "{time}");
        }
        assert!(matches!(ending, Ending::PeerClosed));
    }

    #[test]
    fn the_time_is_in_whole_seconds() {
        assert_eq!(time(Timestamp::from_millisecond(1_999).unwrap()), "1970-01-01T00:00:01Z");
    }
}
