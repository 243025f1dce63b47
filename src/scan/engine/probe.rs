//! Probe: one connection that is tried, and what the system says of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::host::Answer;
use crate::scan::Verdict;

/// A connection under way. Dropped, it is forgotten; an open one with a reset, so that nobody keeps TIME_WAIT.
#[derive(Debug)]
pub(super) struct Probe(Socket);

impl Probe {
    /// A socket that can ask addresses of this kind.
    ///
    /// # Errors
    /// The verdict that it leads to, here as below.
    pub(super) fn open(kind: SocketAddr) -> Result<Self, Verdict> {
        let stream = Type::STREAM;
        #[cfg(target_os = "linux")]
        let stream = stream.nonblocking();
        let socket = Socket::new(Domain::for_address(kind), stream, Some(Protocol::TCP)).map_err(|e| verdict(&e))?;
        #[cfg(not(target_os = "linux"))]
        socket.set_nonblocking(true).map_err(|e| verdict(&e))?;
        Ok(Self(socket))
    }

    /// Sets out to an address.
    pub(super) fn launch(to: SocketAddr) -> Result<Self, Verdict> {
        // Linux calls that an invalid argument, as it does a black hole.
        if matches!(to, SocketAddr::V6(to) if to.ip().is_unicast_link_local() && to.scope_id() == 0) {
            return Err(Verdict::NoZone);
        }
        let probe = Self::open(to)?;
        prohibition::listen(&probe.0, to);
        match probe.connect(to) {
            None => Ok(probe),
            // As if it were under way; [`Self::answer`] knows it.
            Some(Ok(())) => Ok(probe),
            Some(Err(error)) => Err(probe.verdict(&error)),
        }
    }

    /// Gives it a local port of its own at this local address, and says which.
    pub(super) fn bind(&self, local: IpAddr) -> io::Result<u16> {
        self.0.bind(&SocketAddr::new(local, 0).into())?;
        let local = self.0.local_addr()?;
        Ok(local.as_socket().map_or(0, |local| local.port()))
    }

    /// Connects, or looks what became of connecting; none where it is still under way.
    pub(super) fn connect(&self, to: SocketAddr) -> Option<io::Result<()>> {
        match self.0.connect(&to.into()) {
            Err(error) if matches!(Errno::from_io_error(&error), Some(Errno::INPROGRESS | Errno::ALREADY)) => None,
            result => Some(result),
        }
    }

    /// What became of it; none where it is still under way.
    pub(super) fn answer(&self) -> Option<Answer> {
        match self.0.take_error() {
            Ok(Some(error)) | Err(error) => Some(Answer::Verdict(self.verdict(&error)).or_silence()),
            Ok(None) => self.connected(),
        }
    }

    /// What a connection that stands is worth; none where there is none.
    pub(super) fn connected(&self) -> Option<Answer> {
        let peer = match self.0.peer_addr() {
            Ok(peer) => peer.as_socket()?,
            // It stood and fell since; some systems say it this way, others as an error of the socket soon.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Some(Answer::Verdict(Verdict::AcceptedThenReset));
            }
            Err(_) => return None,
        };
        // Only how politely it ends hangs on this.
        let _ = self.0.set_linger(Some(Duration::ZERO));
        let local = self.0.local_addr().ok()?.as_socket()?;
        let ourselves = (local.ip(), local.port()) == (peer.ip(), peer.port());
        Some(if ourselves { Answer::Ourselves } else { Answer::Verdict(Verdict::Accepted) })
    }

    fn verdict(&self, error: &io::Error) -> Verdict {
        match Errno::from_io_error(error) {
            Some(Errno::HOSTUNREACH | Errno::NETUNREACH) if prohibition::heard(&self.0) => Verdict::Prohibited,
            _ => verdict(error),
        }
    }
}

impl AsFd for Probe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Answer {
    /// The kernel's own patience ends in an error, which says no more than silence does.
    fn or_silence(self) -> Self {
        if self == Self::Verdict(Verdict::NoAnswer) { Self::Silence } else { self }
    }
}

fn verdict(error: &io::Error) -> Verdict {
    Errno::from_io_error(error).map_or(Verdict::LocalError, Verdict::of)
}

