//! Sockets: what a tree of processes listens on, as the kernel tells it. Nobody is connected to.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::listening::LISTEN;

/// TCP sockets in state LISTEN that one of these has open. All are taken to be in the network of the first.
pub(super) fn listeners(pids: &[u32]) -> Vec<SocketAddr> {
    let open: HashSet<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let table = |name| pids.iter().find_map(|pid| fs::read_to_string(format!("/proc/{pid}/net/{name}")).ok());
    let tables = [table("tcp"), table("tcp6")];
    let rows = tables.iter().flatten().flat_map(|table| table.lines().skip(1).filter_map(listener));
    rows.filter(|(_, inode)| open.contains(inode)).map(|(address, _)| address).collect()
}

/// The sockets that a process has open, by their inodes.
fn sockets_of(pid: u32) -> Vec<u64> {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = files.filter_map(|file| fs::read_link(file.path()).ok());
    links.filter_map(|link| inode(link.to_str()?)).collect()
}

/// `socket:[4711]`.
fn inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Where a line of `/proc/net/tcp` or `tcp6` listens, and the inode of its socket: proc(5) has `sl local_address
/// rem_address st tx_queue:rx_queue tr:when retrnsmt uid timeout inode`.
fn listener(line: &str) -> Option<(SocketAddr, u64)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [_, local, _, LISTEN, _, _, _, _, _, inode, ..] = words[..] else { return None };
    Some((address(local)?, inode.parse().ok()?))
}

/// `0100007F:15B3`: each four bytes of the address are a number of this machine, the port is not.
fn address(word: &str) -> Option<SocketAddr> {
    let (host, port) = word.split_once(':')?;
    let bytes = host.as_bytes().chunks(8).map(|word| {
        let word = u32::from_str_radix(str::from_utf8(word).ok()?, 16).ok()?;
        Some(word.to_ne_bytes())
    });
    let bytes = bytes.collect::<Option<Vec<[u8; 4]>>>()?.concat();
    let ip = match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(bytes) => IpAddr::from(Ipv4Addr::from(bytes)),
        Err(_) => IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[..]).ok()?)),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn rows_that_listen_are_read_with_address_and_inode() {
        let rest = "00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0";
        for (row, seen) in [
            (format!("   0: 0100007F:15B3 00000000:0000 0A {rest}"), Some("127.0.0.1:5555")),
            (format!("   0: 0100007F:15B3 0100007F:C350 01 {rest}"), None),
            (format!("   1: 00000000000000000000000001000000:0050 {:032}:0000 0A {rest}", 0), Some("[::1]:80")),
            ("  sl  local_address rem_address   st tx_queue rx_queue".to_owned(), None),
            ("   0: 01:15B3 0:0 0A 0 0 0 0 0 x".to_owned(), None),
        ] {
            assert_eq!(listener(&row), seen.map(|address| (address.parse().unwrap(), 4711)), "{row}");
        }
    }

    #[test]
    fn links_to_other_things_are_no_sockets() {
        assert_eq!(inode("socket:[4711]"), Some(4711));
        for link in ["pipe:[4711]", "/dev/pts/1", "socket:[]", "anon_inode:[eventpoll]"] {
            assert_eq!(inode(link), None, "{link}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_listener_of_this_process_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listeners(&[std::process::id()]);
        assert!(own.contains(&listener.local_addr().unwrap()), "{own:?}");
    }
}
