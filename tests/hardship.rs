//! What a server has to bear: peers that do not read, do not talk or do not say goodbye, too many of them, and signals.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use socket2::SockRef;
use support::{Served, connect_from, eventually, patient, pattern, ping, reset, rest_of, stream_through};

const ECHO: &[&str] = &["echo=127.0.0.1:0"];

fn echo(words: &[&str]) -> Served {
    Served::start(&[ECHO, words].concat())
}

// ---- half-close ----

#[test]
fn echo_gives_everything_back_after_half_close_and_then_its_own_end() {
    for words in [&[][..], &["--splice"], &["--chunk", "1024"]] {
        let server = echo(words);
        for length in [0, 1, 300_000] {
            let bytes = pattern(length);
            assert!(stream_through(server.connect(), &bytes, rest_of) == bytes, "{length} bytes, {words:?}");
        }
        let ended = server.stop();
        assert_eq!(ended.stdout.matches("disconnected (peer closed").count(), 3, "{ended:?}");
    }
}

#[test]
fn a_hundred_megabytes_come_back_whole() {
    let server = echo(&[]);
    let bytes = pattern(100_000_000);
    let back = stream_through(server.connect(), &bytes, |mut client| {
        let (mut block, mut at) = (vec![0; 1 << 20], 0);
        loop {
            let count = client.read(&mut block).unwrap();
            if count == 0 {
                return at;
            }
            assert!(block[..count] == bytes[at..at + count], "a difference after byte {at}");
            at += count;
        }
    });
    assert_eq!(back, bytes.len());
}

#[test]
fn a_slow_reader_gets_everything_after_half_close() {
    let server = echo(&[]);
    let client = server.connect();
    SockRef::from(&client).set_recv_buffer_size(64 * 1024).unwrap();
    let bytes = pattern(3_000_000);
    let back = stream_through(client, &bytes, |mut client| {
        let (mut back, mut block) = (Vec::new(), [0; 1500]);
        loop {
            match client.read(&mut block).unwrap() {
                0 => return back,
                count => back.extend_from_slice(&block[..count]),
            }
            thread::yield_now();
        }
    });
    assert!(back == bytes, "{} of {} bytes", back.len(), bytes.len());
}

// ---- peers that misbehave ----

/// Writes until nothing is taken any more; says how much was.
fn write_until_stuck(client: &mut TcpStream) -> usize {
    client.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let block = pattern(1 << 20);
    std::iter::from_fn(|| client.write(&block).ok()).sum()
}

#[test]
fn peers_that_never_read_are_stopped_by_backpressure_at_a_bounded_price() {
    const DEAF: usize = 20;
    for services in [&["echo=127.0.0.1:0"], &["upper=127.0.0.1:0"]] {
        let server = Served::start(services);
        let mut other = server.connect();
        ping(&mut other, b"WARM UP");
        let before = server.memory();
        let mut deaf: Vec<TcpStream> = (0..DEAF).map(|_| server.connect()).collect();
        let stuck: Vec<usize> = thread::scope(|scope| {
            let writing: Vec<_> = deaf.iter_mut().map(|client| scope.spawn(|| write_until_stuck(client))).collect();
            writing.into_iter().map(|client| client.join().unwrap()).collect()
        });
        for _ in 0..100 {
            ping(&mut other, b"NOT DELAYED");
        }
        let each = server.memory().saturating_sub(before) / DEAF as u64;
        assert!(each <= 256 * 1024, "{each} bytes for each deaf peer of {services:?}; they wrote {stuck:?}");
    }
}

#[test]
fn resets_half_messages_and_silence_harm_nobody() {
    let server = echo(&[]);
    let mut other = server.connect();
    let _silent: Vec<TcpStream> = (0..10).map(|_| server.connect()).collect();
    for round in 0..50 {
        let mut client = server.connect();
        match round % 3 {
            0 => reset(client),
            1 => {
                ping(&mut client, b"x");
                reset(client);
            }
            _ => {
                // Gone in the middle of a write, with answers unread.
                client.set_nonblocking(true).unwrap();
                let _ = client.write(&pattern(1 << 20));
                drop(client);
            }
        }
        ping(&mut other, b"still here");
    }
    drop(other);
    let ended = server.stop();
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stdout.contains("disconnected (reset"), "{ended:?}");
}

