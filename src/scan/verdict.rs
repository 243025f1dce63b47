//! Verdict: what a port turned out to be, and why. A byte each, so that a host's ports fit into a few pages; all that is
//! known of one stands in its row.

use rustix::io::Errno;

/// The five ends of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// Somebody accepted the connection.
    Open,
    /// The host said that nobody does.
    Closed,
    /// Nothing came back, or somebody forbade it.
    Filtered,
    /// The host cannot be reached.
    Unreachable,
    /// This machine could not ask, or was told not to.
    NotTested,
}

impl State {
    pub(crate) const ALL: [Self; 5] = [Self::Open, Self::Closed, Self::Filtered, Self::Unreachable, Self::NotTested];

    /// As people read it.
    pub(crate) fn name(self) -> &'static str {
        ["open", "closed", "filtered", "unreachable", "not tested"][self as usize]
    }
}

/// What a port turned out to be, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Verdict {
    Accepted,
    AcceptedThenReset,
    Refused,
    NoAnswer,
    Prohibited,
    HostUnreachable,
    HostDown,
    NetUnreachable,
    NetDown,
    NoRoute,
    NoProtocol,
    Interrupted,
    TooManyOpen,
    OnlyOurselves,
    NoDescriptors,
    NoSystemFiles,
    NoLocalPorts,
    NoBuffers,
    NoMemory,
    NoRoom,
    NoFamily,
    NoZone,
    LocallyForbidden,
    LocalError,
}

/// All that is known of a verdict.
struct Row {
    verdict: Verdict,
    state: State,
    /// In a word; part of the reports' formats.
    reason: &'static str,
    /// What `connect` fails with where this is why.
    errno: Option<Errno>,
}

const fn row(verdict: Verdict, state: State, reason: &'static str, errno: Option<Errno>) -> Row {
    Row { verdict, state, reason, errno }
}

/// In the order of [`Verdict`]. ICMP reaches a socket as an errno (Linux `icmp_err_convert`), so several kinds share one.
#[rustfmt::skip]
const ROWS: [Row; 24] = [
    row(Verdict::Accepted,          State::Open,        "syn-ack",        None),
    row(Verdict::AcceptedThenReset, State::Open,        "syn-ack, reset", Some(Errno::CONNRESET)),
    row(Verdict::Refused,           State::Closed,      "refused",        Some(Errno::CONNREFUSED)),
    row(Verdict::NoAnswer,          State::Filtered,    "no-answer",      Some(Errno::TIMEDOUT)),
    row(Verdict::Prohibited,        State::Filtered,    "prohibited",     Some(Errno::ACCESS)),
    row(Verdict::HostUnreachable,   State::Unreachable, "host",           Some(Errno::HOSTUNREACH)),
    row(Verdict::HostDown,          State::Unreachable, "host-down",      Some(Errno::HOSTDOWN)),
    row(Verdict::NetUnreachable,    State::Unreachable, "network",        Some(Errno::NETUNREACH)),
    row(Verdict::NetDown,           State::Unreachable, "network-down",   Some(Errno::NETDOWN)),
    row(Verdict::NoRoute,           State::Unreachable, "blackhole",      Some(Errno::INVAL)),
    row(Verdict::NoProtocol,        State::Unreachable, "protocol",       Some(Errno::NOPROTOOPT)),
    row(Verdict::Interrupted,       State::NotTested,   "interrupted",    None),
    row(Verdict::TooManyOpen,       State::NotTested,   "too-many-open",  None),
    row(Verdict::OnlyOurselves,     State::NotTested,   "self-connect",   None),
    row(Verdict::NoDescriptors,     State::NotTested,   "descriptors",    Some(Errno::MFILE)),
    row(Verdict::NoSystemFiles,     State::NotTested,   "system-files",   Some(Errno::NFILE)),
    row(Verdict::NoLocalPorts,      State::NotTested,   "local-ports",    Some(Errno::ADDRNOTAVAIL)),
    row(Verdict::NoBuffers,         State::NotTested,   "buffers",        Some(Errno::NOBUFS)),
    row(Verdict::NoMemory,          State::NotTested,   "memory",         Some(Errno::NOMEM)),
    row(Verdict::NoRoom,            State::NotTested,   "try-again",      Some(Errno::AGAIN)),
    row(Verdict::NoFamily,          State::NotTested,   "no-family",      Some(Errno::AFNOSUPPORT)),
    row(Verdict::NoZone,            State::NotTested,   "no-zone",        None),
    row(Verdict::LocallyForbidden,  State::NotTested,   "local-firewall", Some(Errno::PERM)),
    row(Verdict::LocalError,        State::NotTested,   "local-error",    None),
];

/// What else `connect` fails with. A host that is isolated, a source route that failed and a header that somebody did not
/// like are rare, but they are what ICMP says, and not what this machine lacks.
const ALSO: &[(Errno, Verdict)] = &[
    // The peer closed, then reset.
    (Errno::PIPE, Verdict::AcceptedThenReset),
    #[cfg(target_os = "linux")]
    (Errno::NONET, Verdict::HostUnreachable),
    (Errno::OPNOTSUPP, Verdict::HostUnreachable),
    (Errno::PROTO, Verdict::NoProtocol),
];

impl Verdict {
    /// What an error of `connect` makes of a port.
    pub(crate) fn of(errno: Errno) -> Self {
        let row = ROWS.iter().find(|row| row.errno == Some(errno)).map(|row| row.verdict);
        let also = || ALSO.iter().find(|also| also.0 == errno).map(|also| also.1);
        row.or_else(also).unwrap_or(Self::LocalError)
    }

    pub(crate) fn state(self) -> State {
        ROWS[self as usize].state
    }

    /// Why, in a word.
    pub(crate) fn reason(self) -> &'static str {
        ROWS[self as usize].reason
    }

    /// Whether this machine lacks something that it may have a moment later.
    pub(crate) fn is_shortage(self) -> bool {
        (Self::NoDescriptors..=Self::NoRoom).contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_row() {
        for (at, row) in ROWS.iter().enumerate() {
            assert_eq!(row.verdict as usize, at, "{:?}", row.verdict);
        }
        assert_eq!(ROWS.last().map(|row| row.verdict), Some(Verdict::LocalError));
    }

    #[test]
    fn what_icmp_says_is_never_said_of_this_machine() {
        // All that Linux makes of it: `icmp_err_convert`, `icmpv6_err_convert`, and parameter problems.
        #[rustfmt::skip]
        let errnos = [
            Errno::NETUNREACH, Errno::HOSTUNREACH, Errno::NOPROTOOPT, Errno::CONNREFUSED, Errno::OPNOTSUPP,
            Errno::HOSTDOWN, Errno::ACCESS, Errno::PROTO, #[cfg(target_os = "linux")] Errno::NONET,
        ];
        for errno in errnos {
            assert_ne!(Verdict::of(errno).state(), State::NotTested, "{errno:?}");
        }
    }

    #[test]
    fn no_error_of_ours_is_ever_called_closed() {
        for number in 1..=4095 {
            let errno = Errno::from_raw_os_error(number);
            assert_eq!(Verdict::of(errno).state() == State::Closed, errno == Errno::CONNREFUSED, "{errno:?}");
        }
    }
}
