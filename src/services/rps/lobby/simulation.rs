//! Simulation: random players come, choose, talk, stall, leave and come back, in a lobby whose store is slow and fails.
//! After every step what was told is held against a second, simpler account of the game. `tests/simulation.rs` plays it.
#![expect(clippy::unwrap_used, reason = "a simulation is a test")]

use std::collections::HashSet;
use std::fmt::Arguments;

use super::super::game::{MOST_DRAWS, WINS};
use super::*;
use crate::seeded::Dice;

/// Plays the evening of `seed`, which is always the same, and tells each step as it is over. Gives how matches ended.
///
/// # Panics
/// Where the lobby does not hold what it promises.
pub fn simulate(seed: u64, tell: &mut dyn FnMut(Arguments<'_>)) -> BTreeSet<String> {
    let ends = Evening::new(seed, tell).pass().ends;
    ends.into_iter().map(str::to_owned).collect()
}

const TURN: Duration = Duration::from_secs(60);
const STEPS: usize = 120;

/// A match as somebody sees it who looks over both shoulders.
#[derive(Debug)]
struct Shadow {
    players: [Player; 2],
    chosen: [Option<Choice>; 2],
    score: [u32; 2],
    round: u32,
    draws: u32,
    over: bool,
}

impl Shadow {
    fn side(&self, player: Player) -> usize {
        self.players.iter().position(|p| *p == player).expect("they sit there")
    }
}

struct Evening<'a> {
    dice: Dice,
    lobby: Lobby,
    start: Instant,
    now: Instant,
    last: u64,
    /// Neither left nor dismissed.
    here: Vec<Player>,
    waiting: HashSet<Player>,
    matches: Vec<Shadow>,
    asked: Vec<(TableId, usize)>,
    /// Whether everybody only draws, which chance hardly ever brings about.
    stubborn: bool,
    draining: bool,
    ends: Vec<&'static str>,
    tell: &'a mut dyn FnMut(Arguments<'_>),
}

