//! Rock-paper-scissors: the first two who come play each other, the next two each other, to three wins. What one chose
//! is not to be known, or guessed from any sign, before both have chosen; so all that players are told comes from one
//! lobby, which tells both at once.

/// Rock, paper or scissors, in many words.
mod choice;
/// The rounds of two players.
mod game;
/// What players are told.
mod line;
/// Who waits, and who plays whom.
mod lobby;
/// Runs the lobby.
mod referee;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Service;
use super::messages::Messages;
use crate::framing::{Framing, Message};
use crate::net::byteloop::Orders;
use crate::net::{Conn, Ending};
use crate::store::Store;
use choice::Choice;
#[cfg(feature = "simulation")]
pub use lobby::simulate;
use referee::{Letter, Referee, Seat, Then};

pub(super) struct Rps {
    framing: Framing,
    referee: Referee,
}

impl Rps {
    /// Whoever does not choose within `turn` is out.
    ///
    /// # Errors
    /// Where the system grants no thread.
    pub(super) fn new(framing: Framing, turn: Duration, store: Arc<dyn Store>) -> io::Result<Self> {
        Ok(Self { framing, referee: Referee::new(turn, store)? })
    }
}

impl Service for Rps {
    async fn serve(&self, conn: Conn) -> io::Result<Ending> {
        let mut talk = Messages::new(conn, self.framing);
        let from = talk.peer().to_string();
        match self.referee.join(&from).await {
            Some(seat) => play(&mut talk, seat).await?,
            None => talk.say("Sorry, nobody can play now.").await?,
        }
        timeout(PATIENCE, talk.part()).await.unwrap_or(Ok(Ending::TimedOut))
    }

    fn heed(&self, orders: Orders) {
        self.referee.heed(orders);
    }
}

enum Happening {
    Letter(Letter),
    Said(Message),
    Over,
}

/// Until the referee has said everything, or the player is gone; either leaves the seat.
async fn play(talk: &mut Messages, mut seat: Seat<'_>) -> io::Result<()> {
    loop {
        // Whoever does not read is not waited for for ever.
        timeout(PATIENCE, talk.flush()).await??;
        let happening = tokio::select! {
            biased;
            letter = seat.letter() => letter.map_or(Happening::Over, Happening::Letter),
            received = talk.receive() => received?.map_or(Happening::Over, Happening::Said),
        };
        match happening {
            Happening::Letter(letter) => {
                for line in letter.lines {
                    talk.say(&line.to_string()).await?;
                }
                if letter.then == Then::Part {
                    return Ok(());
                }
            }
            Happening::Said(message) => seat.say(Choice::parse(&String::from_utf8_lossy(&message.bytes))).await,
            Happening::Over => return Ok(()),
        }
    }
}

/// How long a player may take to read what was said, all of which fits into the buffers on the way.
const PATIENCE: Duration = Duration::from_secs(10);
