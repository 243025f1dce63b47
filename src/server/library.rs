//! The server as a library offers it: the other end for tests of somebody's network client.

use std::net::SocketAddr;

use super::{Limits, Plan, Running, Stand, bind};
use crate::event::Emitter;
use crate::net::byteloop::Copying;
use crate::net::{Endpoint, PortRule};
use crate::services::{Entry, Means, Options, names};

/// A server inside this process, on a port of its own. It needs no async runtime, and dropping it ends it.
///
/// # Examples
/// A blocking client under test:
/// ```
/// use std::io::{Read, Write};
///
/// let server = sockeye::Server::start("echo")?;
/// let mut client = std::net::TcpStream::connect(server.addr())?;
/// client.write_all(b"hello")?;
/// client.shutdown(std::net::Shutdown::Write)?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
/// An async client under test:
/// ```
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = sockeye::Server::start("upper")?;
/// let mut client = tokio::net::TcpStream::connect(server.addr()).await?;
/// client.write_all("zażółć".as_bytes()).await?;
/// client.shutdown().await?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "ZAŻÓŁĆ");
/// # Ok(())
/// # }
/// ```
pub struct Server {
    running: Option<Running>,
    addr: SocketAddr,
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// No service has this name.
    #[error("no service is called `{0}`; there are {names}", names = names())]
    UnknownService(String),
    /// The system refused a port, a thread or an event queue.
    #[error("{0}")]
    Refused(#[source] std::io::Error),
}

impl Server {
    /// Starts the service of this name, any of `sockeye serve --list`, on a free port of 127.0.0.1, with one worker and
    /// the defaults of `sockeye serve`; what it keeps ends with it. When this returns, it listens.
    ///
    /// # Errors
    /// Where no service has this name, or the system refuses a port or a thread.
    pub fn start(service: &str) -> Result<Self, ServerError> {
        let entry = Entry::named(service).ok_or_else(|| ServerError::UnknownService(service.to_owned()))?;
        let address = "127.0.0.1:0".parse().expect("a constant address");
        let mut means = Means::in_memory();
        let service = entry.build(&Options::default(), &mut means);
        let service = service.map_err(|e| ServerError::Refused(std::io::Error::other(e)))?;
        let stand = Stand { name: entry.name, service, address, rule: PortRule::Exact };
        let plan = Plan { stands: vec![stand], limits: Limits::default(), workers: 1, copying: Copying::Buffer };
        let bound = bind(plan).map_err(|e| ServerError::Refused(std::io::Error::new(e.kind(), e)))?;
        let addr = bound.places().find_map(|place| match place.local {
            Endpoint::Ip(addr) => Some(*addr),
            Endpoint::Unix(_) => None,
        });
        let addr = addr.expect("an IP address was bound");
        let running = bound.start(Emitter::mute(), || {}).map_err(ServerError::Refused)?;
        Ok(Self { running: Some(running), addr })
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.close();
            running.join();
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addr", &self.addr).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_dropped_server_has_ended() {
        let server = Server::start("echo").unwrap();
        let addr = server.addr();
        assert!(TcpStream::connect(addr).is_ok());
        drop(server);
        assert!(TcpStream::connect(addr).is_err());
    }

    #[test]
    fn an_unknown_service_is_told_with_those_there_are() {
        let error = Server::start("ehco").unwrap_err().to_string();
        assert!(error.contains("`ehco`") && error.contains("echo, upper"), "{error}");
    }
}
