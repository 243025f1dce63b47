//! Echo: answers are to be what was said, byte by byte. As long as they are, this is two numbers and a comparison; from
//! the first wrong byte on, an `Inquiry` goes on.

use super::inquiry::{Astray, Inquiry};
use super::{Heard, Turn};
use crate::bench::messages::Messages;

/// The answers of one connection.
#[derive(Debug)]
pub(super) struct Echo {
    pub(super) place: Place,
    /// Only while something is wrong.
    astray: Option<Box<Astray>>,
}

/// How far the answers have come.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) connection: u32,
    pub(super) turn: Turn,
    /// Right bytes of the answer that is coming.
    pub(super) offset: usize,
}

impl Echo {
    pub(super) fn new(connection: u32, first: u64) -> Self {
        Self { place: Place { connection, turn: Turn::new(first), offset: 0 }, astray: None }
    }

    pub(super) fn take(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) {
        let right = if self.astray.is_none() { self.place.follow(messages, bytes, hear) } else { 0 };
        if right < bytes.len() {
            self.inquire(messages, |inquiry| inquiry.take(&bytes[right..], hear));
        }
    }

    pub(super) fn end(&mut self, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        if self.astray.is_some() || self.place.offset > 0 {
            self.inquire(messages, |inquiry| inquiry.end(hear));
        }
    }

    pub(super) fn oldest(&self) -> u64 {
        let lowest = self.astray.as_ref().and_then(|astray| astray.overdue.lowest());
        lowest.unwrap_or(self.place.turn.next)
    }

    fn inquire(&mut self, messages: &Messages, act: impl FnOnce(&mut Inquiry<'_>)) {
        let astray = self.astray.get_or_insert_default();
        act(&mut Inquiry { messages, place: &mut self.place, astray });
        if astray.is_over() {
            self.astray = None;
        }
    }
}

impl Place {
    /// Takes right bytes, and tells how many there are before the first wrong one, or one that nobody waits for.
    fn follow(&mut self, messages: &Messages, bytes: &[u8], hear: &mut impl FnMut(Heard)) -> usize {
        let mut right = 0;
        while right < bytes.len() && self.turn.is_due() {
            let wire = messages.wire(self.connection, self.turn.next);
            let same = wire.agree(self.offset, &bytes[right..]);
            right += same;
            self.offset += same;
            if self.offset < wire.length() {
                break;
            }
            self.offset = 0;
            hear(Heard::Answer(self.turn.pass()));
        }
        right
    }
}
