//! Inquiry: what to make of an answer that is wrong. Bytes are held from the first wrong one on, until the beginning of a
//! message that we know is found among them, or as many have come as were due; what stands before it is then
//! explained, see `explain`, and the answers go on from there.

use super::doubt::Doubt;
use super::echo::Place;
use super::overdue::Overdue;
use super::{Heard, fault};
use crate::bench::fault::FaultKind;
use crate::bench::messages::{Messages, Wire};

/// What has to be remembered while something is wrong.
#[derive(Debug, Default)]
pub(super) struct Astray {
    /// The message that comes out of its turn.
    pub(super) guest: Option<Guest>,
    pub(super) overdue: Overdue,
    pub(super) doubt: Doubt,
    lost: bool,
}

/// A message that is not the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// An overdue one.
    Late(u64),
    /// One that was answered before.
    Again(u64),
}

impl Guest {
    pub(super) fn number(self) -> u64 {
        let (Self::Late(number) | Self::Again(number)) = self;
        number
    }
}

impl Astray {
    pub(super) fn is_over(&self) -> bool {
        self.guest.is_none() && self.overdue.is_empty() && self.doubt.is_empty() && !self.lost
    }
}

/// The inquiry into the answers of one connection.
#[derive(Debug)]
pub(super) struct Inquiry<'a> {
    pub(super) messages: &'a Messages,
    pub(super) place: &'a mut Place,
    pub(super) astray: &'a mut Astray,
}

