//! Tests of comparisons: verdicts by tables, refusals, and what is written of two made-up runs.

use super::*;
use crate::bench::report::document::{
    Counts, Distribution, Generator, Latency, Phases, Rate, SCHEMA as DOCUMENT, Server, Verdict as Judged,
};
use crate::seeded::Dice;

/// A run of 10 seconds and a half at about `rate` messages a second of 100 bytes, of about `us` each.
fn run(rate: f64, us: f64, seed: u64) -> Document {
    let mut dice = Dice::new(seed);
    let mut about = |value: f64| value * (0.98 + 0.04 * dice.fraction());
    let second = |at: u64, about: &mut dyn FnMut(f64) -> f64| {
        let lasted_us = if at == 10 { 5e5 } else { 1e6 };
        let answered = (about(rate) * lasted_us / 1e6) as u64;
        Second {
            at_us: at as f64 * 1e6,
            lasted_us,
            sent: answered,
            answered,
            bytes_in: answered * 100,
            response_p50_us: about(us),
            response_p99_us: about(us * 4.0),
            service_p50_us: about(us * 0.9),
            service_p99_us: about(us * 3.0),
            ..Second::default()
        }
    };
    let seconds: Vec<Second> = (0..11).map(|at| second(at, &mut about)).collect();
    let answered = seconds.iter().map(|second| second.answered).sum();
    let times = |factor: f64| Distribution {
        count: answered,
        p50_us: us * factor,
        p99_us: us * factor * 4.0,
        ..Distribution::default()
    };
    Document {
        schema: DOCUMENT,
        sockeye: "0.1.0".to_owned(),
        began: "2026-11-21T10:00:00Z".to_owned(),
        setup: Setup {
            workload: "100 B".to_owned(),
            pace: "closed loop, depth 1".to_owned(),
            connections: 8,
            ..Setup::default()
        },
        phases: Phases { measured_us: 10.5e6, ..Phases::default() },
        counts: Counts { sent: answered, answered, bytes_in: answered * 100, ..Counts::default() },
        rate: Rate {
            messages_per_s: answered as f64 / 10.5,
            mb_per_s: answered as f64 / 10.5 / 1e4,
            share_of_asked: None,
        },
        latency: Latency { response: times(1.0), service: times(0.9), ..Latency::default() },
        faults: Vec::new(),
        first_fault: None,
        generator: Generator { cpu_us_per_message: 1.5, ..Generator::default() },
        server: Some(Server { cpu_us_per_message: about(us / 10.0), ..Server::default() }),
        verdict: Judged { bound: Bound::ServerBound, evidence: Vec::new() },
        seconds,
    }
}

/// A run of a seed.
type Made = fn(u64) -> Document;

fn rounds(count: u64) -> Vec<(Document, Document)> {
    (0..count).map(|round| (run(50_000.0, 40.0, round), run(40_000.0, 40.05, round + 100))).collect()
}

fn verdict_of(compared: &Compared, metric: &str) -> Option<Verdict> {
    compared.rows.iter().find(|row| row.metric == metric).unwrap().verdict
}

