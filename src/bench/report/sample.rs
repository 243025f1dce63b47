//! Sample: a run as it might have been, for tests of what reports make of it.

use super::document::*;

/// An open loop at 50000/s for 30 s against a server that we started, which got three answers wrong.
pub(crate) fn document() -> Document {
    Document {
        schema: SCHEMA,
        sockeye: "0.1.0".into(),
        began: "2026-11-21T10:00:00Z".into(),
        setup: setup(),
        phases: Phases { connect_us: 12_340.0, warmup_us: 2_000_120.0, measured_us: 30_000_240.0, drain_us: 1_240.0 },
        counts: counts(),
        rate: Rate { messages_per_s: 49_872.0, mb_per_s: 25.5, share_of_asked: Some(0.997) },
        latency: latency(),
        faults: vec![
            FaultCount { kind: "corrupt".into(), count: 3 },
            FaultCount { kind: "closed early".into(), count: 12 },
        ],
        first_fault: Some(FirstFault {
            kind: "corrupt".into(),
            what: "connection 3, message 17, byte 12: expected \"a7f3\", received \"a7\\0f\"".into(),
        }),
        generator: generator(),
        server: Some(server()),
        verdict: Verdict {
            bound: Bound::ServerBound,
            evidence: vec![
                "The server's busiest thread was on a CPU for 98.7 % of the measured time.".into(),
                "The generator's busiest worker had work for 41.0 % of it, and its lag at p99 was 3.1 us.".into(),
            ],
        },
        seconds: (0..30).map(second).collect(),
    }
}

/// A closed loop in which nothing went wrong, against a server of which nothing is known.
pub(crate) fn closed() -> Document {
    let open = document();
    Document {
        setup: Setup {
            pace: "closed loop, depth 1".into(),
            command: None,
            rate_asked: None,
            framing: "burst".into(),
            held: 0,
            ..open.setup
        },
        counts: Counts { drained: 0, unsent: 0, sent: 1_496_170, reads: 1_496_200, ..open.counts },
        rate: Rate { share_of_asked: None, ..open.rate },
        latency: Latency { lag: Distribution::default(), ..open.latency },
        faults: Vec::new(),
        first_fault: None,
        generator: Generator { spun: 0.0, backlog_most: 0, backlog_end: 0, steal: None, ..open.generator },
        server: None,
        verdict: Verdict { bound: Bound::Steady, evidence: Vec::new() },
        ..open
    }
}

/// As of an answer in `median_us`; a greater spread has a longer tail.
pub(crate) fn distribution(median_us: f64, spread: f64, count: u64) -> Distribution {
    let least = 1.0 / count as f64;
    let value = |q: f64| {
        let q = q.clamp(least, 1.0 - least);
        (median_us * (q / (1.0 - q)).powf(spread) * 10.0).round() / 10.0
    };
    let total = |q: f64| ((q * count as f64).round() as u64).max(1);
    let point = |q| Point { value_us: value(q), quantile: q, total: total(q) };
    let body = (0..100).map(|percent| f64::from(percent) / 100.0);
    let tail = [0.992, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999, 1.0];
    Distribution {
        count,
        min_us: value(0.0),
        mean_us: (median_us * 11.0).round() / 10.0,
        stddev_us: (median_us * 4.0).round() / 10.0,
        p50_us: value(0.5),
        p90_us: value(0.9),
        p99_us: value(0.99),
        p999_us: value(0.999),
        p9999_us: value(0.9999),
        max_us: value(1.0),
        curve: body.chain(tail).map(point).collect(),
    }
}

/// A second of the run; the twelfth had a hiccup.
pub(crate) fn second(number: u32) -> Second {
    let sway = f64::from(number * 7 % 5);
    let slow = if number == 11 { 4.0 } else { 1.0 };
    Second {
        at_us: f64::from(number) * 1e6,
        lasted_us: 1e6,
        sent: 50_000,
        answered: 49_772 + 300 * u64::from(number * 7 % 5) - if number == 11 { 15_000 } else { 0 },
        bytes_in: 25_600_000,
        faults: if number == 11 { 15 } else { 0 },
        response_p50_us: 180.0 + sway,
        response_p99_us: (600.0 + 20.0 * sway) * slow,
        response_max_us: (2_100.0 + 150.0 * sway) * slow,
        service_p50_us: 150.0 + sway,
        service_p99_us: 400.0 + 10.0 * sway,
        service_max_us: 1_500.0 + 100.0 * sway,
        backlog: if number == 11 { 412 } else { 0 },
    }
}

pub(crate) fn setup() -> Setup {
    Setup {
        address: "127.0.0.1:5555".into(),
        command: Some("./echo --port 5555".into()),
        pace: "open loop, 50000/s, poisson, depth 4".into(),
        rate_asked: Some(50_000.0),
        workload: "512 B".into(),
        framing: "lines".into(),
        connections: 64,
        held: 1000,
        workers: 2,
        seed: 17,
        verified: true,
    }
}

fn counts() -> Counts {
    Counts {
        sent: 1_496_205,
        answered: 1_496_170,
        drained: 20,
        unsent: 3_795,
        bytes_out: 766_056_960,
        bytes_in: 766_039_040,
        reads: 3_441_191,
        connects: 1_076,
    }
}

fn latency() -> Latency {
    Latency {
        response: distribution(180.3, 0.28, 1_496_190),
        service: distribution(150.9, 0.22, 1_496_190),
        connect: distribution(61.4, 0.15, 1_064),
        first_byte: distribution(140.0, 0.2, 64),
        lag: distribution(0.9, 0.27, 1_496_190),
    }
}

fn generator() -> Generator {
    Generator {
        cpu_us_per_message: 4.12,
        busy: 0.41,
        spun: 0.523,
        backlog_most: 412,
        backlog_end: 7,
        steal: Some(0.012),
    }
}

fn server() -> Server {
    Server {
        pid: 4711,
        cpu_us_per_message: 19.8,
        busy: 0.987,
        memory_bytes: 19_293_798,
        peak_memory_bytes: 21_495_808,
        bytes_per_connection: 3_277.0,
        voluntary_switches: 61_204,
        involuntary_switches: 913,
    }
}