impl<'a> Evening<'a> {
    fn new(seed: u64, tell: &'a mut dyn FnMut(Arguments<'_>)) -> Self {
        let (mut dice, now) = (Dice::new(seed), Instant::now());
        let stubborn = dice.below(10) == 0;
        Self {
            dice,
            lobby: Lobby::new(TURN),
            start: now,
            now,
            last: 0,
            here: Vec::new(),
            waiting: HashSet::new(),
            matches: Vec::new(),
            asked: Vec::new(),
            stubborn,
            draining: false,
            ends: Vec::new(),
            tell,
        }
    }

    fn pass(mut self) -> Self {
        for step in 0..STEPS {
            self.step(step);
        }
        self.go_home();
        self
    }

    fn step(&mut self, step: usize) {
        let somebody = (!self.here.is_empty()).then(|| self.dice.pick(&self.here));
        let command = match (self.dice.below(100), somebody) {
            (0..12, _) | (_, None) if !self.stubborn || self.here.len() < 2 => {
                self.last += 1;
                Command::Join(Player(self.last), self.last.to_string().into())
            }
            (0..80, Some(player)) => {
                let any = [Some(Choice::Rock), Some(Choice::Paper), Some(Choice::Scissors), None];
                let choice = if self.stubborn { Some(Choice::Rock) } else { any[self.dice.below(4)] };
                Command::Choose(player, choice)
            }
            (80..86, Some(player)) if !self.stubborn => Command::Leave(player),
            (86..93, _) => match self.asked.pop() {
                Some((table, _)) => {
                    Command::Kept(table, if self.dice.below(5) == 0 { Keeping::Failed } else { Keeping::Done })
                }
                None => Command::Look,
            },
            (93..97, _) => {
                // Up to a third of a turn, and sometimes all of it.
                let third = self.dice.below(20);
                let stall = if self.dice.below(4) == 0 { TURN } else { Duration::from_secs(third as u64) };
                self.now += if self.stubborn { Duration::from_secs(1) } else { stall };
                Command::Look
            }
            (97..99, _) => {
                self.now += Duration::from_millis(70);
                Command::Look
            }
            _ if step > STEPS / 2 && self.dice.below(3) == 0 => Command::Drain,
            _ => Command::Look,
        };
        self.apply(command);
    }

    /// The store answers, and the time passes until nobody is left.
    fn go_home(&mut self) {
        self.apply(Command::Drain);
        for _ in 0..3 {
            while let Some((table, _)) = self.asked.pop() {
                self.apply(Command::Kept(table, Keeping::Done));
            }
            self.now += TURN;
            self.apply(Command::Look);
        }
        assert!(self.here.is_empty() && self.asked.is_empty(), "{:?}", self.here);
        assert!(self.matches.iter().all(|shadow| shadow.over));
        assert!(self.lobby.visitors.is_empty() && self.lobby.tables.is_empty() && self.lobby.next_due().is_none());
    }

    fn apply(&mut self, command: Command) {
        let at = self.now - self.start;
        let effects = self.lobby.apply(command.clone(), self.now);
        (self.tell)(format_args!("{at:?} {command:?}: {effects:?}"));
        self.before(&command, &effects);
        let mut found = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Tell(player, Line::Found) => found.push(*player),
                Effect::Tell(player, line) => self.told(*player, line),
                Effect::Dismiss(player) => self.goes(*player, "dismissed"),
                Effect::Keep(table, record) => self.keeps(*table, record),
            }
        }
        for two in found.chunks(2) {
            self.meet(two);
        }
        self.look_around();
    }

    /// What the command alone changes, and who may hear of it.
    fn before(&mut self, command: &Command, effects: &[Effect]) {
        match command {
            Command::Join(player, _) => {
                self.here.push(*player);
                if !self.draining {
                    self.waiting.insert(*player);
                }
            }
            Command::Leave(player) => {
                self.goes(*player, "left");
                // A match whose last player goes is over without a trace.
                if let Some(at) = self.playing(*player)
                    && self.matches[at].players.iter().all(|player| !self.here.contains(player))
                {
                    let kept = self.asked.iter().any(|(_, of)| *of == at);
                    self.end(at, if kept { "gone" } else { "void" });
                }
            }
            Command::Choose(player, choice) => self.chooses(*player, *choice, effects),
            Command::Drain => self.draining = true,
            _ => {}
        }
    }

    /// Secrecy: until both have chosen, nothing at all happens to the other one, whatever was chosen.
    fn chooses(&mut self, player: Player, choice: Option<Choice>, effects: &[Effect]) {
        let at = self.playing(player);
        let decided = at.is_none_or(|at| self.asked.iter().any(|(_, of)| *of == at));
        let Some(at) = at.filter(|_| !decided) else { return };
        let shadow = &mut self.matches[at];
        let (side, other) = (shadow.side(player), shadow.players[1 - shadow.side(player)]);
        let gone = !self.here.contains(&other);
        let late = effects.iter().any(|effect| matches!(effect, Effect::Tell(_, Line::Silent(_))));
        if gone || late {
            return;
        }
        if shadow.chosen[side].is_none() {
            shadow.chosen[side] = choice;
        }
        if shadow.chosen.iter().any(Option::is_none) {
            let theirs = effects.iter().filter(|effect| match effect {
                Effect::Tell(to, _) | Effect::Dismiss(to) => *to == other,
                Effect::Keep(..) => true,
            });
            assert_eq!(theirs.count(), 0, "{effects:?}");
            let silent = choice.is_some() && shadow.chosen[side] == choice;
            assert!(silent || !effects.is_empty(), "who said something odd is told so");
        }
    }

    fn told(&mut self, player: Player, line: &Line) {
        assert!(self.here.contains(&player), "{player:?} is gone and told {line:?}");
        match line {
            Line::Revealed(view) => self.reveals(player, view),
            Line::Won(score) => assert_eq!((score.mine, score.theirs < WINS), (WINS, true)),
            Line::Lost(score) => assert_eq!((score.theirs, score.mine < WINS), (WINS, true)),
            Line::Back => {
                let at = self.playing(player).expect("they played");
                assert_eq!(self.matches[at].round, 1);
                self.end(at, "back");
                self.waiting.insert(player);
            }
            Line::Void => {
                let at = self.playing(player);
                // The first of the two ends it.
                if let Some(at) = at {
                    assert_eq!(self.matches[at].draws, MOST_DRAWS);
                    self.end(at, "draws");
                }
            }
            Line::NoChoice(round) | Line::Final(round) => {
                assert_eq!(self.matches[self.playing(player).expect("they play")].round, *round);
            }
            Line::Alone => assert!(self.waiting.contains(&player)),
            Line::Found | Line::Welcome | Line::Round(_) | Line::Forfeited => {}
            Line::Silent(_) | Line::Unkept | Line::Closing => {}
        }
    }

    fn reveals(&mut self, player: Player, view: &View) {
        let at = self.playing(player).expect("they play");
        let shadow = &mut self.matches[at];
        let side = shadow.side(player);
        // The first of the two to be told makes the account.
        if let [Some(one), Some(other)] = shadow.chosen {
            shadow.draws = if one == other { shadow.draws + 1 } else { 0 };
            shadow.score[0] += u32::from(one.beats(other));
            shadow.score[1] += u32::from(other.beats(one));
            shadow.round += 1;
            let mine = shadow.chosen[side].unwrap();
            let theirs = shadow.chosen[1 - side].unwrap();
            assert_eq!((view.mine, view.theirs), (mine, theirs));
            shadow.chosen = [None; 2];
        } else {
            assert_eq!((side, shadow.chosen), (1, [None; 2]), "revealed before both have chosen");
        }
        assert_eq!((view.score.mine, view.score.theirs), (shadow.score[side], shadow.score[1 - side]));
    }

    fn keeps(&mut self, table: TableId, record: &Record) {
        let player = |from: &str| Player(from.parse().unwrap());
        let (winner, loser) = (player(&record.winner), player(&record.loser));
        let shadow = self.matches.iter().position(|shadow| !shadow.over && shadow.players.contains(&winner));
        let at = shadow.expect("a match that is not over");
        assert!(self.asked.iter().all(|(_, of)| *of != at), "kept twice");
        let shadow = &self.matches[at];
        let side = shadow.side(winner);
        assert_eq!(shadow.players[1 - side], loser);
        assert_eq!((record.score.mine, record.score.theirs), (shadow.score[side], shadow.score[1 - side]));
        match record.how {
            How::Played => assert_eq!(record.score.mine, WINS),
            How::Left | How::Silent => {
                assert!(shadow.score.iter().all(|won| *won < WINS) && shadow.round > 1);
                assert!(self.here.contains(&winner) && !self.here.contains(&loser));
            }
        }
        self.asked.push((table, at));
        let how = match record.how {
            How::Played => "played",
            How::Left => "left",
            How::Silent => "silent",
        };
        self.end(at, how);
    }

    fn meet(&mut self, two: &[Player]) {
        let [one, other] = two else { panic!("{two:?}") };
        assert!(self.waiting.remove(one) && self.waiting.remove(other) && one != other);
        let shadow =
            Shadow { players: [*one, *other], chosen: [None; 2], score: [0; 2], round: 1, draws: 0, over: false };
        self.matches.push(shadow);
    }

    fn goes(&mut self, player: Player, how: &str) {
        let at = self.here.iter().position(|here| *here == player);
        self.here.remove(at.unwrap_or_else(|| panic!("{player:?} {how} twice")));
        self.waiting.remove(&player);
        if how == "dismissed"
            && let Some(at) = self.playing(player)
            && self.matches[at].players.iter().all(|player| !self.here.contains(player))
        {
            // Both were silent, or the one who was put back is let go.
            self.end(at, "void");
        }
    }

    fn end(&mut self, at: usize, how: &'static str) {
        assert!(!std::mem::replace(&mut self.matches[at].over, true), "a match ended twice");
        self.ends.push(how);
    }

    /// The match that somebody is in, unless it is over.
    fn playing(&self, player: Player) -> Option<usize> {
        self.matches.iter().position(|shadow| !shadow.over && shadow.players.contains(&player))
    }

    /// Everybody is in one place, and the lobby knows nobody who is not here.
    fn look_around(&self) {
        let Lobby { queue, visitors, tables, due, .. } = &self.lobby;
        assert!(queue.len() <= 1, "two who wait could play");
        assert_eq!(queue.iter().copied().collect::<HashSet<_>>(), self.waiting);
        let seated: Vec<Player> = tables.values().flat_map(Table::present).collect();
        let all: HashSet<Player> = queue.iter().chain(&seated).copied().collect();
        assert_eq!(all.len(), queue.len() + seated.len(), "somebody is in two places");
        assert_eq!(all, self.here.iter().copied().collect());
        assert_eq!(all, visitors.keys().copied().collect());
        for (player, visitor) in visitors {
            match visitor.seat {
                None => assert!(queue.contains(player)),
                Some((table, side)) => assert_eq!(tables[&table].players.of(side), Some(*player)),
            }
        }
        let timed = tables.iter().filter_map(|(id, table)| Some((table.due?, *id))).collect::<BTreeSet<_>>();
        assert_eq!(&timed, due);
        assert!(due.first().is_none_or(|(due, _)| *due > self.now), "something due was not done");
        let undecided = tables.values().filter(|table| !matches!(table.stage, Stage::Won(..)));
        assert_eq!(undecided.count(), due.len(), "a match has no end");
        // Those to be kept are the only matches that are over for the account and not yet for the lobby.
        let live = self.matches.iter().filter(|shadow| !shadow.over).count();
        assert_eq!(tables.len(), live + self.asked.len());
    }
}
