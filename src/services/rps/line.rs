//! Line: everything a player is told, as a value and as its words. Who they play against stands in none of them.

use std::fmt;
use std::time::Duration;

use super::choice::Choice;
use super::game::{MOST_DRAWS, WINS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Welcome,
    /// Said to who speaks while nobody is there to play with.
    Alone,
    Found,
    /// The question of a round.
    Round(u32),
    /// It was no choice, so it is asked again.
    NoChoice(u32),
    /// There was a choice already.
    Final(u32),
    /// What both chose, as seen by one of them.
    Revealed(View),
    Won(Score),
    Lost(Score),
    /// The other one is gone, and the match won.
    Forfeited,
    /// The other one is gone, and nothing was played yet.
    Back,
    /// Too slow; nobody waits any longer.
    Silent(Duration),
    Void,
    /// Said before who won, where the store does not take it.
    Unkept,
    Closing,
}

/// A round as one of the two sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) mine: Choice,
    pub(super) theirs: Choice,
    pub(super) score: Score,
}

/// Mine and theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) mine: u32,
    pub(super) theirs: u32,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Welcome => write!(f, "Rock-paper-scissors, first to {WINS}. Waiting for an opponent."),
            Self::Alone => write!(f, "There is no opponent yet, and so no choice. Waiting for an opponent."),
            Self::Found => write!(f, "Opponent found. {}", Self::Round(1)),
            Self::Round(round) => write!(f, "Round {round}: rock, paper or scissors?"),
            Self::NoChoice(round) => write!(f, "That is no choice. {}", Self::Round(*round)),
            Self::Final(round) => write!(f, "Your choice in round {round} is final."),
            Self::Revealed(view) => view.fmt(f),
            Self::Won(score) => write!(f, "You win the match {score}."),
            Self::Lost(score) => write!(f, "You lose the match {score}."),
            Self::Forfeited => write!(f, "Your opponent left. You win the match by forfeit."),
            Self::Back => write!(f, "Your opponent left before the first round was over. Waiting for an opponent."),
            Self::Silent(limit) => write!(f, "You did not choose within {limit:?}. You are out."),
            Self::Void => write!(f, "{MOST_DRAWS} draws in a row. The match is void."),
            Self::Unkept => write!(f, "Sorry, the result could not be kept."),
            Self::Closing => write!(f, "The server is closing. Please come again later."),
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mine, theirs, score } = self;
        let result = match (mine.beats(*theirs), theirs.beats(*mine)) {
            (true, _) => "You win the round.",
            (_, true) => "You lose the round.",
            _ => "A draw.",
        };
        write!(f, "You: {}, opponent: {}. {result} Score {score}.", mine.name(), theirs.name())
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.mine, self.theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_protocol() {
        let score = Score { mine: 1, theirs: 0 };
        let view = |mine, theirs| Line::Revealed(View { mine, theirs, score });
        for (line, words) in [
            (Line::Welcome, "Rock-paper-scissors, first to 3. Waiting for an opponent."),
            (Line::Found, "Opponent found. Round 1: rock, paper or scissors?"),
            (Line::Round(2), "Round 2: rock, paper or scissors?"),
            (view(Choice::Paper, Choice::Rock), "You: paper, opponent: rock. You win the round. Score 1:0."),
            (view(Choice::Paper, Choice::Scissors), "You: paper, opponent: scissors. You lose the round. Score 1:0."),
            (view(Choice::Rock, Choice::Rock), "You: rock, opponent: rock. A draw. Score 1:0."),
            (Line::Won(Score { mine: 3, theirs: 1 }), "You win the match 3:1."),
            (Line::Lost(Score { mine: 1, theirs: 3 }), "You lose the match 1:3."),
            (Line::Forfeited, "Your opponent left. You win the match by forfeit."),
            (Line::Silent(Duration::from_secs(60)), "You did not choose within 60s. You are out."),
            (Line::NoChoice(4), "That is no choice. Round 4: rock, paper or scissors?"),
        ] {
            assert_eq!(line.to_string(), words);
        }
    }
}
