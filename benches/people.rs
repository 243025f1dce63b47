//! Durable introductions a second: strangers at the door of `identify`, each from an address of its own, 64 at a time.
//!
//! `cargo bench --bench people`, or `cargo bench --bench people -- ROUNDS SECONDS`. Every introduction is a connection,
//! a look-up, a name, and an acknowledgement after the name is on disk. Where perf is at hand, a last round counts
//! how often the server had to wait for the disk.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is a program of its own")]

/// The server under test.
mod server;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::Command;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use server::Server;
use socket2::{Domain, Socket, Type};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<f64>().ok());
    let rounds = numbers.next().unwrap_or(5.0) as usize;
    let time = Duration::from_secs_f64(numbers.next().unwrap_or(3.0));
    let mut rates: Vec<f64> = (0..rounds).map(|_| introductions(time, &[]).0).collect();
    rates.sort_by(f64::total_cmp);
    println!("{VISITORS} visitors at a time, {rounds} rounds of {time:?}");
    println!("introductions a second: median {:.0}, all {rates:.0?}", rates[rates.len() / 2]);
    if Command::new("perf").arg("--version").output().is_ok() {
        let folder = tempfile::tempdir().unwrap();
        let counts = folder.path().join("counts");
        let events = "syscalls:sys_enter_fsync,syscalls:sys_enter_fdatasync";
        let (rate, done) = introductions(time, &["perf", "stat", "-e", events, "-o", counts.to_str().unwrap()]);
        println!(
            "
{done} introductions ({rate:.0} a second) while perf counted:"
        );
        println!("{}", fs::read_to_string(counts).unwrap());
    }
}

/// How many a second, and how many.
fn introductions(time: Duration, wrapper: &[&str]) -> (f64, u64) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    let server = Server::start(wrapper, &["identify", "--data", data.to_str().unwrap()]);
    let (start, mut hall) = (Instant::now(), Hall::new(server.addr_of("identify")));
    hall.run(time);
    let (rate, done) = (hall.done as f64 / start.elapsed().as_secs_f64(), hall.done);
    drop(hall);
    server.stop();
    (rate, done)
}

/// Visitors on their way through the door.
struct Hall {
    poll: Poll,
    addr: SocketAddr,
    visitors: Vec<Visitor>,
    next: u32,
    done: u64,
}

struct Visitor {
    stream: TcpStream,
    name: String,
    heard: Vec<u8>,
    asked: bool,
}

impl Hall {
    fn new(addr: SocketAddr) -> Self {
        Self { poll: Poll::new().unwrap(), addr, visitors: Vec::new(), next: 0, done: 0 }
    }

    fn run(&mut self, time: Duration) {
        let start = Instant::now();
        for place in 0..VISITORS {
            let visitor = self.visitor(place);
            self.visitors.push(visitor);
        }
        let (mut events, mut leaving) = (Events::with_capacity(256), 0);
        while leaving < VISITORS {
            self.poll.poll(&mut events, Some(Duration::from_secs(10))).unwrap();
            assert!(!events.is_empty(), "nobody is answered");
            for event in &events {
                let place = event.token().0;
                if self.visitors[place].attend() {
                    self.done += 1;
                    if start.elapsed() < time {
                        self.visitors[place] = self.visitor(place);
                    } else {
                        leaving += 1;
                    }
                }
            }
        }
    }

    /// A stranger: nobody has come from this address before.
    fn visitor(&mut self, place: usize) -> Visitor {
        self.next += 1;
        let ip = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + self.next);
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddrV4::new(ip, 0).into()).unwrap();
        socket.connect(&self.addr.into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::from_std(socket.into());
        self.poll.registry().register(&mut stream, Token(place), Interest::READABLE).unwrap();
        Visitor { stream, name: format!("visitor {}", self.next), heard: Vec::new(), asked: false }
    }
}

impl Visitor {
    /// Whether it has been greeted and has left.
    fn attend(&mut self) -> bool {
        let mut buf = [0; 512];
        let ended = loop {
            match self.stream.read(&mut buf) {
                Ok(0) => break true,
                Ok(count) => self.heard.extend_from_slice(&buf[..count]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break false,
                Err(e) => panic!("{}: {e}", self.name),
            }
        };
        if !self.asked && self.heard.ends_with(b"\n") {
            assert_eq!(self.heard, b"What is your name?\n");
            self.asked = true;
            self.stream.write_all(format!("{}\n", self.name).as_bytes()).unwrap();
        }
        if ended {
            let expected = format!("What is your name?\nNice to meet you, {}!\n", self.name);
            assert_eq!(String::from_utf8_lossy(&self.heard), expected);
        }
        ended
    }
}

const VISITORS: usize = 64;
