//! World: what stands around a room. Peers behind queues that are bounded by bytes and by age, some of which do not
//! read; a store for bans; a clock. It does with each effect what it asks for, and holds what comes out against what a
//! witness says may come out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::witness::{Actor, Deed, Witness};
use crate::services::chat::room::{Cause, Effect, Id, Input, Room, Terms};
use crate::store::{Ban, BanKey};

pub(super) struct World {
    pub(super) room: Room,
    pub(super) terms: Terms,
    /// What the room sees; it may jump.
    pub(super) clock: Timestamp,
    /// What queues are measured by.
    elapsed: Duration,
    pub(super) bans: BTreeMap<BanKey, Ban>,
    pub(super) peers: BTreeMap<Id, Peer>,
    pub(super) witness: Witness,
    /// Every line that went to all, in order.
    log: Vec<Arc<str>>,
    trace: DefaultHasher,
    /// What has happened at least once.
    happened: BTreeSet<String>,
}

/// Somebody who is connected, as a live server sees them.
pub(super) struct Peer {
    pub(super) from: Option<IpAddr>,
    pub(super) is_console: bool,
    pub(super) reading: Reading,
    /// The number of the line that has to come next, from the time it has entered.
    next: Option<u64>,
    closed: bool,
    queue: VecDeque<Due>,
    bytes: usize,
    /// The last line that was queued.
    last: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Everything,
    OneLine,
    Nothing,
}

/// A line that waits to be read.
struct Due {
    line: Arc<str>,
    /// Of a line that went to all.
    seq: Option<u64>,
    since: Duration,
}

impl World {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            room: Room::new(terms, Vec::new()),
            terms,
            clock: Timestamp::from_second(1_800_000_000).unwrap(),
            elapsed: Duration::ZERO,
            bans: BTreeMap::new(),
            peers: BTreeMap::new(),
            witness: Witness::default(),
            log: Vec::new(),
            trace: DefaultHasher::new(),
            happened: BTreeSet::new(),
        }
    }

    pub(super) fn arrive(&mut self, id: Id, from: Option<IpAddr>) {
        self.peers.insert(id, Peer::new(from));
        self.turn(Input::Arrives { id, from }, Deed::Arrival);
    }

    pub(super) fn sit_down(&mut self, id: Id) {
        self.peers.insert(id, Peer { is_console: true, ..Peer::new(None) });
        self.turn(Input::Console(id), Deed::Arrival);
    }

    pub(super) fn say(&mut self, id: Id, bytes: &[u8]) {
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
        self.elapsed += Duration::from_millis(millis);
        self.clock = self.clock.checked_add(SignedDuration::from_millis(i64::try_from(millis).unwrap())).unwrap();
        self.settle();
    }

    /// The server is killed and started again: of the room only the bans are left.
    pub(super) fn restart(&mut self) {
        self.happened.insert("a restart".to_owned());
        self.room = Room::new(self.terms, self.bans.values().cloned().collect());
        self.peers.clear();
        self.log.clear();
        self.witness = Witness::default();
    }

    /// What tells this world from others, and what has happened in it.
    pub(super) fn end(self) -> (u64, BTreeSet<String>) {
        (self.trace.finish(), self.happened)
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
        self.witness.expect(actor, deed);
        for effect in &effects {
            note(effect, &mut self.trace);
            self.carry_out(effect);
        }
        self.witness.conclude(&self.terms);
        if let (true, Some(id)) = (deed.is_leaving(), id) {
            assert!(self.peers.get(&id).is_none_or(|peer| peer.closed), "{id:?} has left and was not closed");
            self.peers.remove(&id);
        }
        self.check_sizes();
        self.settle();
    }

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Enter(id) => {
                let peer = self.open_peer(*id);
                assert!(peer.next.is_none(), "{id:?} has entered twice");
                peer.next = Some(0);
                let next = self.log.len() as u64 + 1;
                self.open_peer(*id).next = Some(next);
            }
            Effect::ToAll { seq, line } => {
                check_line(line);
                self.log.push(Arc::clone(line));
                self.happened.extend(kind(line));
                assert_eq!(*seq, self.log.len() as u64, "numbers have a gap");
                let peers = self.peers.values_mut().filter(|peer| peer.next.is_some() && !peer.closed);
                peers.for_each(|peer| peer.push(Due { line: Arc::clone(line), seq: Some(*seq), since: self.elapsed }));
                let view = View { peers: &self.peers, bans: &self.bans, now: self.clock };
                self.witness.see(line, &view);
            }
            Effect::To { id, line } => {
                check_line(line);
                let since = self.elapsed;
                self.open_peer(*id).push(Due { line: Arc::clone(line), seq: None, since });
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
        for peer in self.peers.values_mut() {
            peer.read(&self.log);
        }
        self.peers.retain(|_, peer| !peer.closed || !peer.queue.is_empty() && peer.reading != Reading::Nothing);
        let behind = self.peers.iter().find(|(_, peer)| !peer.closed && peer.is_behind(self.elapsed));
        if let Some((id, peer)) = behind {
            let why = if peer.bytes > LARGEST_QUEUE { "a queue too large" } else { "a queue too old" };
            self.happened.insert(why.to_owned());
            self.leave(*id, Cause::TooSlow);
        }
    }

    /// What is held is bounded by who is here.
    fn check_sizes(&self) {
        for (id, peer) in &self.peers {
            // What comes in one turn is queued at once and cut behind it.
            assert!(peer.bytes <= LARGEST_QUEUE + LARGEST_TURN, "{id:?} has {} bytes", peer.bytes);
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

fn note(effect: &Effect, trace: &mut impl Hasher) {
    std::mem::discriminant(effect).hash(trace);
    match effect {
        Effect::Enter(id) | Effect::Close(id) => id.hash(trace),
        Effect::ToAll { seq, line } => (seq, line).hash(trace),
        Effect::To { id, line } => (id, line).hash(trace),
        Effect::LiftBan(key) => key.hash(trace),
        Effect::KeepBan(_) | Effect::Audit(_) | Effect::Stop => format!("{effect:?}").hash(trace),
    }
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
            next: None,
            closed: false,
            queue: VecDeque::new(),
            bytes: 0,
            last: "".into(),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn last(&self) -> &str {
        &self.last
    }

    fn push(&mut self, due: Due) {
        self.bytes += due.line.len() + 1;
        self.last = Arc::clone(&due.line);
        self.queue.push_back(due);
    }

    fn is_behind(&self, elapsed: Duration) -> bool {
        let age = self.queue.front().map_or(Duration::ZERO, |due| elapsed - due.since);
        self.bytes > LARGEST_QUEUE || age > LONGEST_WAIT
    }

    fn read(&mut self, log: &[Arc<str>]) {
        let lines = match self.reading {
            Reading::Everything => self.queue.len(),
            Reading::OneLine => self.queue.len().min(1),
            Reading::Nothing => 0,
        };
        for due in self.queue.drain(..lines) {
            self.bytes -= due.line.len() + 1;
            if let Some(seq) = due.seq {
                // One order: each line is the one after the last, and the same for all.
                assert_eq!(self.next, Some(seq), "{:?} is out of order", due.line);
                assert_eq!(log[usize::try_from(seq - 1).unwrap()], due.line);
                self.next = Some(seq + 1);
            }
        }
    }
}

const LARGEST_QUEUE: usize = 256 * 1024;
/// All that one turn can queue for one peer: its history.
const LARGEST_TURN: usize = 22 * 4200;
const LONGEST_WAIT: Duration = Duration::from_secs(10);
