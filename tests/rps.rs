//! Rock-paper-scissors through the real binary: the conversation as the protocol has it, from clients that come, choose,
//! stall and leave in every way a socket allows.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use support::frames::{FRAMINGS, pack, unpack};
use support::{HalfClose, PATIENCE, Served, eventually, patient, reset, rest_of, sockeye};

const WELCOME: &str = "Rock-paper-scissors, first to 3. Waiting for an opponent.";
const FOUND: &str = "Opponent found. Round 1: rock, paper or scissors?";
const BACK: &str = "Your opponent left before the first round was over. Waiting for an opponent.";
const FORFEIT: &str = "Your opponent left. You win the match by forfeit.";

fn serve(words: &[&str]) -> Served {
    Served::start(&[&["rps=127.0.0.1:0", "--data", ":memory:"], words].concat())
}

fn serve_in(data: &Path) -> Served {
    Served::start(&["rps=127.0.0.1:0", "--data", data.to_str().unwrap()])
}

fn matches(data: &Path) -> Vec<Value> {
    let dump = sockeye(&["store", "dump", "matches", "--data", data.to_str().unwrap()], "");
    assert_eq!(dump.status.code(), Some(0), "{dump:?}");
    dump.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Somebody who plays in messages.
struct Player {
    stream: TcpStream,
    framing: &'static str,
}

impl Player {
    /// Who has been welcomed.
    fn new(server: &Served) -> Self {
        Self::speaking(server, "burst")
    }

    fn speaking(server: &Served, framing: &'static str) -> Self {
        let mut player = Self { stream: server.connect(), framing };
        player.hears(WELCOME);
        player
    }

    fn address(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    fn says(&mut self, word: &str) {
        self.stream.write_all(&pack(self.framing, word.as_bytes())).unwrap();
    }

    fn next(&mut self) -> Option<String> {
        unpack(self.framing, &mut self.stream)
    }

    #[track_caller]
    fn hears(&mut self, line: &str) {
        assert_eq!(self.next().as_deref(), Some(line));
    }

    /// Nothing more comes, and the connection has ended.
    #[track_caller]
    fn is_let_go(&mut self) {
        assert_eq!(self.next(), None);
    }

    /// Nothing has come.
    #[track_caller]
    fn has_heard_nothing(&self) {
        self.stream.set_nonblocking(true).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        assert!(peeked.as_ref().is_err_and(|e| e.kind() == ErrorKind::WouldBlock), "{peeked:?}");
        self.stream.set_nonblocking(false).unwrap();
    }
}

/// Two who have just met.
fn two(server: &Served) -> (Player, Player) {
    let mut first = Player::new(server);
    let mut second = Player::new(server);
    first.hears(FOUND);
    second.hears(FOUND);
    (first, second)
}

/// One round from both sides; `score` is the first one's.
#[track_caller]
fn round(number: u32, players: (&mut Player, &mut Player), choices: [&str; 2], score: [u32; 2]) {
    let (first, second) = players;
    first.says(choices[0]);
    second.says(choices[1]);
    let results = match choices {
        [a, b] if a == b => ["A draw.", "A draw."],
        ["rock", "scissors"] | ["paper", "rock"] | ["scissors", "paper"] => {
            ["You win the round.", "You lose the round."]
        }
        _ => ["You lose the round.", "You win the round."],
    };
    let ([mine, theirs], [ours, others]) = (choices, score);
    first.hears(&format!("You: {mine}, opponent: {theirs}. {} Score {ours}:{others}.", results[0]));
    second.hears(&format!("You: {theirs}, opponent: {mine}. {} Score {others}:{ours}.", results[1]));
    if score.iter().all(|won| *won < 3) {
        let next = format!("Round {}: rock, paper or scissors?", number + 1);
        first.hears(&next);
        second.hears(&next);
    }
}

/// The first one wins 3:1, with a draw.
fn whole_match(first: &mut Player, second: &mut Player) {
    round(1, (first, second), ["paper", "rock"], [1, 0]);
    round(2, (first, second), ["rock", "paper"], [1, 1]);
    round(3, (first, second), ["rock", "rock"], [1, 1]);
    round(4, (first, second), ["rock", "scissors"], [2, 1]);
    round(5, (first, second), ["scissors", "paper"], [3, 1]);
    first.hears("You win the match 3:1.");
    second.hears("You lose the match 1:3.");
    first.is_let_go();
    second.is_let_go();
}

// ---- playing ----

#[test]
fn two_play_as_the_protocol_has_it() {
    let server = serve(&[]);
    let (mut first, mut second) = two(&server);
    whole_match(&mut first, &mut second);
}

#[test]
fn every_framing_plays() {
    for framing in FRAMINGS {
        let server = serve(&["--framing", framing]);
        let mut first = Player::speaking(&server, framing);
        let mut second = Player::speaking(&server, framing);
        first.hears(FOUND);
        second.hears(FOUND);
        whole_match(&mut first, &mut second);
    }
}

#[test]
fn every_word_of_every_language_is_understood() {
    let server = serve(&[]);
    let (mut first, mut second) = two(&server);
    let words = [
        ("rock", ["ROCK", "kamień", "Kamien", "КАМЕНЬ", "Stein", "kamien\u{301}"]),
        ("paper", ["Paper", "papier", "PAPIER", "бумага", "Бумага", "paper\0"]),
        ("scissors", ["scissors", "nożyce", "NOZYCE", "ножницы", "Schere", "noz\u{307}yce"]),
    ];
    // All draws, and a round that somebody wins before they are too many.
    for (number, (name, word)) in
        (1..).zip(words.iter().flat_map(|(name, words)| words.iter().map(move |word| (name, word))))
    {
        first.says(word);
        second.says(&format!(" {word} "));
        first.hears(&format!("You: {name}, opponent: {name}. A draw. Score 0:0."));
        first.hears(&format!("Round {}: rock, paper or scissors?", number + 1));
    }
}

#[test]
fn what_is_no_choice_is_asked_again_and_a_choice_is_final() {
    let server = serve(&[]);
    let (mut first, mut second) = two(&server);
    for word in ["", "lizard", "r", "rock paper", "\u{1b}[2J"] {
        first.says(word);
        first.hears("That is no choice. Round 1: rock, paper or scissors?");
    }
    first.says("rock");
    for word in ["paper", "rock", "lizard"] {
        first.says(word);
        first.hears("Your choice in round 1 is final.");
    }
    second.says("scissors");
    first.hears("You: rock, opponent: scissors. You win the round. Score 1:0.");
}

#[test]
fn who_speaks_before_there_is_an_opponent_is_told_so() {
    let server = serve(&[]);
    let mut first = Player::new(&server);
    first.says("rock");
    first.hears("There is no opponent yet, and so no choice. Waiting for an opponent.");
    let mut second = Player::new(&server);
    second.hears(FOUND);
    second.says("paper");
    second.says("paper");
    second.hears("Your choice in round 1 is final.");
    first.hears(FOUND);
    first.has_heard_nothing();
}

#[test]
fn nothing_is_seen_of_a_choice_before_both_have_chosen() {
    let server = serve(&["--workers", "2"]);
    let (mut first, mut second) = two(&server);
    first.says("rock");
    first.says("rock");
    // This answer shows that the choice was taken.
    first.hears("Your choice in round 1 is final.");
    second.has_heard_nothing();
    second.says("lizard");
    second.hears("That is no choice. Round 1: rock, paper or scissors?");
    second.has_heard_nothing();
    second.says("paper");
    second.hears("You: paper, opponent: rock. You win the round. Score 1:0.");
}

#[test]
fn a_client_that_ends_nothing_and_calls_recv_once_plays() {
    let server = serve(&[]);
    let recv = |stream: &mut TcpStream| {
        let mut buf = [0; 2048];
        let count = stream.read(&mut buf).unwrap();
        String::from_utf8(buf[..count].to_vec()).unwrap()
    };
    let mut first = server.connect();
    assert_eq!(recv(&mut first), format!("{WELCOME}\n"));
    let mut second = server.connect();
    assert_eq!(recv(&mut second), format!("{WELCOME}\n{FOUND}\n"));
    assert_eq!(recv(&mut first), format!("{FOUND}\n"));
    for (number, score) in [(1, "1:0"), (2, "2:0"), (3, "3:0")] {
        first.write_all("papier".as_bytes()).unwrap();
        second.write_all("kamień".as_bytes()).unwrap();
        let said = recv(&mut first);
        let told = format!("You: paper, opponent: rock. You win the round. Score {score}.");
        if number < 3 {
            assert_eq!(said, format!("{told}\nRound {}: rock, paper or scissors?", number + 1));
            assert!(recv(&mut second).ends_with("scissors?"));
        } else {
            let whole = said + &String::from_utf8(rest_of(&mut first)).unwrap();
            assert!(whole.starts_with(&told) && whole.ends_with("You win the match 3:0."), "{whole}");
        }
    }
}

#[test]
fn a_crlf_client_is_answered_with_crlf() {
    let server = serve(&[]);
    let (mut first, _second) = two(&server);
    first.stream.write_all(b"lizard\r\n").unwrap();
    first.hears("That is no choice. Round 1: rock, paper or scissors?\r");
}

#[test]
fn many_matches_are_played_at_once() {
    const PLAYERS: u32 = 200;
    let server = serve(&["--workers", "4"]);
    let play = |seed: u32| {
        let mut chance = seed;
        let mut player = Player::new(&server);
        player.hears(FOUND);
        let mut score = (0, 0);
        for number in 1.. {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            player.says(["rock", "paper", "scissors"][(chance >> 16) as usize % 3]);
            let line = player.next().unwrap();
            assert!(line.starts_with("You: "), "{line}");
            score.0 += u32::from(line.contains("You win the round."));
            score.1 += u32::from(line.contains("You lose the round."));
            assert!(line.ends_with(&format!("Score {}:{}.", score.0, score.1)), "{line}");
            match score {
                (3, lost) => player.hears(&format!("You win the match 3:{lost}.")),
                (won, 3) => player.hears(&format!("You lose the match {won}:3.")),
                _ => {
                    player.hears(&format!("Round {}: rock, paper or scissors?", number + 1));
                    continue;
                }
            }
            player.is_let_go();
            break;
        }
        score
    };
    let scores: Vec<(u32, u32)> = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|seed| scope.spawn(move || play(seed))).collect();
        players.into_iter().map(|player| player.join().unwrap()).collect()
    });
    let mut won: Vec<_> = scores.iter().filter(|score| score.0 == 3).copied().collect();
    let mut lost: Vec<_> = scores.iter().filter(|score| score.1 == 3).map(|(a, b)| (*b, *a)).collect();
    won.sort_unstable();
    lost.sort_unstable();
    assert_eq!((won.len() as u32, &won), (PLAYERS / 2, &lost));
}

