//! The byte loop: an event loop for services that send back what arrives. One thread, edge-triggered readiness, one
//! shared buffer, each answer sent at once; an idle connection holds no buffer, and a peer that does not read is not
//! read from. What it must know of the world above it asks its `Host`. `docs/performance.md` has the measurements.

/// One connection: reads, sends back, keeps what the peer would not take yet.
mod connection;
/// What the loop must know of the world above it.
mod host;
/// Looking for work a little before sleeping, while that pays.
mod spin;
/// Bytes that go from socket to socket inside the kernel.
#[cfg(target_os = "linux")]
mod splice;

use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use super::Ending;
use connection::{Connection, Round, Turn, Until};
use spin::Spin;

pub(crate) use host::{Host, Orders};

/// How bytes are handled, the same for all connections of a loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handling {
    /// Bytes taken at once, from 1 to [`LARGEST_READ`].
    pub(crate) chunk: usize,
    /// A connection on which nothing moves for this long is closed.
    pub(crate) idle: Option<Duration>,
    pub(crate) copying: Copying,
}

/// Where bytes pass through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copying {
    /// Our own buffer.
    Buffer,
    /// A pipe inside the kernel once a connection streams: no copies through our memory, at a lower rate.
    Splice,
}

/// The most that is read at once. Not 64 KiB: that is one loopback segment (65,483 bytes) and a tail of 53, which a
/// pacing congestion control punishes with half the rate (`docs/performance.md`).
pub(crate) const LARGEST_READ: usize = 60 * 1024;

/// An event loop for one worker.
pub(crate) struct ByteLoop<H: Host> {
    host: H,
    orders: Orders,
    poll: Poll,
    waker: Arc<Waker>,
    doors: Vec<TcpListener>,
    /// Doors where more connections may wait than one turn took.
    crowded: Vec<usize>,
    /// While descriptors are exhausted: when to try again.
    paused_until: Option<Instant>,
    connections: Slab<Connection<H::Guest>>,
    /// Connections that have used up their turn and may have more.
    again: Vec<usize>,
    /// How many of the connections have been turned away and are only waited for.
    turned_away: usize,
    buffer: Box<[u8]>,
    handling: Handling,
    spin: Spin,
    clock: Clock,
}

/// The time of the current round, in the milliseconds that a connection remembers.
struct Clock {
    start: Instant,
    now: Instant,
    next_sweep: Instant,
}

