//! What messages cost: text services and framed echo against bare echo, in turn, within one run.
//!
//! `cargo bench --bench messages`, or `cargo bench --bench messages -- ROUNDS SECONDS`. One thread keeps 50 connections
//! busy, one question in flight on each, and compares every answer. Only the ratios mean anything.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is a program of its own")]

/// The server under test.
mod server;

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use server::Server;

/// A server and what is said to it.
struct Lane {
    name: &'static str,
    words: &'static [&'static str],
    question: Vec<u8>,
    /// As the answer has to be; `None` where only its length is known.
    answer: Result<Vec<u8>, usize>,
}

fn lanes() -> Vec<Lane> {
    let line = || [&[b'x'; 63][..], b"\n"].concat();
    let framed = || [&[0, 0, 0, 60][..], &[b'x'; 60]].concat();
    let digits = || [&b"        54"[..], &[b'x'; 54]].concat();
    let echo = |name, words, question: Vec<u8>| Lane { name, words, answer: Ok(question.clone()), question };
    let unknown = || Ok(b"Unknown command\n".to_vec());
    vec![
        echo("echo", &["echo"], line()),
        echo("echo lines", &["echo", "--framing", "lines"], line()),
        echo("echo u32be", &["echo", "--framing", "u32be"], framed()),
        echo("echo ascii10", &["echo", "--framing", "ascii10"], digits()),
        Lane { name: "greet", words: &["greet", "--framing", "lines"], question: line(), answer: unknown() },
        Lane {
            name: "greet Time",
            words: &["greet", "--framing", "lines"],
            question: b"Time\n".to_vec(),
            answer: Err(26),
        },
        Lane { name: "utc", words: &["utc", "--framing", "lines"], question: line(), answer: unknown() },
        Lane { name: "utc TIME", words: &["utc", "--framing", "lines"], question: b"TIME\n".to_vec(), answer: Err(21) },
    ]
}

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<f64>().ok());
    let rounds = numbers.next().unwrap_or(5.0) as usize;
    let time = Duration::from_secs_f64(numbers.next().unwrap_or(2.0));
    let mut lanes: Vec<(Lane, Vec<[f64; 2]>)> = lanes().into_iter().map(|lane| (lane, Vec::new())).collect();
    for round in 0..rounds {
        let shift = round % lanes.len();
        lanes.rotate_left(shift);
        for (lane, figures) in &mut lanes {
            figures.push(press(lane, time));
        }
        lanes.rotate_right(shift);
    }
    let echo = lanes[0].1.clone();
    println!("{CONNECTIONS} connections, {rounds} rounds of {time:?}, medians\n");
    println!("{:14} {:>10} {:>14} {:>12} {:>10}", "", "msg/s", "server us/msg", "of echo", "");
    for (lane, figures) in &lanes {
        let ratios = figures.iter().zip(&echo).map(|(ours, echo)| ours[0] / echo[0]).collect();
        let (rate, cpu) =
            (median(figures.iter().map(|f| f[0]).collect()), median(figures.iter().map(|f| f[1]).collect()));
        println!("{:14} {rate:>10.0} {cpu:>14.2} {:>12.2}", lane.name, median(ratios));
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Messages a second, and the server's microseconds of CPU for each.
fn press(lane: &Lane, time: Duration) -> [f64; 2] {
    let server = Server::start(&[], lane.words);
    let mut load = Load::connect(server.addr_of(lane.words[0]));
    load.run(lane, Duration::from_millis(200));
    let (cpu, start) = (server.cpu(), Instant::now());
    let done = load.run(lane, time) as f64;
    [done / start.elapsed().as_secs_f64(), (server.cpu() - cpu).as_secs_f64() * 1e6 / done]
}

/// Connections that each wait for one answer.
struct Load {
    poll: Poll,
    peers: Vec<(TcpStream, Vec<u8>)>,
}

impl Load {
    fn connect(addr: SocketAddr) -> Self {
        let poll = Poll::new().unwrap();
        let peer = |number| {
            let stream = std::net::TcpStream::connect(addr).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_nonblocking(true).unwrap();
            let mut stream = TcpStream::from_std(stream);
            poll.registry().register(&mut stream, Token(number), Interest::READABLE).unwrap();
            (stream, Vec::new())
        };
        let peers = (0..CONNECTIONS).map(peer).collect();
        Self { poll, peers }
    }

    /// Asks until the time is over, waits for the last answers, and gives how many there were.
    fn run(&mut self, lane: &Lane, time: Duration) -> u64 {
        let expected = lane.answer.as_ref().map_or_else(|length| *length, Vec::len);
        let (start, mut done, mut waiting) = (Instant::now(), 0, self.peers.len());
        let (mut events, mut buf) = (Events::with_capacity(1024), vec![0; 4096]);
        for (stream, _) in &mut self.peers {
            stream.write_all(&lane.question).unwrap();
        }
        while waiting > 0 {
            self.poll.poll(&mut events, Some(Duration::from_secs(5))).unwrap();
            assert!(!events.is_empty(), "{}: an answer is missing", lane.name);
            for event in &events {
                let (stream, got) = &mut self.peers[event.token().0];
                loop {
                    match stream.read(&mut buf) {
                        Ok(0) => panic!("{}: the server closed", lane.name),
                        Ok(count) => got.extend_from_slice(&buf[..count]),
                        Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                        Err(e) => panic!("{}: {e}", lane.name),
                    }
                    if got.len() < expected {
                        continue;
                    }
                    match &lane.answer {
                        Ok(answer) => assert_eq!(got, answer, "{}", lane.name),
                        Err(length) => assert_eq!(got.len(), *length, "{}: {got:?}", lane.name),
                    }
                    got.clear();
                    done += 1;
                    if start.elapsed() < time {
                        stream.write_all(&lane.question).unwrap();
                    } else {
                        waiting -= 1;
                    }
                    // A short read has emptied the socket.
                    break;
                }
            }
        }
        done
    }
}

const CONNECTIONS: usize = 50;