#[test]
fn players_of_two_doors_meet() {
    let server = Served::start(&["rps=127.0.0.1:0", "rps=127.0.0.1:0", "--data", ":memory:"]);
    let door = |at: usize| patient(TcpStream::connect(server.places[at].1.parse::<SocketAddr>().unwrap()).unwrap());
    let mut first = Player { stream: door(0), framing: "burst" };
    first.hears(WELCOME);
    let mut second = Player { stream: door(1), framing: "burst" };
    second.hears(WELCOME);
    second.hears(FOUND);
    first.hears(FOUND);
}

// ---- leaving ----

/// Every way to be gone.
const WAYS: [fn(Player); 3] = [
    |player| {
        player.stream.half_close();
        // Whoever only half-closes may still listen, and is let go.
        rest_of(player.stream);
    },
    |player| drop(player.stream),
    |player| reset(player.stream),
];

#[test]
fn who_leaves_a_match_forfeits_it() {
    let (_above, data) = folder();
    let server = serve_in(&data);
    for leave in WAYS {
        let (mut first, mut second) = two(&server);
        round(1, (&mut first, &mut second), ["rock", "paper"], [0, 1]);
        first.says("rock");
        leave(second);
        first.hears(FORFEIT);
        first.is_let_go();
    }
    let kept = matches(&data);
    assert_eq!(kept.len(), WAYS.len());
    assert!(kept.iter().all(|row| row["how"] == "left" && row["score"] == "0:1"), "{kept:?}");
}

