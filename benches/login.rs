//! What guessing costs others, and what it tells: echo beside 500 parallel wrong logins, and the time that known and
//! unknown names take.
//!
//! `cargo bench --bench login`, or `cargo bench --bench login -- SECONDS TRIES`. Every guesser has addresses of its own,
//! because one address is soon told to wait.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is a program of its own")]

/// The server under test.
mod server;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use server::Server;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<f64>().ok());
    let time = Duration::from_secs_f64(numbers.next().unwrap_or(20.0));
    let tries = numbers.next().unwrap_or(1000.0) as usize;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(tokio::task::LocalSet::new().run_until(async {
        flood(time).await;
        oracle(tries).await;
    }));
}

/// Echo's latency with and without guessers.
async fn flood(time: Duration) {
    let server = Server::start(&[], SERVICES);
    let idle = pings(&server, time / 2).await;
    let answers = std::rc::Rc::new(Answers::default());
    let login = server.addr_of("login");
    let guessers: Vec<_> = (0..GUESSERS)
        .map(|_| {
            let answers = std::rc::Rc::clone(&answers);
            tokio::task::spawn_local(async move {
                loop {
                    // Whoever is hung up on comes back.
                    let _ = guess(login, &answers).await;
                }
            })
        })
        .collect();
    let before = server.memory("VmRSS:");
    let loaded = pings(&server, time).await;
    guessers.iter().for_each(tokio::task::JoinHandle::abort);
    println!("echo, 64 B, one ping a millisecond: p50 and p99 in us");
    println!("  alone            {:>7} {:>7}", idle[0], idle[1]);
    println!("  {GUESSERS} wrong logins {:>7} {:>7}   (bound {})", loaded[0], loaded[1], 2 * idle[1] + 5000);
    println!("answers to guesses: {} denied, {} busy, {} other", answers.denied(), answers.busy(), answers.other());
    println!("memory: {} KiB before, {} KiB at most\n", before, server.memory("VmHWM:"));
}

/// How long a wrong password takes, for names that exist and names that do not.
async fn oracle(tries: usize) {
    let server = Server::start(&[], SERVICES);
    let login = server.addr_of("login");
    for number in 0..tries / 2 {
        let answer =
            Door::open(login).await.ask(&format!("REGISTER person{number} correct-horse-{number}")).await.unwrap();
        assert!(answer.starts_with("OK"), "{answer}");
    }
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..tries {
        let name = if number % 2 == 0 { "person" } else { "nobody" };
        let mut door = Door::open(login).await;
        let start = Instant::now();
        let answer = door.ask(&format!("LOGIN {name}{} wrong-horse-battery", number / 2)).await.unwrap();
        times[number % 2].push(start.elapsed().as_micros());
        assert!(answer.starts_with("ERR denied"), "{answer}");
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let difference = (known as f64 / unknown as f64 - 1.0) * 100.0;
    println!("{tries} wrong passwords, median in us: known names {known}, unknown {unknown} ({difference:+.2} %)");
}

#[derive(Default)]
struct Answers([AtomicU64; 3]);

impl Answers {
    fn count(&self, answer: &str) {
        let kind = ["ERR denied", "ERR busy"].iter().position(|kind| answer.starts_with(kind)).unwrap_or(2);
        self.0[kind].fetch_add(1, Relaxed);
    }

    fn denied(&self) -> u64 {
        self.0[0].load(Relaxed)
    }

    fn busy(&self) -> u64 {
        self.0[1].load(Relaxed)
    }

    fn other(&self) -> u64 {
        self.0[2].load(Relaxed)
    }
}

async fn guess(login: SocketAddr, answers: &Answers) -> Option<()> {
    let mut door = Door::open(login).await;
    loop {
        let number = NEXT.fetch_add(1, Relaxed);
        answers.count(&door.ask(&format!("LOGIN guess{number} wrong-horse-battery")).await?);
    }
}

/// A conversation from an address that nobody has used before.
struct Door(BufReader<TcpStream>);

impl Door {
    async fn open(login: SocketAddr) -> Self {
        let ip = Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + NEXT.fetch_add(1, Relaxed));
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddrV4::new(ip, 0).into()).unwrap();
        let mut door = Self(BufReader::new(socket.connect(login).await.unwrap()));
        door.hear().await;
        door
    }

    async fn ask(&mut self, question: &str) -> Option<String> {
        self.0.get_mut().write_all(format!("{question}\n").as_bytes()).await.ok()?;
        self.hear().await
    }

    async fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.ok().filter(|count| *count > 0).map(|_| line)
    }
}

/// p50 and p99 in microseconds.
async fn pings(server: &Server, time: Duration) -> [u64; 2] {
    let mut stream = TcpStream::connect(server.addr_of("echo")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (start, mut times, mut back) = (Instant::now(), Vec::new(), [0; 64]);
    let mut ticks = tokio::time::interval(Duration::from_millis(1));
    while start.elapsed() < time {
        ticks.tick().await;
        let sent = Instant::now();
        stream.write_all(&[b'x'; 64]).await.unwrap();
        stream.read_exact(&mut back).await.unwrap();
        times.push(sent.elapsed().as_micros() as u64);
    }
    times.sort_unstable();
    [times[times.len() / 2], times[times.len() * 99 / 100]]
}

const SERVICES: &[&str] = &["echo", "login", "--data", ":memory:"];
const GUESSERS: usize = 500;
static NEXT: AtomicU32 = AtomicU32::new(1);
