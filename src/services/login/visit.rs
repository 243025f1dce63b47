//! Visit: one conversation with `login`, from the greeting to the end. Outside, little is allowed; inside, it goes on
//! for as long as the session lasts.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep_until, timeout, timeout_at};
use zeroize::Zeroizing;

use super::Login;
use super::command::{Command, everything};
use super::desk::{Granted, Held};
use super::refusal::Refusal;
use crate::framing::Message;
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

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    Part,
}

/// What somebody inside is answered.
enum Reply {
    Text(String),
    LoggedOut,
    Bye,
}

/// What happens while somebody is inside.
enum Happening {
    Said(Message),
    /// It is time to note that somebody is here.
    Touch,
    Ended(Refusal),
    Left,
}

impl<'a> Visit<'a> {
    pub(super) fn new(login: &'a Login, conn: Conn) -> Self {
        let here = match &conn.peer {
            Endpoint::Unix(_) => true,
            Endpoint::Ip(peer) => peer.ip().is_loopback(),
        };
        let way = if here || login.terms.insecure { Way::Safe } else { Way::Plain };
        Self { login, talk: Messages::bounded(conn, login.framing, MOST_BEFORE), way, guesses: 0 }
    }

    /// # Errors
    /// Where the stream fails.
    ///
    /// # Cancel safety
    /// Dropping it ends it where it stands.
    pub(super) async fn hold(mut self) -> io::Result<Ending> {
        self.converse().await?;
        timeout(PATIENCE, self.talk.part()).await.unwrap_or(Ok(Ending::TimedOut))
    }

    async fn converse(&mut self) -> io::Result<()> {
        match self.way {
            Way::Safe => self.talk.say(&format!("OK {}", everything())).await?,
            // Said before a password is on its way.
            Way::Plain => self.say_no(&Refusal::Insecure).await?,
        }
        while let Some(held) = self.outside().await? {
            if self.inside(held).await? == Then::Part {
                break;
            }
        }
        Ok(())
    }

    /// Until somebody is logged in; `None` where the conversation is over.
    async fn outside(&mut self) -> io::Result<Option<Held>> {
        let deadline = Instant::now() + TIME_BEFORE;
        let mut room = MOST_BEFORE;
        loop {
            let Ok(received) = timeout_at(deadline, self.talk.receive()).await else { break };
            let Some(message) = received? else { return Ok(None) };
            // What ends or announces a message is input too.
            let Some(left) = room.checked_sub(message.bytes.len() + 1) else { break };
            room = left;
            match self.let_in(&secret(message)).await {
                Ok(Some(Granted { held, token })) => {
                    let expires = held.session.expires;
                    self.talk.say(&format!("OK token {} expires {expires:.0}", *token)).await?;
                    return Ok(Some(held));
                }
                Ok(None) => {
                    self.talk.say("OK bye").await?;
                    return Ok(None);
                }
                Err(refusal) => {
                    if self.refuse(refusal).await? == Then::Part {
                        return Ok(None);
                    }
                }
            }
        }
        self.say_no(&Refusal::Limit).await?;
        Ok(None)
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

    /// As long as the session lasts and somebody is here.
    async fn inside(&mut self, mut held: Held) -> io::Result<Then> {
        let often = self.login.terms.idle / 2;
        let mut touches = interval_at(Instant::now() + often.min(MOST_UNNOTED), often.clamp(LEAST, MOST_UNNOTED));
        let expires = Instant::now() + self.login.time_until(held.session.expires);
        loop {
            // Said as a whole, whatever else happens meanwhile.
            timeout(PATIENCE, self.talk.flush()).await??;
            let happening = tokio::select! {
                biased;
                () = held.attachment.ended() => Happening::Ended(Refusal::Revoked),
                () = sleep_until(expires) => Happening::Ended(self.expire(&held.session)),
                _ = touches.tick() => Happening::Touch,
                received = self.talk.receive() => received?.map_or(Happening::Left, Happening::Said),
            };
            let refusal = match happening {
                Happening::Touch if self.login.touch(held.session.id).await => continue,
                Happening::Touch => Refusal::Revoked,
                Happening::Ended(refusal) => refusal,
                Happening::Left => break,
                Happening::Said(message) => {
                    match self.reply(&held, &secret(message)).await {
                        Ok(Reply::Text(text)) => self.talk.say(&text).await?,
                        Ok(Reply::LoggedOut) => {
                            self.talk.say("OK logged out").await?;
                            return Ok(Then::GoOn);
                        }
                        Ok(Reply::Bye) => {
                            self.talk.say("OK bye").await?;
                            break;
                        }
                        Err(refusal) => {
                            if self.refuse(refusal).await? == Then::Part {
                                break;
                            }
                        }
                    }
                    continue;
                }
            };
            self.say_no(&refusal).await?;
            return Ok(Then::Part);
        }
        // From now on nobody holds it here.
        self.login.touch(held.session.id).await;
        Ok(Then::Part)
    }

    async fn reply(&mut self, held: &Held, text: &str) -> Result<Reply, Refusal> {
        match Command::parse(text)? {
            Command::WhoAmI => Ok(Reply::Text(format!("OK {}", held.session.name))),
            Command::Passwd { old, new } => {
                self.change_password(&held.session, [old, new]).await?;
                Ok(Reply::Text("OK password changed".into()))
            }
            Command::Logout => {
                self.log_out(&held.session).await?;
                Ok(Reply::LoggedOut)
            }
            Command::Quit => Ok(Reply::Bye),
            Command::Register { .. } | Command::Login { .. } | Command::Resume { .. } => Err(Refusal::Inside),
        }
    }

    /// Says why not. It was a guess too many, where the conversation is over by it.
    async fn refuse(&mut self, refusal: Refusal) -> io::Result<Then> {
        self.say_no(&refusal).await?;
        if let Refusal::Gone(error) = refusal {
            return Err(error);
        }
        self.guesses += u32::from(refusal.was_a_guess());
        Ok(if self.guesses < MOST_GUESSES { Then::GoOn } else { Then::Part })
    }

    async fn say_no(&mut self, refusal: &Refusal) -> io::Result<()> {
        self.talk.say(&format!("ERR {} {refusal}", refusal.code())).await
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
