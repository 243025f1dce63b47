//! Visit: one conversation with `login`, from the greeting to the end. Outside, little is allowed; inside, it goes on
//! for as long as the session lasts.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, interval_at, sleep_until, timeout, timeout_at};
use zeroize::Zeroizing;

use super::Login;
use super::command::{Command, everything};
use super::desk::{Granted, Held};
use super::refusal::Refusal;
use crate::framing::{LARGEST_MESSAGE, Message, RecvError};
use crate::net::{Conn, Ending, Endpoint};
use crate::services::messages::Messages;

pub(super) struct Visit<'a> {
    pub(super) login: &'a Login,
    pub(super) talk: Messages,
    pub(super) way: Way,
    /// Wrong ones so far.
    guesses: u32,
}

/// How what is said here gets here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It stays on this machine, or whoever started us does not mind.
    Safe,
    /// Others can read it.
    Plain,
}

/// How a conversation comes to its end.
enum Parting {
    /// All was said.
    Said,
    /// This is still to be said.
    Refused(Refusal),
    Failed(io::Error),
}

/// What somebody inside is answered.
enum Reply {
    Text(Zeroizing<String>),
    LoggedOut,
    Bye,
}

impl<'a> Visit<'a> {
    /// # Errors
    /// Where the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it ends it where it stands. What was asked of the store is done all the same; that a session is not
    /// held any more is then not noted.
    pub(super) fn hold(login: &'a Login, conn: Conn) -> impl Future<Output = io::Result<Ending>> {
        // Made outside, so that the conversation is not held twice over.
        let mut visit = Self::new(login, conn);
        async move {
            let Err(parting) = visit.converse().await;
            Box::pin(timeout(PATIENCE, visit.part(parting))).await.unwrap_or(Ok(Ending::TimedOut))
        }
    }

    fn new(login: &'a Login, conn: Conn) -> Self {
        let here = match &conn.peer {
            Endpoint::Unix(_) => true,
            Endpoint::Ip(peer) => peer.ip().is_loopback(),
        };
        let way = if here || login.terms.insecure { Way::Safe } else { Way::Plain };
        Self { login, talk: Messages::bounded(conn, login.framing, MOST_BEFORE), way, guesses: 0 }
    }

    async fn part(mut self, parting: Parting) -> io::Result<Ending> {
        match parting {
            Parting::Said => {}
            Parting::Refused(refusal) => self.say_no(&refusal).await?,
            Parting::Failed(error) => return Err(error),
        }
        self.talk.part().await
    }

    async fn converse(&mut self) -> Result<Infallible, Parting> {
        match self.way {
            Way::Safe => self.talk.say(&format!("OK {}", everything())).await?,
            // Said before a password is on its way.
            Way::Plain => self.say_no(&Refusal::Insecure).await?,
        }
        loop {
            let held = self.outside().await?;
            // Boxed, as all is here that few have come to: most who wait at once are strangers, and hold no room for it.
            Box::pin(self.inside(held)).await?;
        }
    }

    /// Until somebody is logged in. The time is for what is said on both sides: what is being looked at has bounds of
    /// its own, and is not cut.
    async fn outside(&mut self) -> Result<Held, Parting> {
        self.talk.set_bound(MOST_BEFORE);
        let deadline = Instant::now() + TIME_BEFORE;
        let mut room = MOST_BEFORE;
        loop {
            let message = in_time(timeout_at(deadline, self.talk.next()).await)?.ok_or(Parting::Said)?;
            let length = self.login.framing.length_of(&message);
            room = room.checked_sub(length).ok_or(Parting::Refused(Refusal::Limit))?;
            if let Some(held) = Box::pin(self.answer(message, deadline)).await? {
                return Ok(held);
            }
        }
    }

    /// A session, where the message has opened one.
    async fn answer(&mut self, message: Message, deadline: Instant) -> Result<Option<Held>, Parting> {
        match self.let_in(&secret(message)).await {
            Ok(Some(granted)) => {
                in_time(timeout_at(deadline, self.talk.say(&told(&granted))).await)?;
                Ok(Some(granted.held))
            }
            Ok(None) => {
                in_time(timeout_at(deadline, self.talk.say("OK bye")).await)?;
                Err(Parting::Said)
            }
            Err(refusal) => {
                in_time(timeout_at(deadline, self.refuse(refusal)).await)?;
                Ok(None)
            }
        }
    }

    /// `None` for goodbye.
    async fn let_in(&mut self, text: &str) -> Result<Option<Granted>, Refusal> {
        Ok(Some(match Command::parse(text)? {
            Command::Register { name, password } => self.register(name, password).await?,
            Command::Login { name, password } => self.log_in(name, password).await?,
            Command::Resume { token } => self.resume(token).await?,
            Command::WhoAmI | Command::Passwd { .. } | Command::Logout => return Err(Refusal::Outside),
            Command::Quit => return Ok(None),
        }))
    }

