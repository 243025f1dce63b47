//! Table: two players at one match, and what comes of what they say.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use crate::check::dialogue::{Choices, NAME_ASKED, Pattern, line_end};
use crate::check::document::Transport;
use crate::check::fault::Miss;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::{Reach, Wire};

/// Who sits at a table: the first who came, and the second.
pub(super) struct Table {
    pub(super) seats: [Wire; 2],
    /// What is said for each choice.
    pub(super) words: [String; 3],
    /// What each is called.
    pub(super) names: [String; 3],
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
        let said = String::from_utf8_lossy(&said);
        if stage.setting.dialogue.is_none() && Pattern::known(READY_ASKED).fits(&said) {
            return Err(Miss::skip(format!(
                "it says {}, and we do not know with which word a match begins; tell it by --dialogue FILE",
                say::quoted(said.trim().as_bytes())
            )));
        }
        let Moves { words, names } = moves(stage, &said);
        Ok(Self { seats: [first, second], words, names, line_end: line_end(stage).to_owned() })
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

/// What is said for the three, and what they are called.
struct Moves {
    words: [String; 3],
    names: [String; 3],
}

/// Those that we were told, or those of the language that the server speaks; the sheet's where it says nothing.
fn moves(stage: &Stage, said: &str) -> Moves {
    let told = stage.setting.dialogue.as_ref().and_then(|dialogue| dialogue.choices.clone());
    match told {
        Some(Choices { rock, paper, scissors }) => {
            let words = [rock, paper, scissors];
            Moves { names: words.clone(), words }
        }
        None => spoken(said),
    }
}

/// Numbers or letters where the server names one for each of the three.
fn spoken(said: &str) -> Moves {
    static BRACKETS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[(\[](\pL)[)\]](\pL)").expect("it is sound, as a test shows"));
    let whole = BRACKETS.replace_all(said, "$1$2").to_lowercase();
    let is_spoken = |names: &&[&str; 3]| [ROCK, SCISSORS].iter().any(|choice| whole.contains(names[*choice]));
    let names = *LANGUAGES.iter().find(is_spoken).unwrap_or(&LANGUAGES[0]);
    let signs: Vec<String> = names.iter().filter_map(|name| sign(said, name)).collect();
    let names = names.map(str::to_owned);
    let words = match <[String; 3]>::try_from(signs) {
        Ok(signs) if signs[0] != signs[1] && signs[1] != signs[2] && signs[0] != signs[2] => signs,
        _ => names.clone(),
    };
    Moves { words, names }
}

/// The number or letter for this choice: `1 = rock`, `1) rock`, `[r] rock`, `(R)ock`, `rock (r)` and `rock - 1`.
fn sign(said: &str, name: &str) -> Option<String> {
    let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    let forms = [
        format!(r"[(\[]({first})[)\]]{rest}"),
        format!(r"[(\[]([\pL\d])[)\]]\s?{name}"),
        format!(r"\b([\pL\d])\s?[=).:-]\s?{name}"),
        format!(r"{name}\s?[(\[]([\pL\d])[)\]]"),
        format!(r"{name}\s?[=:-]\s?([\pL\d])\b"),
    ];
    let found = forms.iter().find_map(|form| Pattern::known(form).0.captures(said))?;
    Some(found[1].to_owned())
}

/// Who wants a word before the first round.
const READY_ASKED: &str = r"\b(type|write|send|enter|napisz|wpisz|wyślij|напишите|введите|отправьте|schreib|gib|sende)\w*\b.{0,40}(\bready\b|gotow|готов|bereit)";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_a_word_to_begin_is_told_from_who_begins() {
        let asks = |said| Pattern::known(READY_ASKED).fits(said);
        assert!(asks("Napisz cokolwiek, gdy będziesz gotowy.") && asks("Type 'ready' to start"));
        assert!(!asks("Both players are ready! Rock, paper or scissors?") && !asks("Gracze gotowi.\nWpisz papier"));
    }

    #[test]
    fn numbers_and_letters_are_said_where_a_server_names_them() {
        for (said, words) in [
            ("Runda 1. Wybierz numer: 1 = papier, 2 = kamień, 3 = nożyce", ["2", "1", "3"]),
            ("(R)ock, (P)aper or (S)cissors?", ["R", "P", "S"]),
            ("1) Камень\n2) Бумага\n3) Ножницы\n", ["1", "2", "3"]),
            ("Stein [s], Papier [p], Schere [c]", ["s", "p", "c"]),
            ("[k] kamień, [p] papier, [n] nożyce", ["k", "p", "n"]),
            ("rock - 0, paper - 1, scissors - 2", ["0", "1", "2"]),
            ("Round 1: rock, paper or scissors?", ["rock", "paper", "scissors"]),
            ("Schere - Stein - Papier", ["stein", "papier", "schere"]),
            ("Score 0:0. Rock/paper/scissors?", ["rock", "paper", "scissors"]),
            ("Czekaj na drugiego gracza.", ["kamień", "papier", "nożyce"]),
        ] {
            assert_eq!(spoken(said).words, words, "{said}");
        }
    }
}
