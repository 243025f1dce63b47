//! Simulation: a room with random people in it, some of whom mean ill. What must hold whatever they do is checked after
//! each turn: (1) one order for all, (2) every accepted message reaches everybody present once, or its author is told,
//! (3) a nick has one owner, (4) one join and one leave for each stay, with the right cause, (5) nothing is seen after
//! one's own end, (6) nobody can forge a line or move a cursor, (8) memory is bounded by who is there.
//!
//! `tests/simulation.rs` plays it.
#![expect(clippy::unwrap_used, reason = "a simulation is a test")]

/// Who can tell a forged line.
mod witness;
/// What stands around a room.
mod world;

use std::collections::BTreeSet;
use std::fmt::Arguments;

use jiff::SignedDuration;

use super::{Cause, Id, Rate, Terms};
use crate::seeded::Dice;

use world::{Reading, Tell, World};

/// Plays the story of `seed`, which is always the same, and tells each turn as it is over. Gives the kinds of things that
/// have happened.
///
/// # Panics
/// Where a room does not hold what it promises.
pub fn simulate(seed: u64, tell: &mut dyn FnMut(Arguments<'_>)) -> BTreeSet<String> {
    Story::new(seed, tell).play()
}

/// One seed: a room and those who come.
struct Story<'a> {
    dice: Dice,
    world: World<'a>,
    next: u64,
}

impl<'a> Story<'a> {
    fn new(seed: u64, tell: Tell<'a>) -> Self {
        let mut dice = Dice::new(seed);
        let rate = [None, Some(Rate::default()), Some(Rate { lines: 1, burst: 2 })];
        let world = World::new(Terms { rate: dice.pick(&rate) }, tell);
        Self { dice, world, next: 1 }
    }

    fn play(mut self) -> BTreeSet<String> {
        let turns = 20 + self.dice.below(120);
        for _ in 0..turns {
            self.turn();
        }
        self.check_roll();
        self.world.stop();
        self.world.end()
    }

    fn turn(&mut self) {
        match self.dice.below(100) {
            0..15 => self.somebody_arrives(),
            15..30 => self.somebody_at_the_door_speaks(),
            30..56 => self.somebody_talks(),
            56..60 => self.somebody_types_a_command(),
            60..66 => self.somebody_leaves(),
            66..71 => self.somebody_reads_otherwise(),
            71..85 => self.the_admin_speaks(),
            85..95 => {
                let millis = self.dice.pick(&[0, 1, 40, 150, 1_000, 3_000, 6_000]);
                self.world.wait(millis);
            }
            95..97 => self.check_roll(),
            97 => self.the_clock_jumps(),
            98 => self.somebody_is_loud(),
            _ if self.dice.percent(20) => self.world.restart(),
            _ => self.somebody_floods(),
        }
    }

    fn somebody_arrives(&mut self) {
        if self.world.peers.len() >= CROWD {
            return;
        }
        let id = Id(self.next);
        self.next += 1;
        let consoles = self.world.peers.values().filter(|peer| peer.is_console).count();
        if consoles == 0 || consoles == 1 && self.dice.percent(5) {
            return self.world.sit_down(id);
        }
        let from = self.dice.pick(ADDRESSES).parse().ok();
        self.world.arrive(id, from);
        // Most know what they want to be called.
        if self.dice.percent(70) {
            let nick = self.nick();
            self.world.say(id, &nick);
        }
    }

    fn somebody_at_the_door_speaks(&mut self) {
        let present: Vec<Id> = self.world.witness.present.values().map(|stay| stay.id).collect();
        let Some(id) = self.any(|id, console| !console && !present.contains(&id)) else { return };
        let words = if self.dice.percent(90) { self.nick() } else { self.words() };
        self.world.say(id, &words);
    }

    fn somebody_talks(&mut self) {
        let Some(id) = self.any(|_, _| true) else { return };
        let words = self.words();
        self.world.say(id, &words);
    }

    fn somebody_types_a_command(&mut self) {
        let Some(id) = self.any(|_, console| !console) else { return };
        let (nick, words) = (self.nick(), self.words());
        let line = match self.dice.below(8) {
            0..4 => [b"/nick ", &nick[..]].concat(),
            4..6 => [b"/msg ", &nick[..], b" ", &words].concat(),
            6 => self.dice.pick(&["/who", "/help", "/kick alice", "/stop", "/", "/msg", "/msg admin psst"]).into(),
            _ => b"/quit".to_vec(),
        };
        self.world.say(id, &line);
    }

    fn somebody_leaves(&mut self) {
        let Some(id) = self.any(|_, _| true) else { return };
        let causes = [Cause::Left, Cause::Reset, Cause::TimedOut, Cause::Broken];
        let cause = self.dice.pick(&causes);
        self.world.leave(id, cause);
    }

    fn somebody_reads_otherwise(&mut self) {
        let Some(id) = self.any(|_, _| true) else { return };
        let reading = self.dice.pick(&[Reading::Nothing, Reading::Slowly, Reading::Everything]);
        self.world.read(id, reading);
    }

