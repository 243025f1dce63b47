//! Listening: an address becomes one listener for each of its families, with as many acceptors as there are workers.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use super::{Address, Endpoint, NetError};

/// What to do when the port is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PortRule {
    /// Fail and name the address.
    Exact,
    /// Move on to the next free port, passing over these.
    Next { avoid: Vec<u16> },
}

/// A bound and listening place: one address of one family, or a path.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Where it really listens: a port 0 has become a number here.
    pub(crate) local: Endpoint,
    /// One non-blocking acceptor for each worker. On Linux the kernel spreads connections over them (`SO_REUSEPORT`);
    /// elsewhere, and for paths, they are one socket.
    pub(crate) acceptors: Vec<Acceptor>,
    /// Removes the socket's file when the listener goes.
    pub(crate) file: Option<SocketFile>,
}

/// A non-blocking listening socket.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Tcp(std::net::TcpListener),
    Unix(UnixListener),
}

/// The file of a Unix socket, removed when dropped.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have removed it already, which is what we want.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Listens on `address` with `acceptors` sockets for each of its families. `:PORT` is one dual-stack socket, or IPv4
/// alone where the system has no IPv6; a name listens on all addresses it resolves to, all on the same port.
///
/// # Errors
/// Where the name does not resolve, or no address of it can be bound. A family that the machine lacks is passed over
/// as long as another one stands.
pub(crate) fn listen(address: &Address, rule: &PortRule, acceptors: usize) -> Result<Vec<Listener>, NetError> {
    let targets = match address {
        Address::Unix(path) => {
            let listener =
                listen_unix(path, acceptors).map_err(|source| NetError::new("listen on", address, source))?;
            return Ok(vec![listener]);
        }
        Address::Everywhere { port } => vec![SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port))],
        Address::Host { .. } => distinct(address.resolve()?),
    };
    let first = address.port().unwrap_or(0);
    for port in (first..=u16::MAX).take(MOST_PORTS) {
        if matches!(rule, PortRule::Next { avoid } if avoid.contains(&port)) {
            continue;
        }
        match listen_families(&targets, port, acceptors) {
            Err(e) if e.kind() == ErrorKind::AddrInUse && *rule != PortRule::Exact => {}
            Err(source) => return Err(NetError::new("listen on", address.with_port(port), source)),
            Ok(listeners) => return Ok(listeners),
        }
    }
    Err(NetError::new("listen on", address, ErrorKind::AddrInUse.into()))
}

fn distinct(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut targets: Vec<SocketAddr> = Vec::new();
    for addr in found {
        if !targets.contains(&addr) {
            targets.push(addr);
        }
    }
    targets
}

/// All `targets` on one port. A port of 0 is chosen by the first and asked of the others; where one of them has it
/// taken, another is chosen.
fn listen_families(targets: &[SocketAddr], port: u16, acceptors: usize) -> io::Result<Vec<Listener>> {
    for _ in 0..TRIES_FOR_A_COMMON_PORT {
        match listen_once(targets, port, acceptors) {
            Err(e) if port == 0 && e.kind() == ErrorKind::AddrInUse => {}
            done => return done,
        }
    }
    Err(ErrorKind::AddrInUse.into())
}

fn listen_once(targets: &[SocketAddr], mut port: u16, acceptors: usize) -> io::Result<Vec<Listener>> {
    let mut listeners = Vec::new();
    let mut lacking = ErrorKind::AddrNotAvailable.into();
    for target in targets {
        match listen_tcp(SocketAddr::new(target.ip(), port), acceptors) {
            Ok((addr, acceptors)) => {
                port = addr.port();
                listeners.push(Listener { local: addr.into(), acceptors, file: None });
            }
            Err(e) if family_is_missing(&e) => lacking = e,
            Err(e) => return Err(e),
        }
    }
    if listeners.is_empty() { Err(lacking) } else { Ok(listeners) }
}

fn family_is_missing(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT))
}

fn listen_tcp(addr: SocketAddr, acceptors: usize) -> io::Result<(SocketAddr, Vec<Acceptor>)> {
    let everywhere = addr.ip() == Ipv6Addr::UNSPECIFIED;
    match bind_group(addr, acceptors) {
        Err(e) if everywhere && family_is_missing(&e) => {
            bind_group((Ipv4Addr::UNSPECIFIED, addr.port()).into(), acceptors)
        }
        done => done,
    }
}

/// The first socket is bound without `SO_REUSEPORT`, so that a port somebody else listens on is refused even where
/// they allow sharing it; only then is it opened to its own siblings.
fn bind_group(addr: SocketAddr, acceptors: usize) -> io::Result<(SocketAddr, Vec<Acceptor>)> {
    let first = tcp_socket(addr)?;
    first.bind(&addr.into())?;
    let bound = first.local_addr()?.as_socket().ok_or(ErrorKind::AddrNotAvailable)?;
    let mut group = vec![first];
    while group.len() < acceptors {
        let sibling = sibling(&group[0], bound)?;
        group.push(sibling);
    }
    for socket in &group {
        socket.listen(BACKLOG)?;
    }
    Ok((bound, group.into_iter().map(|socket| Acceptor::Tcp(socket.into())).collect()))
}

