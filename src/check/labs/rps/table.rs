//! Table: two players at one match, and what comes of what they say.

use std::time::Duration;

use crate::check::dialogue::{Choices, NAME_ASKED, Pattern, line_end};
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

/// Who sits at a table: the first who came, and the second.
pub(super) struct Table {
    pub(super) seats: [Wire; 2],
    pub(super) words: [String; 3],
    line_end: String,
}

/// Rock, paper, scissors by their place in the words.
pub(super) type Choice = usize;

pub(super) const ROCK: Choice = 0;
pub(super) const PAPER: Choice = 1;
pub(super) const SCISSORS: Choice = 2;
pub(super) const ALL: [Choice; 3] = [ROCK, PAPER, SCISSORS];

impl Table {
    /// Two players who have come, and were heard out.
    pub(super) fn new(stage: &mut Stage) -> Result<Self, Miss> {
        let mut first = stage.dial(Reach::default())?;
        let mut said = first.hear_within(GREETING);
        said.extend(introduce(stage, &mut first, &said)?);
        let mut second = stage.dial(Reach::default())?;
        let heard = second.hear_within(GREETING);
        said.extend(introduce(stage, &mut second, &heard)?);
        said.extend(heard);
        said.extend(first.hear_within(GREETING));
        let words = words(stage, &String::from_utf8_lossy(&said));
        Ok(Self { seats: [first, second], words, line_end: line_end(stage).to_owned() })
    }

    /// Both choose, and hear what comes of it.
    pub(super) fn round(&mut self, choices: [Choice; 2]) -> Result<[Vec<u8>; 2], Miss> {
        for (seat, choice) in choices.into_iter().enumerate() {
            self.says(seat, choice)?;
        }
        let heard = [self.seats[0].hear(), self.seats[1].hear()];
        if heard.iter().all(Vec::is_empty) && !self.is_over() {
            return Err(self.seats[0].silence("the result of the round, for both"));
        }
        Ok(heard)
    }

    pub(super) fn says(&mut self, seat: usize, choice: Choice) -> Result<(), Miss> {
        let word = format!("{}{}", self.words[choice], self.line_end);
        self.seats[seat].send(word.as_bytes())
    }

    /// Rounds that are won by this seat beyond doubt.
    pub(super) fn wins(&mut self, seat: usize, rounds: usize) -> Result<(), Miss> {
        for _ in 0..rounds {
            let choices = if seat == 0 { [ROCK, SCISSORS] } else { [SCISSORS, ROCK] };
            self.round(choices)?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.seats.iter().all(|seat| seat.end().is_some())
    }

    /// The match goes on.
    pub(super) fn goes_on(&self, did: &str) -> Result<(), Miss> {
        match self.seats.iter().find(|seat| seat.end().is_some()) {
            None => Ok(()),
            Some(seat) => Err(seat.fault(Transport::Fin, "the match goes on", "it is over").with_did(did)),
        }
    }

    /// Both are let go.
    pub(super) fn ends(&mut self, did: &str) -> Result<(), Miss> {
        for seat in &mut self.seats {
            seat.listen_to_the_end();
            if seat.end().is_none() {
                let miss = seat.fault(Transport::Timeout, "the match is over, and FIN for both", "it goes on");
                return Err(miss.with_did(did));
            }
        }
        Ok(())
    }
}

/// Gives a name to a server that wants one; what it says then.
fn introduce(stage: &mut Stage, wire: &mut Wire, said: &[u8]) -> Result<Vec<u8>, Miss> {
    let name = String::from_utf8_lossy(&stage.letters(6)).into_owned();
    let told = stage.setting.dialogue.as_ref().and_then(|dialogue| dialogue.join.as_ref());
    let texts = match told {
        Some(join) => join.said_by(&name),
        None if Pattern::known(NAME_ASKED).fits(&String::from_utf8_lossy(said)) => vec![name],
        None => Vec::new(),
    };
    let mut heard = Vec::new();
    for text in texts {
        wire.send(format!("{text}{}", line_end(stage)).as_bytes())?;
        heard.extend(wire.hear_within(GREETING));
    }
    Ok(heard)
}

/// The three words: those that we were told, or those of the language that the server speaks; the sheet's where it says
/// nothing.
fn words(stage: &Stage, said: &str) -> [String; 3] {
    let told = stage.setting.dialogue.as_ref().and_then(|dialogue| dialogue.choices.clone());
    if let Some(Choices { rock, paper, scissors }) = told {
        return [rock, paper, scissors];
    }
    let said = said.to_lowercase();
    let spoken = LANGUAGES.iter().find(|words| [ROCK, SCISSORS].iter().any(|choice| said.contains(words[*choice])));
    spoken.unwrap_or(&LANGUAGES[0]).map(str::to_owned)
}

/// The sheet's come first; `papier` is in three of them, so the others decide.
const LANGUAGES: [[&str; 3]; 5] = [
    ["kamień", "papier", "nożyce"],
    ["kamien", "papier", "nozyce"],
    ["rock", "paper", "scissors"],
    ["камень", "бумага", "ножницы"],
    ["stein", "papier", "schere"],
];

/// Whoever greets does so at once.
pub(super) const GREETING: Duration = Duration::from_millis(400);
