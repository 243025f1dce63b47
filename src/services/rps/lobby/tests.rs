//! The lobby, case by case.

use super::super::game::MOST_DRAWS;
use super::*;

use Choice::{Paper, Rock, Scissors};

const TURN: Duration = Duration::from_secs(60);
const A: Player = Player(1);
const B: Player = Player(2);
const C: Player = Player(3);

/// A lobby with a clock, and what each player has read.
struct Evening {
    lobby: Lobby,
    now: Instant,
    told: HashMap<Player, Vec<Line>>,
    dismissed: Vec<Player>,
    kept: Vec<Record>,
    asked: Vec<TableId>,
}

impl Evening {
    fn new() -> Self {
        Self {
            lobby: Lobby::new(TURN),
            now: Instant::now(),
            told: HashMap::new(),
            dismissed: Vec::new(),
            kept: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// With these already there.
    fn with(players: &[Player]) -> Self {
        let mut evening = Self::new();
        players.iter().for_each(|player| evening.join(*player));
        evening.told.clear();
        evening
    }

    fn apply(&mut self, command: Command) {
        for effect in self.lobby.apply(command, self.now) {
            match effect {
                Effect::Tell(player, line) => self.told.entry(player).or_default().push(line),
                Effect::Dismiss(player) => self.dismissed.push(player),
                Effect::Keep(table, record) => {
                    self.kept.push(record);
                    self.asked.push(table);
                }
            }
        }
    }

    fn join(&mut self, player: Player) {
        self.apply(Command::Join(player, format!("192.0.2.{}", player.0).into()));
    }

    fn choose(&mut self, player: Player, choice: Choice) {
        self.apply(Command::Choose(player, Some(choice)));
    }

    fn round(&mut self, first: Choice, second: Choice) {
        self.choose(A, first);
        self.choose(B, second);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.apply(Command::Look);
    }

    fn keep(&mut self, keeping: Keeping) {
        let table = self.asked.pop().expect("something is to be kept");
        self.apply(Command::Kept(table, keeping));
    }

    /// What a player has read since the last look.
    fn reads(&mut self, player: Player) -> Vec<Line> {
        self.told.remove(&player).unwrap_or_default()
    }

    fn has_dismissed(&mut self) -> Vec<Player> {
        let mut dismissed = std::mem::take(&mut self.dismissed);
        dismissed.sort();
        dismissed
    }

    #[track_caller]
    fn is_empty(&self) {
        let Lobby { queue, visitors, tables, due, .. } = &self.lobby;
        assert!(queue.is_empty() && visitors.is_empty() && tables.is_empty() && due.is_empty(), "{:?}", self.lobby);
    }
}

fn seen(mine: Choice, theirs: Choice, score: (u32, u32)) -> Line {
    Line::Revealed(View { mine, theirs, score: reads(score) })
}

fn reads((mine, theirs): (u32, u32)) -> Score {
    Score { mine, theirs }
}

#[test]
fn two_play_to_three_and_are_told_when_the_result_is_kept() {
    let mut evening = Evening::new();
    evening.join(A);
    assert_eq!(evening.reads(A), [Line::Welcome]);
    evening.join(B);
    assert_eq!((evening.reads(A), evening.reads(B)), (vec![Line::Found], vec![Line::Welcome, Line::Found]));
    evening.round(Paper, Rock);
    assert_eq!(evening.reads(A), [seen(Paper, Rock, (1, 0)), Line::Round(2)]);
    assert_eq!(evening.reads(B), [seen(Rock, Paper, (0, 1)), Line::Round(2)]);
    evening.round(Rock, Paper);
    evening.round(Paper, Paper);
    evening.round(Scissors, Paper);
    evening.told.clear();
    evening.round(Rock, Scissors);
    assert_eq!(evening.reads(A), [seen(Rock, Scissors, (3, 1))]);
    assert_eq!(evening.kept.len(), 1);
    evening.choose(A, Rock);
    evening.pass(TURN * 2);
    assert_eq!(evening.reads(A), []);
    evening.told.clear();
    evening.keep(Keeping::Done);
    assert_eq!(evening.reads(A), [Line::Won(reads((3, 1)))]);
    assert_eq!(evening.reads(B), [Line::Lost(reads((1, 3)))]);
    assert_eq!(evening.has_dismissed(), [A, B]);
    let record =
        Record { winner: "192.0.2.1".into(), loser: "192.0.2.2".into(), score: reads((3, 1)), how: How::Played };
    assert_eq!(evening.kept, [record]);
    evening.is_empty();
}

#[test]
fn a_choice_is_hidden_and_final_and_what_is_none_is_asked_again() {
    let mut evening = Evening::with(&[A, B]);
    evening.apply(Command::Choose(A, None));
    evening.choose(A, Rock);
    evening.choose(A, Paper);
    evening.apply(Command::Choose(A, None));
    assert_eq!(evening.reads(A), [Line::NoChoice(1), Line::Final(1), Line::Final(1)]);
    assert_eq!(evening.reads(B), []);
    evening.choose(B, Scissors);
    assert_eq!(evening.reads(B), [seen(Scissors, Rock, (0, 1)), Line::Round(2)]);
}

#[test]
fn who_speaks_while_alone_is_told_so() {
    let mut evening = Evening::with(&[A]);
    evening.choose(A, Rock);
    assert_eq!(evening.reads(A), [Line::Alone]);
    evening.join(B);
    evening.choose(B, Paper);
    assert_eq!(evening.reads(A), [Line::Found]);
}

#[test]
fn who_leaves_in_the_first_round_puts_the_other_in_front_of_everybody() {
    let mut evening = Evening::with(&[A, B]);
    evening.choose(A, Rock);
    evening.apply(Command::Leave(B));
    assert_eq!(evening.reads(A), [Line::Back]);
    assert_eq!(evening.lobby.queue, [A]);
    evening.join(C);
    assert_eq!(evening.reads(A), [Line::Found]);
    // The choice of the match before is forgotten.
    evening.choose(C, Paper);
    assert_eq!(evening.reads(A), []);
    evening.choose(A, Scissors);
    assert_eq!(evening.reads(A), [seen(Scissors, Paper, (1, 0)), Line::Round(2)]);
    assert_eq!(evening.kept, []);
}

#[test]
fn who_is_put_back_plays_the_next_at_once_where_somebody_waits() {
    let mut evening = Evening::with(&[A, B, C]);
    evening.apply(Command::Leave(A));
    assert_eq!(evening.reads(B), [Line::Back, Line::Found]);
    assert_eq!(evening.reads(C), [Line::Found]);
}

#[test]
fn who_leaves_later_forfeits() {
    let mut evening = Evening::with(&[A, B]);
    evening.round(Rock, Rock);
    evening.round(Paper, Rock);
    evening.told.clear();
    evening.apply(Command::Leave(A));
    evening.pass(GRACE - Duration::from_nanos(1));
    assert_eq!(evening.kept, []);
    evening.pass(Duration::from_nanos(1));
    evening.keep(Keeping::Done);
    assert_eq!(evening.reads(B), [Line::Forfeited]);
    let record = Record { winner: "192.0.2.2".into(), loser: "192.0.2.1".into(), score: reads((0, 1)), how: How::Left };
    evening.is_empty();
    assert_eq!((evening.has_dismissed(), evening.kept), (vec![B], vec![record]));
}

#[test]
fn two_who_leave_together_have_played_nothing() {
    for rounds in 0..2 {
        let mut evening = Evening::with(&[A, B]);
        (0..rounds).for_each(|_| evening.round(Rock, Paper));
        evening.apply(Command::Leave(B));
        evening.now += GRACE / 2;
        evening.apply(Command::Leave(A));
        evening.pass(TURN * 2);
        assert_eq!(evening.kept, []);
        evening.is_empty();
    }
}

#[test]
fn who_is_silent_is_out_and_the_other_wins_or_waits_again() {
    for rounds in 0..2 {
        let mut evening = Evening::with(&[A, B]);
        (0..rounds).for_each(|_| evening.round(Rock, Paper));
        evening.told.clear();
        evening.choose(B, Paper);
        // Talking is no choice.
        evening.now += TURN / 2;
        evening.apply(Command::Choose(A, None));
        evening.now += TURN / 2;
        evening.choose(A, Rock);
        assert_eq!(evening.reads(A).last(), Some(&Line::Silent(TURN)));
        if rounds == 0 {
            assert_eq!((evening.reads(B), evening.has_dismissed()), (vec![Line::Back], vec![A]));
            assert_eq!(evening.lobby.queue, [B]);
        } else {
            assert_eq!(evening.has_dismissed(), [A]);
            evening.keep(Keeping::Done);
            assert_eq!((evening.reads(B), evening.has_dismissed()), (vec![Line::Forfeited], vec![B]));
            assert_eq!((evening.kept[0].how, evening.kept[0].score), (How::Silent, reads((1, 0))));
            evening.is_empty();
        }
    }
}

#[test]
fn two_who_are_silent_are_both_out() {
    for rounds in 0..2 {
        let mut evening = Evening::with(&[A, B]);
        (0..rounds).for_each(|_| evening.round(Rock, Paper));
        evening.told.clear();
        evening.pass(TURN);
        assert_eq!((evening.reads(A), evening.reads(B)), (vec![Line::Silent(TURN)], vec![Line::Silent(TURN)]));
        assert_eq!((evening.has_dismissed(), evening.kept.len()), (vec![A, B], 0));
        evening.is_empty();
    }
}

#[test]
fn each_round_has_its_own_time() {
    let mut evening = Evening::with(&[A, B]);
    for round in 1..=2 {
        evening.pass(TURN - Duration::from_nanos(1));
        evening.round(Rock, Paper);
        assert_eq!(evening.reads(A).last(), Some(&Line::Round(round + 1)));
    }
}

#[test]
fn draws_without_end_end_without_a_winner() {
    let mut evening = Evening::with(&[A, B]);
    evening.round(Rock, Paper);
    (1..MOST_DRAWS).for_each(|_| evening.round(Rock, Rock));
    assert_eq!(evening.has_dismissed(), []);
    evening.round(Paper, Paper);
    assert_eq!(evening.reads(A)[..].last_chunk(), Some(&[seen(Paper, Paper, (0, 1)), Line::Void]));
    assert_eq!((evening.has_dismissed(), evening.kept.len()), (vec![A, B], 0));
    evening.is_empty();
}

#[test]
fn whoever_leaves_after_the_last_round_has_won_or_lost_all_the_same() {
    for keeping in [Keeping::Done, Keeping::Failed] {
        let mut evening = Evening::with(&[A, B]);
        (0..3).for_each(|_| evening.round(Rock, Paper));
        evening.told.clear();
        evening.apply(Command::Leave(B));
        evening.keep(keeping);
        let lost = Line::Lost(reads((0, 3)));
        let read = if keeping == Keeping::Done { vec![lost] } else { vec![Line::Unkept, lost] };
        assert_eq!((evening.reads(A), evening.has_dismissed(), evening.kept.len()), (read, vec![A], 1));
        evening.is_empty();
    }
}

#[test]
fn a_drain_lets_go_of_those_who_wait_and_lets_matches_end() {
    let mut evening = Evening::with(&[A, B, C]);
    evening.apply(Command::Drain);
    assert_eq!((evening.reads(C), evening.has_dismissed()), (vec![Line::Closing], vec![C]));
    evening.join(C);
    assert_eq!((evening.reads(C), evening.has_dismissed()), (vec![Line::Closing], vec![C]));
    (0..3).for_each(|_| evening.round(Rock, Paper));
    evening.keep(Keeping::Done);
    assert_eq!(evening.has_dismissed(), [A, B]);
    evening.is_empty();

    let mut evening = Evening::with(&[A, B]);
    evening.apply(Command::Drain);
    evening.apply(Command::Leave(A));
    assert_eq!((evening.reads(B), evening.has_dismissed()), (vec![Line::Closing], vec![B]));
    evening.is_empty();
}

#[test]
fn a_close_makes_nobody_win() {
    let mut evening = Evening::with(&[A, B, C]);
    evening.round(Rock, Paper);
    evening.told.clear();
    evening.apply(Command::Close);
    evening.apply(Command::Leave(A));
    evening.pass(TURN * 2);
    evening.join(Player(4));
    assert_eq!((evening.told.len(), evening.kept.len()), (0, 0));
    evening.is_empty();
}

#[test]
fn a_turn_without_end_is_no_harm() {
    let mut lobby = Lobby::new(Duration::MAX);
    let now = Instant::now();
    lobby.apply(Command::Join(A, "a".into()), now);
    lobby.apply(Command::Join(B, "b".into()), now);
    assert_eq!(lobby.next_due(), None);
}
