//! Witness: somebody who knows the wire but not the room. From the lines that everybody sees it knows who is there, and
//! for each it can say who made it; a line that nobody made, that names the wrong one or that comes twice is a forgery.
#![expect(clippy::unwrap_used, reason = "a simulation is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::world::View;
use crate::net::network;
use crate::services::chat::nick::Nick;
use crate::services::chat::room::{Cause, Id, Terms};
use crate::services::chat::speech;

/// What it knows.
#[derive(Default)]
pub(super) struct Witness {
    /// Who is there, by nick.
    pub(super) present: BTreeMap<String, Stay>,
    /// Nicks that may not talk.
    muted: Vec<Nick>,
    /// Who was told to be too fast.
    warned: BTreeSet<Id>,
    turn: Turn,
}

pub(super) struct Stay {
    pub(super) id: Id,
    nick: Nick,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Actor {
    Nobody,
    /// At this console.
    Admin(Id),
    Somebody(Id),
}

/// What somebody does to the room.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed<'a> {
    Arrival,
    Words(&'a [u8]),
    Leaving(Cause),
    Stop,
}

/// The turn that is being seen.
#[derive(Debug, Default)]
struct Turn {
    actor: Option<Id>,
    is_console: bool,
    /// The nick of the actor before the turn.
    name: Option<String>,
    /// What was said, as others may see it.
    text: Option<String>,
    cause: Option<Cause>,
    stops: bool,
    was_warned: bool,
    /// Whether the actor was told something.
    answered: bool,
    /// Lines that went to all.
    lines: usize,
}

impl Deed<'_> {
    pub(super) fn is_leaving(self) -> bool {
        matches!(self, Self::Leaving(_))
    }
}

impl Witness {
    /// Who acts next, and how.
    pub(super) fn expect(&mut self, actor: Actor, deed: Deed<'_>) {
        let (id, is_console) = match actor {
            Actor::Nobody => (None, false),
            Actor::Admin(id) => (Some(id), true),
            Actor::Somebody(id) => (Some(id), false),
        };
        let stay = self.present.iter().find(|(_, stay)| Some(stay.id) == id);
        let name = if is_console { Some("admin".to_owned()) } else { stay.map(|(name, _)| name.clone()) };
        let was_warned = id.is_some_and(|id| self.warned.contains(&id));
        let turn = Turn { actor: id, is_console, name, was_warned, ..Turn::default() };
        self.turn = match deed {
            Deed::Arrival => turn,
            Deed::Words(bytes) => Turn { text: Some(speech::shown(bytes)), ..turn },
            Deed::Leaving(cause) => Turn { cause: Some(cause), ..turn },
            Deed::Stop => Turn { stops: true, ..turn },
        };
    }

    /// A line that goes to one.
    pub(super) fn hear(&mut self, id: Id, line: &str) {
        self.turn.answered |= self.turn.actor == Some(id);
        if line.starts_with("* Too fast") {
            self.warned.insert(id);
        } else if line.starts_with("* You are heard again") {
            self.warned.remove(&id);
        }
        let known = line == "Nick?" || ["* ", "[", "<"].iter().any(|begin| line.starts_with(begin));
        assert!(known, "{line:?} has no form");
        if let Some((names, _)) = line.strip_prefix('<').and_then(|rest| rest.split_once("> ")) {
            let name = self.turn.name.as_deref().unwrap_or_default();
            let own = names.strip_prefix("you to ").is_some() && Some(id) == self.turn.actor;
            assert!(!self.is_muted(name), "{name} is muted and says {line:?}");
            assert!(own || names == format!("{name} to you"), "{line:?} is forged");
        }
    }

    pub(super) fn sees_a_stop(&self) -> bool {
        self.turn.stops
    }

    pub(super) fn stop_is_ordered(&mut self) {
        assert!(self.turn.is_console, "only the admin can do that");
        self.turn.answered = true;
    }

