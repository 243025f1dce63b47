//! Each load of `sockeye bench`, on several connections, against servers with one vice: whatever the load, the vice is
//! named for what it is and nothing else is, and a load that is too much for a server is no vice of it.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use support::{Ended, PATIENCE, reset, sockeye};

/// Each loads its server in another way.
const LOADS: [&[&str]; 3] = [&["--depth", "4"], &["--depth", "4", "--rate", "3000"], &["--stream"]];

/// Bytes of a message.
const SIZE: usize = 64;

/// What a server does when it is told a message.
enum Deed {
    Say(Vec<u8>),
    /// Says it behind the next.
    Keep(Vec<u8>),
    Reset,
    StopReading,
}

/// One of the test's own, as long as the test lasts: each connection is talked to on a thread of its own.
fn server(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for peer in listener.incoming().flatten() {
            let talk = Arc::clone(&talk);
            thread::spawn(move || talk(peer));
        }
    });
    addr
}

/// Echoes message by message, as `deed` says of each and its number on its connection.
fn echoing(deed: impl Fn(u64, Vec<u8>) -> Deed + Send + Sync + 'static) -> SocketAddr {
    server(move |mut peer| {
        let (mut message, mut kept) = ([0; SIZE], Vec::new());
        for number in 0.. {
            if peer.read_exact(&mut message).is_err() {
                return;
            }
            let answer = match deed(number, message.to_vec()) {
                Deed::Say(answer) => [answer, std::mem::take(&mut kept)].concat(),
                Deed::Keep(answer) => (kept = answer, Vec::new()).1,
                Deed::Reset => return reset(peer),
                Deed::StopReading => loop {
                    thread::park();
                },
            };
            if peer.write_all(&answer).is_err() {
                return;
            }
        }
    })
}

