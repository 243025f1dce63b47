//! World: what stands around a room. Peers behind queues that are bounded by bytes and by age, some of which do not
//! read; a store for bans; a clock. It does with each effect what it asks for, and holds what comes out against what a
//! witness says may come out.

#![expect(clippy::unwrap_used, reason = "a simulation is a test")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Arguments;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::witness::{Actor, Deed, Witness};
use crate::framing::{Delimiter, Framing};
use crate::net::network;
use crate::services::chat::outbox::Outbox;
use crate::services::chat::post::Post;
use crate::services::chat::room::{Cause, Effect, Id, Input, Room, Terms};
use crate::store::{Ban, BanKey};

pub(super) struct World<'a> {
    pub(super) room: Room,
    pub(super) terms: Terms,
    /// What the room sees; it may jump.
    pub(super) clock: Timestamp,
    /// What queues are measured by.
    now: Instant,
    pub(super) bans: BTreeMap<BanKey, Ban>,
    post: Post,
    pub(super) peers: BTreeMap<Id, Peer>,
    pub(super) witness: Witness,
    /// Of the last line that went to all.
    seq: u64,
    tell: Tell<'a>,
    /// What has happened at least once.
    happened: BTreeSet<String>,
}

/// Who is told of each turn.
pub(super) type Tell<'a> = &'a mut dyn FnMut(Arguments<'_>);

/// Somebody who is connected, as a live server sees them.
pub(super) struct Peer {
    pub(super) from: Option<IpAddr>,
    pub(super) is_console: bool,
    reading: Reading,
    outbox: Rc<Outbox>,
    /// What was taken out to be sent, and is not read yet.
    under_way: Vec<u8>,
    /// The beginning of a line, where it was read.
    heard: Vec<u8>,
    /// The lines that have to be read next, in this order.
    due: VecDeque<Arc<str>>,
    entered: bool,
    closed: bool,
    /// The last line that was queued.
    last: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Everything,
    Slowly,
    Nothing,
}

impl<'a> World<'a> {
    pub(super) fn new(terms: Terms, tell: Tell<'a>) -> Self {
        Self {
            room: Room::new(terms, Vec::new()),
            terms,
            clock: Timestamp::from_second(1_800_000_000).unwrap(),
            now: Instant::now(),
            bans: BTreeMap::new(),
            post: Post::new(Framing::Lines),
            peers: BTreeMap::new(),
            witness: Witness::default(),
            seq: 0,
            tell,
            happened: BTreeSet::new(),
        }
    }

    pub(super) fn arrive(&mut self, id: Id, from: Option<IpAddr>) {
        self.connect(id, Peer::new(from));
        self.turn(Input::Arrives { id, from }, Deed::Arrival);
    }

    pub(super) fn sit_down(&mut self, id: Id) {
        self.connect(id, Peer { is_console: true, ..Peer::new(None) });
        self.turn(Input::Console(id), Deed::Arrival);
    }

    fn connect(&mut self, id: Id, peer: Peer) {
        self.post.admit(id, Rc::clone(&peer.outbox));
        self.peers.insert(id, peer);
    }

    pub(super) fn say(&mut self, id: Id, bytes: &[u8]) {
        if let Some(peer) = self.peers.get(&id) {
            peer.outbox.speaks(if id.0.is_multiple_of(2) { Delimiter::CrLf } else { Delimiter::Lf });
        }
        self.turn(Input::Says { id, bytes }, Deed::Words(bytes));
    }

    pub(super) fn leave(&mut self, id: Id, cause: Cause) {
        self.turn(Input::Leaves { id, cause }, Deed::Leaving(cause));
    }

    pub(super) fn stop(&mut self) {
        self.turn(Input::Stops, Deed::Stop);
        assert!(self.peers.values().all(|peer| peer.closed));
        assert!(self.witness.present.is_empty());
    }

    /// Time passes, and whoever reads goes on reading.
    pub(super) fn wait(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
        self.clock = self.clock.checked_add(SignedDuration::from_millis(i64::try_from(millis).unwrap())).unwrap();
        self.settle();
    }

    /// Somebody reads otherwise from now on.
    pub(super) fn read(&mut self, id: Id, reading: Reading) {
        (self.tell)(format_args!("{id:?} reads {reading:?}"));
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.reading = reading;
        }
        self.settle();
    }

    /// The server is killed and started again: of the room only the bans are left.
    pub(super) fn restart(&mut self) {
        (self.tell)(format_args!("a restart"));
        self.happened.insert("a restart".to_owned());
        self.room = Room::new(self.terms, self.bans.values().cloned().collect());
        self.post = Post::new(Framing::Lines);
        self.peers.clear();
        self.seq = 0;
        self.witness = Witness::default();
    }

    /// The kinds of things that have happened.
    pub(super) fn end(self) -> BTreeSet<String> {
        self.happened
    }

    /// One turn of the room, and what follows from it.
    fn turn(&mut self, input: Input<'_>, deed: Deed<'_>) {
        let id = match input {
            Input::Arrives { id, .. } | Input::Console(id) | Input::Says { id, .. } | Input::Leaves { id, .. } => {
                Some(id)
            }
            Input::NotKept(_) | Input::Stops => None,
        };
        let actor = id.map_or(Actor::Nobody, |id| match self.peers.get(&id) {
            Some(peer) if peer.is_console => Actor::Admin(id),
            _ => Actor::Somebody(id),
        });
        let effects = self.room.apply(self.clock, input);
        match input {
            Input::Says { id, bytes } => {
                (self.tell)(format_args!("{} {id:?} says {:?}: {effects:?}", self.clock, bytes.escape_ascii()));
            }
            input => (self.tell)(format_args!("{} {input:?}: {effects:?}", self.clock)),
        }
        self.witness.expect(actor, deed);
        effects.iter().for_each(|effect| self.carry_out(effect));
        self.post.bring(&effects, self.now);
        self.witness.conclude(&self.terms);
        self.check_bans();
        if let (true, Some(id)) = (deed.is_leaving(), id) {
            assert!(self.peers.get(&id).is_none_or(|peer| peer.closed), "{id:?} has left and was not closed");
            self.post.forget(id);
            self.peers.remove(&id);
        }
        self.check_sizes();
        self.settle();
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Enter(id) => {
                let entered = std::mem::replace(&mut self.open_peer(*id).entered, true);
                assert!(!entered, "{id:?} has entered twice");
            }
            Effect::ToAll { seq, line } => {
                check_line(line);
                self.happened.extend(kind(line));
                self.seq += 1;
                assert_eq!(*seq, self.seq, "numbers have a gap");
                let peers = self.peers.values_mut().filter(|peer| peer.entered && !peer.closed);
                peers.for_each(|peer| peer.expect(line));
                let view = View { peers: &self.peers, bans: &self.bans, now: self.clock };
                self.witness.see(line, &view);
            }
            Effect::To { id, line } => {
                check_line(line);
                self.open_peer(*id).expect(line);
                self.witness.hear(*id, line);
            }
            Effect::Close(id) => {
                let stops = self.witness.sees_a_stop();
                let peer = self.open_peer(*id);
                assert!(!stops || peer.last.contains("stopping"), "{id:?} was told {:?} last", peer.last);
                peer.closed = true;
            }
            Effect::KeepBan(ban) => {
                self.bans.insert(ban.key.clone(), Ban::clone(ban));
            }
            Effect::LiftBan(key) => assert!(self.bans.remove(key).is_some(), "{key:?} was not kept"),
            Effect::Stop => self.witness.stop_is_ordered(),
            Effect::Audit(_) => {}
        }
    }

    /// Somebody who is connected and was not closed: nobody else may be met by an effect.
    fn open_peer(&mut self, id: Id) -> &mut Peer {
        let peer = self.peers.get_mut(&id).unwrap_or_else(|| panic!("{id:?} is not connected"));
        assert!(!peer.closed, "{id:?} was closed before");
        peer
    }

    /// Whoever reads reads, and whoever is too far behind is cut, after the room's turn and never in it.
    fn settle(&mut self) {
        self.peers.values_mut().for_each(Peer::read);
        self.peers.retain(|_, peer| !peer.closed || !peer.has_read_all() && peer.reading != Reading::Nothing);
        let behind = self.peers.iter().find(|(_, peer)| !peer.closed && peer.is_behind(self.now));
        if let Some((id, peer)) = behind {
            let why = if peer.outbox.has_overflowed() { "a queue too large" } else { "a queue too old" };
            self.happened.insert(why.to_owned());
            self.leave(*id, Cause::TooSlow);
        }
    }

    /// Nobody is connected from where nobody may be. Of a ban by nick the neighbours stay.
    fn check_bans(&self) {
        for ban in self.bans.values().filter(|ban| ban.nick.is_none() && ban.until.is_none_or(|end| self.clock < end)) {
            let mut open = self.peers.iter().filter(|(_, peer)| !peer.closed);
            let spared = open.find(|(_, peer)| peer.from.is_some() && peer.from.map(network) == ban.address);
            assert!(spared.is_none(), "{:?} stays although {ban:?}", spared.map(|(id, _)| id));
        }
    }

    /// What is held is bounded by who is here.
    fn check_sizes(&self) {
        for (id, peer) in &self.peers {
            let (waiting, under_way) = (peer.outbox.held(), peer.under_way.len());
            assert!(waiting <= LARGEST_QUEUE && under_way <= LARGEST_WRITE, "{id:?} has {waiting} and {under_way}");
            assert!(!peer.outbox.has_overflowed() || waiting == 0, "{id:?} is given up and has {waiting} bytes");
        }
        let open = self.peers.values().filter(|peer| !peer.closed).count();
        let room = &self.room;
        assert_eq!(room.members.len() + room.guests.len() + room.consoles.len(), open);
        assert!(room.owners.len() <= 2 * room.members.len(), "{:?}", room.owners);
        assert!(room.history.told().size_hint().0 <= 21);
        assert!(room.effects.is_empty());
    }
}