    /// As long as the session lasts and somebody is here; well ended by logging out.
    async fn inside(&mut self, mut held: Held) -> Result<(), Parting> {
        self.talk.set_bound(LARGEST_MESSAGE);
        let stayed = self.stay(&mut held).await;
        let Held { session, attachment } = held;
        drop(attachment);
        // From now on nobody holds it here, however that came about.
        self.login.touch(session.id).await;
        stayed
    }

    async fn stay(&mut self, held: &mut Held) -> Result<(), Parting> {
        let often = self.login.terms.idle / 2;
        let mut touches = interval_at(Instant::now() + often.min(MOST_UNNOTED), often.clamp(LEAST, MOST_UNNOTED));
        loop {
            let expires = Instant::now() + self.login.time_until(held.session.expires);
            // Said as a whole, whatever else happens meanwhile.
            timeout(PATIENCE, self.talk.flush()).await.map_err(io::Error::from)??;
            let message = tokio::select! {
                biased;
                () = held.attachment.ended() => return Err(Parting::Refused(self.login.why_ended())),
                () = sleep_until(expires) => return Err(Parting::Refused(self.expire(&held.session))),
                _ = touches.tick() => match self.login.touch(held.session.id).await {
                    true => continue,
                    false => return Err(Parting::Refused(Refusal::Revoked)),
                },
                received = self.talk.next() => received?.ok_or(Parting::Said)?,
            };
            match Box::pin(self.reply(held, &secret(message))).await {
                Ok(Reply::Text(text)) => self.talk.say(&text).await?,
                Ok(Reply::LoggedOut) => return Ok(self.talk.say("OK logged out").await?),
                Ok(Reply::Bye) => {
                    self.talk.say("OK bye").await?;
                    return Err(Parting::Said);
                }
                Err(refusal @ (Refusal::Revoked | Refusal::Stopping)) => return Err(Parting::Refused(refusal)),
                Err(refusal) => self.refuse(refusal).await?,
            }
        }
    }

    async fn reply(&mut self, held: &mut Held, text: &str) -> Result<Reply, Refusal> {
        match Command::parse(text)? {
            Command::WhoAmI => Ok(Reply::Text(format!("OK {}", held.session.name).into())),
            Command::Passwd { old, new } => {
                let new = tokio::select! {
                    biased;
                    () = held.attachment.ended() => Err(self.login.why_ended()),
                    new = self.try_passwords(&held.session, [old, new]) => new,
                };
                // Not while it waits to hear of an end, which it brings about itself.
                let granted = self.change_password(&held.session, new?).await?;
                let text = told(&granted);
                *held = granted.held;
                Ok(Reply::Text(text))
            }
            Command::Logout => {
                self.log_out(&held.session).await?;
                Ok(Reply::LoggedOut)
            }
            Command::Quit => Ok(Reply::Bye),
            Command::Register { .. } | Command::Login { .. } | Command::Resume { .. } => Err(Refusal::Inside),
        }
    }

    /// Says why not. The conversation is over by a guess too many, or where nobody is there to hear it.
    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Parting> {
        self.guesses += u32::from(refusal.was_a_guess());
        match refusal {
            Refusal::Gone(error) => Err(Parting::Failed(error)),
            refusal if self.guesses >= MOST_GUESSES => Err(Parting::Refused(refusal)),
            refusal => Ok(self.say_no(&refusal).await?),
        }
    }

    async fn say_no(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.talk.say(&format!("ERR {} {refusal}", refusal.code())).await
    }
}

/// What the holder of a session is told.
fn told(granted: &Granted) -> Zeroizing<String> {
    let Granted { held, token } = granted;
    format!("OK token {} expires {:.0}", **token, held.session.expires).into()
}

/// What is said to somebody who is not logged in, or by them, has to be said before a deadline.
fn in_time<T, E>(said: Result<Result<T, E>, Elapsed>) -> Result<T, Parting>
where
    Parting: From<E>,
{
    said.map_err(|_| Parting::Refused(Refusal::Limit))?.map_err(Parting::from)
}

impl From<io::Error> for Parting {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<RecvError> for Parting {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Framing(error) => Self::Refused(error.into()),
            RecvError::Io(error) => Self::Failed(error),
        }
    }
}

/// A message as text, overwritten when it is dropped; bytes that are not UTF-8 become U+FFFD.
fn secret(message: Message) -> Zeroizing<String> {
    Zeroizing::new(match String::from_utf8(message.bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(&Zeroizing::new(error.into_bytes())).into_owned(),
    })
}

/// What somebody may say until they are logged in, in bytes, and how long that may take. Also the longest message.
pub(super) const MOST_BEFORE: usize = 4096;
pub(super) const TIME_BEFORE: Duration = Duration::from_secs(30);
/// Wrong guesses of one connection.
const MOST_GUESSES: u32 = 3;
/// How long a peer may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is at most not noted that a session is held.
const MOST_UNNOTED: Duration = Duration::from_secs(60);
/// An interval needs a length.
const LEAST: Duration = Duration::from_millis(1);
