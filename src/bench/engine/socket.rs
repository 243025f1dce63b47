//! Socket: one connection of a transport, on its way or open. Another transport is another variant.

use std::fmt;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use socket2::{Domain, Protocol, SockRef, Socket as Raw, Type};

/// Where connections go, looked up already.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display().to_string().escape_debug()),
        }
    }
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Sets out to `target`, from a local address if one is named. Whether it arrived tells [`Self::arrival`].
    ///
    /// # Errors
    /// Where it cannot even set out: no descriptor, no local port, refused at once.
    pub(super) fn launch(target: &Target, source: Option<IpAddr>) -> io::Result<Self> {
        let address = match target {
            Target::Unix(path) => return UnixStream::connect(path).map(Self::Unix),
            Target::Tcp(address) => *address,
        };
        let raw = Raw::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        raw.set_nonblocking(true)?;
        raw.set_tcp_nodelay(true)?;
        if let Some(source) = source {
            share_ports(&raw);
            raw.bind(&SocketAddr::new(source, 0).into())?;
        }
        match raw.connect(&address.into()) {
            Err(e) if Errno::from_io_error(&e) == Some(Errno::INPROGRESS) => {}
            done => done?,
        }
        Ok(Self::Tcp(TcpStream::from_std(raw.into())))
    }

    /// One that is connected already.
    ///
    /// # Errors
    /// Where the system refuses to change its mode.
    pub(super) fn adopt(raw: Raw, target: &Target) -> io::Result<Self> {
        raw.set_nonblocking(true)?;
        if let Target::Unix(_) = target {
            return Ok(Self::Unix(UnixStream::from_std(raw.into())));
        }
        raw.set_tcp_nodelay(true)?;
        Ok(Self::Tcp(TcpStream::from_std(raw.into())))
    }

    /// Whether it is connected; none while it is still on its way.
    pub(super) fn arrival(&self) -> Option<io::Result<()>> {
        let (failed, peer) = match self {
            Self::Tcp(stream) => (stream.take_error(), stream.peer_addr().map(drop)),
            Self::Unix(stream) => (stream.take_error(), stream.peer_addr().map(drop)),
        };
        match (failed, peer) {
            (Err(e) | Ok(Some(e)), _) => Some(Err(e)),
            (Ok(None), Err(e)) if e.kind() == io::ErrorKind::NotConnected => None,
            (Ok(None), peer) => Some(peer),
        }
    }

    /// So that what is dropped now leaves with a reset: the peer is done with, and no port of ours waits.
    pub(super) fn forsake(&self) {
        let socket = match self {
            Self::Tcp(stream) => SockRef::from(stream),
            Self::Unix(stream) => SockRef::from(stream),
        };
        // Only how politely it ends hangs on this.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }

    /// What is there, into the beginning of `buffer`; 0 where the peer has ended. Past the C library, whose calls can be
    /// cancelled, which costs 2 % of a message in a program with threads.
    ///
    /// # Errors
    /// Those of the socket, "would block" among them; the same for [`Self::send`].
    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(self, buffer, RecvFlags::empty())?.0)
    }

    /// As many of `bytes` as there is room for.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(self, bytes, SendFlags::NOSIGNAL)?)
    }

    pub(super) fn half_close(&self) {
        // Whoever is gone already cannot be told.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }
}

/// A port is then chosen with the peer in view, so that one local address has all its ports for each peer
/// (`IP_BIND_ADDRESS_NO_PORT`, Linux 4.2). Elsewhere `bind` chooses one alone.
fn share_ports(socket: &Raw) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Source for Socket {
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.register(registry, token, interest),
            Self::Unix(stream) => stream.register(registry, token, interest),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.reregister(registry, token, interest),
            Self::Unix(stream) => stream.reregister(registry, token, interest),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.deregister(registry),
            Self::Unix(stream) => stream.deregister(registry),
        }
    }
}
