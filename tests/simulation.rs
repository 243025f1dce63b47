//! Simulation: ten thousand rooms and ten thousand lobbies with random people in them, each from a seed. What they have
//! to hold stands beside them: `src/services/chat/room/simulation` and `src/services/rps/lobby/simulation.rs`.
//!
//! The first seed that fails is printed. `SOCKEYE_SEED=17 cargo test --test simulation rooms` plays
//! it again and tells every step; `SOCKEYE_SEEDS=10000..90000` plays others.
#![expect(clippy::print_stderr, reason = "a seed that is played again tells its steps")]

use std::collections::BTreeSet;
use std::fmt::Arguments;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{env, thread};

use sockeye::simulation;

/// A machine, the people around it, and a seed.
type Play = fn(u64, &mut dyn FnMut(Arguments<'_>)) -> BTreeSet<String>;

#[test]
fn ten_thousand_rooms_hold_what_a_room_promises() {
    all_hold("rooms", simulation::room);
}

#[test]
fn ten_thousand_lobbies_hold_what_a_lobby_promises() {
    all_hold("lobbies", simulation::lobby);
}

#[test]
fn the_same_seed_is_the_same_trace_and_another_another() {
    for play in [simulation::room as Play, simulation::lobby] {
        let traces: Vec<String> = (0..100).map(|seed| trace_of(play, seed)).collect();
        assert!((0..100).zip(&traces).all(|(seed, trace)| *trace == trace_of(play, seed)));
        assert_eq!(traces.iter().collect::<BTreeSet<_>>().len(), traces.len());
    }
}

/// A simulation in which something never happens tests nothing of it.
#[test]
fn in_a_thousand_seeds_everything_has_happened() {
    let rooms = [
        "joined",
        "left",
        "left (connection reset)",
        "left (timed out)",
        "left (too slow)",
        "left (flooding)",
        "left (broken message)",
        "is now",
        "was kicked by admin",
        "was banned by admin",
        "was banned by admin for 2s",
        "was muted by admin",
        "was unmuted by admin",
        "a queue too large",
        "a queue too old",
        "a restart",
    ];
    let lobbies = ["played", "left", "silent", "void", "draws", "back"];
    for (play, events) in [(simulation::room as Play, &rooms[..]), (simulation::lobby, &lobbies)] {
        let happened: BTreeSet<String> = (0..1_000).flat_map(|seed| play(seed, &mut |_| ())).collect();
        let missing: Vec<_> = events.iter().filter(|event| !happened.contains(**event)).collect();
        assert!(missing.is_empty(), "{missing:?} are not among {happened:?}");
    }
}

fn all_hold(name: &str, play: Play) {
    if let Ok(seed) = env::var("SOCKEYE_SEED") {
        play(seed.parse().expect("SOCKEYE_SEED is a number"), &mut |step| eprintln!("{step}"));
        return;
    }
    let seeds = env::var("SOCKEYE_SEEDS").map_or(SEEDS, |range| range_of(&range).expect("SOCKEYE_SEEDS is FROM..TO"));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let failed = thread::scope(|scope| {
        let of_worker = |worker| {
            let mut mine = seeds.clone().skip(worker).step_by(workers);
            scope.spawn(move || mine.find_map(|seed| failure(play, seed).map(|steps| (seed, steps))))
        };
        let running: Vec<_> = (0..workers).map(of_worker).collect();
        running.into_iter().filter_map(|worker| worker.join().expect("failures were caught")).min()
    });
    if let Some((seed, steps)) = failed {
        panic!("seed {seed} failed after {steps} steps: SOCKEYE_SEED={seed} cargo test --test simulation {name}");
    }
}

/// How many steps went well, where one did not. What it was has been said by then.
fn failure(play: Play, seed: u64) -> Option<u32> {
    let mut steps = 0;
    catch_unwind(AssertUnwindSafe(|| play(seed, &mut |_| steps += 1))).is_err().then_some(steps)
}

fn trace_of(play: Play, seed: u64) -> String {
    let mut trace = String::new();
    play(seed, &mut |step| trace.extend([&step.to_string(), "\n"]));
    trace
}

fn range_of(words: &str) -> Option<Range<u64>> {
    let (from, to) = words.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

const SEEDS: Range<u64> = 0..10_000;
