//! Crowd: a room full of people who read everything, without sockets: what a room decides, and the same with its lines
//! encoded and brought to where each member's are taken to be sent. `benches/room.rs` measures it.

use std::rc::Rc;

use jiff::Timestamp;
use tokio::time::Instant;

use super::outbox::Outbox;
use super::post::Post;
use super::room::{Effect, Id, Input, Room, Terms};
use crate::framing::{Delimiter, Framing};

/// People in a room. What they do gives how many lines came of it, each counted for everybody who gets it.
#[derive(Debug)]
pub struct Crowd {
    room: Room,
    post: Post,
    /// The first is member 0.
    outboxes: Vec<Rc<Outbox>>,
    out: Vec<u8>,
    now: Instant,
    turns: u64,
}

impl Crowd {
    /// As many members, at least two.
    #[must_use]
    pub fn of(members: usize) -> Self {
        let mut crowd = Self {
            room: Room::new(Terms { rate: None }, Vec::new()),
            post: Post::new(Framing::Lines),
            outboxes: Vec::new(),
            out: Vec::new(),
            now: Instant::now(),
            turns: 0,
        };
        (0..members).for_each(|_| _ = crowd.join());
        crowd
    }

    /// Somebody comes and takes a nick.
    pub fn join(&mut self) -> usize {
        let id = Id(self.outboxes.len() as u64);
        self.outboxes.push(Rc::new(Outbox::new(Delimiter::Lf)));
        self.post.admit(id, Rc::clone(&self.outboxes[self.outboxes.len() - 1]));
        let asked = self.turn(Input::Arrives { id, from: None });
        asked + self.turn(Input::Says { id, bytes: format!("m{}", id.0).as_bytes() })
    }

    /// Whoever came last goes.
    pub fn leave(&mut self) -> usize {
        let id = Id(self.outboxes.len() as u64 - 1);
        let lines = self.turn(Input::Leaves { id, cause: super::room::Cause::Left });
        self.outboxes.pop();
        lines
    }

    /// Somebody says a line to all.
    pub fn say(&mut self) -> usize {
        self.turn(Input::Says { id: Id(0), bytes: LINE })
    }

    /// The same, and nobody gets it.
    pub fn decide(&mut self) -> usize {
        self.room.apply(Timestamp::UNIX_EPOCH, Input::Says { id: Id(0), bytes: LINE }).len()
    }

    /// Somebody says a line to one.
    pub fn whisper(&mut self) -> usize {
        self.turn(Input::Says { id: Id(0), bytes: b"/msg m1 Sockeye salmon swim upstream." })
    }

    /// Somebody takes another nick.
    pub fn rename(&mut self) -> usize {
        self.turns += 1;
        let nick = if self.turns.is_multiple_of(2) { &b"/nick m0"[..] } else { b"/nick red" };
        self.turn(Input::Says { id: Id(0), bytes: nick })
    }

    fn turn(&mut self, input: Input<'_>) -> usize {
        let effects = self.room.apply(Timestamp::UNIX_EPOCH, input);
        self.post.bring(&effects, self.now);
        let is_for_all = effects.iter().any(|effect| matches!(effect, Effect::ToAll { .. }));
        let mut lines = 0;
        let mut send = |outbox: &Outbox| {
            outbox.take(&mut self.out);
            lines += self.out.iter().filter(|byte| **byte == b'\n').count();
            self.out.clear();
        };
        if is_for_all {
            self.outboxes.iter().for_each(|outbox| send(outbox));
        } else {
            let for_one = effects.iter().filter_map(|effect| match effect {
                Effect::To { id, .. } => usize::try_from(id.0).ok(),
                _ => None,
            });
            for_one.for_each(|id| send(&self.outboxes[id]));
        }
        lines
    }
}

/// 64 bytes.
const LINE: &[u8] = b"Sockeye salmon turn red on their way home, which is a long way. ";
