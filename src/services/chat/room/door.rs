//! Door: between a connection and a nick. Whoever stands here sees nothing of the room.

use std::net::IpAddr;

use super::{ADMIN, Cause, Effect, Id, Member, Room, STOPPING};
use crate::net::network;
use crate::services::chat::bans::{self, Whom};
use crate::services::chat::command::{Command, Rank};
use crate::services::chat::flood::Bucket;
use crate::services::chat::nick::Nick;
use crate::services::chat::{speech, stranger};
use crate::store::Ban;

/// Somebody without a nick.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) from: Option<IpAddr>,
    /// Nicks that were refused.
    refused: u32,
}

impl Room {
    pub(super) fn arrive(&mut self, id: Id, from: Option<IpAddr>) {
        if self.stopping {
            return self.dismiss(id, STOPPING);
        }
        self.expire_bans();
        let from = from.map(|address| address.to_canonical());
        if let Some(line) = self.shut_to(from) {
            return self.dismiss(id, &line);
        }
        self.guests.insert(id, Guest { from, refused: 0 });
        self.tell(id, QUESTION);
    }

    /// A console needs no nick. It sees what a newcomer sees.
    pub(super) fn sit_down(&mut self, id: Id) {
        if self.stopping {
            return self.dismiss(id, STOPPING);
        }
        self.expire_bans();
        self.consoles.push(id);
        self.welcome(id, ADMIN);
    }

    /// Takes somebody away who never got in.
    pub(super) fn leave_door(&mut self, id: Id, cause: Cause) -> bool {
        if self.guests.remove(&id).is_none() {
            return false;
        }
        if cause == Cause::TimedOut {
            self.tell(id, TOO_LATE);
        }
        true
    }

    pub(super) fn leave_console(&mut self, id: Id) -> bool {
        let before = self.consoles.len();
        self.consoles.retain(|console| *console != id);
        self.consoles.len() < before
    }

    pub(super) fn hear_guest(&mut self, id: Id, bytes: &[u8]) {
        if let Some(line) = stranger::answer_to(bytes) {
            self.guests.remove(&id);
            return self.dismiss(id, line);
        }
        let text = speech::shown(bytes);
        if Command::parse(&text, Rank::Member) == Ok(Command::Quit) {
            self.guests.remove(&id);
            return self.close(id);
        }
        // The ban may be younger than the visit.
        if let Some(line) = self.guests.get(&id).and_then(|guest| self.shut_to(guest.from)) {
            self.guests.remove(&id);
            return self.dismiss(id, &line);
        }
        match self.choose(&text) {
            Ok(nick) => self.enter(id, nick),
            Err(why) => self.ask_again(id, &why),
        }
    }

    /// What to say to somebody from an address that is banned.
    fn shut_to(&self, from: Option<IpAddr>) -> Option<String> {
        let whom = Whom::Address(network(from?));
        Some(banned(self.bans.find(&whom, self.now)?))
    }

    /// Whether a nick can be had by somebody new. What was typed is not repeated.
    fn choose(&self, text: &str) -> Result<Nick, String> {
        let nick = Nick::parse(text).map_err(|why| format!("Sorry, {why}."))?;
        self.refusal(&nick).map_or(Ok(nick), Err)
    }

    /// Why nobody new can be called so.
    pub(super) fn refusal(&self, nick: &Nick) -> Option<String> {
        if nick.is_reserved() {
            return Some("Sorry, that nick is reserved.".to_owned());
        }
        if self.find(nick).is_some() {
            return Some("Sorry, that nick is taken, or looks like one that is.".to_owned());
        }
        let ban = self.bans.find(&Whom::Nick(nick.clone()), self.now)?;
        Some(format!("Sorry, that nick is banned {}", bans::lasting(ban)))
    }

    fn ask_again(&mut self, id: Id, why: &str) {
        let Some(guest) = self.guests.get_mut(&id) else { return };
        guest.refused += 1;
        if guest.refused >= ATTEMPTS {
            self.guests.remove(&id);
            return self.dismiss(id, &format!("* {why} That was the last try."));
        }
        self.tell(id, &format!("* {why}"));
        self.tell(id, QUESTION);
    }

    fn enter(&mut self, id: Id, nick: Nick) {
        let Some(Guest { from, .. }) = self.guests.remove(&id) else { return };
        self.announce(&format!("* {nick} joined"));
        self.own(id, &nick);
        let name = nick.to_string();
        let muted = self.is_muted(&nick);
        self.members.insert(id, Member { nick, from, bucket: Bucket::new(self.now) });
        self.welcome(id, &name);
        if muted {
            self.tell(id, "* You are muted.");
        }
    }

    pub(super) fn own(&mut self, id: Id, nick: &Nick) {
        for key in nick.keys() {
            self.owners.insert(key.to_owned(), id);
        }
    }

    pub(super) fn disown(&mut self, nick: &Nick) {
        for key in nick.keys() {
            self.owners.remove(key);
        }
    }

    /// Tells somebody where they are, and lets them see everything from now on.
    fn welcome(&mut self, id: Id, name: &str) {
        let (nicks, others) = self.roll(GREETED);
        let here = nicks.join(", ");
        let others = if others > 0 { format!(" and {others} more") } else { String::new() };
        self.tell(id, &format!("* You are {name}. Here: {here}{others}. /help lists commands."));
        let told: Vec<String> = self.history.told().collect();
        told.iter().for_each(|line| self.tell(id, line));
        self.effects.push(Effect::Enter(id));
    }
}

/// What somebody who is banned is told.
pub(super) fn banned(ban: &Ban) -> String {
    format!("* You are banned {}", bans::lasting(ban))
}

const QUESTION: &str = "Nick?";
const TOO_LATE: &str = "* You did not say a nick in time.";
/// How many nicks may be tried.
const ATTEMPTS: u32 = 5;
/// How many nicks a newcomer is told. Where a thousand come at once, all of them told to all would be a million.
const GREETED: usize = 50;
