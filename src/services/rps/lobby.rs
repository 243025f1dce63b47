//! Lobby: who waits, who plays whom, and what everybody is told. Pure: commands and times in, effects out. A player is
//! in one place at a time: in the queue, or at a table.
//!
//! Whoever leaves or is silent before the first round is over has played nothing: the other one waits again, in front of
//! everybody. Later it is a forfeit, unless the other one leaves too within `GRACE` or is silent too; then the match is
//! void, and a void match leaves no trace.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::choice::Choice;
use super::game::{Game, Move, Next, Pair, Reveal, Side};
use super::line::{Line, Score, View};
#[cfg(feature = "simulation")]
pub use simulation::simulate;

/// Somebody, for one visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Player(pub(super) u64);

/// Names a table, for one match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TableId(u64);

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Command {
    /// Somebody comes, from this address.
    Join(Player, Arc<str>),
    /// They said this; `None` is no choice.
    Choose(Player, Option<Choice>),
    Leave(Player),
    /// It has become later, which may be all.
    Look,
    /// The result of this table is kept, or cannot be.
    Kept(TableId, Keeping),
    /// Nobody new is let in; matches go on.
    Drain,
    /// Everything ends here, and nobody has left by their own will.
    Close,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Done,
    Failed,
}

/// What is to be done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Tell(Player, Line),
    /// They have been told everything.
    Dismiss(Player),
    /// To be answered with [`Command::Kept`]; until then the two are not told who won.
    Keep(TableId, Record),
}

/// A match that somebody has won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) winner: Arc<str>,
    pub(super) loser: Arc<str>,
    /// The winner's first.
    pub(super) score: Score,
    pub(super) how: How,
}

/// How a match was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Played,
    /// The loser left.
    Left,
    /// The loser did not choose in time.
    Silent,
}

#[derive(Debug)]
pub(super) struct Lobby {
    turn: Duration,
    door: Door,
    queue: VecDeque<Player>,
    visitors: HashMap<Player, Visitor>,
    tables: HashMap<TableId, Table>,
    /// When something is due at which table.
    due: BTreeSet<(Instant, TableId)>,
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    Draining,
    Closed,
}

#[derive(Debug)]
struct Visitor {
    from: Arc<str>,
    /// `None` in the queue.
    seat: Option<(TableId, Side)>,
}

/// Two players and their match.
#[derive(Debug)]
struct Table {
    game: Game,
    /// Those who are still here.
    players: Pair<Option<Player>>,
    from: [Arc<str>; 2],
    stage: Stage,
    due: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Until both have chosen, or it is due.
    Playing,
    /// One has left; the other one has won if still here when it is due.
    Deserted,
    /// Somebody has won, and the store is being told.
    Won(Side, How),
}

impl Lobby {
    /// Where a round lasts at most `turn`.
    pub(super) fn new(turn: Duration) -> Self {
        Self {
            turn,
            door: Door::Open,
            queue: VecDeque::new(),
            visitors: HashMap::new(),
            tables: HashMap::new(),
            due: BTreeSet::new(),
            last: 0,
        }
    }

    /// What follows from `command`. Whoever is not here any more, or has been dismissed, changes nothing.
    pub(super) fn apply(&mut self, command: Command, now: Instant) -> Vec<Effect> {
        let mut effects = Vec::new();
        match command {
            _ if self.door == Door::Closed => {}
            Command::Join(player, from) => self.join(player, from, &mut effects),
            Command::Choose(player, choice) => self.choose(player, choice, (now, &mut effects)),
            Command::Leave(player) => self.leave(player, (now, &mut effects)),
            Command::Kept(table, keeping) => self.conclude(table, keeping, &mut effects),
            Command::Look => {}
            Command::Drain => self.drain(&mut effects),
            Command::Close => *self = Self { door: Door::Closed, ..Self::new(self.turn) },
        }
        self.look((now, &mut effects));
        self.pair(now, &mut effects);
        effects
    }