impl<H: Host> ByteLoop<H> {
    /// A loop that accepts at `doors`.
    ///
    /// # Errors
    /// Where the system grants no event queue.
    pub(crate) fn new(host: H, doors: Vec<std::net::TcpListener>, handling: Handling) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut doors: Vec<TcpListener> = doors.into_iter().map(TcpListener::from_std).collect();
        for (number, door) in doors.iter_mut().enumerate() {
            poll.registry().register(door, token_of_door(number), Interest::READABLE)?;
        }
        let start = Instant::now();
        Ok(Self {
            orders: host.orders(),
            host,
            poll,
            waker,
            doors,
            crowded: Vec::new(),
            paused_until: None,
            connections: Slab::new(),
            again: Vec::new(),
            turned_away: 0,
            buffer: vec![0; handling.chunk.clamp(1, LARGEST_READ)].into(),
            handling,
            spin: Spin::default(),
            clock: Clock { start, now: start, next_sweep: start },
        })
    }

    /// Wakes the loop to ask its host for orders, from any thread.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Serves until the host orders otherwise and everybody has left.
    ///
    /// # Errors
    /// Where the event queue itself fails; connections are then dropped.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(MOST_EVENTS);
        while self.orders == Orders::Serve || self.orders == Orders::Drain && !self.is_empty() {
            self.wait(&mut events)?;
            events.iter().for_each(|event| self.attend(event));
            self.give_second_turns();
            self.sweep();
        }
        self.close_all();
        Ok(())
    }

    /// Whether nobody is left but those who were turned away.
    fn is_empty(&self) -> bool {
        self.connections.len() == self.turned_away
    }

    fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let pending = !self.again.is_empty() || !self.crowded.is_empty();
        let found = !pending
            && self.spin.is_worthwhile()
            && self.spin.look(|| {
                look(&mut self.poll, events, Some(Duration::ZERO))?;
                Ok(!events.is_empty())
            })?;
        if !found {
            let timeout = if pending { Some(Duration::ZERO) } else { self.until_next_duty() };
            self.spin.falls_asleep();
            look(&mut self.poll, events, timeout)?;
        }
        self.spin.woke(events);
        // Nobody asks for the time but the sweep, the pause, and whoever is accepted.
        if self.sweeps().is_some() || self.paused_until.is_some() {
            self.clock.now = Instant::now();
        }
        Ok(())
    }

    /// How long nothing needs to be done by itself.
    fn until_next_duty(&self) -> Option<Duration> {
        let sweep = self.sweeps().map(|_| self.clock.next_sweep);
        let due = sweep.into_iter().chain(self.paused_until).min()?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn attend(&mut self, event: &Event) {
        match event.token() {
            WAKER => self.obey(),
            token => match door_of_token(token, self.doors.len()) {
                Some(door) => self.accept(door),
                None => self.turn(token.0, Until::of(event)),
            },
        }
    }

    fn obey(&mut self) {
        self.orders = self.host.orders();
        if self.orders > Orders::Serve {
            self.doors.clear();
            self.crowded.clear();
            self.paused_until = None;
        }
    }

    fn give_second_turns(&mut self) {
        for key in std::mem::take(&mut self.again) {
            if let Some(connection) = self.connections.get_mut(key) {
                connection.leave_queue();
                self.turn(key, Until::WouldBlock);
            }
        }
        for door in std::mem::take(&mut self.crowded) {
            self.accept(door);
        }
        if self.paused_until.is_some_and(|until| until <= self.clock.now) {
            self.accept_again();
        }
    }

    fn accept(&mut self, door: usize) {
        self.clock.now = Instant::now();
        for _ in 0..ACCEPTS_A_TURN {
            let Some(listener) = self.doors.get(door) else { return };
            match listener.accept() {
                Ok((stream, peer)) => self.welcome(door, stream, peer),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if concerns_one_peer(&e) => {}
                Err(e) => {
                    self.paused_until = Some(self.clock.now + ACCEPT_PAUSE);
                    return self.host.cannot_accept(door, e);
                }
            }
        }
        if !self.crowded.contains(&door) {
            self.crowded.push(door);
        }
    }

    fn accept_again(&mut self) {
        self.paused_until = None;
        (0..self.doors.len()).for_each(|door| self.accept(door));
    }

    fn welcome(&mut self, door: usize, mut stream: TcpStream, peer: SocketAddr) {
        let guest = match self.host.admit(door, &stream, peer) {
            Ok(guest) => Some(guest),
            Err(line) => {
                // Somebody who is turned away may be gone already.
                let _ = stream.write_all(line.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
                if self.turned_away == MOST_TURNED_AWAY {
                    return;
                }
                self.turned_away += 1;
                None
            }
        };
        let entry = self.connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self.poll.registry().register(&mut stream, Token(entry.key()), interest) {
            Ok(()) => drop(entry.insert(Connection::new(stream, (door, guest), self.clock.tick()))),
            Err(e) => match guest {
                Some(guest) => self.host.left(door, guest, (Ending::Failed(e), 0)),
                None => self.turned_away -= 1,
            },
        }
    }

    fn turn(&mut self, key: usize, until: Until) {
        // A connection that ended earlier in the same round has no turn any more.
        let Some(connection) = self.connections.get_mut(key) else { return };
        let (host, buffer) = (&mut self.host, &mut *self.buffer);
        let mut round = Round { host, buffer, now: self.clock.tick(), copying: self.handling.copying, received: 0 };
        let turn = connection.turn(&mut round, until);
        self.spin.saw(round.received);
        match turn {
            Turn::Waits => {}
            Turn::MayHaveMore => {
                if connection.queue() {
                    self.again.push(key);
                }
            }
            Turn::Ended(ending) => self.end(key, ending),
        }
    }

    fn end(&mut self, key: usize, ending: Ending) {
        let connection = self.connections.remove(key);
        let (door, unsent) = (connection.door(), connection.unsent());
        match connection.into_guest() {
            Some(guest) => self.host.left(door, guest, (ending, unsent)),
            None => self.turned_away -= 1,
        }
        if self.paused_until.is_some() {
            self.accept_again();
        }
    }

    /// How often connections must be looked at for having been silent too long; `None` where none can be.
    fn sweeps(&self) -> Option<Duration> {
        let idle = self.handling.idle.map(|idle| idle / 16);
        let away = (self.turned_away > 0).then_some(TURNED_AWAY_FOR / 8);
        idle.into_iter().chain(away).min().map(|every| every.clamp(SHORTEST_SWEEP, LONGEST_SWEEP))
    }

    fn sweep(&mut self) {
        let Some(every) = self.sweeps() else { return };
        if self.clock.now < self.clock.next_sweep {
            return;
        }
        self.clock.next_sweep = self.clock.now + every;
        let now = self.clock.tick();
        let limit = |connection: &Connection<H::Guest>| match connection.is_turned_away() {
            true => Some(TURNED_AWAY_FOR),
            false => self.handling.idle,
        };
        let silent = |c: &Connection<H::Guest>| limit(c).is_some_and(|limit| c.silent_for(now) >= limit);
        let late: Vec<usize> = self.connections.iter().filter(|(_, c)| silent(c)).map(|(key, _)| key).collect();
        late.into_iter().for_each(|key| self.end(key, Ending::TimedOut));
    }

    fn close_all(&mut self) {
        for connection in self.connections.drain() {
            let (door, unsent) = (connection.door(), connection.unsent());
            if let Some(guest) = connection.into_guest() {
                self.host.left(door, guest, (Ending::Shutdown, unsent));
            }
        }
    }
}

impl Clock {
    /// Milliseconds since the loop began; they wrap after 49 days, which differences survive.
    fn tick(&self) -> u32 {
        (self.now - self.start).as_millis() as u32
    }
}

fn look(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(e) if e.kind() == ErrorKind::Interrupted => Ok(()),
        done => done,
    }
}

