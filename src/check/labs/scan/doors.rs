//! Doors: the ports that a scanner is to find, and how each receives who comes to it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::check::fault::Miss;
use crate::net::Reason;

/// How a port receives who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Says a word, for those who wait for one.
    Greets,
    /// Says nothing, and keeps the connection.
    Silent,
    /// Ends it at once.
    Ends,
    /// Resets it a moment later: at once it would be gone before some have seen that it was there.
    Resets,
    /// Answers nothing at all, as behind a firewall that drops.
    Deaf,
    /// Answers when it is asked for the second time, a second later.
    Late,
}

/// A port.
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) manner: Manner,
    listener: TcpListener,
    /// Fills the queue of one who does not answer.
    filler: Option<TcpStream>,
    guests: Vec<TcpStream>,
    /// Those who are reset when their time has come.
    doomed: Vec<(Instant, TcpStream)>,
    pub(super) came: usize,
}

/// All of them. They are open until it is dropped.
pub(super) struct Doors {
    doors: Vec<Door>,
    opened: Instant,
    /// When somebody came to one of them.
    first_came: Option<Instant>,
}

impl Doors {
    /// # Errors
    /// Where one cannot be had.
    pub(super) fn open(at: IpAddr, ports: &[(u16, Manner)]) -> Result<Self, Miss> {
        let doors = ports.iter().map(|(port, manner)| {
            let opened = door(SocketAddr::new(at, *port), *manner);
            opened.map_err(|e| Miss::Unjudged(format!("we cannot listen on port {port}: {}", Reason(&e))))
        });
        Ok(Self { doors: doors.collect::<Result<_, _>>()?, opened: Instant::now(), first_came: None })
    }

    /// Those of them that can be had.
    pub(super) fn open_some(at: IpAddr, ports: impl Iterator<Item = u16>) -> Self {
        let doors = ports.filter_map(|port| door_now(SocketAddr::new(at, port), Manner::Greets).ok());
        Self { doors: doors.collect(), opened: Instant::now(), first_came: None }
    }

    /// Receives who has come by now.
    pub(super) fn attend(&mut self) {
        if self.is_time_for_the_late() {
            for door in self.doors.iter_mut().filter(|door| door.manner == Manner::Late) {
                door.let_in();
            }
        }
        let now: usize = self.doors.iter_mut().map(Door::attend).sum();
        if now > 0 && self.first_came.is_none() {
            self.first_came = Some(Instant::now());
        }
    }

    /// Behind the first SYN, and before it is sent again. Who asks one port after the other comes to none of the others
    /// meanwhile.
    fn is_time_for_the_late(&self) -> bool {
        let waited = self.first_came.is_some_and(|came| came.elapsed() > BEHIND_THE_FIRST);
        waited || self.opened.elapsed() > LATEST
    }

    /// All that answer, in the order they were named.
    pub(super) fn open_ports(&self) -> Vec<u16> {
        let answering = self.doors.iter().filter(|door| !matches!(door.manner, Manner::Deaf | Manner::Late));
        answering.map(|door| door.port).collect()
    }

    pub(super) fn all(&self) -> &[Door] {
        &self.doors
    }

    /// Ports that somebody came to, ascending.
    pub(super) fn visited(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.doors.iter().filter(|door| door.came > 0).map(|door| door.port).collect();
        ports.sort_unstable();
        ports
    }

    /// Connections that the other side has not ended.
    pub(super) fn still_open(&self) -> usize {
        self.doors.iter().flat_map(|door| &door.guests).filter(|guest| is_open(guest)).count()
    }
}

impl Door {
    /// How many came.
    fn attend(&mut self) -> usize {
        if self.filler.is_some() {
            return 0;
        }
        self.doomed.retain(|(came, _)| came.elapsed() < BEFORE_THE_RESET);
        let before = self.came;
        while let Ok((mut guest, _)) = self.listener.accept() {
            self.came += 1;
            match self.manner {
                Manner::Resets => {
                    // Dropped, it resets.
                    let _ = SockRef::from(&guest).set_linger(Some(Duration::ZERO));
                    self.doomed.push((Instant::now(), guest));
                }
                Manner::Ends => {}
                _ => {
                    if self.manner == Manner::Greets {
                        // Who has gone already has not to be greeted.
                        let _ = guest.write_all(GREETING);
                    }
                    // What cannot be looked at is never said to be left open.
                    let _ = guest.set_nonblocking(true);
                    self.guests.push(guest);
                }
            }
        }
        self.came - before
    }

