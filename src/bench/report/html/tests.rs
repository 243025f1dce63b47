//! Tests of the page: that it is whole, that nothing of a document becomes markup, and that odd runs are drawn too.
//! `cargo test --lib html -- --ignored` writes pages to look at.

use super::super::document::*;
use super::*;
use crate::seeded::Dice;

/// A run of half a minute with a bad moment, of about `us` each.
fn run(seed: u64, us: f64) -> Document {
    let mut dice = Dice::new(seed);
    let seconds: Vec<Second> = (0..30).map(|at| second(at, us, &mut dice)).collect();
    let answered: u64 = seconds.iter().map(|second| second.answered).sum();
    Document {
        schema: SCHEMA,
        sockeye: "0.1.0".to_owned(),
        began: "2026-11-21T10:00:00Z".to_owned(),
        setup: Setup {
            address: "127.0.0.1:5555".to_owned(),
            command: Some("./echo-server --port 5555 --workers 2".to_owned()),
            pace: "open loop, 50000/s, poisson, depth 16".to_owned(),
            rate_asked: Some(50_000.0),
            workload: "64 B x 90, 1400 B x 10".to_owned(),
            framing: "burst".to_owned(),
            connections: 64,
            held: 1000,
            workers: 2,
            seed,
            verified: true,
        },
        phases: Phases { connect_us: 12_300.0, warmup_us: 2e6, measured_us: 30e6, drain_us: 340.0 },
        counts: Counts {
            sent: answered + 17,
            answered,
            drained: 12,
            unsent: 3,
            bytes_out: answered * 198,
            bytes_in: answered * 198,
            reads: answered + answered / 50,
            connects: 1064,
        },
        rate: Rate {
            messages_per_s: answered as f64 / 30.0,
            mb_per_s: answered as f64 / 30.0 * 198.0 / 1e6,
            share_of_asked: Some(answered as f64 / 30.0 / 50_000.0),
        },
        latency: Latency {
            response: distribution(answered, us, 1.6),
            service: distribution(answered, us * 0.8, 1.2),
            connect: distribution(1064, us * 2.0, 1.0),
            first_byte: distribution(64, us * 1.5, 1.0),
            lag: distribution(answered, us / 30.0, 1.1),
        },
        faults: vec![
            FaultCount { kind: "corrupt".to_owned(), count: 2 },
            FaultCount { kind: "missing".to_owned(), count: 3 },
        ],
        first_fault: Some(FirstFault {
            kind: "corrupt".to_owned(),
            what: "connection 3, message 17, byte 12: expected \"kQx_\", received \"kQx\\n\"".to_owned(),
        }),
        generator: Generator {
            cpu_us_per_message: 1.84,
            busy: 0.46,
            spun: 0.5,
            backlog_most: 1800,
            backlog_end: 0,
            steal: Some(0.004),
        },
        server: Some(Server {
            pid: 4711,
            cpu_us_per_message: 3.2,
            busy: 0.97,
            memory_bytes: 23 << 20,
            peak_memory_bytes: 24 << 20,
            bytes_per_connection: 12_288.0,
            voluntary_switches: 1_204_112,
            involuntary_switches: 812,
        }),
        verdict: Verdict {
            bound: Bound::ServerBound,
            evidence: vec![
                "the server's busiest thread was on a CPU for 97.0 % of the time".to_owned(),
                "the generator's busiest worker had work for 46.0 % of the time".to_owned(),
            ],
        },
        seconds,
    }
}

fn second(at: u64, us: f64, dice: &mut Dice) -> Second {
    let bad = if (12..15).contains(&at) { 9.0 } else { 1.0 };
    let mut about = |value: f64| value * bad * (0.9 + 0.2 * dice.fraction());
    let (p50, p99, max) = (about(us), about(us * 4.0), about(us * 25.0));
    let answered = (48_000.0 / bad.sqrt() * (60.0 / us) * (0.98 + 0.04 * dice.fraction())) as u64;
    Second {
        at_us: at as f64 * 1e6,
        lasted_us: 1e6,
        sent: answered,
        answered,
        bytes_in: answered * 198,
        faults: u64::from(bad > 1.0),
        response_p50_us: p50,
        response_p99_us: p99,
        response_max_us: max,
        service_p50_us: p50 * 0.8,
        service_p99_us: p99 * 0.7,
        service_max_us: max * 0.7,
        backlog: 0,
    }
}

/// One whose tail grows `tail` times as fast as each nine.
fn distribution(count: u64, us: f64, tail: f64) -> Distribution {
    let at = |quantile: f64| us * (0.7 + tail * (1.0 / (1.0 - quantile).max(1.0 / count as f64)).powf(0.42) / 3.0);
    let quantile = |step: u32| 1.0 - 10f64.powf(-f64::from(step) / 15.0);
    let shares = (0..90).map(quantile).filter(|share| (1.0 - share) * count as f64 > 1.0).chain([1.0]);
    let curve =
        shares.map(|quantile| Point { value_us: at(quantile), quantile, total: (count as f64 * quantile) as u64 });
    Distribution {
        count,
        min_us: at(0.0),
        mean_us: at(0.6),
        stddev_us: us,
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p999_us: at(0.999),
        p9999_us: at(0.9999),
        max_us: at(1.0),
        curve: curve.collect(),
    }
}