fn text(compared: &Compared) -> String {
    let mut out = Vec::new();
    write(compared, ["before.json", "after.json"], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn rounds_as_a_table() {
    same!(text(&Compared::of_rounds(&rounds(8), 1).unwrap()), "rounds.txt");
}

#[test]
fn runs_as_a_table_that_says_how_weak_it_is_and_what_differs() {
    let (a, mut b) = (run(50_000.0, 40.0, 1), run(60_000.0, 30.0, 2));
    b.setup.workload = "64-1400 B\u{1b}[2J".to_owned();
    b.setup.connections = 16;
    b.setup.verified = true;
    b.server = None;
    b.seconds.truncate(7);
    same!(text(&Compared::of_runs(&a, &b, 1).unwrap()), "runs.txt");
}

#[test]
fn a_comparison_is_json() {
    let mut compared = Compared::of_rounds(&rounds(3), 1).unwrap();
    compared.rows.truncate(1);
    same!(serde_json::to_string_pretty(&compared).unwrap() + "\n", "rounds.json");
}

#[test]
fn more_is_better_of_rates_and_less_of_times() {
    let fast = |seed| run(60_000.0, 30.0, seed);
    let slow = |seed| run(50_000.0, 40.0, seed);
    let ways: [(Made, Made, Verdict); 2] = [(fast, slow, Verdict::ABetter), (slow, fast, Verdict::BBetter)];
    for (a, b, better) in ways {
        let rounds: Vec<(Document, Document)> = (0..9).map(|seed| (a(seed), b(seed + 9))).collect();
        let compared = Compared::of_rounds(&rounds, 1).unwrap();
        for metric in METRICS.iter().filter(|metric| metric.name != "generator CPU/message") {
            assert_eq!(verdict_of(&compared, metric.name), Some(better), "{}", metric.name);
        }
        assert_eq!(verdict_of(&compared, "generator CPU/message"), Some(Verdict::Tie));
    }
    let same = Compared::of_rounds(&[(fast(1), fast(1)), (slow(2), slow(2))], 1).unwrap();
    assert!(same.rows.iter().all(|row| row.verdict == Some(Verdict::Tie)));
}

#[test]
fn what_histograms_cannot_tell_apart_is_a_tie() {
    let rounds = |us: f64| (0..9).map(|seed| (run(1e3, 40.0, seed), run(1e3, us, seed))).collect::<Vec<_>>();
    let verdict = |us| verdict_of(&Compared::of_rounds(&rounds(us), 1).unwrap(), "response p50");
    assert_eq!(verdict(40.05), Some(Verdict::Tie));
    assert_eq!(verdict(40.2), Some(Verdict::ABetter));
}

#[test]
fn the_rate_of_a_generator_at_its_limit_is_not_judged() {
    let mut rounds = rounds(8);
    let bound = |rounds: &mut [(Document, Document)]| {
        rounds.iter_mut().for_each(|(_, b)| b.verdict.bound = Bound::GeneratorBound);
    };
    bound(&mut rounds[..4]);
    assert_eq!(verdict_of(&Compared::of_rounds(&rounds, 1).unwrap(), "rate"), Some(Verdict::ABetter));
    bound(&mut rounds[..5]);
    let compared = Compared::of_rounds(&rounds, 1).unwrap();
    assert_eq!(verdict_of(&compared, "rate"), Some(Verdict::CouldNotJudge));
    assert_eq!(verdict_of(&compared, "throughput"), Some(Verdict::CouldNotJudge));
    assert_eq!(verdict_of(&compared, "server CPU/message"), Some(Verdict::Tie));
    assert!(compared.notes.iter().any(|note| note.starts_with("B was mostly limited by the generator")));
}

#[test]
fn one_round_is_shown_and_not_judged() {
    let compared = Compared::of_rounds(&rounds(1), 1).unwrap();
    assert!(compared.rows.iter().all(|row| row.verdict == Some(Verdict::CouldNotJudge)));
    assert!(text(&compared).contains("1 round: "));
    // An interval of everything has no end to write down.
    assert!(serde_json::to_string(&compared).unwrap().contains("\"high\":null"));
}

#[test]
fn what_says_nothing_is_refused() {
    let (good, mut silent, mut short) = (run(1e3, 40.0, 1), run(1e3, 40.0, 2), run(1e3, 40.0, 3));
    silent.counts.answered = 0;
    short.seconds.drain(..10);
    assert_eq!(Compared::of_rounds(&[], 1).unwrap_err(), Incomparable::Empty);
    assert_eq!(Compared::of_rounds(&[(good.clone(), silent.clone())], 1).unwrap_err(), Incomparable::Silent(Side::B));
    assert_eq!(Compared::of_runs(&silent, &good, 1).unwrap_err(), Incomparable::Silent(Side::A));
    assert_eq!(Compared::of_runs(&good, &short, 1).unwrap_err(), Incomparable::Short(Side::B));
    let sentence = "B has no whole second, so there is nothing to pair";
    assert_eq!(Incomparable::Short(Side::B).to_string(), sentence);
}

#[test]
fn a_second_in_which_nothing_came_counts_for_the_rate_and_not_for_times() {
    let (mut a, b) = (run(1e3, 40.0, 1), run(1e3, 40.0, 2));
    for second in &mut a.seconds[..4] {
        *second = Second { lasted_us: 1e6, ..Second::default() };
    }
    let compared = Compared::of_runs(&a, &b, 1).unwrap();
    let pairs = |metric| compared.rows.iter().find(|row| row.metric == metric).unwrap().pairs;
    assert_eq!((pairs("rate"), pairs("response p99")), (10, 6));
}
