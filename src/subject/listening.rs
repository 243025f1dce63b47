//! Listening: who listens on a port, as the kernel tells it. Nobody is connected to, because some servers serve exactly
//! one client.

use std::fs;
use std::io::{ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

/// Whether a program of this machine (where it has network namespaces: of ours) listens on this TCP port, on whatever
/// address.
///
/// Linux says so. Other systems are asked by binding the port for a moment, and a server that binds it in that moment
/// fails.
pub(crate) fn is_listening(port: u16) -> bool {
    match fs::read_to_string("/proc/net/tcp") {
        // The second file is missing where the machine has no IPv6.
        Ok(table) => {
            has_listener(&table, port)
                || fs::read_to_string("/proc/net/tcp6").is_ok_and(|table| has_listener(&table, port))
        }
        Err(_) => is_taken(port),
    }
}

/// A port of 127.0.0.1 that nobody uses.
///
/// Somebody else can take it before the program does that it is meant for. The kernel picks it at random from about
/// 28,000 and gives no port to two who ask at once, so that takes bad luck, and is then seen as a program that
/// cannot listen. The better way, a socket that is handed down, is not understood by most programs.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Reads `/proc/net/tcp`: a heading, and then one line a socket, `sl local_address rem_address st …`, in hexadecimal.
fn has_listener(table: &str, port: u16) -> bool {
    let end = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        words.next().is_some_and(|local| local.ends_with(&end)) && words.nth(1) == Some(LISTEN)
    })
}

/// Each address is tried, because the BSDs let one program have the port of an address that another has of all.
fn is_taken(port: u16) -> bool {
    let all: [IpAddr; 4] = [
        Ipv4Addr::LOCALHOST.into(),
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv6Addr::LOCALHOST.into(),
        Ipv6Addr::UNSPECIFIED.into(),
    ];
    all.into_iter()
        .any(|address| TcpListener::bind((address, port)).is_err_and(|error| error.kind() == ErrorKind::AddrInUse))
}

/// `TCP_LISTEN` of the kernel's `include/net/tcp_states.h`.
pub(super) const LISTEN: &str = "0A";

#[cfg(test)]
pub(super) mod tests {
    use std::net::TcpStream;
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::*;

    /// A port on which nobody listens, and which no other test gets: below those that the system gives out for port 0.
    pub(in crate::subject) fn quiet_port() -> u16 {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let begin = (std::process::id() % 10_000) as u16;
        let is_quiet = |port: &u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok();
        let ports = std::iter::repeat_with(|| 12_000 + (begin + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
        ports.take(1000).find(is_quiet).unwrap()
    }

    #[test]
    fn a_port_is_listening_as_long_as_its_listener_lives() {
        for address in ["127.0.0.1", "::1"] {
            let (ip, port) = (address.parse::<IpAddr>().unwrap(), quiet_port());
            // A machine may have no IPv6.
            let Ok(listener) = TcpListener::bind((ip, port)) else { continue };
            assert!(is_listening(port), "{address}");
            assert!(is_taken(port), "{address}");
            drop(listener);
            assert!(!is_listening(port), "{address}");
            assert!(!is_taken(port), "{address}");
        }
    }

    #[test]
    fn a_port_that_somebody_connects_from_is_not_listening() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(!is_listening(stream.local_addr().unwrap().port()));
    }

    #[test]
    fn the_table_of_the_kernel_is_read_by_port_and_state() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid timeout\n   \
            0: 0100007F:15B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17 1\n   \
            1: 0100007F:0050 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 18 1\n";
        let seen: Vec<u16> = [5555, 80, 50000, 179].into_iter().filter(|port| has_listener(table, *port)).collect();
        assert_eq!(seen, [5555]);
    }

    #[test]
    fn a_free_port_can_be_listened_on() {
        let port = free_port().unwrap();
        assert!(!is_listening(port));
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