#[test]
fn who_leaves_before_the_first_round_is_over_puts_the_other_in_front() {
    let (_above, data) = folder();
    let server = serve_in(&data);
    for leave in WAYS {
        let (first, mut second) = two(&server);
        let mut third = Player::new(&server);
        second.says("rock");
        second.says("rock");
        // This answer shows that the choice was taken, and is not on its way to the next match.
        second.hears("Your choice in round 1 is final.");
        leave(first);
        second.hears(BACK);
        second.hears(FOUND);
        third.hears(FOUND);
        round(1, (&mut second, &mut third), ["paper", "rock"], [1, 0]);
        leave(third);
        second.hears(FORFEIT);
    }
    assert_eq!(matches(&data).len(), WAYS.len());
}

#[test]
fn who_leaves_while_waiting_meets_nobody() {
    let server = serve(&[]);
    for leave in WAYS {
        leave(Player::new(&server));
    }
    // They may not be gone yet when the next two come.
    let mut first = Player::new(&server);
    let mut second = Player::new(&server);
    for player in [&mut first, &mut second] {
        while player.next().unwrap() != FOUND {}
    }
    first.says("lizard");
    second.says("lizard");
    for player in [&mut first, &mut second] {
        while !player.next().unwrap().starts_with("That is no choice.") {}
    }
}