fn echo(peer: &mut TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = peer.read(&mut buffer) {
        if peer.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

/// A third of a second of a load, and its report, whose sums are right.
#[track_caller]
fn press(addr: SocketAddr, load: &[&str]) -> (Ended, Value) {
    let addr = addr.to_string();
    let words =
        ["bench", &addr, "--json", "-c", "3", "-s", "64", "-d", "300ms", "--idle-timeout", "800ms", "--seed", "7"];
    let ended = sockeye(&[&words[..], &["--warmup", "0"], load].concat(), "");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    let number = |path: &str| report.pointer(path).and_then(Value::as_f64).unwrap();
    let (answered, seconds) = (number("/counts/answered"), number("/phases/measured_us") / 1e6);
    assert!((number("/rate/messages_per_s") * seconds - answered).abs() < 1.0, "the rate is of true time: {report}");
    assert!(answered + number("/counts/drained") <= number("/counts/sent"), "{report}");
    (ended, report)
}

fn kinds(report: &Value) -> Vec<&str> {
    report["faults"].as_array().unwrap().iter().map(|fault| fault["kind"].as_str().unwrap()).collect()
}

/// Each load ends with 1 and faults of this kind only, the first of which stands where `place` says.
#[track_caller]
fn is_named(addr: SocketAddr, (kind, place): (&str, &str)) {
    for load in LOADS {
        let (ended, report) = press(addr, load);
        assert_eq!((ended.status.code(), kinds(&report)), (Some(1), vec![kind]), "{load:?}: {report}");
        let what = report["first_fault"]["what"].as_str().unwrap();
        assert!(what.contains(place), "{load:?}: {what}");
    }
}

/// A machine that is busy with other tests may have no CPU for the load, which the verdict says then, with exit code 3.
#[track_caller]
fn is_fine(addr: SocketAddr, load: &[&str]) {
    let (ended, report) = press(addr, load);
    assert!(matches!(ended.status.code(), Some(0 | 3)) && kinds(&report).is_empty(), "{load:?}: {ended:?}");
}

#[test]
fn other_bytes_are_corrupt() {
    let spoil = |number, mut message: Vec<u8>| {
        message[17] ^= u8::from(number % 100 == 99);
        Deed::Say(message)
    };
    is_named(echoing(spoil), ("corrupt", "message 99, byte 17: expected \""));
}

#[test]
fn two_that_changed_places_are_reordered() {
    let swap = |number, message| if number == 10 { Deed::Keep(message) } else { Deed::Say(message) };
    is_named(echoing(swap), ("reordered", "message 10"));
}

#[test]
fn one_that_never_came_is_missing() {
    let drop = |number, message| Deed::Say(if number == 10 { Vec::new() } else { message });
    is_named(echoing(drop), ("missing", "message 10"));
}

#[test]
fn one_that_came_twice_is_a_duplicate() {
    let again = |number, message: Vec<u8>| Deed::Say(message.repeat(if number == 10 { 2 } else { 1 }));
    is_named(echoing(again), ("duplicate", "message 10"));
}

#[test]
fn one_that_lacks_its_end_is_cut() {
    let cut = |number, message: Vec<u8>| Deed::Say(message[..if number == 10 { 40 } else { SIZE }].to_vec());
    is_named(echoing(cut), ("cut", "message 10, byte 40"));
}

#[test]
fn bytes_before_the_first_answer_are_surplus() {
    let greet = |mut peer: TcpStream| {
        peer.write_all(b"220 ready\r\n").unwrap();
        echo(&mut peer);
    };
    is_named(server(greet), ("surplus", "message 0, byte 0"));
}

#[test]
fn bytes_behind_the_last_answer_are_surplus() {
    let part = |mut peer: TcpStream| {
        echo(&mut peer);
        let _ = peer.write_all(b"bye\n");
    };
    is_named(server(part), ("surplus", "received \"bye\\n\""));
}

#[test]
fn a_reset_is_one() {
    is_named(
        echoing(|number, message| if number == 10 { Deed::Reset } else { Deed::Say(message) }),
        ("reset", "it was reset"),
    );
}

#[test]
fn who_stops_reading_stalls() {
    is_named(
        echoing(|number, message| if number == 10 { Deed::StopReading } else { Deed::Say(message) }),
        ("stalled", "nothing came for 800ms"),
    );
}

#[test]
fn who_spoils_every_answer_is_found_out_without_waiting() {
    let spoil = |_, mut message: Vec<u8>| {
        message[17] ^= 1;
        Deed::Say(message)
    };
    is_named(echoing(spoil), ("corrupt", "message 0, byte 17"));
}

#[test]
fn who_has_more_to_answer_than_the_time_allows_is_slow_and_not_silent() {
    // Some bytes at a time, so that a stream is far ahead of its answers when the time is over.
    let slow = |mut peer: TcpStream| {
        let mut buffer = [0; 4];
        while let Ok(count @ 1..) = peer.read(&mut buffer) {
            if peer.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    };
    is_fine(server(slow), &["--stream"]);
}

#[test]
fn a_load_that_is_broken_off_makes_nobody_silent() {
    // It answers nothing, in peace: its client is patient.
    let (told, heard) = channel();
    let addr = server(move |peer| listen(peer, &told)).to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["bench", &addr, "--json", "-c", "1", "-d", "60s", "--warmup", "0", "--idle-timeout", "30s"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    heard.recv_timeout(PATIENCE).unwrap();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    assert_eq!((ended.status.code(), kinds(&report)), (Some(130), vec![]), "{report}");
}

/// Reads to the end, and tells of the first byte.
fn listen(mut peer: TcpStream, told: &Sender<()>) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = peer.read(&mut buffer) {
        let _ = told.send(());
    }
}

#[test]
fn one_byte_at_a_time_is_right() {
    let trickle = |mut peer: TcpStream| {
        peer.set_nodelay(true).unwrap();
        let mut byte = [0];
        while let Ok(1) = peer.read(&mut byte) {
            if peer.write_all(&byte).is_err() {
                return;
            }
        }
    };
    let addr = server(trickle);
    is_fine(addr, &["--depth", "4"]);
    is_fine(addr, &["--rate", "300"]);
}
