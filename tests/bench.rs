//! `sockeye bench` through the real binary, against servers of ours that do what they should.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use support::{Ended, Served, eventually, sockeye};

/// `sockeye -q bench WORDS --json`, which has to go well.
#[track_caller]
fn bench(words: &str) -> Value {
    let (ended, document) = pressed(words);
    assert!(went_well(&ended), "{ended:?}");
    assert_eq!(document["faults"].as_array().map(Vec::len), Some(0), "{document}");
    document
}

#[track_caller]
fn pressed(words: &str) -> (Ended, Value) {
    let words = format!("-q bench {words} --json --warmup 0");
    let ended = sockeye(&words.split_whitespace().collect::<Vec<_>>(), "");
    let document = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    (ended, document)
}

/// On a busy machine the generator may be the limit, which is said and no failure of what is tested.
fn went_well(ended: &Ended) -> bool {
    matches!(ended.status.code(), Some(0 | 3))
}

fn count(document: &Value, name: &str) -> u64 {
    document["counts"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {document}"))
}

#[test]
fn so_many_messages_are_sent_and_answered_and_no_more() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    for words in [
        "-c 1",
        "-c 7 --depth 3",
        "-c 5 --workers 2",
        "-c 2 --workers 4",
        "-c 3 -s 1-2000",
        "-c 3 -s 64:9,60kB:1",
        "-c 2 -s 1",
    ] {
        let document = bench(&format!("{} -n 500 {words}", echo.addr()));
        assert_eq!((count(&document, "sent"), count(&document, "answered")), (500, 500), "{words}: {document}");
        assert_eq!(count(&document, "bytes_out"), count(&document, "bytes_in"), "{words}");
    }
}

#[test]
fn bytes_are_an_end_too() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let document = bench(&format!("{} --bytes 100kB -s 1000 -c 4", echo.addr()));
    assert_eq!(count(&document, "bytes_out"), 100_000);
}

#[test]
fn every_framing_is_spoken() {
    for framing in ["lines", "u16be", "u16le", "u32be", "u32le", "u64be", "ascii10"] {
        let echo = Served::start(&["echo", "--on", "127.0.0.1:0", "--framing", framing]);
        bench(&format!("{} -n 300 -c 3 --depth 2 -s 1-300 --framing {framing}", echo.addr()));
    }
}

#[test]
fn an_open_loop_keeps_its_rate_and_tells_both_times() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    for words in ["", "--poisson", "--workers 2"] {
        let document = bench(&format!("{} --rate 2000 -d 1s -c 20 {words}", echo.addr()));
        let sent = count(&document, "sent");
        assert!((1800..2200).contains(&sent), "{words}: {document}");
        let of = |time: &str| document["latency"][time]["count"].as_u64().unwrap();
        assert_eq!((of("service"), of("lag") >= sent), (sent, true), "{words}: {document}");
    }
}

#[test]
fn streams_and_unix_sockets_and_idle_ones_work() {
    let dir = tempfile::tempdir().unwrap();
    let path = format!("unix:{}", dir.path().join("echo.sock").display());
    let echo = Served::start(&["echo", "--on", &path, "--on", "127.0.0.1:0"]);
    let _ = &echo;
    bench(&format!("{path} -n 300 -c 3"));
    let document = bench(&format!("{path} --stream -d 300ms -c 2 --hold 10"));
    assert!(count(&document, "answered") > 100, "{document}");
    assert_eq!(count(&document, "connects"), 12, "{document}");
}

#[test]
fn a_file_is_a_message() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("question");
    fs::write(&file, b"what is this?\n\0\xff").unwrap();
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let document = bench(&format!("{} --file {} -n 100 -c 2", echo.addr(), file.display()));
    assert_eq!(count(&document, "bytes_in"), 1600);
}

#[test]
fn a_script_presses_what_is_no_echo() {
    let dir = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let utc = Served::start(&["utc", "--on", "127.0.0.1:0"]);
    let time = "[[exchange]]\nsend = 'TIME'\nmatches = '^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z$'\n\
                [[exchange]]\nsend = 'what'\nexpect = 'Unknown command'\n";
    let right = script("utc.toml", time);
    bench(&format!("{} --script {right} --framing lines -n 200 -c 4 --depth 2", utc.addr()));
    let greet = Served::start(&["greet", "--on", "127.0.0.1:0"]);
    let hello = script("hello.toml", "[[exchange]]\nsend = 'Hello'\nexpect = 'Hello from server'\n");
    let document = bench(&format!("{} --script {hello} --framing lines --churn -n 100 -c 4", greet.addr()));
    assert_eq!((count(&document, "answered"), count(&document, "connects") >= 100), (100, true), "{document}");
    let wrong = script("wrong.toml", "[[exchange]]\nsend = 'TIME'\nexpect = 'noon'\n");
    let (ended, document) = pressed(&format!("{} --script {wrong} --framing lines -n 10 -c 1", utc.addr()));
    assert_eq!(document["faults"][0]["kind"], "unexpected", "{document}");
    assert_eq!((document["faults"][0]["count"].as_u64(), ended.status.code()), (Some(10), Some(1)), "{document}");
}

