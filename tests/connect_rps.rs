//! `connect rps`: a person at a terminal with a board, and scripts, against `serve rps` and against servers that behave
//! otherwise.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/peers.rs"]
mod peers;
#[path = "support/pty.rs"]
mod pty;
mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

use peers::Peer;
use pty::Person;
use support::frames::{pack, unpack};
use support::{Served, patient};

fn serve(words: &[&str]) -> Served {
    Served::start(&[&["rps=127.0.0.1:0", "--data", ":memory:"], words].concat())
}

/// An opponent without a board.
struct Opponent {
    stream: TcpStream,
    framing: &'static str,
}

impl Opponent {
    fn new(server: &Served, framing: &'static str) -> Self {
        Self { stream: server.connect(), framing }
    }

    /// Waits for this line and says that.
    #[track_caller]
    fn at(&mut self, line: &str, word: &str) {
        loop {
            let heard = unpack(self.framing, &mut self.stream).unwrap_or_else(|| panic!("`{line}` never came"));
            if heard.contains(line) {
                break;
            }
        }
        self.stream.write_all(&pack(self.framing, word.as_bytes())).unwrap();
    }
}

/// Three rounds that the person wins with a key, a word and a digit.
fn win(person: &mut Person, opponent: &mut Opponent) {
    person.reads("Round 1: [r]ock, [p]aper or [s]cissors?");
    person.types("p");
    person.reads("Round 1: paper; waiting for the opponent");
    opponent.at("Round 1:", "rock");
    person.reads("paper     rock      1:0    you win");
    person.reads("Round 2, 1:0: [r]ock");
    person.types("nożyce\r");
    person.reads("Round 2, 1:0: nożyce; waiting for the opponent");
    // Nobody waits for these.
    person.types("prs123");
    opponent.at("Round 2:", "papier");
    person.reads("scissors  paper     2:0    you win");
    person.types("\x15");
    person.reads("Round 3, 2:0: [r]ock");
    opponent.at("Round 3:", "scissors");
    person.types("1");
    person.reads("You win the match 3:0.");
    person.reads("Another match? [y/N]");
}

#[test]
fn a_person_plays_by_keys_and_words_and_then_another_match() {
    for framing in ["burst", "u32be"] {
        let server = serve(&["--framing", framing]);
        let mut person = Person::connect(&["rps", &server.addr().to_string(), "--framing", framing]);
        person.reads("Waiting for an opponent.");
        let mut opponent = Opponent::new(&server, framing);
        win(&mut person, &mut opponent);
        person.types("y");
        person.sees(|screen| screen.matches("Waiting for an opponent.").count() == 2);
        let mut opponent = Opponent::new(&server, framing);
        person.sees(|screen| screen.matches("Opponent found.").count() == 2);
        drop(opponent.stream);
        person.reads("Your opponent left before the first round was over.");
        opponent = Opponent::new(&server, framing);
        person.sees(|screen| screen.matches("Opponent found.").count() == 3);
        person.types("r");
        opponent.at("Round 1:", "rock");
        person.reads("rock      rock      0:0    a draw");
        drop(opponent.stream);
        person.reads("You win the match by forfeit.");
        person.reads("Another match? [y/N]");
        person.types("n");
        assert_eq!(person.leaves(), 0);
    }
}

