//! Identify: knows its visitors by their IP address, and asks those it does not know for a name, which it keeps. It
//! recognises; it does not authenticate, because whoever shares an address shares the name.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::timeout;

use super::Service;
use super::messages::Messages;
use super::name::{Name, Rule};
use crate::framing::{Framing, Message};
use crate::net::{Conn, Ending};
use crate::store::{Introduced, Store, StoreError};

pub(super) struct Identify {
    framing: Framing,
    store: Arc<dyn Store>,
}

/// Why a visit was cut short.
enum Trouble {
    Stream(io::Error),
    Store(StoreError),
}

impl Identify {
    pub(super) fn new(framing: Framing, store: Arc<dyn Store>) -> Self {
        Self { framing, store }
    }

    async fn meet(&self, talk: &mut Messages) -> Result<(), Trouble> {
        let Some(ip) = talk.peer().ip() else {
            return Ok(talk.say("I know people by their IP address, and a Unix socket has none.").await?);
        };
        match self.store.name_at(ip).await? {
            // Boxed, so that who is asked holds no room for who is known, nor for what becomes of the answer.
            Some(name) => Box::pin(self.welcome_back(talk, ip, &name)).await,
            None => self.get_to_know(talk, ip).await,
        }
    }

    /// Whoever wants to be forgotten says so at once: nobody else is kept waiting for it.
    async fn welcome_back(&self, talk: &mut Messages, ip: IpAddr, name: &str) -> Result<(), Trouble> {
        talk.say(&hello(name)).await?;
        talk.flush().await?;
        match timeout(SECOND_THOUGHT, talk.receive()).await {
            Ok(Ok(Some(message))) if says_forget(&message) => self.forget(talk, ip).await,
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    async fn get_to_know(&self, talk: &mut Messages, ip: IpAddr) -> Result<(), Trouble> {
        talk.say(QUESTION).await?;
        for attempt in 1..=ATTEMPTS {
            let Some(message) = talk.receive().await? else { return Ok(()) };
            if says_forget(&message) {
                return Box::pin(self.forget(talk, ip)).await;
            }
            match name_in(&message) {
                Ok(name) => return Box::pin(self.introduce(talk, ip, name)).await,
                Err(why) if attempt == ATTEMPTS => talk.say(&format!("Sorry, {why}.")).await?,
                Err(why) => talk.say(&format!("Sorry, {why}. {QUESTION}")).await?,
            }
        }
        Ok(())
    }

    async fn introduce(&self, talk: &mut Messages, ip: IpAddr, name: Name) -> Result<(), Trouble> {
        let introduced = self.store.introduce(ip, name.as_str().to_owned(), Timestamp::now()).await?;
        let greeting = match introduced {
            Introduced::New => format!("Nice to meet you, {}!", name.as_str()),
            // Somebody at the same address was faster.
            Introduced::Known(name) => hello(&name),
        };
        Ok(talk.say(&greeting).await?)
    }

    async fn forget(&self, talk: &mut Messages, ip: IpAddr) -> Result<(), Trouble> {
        let known = self.store.forget(ip).await?;
        Ok(talk.say(if known { "Forgotten." } else { "There was no name to forget." }).await?)
    }
}

impl Service for Identify {
    fn serve(&self, conn: Conn) -> impl Future<Output = io::Result<Ending>> {
        // Made outside, so that the conversation is not held twice over.
        let mut talk = Messages::new(conn, self.framing);
        async move {
            match timeout(PATIENCE, self.meet(&mut talk)).await {
                Ok(Ok(())) => talk.part().await,
                Ok(Err(Trouble::Stream(error))) => Err(error),
                Ok(Err(Trouble::Store(error))) => {
                    talk.say(&format!("Sorry, {error}. Please come again later.")).await?;
                    talk.part().await
                }
                Err(_) => {
                    talk.say("Sorry, that took too long.").await?;
                    talk.part().await?;
                    Ok(Ending::TimedOut)
                }
            }
        }
    }
}

fn hello(name: &str) -> String {
    format!("Hello, {name}!")
}

fn says_forget(message: &Message) -> bool {
    message.bytes.trim_ascii() == FORGET
}

fn name_in(message: &Message) -> Result<Name, String> {
    let text = std::str::from_utf8(&message.bytes).map_err(|_| "a name is text in UTF-8".to_owned())?;
    Name::parse(text, Rule::Words).map_err(|why| why.to_string())
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

const QUESTION: &str = "What is your name?";
/// Said instead of a name, or by somebody who is known before the conversation is closed.
const FORGET: &[u8] = b"/forget";
/// How many names may be tried.
const ATTEMPTS: u32 = 3;
/// Longer than a burst without a line end takes to be over, and a round trip on most networks; whoever has nothing more
/// to say closes, and does not wait for it.
const SECOND_THOUGHT: Duration = Duration::from_millis(500);
/// How long a visit may last: typing a name takes less.
const PATIENCE: Duration = Duration::from_secs(60);
