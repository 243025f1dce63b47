//! What words of `bench` mean.

use std::time::Duration;

use clap::Parser;

use super::*;
use crate::bench::{Checking, Connecting, Pace, Saying, Sizes, Spacing, Stop};
use crate::commands::bench::Live;
use crate::framing::Framing;
use crate::net::Families;

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    words: Words,
}

fn parse(typed: &str) -> Result<Plan, String> {
    let words = shell_words::split(typed).unwrap();
    let alone = Alone::try_parse_from([&["bench".to_owned()][..], &words].concat()).map_err(|e| e.to_string())?;
    alone.words.plan().map_err(|failure| failure.sentence)
}

#[track_caller]
fn plan(typed: &str) -> Box<bench::Plan> {
    match parse(typed) {
        Ok(Plan::Bench(plan)) => plan,
        other => panic!("{typed}: {other:?}"),
    }
}

#[test]
fn an_address_alone_is_a_closed_loop_of_ten_seconds() {
    let plan = plan("5555");
    assert!(matches!(plan.deed, Deed::Once(Server::Running { address, pid: None }) if address == Address::local(5555)));
    let load = plan.load;
    assert_eq!(load.pace, Pace::Closed { depth: Some(1) });
    assert_eq!(load.stop, Stop { after: Some(Duration::from_secs(10)), messages: None, bytes: None });
    assert_eq!((load.warmup, load.patience), (Duration::from_secs(1), Duration::from_secs(10)));
    assert_eq!((load.crowd.connections, load.crowd.held, load.crowd.connect_rate), (50, 0, None));
    assert!(load.crowd.sources.is_empty() && load.crowd.workers >= 1);
    let workload = load.workload;
    assert!(matches!(workload.saying, Saying::Numbered(Sizes::Fixed(512))));
    assert_eq!((workload.framing, workload.connecting), (Framing::Burst, Connecting::Once));
    assert_eq!(workload.checking, Checking::EveryByte);
    assert!(plan.gates.is_empty());
    assert_eq!((plan.reports.stdout, plan.reports.live), (Form::Text, Live::Line));
}

#[test]
fn a_pace_is_closed_or_open_or_a_stream() {
    let open = |rate, spacing, depth| Pace::Open { rate, spacing, depth };
    for (typed, pace) in [
        ("--depth 8", Pace::Closed { depth: Some(8) }),
        ("--depth 64k", Pace::Closed { depth: Some(64_000) }),
        ("--stream", Pace::Closed { depth: None }),
        ("--rate 50k", open(50_000.0, Spacing::Even, 1)),
        ("--rate 0.5 --depth 3", open(0.5, Spacing::Even, 3)),
        ("--rate 1.5M --poisson", open(1.5e6, Spacing::Poisson, 1)),
        ("--find-rate p99<2ms --depth 4", Pace::Closed { depth: Some(4) }),
    ] {
        assert_eq!(plan(&format!("5555 {typed}")).load.pace, pace, "{typed}");
    }
}

#[test]
fn what_is_counted_has_no_usual_duration_and_no_warmup() {
    let stop =
        |seconds: Option<u64>, messages, bytes| Stop { after: seconds.map(Duration::from_secs), messages, bytes };
    for (typed, meant, warmup) in [
        ("-d 1m", stop(Some(60), None, None), 1),
        ("-n 10k", stop(None, Some(10_000), None), 0),
        ("--bytes 1GiB", stop(None, None, Some(1 << 30)), 0),
        ("-n 5 -d 3s", stop(Some(3), Some(5), None), 0),
        ("-n 5 --warmup 2s", stop(None, Some(5), None), 2),
        ("--warmup 0", stop(Some(10), None, None), 0),
    ] {
        let load = plan(&format!("5555 {typed}")).load;
        assert_eq!((load.stop, load.warmup), (meant, Duration::from_secs(warmup)), "{typed}");
    }
}