#[test]
fn greetings_and_answers_in_two_parts_are_waited_for_and_are_no_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                stream.write_all(b"220 hi\n").unwrap();
                let mut said = BufReader::new(stream.try_clone().unwrap()).lines();
                // Nobody says anything more to whoever has left.
                while let Some(Ok(_)) = said.next() {
                    let _ = stream.write_all(b"first\nsecond\n");
                }
            });
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let script = dir.path().join("s.toml");
    let rows =
        "[[begin]]\nmatches = '^220 '\n[[exchange]]\nsend = 'x'\nexpect = 'first'\n[[exchange]]\nexpect = 'second'\n";
    fs::write(&script, rows).unwrap();
    for words in ["-c 1", "-c 3", "-c 2 --churn", "-c 3 --rate 500"] {
        let document = bench(&format!("{address} --script {} --framing lines -n 30 {words}", script.display()));
        assert_eq!((count(&document, "sent"), count(&document, "answered")), (30, 30), "{words}: {document}");
        assert_eq!(document["latency"]["response"]["count"], 30, "{words}: {document}");
    }
}

#[test]
fn a_connection_for_each_exchange_is_no_fault() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0", "--events", "quiet"]);
    let document = bench(&format!("{} --churn -n 500 -c 8", echo.addr()));
    assert_eq!((count(&document, "answered"), count(&document, "connects") >= 500), (500, true), "{document}");
    let document = bench(&format!("{} --churn --rate 300 -d 1s -c 8", echo.addr()));
    assert!(count(&document, "connects") >= 250, "{document}");
}

#[test]
fn a_server_that_is_started_is_watched_and_stopped() {
    let command = format!("{} serve echo --on 127.0.0.1:{{port}}", env!("CARGO_BIN_EXE_sockeye"));
    let words = ["-q", "bench", "--serve", &command, "--json", "-n", "500", "-c", "5"];
    let ended = sockeye(&words, "");
    assert!(went_well(&ended), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let pid = document["server"]["pid"].as_u64().unwrap();
    assert!(document["server"]["cpu_us_per_message"].as_f64().unwrap() > 0.0, "{document}");
    assert!(document["server"]["memory_bytes"].as_u64().unwrap() > 1_000_000, "{document}");
    assert!(!fs::exists(format!("/proc/{pid}")).unwrap(), "it is still there");
}

#[test]
fn two_servers_take_turns() {
    let command = format!("{} serve echo --on 127.0.0.1:{{port}}", env!("CARGO_BIN_EXE_sockeye"));
    let words = "-d 200ms --warmup 0 -c 5 --rounds 3 --json --rate 1000 --seed 7";
    let mut all = vec!["-q", "bench", "--serve", &command, "--vs", &command];
    all.extend(words.split(' '));
    let ended = sockeye(&all, "");
    assert!(went_well(&ended), "{ended:?}");
    let comparison: Value = serde_json::from_str(&ended.stdout).unwrap();
    let rows = comparison["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["metric"] == "server CPU/message" && row["pairs"] == 3), "{comparison}");
}

#[test]
fn a_run_that_was_kept_is_compared_and_told_in_every_form() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let files = format!("--csv {} --hgrm {} --html {}", path("s.csv"), path("r.hgrm"), path("p.html"));
    let document = bench(&format!("{} --rate 500 -d 3200ms -c 5 {files}", echo.addr()));
    let csv = fs::read_to_string(path("s.csv")).unwrap();
    assert!(csv.lines().count() >= 2 && csv.starts_with("at_us,"), "{csv}");
    assert!(fs::read_to_string(path("r.hgrm")).unwrap().contains("Percentile"));
    assert!(fs::read_to_string(path("p.html")).unwrap().contains("<svg"));
    fs::write(path("a.json"), document.to_string()).unwrap();
    let ended = sockeye(&["bench", "compare", &path("a.json"), &path("a.json")], "");
    assert!(went_well(&ended), "{ended:?}");
    assert!(ended.stdout.contains("rate") && ended.stdout.contains("1.000"), "{ended:?}");
}

#[test]
fn the_highest_rate_is_found() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0", "--events", "quiet"]);
    let words = format!("bench {} --find-rate p50<100s -d 100ms --warmup 0 -c 2 --json", echo.addr());
    let ended = sockeye(&words.split(' ').collect::<Vec<_>>(), "");
    assert!(matches!(ended.status.code(), Some(0 | 1 | 3)), "{ended:?}");
    assert!(ended.stderr.contains("messages/s: "), "{ended:?}");
}

