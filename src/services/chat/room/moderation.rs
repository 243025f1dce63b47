//! Moderation: what the admin does to others. Each act is told to those it concerns, and noted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::SignedDuration;

use super::{Effect, Id, NOBODY, Room, door};
use crate::event::audit::{Act, Record};
use crate::net;
use crate::services::chat::bans::{self, Whom};
use crate::services::chat::command::Command;
use crate::services::chat::nick::Nick;
use crate::store::Ban;

impl Room {
    pub(super) fn do_as_admin(&mut self, id: Id, command: Command<'_>) {
        match command {
            Command::Kick { nick, reason } => self.kick(id, nick, reason),
            Command::Ban { whom, length, reason } => match Whom::parse(whom) {
                Ok(Whom::Nick(nick)) => self.ban_nick(id, &nick, Sentence { length, reason }),
                Ok(Whom::Address(network)) => self.ban_network(id, network, Sentence { length, reason }),
                Err(why) => self.refuse(id, format_args!("Sorry, {why}.")),
            },
            Command::Unban(word) => self.unban(id, word),
            Command::Bans => self.show_bans(id),
            Command::Mute(word) => self.mute(id, word),
            Command::Unmute(word) => self.unmute(id, word),
            Command::Stop => {
                self.note(Record::new(Act::Stop, self.now));
                self.effects.push(Effect::Stop);
            }
            command => self.do_as_anybody(id, command),
        }
    }

    /// Takes away what is over, here and in the store.
    pub(super) fn expire_bans(&mut self) {
        let over = self.bans.expire(self.now);
        self.effects.extend(over.into_iter().map(Effect::LiftBan));
    }

    pub(super) fn is_muted(&self, nick: &Nick) -> bool {
        self.muted.iter().any(|muted| muted.is_like(nick))
    }

    fn kick(&mut self, console: Id, word: &str, reason: &str) {
        let Some((id, nick)) = self.named(word) else { return self.refuse(console, NOBODY) };
        let behind = behind(reason);
        self.note(because(self.about(id, Act::Kick).nick(nick.as_str()), reason));
        self.tell(id, &format!("* You were kicked by admin{behind}"));
        self.remove(id, |nick| format!("* {nick} was kicked by admin{behind}"));
    }

    /// Bans a nick, and the address of whoever has it now. Others from there stay: behind one address there may be a
    /// whole school. They could not come back, so the admin is told of them.
    fn ban_nick(&mut self, console: Id, nick: &Nick, sentence: Sentence<'_>) {
        if nick.is_reserved() {
            return self.refuse(console, "That nick is ours.");
        }
        let found = self.find(nick);
        let address = found.and_then(|id| self.members.get(&id)?.from);
        let nick = found.and_then(|id| self.members.get(&id)).map_or(nick, |member| &member.nick).clone();
        // Everybody on our own machine has the same address, and it is where programs are tried.
        let network = address.filter(|address| !is_ours(*address)).map(net::network);
        let whom = Whom::Nick(nick.clone());
        let before = self.bans.find(&whom, self.now).and_then(|ban| ban.address);
        let ban = Ban { nick: Some(nick.to_string()), ..self.sentenced(&whom, network.or(before), sentence) };
        self.pronounce(&ban);
        match found {
            Some(id) => self.expel(id, &ban),
            None => self.refuse(console, format_args!("Banned: {}. Nobody here has that nick.", bans::described(&ban))),
        }
        if let Some(network) = network {
            self.name_neighbours(console, network);
        }
    }

    /// Bans an address and everybody who is there from it.
    fn ban_network(&mut self, console: Id, network: IpAddr, sentence: Sentence<'_>) {
        let ban = self.sentenced(&Whom::Address(network), Some(network), sentence);
        self.pronounce(&ban);
        self.refuse(console, format_args!("Banned: {}", bans::described(&ban)));
        let from_there = |from: Option<IpAddr>| from.is_some_and(|from| net::network(from) == network);
        let guests = self.guests.iter().filter(|(_, guest)| from_there(guest.from));
        let guests: Vec<Id> = guests.map(|(id, _)| *id).collect();
        for id in guests {
            self.guests.remove(&id);
            self.dismiss(id, &door::banned(&ban));
        }
        let members = self.members.iter().filter(|(_, member)| from_there(member.from));
        let members: Vec<Id> = members.map(|(id, _)| *id).collect();
        members.into_iter().for_each(|id| self.expel(id, &ban));
    }

