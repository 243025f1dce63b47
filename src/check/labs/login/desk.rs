//! Desk: somebody who comes to a login server and says who they are.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::check::dialogue::{Answer, Dialogue, Exchange, Talk, Words};
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::Reach;

/// Somebody with a name and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) password: String,
    /// Each comes from an address of their own, for servers that know people by it.
    pub(super) seat: u8,
}

/// A conversation at the desk, and what it came to.
pub(super) struct Desk {
    pub(super) talk: Talk,
    pub(super) answer: Answer,
}

impl Person {
    pub(super) fn new(stage: &mut Stage) -> Self {
        let letters = String::from_utf8_lossy(&stage.letters(20)).into_owned();
        let (name, password) = (format!("u{}", &letters[..7]), format!("K7{}", &letters[7..]));
        let seat = u8::try_from(stage.dice.below(200)).unwrap_or_default();
        Self { name, password, seat: seat + 2 }
    }

    fn words(&self, token: &str) -> Words {
        let Self { name, password, .. } = self.clone();
        Words { name, password, token: token.to_owned(), text: String::new() }
    }
}

impl Desk {
    /// A connection of which nothing was heard yet.
    pub(super) fn open(stage: &mut Stage, seat: u8, line_end: &str) -> Result<Talk, Miss> {
        let address = stage.listening()?;
        let wire = match address.ip() {
            IpAddr::V4(ip) if ip.is_loopback() && seat > 0 => stage.dial_from(Ipv4Addr::new(127, 0, 0, seat).into())?,
            _ => stage.dial(Reach::default())?,
        };
        Ok(Talk::new(wire, line_end))
    }

    pub(super) fn register(stage: &mut Stage, way: &Dialogue, person: &Person) -> Result<Self, Miss> {
        let Some(register) = &way.register else { return Err(lacks("register")) };
        Self::hold(stage, way, (register, person, ""))
    }

    pub(super) fn log_in(stage: &mut Stage, way: &Dialogue, person: &Person) -> Result<Self, Miss> {
        let Some(login) = &way.login else { return Err(lacks("login")) };
        Self::hold(stage, way, (login, person, ""))
    }

    pub(super) fn resume(stage: &mut Stage, way: &Dialogue, owner: (&Person, &str)) -> Result<Self, Miss> {
        let Some(resume) = &way.resume else { return Err(lacks("resume")) };
        Self::hold(stage, way, (resume, owner.0, owner.1))
    }

    fn hold(stage: &mut Stage, way: &Dialogue, what: (&Exchange, &Person, &str)) -> Result<Self, Miss> {
        let (exchange, person, token) = what;
        let mut talk = Self::open(stage, person.seat, &way.line_end)?;
        let answer = talk.hold(exchange, &person.words(token))?;
        Ok(Self { talk, answer })
    }

    /// The same, and the end of each text in a segment of its own.
    pub(super) fn log_in_by_pieces(stage: &mut Stage, way: &Dialogue, person: &Person) -> Result<Self, Miss> {
        let Some(login) = &way.login else { return Err(lacks("login")) };
        let mut talk = Self::open(stage, person.seat, &way.line_end)?;
        talk.say_in_pieces();
        let answer = talk.hold(login, &person.words(""))?;
        Ok(Self { talk, answer })
    }

    /// Goes, when all is said.
    pub(super) fn leave(self) {
        let mut wire = self.talk.wire;
        // It may keep what it was told only after it has said so.
        wire.listen_for(MOMENT);
        wire.close();
    }

    /// Says it once more on the same connection, where that is still open.
    pub(super) fn once_more(&mut self, way: &Dialogue, person: &Person) -> Result<bool, Miss> {
        let Some(login) = &way.login else { return Ok(false) };
        let last = self.last_words().to_owned();
        let is_asked = match login.steps.first() {
            Some(step) if step.expect.is_none() => true,
            _ => login.steps.iter().any(|step| step.expect.as_ref().is_some_and(|expect| expect.fits(&last))),
        };
        if self.talk.is_over() || !is_asked {
            return Ok(false);
        }
        self.answer = self.talk.hold_on(login, &person.words(""), last)?;
        Ok(true)
    }

    pub(super) fn last_words(&self) -> &str {
        match &self.answer {
            Answer::Accepted(text) | Answer::Refused(text) | Answer::AskedAgain(text) | Answer::Other(text) => text,
            Answer::Silent | Answer::Ended => "",
        }
    }

    /// Whether it said anything that was not our own.
    pub(super) fn spoke_for_itself(&self) -> bool {
        let heard = self.talk.heard.split_whitespace().collect::<String>();
        !heard.is_empty() && !self.talk.said.split_whitespace().collect::<String>().contains(&heard)
    }

    /// Whether the password was said as an answer of its own.
    pub(super) fn was_asked_for_a_password(&self, person: &Person) -> bool {
        self.talk.said.lines().any(|line| line == person.password)
    }

    /// What was said to it, with nothing in it that is this person's own.
    pub(super) fn said_by_anybody(&self, person: &Person) -> String {
        self.talk.said.replace(&person.name, "").replace(&person.password, "")
    }

    pub(super) fn gave_the_name(&self, person: &Person) -> bool {
        self.talk.said.contains(&person.name)
    }

    pub(super) fn is_in(&self) -> bool {
        matches!(self.answer, Answer::Accepted(_))
    }

    /// What it said, or did, instead of `want`.
    pub(super) fn miss(&self, want: &str) -> Miss {
        let (transport, got) = match &self.answer {
            Answer::Silent => (Transport::Timeout, "not a word".to_owned()),
            Answer::Ended if self.talk.was_reset() => (Transport::Rst, "RST".to_owned()),
            Answer::Ended => (Transport::Fin, "FIN, and not a word".to_owned()),
            _ => (Transport::Answered, say::amount(self.last_words().as_bytes())),
        };
        self.talk.wire.fault(transport, want, got)
    }
}

const MOMENT: Duration = Duration::from_millis(200);

fn lacks(exchange: &str) -> Miss {
    Miss::skip(format!("how to {exchange} is not known; tell it in [{exchange}] of --dialogue FILE"))
}
