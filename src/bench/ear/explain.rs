//! Explain: names what is wrong with bytes, once it is known where the next message begins.

use super::inquiry::{Guest, Inquiry};
use super::{Heard, SHOWN, counted, fault};
use crate::bench::fault::FaultKind;
use crate::event::Untrusted;

impl Inquiry<'_> {
    /// Reports what `came` bytes since the beginning of the current message are, behind which message `number` begins or,
    /// where that was not sent, nothing. Settles those that they are instead of, and moves what is held behind them.
    pub(super) fn explain(&mut self, (mut came, number): (usize, u64), hear: &mut impl FnMut(Heard)) {
        self.drop_stray(&mut came, number, hear);
        while came > 0 {
            // What agrees by chance beyond them is a part of the next message.
            self.place.offset = self.place.offset.min(came);
            let taken = self.explain_first((came, number), hear);
            came -= taken;
            self.skip(taken);
        }
    }

    /// What came while nothing was due is no part of what is due now.
    fn drop_stray(&mut self, came: &mut usize, number: u64, hear: &mut impl FnMut(Heard)) {
        let stray = self.astray.doubt.stray.min(*came);
        let Some(current) = self.current().filter(|current| *current != number && stray > 0) else { return };
        hear(self.surplus(current, stray));
        *came -= stray;
        self.skip(stray);
    }

    /// `bytes` of what came belong to nothing any more; what is behind them is compared anew.
    fn skip(&mut self, bytes: usize) {
        let (start, base) = (self.astray.doubt.start, self.astray.doubt.base);
        self.astray.doubt.go_on(start + bytes - base, 0);
        let current = self.current();
        self.place.offset = current.map_or(0, |current| self.wire(current).agree(0, self.astray.doubt.bytes()));
    }

    /// Explains some of the bytes, and tells how many.
    fn explain_first(&mut self, (came, number): (usize, u64), hear: &mut impl FnMut(Heard)) -> usize {
        let Some(current) = self.current() else {
            hear(self.surplus(self.place.turn.next, came));
            return came;
        };
        let length = self.wire(current).length();
        if matches!(self.astray.guest, Some(Guest::Again(_))) {
            // A copy that breaks off; what else there is may be an answer.
            let taken = came.min(length);
            hear(self.surplus(current, taken));
            self.settle_current();
            return taken;
        }
        if self.belongs_to_nothing(current, (came, number)) {
            hear(self.surplus(current, came));
            return came;
        }
        if self.place.offset >= length {
            hear(Heard::Answer(current));
            self.settle_current();
            return length;
        }
        if came < length || self.spans(came, number) {
            return self.explain_cut((came, number), hear);
        }
        if self.goes_on_later(current, (came, number)) {
            hear(self.surplus(current, came - length));
            self.settle_current();
            return came;
        }
        hear(fault(FaultKind::Corrupt, 1, self.difference(current)));
        self.settle_current();
        length
    }

    /// Whether the current message is still to come: it begins anew, or too few bytes were hardly a part of it.
    fn belongs_to_nothing(&self, current: u64, (came, number): (usize, u64)) -> bool {
        let out_of_turn = number < self.place.turn.next && self.place.offset < self.messages.telling();
        number == current || out_of_turn && came < self.wire(current).length()
    }

    fn explain_cut(&mut self, (came, number): (usize, u64), hear: &mut impl FnMut(Heard)) -> usize {
        let spanned = self.spans(came, number);
        let current = self.current().unwrap_or(number);
        let behind = if spanned { self.place.turn.next.max(current + 1)..number } else { 0..0 };
        let count = 1 + behind.clone().count() as u64;
        let due = self.wire(current).length() + behind.clone().map(|n| self.wire(n).length()).sum::<usize>();
        let lacking = counted((due - came) as u64, "byte");
        let of = if count > 1 { format!(" of {count} answers") } else { String::new() };
        let shown = self.compared(current, came);
        let what = format!("message {current}, byte {}: {lacking}{of} lacking{shown}", self.place.offset);
        hear(fault(FaultKind::Cut, count, what));
        self.settle_current();
        if spanned {
            self.place.turn.next = self.place.turn.next.max(number);
        }
        came
    }

    /// Whether bytes are lacking from the middle of the current message to the middle of the last one before `number`.
    fn spans(&self, came: usize, number: u64) -> bool {
        let right = self.place.offset;
        if right >= came || self.between(number) == 0 {
            return false;
        }
        let last = self.wire(number - 1);
        let rest = came - right;
        let Some(from) = last.length().checked_sub(rest) else { return false };
        let doubt = &self.astray.doubt;
        last.agree(from, &doubt.bytes()[right - doubt.base..came - doubt.base]) == rest
    }

    /// Whether the current message goes on behind bytes that are not in it.
    fn goes_on_later(&self, current: u64, (came, number): (usize, u64)) -> bool {
        let (right, doubt, wire) = (self.place.offset, &self.astray.doubt, self.wire(current));
        let more = came - wire.length();
        let bytes = doubt.bytes().get(right + more - doubt.base..came - doubt.base).unwrap_or_default();
        more > 0 && self.between(number) == 0 && wire.agree(right, bytes) == bytes.len()
    }

    /// How many messages are due between the current one and `number`.
    fn between(&self, number: u64) -> u64 {
        let own = u64::from(self.astray.guest.is_none());
        number.saturating_sub(self.place.turn.next + own)
    }

    /// Something took its place.
    fn settle_current(&mut self) {
        match self.astray.guest.take() {
            None => {
                self.place.turn.pass();
            }
            Some(Guest::Late(number)) => self.astray.overdue.remove(number),
            Some(Guest::Again(_)) => {}
        }
    }

    pub(super) fn surplus(&self, current: u64, bytes: usize) -> Heard {
        let count = bytes as u64;
        let many = counted(count, "byte");
        let what = if self.current().is_some() {
            let shown = self.compared(current, usize::MAX);
            format!("message {current}, byte {}: {many} too many{shown}", self.place.offset)
        } else {
            let received = self.received(usize::MAX).quoted();
            format!("message {current}, byte 0: {many} before it was sent: received {received}")
        };
        fault(FaultKind::Surplus, count, what)
    }

    /// `message 17, byte 12: expected "…", received "…"`
    pub(super) fn difference(&self, current: u64) -> String {
        format!("message {current}, byte {}{}", self.place.offset, self.compared(current, usize::MAX))
    }

    /// `: expected "…", received "…"`, or nothing where nothing came behind the last right byte.
    fn compared(&self, current: u64, came: usize) -> String {
        if came <= self.place.offset {
            return String::new();
        }
        let mut expected = [0; SHOWN];
        let count = self.wire(current).write(self.place.offset, &mut expected);
        let expected = Untrusted::cut(&expected[..count], SHOWN).quoted();
        format!(": expected {expected}, received {}", self.received(came).quoted())
    }

    /// What came behind the last right byte, of the first `came` bytes of the message.
    fn received(&self, came: usize) -> Untrusted {
        let doubt = &self.astray.doubt;
        let bytes = &doubt.bytes()[..doubt.bytes().len().min(came.saturating_sub(doubt.base))];
        let bytes = bytes.get(self.place.offset - doubt.base..).unwrap_or_default();
        Untrusted::cut(&bytes[..bytes.len().min(SHOWN)], SHOWN)
    }
}
