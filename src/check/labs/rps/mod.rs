//! Rps: rock-paper-scissors for two. What a server says is in its own words, so it is judged by when a match ends: two
//! rounds that are won for sure come first, and then the next one ends the match exactly where the leader wins it.

/// Two players at one match.
mod table;

use std::time::Duration;

use crate::check::case::{Lab, Part, Played, Role, Row};
use crate::check::dialogue::{Pattern, or_in_lines};
use crate::check::document::{Level, Transport};
use crate::check::fault::Miss;
use crate::check::labs::start;
use crate::check::say;
use crate::check::stage::Stage;
use crate::check::wire::Reach;
use table::{ALL, GREETING, PAPER, ROCK, SCISSORS, Table};

pub(crate) const LAB: Lab = Lab {
    name: "rps",
    role: Role::Server,
    summary: "rock-paper-scissors for two who connect, until one has won three rounds",
    sheet: "sheet P2, task 2",
    parts: &[start::SERVER, Part { prefix: "rps", rows: ROWS }],
    answers: |_| Vec::new(),
};

const ROWS: &[Row] = &[
    Row {
        name: "to-three",
        level: Level::Must,
        needs: &[],
        title: "a match ends for both when one has three wins, after three rounds or after five",
        why: "the sheet plays to three wins, not for three rounds",
        bug: "rounds are counted instead of wins, or the loop never ends",
        fix: "while max(score) < 3, and close both connections behind it",
        play: |stage| or_in_lines(stage, to_three),
    },
    Row {
        name: "draws",
        level: Level::Must,
        needs: &["to-three"],
        title: "a draw is nobody's win",
        why: "three draws would end a match otherwise",
        bug: "a draw counts for both, or for the second player by an else",
        fix: "compare the two first: equal means play again",
        play: draws,
    },
    Row {
        name: "all-nine",
        level: Level::Must,
        needs: &["to-three"],
        title: "all nine pairs of choices are won by whom they should, from both seats",
        why: "a rule that is wrong once is found by nobody who plays twice",
        bug: "one of the comparisons is the wrong way round",
        fix: "a table: beats = {rock: scissors, scissors: paper, paper: rock}",
        play: all_nine,
    },
    Row {
        name: "secret",
        level: Level::Must,
        needs: &["to-three"],
        title: "who has not chosen yet does not learn what the other has",
        why: "there is no game otherwise",
        bug: "a choice is passed on as soon as it comes",
        fix: "receive both, and only then tell both",
        play: secret,
    },
    Row {
        name: "invalid",
        level: Level::Must,
        needs: &["to-three"],
        title: "a word that is no choice is not scored, and can be followed by one that is",
        why: "people mistype",
        bug: "what is no choice falls into the else that loses",
        fix: "ask again until the word is one of the three",
        play: invalid,
    },
    Row {
        name: "case",
        level: Level::Must,
        needs: &["to-three"],
        title: "capital letters make no difference",
        why: "a telephone writes the first letter large by itself",
        bug: "the word is compared as it came",
        fix: "word.strip().lower() before comparing",
        play: capitals,
    },
    Row {
        name: "quit",
        level: Level::Must,
        needs: &["to-three"],
        title: "when a player leaves in the middle the other is told or let go, and the next two can play",
        why: "people leave",
        bug: "recv() returns nothing, and the server waits for ever or ends",
        fix: "when recv() gives nothing, tell the other, close both, and go back to accept()",
        play: quit,
    },
    Row {
        name: "two-tables",
        level: Level::Should,
        needs: &["to-three"],
        title: "four players play two matches that have nothing to do with each other",
        why: "one match at a time makes everybody else wait",
        bug: "choices and scores are global",
        fix: "a thread for each pair, with everything local",
        play: two_tables,
    },
    Row {
        name: "third",
        level: Level::Should,
        needs: &["to-three"],
        title: "a third player who comes during a match does not disturb it",
        why: "somebody always comes",
        bug: "an index beyond the two seats, or the third one's words taken for a player's",
        fix: "let the third wait for an opponent, or say that it is full and close",
        play: third,
    },
    Row {
        name: "again",
        level: Level::Should,
        needs: &["to-three"],
        title: "the next two begin at 0:0",
        why: "a score belongs to its match",
        bug: "the score is set once, at the start of the program",
        fix: "set the score where a match begins",
        play: again,
    },
];

