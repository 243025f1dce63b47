//! Doubt: bytes that are not what was expected, and what they mean: an answer was lost, came twice, came late, was cut,
//! changed, or something came that answers nothing. Whoever sends messages of fewer than 16 bytes is told less surely:
//! their heads are too short to be told from chance.

use std::collections::BTreeSet;

use super::{Echo, Heard};
use crate::bench::messages::{Messages, Wire};
use crate::bench::{Fault, FaultKind};
use crate::event::Untrusted;

/// What is not understood yet. It begins where an answer should.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    held: Vec<u8>,
    /// Below this place nothing begins that is known.
    searched: usize,
    /// Messages that were overtaken by answers to later ones.
    overtaken: BTreeSet<u64>,
}

/// What begins at some place.
enum Begins {
    /// The whole answer to this message, so long.
    Whole(u64, usize),
    /// The beginning of it, as far as there is any.
    Part(u64),
    Nothing,
    /// Too little to tell.
    Unclear,
}

impl Doubt {
    /// The first `heard` bytes of the expected answer came already.
    pub(super) fn begin_with(&mut self, wire: Wire<'_>, heard: usize) {
        self.held.resize(heard, 0);
        wire.write(0, &mut self.held);
        self.searched = 0;
    }

    pub(super) fn hold(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// Explains as much as can be explained, and gives itself back where something is left to be.
    pub(super) fn explain(
        mut self: Box<Self>,
        echo: &mut Echo,
        messages: &Messages,
        hear: &mut impl FnMut(Heard),
    ) -> Option<Box<Self>> {
        while !self.held.is_empty() {
            match self.begins(0, echo, messages) {
                Begins::Whole(number, length) => self.answer(number, length, (echo, hear)),
                Begins::Part(number) if number == echo.expected && self.overtaken.is_empty() => {
                    // As expected again.
                    echo.heard = self.held.len();
                    hear(Heard::Past(echo.expected));
                    return None;
                }
                Begins::Part(_) | Begins::Unclear => break,
                Begins::Nothing => match self.next_known(echo, messages) {
                    Some((at, number)) => self.skip(at, number, (echo, messages, hear)),
                    None if echo.expected == echo.sent => self.surplus(self.held.len(), (echo, hear)),
                    None if self.is_all(echo, messages) => {
                        let length = messages.length(echo.connection, echo.expected);
                        self.corrupt(echo.expected, length, (echo, messages, hear));
                        echo.expected += 1;
                    }
                    None if self.held.len() > MOST_HELD + 2 * messages.length(echo.connection, echo.expected) => {
                        self.corrupt(echo.expected, 0, (echo, messages, hear));
                        self.held = Vec::new();
                        hear(Heard::Lost);
                        return None;
                    }
                    None => break,
                },
            }
        }
        self.forget_old(echo, hear);
        hear(Heard::Past(echo.expected));
        (!self.held.is_empty() || !self.overtaken.is_empty()).then_some(self)
    }

    /// Nothing more will come.
    pub(super) fn end(mut self: Box<Self>, echo: &mut Echo, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        if !self.held.is_empty() {
            self.last_words(echo, messages, hear);
        }
        for number in std::mem::take(&mut self.overtaken) {
            hear(missing(number));
        }
    }

    /// What begins `at` some place in what is held.
    fn begins(&self, at: usize, echo: &Echo, messages: &Messages) -> Begins {
        let bytes = &self.held[at..];
        let mut unclear = false;
        if let Some(number) = messages.named(echo.connection, bytes, echo.expected)
            && number < echo.sent
        {
            match known(&messages.wire(echo.connection, number), bytes) {
                Known::Whole(length) => return Begins::Whole(number, length),
                Known::Part if bytes.len() >= SURE => return Begins::Part(number),
                Known::Part => unclear = true,
                Known::Not => {}
            }
        }
        // Those that have no name are tried one by one.
        let near = echo.expected.saturating_sub(1)..echo.sent.min(echo.expected + NEAR);
        for number in self.overtaken.iter().copied().chain(near) {
            let wire = messages.wire(echo.connection, number);
            match known(&wire, bytes) {
                Known::Whole(length) if length < SURE || messages.named(echo.connection, bytes, number).is_none() => {
                    return Begins::Whole(number, length);
                }
                Known::Part if at == 0 && number == echo.expected => return Begins::Part(number),
                Known::Part => unclear = unclear || bytes.len() < SURE,
                _ => {}
            }
        }
        if unclear { Begins::Unclear } else { Begins::Nothing }
    }

    /// This answer came whole, in its time or not.
    fn answer(&mut self, number: u64, length: usize, (echo, hear): (&mut Echo, &mut impl FnMut(Heard))) {
        self.drop_first(length);
        if number >= echo.expected {
            self.overtaken.extend((echo.expected..number).rev().take(MOST_OVERTAKEN));
            echo.expected = number + 1;
            hear(Heard::Answer(number));
        } else if self.overtaken.remove(&number) {
            hear(fault(
                FaultKind::Reordered,
                1,
                format!("message {number}: answered behind message {}", echo.expected - 1),
            ));
            hear(Heard::Answer(number));
        } else {
            hear(fault(
                FaultKind::Duplicate,
                1,
                format!("message {number}: answered again behind message {}", echo.expected - 1),
            ));
        }
    }

    /// The first place behind the beginning at which something begins that is known for sure.
    fn next_known(&mut self, echo: &Echo, messages: &Messages) -> Option<(usize, u64)> {
        for at in self.searched.max(1)..self.held.len() {
            match self.begins(at, echo, messages) {
                Begins::Whole(number, length) if length >= SURE || at + length == self.held.len() => {
                    return Some((at, number));
                }
                Begins::Part(number) => return Some((at, number)),
                _ => {}
            }
        }
        self.searched = self.held.len().saturating_sub(UNSURE).max(1);
        None
    }

    /// Everything before `at` is not what it should be; there `number` begins.
    fn skip(&mut self, at: usize, number: u64, (echo, messages, hear): (&mut Echo, &Messages, &mut impl FnMut(Heard))) {
        let length = messages.length(echo.connection, echo.expected);
        if number <= echo.expected {
            return self.surplus(at, (echo, hear));
        }
        let expected = echo.expected;
        let due: usize = (expected..number.min(expected + NEAR)).map(|n| messages.length(echo.connection, n)).sum();
        if at < length && at < due {
            let differs = messages.wire(echo.connection, expected).agree(0, &self.held[..at]);
            let lacks = length - at;
            hear(fault(
                FaultKind::Cut,
                1,
                format!("message {expected}, byte {differs}: {lacks} of {length} bytes are missing"),
            ));
            self.drop_first(at);
        } else if number == expected + 1 || at != due {
            self.corrupt(expected, length.min(at), (echo, messages, hear));
            if at > length {
                self.surplus(at - length, (echo, hear));
            }
        } else {
            // As many bytes as all of them have: each is judged alone.
            for number in expected..number {
                let length = messages.length(echo.connection, number);
                let wire = messages.wire(echo.connection, number);
                if wire.agree(0, &self.held[..length]) == length {
                    self.drop_first(length);
                    hear(Heard::Answer(number));
                } else {
                    self.corrupt(number, length, (echo, messages, hear));
                }
            }
            echo.expected = number;
            return;
        }
        self.overtaken.extend((expected + 1..number).rev().take(MOST_OVERTAKEN));
        echo.expected = number;
    }

    /// Whether as much has come as is due, so that nothing behind it will explain it.
    fn is_all(&self, echo: &Echo, messages: &Messages) -> bool {
        echo.expected + 1 == echo.sent
            && self.overtaken.is_empty()
            && self.held.len() >= messages.length(echo.connection, echo.expected)
    }

    /// The first `length` bytes are the answer to `number` with other bytes.
    fn corrupt(
        &mut self,
        number: u64,
        length: usize,
        (echo, messages, hear): (&Echo, &Messages, &mut impl FnMut(Heard)),
    ) {
        let wire = messages.wire(echo.connection, number);
        let at = wire.agree(0, &self.held);
        let mut expected = vec![0; SHOWN.min(wire.len() - at)];
        wire.write(at, &mut expected);
        let came = &self.held[at.min(self.held.len())..];
        let came = &came[..came.len().min(SHOWN)];
        let (expected, came) = (Untrusted::cut(&expected, SHOWN).quoted(), Untrusted::cut(came, SHOWN).quoted());
        hear(fault(
            FaultKind::Corrupt,
            1,
            format!("message {number}, byte {at}: expected {expected}, received {came}"),
        ));
        self.drop_first(length);
    }

    fn surplus(&mut self, bytes: usize, (echo, hear): (&Echo, &mut impl FnMut(Heard))) {
        let came = Untrusted::cut(&self.held[..bytes.min(SHOWN)], SHOWN).quoted();
        let what = format!("before the answer to message {}: {bytes} bytes that answer nothing, {came}", echo.expected);
        hear(fault(FaultKind::Surplus, bytes as u64, what));
        self.drop_first(bytes);
    }

    /// What is left when the end has come.
    fn last_words(&mut self, echo: &mut Echo, messages: &Messages, hear: &mut impl FnMut(Heard)) {
        if echo.expected == echo.sent {
            return self.surplus(self.held.len(), (echo, hear));
        }
        let wire = messages.wire(echo.connection, echo.expected);
        let (came, length, number) = (self.held.len(), wire.len(), echo.expected);
        let differs = wire.agree(0, &self.held);
        // Its rest stands behind a gap: what lacks was cut from its middle.
        let goes_on = came < length && wire.agree(length - (came - differs), &self.held[differs..]) == came - differs;
        if differs == came || goes_on {
            let what = format!("message {number}, byte {differs}: {} of {length} bytes are missing", length - came);
            hear(fault(FaultKind::Cut, 1, what));
        } else {
            self.corrupt(number, 0, (echo, messages, hear));
        }
        self.held = Vec::new();
    }

    /// Who was overtaken by thousands will not come any more.
    fn forget_old(&mut self, echo: &Echo, hear: &mut impl FnMut(Heard)) {
        let old = echo.expected.saturating_sub(MOST_OVERTAKEN as u64);
        while let Some(first) = self.overtaken.first().copied().filter(|first| *first < old) {
            self.overtaken.remove(&first);
            hear(missing(first));
        }
    }

    fn drop_first(&mut self, count: usize) {
        self.held.drain(..count);
        self.searched = 0;
    }
}

enum Known {
    Whole(usize),
    Part,
    Not,
}

/// Whether `bytes` begin with this message.
fn known(wire: &Wire<'_>, bytes: &[u8]) -> Known {
    let agree = wire.agree(0, bytes);
    match agree {
        all if all == wire.len() && all > 0 => Known::Whole(all),
        part if part == bytes.len() => Known::Part,
        _ => Known::Not,
    }
}

fn missing(number: u64) -> Heard {
    fault(FaultKind::Missing, 1, format!("message {number}: never answered, and later ones were"))
}

fn fault(kind: FaultKind, count: u64, what: String) -> Heard {
    Heard::Fault(Fault { kind, count, what })
}

/// As many bytes of a message that agree are no chance.
const SURE: usize = 16;
/// So many bytes at the end may be the beginning of something: a length header and what is sure.
const UNSURE: usize = SURE + 10;
/// Messages that are tried where none is named.
const NEAR: u64 = 64;
/// What is kept of messages that were overtaken.
const MOST_OVERTAKEN: usize = 4096;
/// Where nothing is known within so much, nothing will be.
const MOST_HELD: usize = 64 * 1024;
/// Bytes shown of a difference.
const SHOWN: usize = 16;
