//! Servers that misbehave, each in one way, and `sockeye bench` against them: each is named for what it does, and the run
//! ends.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use support::{Ended, reset, sockeye};

/// Bytes of a message; large enough to say which one it is.
const SIZE: usize = 64;

/// What a server does with the messages of one connection: given a message and its number, what goes back.
type Vice = fn(&mut TcpStream, u64, &[u8; SIZE]) -> io::Result<()>;

/// Serves for ever on threads that end with the process.
fn server(vice: Vice) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream, vice));
        }
    });
    address
}

fn serve(mut stream: TcpStream, vice: Vice) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut message = [0; SIZE];
    for number in 0.. {
        stream.read_exact(&mut message)?;
        vice(&mut stream, number, &message)?;
    }
    Ok(())
}

/// `bench` with one connection, `words`, and four messages under way unless they say otherwise.
fn press(address: &str, words: &str) -> (Ended, Value) {
    let depth = if words.contains("--depth") { "" } else { "--depth 4" };
    let usual =
        format!("-q bench {address} --json -c 1 {depth} -s {SIZE} --warmup 0 --idle-timeout 300ms --seed 7 {words}");
    let begun = Instant::now();
    let ended = sockeye(&usual.split_whitespace().collect::<Vec<_>>(), "");
    assert!(begun.elapsed() < Duration::from_secs(15), "{ended:?}");
    let document = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{e}: {ended:?}"));
    (ended, document)
}

/// The kinds of faults and how many of each.
fn faults(document: &Value) -> Vec<(String, u64)> {
    let faults = document["faults"].as_array().unwrap();
    faults.iter().map(|fault| (fault["kind"].as_str().unwrap().to_owned(), fault["count"].as_u64().unwrap())).collect()
}

/// Whether the run failed with just these faults, the first of which is told like this.
#[track_caller]
fn is_named(vice: Vice, words: &str, (wanted, first): (&[(&str, u64)], &str)) -> Value {
    let (ended, document) = press(&server(vice), words);
    let wanted: Vec<(String, u64)> = wanted.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
    assert_eq!(faults(&document), wanted, "{document}");
    let told = document["first_fault"]["what"].as_str().unwrap();
    assert!(told.contains(first), "{told}");
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    document
}

fn echo(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(message)
}

#[test]
fn a_changed_byte_is_corrupt() {
    let vice: Vice = |stream, number, message| {
        let mut message = *message;
        if number == 17 {
            message[30] ^= 1;
        }
        echo(stream, &message)
    };
    let document = is_named(vice, "-n 100", (&[("corrupt", 1)], "connection 0: message 17, byte 30: expected \""));
    assert_eq!(document["counts"]["answered"].as_u64(), Some(99), "{document}");
}

#[test]
fn a_changed_byte_is_corrupt_where_nothing_else_is_under_way() {
    let vice: Vice = |stream, number, message| {
        let mut message = *message;
        if number % 10 == 9 {
            message[0] ^= 1;
        }
        echo(stream, &message)
    };
    is_named(vice, "-n 50 --depth 1", (&[("corrupt", 5)], "message 9, byte 0: "));
}

#[test]
fn a_server_that_spoils_every_answer_is_found_out_at_once() {
    let vice: Vice = |stream, _, message| echo(stream, &message.map(|byte| byte ^ 1));
    for words in ["-n 100 --depth 1", "-n 100"] {
        let (ended, document) = press(&server(vice), words);
        assert_eq!(faults(&document), [("corrupt".to_owned(), 100)], "{document}");
        assert_eq!((ended.status.code(), document["counts"]["answered"].as_u64()), (Some(1), Some(0)), "{document}");
    }
}

#[test]
fn who_greets_before_the_load_begins_is_not_taken_for_an_answer_that_lets_more_go() {
    // The first byte comes with the connection, long before anything was said.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                stream.write_all(b"220 ready\r\n").and_then(|()| serve(stream, |s, _, m| echo(s, m)))
            });
        }
    });
    let (ended, document) = press(&address, "-n 50");
    assert_eq!(faults(&document), [("surplus".to_owned(), 11)], "{document}");
    assert_eq!(ended.status.code(), Some(1), "{document}");
}

#[test]
fn a_message_that_is_dropped_is_missing() {
    let vice: Vice = |stream, number, message| if number == 17 { Ok(()) } else { echo(stream, message) };
    let document = is_named(vice, "-n 100", (&[("missing", 1)], "message 17"));
    assert_eq!(document["counts"]["answered"].as_u64(), Some(99), "{document}");
}

#[test]
fn a_message_that_is_dropped_is_missing_also_where_it_is_the_only_one_under_way() {
    let vice: Vice = |stream, number, message| if number == 17 { Ok(()) } else { echo(stream, message) };
    is_named(vice, "-n 100 --depth 1", (&[("missing", 1)], "message 17"));
}

#[test]
fn a_message_that_comes_twice_is_a_duplicate() {
    let vice: Vice = |stream, number, message| {
        echo(stream, message)?;
        if number == 17 { echo(stream, message) } else { Ok(()) }
    };
    is_named(vice, "-n 100", (&[("duplicate", 1)], "message 17"));
}

#[test]
fn two_messages_that_are_swapped_are_reordered() {
    // The 17th of each connection waits for the next.
    thread_local!(static HELD: std::cell::Cell<Option<[u8; SIZE]>> = const { std::cell::Cell::new(None) });
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            HELD.set(Some(*message));
            return Ok(());
        }
        echo(stream, message)?;
        HELD.take().map_or(Ok(()), |held| echo(stream, &held))
    };
    let document = is_named(vice, "-n 100", (&[("reordered", 1)], "message 17"));
    assert_eq!(document["counts"]["answered"].as_u64(), Some(100), "{document}");
}