#[test]
fn a_server_is_there_or_is_started() {
    let running = plan("[::1]:7 --server-pid 42").deed;
    assert!(matches!(running, Deed::Once(Server::Running { pid: Some(42), .. })), "{running:?}");
    let named = StartPlace::Named(Address::local(7));
    for (typed, wanted, text) in [
        ("--serve './echo -p {port}'", StartPlace::FreePort, "./echo -p {port}"),
        ("--serve 'a \"b c\" x{port}:{port}'", StartPlace::FreePort, "a \"b c\" x{port}:{port}"),
        ("--serve 'nc {port}' 7", named.clone(), "nc {port}"),
        ("7 --serve 'cat --fixed'", named, "cat --fixed"),
        ("unix:/a --serve 'cat /a'", StartPlace::Named(Address::Unix("/a".into())), "cat /a"),
    ] {
        match plan(typed).deed {
            Deed::Once(Server::Started { command, place }) => {
                assert_eq!((place, command.text.as_str()), (wanted, text), "{typed}");
            }
            other => panic!("{typed}: {other:?}"),
        }
    }
}

#[test]
fn a_deed_is_one_run_or_a_search_or_a_comparison() {
    for (typed, wanted) in [("", 10), ("--rounds 3", 3), ("--rounds 1k", 1000)] {
        match plan(&format!("--serve 'a {{port}}' --vs 'b {{port}}' {typed}")).deed {
            Deed::Versus { pair, place: StartPlace::FreePort, rounds } => {
                assert_eq!((pair.map(|one| one.text), rounds), (["a {port}".into(), "b {port}".into()], wanted));
            }
            other => panic!("{typed}: {other:?}"),
        }
    }
    match plan("5555 --find-rate 'p99 < 2ms' --poisson --fail-if errors>0").deed {
        Deed::Find { keeps, spacing, .. } => {
            assert_eq!((keeps.to_string().as_str(), spacing), ("p99 < 2ms", Spacing::Poisson));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_may_be_said_again_adds_up() {
    let plan =
        plan("5555 --fail-if 'p99>2ms' 'errors>0' --fail-if 'rate<50k' --source 127.0.0.1,127.0.0.2 --source [::1]");
    let gates: Vec<String> = plan.gates.iter().map(ToString::to_string).collect();
    assert_eq!(gates, ["p99>2ms", "errors>0", "rate<50k"]);
    let sources: Vec<String> = plan.load.crowd.sources.iter().map(ToString::to_string).collect();
    assert_eq!(sources, ["127.0.0.1", "127.0.0.2", "::1"]);
}

#[test]
fn the_rest_of_a_load_is_what_was_typed() {
    let plan = plan(
        "5555 -c 10k --workers 3 -s 64-1400 --framing u32be --churn --no-verify --seed 7 --connect-rate 2k --hold 1k \
         --connect-timeout 3s --idle-timeout 250ms -6 --screen --json --csv a --hgrm b --html c",
    );
    assert_eq!((plan.reaching.families, plan.reaching.timeout), (Families::V6, Duration::from_secs(3)));
    let Load { workload, crowd, patience, .. } = plan.load;
    assert_eq!(patience, Duration::from_millis(250));
    assert_eq!((crowd.connections, crowd.workers, crowd.held, crowd.connect_rate), (10_000, 3, 1000, Some(2000.0)));
    assert!(matches!(workload.saying, Saying::Numbered(Sizes::Between(64, 1400))));
    assert_eq!((workload.framing, workload.connecting, workload.seed), (Framing::U32Be, Connecting::Anew, 7));
    assert_eq!(workload.checking, Checking::Lengths);
    let reports = plan.reports;
    assert_eq!((reports.stdout, reports.live), (Form::Json, Live::Screen));
    let files = [reports.csv, reports.hgrm, reports.html].map(Option::unwrap);
    assert_eq!(files, ["a", "b", "c"].map(PathBuf::from));
}

#[test]
fn there_are_no_more_workers_than_connections() {
    assert_eq!(plan("5555 -c 1").load.crowd.workers, 1);
    assert_eq!(plan("5555 -c 1 --workers 2").load.crowd.workers, 1);
}

#[test]
fn two_runs_of_the_past_are_compared() {
    match parse("compare a b --json --html c") {
        Ok(Plan::Compare(bench::Compare { a, b, stdout, html })) => {
            assert_eq!((a, b, html), ("a".into(), "b".into(), Some("c".into())));
            assert_eq!(stdout, Form::Json);
        }
        other => panic!("{other:?}"),
    }
}
