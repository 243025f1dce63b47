//! Doubt: the bytes from the first wrong one on, and the search for the beginning of a message among them. Each place is
//! looked at once, or again when there are too few bytes behind it to tell.

use super::inquiry::Inquiry;
use crate::bench::messages::{Identity, NUMBERS};
use crate::seeded::BLOCK;

/// What is held.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    pub(super) held: Vec<u8>,
    /// What counts begins here.
    pub(super) start: usize,
    /// Which byte of the current message that is.
    pub(super) base: usize,
    /// Nothing begins before this place, as [`Self::bytes`] counts.
    searched: usize,
    /// So many of the first bytes came while nothing was due.
    pub(super) stray: usize,
    /// Whether a message seems to begin among the last bytes.
    pub(super) is_likely: bool,
    tail: Tail,
}

/// Whether more may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tail {
    #[default]
    Open,
    Ended,
}

/// Whether a message begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    No,
    /// There are too few bytes to tell.
    Short,
    /// There are too few bytes to be sure.
    Likely,
    Is(u64),
}

impl Doubt {
    pub(super) fn begin(&mut self, base: usize, right: &[u8]) {
        *self = Self { held: right.to_vec(), base, tail: self.tail, ..Self::default() };
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.held[self.start..]
    }

    /// How many bytes have come since the beginning of the current message.
    pub(super) fn came(&self) -> usize {
        self.base + self.bytes().len()
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.start > self.held.len() / 2 {
            self.held.drain(..self.start);
            self.start = 0;
        }
        self.held.extend_from_slice(bytes);
    }

    pub(super) fn end(&mut self) {
        self.tail = Tail::Ended;
    }

    /// The first bytes are explained: what counts begins at `start` of what is held, which is byte `base` of a message.
    pub(super) fn go_on(&mut self, start: usize, base: usize) {
        *self = Self { held: std::mem::take(&mut self.held), start, base, tail: self.tail, ..Self::default() };
    }
}