#[test]
fn a_message_that_lacks_bytes_is_cut() {
    let end: Vice = |stream, number, message| echo(stream, if number == 17 { &message[..50] } else { message });
    is_named(end, "-n 100", (&[("cut", 1)], "message 17"));
    let middle: Vice = |stream, number, message| {
        if number != 17 {
            return echo(stream, message);
        }
        echo(stream, &message[..20])?;
        echo(stream, &message[30..])
    };
    is_named(middle, "-n 100", (&[("cut", 1)], "message 17"));
}

#[test]
fn bytes_that_answer_nothing_are_surplus() {
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            echo(stream, b"hello there")?;
        }
        echo(stream, message)
    };
    is_named(vice, "-n 100", (&[("surplus", 11)], "message 17"));
}

#[test]
fn a_greeting_is_surplus() {
    let vice: Vice = |stream, number, message| {
        if number == 0 {
            echo(stream, b"220 ready\r\n")?;
        }
        echo(stream, message)
    };
    is_named(vice, "-n 100 --depth 1", (&[("surplus", 11)], "message 0"));
}

#[test]
fn bytes_behind_the_last_answer_are_surplus() {
    let vice: Vice = |stream, number, message| {
        echo(stream, message)?;
        if number == 99 { echo(stream, b"bye") } else { Ok(()) }
    };
    is_named(vice, "-n 100", (&[("surplus", 3)], "3 bytes"));
}

#[test]
fn a_server_that_closes_early_is_told_so() {
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            return stream.shutdown(std::net::Shutdown::Both);
        }
        echo(stream, message)
    };
    let document = is_named(vice, "-n 100 --depth 1", (&[("closed early", 1)], "message 17"));
    assert_eq!(document["counts"]["answered"].as_u64(), Some(17), "{document}");
}

#[test]
fn a_run_ends_where_nobody_is_left_who_talks() {
    let vice: Vice = |stream, number, message| {
        if number == 5 {
            return stream.shutdown(std::net::Shutdown::Both);
        }
        echo(stream, message)
    };
    // The idle one is still there, and what waits for a place has none any more.
    for words in ["-n 60 --depth 1 --hold 1", "-n 60 --depth 1 --rate 500"] {
        is_named(vice, words, (&[("closed early", 1)], "message 5"));
    }
}

#[test]
fn so_many_messages_of_a_rate_are_sent_and_no_more() {
    let slow: Vice = |stream, _, message| {
        // A server that takes its time.
        thread::sleep(Duration::from_millis(20));
        echo(stream, message)
    };
    let (_, document) = press(&server(slow), "-n 10 --rate 2000 --depth 1");
    let of = |name: &str| document["counts"][name].as_u64();
    assert_eq!((of("sent"), of("answered"), faults(&document)), (Some(10), Some(10), vec![]), "{document}");
}

#[test]
fn a_server_that_resets_is_told_so() {
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            reset(stream.try_clone()?);
            return Err(io::ErrorKind::Other.into());
        }
        echo(stream, message)
    };
    is_named(vice, "-n 100 --depth 1", (&[("reset", 1)], "message 17"));
}

#[test]
fn a_server_that_stops_is_stalled() {
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            // Until we are gone: it neither reads nor writes.
            loop {
                thread::park();
            }
        }
        echo(stream, message)
    };
    is_named(vice, "-n 100 --depth 1", (&[("stalled", 1)], "message 17"));
    let (ended, document) = press(&server(vice), "--rate 500 -d 1s");
    assert_eq!(faults(&document), [("stalled".to_owned(), 1)], "{document}");
    assert_eq!(ended.status.code(), Some(1));
    // True time, not that of the answers that came.
    let rate = document["rate"]["messages_per_s"].as_f64().unwrap();
    assert!(rate < 40.0, "{document}");
}

#[test]
fn a_server_that_stops_reading_a_stream_is_stalled() {
    let vice: Vice = |stream, number, message| {
        if number == 17 {
            loop {
                thread::park();
            }
        }
        echo(stream, message)
    };
    let address = server(vice);
    let words = format!("-q bench {address} --json -c 2 --stream -s {SIZE} --warmup 0 --idle-timeout 300ms -d 2s");
    let ended = sockeye(&words.split_whitespace().collect::<Vec<_>>(), "");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(faults(&document), [("stalled".to_owned(), 2)], "{document}");
    assert_eq!(ended.status.code(), Some(1));
}

#[test]
fn a_byte_at_a_time_is_right() {
    let vice: Vice = |stream, _, message| message.iter().try_for_each(|byte| echo(stream, &[*byte]));
    let (ended, document) = press(&server(vice), "-n 200");
    assert_eq!(faults(&document), [], "{document}");
    assert!(matches!(ended.status.code(), Some(0 | 3)), "a busy machine may be the limit: {ended:?}");
    assert_eq!(document["counts"]["answered"].as_u64(), Some(200));
}

#[test]
fn lengths_are_still_counted_where_bytes_are_not_compared() {
    let changed: Vice = |stream, _, message| echo(stream, &message.map(|byte| byte ^ 1));
    let (ended, document) = press(&server(changed), "-n 100 --no-verify");
    assert_eq!(faults(&document), [], "{document}");
    assert!(matches!(ended.status.code(), Some(0 | 3)), "a busy machine may be the limit: {ended:?}");
    let more: Vice = |stream, _, message| {
        echo(stream, message)?;
        echo(stream, b"x")
    };
    let (ended, document) = press(&server(more), "-n 100 --no-verify --depth 1");
    assert!(!faults(&document).is_empty(), "{document}");
    assert_eq!(ended.status.code(), Some(1));
}
