//! `sockeye scan`: how it ends when it is told to, or when nobody reads any more. What is known is written, the sums are
//! right, and the code says whether it is all.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, PipeWriter, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use support::{eventually, sockeye};

/// A scan of loopback that takes ten seconds if nobody ends it.
fn slow(words: &[&str], stdout: impl Into<Stdio>) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "127.0.0.1", "-p", "1-5000", "--rate", "500", "--seed", "1"]).args(words);
    command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap()
}

/// A pipe whose reader has gone.
fn unread() -> PipeWriter {
    std::io::pipe().unwrap().1
}

/// Until it has said whom it scans; signals are watched for by then.
fn begun(child: &mut Child) -> impl BufRead + use<> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "sockeye: scanning 127.0.0.1: 1 host x 5000 ports, 5000 probes, at most 500 a second\n");
    stderr
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn a_signal_ends_it_with_what_is_known_and_the_rest_not_tested() {
    for which in [Signal::INT, Signal::TERM] {
        let mut child = slow(&["--json"], Stdio::piped());
        let _stderr = begun(&mut child);
        signal(&child, which);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let text = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let counts = last["counts"].as_object().unwrap();
        assert_eq!(counts.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 5000, "{text}");
        assert!(counts["not_tested"].as_u64() > Some(0), "{text}");
    }
}

#[test]
fn a_closed_stdout_ends_it_quietly_and_a_file_goes_on_without_it() {
    let mut child = slow(&["--json"], unread());
    let mut rest = String::new();
    begun(&mut child).read_to_string(&mut rest).unwrap();
    assert_eq!((child.wait().unwrap().code(), rest.as_str()), (Some(0), ""));

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("found.gnmap");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "127.0.0.1", "-p", "1-20", "-oG"]).arg(&path).stdin(Stdio::null()).stdout(unread());
    assert!(command.stderr(Stdio::null()).status().unwrap().success());
    assert!(fs::read_to_string(&path).unwrap().contains("Host: 127.0.0.1"));
}

#[test]
fn an_output_that_is_full_is_a_failure() {
    let ended = sockeye(&["scan", "127.0.0.1", "-p", "1-20", "-oX", "/dev/full"], "");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stderr.contains("cannot write /dev/full"), "{ended:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "127.0.0.1", "--dry-run"]).stdout(fs::File::create("/dev/full").unwrap());
    let ended = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "sockeye: cannot write stdout: no space left on device\n");
}

#[test]
fn a_signal_while_an_open_port_is_asked_what_it_is_says_that_it_was_not_and_ends_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "127.0.0.1", "--banner=5m", "-p", &port]).stdin(Stdio::null());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // The probe, and then the look.
    let _accepted = [listener.accept().unwrap(), listener.accept().unwrap()];
    signal(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    let report = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{report}");
    assert!(report.contains("not looked at: the scan was stopped"), "{report}");
    assert!(report.contains("1 port: 1 open, 0 closed"), "{report}");
}

#[test]
fn watching_ends_with_a_signal_and_done() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", "127.0.0.1", "-p", "1-20", "--watch", "1h"]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut report = String::new();
    eventually("the first round is reported", || {
        stdout.read_line(&mut report).unwrap();
        report.contains("20 ports: ")
    });
    signal(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{report}");
    let talk = String::from_utf8(ended.stderr).unwrap();
    assert!(
        talk.lines().nth(1).is_some_and(|line| line.ends_with("only what changes is told; Ctrl-C ends it")),
        "{talk}"
    );
}