/// Whether accepting failed for one connection, which died while it waited or met trouble on its way (accept(2) passes
/// that on), so that the next one need not fail. Everything else, exhausted descriptors above all, would fail again.
pub(crate) fn concerns_one_peer(error: &io::Error) -> bool {
    use rustix::io::Errno;
    const PASSING: &[Errno] = &[
        Errno::CONNABORTED,
        Errno::INTR,
        Errno::PROTO,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
        Errno::NOPROTOOPT,
        Errno::OPNOTSUPP,
        Errno::PERM,
    ];
    Errno::from_io_error(error).is_some_and(|errno| PASSING.contains(&errno))
}

/// Doors count down from the waker's token, connections up from 0; they never meet.
const WAKER: Token = Token(usize::MAX);

fn token_of_door(number: usize) -> Token {
    Token(WAKER.0 - 1 - number)
}

fn door_of_token(token: Token, doors: usize) -> Option<usize> {
    let number = WAKER.0 - 1 - token.0;
    (number < doors).then_some(number)
}

/// Few enough that what looking at a socket brought into the cache is still there when it is read: 1 % with 1,000 busy
/// connections against batches of 1,024.
const MOST_EVENTS: usize = 128;
/// Accepted at one door before connections get their turn again.
const ACCEPTS_A_TURN: usize = 64;
/// How long accepting rests when descriptors are exhausted and none of our own connections leaves.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long somebody who was turned away is waited for, so that a reset does not destroy the line that says why.
const TURNED_AWAY_FOR: Duration = Duration::from_secs(1);
/// And how many at most; further ones are closed at once.
pub(crate) const MOST_TURNED_AWAY: usize = 64;
const SHORTEST_SWEEP: Duration = Duration::from_millis(5);
const LONGEST_SWEEP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpStream as Client;
    use std::sync::Mutex;
    use std::thread::JoinHandle;

    use super::*;

    /// A host that lets in whom it is told to, and remembers.
    #[derive(Clone)]
    struct Witness(Arc<Mutex<Seen>>);

    struct Seen {
        orders: Orders,
        room: usize,
        received: u64,
        sent: u64,
        left: Vec<(String, usize)>,
    }

    impl Host for Witness {
        type Guest = ();

        fn admit(&mut self, _: usize, _: &TcpStream, _: SocketAddr) -> Result<(), String> {
            let mut seen = self.0.lock().unwrap();
            seen.room = seen.room.checked_sub(1).ok_or("full\n")?;
            Ok(())
        }

        fn received(&mut self, _: usize, (): &mut (), bytes: &[u8]) {
            self.0.lock().unwrap().received += bytes.len() as u64;
        }

        fn sent(&mut self, _: usize, (): &mut (), bytes: &[u8]) {
            self.0.lock().unwrap().sent += bytes.len() as u64;
        }

        fn passed(&mut self, _: usize, (): &mut (), [received, sent]: [u64; 2]) {
            let mut seen = self.0.lock().unwrap();
            seen.received += received;
            seen.sent += sent;
        }

        fn left(&mut self, _: usize, (): (), (ending, unsent): (Ending, usize)) {
            self.0.lock().unwrap().left.push((ending.to_string(), unsent));
        }

        fn cannot_accept(&mut self, _: usize, error: io::Error) {
            panic!("{error}");
        }

        fn orders(&self) -> Orders {
            self.0.lock().unwrap().orders
        }
    }

    struct Running {
        witness: Witness,
        waker: Arc<Waker>,
        addr: SocketAddr,
        thread: JoinHandle<io::Result<()>>,
    }

    impl Running {
        fn start(room: usize, handling: Handling) -> Self {
            let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            door.set_nonblocking(true).unwrap();
            let addr = door.local_addr().unwrap();
            let seen = Seen { orders: Orders::Serve, room, received: 0, sent: 0, left: Vec::new() };
            let witness = Witness(Arc::new(Mutex::new(seen)));
            let echo = ByteLoop::new(witness.clone(), vec![door], handling).unwrap();
            let waker = echo.waker();
            Self { witness, waker, addr, thread: std::thread::spawn(|| echo.run()) }
        }

        fn connect(&self) -> Client {
            let client = Client::connect(self.addr).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            client
        }

        /// Ends the loop as ordered and gives the causes of all endings, with what was unsent.
        fn end(self, orders: Orders) -> Vec<(String, usize)> {
            self.witness.0.lock().unwrap().orders = orders;
            self.waker.wake().unwrap();
            self.thread.join().unwrap().unwrap();
            std::mem::take(&mut self.witness.0.lock().unwrap().left)
        }
    }

    fn handling() -> Handling {
        Handling { chunk: LARGEST_READ, idle: None, copying: Copying::Buffer }
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 31 % 251) as u8).collect()
    }

    /// Sends it all and half-closes before anything is read, then reads to the end.
    fn send_all_then_read(mut client: Client, bytes: &[u8]) -> Vec<u8> {
        let mut writer = client.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                writer.write_all(bytes).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let mut back = Vec::new();
            client.read_to_end(&mut back).unwrap();
            back
        })
    }

    #[test]
    fn all_of_a_stream_comes_back_after_half_close_however_it_is_copied() {
        for copying in [Copying::Buffer, Copying::Splice] {
            for length in [0, 1, 70_000, 9_000_000] {
                let echo = Running::start(1, Handling { copying, ..handling() });
                let bytes = pattern(length);
                assert!(send_all_then_read(echo.connect(), &bytes) == bytes, "{length} bytes by {copying:?}");
                assert_eq!(echo.end(Orders::Drain), [("peer closed".to_owned(), 0)]);
            }
        }
    }

    #[test]
    fn a_small_chunk_changes_nothing_but_the_number_of_reads() {
        let echo = Running::start(1, Handling { chunk: 7, ..handling() });
        let bytes = pattern(10_000);
        assert!(send_all_then_read(echo.connect(), &bytes) == bytes);
        echo.end(Orders::Drain);
    }

    #[test]
    fn a_peer_that_does_not_read_is_not_read_from_and_delays_nobody() {
        let echo = Running::start(2, handling());
        let mut deaf = echo.connect();
        deaf.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        let block = pattern(1 << 20);
        let taken: usize = std::iter::from_fn(|| deaf.write(&block).ok()).take(1000).sum();
        assert!(taken < 1000 << 20, "backpressure stops it");
        let mut other = echo.connect();
        other.write_all(b"hello").unwrap();
        let mut back = [0; 5];
        other.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
        let seen = echo.witness.0.lock().unwrap();
        assert!(seen.received - seen.sent <= LARGEST_READ as u64);
        drop(seen);
        let left = echo.end(Orders::Close);
        assert!(left.iter().all(|(cause, _)| cause == "shutdown"), "{left:?}");
        assert!(left.iter().any(|(_, unsent)| *unsent > 0), "{left:?}");
    }

    #[test]
    fn a_reset_is_told_as_one() {
        let echo = Running::start(1, handling());
        let mut client = echo.connect();
        client.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        assert_eq!(echo.end(Orders::Drain), [("reset".to_owned(), 0)]);
    }

    #[test]
    fn who_is_turned_away_reads_why_even_after_talking_first() {
        let echo = Running::start(0, handling());
        let mut client = echo.connect();
        client.write_all(b"hello").unwrap();
        let mut line = String::new();
        client.read_to_string(&mut line).unwrap();
        assert_eq!(line, "full\n");
        assert_eq!(echo.end(Orders::Drain), []);
    }

    #[test]
    fn what_is_idle_is_closed_and_what_talks_is_not() {
        let echo = Running::start(2, Handling { idle: Some(Duration::from_millis(200)), ..handling() });
        let (mut idle, mut busy) = (echo.connect(), echo.connect());
        let closed = std::thread::spawn(move || idle.read(&mut [0]).unwrap());
        while !closed.is_finished() {
            busy.write_all(b"x").unwrap();
            busy.read_exact(&mut [0]).unwrap();
        }
        assert_eq!(closed.join().unwrap(), 0);
        busy.write_all(b"x").unwrap();
        busy.read_exact(&mut [0]).unwrap();
        drop(busy);
        let causes = echo.end(Orders::Drain);
        assert_eq!(causes[0].0, "timed out");
        assert_eq!(causes[1].0, "peer closed");
    }
}
