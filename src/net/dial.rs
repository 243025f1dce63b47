//! Dialling: reaching an address, both families raced as RFC 8305 says.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::task::JoinSet;

use super::{Address, NetError, Reason};

/// How to dial.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    /// Which families may be used.
    pub(crate) families: Families,
    /// The local address to dial from (port 0: any); addresses of the other family are then passed over.
    pub(crate) source: Option<SocketAddr>,
    /// Bounds the whole: looking the name up, and every attempt.
    pub(crate) timeout: Duration,
}

/// Which IP families may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Families {
    Both,
    V4,
    V6,
}

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// The same connection as a blocking socket.
    ///
    /// # Errors
    /// Where the system refuses to change its mode.
    pub(crate) fn into_blocking(self) -> io::Result<socket2::Socket> {
        let socket: socket2::Socket = match self {
            Self::Tcp(stream) => stream.into_std()?.into(),
            Self::Unix(stream) => stream.into_std()?.into(),
        };
        socket.set_nonblocking(false)?;
        Ok(socket)
    }

    /// Waits until there may be something to read.
    ///
    /// # Cancel safety
    /// Nothing is read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.readable().await,
            Self::Unix(stream) => stream.readable().await,
        }
    }

    /// Waits until there may be room to write.
    ///
    /// # Cancel safety
    /// Nothing is written.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            Self::Unix(stream) => stream.writable().await,
        }
    }

    pub(crate) fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(buf),
            Self::Unix(stream) => stream.try_read(buf),
        }
    }

    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
        }
    }
}

/// Connects to `address`: IPv6 and IPv4 in turn, the next attempt 250 ms after the last or as soon as it failed, the
/// first connection wins.
///
/// # Errors
/// Where the name does not resolve to an allowed family, no attempt succeeds (the first failure is told), or the time
/// is up.
///
/// # Cancel safety
/// Dropping it ends all attempts; a name lookup under way ends by itself on a thread of its own.
pub(crate) async fn dial(address: &Address, how: &Dial) -> Result<Stream, NetError> {
    let failed = |source| NetError::new("connect to", address, source);
    let late = || failed(io::Error::new(ErrorKind::TimedOut, format!("no answer within {:?}", how.timeout)));
    tokio::time::timeout(how.timeout, async {
        if let Address::Unix(path) = address {
            return UnixStream::connect(path).await.map(Stream::Unix).map_err(failed);
        }
        let name = address.clone();
        let found = tokio::task::spawn_blocking(move || name.resolve()).await.map_err(|e| failed(e.into()))??;
        let order = interleaved(found.into_iter().filter(|addr| how.allows(*addr)).collect());
        race(order, how.source).await.map(Stream::Tcp).map_err(failed)
    })
    .await
    .unwrap_or_else(|_| Err(late()))
}

impl Dial {
    fn allows(&self, addr: SocketAddr) -> bool {
        let family = match self.families {
            Families::Both => true,
            Families::V4 => addr.is_ipv4(),
            Families::V6 => addr.is_ipv6(),
        };
        family && self.source.is_none_or(|source| source.is_ipv4() == addr.is_ipv4())
    }
}

/// IPv6 first, then the families in turn (RFC 8305 section 4).
fn interleaved(found: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = found.into_iter().partition(SocketAddr::is_ipv6);
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut order = VecDeque::new();
    loop {
        let pair = [v6.next(), v4.next()];
        if pair == [None, None] {
            return order;
        }
        order.extend(pair.into_iter().flatten());
    }
}

async fn race(mut waiting: VecDeque<SocketAddr>, source: Option<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut failure = None;
    loop {
        if let Some(addr) = waiting.pop_front() {
            attempts.spawn(connect(addr, source));
        }
        if attempts.is_empty() {
            let none = || io::Error::new(ErrorKind::AddrNotAvailable, "no address of an allowed family");
            return Err(failure.unwrap_or_else(none));
        }
        tokio::select! {
            Some(done) = attempts.join_next() => match done.unwrap_or_else(|e| Err(e.into())) {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = failure.or(Some(error)),
            },
            () = tokio::time::sleep(ATTEMPT_DELAY), if !waiting.is_empty() => {}
        }
    }
}

/// A closed port inside the ephemeral range can answer with its own source port: a connection to oneself, which is a
/// refusal.
async fn connect(addr: SocketAddr, source: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.set_reuseaddr(true)?;
        let from = |e: io::Error| io::Error::new(e.kind(), format!("source address {source}: {}", Reason(&e)));
        socket.bind(source).map_err(from)?;
    }
    let stream = socket.connect(addr).await?;
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// RFC 8305 section 8: the recommended Connection Attempt Delay.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    fn how() -> Dial {
        Dial { families: Families::Both, source: None, timeout: Duration::from_secs(5) }
    }

    fn addrs(words: &[&str]) -> Vec<SocketAddr> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_ipv6_is_first() {
        let order = interleaved(addrs(&["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "[2001:db8::1]:1"]));
        assert_eq!(order, addrs(&["[2001:db8::1]:1", "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"]));
    }

    #[tokio::test]
    async fn the_family_that_listens_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::local(listener.local_addr().unwrap().port());
        let Stream::Tcp(stream) = dial(&address, &how()).await.unwrap() else { panic!("not tcp") };
        assert_eq!(stream.peer_addr().unwrap(), listener.local_addr().unwrap());
    }

    #[tokio::test]
    async fn a_source_address_is_kept_and_picks_the_family() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address::local(listener.local_addr().unwrap().port());
        let how = Dial { source: Some("127.0.0.9:0".parse().unwrap()), ..how() };
        let Stream::Tcp(stream) = dial(&address, &how).await.unwrap() else { panic!("not tcp") };
        assert_eq!(stream.local_addr().unwrap().ip().to_string(), "127.0.0.9");
    }

    #[tokio::test]
    async fn a_family_that_is_not_allowed_is_not_tried() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address: Address = listener.local_addr().unwrap().to_string().parse().unwrap();
        let error = dial(&address, &Dial { families: Families::V6, ..how() }).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn a_refusal_names_the_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = dial(&Address::local(port), &how()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot connect to localhost:{port}: connection refused"));
    }
}
