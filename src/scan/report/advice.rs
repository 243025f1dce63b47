//! Advice: why a port was not tested, in more than a word, and how to get it tested.

use crate::scan::Verdict;

/// What to do, for a verdict of [`State::NotTested`](crate::scan::State::NotTested).
pub(super) fn advice(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Interrupted => "the scan was stopped; let it end, or scan fewer ports or hosts",
        Verdict::TooManyOpen => "the host has more open ports than --max-open allows; allow more to go on",
        Verdict::OnlyOurselves => "every try met itself, from one of this machine's own source ports; scan them again",
        Verdict::NoDescriptors => "this process may open too few files; allow more with ulimit -n",
        Verdict::NoSystemFiles => "this machine has too many files open; close some, or raise fs.file-max",
        Verdict::NoLocalPorts => {
            "this machine ran out of source ports; lower --rate, or widen net.ipv4.ip_local_port_range"
        }
        Verdict::NoBuffers | Verdict::NoRoom => "this machine's network was too busy; lower --rate",
        Verdict::NoMemory => "this machine ran out of memory; scan fewer hosts at once",
        Verdict::NoFamily => "this machine does not speak their address family; turn it on, or leave them out",
        Verdict::NoZone => "these addresses belong to a link; name it, as in fe80::1%eth0",
        Verdict::LocallyForbidden => "this machine forbids it; look at its firewall or sandbox",
        _ => "this machine failed in another way; scan them again",
    }
}