fn to_three(stage: &mut Stage) -> Played {
    let mut table = Table::new(stage)?;
    table.wins(0, 2)?;
    table.goes_on("two players came, and the first won two rounds")?;
    table.wins(0, 1)?;
    table.ends("two players came, and the first won three rounds")?;
    stage.kill_if_ours();
    let mut table = Table::new(stage)?;
    for winner in [0, 1, 0, 1] {
        table.wins(winner, 1)?;
        table.goes_on("two players came, and won rounds by turns")?;
    }
    table.wins(1, 1)?;
    table.ends("two players came, and won rounds by turns, until the second had three").map(|()| None)
}

fn draws(stage: &mut Stage) -> Played {
    for leader in [0, 1] {
        let mut table = Table::new(stage)?;
        table.wins(leader, 2)?;
        for choice in ALL {
            table.round([choice, choice])?;
            table.goes_on("one player won two rounds, and the next was a draw")?;
        }
        table.wins(leader, 1)?;
        table.ends("one player won two rounds, three were draws, and the same won another")?;
        stage.kill_if_ours();
    }
    Ok(None)
}

fn all_nine(stage: &mut Stage) -> Played {
    the_winner_is_told(stage)?;
    for first in ALL {
        for second in ALL.into_iter().filter(|second| *second != first) {
            let winner = usize::from((first + 3 - second) % 3 != 1);
            let mut table = Table::new(stage)?;
            table.wins(winner, 2)?;
            let did = format!(
                "the {} player won two rounds, and then the first said {} and the second {}",
                ["first", "second"][winner],
                table.words[first],
                table.words[second]
            );
            table.round([first, second])?;
            table.ends(&did)?;
            stage.kill_if_ours();
        }
    }
    draws(stage)
}

/// Rock against scissors: nobody is told the contrary.
fn the_winner_is_told(stage: &mut Stage) -> Result<(), Miss> {
    let mut table = Table::new(stage)?;
    let told = table.round([ROCK, SCISSORS])?.map(|said| String::from_utf8_lossy(&said).into_owned());
    let dialogue = stage.setting.dialogue.as_ref();
    let pattern = |own: Option<&Pattern>, usual| own.cloned().unwrap_or_else(|| Pattern::known(usual));
    let won = pattern(dialogue.and_then(|d| d.won.as_ref()), WON);
    let lost = pattern(dialogue.and_then(|d| d.lost.as_ref()), LOST);
    let only = |this: &Pattern, other: &Pattern, text: &str| this.fits(text) && !other.fits(text);
    if only(&lost, &won, &told[0]) && only(&won, &lost, &told[1]) {
        let got = format!("{} to who has it", say::quoted(told[0].trim().as_bytes()));
        let did = format!("the first said {}, and the second {}", table.words[ROCK], table.words[SCISSORS]);
        return Err(table.seats[0].fault(Transport::Answered, "rock wins", got).with_did(&did));
    }
    stage.kill_if_ours();
    Ok(())
}

/// How a win and a loss are told in four languages.
const WON: &str = r"\bwin|\bwon|wygra|побед|выигр|gew(inn|onn)";
const LOST: &str = r"\blos[et]|przegra|проигр|пораж|verl(ie|or)";

fn secret(stage: &mut Stage) -> Played {
    let mut table = Table::new(stage)?;
    table.says(0, PAPER)?;
    table.seats[1].listen_for(Duration::from_millis(500));
    let heard = String::from_utf8_lossy(table.seats[1].heard()).to_lowercase();
    let others = [&table.names[ROCK], &table.names[SCISSORS]];
    // A question that lists all three tells nothing.
    if heard.contains(&table.names[PAPER]) && others.iter().all(|word| !heard.contains(*word)) {
        let miss = table.seats[1].fault(Transport::Answered, "nothing about the first one's choice", heard);
        return Err(miss.with_did("the first player chose, and the second waits"));
    }
    table.seats[1].take_heard();
    table.says(1, PAPER)?;
    if table.seats[1].hear().is_empty() {
        return Err(table.seats[1].silence("the result, once both have chosen"));
    }
    Ok(None)
}