// ---- too many ----

/// Whether the server says something to this client within a moment.
fn is_served(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    matches!(client.read(&mut [0]), Ok(1))
}

#[test]
fn without_descriptors_it_neither_spins_nor_babbles_and_goes_on_when_one_leaves() {
    let server = Served::with_descriptors(64, &["echo=127.0.0.1:0", "--workers", "1"]);
    let mut waiting: Vec<TcpStream> = (0..200).map(|_| server.connect()).collect();
    waiting.iter_mut().for_each(|client| client.write_all(b"x").unwrap());
    let mut served = Vec::new();
    eventually("it is full", || {
        let (now, still): (Vec<_>, Vec<_>) = waiting.drain(..).partition_map(is_served);
        served.extend(now);
        waiting = still;
        server.said().0.contains("cannot accept")
    });
    let (cpu, lines, start) = (server.cpu(), server.said().0.lines().count(), Instant::now());
    while start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(50));
    }
    let seconds = start.elapsed().as_secs_f64();
    let share = (server.cpu() - cpu).as_secs_f64() / seconds;
    let babble = (server.said().0.lines().count() - lines) as f64 / seconds;
    assert!(share < 0.1, "it used {share:.2} of a core while it waited");
    assert!(babble <= 2.0, "{babble:.1} lines a second");

    let mut shortest = Duration::MAX;
    for _ in 0..10 {
        let mut leaving = served.pop().expect("somebody was served");
        ping(&mut leaving, b"y");
        drop(leaving);
        let left = Instant::now();
        let next = loop {
            if let Some(at) = waiting.iter_mut().position(is_served) {
                break at;
            }
            assert!(left.elapsed() < support::PATIENCE, "nobody was let in after one left");
        };
        served.push(patient(waiting.swap_remove(next)));
        shortest = shortest.min(left.elapsed());
    }
    assert!(shortest < Duration::from_millis(150), "the best of ten took {shortest:?}");
}

/// `Iterator::partition` for a test that needs the item mutable.
trait PartitionMap: Iterator<Item = TcpStream> + Sized {
    fn partition_map(self, is_so: fn(&mut TcpStream) -> bool) -> (Vec<TcpStream>, Vec<TcpStream>) {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for mut client in self {
            if is_so(&mut client) { yes.push(patient(client)) } else { no.push(client) }
        }
        (yes, no)
    }
}

impl<I: Iterator<Item = TcpStream>> PartitionMap for I {}

#[test]
fn over_a_limit_one_line_says_so_and_the_rest_is_unaffected() {
    for service in ["echo", "upper"] {
        let place = format!("{service}=127.0.0.1:0");
        let server = Served::start(&[&place, "--max-conns", "2"]);
        let (mut first, mut second) = (server.connect(), server.connect());
        ping(&mut first, b"1");
        ping(&mut second, b"2");
        let mut third = server.connect();
        third.write_all(b"let me in").unwrap();
        assert_eq!(String::from_utf8(rest_of(third)).unwrap(), "Server full (limit 2)\n");
        ping(&mut first, b"3");
        drop(second);
        eventually("a place comes free", || {
            let mut next = server.connect();
            next.write_all(b"X").unwrap();
            let mut answer = [0; 1];
            next.read_exact(&mut answer).unwrap();
            answer == *b"X"
        });
        let ended = server.stop_now();
        assert!(ended.stdout.contains("disconnected (limit, 0 bytes in, 0 bytes out"), "{ended:?}");
    }
}

#[test]
fn one_address_cannot_take_the_places_of_another() {
    let server = echo(&["--max-conns-per-ip", "1"]);
    let mut first = server.connect();
    ping(&mut first, b"1");
    let refused = String::from_utf8(rest_of(server.connect())).unwrap();
    assert_eq!(refused, "Too many connections from your address (limit 1)\n");
    ping(&mut connect_from([127, 0, 0, 9], server.addr()).unwrap(), b"2");
}