impl Inquiry<'_> {
    pub(super) fn take(&mut self, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.astray.lost {
            if self.astray.doubt.is_empty() {
                rest = &rest[self.follow(rest, hear)..];
                if rest.is_empty() {
                    return;
                }
                self.begin();
            }
            rest = &rest[self.push(rest)..];
            self.settle(hear);
            self.check_bound(hear);
        }
        if !self.astray.doubt.is_empty() {
            self.decide(hear);
        }
    }

    pub(super) fn end(&mut self, hear: &mut impl FnMut(Heard)) {
        self.astray.doubt.end();
        self.settle(hear);
        if self.astray.doubt.is_empty() {
            self.begin();
        }
        if !self.astray.lost && self.came() > 0 {
            self.explain((self.came(), self.reached()), hear);
        }
        self.forget_doubt();
        self.astray.overdue.end(hear);
    }

    /// The message whose answer is coming, or due.
    pub(super) fn current(&self) -> Option<u64> {
        let turn = self.place.turn;
        self.astray.guest.map(Guest::number).or_else(|| turn.is_due().then_some(turn.next))
    }

    pub(super) fn wire(&self, number: u64) -> Wire<'_> {
        self.messages.wire(self.place.connection, number)
    }

    /// How many bytes have come since the beginning of the current message.
    fn came(&self) -> usize {
        self.astray.doubt.came()
    }

    /// As long as all is right.
    fn follow(&mut self, bytes: &[u8], hear: &mut impl FnMut(Heard)) -> usize {
        let mut right = 0;
        while right < bytes.len()
            && let Some(number) = self.current()
        {
            let wire = self.messages.wire(self.place.connection, number);
            let same = wire.agree(self.place.offset, &bytes[right..]);
            right += same;
            self.place.offset += same;
            if self.place.offset < wire.length() {
                break;
            }
            self.complete(hear);
        }
        right
    }

    fn complete(&mut self, hear: &mut impl FnMut(Heard)) {
        self.place.offset = 0;
        let next = self.place.turn.next;
        match self.astray.guest.take() {
            None => {
                hear(Heard::Answer(self.place.turn.pass()));
                self.astray.overdue.give_up(self.place.turn.next, hear);
            }
            Some(Guest::Late(number)) => {
                self.astray.overdue.remove(number);
                let what = format!("message {number}, byte 0: answered behind message {}", next.saturating_sub(1));
                hear(fault(FaultKind::Reordered, 1, what));
                hear(Heard::Answer(number));
            }
            Some(Guest::Again(number)) => {
                let what = format!("message {number}, byte 0: answered again, before message {next}");
                hear(fault(FaultKind::Duplicate, 1, what));
            }
        }
    }

    /// Doubt begins with the last bytes that were right: a message may begin among them whose first bytes happen to be
    /// those that were due.
    fn begin(&mut self) {
        let right = self.place.offset;
        let from = right.saturating_sub(BACK);
        let mut back = [0; BACK];
        if let Some(number) = self.current() {
            self.wire(number).write(from, &mut back[..right - from]);
        }
        self.astray.doubt.begin(from, &back[..right - from]);
    }

    /// Takes no more at once than twice what is held, so that what is found early leaves little to move about.
    fn push(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.astray.doubt.bytes().len().max(FIRST_LOOK));
        let due = self.current().is_some();
        self.astray.doubt.push(&bytes[..count]);
        if !due {
            self.astray.doubt.stray = self.astray.doubt.bytes().len();
        }
        count
    }

    /// Explains what can be, and follows what comes behind it.
    fn settle(&mut self, hear: &mut impl FnMut(Heard)) {
        while !self.astray.doubt.is_empty()
            && let Some((came, number)) = self.search()
        {
            self.explain((came, number), hear);
            self.arrive(number, hear);
            let mut held = std::mem::take(&mut self.astray.doubt.held);
            let start = self.astray.doubt.start;
            let right = self.follow(&held[start..], hear);
            if start + right == held.len() {
                held.clear();
            }
            self.astray.doubt.held = held;
            self.resume(start + right);
        }
    }

    /// What is right up to `at` is held no longer, but for the last bytes.
    fn resume(&mut self, at: usize) {
        let back = self.place.offset.min(BACK);
        let doubt = &mut self.astray.doubt;
        if doubt.held.is_empty() {
            return self.forget_doubt();
        }
        doubt.go_on(at - back, self.place.offset - back);
        if self.current().is_none() {
            self.astray.doubt.stray = self.astray.doubt.bytes().len();
        }
    }

    /// Message `number` begins behind what was explained.
    fn arrive(&mut self, number: u64, hear: &mut impl FnMut(Heard)) {
        self.place.offset = 0;
        let next = self.place.turn.next;
        if number >= next {
            self.astray.guest = None;
            self.astray.overdue.push(next..number);
            self.place.turn.next = number;
            self.astray.overdue.give_up(number, hear);
        } else if self.astray.overdue.contains(number) {
            self.astray.guest = Some(Guest::Late(number));
        } else {
            self.astray.guest = Some(Guest::Again(number));
        }
    }

    /// Where as many bytes have come as were due, nothing more will make it clearer, and somebody may wait for it.
    fn decide(&mut self, hear: &mut impl FnMut(Heard)) {
        if self.current().is_none() || self.astray.doubt.is_likely {
            return;
        }
        let came = self.came();
        let due = self.due(came + 1 - self.astray.doubt.stray);
        if due + self.astray.doubt.stray <= came {
            self.explain((came, self.place.turn.sent), hear);
            self.forget_doubt();
        }
    }

    /// How many bytes are due from the beginning of the current message on, as far as it matters.
    fn due(&self, most: usize) -> usize {
        let turn = self.place.turn;
        let guest = self.astray.guest.map_or(0, |guest| self.wire(guest.number()).length());
        let mut due = guest;
        let mut numbers = turn.next..turn.sent;
        while due < most
            && let Some(number) = numbers.next()
        {
            due += self.wire(number).length();
        }
        due
    }

    /// The number behind the message that the last byte that came belongs to, had nothing but the bytes been wrong.
    fn reached(&self) -> u64 {
        let turn = self.place.turn;
        let mut due = self.astray.guest.map_or(0, |guest| self.wire(guest.number()).length());
        let mut number = turn.next;
        while due < self.came() && number < turn.sent {
            due += self.wire(number).length();
            number += 1;
        }
        number
    }

    /// Where no message is found in all this, none will be.
    fn check_bound(&mut self, hear: &mut impl FnMut(Heard)) {
        let next = self.place.turn.next;
        let held = self.astray.doubt.bytes().len();
        // The guard keeps the lengths from being computed for every read.
        if held <= LAST_LOOK {
            return;
        }
        let current = self.current().unwrap_or(next);
        if held > LAST_LOOK + self.wire(current).length() + self.wire(next + 1).length() {
            hear(match self.current() {
                Some(current) => fault(FaultKind::Corrupt, 1, self.difference(current)),
                None => self.surplus(next, held),
            });
            hear(Heard::Lost);
            self.forget_doubt();
            self.astray.lost = true;
        }
    }

    fn forget_doubt(&mut self) {
        self.astray.doubt = Doubt::default();
    }
}

/// More than a header and two blocks.
pub(super) const BACK: usize = 32;
/// Enough to find the beginning of a message.
const FIRST_LOOK: usize = 64;
/// So much beside two messages is searched for the next one.
const LAST_LOOK: usize = 65_536;
