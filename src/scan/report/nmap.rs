//! Nmap: our verdicts as those know them who read nmap's output. They know neither `unreachable`, which nmap calls
//! filtered and tells by its reason, nor a port that was not asked, which is `unknown`: never closed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::scan::{State, Verdict};

use super::groups::Groups;

pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Closed => "closed",
        State::Filtered | State::Unreachable => "filtered",
        State::NotTested => "unknown",
    }
}

/// nmap's word where it has one, else ours.
pub(super) fn reason(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted | Verdict::AcceptedThenReset => "syn-ack",
        Verdict::Refused => "conn-refused",
        Verdict::NoAnswer => "no-response",
        Verdict::Prohibited => "admin-prohibited",
        Verdict::HostUnreachable | Verdict::HostDown => "host-unreach",
        Verdict::NetUnreachable | Verdict::NetDown => "net-unreach",
        Verdict::NoProtocol => "proto-unreach",
        ours => ours.reason(),
    }
}

/// Whether a host is there, as far as a scan without pings can tell, and how it can.
pub(super) fn status(groups: &Groups) -> (&'static str, &'static str) {
    let all = |state| groups.iter().all(|(verdict, _)| verdict.state() == state);
    match groups.iter().next() {
        Some((first, _)) if groups.answered() => ("up", reason(first)),
        Some((first, _)) if all(State::Unreachable) => ("down", reason(first)),
        Some(_) if all(State::NotTested) => ("unknown", "not-tested"),
        _ => ("up", "user-set"),
    }
}

/// The states with so many ports that they are only counted, with how many; never the open ones.
pub(super) fn crowds(groups: &Groups) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (verdict, ports) in groups.others() {
        *counts.entry(state(verdict.state())).or_default() += ports.len();
    }
    counts.retain(|_, count| *count > MOST_LISTED);
    counts
}

/// The ports that stand one by one, in rising order.
pub(super) fn listed(groups: &Groups, only_counted: impl Fn(&str) -> bool) -> Vec<(u16, Verdict)> {
    let shown = groups.iter().filter(|(verdict, _)| !only_counted(state(verdict.state())));
    let mut ports: Vec<_> = shown.flat_map(|(verdict, ports)| ports.iter().map(move |port| (*port, verdict))).collect();
    ports.sort_unstable();
    ports
}

/// How many hosts there were, as nmap ends its reports.
pub(super) fn hosts(all: u64, up: u64) -> String {
    let (addresses, hosts) = (if all == 1 { "address" } else { "addresses" }, if up == 1 { "host" } else { "hosts" });
    format!("{all} IP {addresses} ({up} {hosts} up)")
}

/// As nmap writes a time.
pub(super) fn time(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a %b %e %H:%M:%S %Y").to_string()
}

/// nmap lists so many ports of a state one by one.
const MOST_LISTED: usize = 25;