#[test]
fn what_is_idle_is_closed_and_nothing_else() {
    for service in ["echo", "upper"] {
        let place = format!("{service}=127.0.0.1:0");
        let server = Served::start(&[&place, "--idle-timeout", "300ms"]);
        let (idle, mut busy) = (server.connect(), server.connect());
        let closed = thread::spawn(move || rest_of(idle));
        while !closed.is_finished() {
            ping(&mut busy, b"BUSY");
        }
        assert_eq!(closed.join().unwrap(), b"");
        ping(&mut busy, b"BUSY");
        drop(busy);
        let ended = server.stop();
        assert_eq!(ended.stdout.matches("disconnected (timed out").count(), 1, "{ended:?}");
        assert_eq!(ended.stdout.matches("disconnected (peer closed").count(), 1, "{ended:?}");
    }
}

#[test]
fn a_thousand_at_once_leave_nothing_behind() {
    const MANY: usize = 1000;
    for service in ["echo", "upper"] {
        let server = Served::start(&[&format!("{service}=127.0.0.1:0")]);
        let wave = || {
            let mut clients: Vec<TcpStream> = (0..MANY).map(|_| server.connect()).collect();
            clients.iter_mut().for_each(|client| client.write_all(b"HELLO").unwrap());
            clients.iter_mut().for_each(|client| client.read_exact(&mut [0; 5]).unwrap());
        };
        let idle = server.descriptors();
        wave();
        eventually("all descriptors are back", || server.descriptors() == idle);
        let (before, threads) = (server.memory(), threads(&server));
        wave();
        wave();
        eventually("all descriptors are back", || server.descriptors() == idle);
        let after = server.memory();
        assert!(after <= before + before / 5, "{service}: {before} bytes before, {after} after");
        assert_eq!(crate::threads(&server), threads);
        let ended = server.stop();
        assert!(ended.status.success(), "{ended:?}");
        assert!(ended.stdout.contains(&format!("stopped ({} connections", 3 * MANY)), "{ended:?}");
    }
}

fn threads(server: &Served) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", server.pid().as_raw_pid())).unwrap().count()
}

// ---- signals ----

#[test]
fn who_was_turned_away_holds_up_no_end() {
    let server = Served::start(&["upper=127.0.0.1:0", "--max-conns", "1", "--drain", "0"]);
    let mut first = server.connect();
    ping(&mut first, b"FIRST");
    let mut refused = server.connect();
    refused.read_exact(&mut [0; 6]).unwrap();
    let ended = server.stop();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("waiting"), "{ended:?}");
}

#[test]
fn a_signal_ends_accepting_and_lets_conversations_end() {
    for (signal, service) in [(Signal::TERM, "echo"), (Signal::INT, "upper")] {
        let server = Served::start(&[&format!("{service}=127.0.0.1:0"), "--drain", "60s"]);
        let mut client = server.connect();
        ping(&mut client, b"BEFORE");
        server.signal(signal);
        eventually("the drain begins", || server.said().1.contains("waiting up to 60s for 1 conversation to end"));
        eventually("nobody is let in any more", || TcpStream::connect(server.addr()).is_err());
        ping(&mut client, b"AFTER");
        assert_eq!(stream_through(client, b"LAST", rest_of), b"LAST");
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        assert!(ended.stdout.contains("disconnected (peer closed, 15 bytes in, 15 bytes out"), "{ended:?}");
    }
}

#[test]
fn when_the_drain_is_over_what_is_left_is_closed() {
    let server = echo(&["--drain", "100ms"]);
    let mut idle = server.connect();
    ping(&mut idle, b"x");
    server.signal(Signal::TERM);
    assert_eq!(rest_of(idle), b"");
    let ended = server.wait();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("disconnected (shutdown, 1 bytes in, 1 bytes out"), "{ended:?}");
}

#[test]
fn an_answer_that_was_cut_is_no_success() {
    for service in ["echo", "upper"] {
        let server = Served::start(&[&format!("{service}=127.0.0.1:0"), "--drain", "100ms"]);
        let mut deaf = server.connect();
        write_until_stuck(&mut deaf);
        let ended = server.stop();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("1 conversation was cut"), "{ended:?}");
    }
}

#[test]
fn a_second_signal_ends_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let server = echo(&["--drain", "1h"]);
        let mut idle = server.connect();
        ping(&mut idle, b"x");
        server.signal(signal);
        eventually("the drain begins", || server.said().1.contains("waiting"));
        server.signal(signal);
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert!(ended.stdout.contains("disconnected (shutdown"), "{ended:?}");
    }
}