    fn let_in(&mut self) {
        if self.filler.take().is_some() {
            // The filler itself, which came first.
            let _ = self.listener.accept();
        }
    }
}

/// A process that is being started beside us may have had a copy of the socket that was here a moment ago.
fn door(at: SocketAddr, manner: Manner) -> io::Result<Door> {
    let until = Instant::now() + STILL_TAKEN;
    loop {
        match door_now(at, manner) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < until => {
                thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn door_now(at: SocketAddr, manner: Manner) -> io::Result<Door> {
    let is_full = matches!(manner, Manner::Deaf | Manner::Late);
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    // A queue for none holds one, and whoever comes while that one waits is not answered.
    socket.listen(if is_full { 0 } else { QUEUE })?;
    let listener: TcpListener = socket.into();
    let filler = is_full.then(|| TcpStream::connect_timeout(&reachable(at), FILLING)).transpose()?;
    listener.set_nonblocking(true)?;
    Ok(Door { port: at.port(), manner, listener, filler, guests: Vec::new(), doomed: Vec::new(), came: 0 })
}

fn reachable(at: SocketAddr) -> SocketAddr {
    crate::check::actor::reachable(at)
}

/// Whatever it said is read first: behind it stands the end.
fn is_open(mut guest: &TcpStream) -> bool {
    let mut said = [0; 4096];
    loop {
        match guest.read(&mut said) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Nothing that could be read as a port.
const GREETING: &[u8] = b"ready\r\n";
const QUEUE: i32 = 128;
const STILL_TAKEN: Duration = Duration::from_millis(500);
const FILLING: Duration = Duration::from_secs(1);
/// Others that were begun at the same time have come by then; a SYN is sent again after 1 s and after 3 s.
const BEHIND_THE_FIRST: Duration = Duration::from_millis(150);
/// An event loop has seen by then that it is connected.
const BEFORE_THE_RESET: Duration = Duration::from_millis(60);
/// An interpreter may take as long to start.
const LATEST: Duration = Duration::from_millis(2500);

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::subject::free_port;

    fn doors(manners: &[Manner]) -> Doors {
        let ports: Vec<_> = manners.iter().map(|manner| (free_port().unwrap(), *manner)).collect();
        Doors::open(Ipv4Addr::LOCALHOST.into(), &ports).unwrap()
    }

    fn dial(doors: &Doors, at: usize, patience: u64) -> io::Result<TcpStream> {
        let to = (Ipv4Addr::LOCALHOST, doors.doors[at].port).into();
        TcpStream::connect_timeout(&to, Duration::from_millis(patience))
    }

    #[test]
    fn each_port_receives_in_its_manner_and_counts() {
        let mut doors = doors(&[Manner::Greets, Manner::Silent, Manner::Ends, Manner::Resets]);
        let mut guests: Vec<_> = (0..4).map(|at| dial(&doors, at, 4000).unwrap()).collect();
        guests[1].write_all(b"HEAD / HTTP/1.0").unwrap();
        doors.attend();
        assert_eq!(doors.all().iter().map(|door| door.came).collect::<Vec<_>>(), [1; 4]);
        assert_eq!(doors.still_open(), 2);
        let mut heard = [0; 16];
        assert_eq!(guests[0].read(&mut heard).unwrap(), GREETING.len());
        assert_eq!(guests[2].read(&mut heard).unwrap(), 0);
        guests[3].set_nonblocking(true).unwrap();
        assert_eq!(guests[3].read(&mut heard).unwrap_err().kind(), ErrorKind::WouldBlock);
        guests[3].set_nonblocking(false).unwrap();
        thread::sleep(BEFORE_THE_RESET);
        doors.attend();
        assert!(guests[3].read(&mut heard).is_err());
        drop(guests);
        assert_eq!(doors.still_open(), 0);
    }

    #[test]
    fn a_deaf_port_does_not_answer_and_a_late_one_answers_the_second_time() {
        let mut doors = doors(&[Manner::Deaf, Manner::Late]);
        assert!(dial(&doors, 0, 300).is_err());
        let late = (Ipv4Addr::LOCALHOST, doors.doors[1].port).into();
        let guest = thread::spawn(move || TcpStream::connect_timeout(&late, Duration::from_secs(30)).is_ok());
        while !guest.is_finished() {
            doors.attend();
            thread::sleep(Duration::from_millis(5));
        }
        assert!(guest.join().unwrap());
        doors.attend();
        assert_eq!(doors.visited(), [doors.doors[1].port]);
        assert_eq!(doors.open_ports(), [0u16; 0]);
    }
}