/// ICMP that says who forbade it. IPv4 makes the errors of an unreachable host of it (Linux `icmp_err_convert`), so the
/// message itself has to be seen; IPv6 has an errno of its own.
#[cfg(target_os = "linux")]
mod prohibition {
    use std::io::IoSliceMut;
    use std::net::SocketAddr;
    use std::os::fd::AsRawFd;

    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
    use socket2::Socket;

    /// Has the kernel keep what comes, which wakes whoever waits. Without it nobody is woken by what comes while `connect`
    /// still holds the socket, as on a wire that is only virtual (Linux `tcp_v6_err`). Nothing is lost but the reason, and
    /// time, where it will not.
    pub(super) fn listen(socket: &Socket, to: SocketAddr) {
        let _ = match to {
            to if to.ip().is_loopback() => Ok(()),
            SocketAddr::V4(_) => setsockopt(socket, sockopt::Ipv4RecvErr, &true),
            SocketAddr::V6(_) => setsockopt(socket, sockopt::Ipv6RecvErr, &true),
        };
    }

    /// Whether it was forbidden: destination unreachable because network, host or all communication is
    /// administratively prohibited (RFC 1812, 5.2.7.1).
    pub(super) fn heard(socket: &Socket) -> bool {
        let (mut space, mut data) = (nix::cmsg_space!([u8; 64]), [0; 64]);
        let mut data = [IoSliceMut::new(&mut data)];
        let Ok(message) =
            recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut data, Some(&mut space), MsgFlags::MSG_ERRQUEUE)
        else {
            return false;
        };
        let mut kinds = message.cmsgs().into_iter().flatten();
        kinds.any(|kind| {
            matches!(kind, ControlMessageOwned::Ipv4RecvErr(error, _)
                if error.ee_origin == ICMP && error.ee_type == UNREACHABLE && PROHIBITED.contains(&error.ee_code))
        })
    }

    /// `SO_EE_ORIGIN_ICMP`
    const ICMP: u8 = 2;
    const UNREACHABLE: u8 = 3;
    const PROHIBITED: [u8; 3] = [9, 10, 13];
}

/// Elsewhere nobody keeps it.
#[cfg(not(target_os = "linux"))]
mod prohibition {
    pub(super) fn listen(_: &socket2::Socket, _: std::net::SocketAddr) {}

    pub(super) fn heard(_: &socket2::Socket) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    fn answer(probe: &Probe) -> Answer {
        loop {
            if let Some(answer) = probe.answer() {
                return answer;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_listener_is_open_and_nobody_is_closed() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        assert_eq!(answer(&Probe::launch(at).unwrap()), Answer::Verdict(Verdict::Accepted));
        drop(listener);
        assert_eq!(answer(&Probe::launch(at).unwrap()), Answer::Verdict(Verdict::Refused));
    }

    #[test]
    fn who_accepts_and_resets_is_open() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let probe = Probe::launch(listener.local_addr().unwrap()).unwrap();
        let (peer, _) = listener.accept().unwrap();
        Socket::from(peer).set_linger(Some(Duration::ZERO)).unwrap();
        let answer = answer(&probe);
        assert_eq!(answer, Answer::Verdict(Verdict::AcceptedThenReset));
    }

    #[test]
    fn a_connection_to_oneself_is_no_finding() {
        let probe = Probe::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        probe.0.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let own = probe.0.local_addr().unwrap().as_socket().unwrap();
        probe.connect(own);
        assert_eq!(answer(&probe), Answer::Ourselves);
    }

    #[test]
    fn a_link_without_its_zone_is_not_called_unreachable() {
        let nowhere = "[fe80::1]:9".parse().unwrap();
        assert_eq!(Probe::launch(nowhere).unwrap_err(), Verdict::NoZone);
    }

    #[test]
    fn an_address_that_cannot_be_asked_is_told_at_once() {
        let broadcast = SocketAddr::from((Ipv4Addr::BROADCAST, 9));
        let verdict = Probe::launch(broadcast).unwrap_err();
        assert_ne!(verdict.state(), crate::scan::State::Closed);
    }
}