    fn sentenced(&self, whom: &Whom, address: Option<IpAddr>, sentence: Sentence<'_>) -> Ban {
        let until = sentence.length.and_then(|length| self.now.checked_add(length).ok());
        Ban { key: whom.key(), nick: None, address, reason: sentence.reason.to_owned(), since: self.now, until }
    }

    fn pronounce(&mut self, ban: &Ban) {
        self.expire_bans();
        self.bans.keep(ban.clone());
        self.effects.push(Effect::KeepBan(Box::new(ban.clone())));
        self.note(because(of_ban(Record::new(Act::Ban, self.now), ban), &ban.reason).until(ban.until));
    }

    fn expel(&mut self, id: Id, ban: &Ban) {
        let length = ban.until.map(|until| format!(" {}", bans::spoken(until.duration_since(ban.since))));
        let behind = format!("{}{}", length.unwrap_or_default(), behind(&ban.reason));
        self.tell(id, &format!("* You were banned by admin{behind}"));
        self.remove(id, |nick| format!("* {nick} was banned by admin{behind}"));
    }

    fn name_neighbours(&mut self, console: Id, network: IpAddr) {
        let neighbours = self.members.values().filter(|member| member.from.map(net::network) == Some(network));
        let neighbours: Vec<&str> = neighbours.map(|member| member.nick.as_str()).take(NEIGHBOURS).collect();
        if !neighbours.is_empty() {
            let (network, nicks) = (bans::written(network), neighbours.join(", "));
            let line = format!("Also from {network}, and still here: {nicks}. /ban {network} removes them.");
            self.refuse(console, line);
        }
    }

    fn unban(&mut self, console: Id, word: &str) {
        self.expire_bans();
        let lifted = match Whom::parse(word) {
            Ok(whom) => self.bans.lift(&whom),
            Err(why) => return self.refuse(console, format_args!("Sorry, {why}.")),
        };
        if lifted.is_empty() {
            self.refuse(console, "Nobody is banned by that.");
        }
        for ban in lifted {
            self.refuse(console, format_args!("No longer banned: {}", bans::described(&ban)));
            self.note(of_ban(Record::new(Act::Unban, self.now), &ban));
            self.effects.push(Effect::LiftBan(ban.key));
        }
    }

    fn show_bans(&mut self, console: Id) {
        self.expire_bans();
        let lines: Vec<String> = self.bans.list(self.now).into_iter().map(bans::described).collect();
        if lines.is_empty() {
            return self.refuse(console, "Nobody is banned.");
        }
        lines.iter().for_each(|line| self.refuse(console, line));
    }

    /// A mute lasts as long as the server runs, and comes back with the nick: whoever is muted cannot change it.
    fn mute(&mut self, console: Id, word: &str) {
        let Some((id, nick)) = self.named(word) else { return self.refuse(console, NOBODY) };
        if self.is_muted(&nick) {
            return self.refuse(console, format_args!("{nick} is muted already."));
        }
        self.note(self.about(id, Act::Mute).nick(nick.as_str()));
        self.announce(&format!("* {nick} was muted by admin"));
        self.muted.push(nick);
    }

    fn unmute(&mut self, console: Id, word: &str) {
        let Ok(nick) = Nick::parse(word) else { return self.refuse(console, NOBODY) };
        let lifted: Vec<Nick> = self.muted.extract_if(.., |muted| muted.is_like(&nick)).collect();
        if lifted.is_empty() {
            return self.refuse(console, "Nobody is muted by that nick.");
        }
        for nick in lifted {
            self.note(Record::new(Act::Unmute, self.now).nick(nick.as_str()));
            self.announce(&format!("* {nick} was unmuted by admin"));
        }
    }

    fn about(&self, id: Id, act: Act) -> Record {
        Record::new(act, self.now).from(self.members.get(&id).and_then(|member| member.from))
    }

    fn note(&mut self, record: Record) {
        self.effects.push(Effect::Audit(Box::new(record)));
    }
}

/// What somebody gets.
#[derive(Clone, Copy)]
struct Sentence<'a> {
    /// `None` for good.
    length: Option<SignedDuration>,
    reason: &'a str,
}

fn of_ban(record: Record, ban: &Ban) -> Record {
    let record = record.from(ban.address);
    match &ban.nick {
        Some(nick) => record.nick(nick.as_str()),
        None => record,
    }
}

fn because(record: Record, reason: &str) -> Record {
    if reason.is_empty() { record } else { record.because(reason.to_owned()) }
}

fn behind(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// The address of everybody who says `localhost`. The rest of 127.0.0.0/8 is chosen on purpose, and so told apart.
fn is_ours(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

/// How many of them the admin is told.
const NEIGHBOURS: usize = 20;