    /// A line that goes to all.
    pub(super) fn see(&mut self, line: &Arc<str>, view: &View<'_>) {
        self.turn.lines += 1;
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            [author, ..] if author.starts_with('<') => self.see_message(line),
            ["*", nick, "joined"] => self.see_join(nick, view),
            ["*", old, "is", "now", new] => self.see_rename([old, new], view),
            ["*", nick, "left", ..] => self.see_leave(nick, line, view),
            ["*", nick, "was", act @ ("kicked" | "banned"), "by", "admin" | "admin:", ..] => {
                self.see_removal(nick, act, view);
            }
            ["*", nick, "was", "muted" | "unmuted", "by", "admin"] => {
                assert!(self.turn.is_console, "{line:?} was not the admin's doing");
                let whom = Nick::parse(nick).unwrap();
                self.muted.retain(|muted| !muted.is_like(&whom));
                if words[3] == "muted" {
                    assert!(self.present.contains_key(nick), "{line:?} but nobody is there");
                    self.muted.push(whom);
                }
            }
            ["*", "The", "server", "is", "stopping."] => {
                assert!(self.turn.stops);
                self.present.clear();
            }
            _ => panic!("nobody made {line:?}"),
        }
    }

    /// What has to be true when the turn is over.
    pub(super) fn conclude(&self, terms: &Terms) {
        let turn = &self.turn;
        let (Some(text), Some(name)) = (&turn.text, &turn.name) else { return };
        let is_quit = text.starts_with("/quit");
        if text.is_empty() || is_quit {
            return;
        }
        // What is not said to all is answered, unless they were told before that nobody sees it.
        let silent = terms.rate.is_some() && turn.was_warned && !turn.is_console;
        assert!(turn.lines > 0 || turn.answered || silent, "{name} said {text:?} in vain");
        assert!(text.starts_with('/') || turn.lines <= 1, "{name} said {text:?} more than once");
    }

    fn see_message(&self, line: &str) {
        let text = self.turn.text.as_deref().unwrap_or_default();
        let said = text.strip_prefix('/').unwrap_or(text);
        let name = self.turn.name.as_deref().unwrap_or_default();
        assert_eq!(line, format!("<{name}> {said}"), "somebody else has said that");
        assert!(!self.is_muted(name), "{name} is muted");
    }

    fn is_muted(&self, name: &str) -> bool {
        Nick::parse(name).is_ok_and(|nick| self.muted.iter().any(|muted| muted.is_like(&nick)))
    }

    fn see_join(&mut self, nick: &str, view: &View<'_>) {
        let id = self.turn.actor.unwrap();
        assert!(self.turn.name.is_none() && self.turn.text.is_some(), "{nick} joined out of turn");
        let from = view.peers[&id].from.map(network);
        let banned = view.bans.values().find(|ban| ban.address.is_some() && ban.address == from && lasts(ban, view));
        assert!(banned.is_none(), "{nick} came in although {banned:?}");
        self.take(nick, id, view);
    }

    fn see_rename(&mut self, [old, new]: [&str; 2], view: &View<'_>) {
        let id = self.turn.actor.unwrap();
        assert_eq!(self.turn.name.as_deref(), Some(old), "somebody else was renamed");
        assert!(!self.is_muted(old), "{old} is muted and shakes it off");
        self.present.remove(old).unwrap();
        self.take(new, id, view);
    }

    fn see_leave(&mut self, nick: &str, line: &str, view: &View<'_>) {
        assert_eq!(self.turn.name.as_deref(), Some(nick), "somebody else has left");
        let cause = match self.turn.cause {
            Some(Cause::Left) => "",
            Some(Cause::Reset) => " (connection reset)",
            Some(Cause::TimedOut) => " (timed out)",
            Some(Cause::TooSlow) => " (too slow)",
            Some(Cause::Broken) => " (broken message)",
            Some(Cause::Flooding) => unreachable!("the world never says so"),
            None if self.turn.text.as_deref().is_some_and(|text| text.starts_with("/quit")) => "",
            None => " (flooding)",
        };
        assert_eq!(line, format!("* {nick} left{cause}"));
        self.free(nick, view);
    }

    fn see_removal(&mut self, nick: &str, act: &str, view: &View<'_>) {
        assert!(self.turn.is_console, "{nick} was {act} and not by the admin");
        let id = self.present[nick].id;
        let told = view.peers[&id].last();
        assert!(told.starts_with(&format!("* You were {act} by admin")), "{nick} was told {told:?} last");
        self.free(nick, view);
    }

    /// A nick has one owner, and none where it is banned or ours.
    fn take(&mut self, name: &str, id: Id, view: &View<'_>) {
        let nick = Nick::parse(name).unwrap();
        assert!(!nick.is_reserved(), "{name} is ours");
        let owner = self.present.values().find(|stay| stay.nick.is_like(&nick));
        assert!(owner.is_none(), "{name} is {}'s", owner.unwrap().nick);
        assert!(self.present.values().all(|stay| stay.id != id), "{name} is there already");
        let about = |banned: &String| Nick::parse(banned).unwrap().is_like(&nick);
        let banned = view.bans.values().find(|ban| ban.nick.as_ref().is_some_and(about) && lasts(ban, view));
        assert!(banned.is_none(), "{name} is called so although {banned:?}");
        self.present.insert(name.to_owned(), Stay { id, nick });
    }

    /// One who leaves was there, and is closed before the others hear of it.
    fn free(&mut self, name: &str, view: &View<'_>) {
        let stay = self.present.remove(name).unwrap_or_else(|| panic!("{name} left without having come"));
        assert!(view.peers[&stay.id].is_closed(), "{name} still sees everything");
        self.warned.remove(&stay.id);
    }
}

fn lasts(ban: &crate::store::Ban, view: &View<'_>) -> bool {
    ban.until.is_none_or(|until| view.now < until)
}