#[test]
fn two_who_leave_together_leave_no_trace() {
    let (_above, data) = folder();
    // One worker hears of both at once, however busy the machine is.
    let server = Served::start(&["rps=127.0.0.1:0", "--data", data.to_str().unwrap(), "--workers", "1"]);
    for _ in 0..10 {
        let (mut first, mut second) = two(&server);
        round(1, (&mut first, &mut second), ["rock", "paper"], [0, 1]);
        reset(first.stream);
        reset(second.stream);
    }
    // Whoever comes after them finds nobody waiting, and the server goes when these do.
    let (mut first, mut second) = two(&server);
    whole_match(&mut first, &mut second);
    assert_eq!(server.stop().status.code(), Some(0));
    let kept = matches(&data);
    assert!(kept.len() == 1 && kept[0]["score"] == "3:1", "{kept:?}");
}

#[test]
fn who_is_silent_is_out() {
    let (_above, data) = folder();
    let server = Served::start(&["rps=127.0.0.1:0", "--data", data.to_str().unwrap(), "--turn-timeout", "500ms"]);
    let (mut first, mut second) = two(&server);
    let began = Instant::now();
    second.says("rock");
    first.says("lizard");
    first.hears("That is no choice. Round 1: rock, paper or scissors?");
    first.hears("You did not choose within 500ms. You are out.");
    first.is_let_go();
    assert!(began.elapsed() >= Duration::from_millis(400) && began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    second.hears(BACK);
    let mut third = Player::new(&server);
    second.hears(FOUND);
    third.hears(FOUND);
    round(1, (&mut second, &mut third), ["paper", "rock"], [1, 0]);
    second.says("rock");
    third.hears("You did not choose within 500ms. You are out.");
    second.hears(FORFEIT);
    second.is_let_go();
    let kept = matches(&data);
    assert!(kept.len() == 1 && kept[0]["how"] == "silent" && kept[0]["score"] == "1:0", "{kept:?}");
    // Both.
    let (mut first, mut second) = two(&server);
    for player in [&mut first, &mut second] {
        player.hears("You did not choose within 500ms. You are out.");
        player.is_let_go();
    }
    assert_eq!(matches(&data).len(), 1);
}

#[test]
fn draws_without_end_are_void() {
    let (_above, data) = folder();
    let server = serve_in(&data);
    let (mut first, mut second) = two(&server);
    for number in 1..20 {
        round(number, (&mut first, &mut second), ["rock", "rock"], [0, 0]);
    }
    first.says("rock");
    second.says("rock");
    for player in [&mut first, &mut second] {
        player.hears("You: rock, opponent: rock. A draw. Score 0:0.");
        player.hears("20 draws in a row. The match is void.");
        player.is_let_go();
    }
    assert_eq!(matches(&data), [] as [Value; 0]);
}

#[test]
fn whoever_does_not_read_delays_nobody() {
    let server = serve(&[]);
    let (first, mut second) = two(&server);
    // Says much and reads nothing, until the server does not read either.
    first.stream.set_nonblocking(true).unwrap();
    let mut deaf = first.stream;
    let words = "lizard\n".repeat(10_000);
    let began = Instant::now();
    while deaf.write(words.as_bytes()).is_ok() && began.elapsed() < Duration::from_secs(2) {}
    let (mut third, mut fourth) = two(&server);
    whole_match(&mut third, &mut fourth);
    second.has_heard_nothing();
    drop(deaf);
    second.hears(BACK);
}

// ---- what stays ----

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let data = above.path().join("data");
    (above, data)
}

