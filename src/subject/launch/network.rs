//! Network: one that a thread has for itself, and the programs that it starts: nothing but loopback, and every address
//! is this machine. So a program with a fixed port runs beside others that have the same, one with a fixed address
//! reaches us, and nobody reaches anybody else.

use std::io::{self, Read, Write};

use nix::sched::{CloneFlags, unshare};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

/// Gives the calling thread, and all threads and programs that it starts from now on, a network of its own.
///
/// # Errors
///
/// Where the kernel or its policy has none for us.
pub(crate) fn own_network() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let mut kernel = Socket::new(Domain::from(AF_NETLINK), Type::RAW, Some(Protocol::from(NETLINK_ROUTE)))?;
    ask(&mut kernel, &loopback_up())?;
    ask(&mut kernel, &everything_is_local(AF_INET))?;
    match ask(&mut kernel, &everything_is_local(AF_INET6)) {
        // A kernel may have no IPv6, or be told to have none.
        Err(error) if NO_IPV6.iter().any(|known| error.raw_os_error() == Some(known.raw_os_error())) => Ok(()),
        done => done,
    }
}

/// Sends a request and reads the answer to it.
fn ask(kernel: &mut Socket, request: &[u8]) -> io::Result<()> {
    kernel.write_all(request)?;
    let mut answer = [0; 1024];
    let length = kernel.read(&mut answer)?;
    errno(&answer[..length]).map_or_else(
        || Err(io::ErrorKind::InvalidData.into()),
        |errno| match errno {
            0 => Ok(()),
            errno => Err(io::Error::from_raw_os_error(-errno)),
        },
    )
}

/// What an answer says: `struct nlmsghdr` of type NLMSG_ERROR and behind it the negative number of the error, which is
/// 0 where there was none.
fn errno(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let errno = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
    (kind == NLMSG_ERROR).then_some(errno)
}

/// `ip link set lo up`, as `struct ifinfomsg`: family, padding, type, index, flags, and which flags are meant.
fn loopback_up() -> Vec<u8> {
    let mut body = vec![0; 4];
    for word in [LOOPBACK, IFF_UP, IFF_UP] {
        body.extend(word.to_ne_bytes());
    }
    message(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &body)
}

/// `ip route add local default dev lo table local`, as `struct rtmsg`: family, length of destination and source, type
/// of service, table, protocol, scope, type, flags; and behind it the device as an attribute.
fn everything_is_local(family: i32) -> Vec<u8> {
    let family = u8::try_from(family).unwrap_or_default();
    let mut body = vec![family, 0, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL];
    body.extend(0_u32.to_ne_bytes());
    // An attribute: length with these four bytes, type, value.
    body.extend(8_u16.to_ne_bytes());
    body.extend(RTA_OIF.to_ne_bytes());
    body.extend(LOOPBACK.to_ne_bytes());
    message(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &body)
}

/// `struct nlmsghdr`: length with itself, type, flags, sequence, who sends; the kernel fills in the last.
fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or_default();
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend([0; 8]);
    message.extend_from_slice(body);
    message
}

/// From the kernel's `socket.h`, `netlink.h`, `rtnetlink.h` and `if.h`, which never change.
const AF_INET: i32 = 2;
const AF_INET6: i32 = 10;
const AF_NETLINK: i32 = 16;
const NETLINK_ROUTE: i32 = 0;
const HEADER: usize = 16;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWROUTE: u16 = 24;
const RT_TABLE_LOCAL: u8 = 255;
const RTPROT_BOOT: u8 = 3;
const RT_SCOPE_HOST: u8 = 254;
const RTN_LOCAL: u8 = 2;
const RTA_OIF: u16 = 4;
const IFF_UP: u32 = 1;

/// The first device of every network.
const LOOPBACK: u32 = 1;

const NO_IPV6: &[Errno] = &[Errno::OPNOTSUPP, Errno::AFNOSUPPORT, Errno::ACCESS, Errno::INVAL, Errno::NODEV];

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_asked_for_as_the_kernel_reads_it() {
        let header = [32, 0, 0, 0, 16, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let body = [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
        assert_eq!(loopback_up(), [header, body].concat());
    }

    #[test]
    fn a_route_is_asked_for_as_the_kernel_reads_it() {
        let header = [36, 0, 0, 0, 24, 0, 5, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        let body = [2, 0, 0, 0, 255, 3, 254, 2, 0, 0, 0, 0, 8, 0, 4, 0, 1, 0, 0, 0];
        assert_eq!(everything_is_local(AF_INET), [&header[..], &body].concat());
    }

    #[test]
    fn an_answer_is_an_error_or_none() {
        let answer = |errno: i32| [&[36, 0, 0, 0, 2, 0, 0, 0][..], &[0; 8], &errno.to_ne_bytes(), &[0; 16]].concat();
        assert_eq!(errno(&answer(0)), Some(0));
        assert_eq!(errno(&answer(-1)), Some(-1));
        assert_eq!(errno(&answer(0)[..18]), None);
        assert_eq!(errno(&message(RTM_NEWLINK, 0, &[0; 16])), None);
    }
}