#[cfg(target_os = "linux")]
fn sibling(first: &Socket, bound: SocketAddr) -> io::Result<Socket> {
    first.set_reuse_port(true)?;
    let socket = tcp_socket(bound)?;
    socket.set_reuse_port(true)?;
    socket.bind(&bound.into())?;
    Ok(socket)
}

/// Outside Linux `SO_REUSEPORT` does not spread connections, so the workers share one socket.
#[cfg(not(target_os = "linux"))]
fn sibling(first: &Socket, _bound: SocketAddr) -> io::Result<Socket> {
    first.try_clone()
}

/// What is set here, accepted sockets inherit: no delay for small answers, and a probe of silent peers, so that one
/// that vanished is noticed after about two minutes.
fn tcp_socket(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if addr.is_ipv6() {
        socket.set_only_v6(addr.ip() != Ipv6Addr::UNSPECIFIED)?;
    }
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EVERY))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A socket that nobody answers on any more is taken over; one that is answered on, and a file of any other kind, is
/// in use.
fn listen_unix(path: &Path, acceptors: usize) -> io::Result<Listener> {
    let listener = match UnixListener::bind(path) {
        Err(e) if e.kind() == ErrorKind::AddrInUse && is_stale(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        done => done?,
    };
    listener.set_nonblocking(true)?;
    let file = Some(SocketFile(path.to_owned()));
    let copies = (1..acceptors).map(|_| listener.try_clone()).collect::<io::Result<Vec<_>>>()?;
    let acceptors = std::iter::once(listener).chain(copies).map(Acceptor::Unix).collect();
    Ok(Listener { local: Endpoint::Unix(Some(path.to_owned())), acceptors, file })
}

fn is_stale(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    is_socket && UnixStream::connect(path).is_err_and(|e| e.kind() == ErrorKind::ConnectionRefused)
}

/// As many as the system grants: Linux cuts it to `net.core.somaxconn`, 4096 by default since 5.4.
const BACKLOG: i32 = 4096;
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(10);
/// A search longer than this says that something else is wrong.
const MOST_PORTS: usize = 1000;
const TRIES_FOR_A_COMMON_PORT: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn open(word: &str, rule: &PortRule) -> Result<Vec<Listener>, NetError> {
        listen(&word.parse().unwrap(), rule, 2)
    }

    fn port_of(listener: &Listener) -> u16 {
        match &listener.local {
            Endpoint::Ip(addr) => addr.port(),
            Endpoint::Unix(_) => panic!("no port"),
        }
    }

    #[test]
    fn a_taken_port_is_refused_or_passed_over_as_the_rule_says() {
        let held = open("127.0.0.1:0", &PortRule::Exact).unwrap();
        let port = port_of(&held[0]);
        let word = format!("127.0.0.1:{port}");
        let refused = open(&word, &PortRule::Exact).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AddrInUse);
        assert!(refused.to_string().contains(&word), "{refused}");
        let moved = open(&word, &PortRule::Next { avoid: vec![port + 1] }).unwrap();
        assert!(port_of(&moved[0]) > port + 1);
    }

    #[test]
    fn all_acceptors_stand_on_one_port() {
        let listeners = open("127.0.0.1:0", &PortRule::Exact).unwrap();
        assert_eq!(listeners[0].acceptors.len(), 2);
        for acceptor in &listeners[0].acceptors {
            let Acceptor::Tcp(listener) = acceptor else { panic!("not tcp") };
            assert_eq!(listener.local_addr().unwrap().port(), port_of(&listeners[0]));
        }
    }

    #[test]
    fn localhost_listens_on_one_port_for_all_its_families() {
        let listeners = open("localhost:0", &PortRule::Exact).unwrap();
        let ports: Vec<u16> = listeners.iter().map(port_of).collect();
        assert!(ports.windows(2).all(|pair| pair[0] == pair[1]), "{ports:?}");
    }

    #[test]
    fn a_stale_socket_file_is_taken_over_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let address = Address::Unix(path.clone());
        let held = listen(&address, &PortRule::Exact, 1).unwrap();
        assert_eq!(listen(&address, &PortRule::Exact, 1).unwrap_err().kind(), ErrorKind::AddrInUse);
        drop(held);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_is_no_socket_is_never_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thesis.tex");
        std::fs::write(&path, "years of work").unwrap();
        assert_eq!(listen(&Address::Unix(path.clone()), &PortRule::Exact, 1).unwrap_err().kind(), ErrorKind::AddrInUse);
        assert_eq!(std::fs::read(path).unwrap(), b"years of work");
    }
}