#[test]
fn a_result_that_was_told_is_still_there_after_a_kill() {
    let (_above, data) = folder();
    for number in 1..=5 {
        let server = serve_in(&data);
        let (mut first, mut second) = two(&server);
        let addresses = [&first, &second].map(|player| player.address().to_string());
        for (number, score) in (1..).zip([[1, 0], [2, 0], [3, 0]]) {
            round(number, (&mut first, &mut second), ["rock", "scissors"], score);
        }
        second.hears("You lose the match 0:3.");
        server.signal(Signal::KILL);
        server.wait();
        let server = serve_in(&data);
        let kept = matches(&data);
        assert_eq!(kept.len(), number);
        let row = &kept[number - 1];
        assert_eq!((&row["winner"], &row["loser"]), (&addresses[0].as_str().into(), &addresses[1].as_str().into()));
        assert_eq!([&row["score"], &row["how"], &row["table"]], ["3:0", "played", "matches"]);
        let ended: jiff::Timestamp = row["ended"].as_str().unwrap().parse().unwrap();
        assert!(ended.duration_since(jiff::Timestamp::now()).abs().as_secs() < 600, "{ended}");
        drop(server);
    }
}

#[test]
fn a_server_that_drains_lets_matches_end_and_those_who_wait_go() {
    let (_above, data) = folder();
    let server = serve_in(&data);
    let (mut first, mut second) = two(&server);
    let mut third = Player::new(&server);
    server.signal(Signal::TERM);
    third.hears("The server is closing. Please come again later.");
    third.is_let_go();
    whole_match(&mut first, &mut second);
    let ended = server.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert_eq!(matches(&data).len(), 1);

    let server = serve_in(&data);
    let mut waiting = Player::new(&server);
    let began = Instant::now();
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    waiting.hears("The server is closing. Please come again later.");
}

#[test]
fn a_server_that_closes_makes_nobody_win() {
    let (_above, data) = folder();
    let server = serve_in(&data);
    let mut players: Vec<(Player, Player)> = (0..10).map(|_| two(&server)).collect();
    for (first, second) in &mut players {
        round(1, (first, second), ["rock", "paper"], [0, 1]);
    }
    let ended = server.stop_now();
    assert_eq!(ended.status.code(), Some(143), "{ended:?}");
    for (mut first, mut second) in players {
        first.is_let_go();
        second.is_let_go();
    }
    assert_eq!(matches(&data), [] as [Value; 0]);
}

#[test]
fn a_thousand_who_come_and_go_leave_nothing_behind() {
    let server = serve(&["--workers", "2"]);
    let descriptors = server.descriptors();
    for _ in 0..10 {
        let crowd: Vec<Player> = (0..100).map(|_| Player::new(&server)).collect();
        drop(crowd);
    }
    eventually("everybody is gone", || server.descriptors() <= descriptors);
    let (mut first, mut second) = two(&server);
    whole_match(&mut first, &mut second);
}
