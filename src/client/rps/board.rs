//! Board: what a person sees of a match. Pure: the server's lines in, lines of the board out. What it does not know is
//! shown as it is, so that it plays with other servers too.

/// The state of a match as far as the server's lines tell it. They are fit for a terminal when they come here.
#[derive(Debug, Default)]
pub(super) struct Board {
    stage: Stage,
    score: Option<String>,
    /// Whether the head of the table is shown.
    headed: bool,
    last: Last,
}

/// What the server said last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    /// Something that more follows, or nothing at all.
    #[default]
    Open,
    /// What may well be its last word.
    Word,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Waiting,
    /// A choice is asked for in this round.
    Asked(String),
    /// This one was sent.
    Chosen { round: String, choice: String },
}

/// A round that is over, in the server's words.
struct Row<'l> {
    mine: &'l str,
    theirs: &'l str,
    result: &'l str,
    score: &'l str,
}

impl Board {
    /// What is to be shown of a line.
    pub(super) fn hear(&mut self, line: &str) -> Vec<String> {
        self.last = Last::Open;
        if let Some(row) = Row::parse(line) {
            return self.reveal(&row);
        }
        let Some((before, round)) = question(line) else {
            if !line.ends_with(WAITING) {
                self.last = Last::Word;
            }
            return vec![line.to_owned()];
        };
        let before = before.trim_end();
        if before == FOUND {
            *self = Self::default();
        }
        self.stage = Stage::Asked(round.to_owned());
        if before.is_empty() { Vec::new() } else { vec![before.to_owned()] }
    }

    fn reveal(&mut self, row: &Row<'_>) -> Vec<String> {
        let mut shown = Vec::new();
        if !std::mem::replace(&mut self.headed, true) {
            shown.push(format!("{:>5}  {:<9} {:<9} {:<6} {}", "round", "you", "opponent", "score", "result"));
        }
        let round = match &self.stage {
            Stage::Waiting => "",
            Stage::Asked(round) | Stage::Chosen { round, .. } => round,
        };
        let Row { mine, theirs, score, .. } = row;
        shown.push(format!("{round:>5}  {mine:<9} {theirs:<9} {score:<6} {}", row.verdict()));
        self.score = Some((*score).to_owned());
        self.stage = Stage::Waiting;
        shown
    }

    /// Whether the server can be done: it has not just asked, told of a round or had us wait.
    pub(super) fn is_over(&self) -> bool {
        self.last == Last::Word
    }

    /// Whether the server waits for a choice.
    pub(super) fn asks(&self) -> bool {
        matches!(self.stage, Stage::Asked(_))
    }

    /// Notes that `choice` was sent.
    pub(super) fn chose(&mut self, choice: &str) {
        if let Stage::Asked(round) = &self.stage {
            self.stage = Stage::Chosen { round: round.clone(), choice: choice.to_owned() };
        }
    }

    /// What stands in front of the keys being typed.
    pub(super) fn prompt(&self) -> String {
        let score = self.score.as_ref().map_or_else(String::new, |score| format!(", {score}"));
        match &self.stage {
            Stage::Waiting => "> ".to_owned(),
            Stage::Asked(round) => format!("Round {round}{score}: [r]ock, [p]aper or [s]cissors? "),
            Stage::Chosen { round, choice } => format!("Round {round}{score}: {choice}; waiting for the opponent "),
        }
    }
}

impl<'l> Row<'l> {
    /// `You: paper, opponent: rock. You win the round. Score 1:0.`
    fn parse(line: &'l str) -> Option<Self> {
        let (mine, rest) = line.strip_prefix("You: ")?.split_once(", opponent: ")?;
        let (theirs, rest) = rest.split_once(". ")?;
        let (result, score) = rest.rsplit_once(" Score ")?;
        Some(Self { mine, theirs, result, score: score.strip_suffix('.')? })
    }

    fn verdict(&self) -> &'l str {
        match self.result {
            "You win the round." => "you win",
            "You lose the round." => "you lose",
            "A draw." => "a draw",
            other => other,
        }
    }
}

/// What stands before the question of a round, and which round it is.
fn question(line: &str) -> Option<(&str, &str)> {
    let (before, rest) = line.rsplit_once("Round ")?;
    let (round, _) = rest.split_once(':')?;
    let number = !round.is_empty() && round.len() < 10 && round.bytes().all(|b| b.is_ascii_digit());
    number.then_some((before, round))
}

/// What a match begins with.
const FOUND: &str = "Opponent found.";
/// How a line ends that one follows.
const WAITING: &str = "Waiting for an opponent.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_becomes_a_table() {
        let mut board = Board::default();
        let mut shown = Vec::new();
        let lines = [
            ("Rock-paper-scissors, first to 3. Waiting for an opponent.", "> "),
            ("Opponent found. Round 1: rock, paper or scissors?", "Round 1: [r]ock, [p]aper or [s]cissors? "),
            ("That is no choice. Round 1: rock, paper or scissors?", "Round 1: [r]ock, [p]aper or [s]cissors? "),
            ("You: paper, opponent: rock. You win the round. Score 1:0.", "> "),
            ("Round 2: rock, paper or scissors?", "Round 2, 1:0: [r]ock, [p]aper or [s]cissors? "),
            ("You: rock, opponent: rock. A draw. Score 1:0.", "> "),
            ("You win the match 3:0.", "> "),
        ];
        for (line, prompt) in lines {
            shown.extend(board.hear(line));
            assert_eq!((board.prompt().as_str(), board.asks()), (prompt, prompt.ends_with("? ")), "{line}");
        }
        assert_eq!(
            shown,
            [
                "Rock-paper-scissors, first to 3. Waiting for an opponent.",
                "Opponent found.",
                "That is no choice.",
                "round  you       opponent  score  result",
                "    1  paper     rock      1:0    you win",
                "    2  rock      rock      1:0    a draw",
                "You win the match 3:0.",
            ]
        );
    }

    #[test]
    fn a_match_is_over_with_a_word_that_none_must_follow() {
        let mut board = Board::default();
        assert!(!board.is_over());
        for (line, is_over) in [
            ("Rock-paper-scissors, first to 3. Waiting for an opponent.", false),
            ("Opponent found. Round 1: rock, paper or scissors?", false),
            ("Your opponent left before the first round was over. Waiting for an opponent.", false),
            ("Opponent found. Round 1: rock, paper or scissors?", false),
            ("You: paper, opponent: rock. You win the round. Score 3:0.", false),
            ("You win the match 3:0.", true),
            ("You: paper, opponent: rock. You win the round. Score 1:0.", false),
            ("Your opponent left. You win the match by forfeit.", true),
            ("You did not choose within 60s. You are out.", true),
        ] {
            board.hear(line);
            assert_eq!(board.is_over(), is_over, "{line}");
        }
    }

    #[test]
    fn a_choice_is_shown_until_both_have_chosen() {
        let mut board = Board::default();
        board.chose("rock");
        assert_eq!(board.prompt(), "> ");
        board.hear("Round 3: what?");
        board.chose("rock");
        assert_eq!(board.prompt(), "Round 3: rock; waiting for the opponent ");
        assert!(!board.asks());
        board.hear("Your opponent left before the first round was over. Waiting for an opponent.");
        board.hear("Opponent found. Round 1: rock, paper or scissors?");
        assert!(board.asks());
    }

    #[test]
    fn other_words_are_shown_as_they_are() {
        for line in ["", "Round", "Round :", "Round x: y", "You: a, opponent: b", "You: ", "Round 99999999999: ?"] {
            assert_eq!(Board::default().hear(line), [line]);
        }
    }
}