fn page(runs: &[(&str, &Document)]) -> String {
    let runs: Vec<(String, &Document)> = runs.iter().map(|(name, run)| ((*name).to_owned(), *run)).collect();
    let mut out = Vec::new();
    write(&runs, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_page_has_every_section_and_needs_nothing_else() {
    let page = page(&[("before.json", &run(1, 60.0))]);
    for heading in
        ["Verdict", "Setup", "Numbers", "Latency over time", "Latency by percentile", "Rate over time", "Faults"]
    {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(page.contains("response <small>(from the intended instant)</small>"));
    assert!(page.contains("service <small>(from the actual send)</small>"));
    assert_eq!(page.matches("<svg class=plot").count(), 3);
    for word in ["http://", "https://", "<script", "<link", "src=", "url(", "@import", "NaN"] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn runs_over_each_other_differ_in_more_than_colour() {
    let [a, b, c] = [run(1, 60.0), run(2, 45.0), run(3, 80.0)];
    let page = page(&[("a.json", &a), ("b.json", &b), ("c.json", &c)]);
    assert_eq!(page.matches("<svg class=plot").count(), 5);
    for dash in ["none", "9 4", "2 4"] {
        assert!(page.contains(&format!("stroke-dasharray=\"{dash}\"")), "{dash}");
    }
    for name in ["a.json", "b.json", "c.json"] {
        assert!(page.contains(&format!("</svg> <bdi>{name}</bdi>")), "{name}");
    }
}

#[test]
fn no_text_of_a_document_becomes_markup() {
    let evil = "\"'><script>alert(1)</script>\u{202e}\0";
    let fields: [fn(&mut Document) -> &mut String; 9] = [
        |run| &mut run.sockeye,
        |run| &mut run.began,
        |run| &mut run.setup.address,
        |run| run.setup.command.get_or_insert_default(),
        |run| &mut run.setup.pace,
        |run| &mut run.setup.workload,
        |run| &mut run.setup.framing,
        |run| &mut run.faults[0].kind,
        |run| &mut run.verdict.evidence[0],
    ];
    let first: [fn(&mut Document) -> &mut String; 2] =
        [|run| &mut run.first_fault.as_mut().unwrap().kind, |run| &mut run.first_fault.as_mut().unwrap().what];
    let good = run(1, 60.0);
    for field in fields.into_iter().chain(first) {
        let mut bad = good.clone();
        *field(&mut bad) = evil.to_owned();
        for page in [page(&[("a", &bad)]), page(&[("a", &bad), ("b", &good)])] {
            assert_harmless(&page);
        }
    }
    assert_harmless(&page(&[(evil, &good), ("b", &good)]));
}

fn assert_harmless(page: &str) {
    assert!(page.contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}\u{fffd}"));
    assert!(!page.contains("<script") && !page.contains('\u{202e}') && !page.contains('\0'));
}

#[test]
fn runs_of_nothing_and_of_a_whole_day_are_drawn() {
    let mut nothing = run(1, 60.0);
    nothing.counts = Counts::default();
    nothing.latency = Latency::default();
    nothing.faults.clear();
    nothing.first_fault = None;
    nothing.server = None;
    nothing.seconds.clear();
    let drawn = page(&[("nothing", &nothing)]);
    assert!(drawn.contains("Nothing went wrong.") && !drawn.contains("NaN"));
    assert!(!drawn.contains("<tbody></tbody>"));
    let mut day = run(1, 60.0);
    let mut dice = Dice::new(1);
    day.seconds = (0..86_400).map(|at| second(at, 60.0, &mut dice)).collect();
    day.seconds[3].answered = 0;
    let drawn = page(&[("day", &day), ("nothing", &nothing)]);
    assert!(drawn.contains("a point is the greatest of up to 108 seconds"));
    assert!(drawn.len() < 300_000, "{}", drawn.len());
}

#[test]
fn a_percentile_that_few_answers_do_not_have_is_left_open() {
    let mut few = run(1, 60.0);
    few.latency.response = distribution(500, 60.0, 1.0);
    few.latency.service = distribution(50, 60.0, 1.0);
    let drawn = page(&[("few", &few)]);
    assert!(drawn.contains("<th scope=row>p99.9</th><td>–</td><td>–</td>"));
    assert!(!drawn.contains("<th scope=row>p99</th><td>–") && drawn.contains("</td><td>–</td></tr>"));
}

#[test]
#[ignore = "writes pages to look at"]
fn pages_to_look_at() {
    let [a, b, c] = [run(1, 60.0), run(2, 45.0), run(3, 80.0)];
    let folder = std::env::temp_dir();
    std::fs::write(folder.join("sockeye-one.html"), page(&[("before.json", &a)])).unwrap();
    let three = page(&[("before.json", &a), ("after.json", &b), ("elsewhere.json", &c)]);
    std::fs::write(folder.join("sockeye-three.html"), three).unwrap();
}
