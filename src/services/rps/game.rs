//! Game: the rounds of two players, and nothing of who they are. It keeps what they chose to itself until both have.

use super::choice::Choice;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    First,
    Second,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::First, Self::Second];

    pub(super) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Something for each of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair<T>([T; 2]);

impl<T: Copy> Pair<T> {
    pub(super) fn new(first: T, second: T) -> Self {
        Self([first, second])
    }

    pub(super) fn of(&self, side: Side) -> T {
        self.0[side as usize]
    }

    pub(super) fn set(&mut self, side: Side, value: T) {
        self.0[side as usize] = value;
    }
}

/// A match under way.
#[derive(Debug)]
pub(super) struct Game {
    /// The round that is being played, from 1.
    round: u32,
    chosen: Pair<Option<Choice>>,
    score: Pair<u32>,
    /// Draws since the last round that somebody won.
    draws: u32,
}

/// What came of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// The other one is waited for, and learns nothing.
    Hidden,
    /// There was one already, which stands.
    Final,
    /// Both have chosen.
    Revealed(Reveal),
}

/// A round that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reveal {
    pub(super) shown: Pair<Choice>,
    /// `None` for a draw.
    pub(super) winner: Option<Side>,
    pub(super) score: Pair<u32>,
    pub(super) next: Next,
}

/// What follows a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Round(u32),
    /// Somebody has won the match.
    Won(Side),
    /// There were too many draws.
    Void,
}

impl Game {
    pub(super) fn new() -> Self {
        Self { round: 1, chosen: Pair::default(), score: Pair::default(), draws: 0 }
    }

    pub(super) fn round(&self) -> u32 {
        self.round
    }

    pub(super) fn score(&self) -> Pair<u32> {
        self.score
    }

    pub(super) fn has_chosen(&self, side: Side) -> bool {
        self.chosen.of(side).is_some()
    }

    pub(super) fn choose(&mut self, side: Side, choice: Choice) -> Move {
        if self.has_chosen(side) {
            return Move::Final;
        }
        self.chosen.set(side, Some(choice));
        match (self.chosen.of(Side::First), self.chosen.of(Side::Second)) {
            (Some(first), Some(second)) => Move::Revealed(self.reveal(first, second)),
            _ => Move::Hidden,
        }
    }

    fn reveal(&mut self, first: Choice, second: Choice) -> Reveal {
        let winner = match (first.beats(second), second.beats(first)) {
            (true, _) => Some(Side::First),
            (_, true) => Some(Side::Second),
            _ => None,
        };
        self.draws = if winner.is_some() { 0 } else { self.draws + 1 };
        if let Some(winner) = winner {
            self.score.set(winner, self.score.of(winner) + 1);
        }
        self.round += 1;
        self.chosen = Pair::default();
        let next = match winner {
            Some(winner) if self.score.of(winner) == WINS => Next::Won(winner),
            None if self.draws == MOST_DRAWS => Next::Void,
            _ => Next::Round(self.round),
        };
        Reveal { shown: Pair::new(first, second), winner, score: self.score, next }
    }
}

/// Rounds to be won.
pub(super) const WINS: u32 = 3;
/// So many draws in a row end a match without a winner: by chance that happens once in three thousand million.
pub(super) const MOST_DRAWS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::select;

    use Choice::{Paper, Rock, Scissors};

    fn play(game: &mut Game, first: Choice, second: Choice) -> Reveal {
        assert_eq!(game.choose(Side::First, first), Move::Hidden);
        match game.choose(Side::Second, second) {
            Move::Revealed(reveal) => reveal,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn three_wins_are_a_match_and_draws_do_not_count() {
        let mut game = Game::new();
        for (first, second, winner, score, next) in [
            (Paper, Rock, Some(Side::First), (1, 0), Next::Round(2)),
            (Rock, Rock, None, (1, 0), Next::Round(3)),
            (Rock, Paper, Some(Side::Second), (1, 1), Next::Round(4)),
            (Scissors, Paper, Some(Side::First), (2, 1), Next::Round(5)),
            (Rock, Scissors, Some(Side::First), (3, 1), Next::Won(Side::First)),
        ] {
            let reveal = play(&mut game, first, second);
            let score = Pair::new(score.0, score.1);
            assert_eq!(reveal, Reveal { shown: Pair::new(first, second), winner, score, next });
        }
    }

    #[test]
    fn a_choice_is_final_until_the_round_is_over() {
        let mut game = Game::new();
        assert_eq!(game.choose(Side::Second, Rock), Move::Hidden);
        assert_eq!(game.choose(Side::Second, Paper), Move::Final);
        assert!(game.has_chosen(Side::Second) && !game.has_chosen(Side::First));
        let Move::Revealed(reveal) = game.choose(Side::First, Scissors) else { panic!("not revealed") };
        assert_eq!(reveal.shown.of(Side::Second), Rock);
        assert_eq!(game.choose(Side::Second, Paper), Move::Hidden);
    }

    #[test]
    fn only_draws_in_a_row_make_a_match_void() {
        let mut game = Game::new();
        for _ in 1..MOST_DRAWS {
            assert!(matches!(play(&mut game, Rock, Rock).next, Next::Round(_)));
        }
        assert_eq!(play(&mut game, Rock, Paper).next, Next::Round(MOST_DRAWS + 1));
        for _ in 1..MOST_DRAWS {
            assert!(matches!(play(&mut game, Paper, Paper).next, Next::Round(_)));
        }
        let reveal = play(&mut game, Scissors, Scissors);
        assert_eq!((reveal.next, reveal.score), (Next::Void, Pair::new(0, 1)));
    }

    proptest! {
        #[test]
        fn the_score_is_what_was_won_and_the_match_ends_at_three(
            rounds in prop::collection::vec((select(&[Rock, Paper, Scissors][..]), select(&[Rock, Paper, Scissors][..])), 0..80),
        ) {
            let (mut game, mut won) = (Game::new(), [0; 2]);
            for (number, (first, second)) in (1..).zip(rounds) {
                prop_assert_eq!(game.round(), number);
                let reveal = play(&mut game, first, second);
                prop_assert_eq!(reveal.winner.is_none(), first == second);
                if let Some(winner) = reveal.winner {
                    won[winner as usize] += 1;
                }
                prop_assert_eq!(reveal.score, Pair::new(won[0], won[1]));
                match reveal.next {
                    Next::Round(next) => prop_assert_eq!(next, number + 1),
                    Next::Won(side) => {
                        prop_assert_eq!(won[side as usize], WINS);
                        break;
                    }
                    Next::Void => break,
                }
                prop_assert!(won.iter().all(|won| *won < WINS));
            }
        }
    }
}
