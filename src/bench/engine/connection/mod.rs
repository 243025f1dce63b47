//! Connection: one place in the crowd. It says what is due as far as the pace lets it, and has its ear judge what comes
//! back. It holds numbers and no bytes: what was not sent can be made again.

/// Why it ends.
mod ending;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use super::desk::{Desk, Looping};
use super::flights::{Flights, UNASKED};
use super::socket::Socket;
use crate::bench::ear::{Ear, Heard};

pub(super) use ending::End;

pub(super) struct Connection {
    /// Its place in the whole crowd.
    pub(super) number: u32,
    /// What it says follows from this; each connection in one place has another.
    id: u32,
    pub(super) socket: Option<Socket>,
    pub(super) stage: Stage,
    ear: Ear,
    flights: Flights,
    /// Instants of messages that wait for a place.
    waiting: VecDeque<u64>,
    /// The message that goes out next, and how much of it has gone.
    writing: u64,
    wrote: usize,
    /// When something last came, or was last begun to be waited for.
    moved: u64,
    /// When its first message left, until the first byte of an answer.
    first_sent: Option<u64>,
    /// When it set out, until its first message has its instant.
    wanted: Option<u64>,
    /// Whether silence was answered with one more message, to tell a loss from an end.
    pub(super) probed: bool,
    /// Whether it stands in line for another turn.
    pub(super) queued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was begun.
    Idle,
    /// On its way since.
    Dialling(u64),
    Open,
    /// It will not be used again.
    Gone,
}

/// How far a socket is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// A read that does not fill the buffer has emptied it: on Linux new bytes make a new event.
    ShortRead,
    /// To the last: the end has come behind the bytes, and no event will tell of it.
    WouldBlock,
}

/// How a turn went.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing more to do before the next event.
    Waits,
    MayHaveMore,
    Ended(End),
}

impl Connection {
    pub(super) fn new(number: u32, desk: &Desk) -> Self {
        Self::of(number, number, desk)
    }

    fn of(number: u32, id: u32, desk: &Desk) -> Self {
        Self {
            number,
            id,
            socket: None,
            stage: Stage::Idle,
            ear: Ear::new(&desk.messages, id, 0),
            flights: Flights::default(),
            waiting: VecDeque::new(),
            writing: 0,
            wrote: 0,
            moved: 0,
            first_sent: None,
            wanted: None,
            probed: false,
            queued: false,
        }
    }

    /// It is on its way.
    pub(super) fn set_out(&mut self, socket: Socket, now: u64) {
        (self.socket, self.stage) = (Some(socket), Stage::Dialling(now));
        // Who connects for each exchange has the connection in its response time.
        self.wanted = Some(now);
    }

    /// It is connected.
    pub(super) fn open(&mut self, desk: &mut Desk, now: u64) {
        self.stage = Stage::Open;
        self.await_unasked(desk, now);
    }

    /// Whether it is connected; none while it is still on its way.
    pub(super) fn arrival(&self) -> Option<io::Result<()>> {
        self.socket.as_ref().and_then(Socket::arrival)
    }

    /// As good as new, for another connection in the same place; who waits goes on waiting.
    pub(super) fn begin_again(&mut self, desk: &mut Desk) {
        desk.under_way -= self.flights.under_way();
        let waiting = std::mem::take(&mut self.waiting);
        let id = self.id.wrapping_add(desk.crowd);
        *self = Self { waiting, ..Self::of(self.number, id, desk) };
    }

    /// The next message becomes due at this instant.
    pub(super) fn owe(&mut self, intended: u64, desk: &mut Desk) {
        if desk.window.holds(intended) {
            // Spent as it becomes due: what waits will go out.
            let number = self.flights.next() + self.waiting.len() as u64;
            desk.quota.spend(desk.messages.length(self.id, number));
        }
        self.waiting.push_back(intended);
        desk.waits();
    }