impl Inquiry<'_> {
    /// The first message that begins in what is held, and how many bytes since the beginning of the current one stand
    /// before it.
    pub(super) fn search(&mut self) -> Option<(usize, u64)> {
        self.astray.doubt.is_likely = false;
        if self.astray.doubt.base == 0
            && let Some(found) = self.search_up_to(1)
        {
            return Some(found);
        }
        if self.messages.identity() != Identity::Block {
            match self.look_behind() {
                Look::Is(number) => return Some((self.wire(number - 1).length(), number)),
                Look::Short if self.astray.doubt.tail == Tail::Open => return None,
                _ => {}
            }
        }
        self.search_up_to(usize::MAX)
    }

    fn search_up_to(&mut self, end: usize) -> Option<(usize, u64)> {
        let end = end.min(self.astray.doubt.bytes().len());
        while self.astray.doubt.searched < end {
            let place = self.astray.doubt.searched;
            match self.look(place) {
                Look::Is(number) => return Some((self.astray.doubt.base + place, number)),
                Look::Short | Look::Likely if self.astray.doubt.tail == Tail::Open => {
                    self.astray.doubt.is_likely = self.look(place) == Look::Likely;
                    return None;
                }
                _ => self.astray.doubt.searched += 1,
            }
        }
        None
    }

    /// Whether the next message begins where it should, had the current one as many bytes as it should: what cannot be
    /// told by its beginning is told by its place first.
    fn look_behind(&self) -> Look {
        let doubt = &self.astray.doubt;
        let next = self.place.turn.next;
        if self.astray.guest.is_some() || doubt.stray > 0 || next + 1 >= self.place.turn.sent {
            return Look::No;
        }
        let place = self.wire(next).length().saturating_sub(doubt.base);
        match doubt.bytes().get(place..) {
            Some(bytes) if !bytes.is_empty() => self.run(next + 1, bytes),
            _ => Look::Short,
        }
    }

    fn look(&self, place: usize) -> Look {
        let doubt = &self.astray.doubt;
        let bytes = &doubt.bytes()[place..];
        // The current message begins at its own beginning, of course, and is wrong later.
        let own = if doubt.base + place == 0 && doubt.stray == 0 { self.current() } else { None };
        match self.messages.identity() {
            Identity::Block => self.look_at_block(bytes, own),
            Identity::Neighbours => match self.look_at_block(bytes, own) {
                Look::No | Look::Short => self.look_at_neighbours(bytes, own),
                look => look,
            },
            Identity::None if own.is_some() => Look::No,
            Identity::None => self.look_at_place(doubt.base + place, bytes),
        }
    }

    fn look_at_block(&self, bytes: &[u8], own: Option<u64>) -> Look {
        let telling = self.messages.telling();
        let found = self.messages.find(self.place.connection, bytes).and_then(|low| self.number_of(low));
        let Some(number) = found.filter(|number| own != Some(*number)) else {
            // A whole block that is none stays none.
            return if bytes.len() + BLOCK < telling { Look::Short } else { Look::No };
        };
        let wire = self.wire(number);
        let needed = wire.length().min(telling);
        let there = bytes.len().min(needed);
        match wire.agree(0, &bytes[..there]) {
            same if same < there => Look::No,
            same if same < needed => Look::Likely,
            _ => Look::Is(number),
        }
    }

    /// The number that was sent and is this one modulo 2^30, nearest to the one that is due.
    fn number_of(&self, low: u64) -> Option<u64> {
        let turn = self.place.turn;
        let ahead = low.wrapping_sub(turn.next) & NUMBERS;
        if ahead <= NUMBERS / 2 {
            return Some(turn.next + ahead).filter(|number| *number < turn.sent);
        }
        turn.next.checked_sub(NUMBERS + 1 - ahead)
    }

    /// Short messages: those that may be meant, each with what would come behind it.
    fn look_at_neighbours(&self, bytes: &[u8], own: Option<u64>) -> Look {
        let turn = self.place.turn;
        let later = (turn.next..turn.sent).take(CANDIDATES);
        let before = turn.next.saturating_sub(CANDIDATES as u64 / 4)..turn.next;
        let mut best = Look::No;
        let late = self.astray.overdue.some(CANDIDATES);
        for number in later.chain(late).chain(before).filter(|number| own != Some(*number)) {
            match self.run(number, bytes) {
                Look::Is(number) => return Look::Is(number),
                Look::No => {}
                look => best = look,
            }
        }
        best
    }

    /// All messages are the same: it is the next one, or the one behind it where something has come of the next.
    fn look_at_place(&self, came: usize, bytes: &[u8]) -> Look {
        let turn = self.place.turn;
        if !turn.is_due() {
            return if turn.next == 0 { Look::No } else { self.run(turn.next - 1, bytes) };
        }
        let behind = self.place.offset > 0 || came >= self.wire(turn.next).length();
        let number = if behind && turn.next + 1 < turn.sent { turn.next + 1 } else { turn.next };
        self.run(number, bytes)
    }

    /// Whether this is message `first` and what has to come behind it, as far as it takes to tell.
    fn run(&self, first: u64, bytes: &[u8]) -> Look {
        let turn = self.place.turn;
        let (mut number, mut at) = (first, 0);
        loop {
            let wire = self.wire(number);
            let same = wire.agree(0, &bytes[at..]);
            at += same;
            if at >= self.messages.telling() {
                return Look::Is(first);
            }
            if same < wire.length() {
                let ended = self.astray.doubt.tail == Tail::Ended && number != first;
                return match at == bytes.len() {
                    true if ended => Look::Is(first),
                    true => Look::Short,
                    false => Look::No,
                };
            }
            number = if number < turn.next { turn.next } else { number + 1 };
            if number >= turn.sent {
                return Look::Is(first);
            }
        }
    }
}

/// So many messages may be meant where they are too short to say which one they are: each is compared at each place.
const CANDIDATES: usize = 16;