fn check_line(line: &str) {
    let plain = line.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    assert!(plain || !line.contains(char::is_control), "{line:?} can move a cursor");
    assert!(plain || !line.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{200f}']), "{line:?} turns");
}

/// What an announcement says, without whom it names and why.
fn kind(line: &str) -> Option<String> {
    let (_, said) = line.strip_prefix("* ")?.split_once(' ')?;
    let said = said.split_once(": ").map_or(said, |(said, _)| said);
    Some(said.split_once(" now ").map_or(said, |_| "is now").to_owned())
}

/// What a witness has to know to judge.
pub(super) struct View<'a> {
    pub(super) peers: &'a BTreeMap<Id, Peer>,
    pub(super) bans: &'a BTreeMap<BanKey, Ban>,
    pub(super) now: Timestamp,
}

impl Peer {
    fn new(from: Option<IpAddr>) -> Self {
        Self {
            from,
            is_console: false,
            reading: Reading::Everything,
            outbox: Rc::new(Outbox::new(Delimiter::Lf)),
            under_way: Vec::new(),
            heard: Vec::new(),
            due: VecDeque::new(),
            entered: false,
            closed: false,
            last: "".into(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn last(&self) -> &str {
        &self.last
    }

    fn expect(&mut self, line: &Arc<str>) {
        self.last = Arc::clone(line);
        self.due.push_back(Arc::clone(line));
    }

    /// Whether a server would give this one up, or may do so.
    fn is_behind(&self, now: Instant) -> bool {
        self.outbox.has_overflowed() || !self.under_way.is_empty() && self.outbox.deadline() < now
    }

    fn has_read_all(&self) -> bool {
        self.under_way.is_empty() && self.outbox.is_done()
    }

    /// What was taken is sent before more is taken, as a conversation does it.
    fn read(&mut self) {
        loop {
            if self.under_way.is_empty() {
                self.outbox.take(&mut self.under_way);
            }
            match self.reading {
                Reading::Nothing => return,
                Reading::Slowly => return self.hear(self.under_way.len().min(A_SIP)),
                Reading::Everything if self.under_way.is_empty() => break,
                Reading::Everything => self.hear(self.under_way.len()),
            }
        }
        let missing = self.due.front().filter(|_| !self.outbox.has_overflowed());
        assert!(missing.is_none(), "{missing:?} did not come, nor what was behind it");
    }

    /// One order: each line is the one that has to come next.
    fn hear(&mut self, bytes: usize) {
        for byte in self.under_way.drain(..bytes) {
            self.heard.push(byte);
            if byte == b'\n' {
                let end = if self.heard.ends_with(b"\r\n") { 2 } else { 1 };
                let line = &self.heard[..self.heard.len() - end];
                let due = self.due.pop_front().unwrap_or_else(|| panic!("{:?} was for others", line.escape_ascii()));
                assert_eq!(line, due.as_bytes(), "out of order");
                self.heard.clear();
            }
        }
    }
}

const LARGEST_QUEUE: usize = 256 * 1024;
/// What is sent at once.
const LARGEST_WRITE: usize = 64 * 1024;
/// What somebody reads who reads slowly.
const A_SIP: usize = 40;