    /// When [`Command::Look`] will change something.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    fn join(&mut self, player: Player, from: Arc<str>, effects: &mut Vec<Effect>) {
        if self.visitors.contains_key(&player) {
            return;
        }
        if self.door == Door::Draining {
            effects.extend([Effect::Tell(player, Line::Closing), Effect::Dismiss(player)]);
            return;
        }
        self.visitors.insert(player, Visitor { from, seat: None });
        self.queue.push_back(player);
        effects.push(Effect::Tell(player, Line::Welcome));
    }

    /// The first two who wait play each other, then the next two.
    fn pair(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        while self.queue.len() >= 2 {
            let two: Vec<Player> = self.queue.drain(..2).collect();
            self.last += 1;
            let table = TableId(self.last);
            let mut sit = |player: Player, side| {
                let visitor = self.visitors.get_mut(&player).expect("who waits is here");
                visitor.seat = Some((table, side));
                effects.push(Effect::Tell(player, Line::Found));
                Arc::clone(&visitor.from)
            };
            let from = [sit(two[0], Side::First), sit(two[1], Side::Second)];
            let players = Pair::new(Some(two[0]), Some(two[1]));
            self.tables.insert(table, Table { game: Game::new(), players, from, stage: Stage::Playing, due: None });
            self.set_due(table, now.checked_add(self.turn));
        }
    }

    fn choose(&mut self, player: Player, choice: Option<Choice>, (now, effects): (Instant, &mut Vec<Effect>)) {
        let Some(visitor) = self.visitors.get(&player) else { return };
        let Some((id, side)) = visitor.seat else {
            effects.push(Effect::Tell(player, Line::Alone));
            return;
        };
        let table = self.tables.get_mut(&id).expect("who has a seat is at a table");
        // What comes too late is no choice; who does not look at the clock is not told either.
        if table.stage != Stage::Playing || table.due.is_some_and(|due| due <= now) {
            return;
        }
        let round = table.game.round();
        let Some(choice) = choice else {
            let line = if table.game.has_chosen(side) { Line::Final(round) } else { Line::NoChoice(round) };
            effects.push(Effect::Tell(player, line));
            return;
        };
        match table.game.choose(side, choice) {
            Move::Hidden => {}
            Move::Final => effects.push(Effect::Tell(player, Line::Final(round))),
            Move::Revealed(reveal) => {
                effects.extend(table.told(|side| Line::Revealed(view(&reveal, side))));
                self.go_on(id, reveal.next, (now, effects));
            }
        }
    }

    /// After a round.
    fn go_on(&mut self, id: TableId, next: Next, (now, effects): (Instant, &mut Vec<Effect>)) {
        match next {
            Next::Round(round) => {
                effects.extend(self.tables[&id].told(|_| Line::Round(round)));
                self.set_due(id, now.checked_add(self.turn));
            }
            Next::Won(side) => self.win(id, (side, How::Played), effects),
            Next::Void => {
                effects.extend(self.tables[&id].told(|_| Line::Void));
                self.clear(id, effects);
            }
        }
    }

    fn leave(&mut self, player: Player, (now, effects): (Instant, &mut Vec<Effect>)) {
        let Some(visitor) = self.visitors.remove(&player) else { return };
        let Some((id, side)) = visitor.seat else {
            self.queue.retain(|waiting| *waiting != player);
            return;
        };
        let table = self.tables.get_mut(&id).expect("who has a seat is at a table");
        table.players.set(side, None);
        match table.stage {
            Stage::Playing if table.game.round() == 1 => self.send_back(id, effects),
            Stage::Playing => {
                table.stage = Stage::Deserted;
                self.set_due(id, now.checked_add(GRACE));
            }
            Stage::Deserted => self.clear(id, effects),
            // That somebody has won stands.
            Stage::Won(..) => {}
        }
    }

    /// Does what is due.
    fn look(&mut self, (now, effects): (Instant, &mut Vec<Effect>)) {
        while let Some((_, id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.set_due(id, None);
            let table = self.tables.get_mut(&id).expect("what is due is at a table");
            let first = match table.stage {
                Stage::Deserted => table.players.of(Side::First).is_some(),
                _ => table.game.has_chosen(Side::First),
            };
            let winner = if first { Side::First } else { Side::Second };
            if table.stage == Stage::Deserted {
                self.win(id, (winner, How::Left), effects);
                continue;
            }
            let silent: Vec<Side> = Side::BOTH.into_iter().filter(|side| !table.game.has_chosen(*side)).collect();
            for side in &silent {
                if let Some(player) = table.players.of(*side) {
                    table.players.set(*side, None);
                    self.visitors.remove(&player);
                    effects.extend([Effect::Tell(player, Line::Silent(self.turn)), Effect::Dismiss(player)]);
                }
            }
            match silent.len() {
                2 => self.clear(id, effects),
                _ if self.tables[&id].game.round() == 1 => self.send_back(id, effects),
                _ => self.win(id, (winner, How::Silent), effects),
            }
        }
    }

    /// Has the result kept. Who won is told when it is.
    fn win(&mut self, id: TableId, (side, how): (Side, How), effects: &mut Vec<Effect>) {
        self.set_due(id, None);
        let table = self.tables.get_mut(&id).expect("who wins is at a table");
        table.stage = Stage::Won(side, how);
        let from = |side: Side| Arc::clone(&table.from[side as usize]);
        let (winner, loser) = (from(side), from(side.other()));
        effects.push(Effect::Keep(id, Record { winner, loser, score: score(table.game.score(), side), how }));
    }

    fn conclude(&mut self, id: TableId, keeping: Keeping, effects: &mut Vec<Effect>) {
        let Some(table) = self.tables.get(&id) else { return };
        let Stage::Won(winner, how) = table.stage else { return };
        if keeping == Keeping::Failed {
            effects.extend(table.told(|_| Line::Unkept));
        }
        effects.extend(table.told(|side| match how {
            How::Played if side == winner => Line::Won(score(table.game.score(), side)),
            How::Played => Line::Lost(score(table.game.score(), side)),
            // The loser is not here to hear it.
            How::Left | How::Silent => Line::Forfeited,
        }));
        self.clear(id, effects);
    }

    /// Whoever is left at a table where nothing was played waits again, in front of everybody.
    fn send_back(&mut self, id: TableId, effects: &mut Vec<Effect>) {
        let table = self.remove(id);
        for player in table.present() {
            if self.door == Door::Draining {
                self.turn_out(player, effects);
                continue;
            }
            self.visitors.get_mut(&player).expect("who is at a table is here").seat = None;
            self.queue.push_front(player);
            effects.push(Effect::Tell(player, Line::Back));
        }
    }

    /// Everybody at this table goes.
    fn clear(&mut self, id: TableId, effects: &mut Vec<Effect>) {
        for player in self.remove(id).present() {
            self.visitors.remove(&player);
            effects.push(Effect::Dismiss(player));
        }
    }

    fn drain(&mut self, effects: &mut Vec<Effect>) {
        self.door = Door::Draining;
        for player in std::mem::take(&mut self.queue) {
            self.turn_out(player, effects);
        }
    }

    fn turn_out(&mut self, player: Player, effects: &mut Vec<Effect>) {
        self.visitors.remove(&player);
        effects.extend([Effect::Tell(player, Line::Closing), Effect::Dismiss(player)]);
    }

    fn set_due(&mut self, id: TableId, due: Option<Instant>) {
        let table = self.tables.get_mut(&id).expect("what is due is at a table");
        if let Some(before) = std::mem::replace(&mut table.due, due) {
            self.due.remove(&(before, id));
        }
        self.due.extend(due.map(|due| (due, id)));
    }

    fn remove(&mut self, id: TableId) -> Table {
        self.set_due(id, None);
        self.tables.remove(&id).expect("a table is removed once")
    }
}

impl Table {
    fn present(&self) -> impl Iterator<Item = Player> {
        Side::BOTH.into_iter().filter_map(|side| self.players.of(side))
    }

    /// A line for each of those who are here.
    fn told(&self, line: impl Fn(Side) -> Line) -> Vec<Effect> {
        let tell = |side| Some(Effect::Tell(self.players.of(side)?, line(side)));
        Side::BOTH.into_iter().filter_map(tell).collect()
    }
}

fn view(reveal: &Reveal, side: Side) -> View {
    let (mine, theirs) = (reveal.shown.of(side), reveal.shown.of(side.other()));
    View { mine, theirs, score: score(reveal.score, side) }
}

/// As `side` reads it.
fn score(score: Pair<u32>, side: Side) -> Score {
    Score { mine: score.of(side), theirs: score.of(side.other()) }
}

/// Two who leave within it leave together: one cause, a cable for example, has taken both.
pub(super) const GRACE: Duration = Duration::from_millis(100);

/// Thousands of random evenings, each step of them checked.
#[cfg(feature = "simulation")]
mod simulation;
#[cfg(test)]
mod tests;
