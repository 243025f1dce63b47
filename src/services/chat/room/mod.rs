//! Room: who is there, and what comes of what they do. What happens goes in one by one, each with its time, and what is
//! to be done comes out in the order in which it has to be done. Whoever drives it needs to know none of its rules, only
//! what each effect asks for.

/// Between a connection and a nick.
mod door;
/// What the admin does to others.
mod moderation;
/// What members do.
mod talk;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use super::bans::Bans;
use super::flood::{Bucket, Rate};
use super::history::History;
use super::nick::{ADMIN, Nick};
use crate::event::audit::Record;
use crate::store::{Ban, BanKey};

use door::Guest;
#[cfg(feature = "simulation")]
pub use simulation::simulate;

/// One room and everybody in it.
#[derive(Debug)]
pub(super) struct Room {
    terms: Terms,
    bans: Bans,
    history: History,
    guests: BTreeMap<Id, Guest>,
    members: BTreeMap<Id, Member>,
    consoles: Vec<Id>,
    /// Whose each key of a nick is.
    owners: HashMap<String, Id>,
    /// Whoever is called so may not talk.
    muted: Vec<Nick>,
    /// Of the last line that everybody saw.
    seq: u64,
    stopping: bool,
    /// What this turn is about.
    now: Timestamp,
    effects: Vec<Effect>,
}

/// Names a connection for as long as the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(pub(super) u64);

/// What can be chosen about a room.
#[derive(Clone, Copy, Debug)]
pub(in crate::services) struct Terms {
    /// How fast a member may talk; `None` for as fast as they can.
    pub(in crate::services) rate: Option<Rate>,
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input<'a> {
    /// Somebody connects; from a Unix socket there is no address.
    Arrives { id: Id, from: Option<IpAddr> },
    /// The admin sits down at a console, of which there may be many.
    Console(Id),
    /// A message, whatever bytes it has.
    Says { id: Id, bytes: &'a [u8] },
    /// A connection is gone, or has to go. Where the room has closed it before, it does not matter.
    Leaves { id: Id, cause: Cause },
    /// A ban could not be kept, or not be taken out; it holds until the server stops.
    NotKept(&'a str),
    /// The server stops: everybody is told and closed.
    Stops,
}

/// Why somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was their wish.
    Left,
    Reset,
    TimedOut,
    /// They did not read what was due to them.
    TooSlow,
    /// They talked on and on without being heard, which only the room finds.
    Flooding,
    /// What they sent was no message.
    Broken,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// From here on this one gets what goes [`ToAll`](Self::ToAll).
    Enter(Id),
    /// A line to everybody who has entered and was not closed.
    ToAll {
        /// Counts from 1 without a gap.
        seq: u64,
        line: Arc<str>,
    },
    /// A line to one.
    To {
        id: Id,
        line: Arc<str>,
    },
    /// This one gets nothing more, and is closed once what came before is sent. Everybody who has arrived is closed
    /// once, whoever was gone already too.
    Close(Id),
    KeepBan(Box<Ban>),
    LiftBan(BanKey),
    Audit(Box<Record>),
    /// The server is to stop, as it does at a signal.
    Stop,
}

/// Somebody with a nick.
#[derive(Debug)]
struct Member {
    nick: Nick,
    from: Option<IpAddr>,
    bucket: Bucket,
}

impl Room {
    /// An empty one. Bans that are over are taken away in the first turn.
    pub(super) fn new(terms: Terms, bans: Vec<Ban>) -> Self {
        Self {
            terms,
            bans: Bans::new(bans),
            history: History::default(),
            guests: BTreeMap::new(),
            members: BTreeMap::new(),
            consoles: Vec::new(),
            owners: HashMap::new(),
            muted: Vec::new(),
            seq: 0,
            stopping: false,
            now: Timestamp::UNIX_EPOCH,
            effects: Vec::new(),
        }
    }