    pub(super) fn owes(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Those that waited in vain; they have no place any more.
    pub(super) fn forget_waiting(&mut self, desk: &mut Desk) -> VecDeque<u64> {
        desk.backlog -= self.waiting.len() as u64;
        std::mem::take(&mut self.waiting)
    }

    /// Whether an answer is due, or a message that has a place has not gone out.
    pub(super) fn is_busy(&self) -> bool {
        self.flights.under_way() > 0 || self.is_held_up()
    }

    /// Whether a message that has a place has not gone out.
    pub(super) fn is_held_up(&self) -> bool {
        self.writing < self.flights.next()
    }

    /// How long nothing has come while something was due, in nanoseconds.
    pub(super) fn silent_for(&self, now: u64) -> u64 {
        let since = self.flights.oldest().map_or(self.moved, |flight| flight.sent.max(self.moved));
        if self.is_busy() { now.saturating_sub(since) } else { 0 }
    }

    /// Nobody waits any more for what is under way: room for one more message, to see whether that is answered.
    pub(super) fn probe(&mut self, desk: &mut Desk, now: u64) {
        desk.under_way -= self.flights.under_way();
        self.flights.give_up();
        self.probed = true;
        self.moved = now;
    }

    /// Reads what is there and says what has become due by it.
    pub(super) fn listen(&mut self, desk: &mut Desk, until: Until) -> Turn {
        for _ in 0..READS_A_TURN {
            let Some(socket) = &self.socket else { return Turn::Waits };
            let count = match socket.receive(&mut desk.buffer) {
                Ok(0) => return Turn::Ended(End::PeerClosed),
                Ok(count) => count,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Turn::Waits,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Turn::Ended(End::Failed(e)),
            };
            let now = desk.clock.now();
            if let Hearing::Lost = self.hear(count, desk, now) {
                return Turn::Ended(End::Lost);
            }
            match self.speak(desk, now) {
                Turn::Waits if count < desk.buffer.len() && until == Until::ShortRead => return Turn::Waits,
                Turn::Waits => {}
                turn => return turn,
            }
        }
        Turn::MayHaveMore
    }

    /// The first `count` bytes of the buffer came.
    fn hear(&mut self, count: usize, desk: &mut Desk, now: u64) -> Hearing {
        let Desk { buffer, messages, tally, window, .. } = desk;
        let Self { ear, flights, number, first_sent, .. } = self;
        tally.reads += 1;
        tally.bytes_in += count as u64;
        if let Some(sent) = first_sent.take() {
            tally.first_byte.record(now - sent);
        }
        let (before, mut hearing) = (flights.under_way(), Hearing::Clear);
        ear.take(messages, &buffer[..count], &mut |heard| match heard {
            Heard::Answer(number) => {
                let Some(flight) = flights.lands(number) else { return };
                // The rate is what comes in the measured time, also where a backlog of warming up comes first.
                tally.answered += u64::from(window.holds(now) && flight.intended != UNASKED);
                if window.holds(flight.intended) {
                    tally.response.record(now.saturating_sub(flight.intended));
                    tally.service.record(now.saturating_sub(flight.sent));
                    tally.drained += u64::from(now >= window.finish);
                }
            }
            Heard::Fault(fault) => tally.faults.note(now, *number, fault),
            Heard::Lost => hearing = Hearing::Lost,
        });
        // Nobody waits for what is settled, with or without an answer.
        flights.settle(ear.next(), ear.oldest());
        desk.under_way -= before - self.flights.under_way();
        (self.moved, self.probed) = (now, false);
        hearing
    }

    /// Says what has a place, and what gets one now, until the socket takes no more.
    pub(super) fn speak(&mut self, desk: &mut Desk, now: u64) -> Turn {
        for _ in 0..WRITES_A_TURN {
            self.take_places(desk, now);
            let length = self.compose(desk);
            if length == 0 {
                // What is left, if anything, has nothing to say.
                self.writing = self.flights.next();
                return Turn::Waits;
            }
            let Some(socket) = &self.socket else { return Turn::Waits };
            match socket.send(&desk.scratch[..length]) {
                Ok(count) => self.has_gone(count, desk, now),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Turn::Waits,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Turn::Ended(End::Failed(e)),
            }
            if desk.depth.is_some() && self.writing == self.flights.next() {
                return Turn::Waits;
            }
        }
        Turn::MayHaveMore
    }

    /// Gives numbers to messages, as many as may be under way.
    fn take_places(&mut self, desk: &mut Desk, now: u64) {
        // A stream fills the socket, and what the socket does not take is not heaped up behind it.
        if desk.depth.is_none() && self.is_held_up() {
            return;
        }
        let mut unsent = 0;
        while unsent < desk.scratch.len() && desk.depth.is_none_or(|depth| self.flights.under_way() < depth) {
            let Some(intended) = self.next_instant(desk, now) else { break };
            let number = self.flights.next();
            let length = desk.messages.length(self.id, number);
            unsent += length;
            if desk.window.holds(intended) {
                desk.tally.sent += 1;
                if desk.looping == Looping::Closed {
                    desk.quota.spend(length);
                }
            }
            self.flights.add(intended, now);
            desk.under_way += 1;
            self.await_unasked(desk, now);
        }
        self.ear.sent_up_to(self.flights.next());
    }

    /// Rows of a script that send nothing wait from the moment that their turn comes, a greeting before the load begins.
    /// They are no messages of the load.
    fn await_unasked(&mut self, desk: &mut Desk, now: u64) {
        let left = desk.in_one_connection.map_or(u64::MAX, |per| per.saturating_sub(self.flights.next()));
        for _ in 0..desk.messages.unasked(self.flights.next()).min(left) {
            self.flights.add(UNASKED, now);
            desk.under_way += 1;
        }
        self.ear.sent_up_to(self.flights.next());
    }

    /// When the next message was meant to go; none where there is none.
    fn next_instant(&mut self, desk: &mut Desk, now: u64) -> Option<u64> {
        if let Some(per) = desk.in_one_connection
            && self.flights.next() > 0
            && self.flights.next() >= per
        {
            return None;
        }
        if desk.looping == Looping::Open {
            let intended = self.waiting.pop_front()?;
            desk.backlog -= 1;
            return Some(intended);
        }
        let wanted = self.wanted.take().filter(|_| desk.in_one_connection.is_some());
        // A greeting may come while others are still connecting.
        let is_time = (desk.start..desk.window.finish).contains(&now);
        (is_time && !desk.quota.is_used_up()).then(|| wanted.unwrap_or(now))
    }

    /// Puts together what goes out in one write: the rest of a message, and as many behind it as fit.
    fn compose(&self, desk: &mut Desk) -> usize {
        let (mut number, mut from, mut filled) = (self.writing, self.wrote, 0);
        while number < self.flights.next() && filled < desk.scratch.len() {
            filled += desk.messages.wire(self.id, number).write(from, &mut desk.scratch[filled..]);
            (number, from) = (number + 1, 0);
        }
        filled
    }

    /// The first `count` bytes of what was put together are on their way.
    fn has_gone(&mut self, mut count: usize, desk: &mut Desk, now: u64) {
        desk.tally.bytes_out += count as u64;
        if self.writing == 0 && self.wrote == 0 {
            self.first_sent = Some(now);
        }
        while count > 0 {
            if self.wrote == 0 {
                self.flights.leaves(self.writing, now);
            }
            let rest = desk.messages.length(self.id, self.writing) - self.wrote;
            if count < rest {
                self.wrote += count;
                return;
            }
            count -= rest;
            (self.writing, self.wrote) = (self.writing + 1, 0);
        }
    }

    /// Whether all that this connection was made for is answered.
    pub(super) fn is_done(&self, desk: &Desk) -> bool {
        desk.in_one_connection.is_some_and(|per| self.flights.next() >= per) && !self.is_busy()
    }
}

/// Reads of one connection before others have their turn.
const READS_A_TURN: usize = 16;
/// And writes.
const WRITES_A_TURN: usize = 16;

enum Hearing {
    Clear,
    Lost,
}