    fn the_admin_speaks(&mut self) {
        let Some(console) = self.any(|_, console| console) else { return };
        let whom = self.nick();
        let address = self.dice.pick(ADDRESSES).as_bytes();
        let length = self.dice.pick(&["", " for 2s", " for 10m too loud", " \x1b[2J"]).as_bytes();
        let line = match self.dice.below(14) {
            0..3 => [b"/kick ", &whom[..], length].concat(),
            3..5 => [b"/ban ", &whom[..], length].concat(),
            5 => [b"/ban ", address, length].concat(),
            6..8 => [b"/unban ", &whom[..]].concat(),
            8 => [b"/unban ", address].concat(),
            9 => [b"/mute ", &whom[..]].concat(),
            10 => [b"/unmute ", &whom[..]].concat(),
            11 => [b"/msg ", &whom[..], b" psst"].concat(),
            12 => self.dice.pick(&["/bans", "/who", "/help", "/nick root", "/stop"]).into(),
            _ => self.words(),
        };
        self.world.say(console, &line);
    }

    fn the_clock_jumps(&mut self) {
        let seconds = self.dice.pick(&[-3_600, -1, 3_600]);
        self.world.clock = self.world.clock.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    /// Enough to fill the queue of whoever does not read.
    fn somebody_is_loud(&mut self) {
        if self.dice.percent(97) {
            return;
        }
        for _ in 0..70 {
            let Some(id) = self.any(|_, console| console) else { return };
            self.world.say(id, &[b'y'; 4_000]);
        }
    }

    fn somebody_floods(&mut self) {
        let Some(id) = self.any(|_, console| !console) else { return };
        for _ in 0..25 {
            if self.world.peers.contains_key(&id) {
                self.world.say(id, b"more");
            }
        }
    }

    /// The room and those who have seen all lines agree on who is there.
    fn check_roll(&mut self) {
        let Some(console) = self.any(|_, console| console) else { return };
        let told = self.world.room.apply(self.world.clock, super::Input::Says { id: console, bytes: b"/who" });
        let [super::Effect::To { line, .. }] = &told[..] else { panic!("{told:?}") };
        let mut here: Vec<&str> = line.strip_prefix("* Here: ").unwrap().trim_end_matches('.').split(", ").collect();
        here.sort_unstable();
        let mut seen: Vec<&str> = self.world.witness.present.keys().map(String::as_str).chain(["admin"]).collect();
        seen.sort_unstable();
        assert_eq!(here, seen);
    }

    /// Somebody who is connected and was not closed, and of whom it is so.
    fn any(&mut self, so: impl Fn(Id, bool) -> bool) -> Option<Id> {
        let open = self.world.peers.iter().filter(|(_, peer)| !peer.is_closed());
        let ids: Vec<Id> = open.filter(|(id, peer)| so(**id, peer.is_console)).map(|(id, _)| *id).collect();
        if ids.is_empty() { None } else { Some(self.dice.pick(&ids)) }
    }

    fn nick(&mut self) -> Vec<u8> {
        self.dice.pick(NICKS).into()
    }

    fn words(&mut self) -> Vec<u8> {
        match self.dice.below(8) {
            0..4 => self.dice.pick(WORDS).into(),
            4 => (0..self.dice.below(12)).map(|_| self.dice.roll().to_le_bytes()[0]).collect(),
            5 => char::from_u32(u32::try_from(self.dice.below(0x3_0000)).unwrap())
                .map_or(Vec::new(), |c| format!("a{c}b").into()),
            6 => vec![b'x'; self.dice.pick(&[1, 100, 4_096, 4_097])],
            _ => self.dice.roll().to_string().into(),
        }
    }
}

/// How many are connected at once.
const CROWD: usize = 9;
const ADDRESSES: &[&str] =
    &["192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "127.0.0.1", "none"];
const NICKS: &[&str] = &[
    "alice",
    "alice",
    "ALICE",
    "аlice",
    "bob",
    "bob",
    "b0b",
    "Вob",
    "carol",
    "dave",
    "erin",
    "Łukasz",
    "мария",
    "lvan",
    "Ivan",
    "x",
    "admin",
    "ADMlN",
    "server",
    "a b",
    "",
    "<bob>",
    "a\u{202e}",
    "/quit",
    "GET / HTTP/1.0",
    "123456789012345678901234567890",
];
const WORDS: &[&str] = &[
    "hello",
    "",
    " ",
    "* bob left",
    "<bob> I did it",
    "hi\n<bob> I did it",
    "hi\r* bob was kicked by admin",
    "\x1b[2J\x1b[H",
    "\u{9b}1A",
    "\u{202e}olleh",
    "\u{2028}<bob> hi",
    "a\u{200b}b",
    "//who",
    "[08:00:00] <bob> hi",
    "a\tb\u{7}",
    "e\u{301}\u{301}\u{301}",
];