    /// Takes one turn. A clock that is set back does no harm.
    pub(super) fn apply(&mut self, now: Timestamp, input: Input<'_>) -> Vec<Effect> {
        self.now = now;
        match input {
            Input::Arrives { id, from } => self.arrive(id, from),
            Input::Console(id) => self.sit_down(id),
            Input::Says { id, bytes } => self.hear(id, bytes),
            Input::Leaves { id, cause } => self.leave(id, cause),
            Input::NotKept(why) => {
                for id in self.consoles.clone() {
                    self.refuse(id, format!("The disk has the bans as they were: {why}."));
                }
            }
            Input::Stops => self.stop(),
        }
        std::mem::take(&mut self.effects)
    }

    fn hear(&mut self, id: Id, bytes: &[u8]) {
        if self.members.contains_key(&id) {
            self.hear_member(id, bytes);
        } else if self.consoles.contains(&id) {
            self.hear_admin(id, bytes);
        } else if self.guests.contains_key(&id) {
            self.hear_guest(id, bytes);
        }
    }

    fn leave(&mut self, id: Id, cause: Cause) {
        if self.members.contains_key(&id) {
            self.remove(id, |nick| format!("* {nick} left{}", cause.words()));
        } else if self.leave_door(id, cause) || self.leave_console(id) {
            self.close(id);
        }
    }

    fn stop(&mut self) {
        if self.stopping {
            return;
        }
        self.stopping = true;
        self.announce(STOPPING);
        std::mem::take(&mut self.guests).into_keys().for_each(|id| self.dismiss(id, STOPPING));
        self.owners.clear();
        let members = std::mem::take(&mut self.members).into_keys();
        let everybody: Vec<Id> = members.chain(std::mem::take(&mut self.consoles)).collect();
        everybody.into_iter().for_each(|id| self.close(id));
    }

    /// Takes a member away and has the others told. What the member is told comes before.
    fn remove(&mut self, id: Id, announcement: impl FnOnce(&Nick) -> String) {
        let Some(member) = self.members.remove(&id) else { return };
        self.disown(&member.nick);
        self.close(id);
        self.announce(&announcement(&member.nick));
    }

    /// A line of the room, in the one order that everybody sees.
    fn announce(&mut self, line: &str) {
        self.broadcast(line.into());
    }

    fn broadcast(&mut self, line: Arc<str>) {
        self.seq += 1;
        self.effects.push(Effect::ToAll { seq: self.seq, line });
    }

    fn tell(&mut self, id: Id, line: &str) {
        self.effects.push(Effect::To { id, line: line.into() });
    }

    /// Says why something was not done.
    fn refuse(&mut self, id: Id, why: impl Display) {
        self.tell(id, &format!("* {why}"));
    }

    fn dismiss(&mut self, id: Id, line: &str) {
        self.tell(id, line);
        self.close(id);
    }

    fn close(&mut self, id: Id) {
        self.effects.push(Effect::Close(id));
    }

    /// Who is called so, or nearly so.
    fn find(&self, nick: &Nick) -> Option<Id> {
        nick.keys().iter().find_map(|key| self.owners.get(*key)).copied()
    }

    fn named(&self, word: &str) -> Option<(Id, Nick)> {
        let id = self.find(&Nick::parse(word).ok()?)?;
        Some((id, self.members.get(&id)?.nick.clone()))
    }

    /// The first nicks of those who are here, the admin before all, and how many there are without them.
    fn roll(&self, most: usize) -> (Vec<&str>, usize) {
        let nicks = self.members.values().map(|member| member.nick.as_str());
        let shown: Vec<&str> = std::iter::once(ADMIN).chain(nicks).take(most).collect();
        let others = self.members.len() + 1 - shown.len();
        (shown, others)
    }
}

impl Cause {
    /// What stands behind `left`.
    fn words(self) -> &'static str {
        match self {
            Self::Left => "",
            Self::Reset => " (connection reset)",
            Self::TimedOut => " (timed out)",
            Self::TooSlow => " (too slow)",
            Self::Flooding => " (flooding)",
            Self::Broken => " (broken message)",
        }
    }
}

const STOPPING: &str = "* The server is stopping.";
const NOBODY: &str = "Nobody here has that nick.";

/// Random people, and what holds whatever they do.
#[cfg(feature = "simulation")]
mod simulation;
#[cfg(test)]
mod tests;