#[test]
fn a_gate_that_holds_is_a_failure_that_is_told() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let words = format!("bench {} -n 50 -c 1 --fail-if max>1us errors>0", echo.addr());
    let ended = sockeye(&words.split(' ').collect::<Vec<_>>(), "");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("max>1us") && !ended.stderr.contains("errors>0"), "{ended:?}");
}

#[test]
fn a_server_that_is_not_there_is_told_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ended = sockeye(&["bench", &format!("127.0.0.1:{port}")], "");
    assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(1), 1), "{ended:?}");
    assert!(ended.stderr.contains("connection refused; nothing listens there"), "{ended:?}");
}

#[test]
fn a_crowd_beyond_the_descriptors_is_refused_in_a_sentence() {
    let limited = "ulimit -n 200; exec \"$0\" bench 127.0.0.1:1 -c 190";
    let out = Command::new("sh").args(["-c", limited, env!("CARGO_BIN_EXE_sockeye")]).output().unwrap();
    let said = String::from_utf8(out.stderr).unwrap();
    assert_eq!((out.status.code(), said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("190 connections are more than the") && said.contains("ulimit -n"), "{said}");
}

/// `bench WORDS` against an echo server, ended by Ctrl-C as soon as it presses.
#[track_caller]
fn interrupted(words: &str) -> Value {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let words = format!("-q bench {} --json -c 2 {words}", echo.addr());
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    let child = command.args(words.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    eventually("it presses", || echo.said().0.contains("received"));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(130), "{out:?}");
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn ctrl_c_prints_what_was_measured() {
    let document = interrupted("-d 60s --warmup 0");
    assert!(count(&document, "answered") > 0 && document["faults"] == Value::Array(Vec::new()), "{document}");
}

#[test]
fn who_is_stopped_while_warming_up_has_measured_nothing() {
    let document = interrupted("-d 60s --warmup 60s");
    let (rate, bytes) = (&document["rate"]["messages_per_s"], &document["rate"]["mb_per_s"]);
    assert_eq!((count(&document, "answered"), rate.as_f64(), bytes.as_f64()), (0, Some(0.0), Some(0.0)), "{document}");
}

#[test]
fn the_same_seed_says_the_same_on_every_connection() {
    let said = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&said);
        let serving = thread::spawn(move || {
            let serve = |stream: std::net::TcpStream| {
                let all = Arc::clone(&all);
                thread::spawn(move || {
                    let (mut from, mut to) = (stream.try_clone().unwrap(), stream);
                    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
                    while let Ok(count @ 1..) = from.read(&mut buffer) {
                        bytes.extend_from_slice(&buffer[..count]);
                        to.write_all(&buffer[..count]).unwrap();
                    }
                    all.lock().unwrap().push(bytes);
                })
            };
            let threads: Vec<_> = (0..3).map(|_| serve(listener.accept().unwrap().0)).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        bench(&format!("{address} -c 3 -n 60 -s 1-500 --seed 7"));
        serving.join().unwrap();
        let said = Arc::into_inner(said).unwrap().into_inner().unwrap();
        // Which connection got how many of the last messages is chance; what it said is not.
        said.into_iter().map(|bytes| (bytes[..100].to_vec(), bytes.len())).collect::<BTreeMap<_, _>>()
    };
    let (one, other) = (said(), said());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
}

/// A server that stands still is charged to everybody who had to wait: the proof against coordinated omission, in short.
#[test]
fn a_server_that_stood_still_shows_in_response_time_and_not_in_service_time() {
    let echo = Served::start(&["echo", "--on", "127.0.0.1:0"]);
    let words = format!("-q bench {} --rate 4000 -c 4 -d 2s --warmup 0 --json", echo.addr());
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    let child = command.args(words.split(' ')).stdout(Stdio::piped()).spawn().unwrap();
    eventually("it presses", || echo.said().0.contains("received"));
    echo.signal(Signal::STOP);
    // What is measured is this time itself.
    thread::sleep(std::time::Duration::from_millis(700));
    echo.signal(Signal::CONT);
    let out = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&out.stdout).unwrap();
    let of = |time: &str, which: &str| document["latency"][time][which].as_f64().unwrap();
    assert!(of("response", "p999_us") > 500_000.0, "{document}");
    assert!(of("service", "p99_us") < 300_000.0, "{document}");
}