fn invalid(stage: &mut Stage) -> Played {
    let nonsense = stage.letters(9);
    for leader in [0, 1] {
        let mut table = Table::new(stage)?;
        table.wins(leader, 2)?;
        let other = 1 - leader;
        let did = format!("one player won two rounds, and the other said {:?}", String::from_utf8_lossy(&nonsense));
        table.seats[other].send(&nonsense)?;
        table.seats[other].hear_within(Duration::from_millis(600));
        table.says(leader, ROCK)?;
        table.seats[leader].hear_within(Duration::from_millis(600));
        table.goes_on(&did)?;
        table.says(other, SCISSORS)?;
        table.ends(&format!("{did}, and then {}", table.words[SCISSORS]))?;
        stage.kill_if_ours();
    }
    Ok(None)
}

fn capitals(stage: &mut Stage) -> Played {
    let mut table = Table::new(stage)?;
    table.wins(0, 2)?;
    let word = table.words[ROCK].to_uppercase();
    table.words[ROCK] = word.clone();
    table.says(0, ROCK)?;
    table.says(1, SCISSORS)?;
    table.ends(&format!("the first player won two rounds, and then said {word}")).map(|()| None)
}

fn quit(stage: &mut Stage) -> Played {
    for resets in [false, true] {
        let Table { seats: [leaves, mut stays], .. } = Table::new(stage)?;
        if resets {
            leaves.reset();
        } else {
            leaves.close();
        }
        let told = stays.hear();
        if told.is_empty() && stays.end().is_none() {
            let miss = stays.silence("a word about it, or the end");
            return Err(miss.with_did(if resets { "one player reset the connection" } else { "one player left" }));
        }
        drop(stays);
        let mut next = Table::new(stage)?;
        next.round([ROCK, SCISSORS]).map_err(|m| m.with_did("a player left, and two others came and played"))?;
    }
    Ok(None)
}

fn two_tables(stage: &mut Stage) -> Played {
    let mut tables = [Table::new(stage)?, Table::new(stage)?];
    let did = "four players came, and two matches were played at the same time";
    // At the one the first wins each time, at the other they win by turns.
    for winners in [[0, 1], [0, 0], [0, 1]] {
        for seat in [0, 1] {
            for (table, winner) in tables.iter_mut().zip(winners) {
                table.says(seat, if seat == winner { ROCK } else { SCISSORS })?;
                // So that it has been taken when the next one comes.
                stage.scene.breathe(Duration::from_millis(150));
            }
        }
        for table in &mut tables {
            table.seats.iter_mut().for_each(|seat| drop(seat.hear()));
        }
        tables[1].goes_on(did)?;
    }
    tables[0].ends(did)?;
    tables[1].goes_on(did).map(|()| None)
}

fn third(stage: &mut Stage) -> Played {
    let mut table = Table::new(stage)?;
    let mut guest = stage.dial(Reach::default())?;
    guest.hear_within(GREETING);
    if guest.end().is_none() {
        let word = table.words[PAPER].clone();
        guest.send(word.as_bytes())?;
    }
    table.wins(0, 3)?;
    table.ends("a third player came and said something while two played").map(|()| None)
}

fn again(stage: &mut Stage) -> Played {
    let mut table = Table::new(stage)?;
    table.wins(0, 3)?;
    table.ends("the first player won three rounds")?;
    drop(table);
    let mut next = Table::new(stage)?;
    for winner in [0, 1, 0, 1] {
        next.wins(winner, 1)?;
        next.goes_on("a match was over, the next two came, and won rounds by turns")?;
    }
    next.wins(0, 1)?;
    next.ends("a match was over, and in the next one somebody won three rounds").map(|()| None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rock_beats_scissors_and_so_on_round() {
        for (first, second, winner) in
            [(ROCK, SCISSORS, 0), (SCISSORS, PAPER, 0), (PAPER, ROCK, 0), (SCISSORS, ROCK, 1), (ROCK, PAPER, 1)]
        {
            assert_eq!(usize::from((first + 3 - second) % 3 != 1), winner, "{first} {second}");
        }
    }
}