#[test]
fn the_board_is_a_table() {
    let server = serve(&[]);
    let mut person = Person::connect(&["rps", &server.addr().to_string()]);
    let mut opponent = Opponent::new(&server, "burst");
    win(&mut person, &mut opponent);
    let board = "\
Rock-paper-scissors, first to 3. Waiting for an opponent.
Opponent found.
round  you       opponent  score  result
    1  paper     rock      1:0    you win
    2  scissors  paper     2:0    you win
    3  rock      scissors  3:0    you win
You win the match 3:0.
Another match? [y/N] ";
    person.sees(|screen| screen.trim_end() == board.trim_end());
    person.types("\r");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn a_word_that_is_no_choice_is_asked_again() {
    let server = serve(&[]);
    let mut person = Person::connect(&["rps", &server.addr().to_string()]);
    let _opponent = Opponent::new(&server, "burst");
    person.reads("Round 1: [r]ock");
    person.types("lizard\r");
    person.reads("That is no choice.");
    person.sees(|screen| screen.contains("\nRound 1: [r]ock, [p]aper or [s]cissors?"));
    person.types("exit\r");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn whoever_leaves_in_any_way_leaves_the_terminal_as_it_was() {
    let server = serve(&[]);
    let interrupt = rustix::process::Signal::INT;
    for (keys, code) in [("exit\r", 0), ("\x04", 0), ("\x03", 130)] {
        let mut person = Person::connect(&["rps", &server.addr().to_string()]);
        person.reads("Waiting for an opponent.");
        person.types(keys);
        assert_eq!(person.leaves(), code, "{keys:?}");
    }
    let mut person = Person::connect(&["rps", &server.addr().to_string()]);
    person.reads("Waiting for an opponent.");
    let mut opponent = Opponent::new(&server, "burst");
    win(&mut person, &mut opponent);
    person.signals(interrupt);
    assert_eq!(person.leaves(), 130);
}

#[test]
fn events_that_are_asked_for_stand_above_the_line_being_typed() {
    let server = serve(&[]);
    let mut person = Person::connect(&["rps", &server.addr().to_string(), "-v"]);
    let _opponent = Opponent::new(&server, "burst");
    person.reads("Round 1: [r]ock");
    person.types("liz");
    person.reads("connected to");
    person.sees(|screen| screen.trim_end().ends_with("[s]cissors? liz"));
    person.types("\x15exit\r");
    assert_eq!(person.leaves(), 0);
}

#[test]
fn a_server_drives_no_terminal() {
    let peer = Peer::new(|mut stream| {
        let lines = b"\x1b[2J\x1b]0;title\x07evil\nRound 1: \x1b[31mwhat?\nYou: \x1b[1m, opponent: b. c Score d.\n";
        stream.write_all(lines).unwrap();
        stream.write_all(b"Round \x9b2J: x\nno end").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let mut person = Person::connect(&["rps", &peer.port]);
    // Without an end it is a line after a moment.
    person.reads("no end");
    person.reads("evil");
    let raw = person.raw();
    for evil in [&b"\x1b[2J"[..], b"\x1b]0", b"\x07", b"\x1b[31m", b"\x1b[1m", b"\x9b"] {
        assert!(!raw.windows(evil.len()).any(|seen| seen == evil), "{}", raw.escape_ascii());
    }
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
    peer.done();
}

#[test]
fn a_script_answers_each_question_with_a_line() {
    let server = serve(&[]);
    let addr = server.addr().to_string();
    let opponent = std::thread::spawn({
        let mut opponent = Opponent::new(&server, "burst");
        move || {
            for round in 1..=4 {
                opponent.at(&format!("Round {round}:"), "rock");
            }
            opponent.at("You lose the match", "");
        }
    });
    let outcome = peers::run(&["rps", &addr], b"paper\nr\n\nlizard\np\n2\nnever asked\n").expect(0).silent();
    opponent.join().unwrap();
    assert_eq!(
        outcome.text(),
        "\
Rock-paper-scissors, first to 3. Waiting for an opponent.
Opponent found. Round 1: rock, paper or scissors?
You: paper, opponent: rock. You win the round. Score 1:0.
Round 2: rock, paper or scissors?
You: rock, opponent: rock. A draw. Score 1:0.
Round 3: rock, paper or scissors?
That is no choice. Round 3: rock, paper or scissors?
You: paper, opponent: rock. You win the round. Score 2:0.
Round 4: rock, paper or scissors?
You: paper, opponent: rock. You win the round. Score 3:0.
You win the match 3:0.
"
    );
}

#[test]
fn two_scripts_play_each_other() {
    for framing in ["burst", "lines", "ascii10"] {
        let server = serve(&["--framing", framing]);
        let addr = server.addr().to_string();
        let words = ["rps", &addr, "--framing", framing];
        let (winner, loser) = std::thread::scope(|scope| {
            let winner = scope.spawn(|| peers::run(&words, b"r\nr\nr"));
            let loser = scope.spawn(|| peers::run(&words, b"s\ns\ns\n"));
            (winner.join().unwrap(), loser.join().unwrap())
        });
        winner.expect(0).prints("You win the match 3:0.\n");
        loser.expect(0).prints("You lose the match 0:3.\n");
    }
}

#[test]
fn a_script_without_more_lines_leaves() {
    let server = serve(&[]);
    let mut opponent = Opponent::new(&server, "burst");
    let addr = server.addr().to_string();
    let script = std::thread::spawn(move || peers::run(&["rps", &addr], b"rock\n"));
    opponent.at("Round 1:", "paper");
    opponent.at("Your opponent left. You win the match by forfeit.", "");
    script.join().unwrap().expect(0).prints("You lose the round. Score 0:1.");
}

#[test]
fn a_script_is_told_what_went_wrong() {
    let peer = Peer::new(|mut stream| {
        stream.write_all(b"Round 1: rock, paper or scissors?\n").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        peers::reset(stream);
    });
    peers::run(&["rps", &peer.port], b"rock\n").expect(1).says("reset the connection");
    peer.done();
    let peer = Peer::new(|stream| drop(patient(stream).read(&mut [0; 1])));
    peers::run(&["rps", &peer.port, "--idle-timeout", "100ms"], b"").expect(1).says("--idle-timeout");
    peer.done();
    peers::run(&["rps", "127.0.0.1", "2", "3"], b"").expect(2);
}

#[test]
fn a_match_that_the_server_does_not_end_is_told_of() {
    let question = b"Opponent found. Round 1: rock, paper or scissors?\n";
    let peer = Peer::in_turn([0, 1].map(|_| move |mut stream: TcpStream| stream.write_all(question).unwrap()));
    let mut person = Person::connect(&["rps", &peer.port]);
    person.reads("-- the server closed the connection before the match was over");
    person.reads("Another match? [y/N]");
    // The first key was meant for the match.
    person.types("ry");
    person.sees(|screen| screen.matches("Opponent found.").count() == 2 && screen.contains("Another match? [y/N]"));
    person.types("n");
    assert_eq!(person.leaves(), 0);
    peer.done();
    let peer = Peer::new(move |mut stream| {
        stream.write_all(question).unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
    });
    peers::run(&["rps", &peer.port], b"rock\n").expect(1).says("before the match was over");
    peer.done();
}

#[test]
fn keys_are_choices_also_after_a_suspension() {
    let server = serve(&[]);
    let talk = format!("'{}' connect rps {}", env!("CARGO_BIN_EXE_sockeye"), server.addr());
    let script = format!("set -m; {talk}; stty sane; echo stopped; fg");
    let mut person = Person::shell(&script, tempfile::tempdir().unwrap());
    person.reads("Waiting for an opponent.");
    let _opponent = Opponent::new(&server, "burst");
    person.reads("Round 1: [r]ock");
    person.types("\x1a");
    person.sees(|screen| screen.split_once("stopped").is_some_and(|(_, after)| after.contains("Round 1: [r]ock")));
    person.types("r");
    person.reads("Round 1: rock; waiting for the opponent");
    person.types("\x04");
    assert_eq!(person.leaves(), 0);
}
