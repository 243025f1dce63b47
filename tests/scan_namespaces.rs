//! `sockeye scan` across a wire, and with a machine of its own: filters, routes, loss, limits of the other side. In
//! network namespaces, so nothing outside is touched; they need root and nft, and are not run by `cargo test`: `just
//! interop` runs them.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/net.rs"]
mod net;
#[path = "support/scans.rs"]
mod scans;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use net::{Machine, THERE, Wire, may};
use scans::{Chance, Listeners, Scan, Scanning, assert_recall, begin, list, listening, scan, scan_with};

/// `scan WORDS` as a program of `here`.
fn scan_from(here: &Machine, words: &[&str]) -> Scan {
    here.run(|| scan(words))
}

/// Listeners of `there`, at an address of the family of `host`.
fn listeners(there: &Machine, host: &str, count: usize, seed: u64) -> Listeners {
    there.run(|| Listeners::at(host.parse().unwrap(), count, &mut Chance(seed)))
}

// ---- this machine ----

const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// All ports of both loopbacks with listeners of `seed`, by both ways.
#[track_caller]
fn holds(seed: u64, scan: impl Fn(&[&str]) -> Scan) {
    for ip in LOOPBACK {
        let listeners = Listeners::at(ip, 100, &mut Chance(seed));
        let host = ip.to_string();
        for words in [&[][..], &["--rate", "100M"]] {
            let scan = scan(&[&[&*host, "-p", "-"], words].concat());
            // Nobody else is here, so nothing else may be open.
            assert_eq!(listening(), listeners.ports());
            assert_recall(&scan, &host, &listeners.ports(), &BTreeSet::new());
        }
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn twenty_scans_of_both_loopbacks_miss_nothing_and_invent_nothing() {
    if may() {
        Machine::new().run(|| (0..20).for_each(|seed| holds(seed, scan)));
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn twenty_scans_with_few_descriptors_do_neither() {
    if may() {
        for most in [64, 256] {
            Machine::new().run(|| (0..20).for_each(|seed| holds(seed, |words| scan_with(most, words))));
        }
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn twenty_scans_with_500_local_ports_do_neither() {
    if may() {
        let machine = Machine::new();
        machine.set("ipv4/ip_local_port_range", "40000 40499");
        machine.run(|| (0..20).for_each(|seed| holds(seed, scan)));
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn with_500_local_ports_a_host_far_away_is_scanned_too() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    wire.here.set("ipv4/ip_local_port_range", "40000 40499");
    for host in THERE {
        let listeners = listeners(&wire.there, host, 100, 1);
        let scan = scan_from(&wire.here, &[host, "-p", "-"]);
        assert_recall(&scan, host, &listeners.ports(), &BTreeSet::new());
    }
}

// ---- filters and routes ----

#[test]
#[ignore = "needs root and nft: just interop"]
fn a_filter_is_told_by_what_it_does() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    // Each answer is wanted; usually a machine sends six such messages, then one a second.
    wire.there.set("ipv4/icmp_ratelimit", "0");
    wire.there.set("ipv6/icmp/ratelimit", "0");
    let kinds = [KINDS_V4, KINDS_V6];
    for (host, kinds) in THERE.into_iter().zip(kinds) {
        let _listener = wire.there.run(|| TcpListener::bind((host, 1000)).unwrap());
        let rule =
            |(at, (verdict, ..)): (usize, &Kind)| format!("add rule inet lab in tcp dport {} {verdict}", 1001 + at);
        wire.there.rules(&kinds.iter().enumerate().map(rule).collect::<Vec<_>>().join("\n"));
        let last = 1001 + kinds.len();
        let scan = scan_from(&wire.here, &[host, "-p", &format!("1000-{last}")]);
        let wanted = kinds.iter().map(|(_, state, reason)| (*state, *reason));
        let wanted: Vec<_> = [("open", "syn-ack")].into_iter().chain(wanted).chain([("closed", "refused")]).collect();
        let verdicts: Vec<_> = (1000..=last as u16).map(|port| scan.verdict(host, port)).collect();
        assert_eq!(verdicts, wanted, "{host}");
    }
}

/// What a filter does, and what a port behind it is.
type Kind = (&'static str, &'static str, &'static str);

const KINDS_V4: &[Kind] = &[
    ("drop", "filtered", "no-answer"),
    ("reject with tcp reset", "closed", "refused"),
    ("reject with icmp type port-unreachable", "closed", "refused"),
    ("reject with icmp type admin-prohibited", "filtered", "prohibited"),
    ("reject with icmp type host-prohibited", "filtered", "prohibited"),
    ("reject with icmp type net-prohibited", "filtered", "prohibited"),
    ("reject with icmp type host-unreachable", "unreachable", "host"),
    ("reject with icmp type net-unreachable", "unreachable", "network"),
    ("reject with icmp type prot-unreachable", "unreachable", "protocol"),
];

const KINDS_V6: &[Kind] = &[
    ("drop", "filtered", "no-answer"),
    ("reject with tcp reset", "closed", "refused"),
    ("reject with icmpv6 type port-unreachable", "closed", "refused"),
    ("reject with icmpv6 type admin-prohibited", "filtered", "prohibited"),
    ("reject with icmpv6 type policy-fail", "filtered", "prohibited"),
    ("reject with icmpv6 type reject-route", "filtered", "prohibited"),
    ("reject with icmpv6 type addr-unreachable", "unreachable", "host"),
    ("reject with icmpv6 type no-route", "unreachable", "network"),
];

/// An ICMP message from this machine comes while `connect` still holds the socket, and wakes nobody.
#[test]
#[ignore = "needs root and nft: just interop"]
fn what_this_machine_itself_rejects_is_closed() {
    if !may() {
        return;
    }
    let machine = Machine::new();
    machine.set("ipv4/icmp_ratelimit", "0");
    machine.set("ipv6/icmp/ratelimit", "0");
    machine.rules("add rule inet lab in tcp dport 1000-1009 reject with icmpx type port-unreachable");
    for (host, words) in
        ["127.0.0.1", "::1"].into_iter().flat_map(|host| [&[][..], &["--rate", "1M"]].map(|w| (host, w)))
    {
        let scan = scan_from(&machine, &[&[host, "-p", "995-1014"], words].concat());
        assert_eq!(scan.reasons(host), BTreeMap::from([("refused", 20)]), "{host} {words:?}");
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn a_route_that_leads_nowhere_is_told_by_its_kind() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    for (kind, number) in [("blackhole", 1), ("unreachable", 2), ("prohibit", 3)] {
        wire.here.ip(&format!("route add {kind} 10.66.{number}.0/24\nroute add {kind} fd66:{number}::/64"));
    }
    let hosts = [
        ("10.66.1.1", "unreachable", "blackhole"),
        ("10.66.2.1", "unreachable", "host"),
        ("10.66.3.1", "filtered", "prohibited"),
        ("10.66.4.1", "unreachable", "network"),
        ("fd66:1::1", "unreachable", "blackhole"),
        ("fd66:2::1", "unreachable", "host"),
        ("fd66:3::1", "filtered", "prohibited"),
        ("fd66:4::1", "unreachable", "network"),
    ];
    for words in [&[][..], &["--rate", "100M"]] {
        let targets = hosts.map(|(host, ..)| host);
        let scan = scan_from(&wire.here, &[&targets[..], &["-p", "1-50"], words].concat());
        for (host, state, reason) in hosts {
            assert_eq!(scan.of(host, state).len(), 50, "{host}: {:?}", scan.reasons(host));
            assert_eq!(scan.reasons(host), BTreeMap::from([(reason, 50)]), "{host}");
        }
    }
}

/// Few ports, because the kernel says it of some 50 packets at a time only, and of those first that nobody waits for any
/// more.
#[test]
#[ignore = "needs root: just interop"]
fn an_address_that_no_neighbour_has_is_unreachable() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    for host in ["10.9.0.77", "fd09::77"] {
        let scan = scan_from(&wire.here, &[host, "-p", "1-5"]);
        assert_eq!(scan.reasons(host), BTreeMap::from([("host", 5)]), "{host}");
    }
}

// ---- loss and limits ----

#[test]
#[ignore = "needs root and nft: just interop"]
fn a_loss_of_5_percent_each_way_loses_no_open_port() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    wire.there.rules(LOSSY);
    for (seed, host) in (0..5).flat_map(|seed| THERE.map(|host| (seed, host))) {
        let listeners = listeners(&wire.there, host, 100, seed);
        let ports = list(ports_among(&listeners, 2000, seed));
        let scan = scan_from(&wire.here, &[host, "-p", &ports, "--seed", &seed.to_string()]);
        assert_eq!(scan.open(host), listeners.ports(), "seed {seed}: {}", scan.summary());
        assert_eq!(scan.count("filtered"), 0, "seed {seed}: {}", scan.summary());
    }
}

/// The same where most ports are silent anyhow, so that loss does not show at once.
#[test]
#[ignore = "needs root and nft: just interop"]
fn a_loss_of_5_percent_behind_a_filter_loses_no_open_port() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    for seed in 0..5 {
        let host = THERE[0];
        let listeners = listeners(&wire.there, host, 50, seed);
        let open = list(listeners.ports());
        wire.there.rules(&format!("{LOSSY}\nadd rule inet lab in tcp dport != {{ {open} }} drop"));
        let ports = list(ports_among(&listeners, 2000, seed));
        let scan = scan_from(&wire.here, &[host, "-p", &ports, "--seed", &seed.to_string()]);
        assert_eq!(scan.open(host), listeners.ports(), "seed {seed}: {}", scan.summary());
        assert_eq!(scan.count("closed"), 0, "seed {seed}: {}", scan.summary());
    }
}

fn ports_among(listeners: &Listeners, count: usize, seed: u64) -> BTreeSet<u16> {
    let mut chance = Chance(!seed);
    let mut ports = listeners.ports();
    while ports.len() < count {
        ports.insert(1 + chance.below(65535) as u16);
    }
    ports
}

const LOSSY: &str = "\
add rule inet lab in meta l4proto tcp numgen random mod 100 < 5 drop
add rule inet lab out meta l4proto tcp numgen random mod 100 < 5 drop";

#[test]
#[ignore = "needs root and nft: just interop"]
fn a_limit_of_500_resets_a_second_is_not_called_filtered() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    wire.there.rules("add rule inet lab out tcp flags rst limit rate over 500/second burst 50 packets drop");
    for host in THERE {
        let listeners = listeners(&wire.there, host, 50, 3);
        let ports = list(ports_among(&listeners, 4000, 3));
        let scan = scan_from(&wire.here, &[host, "-p", &ports]);
        assert_recall(&scan, host, &listeners.ports(), &BTreeSet::new());
    }
}

// ---- bad targets ----

#[test]
#[ignore = "needs root and nft: just interop"]
fn a_host_that_answers_everything_is_said_to_do_so() {
    if !may() {
        return;
    }
    let wire = Wire::new();
    let host = THERE[0];
    let listener = wire.there.run(|| TcpListener::bind((host, 80)).unwrap());
    // For as long as the test lasts; who does not accept is soon silent.
    std::thread::spawn(move || while listener.accept().is_ok() {});
    wire.there.rules("add rule inet lab nat tcp dport 1-65535 redirect to :80");
    let all = scan_from(&wire.here, &[host, "-p", "1-5000"]);
    assert_eq!((all.count("open"), &all.host(host)["answers_everything"]), (5000, &true.into()));
    let some = scan_from(&wire.here, &[host, "-p", "-", "--max-open", "100"]);
    assert_eq!((some.status.code(), &some.host(host)["answers_everything"]), (Some(3), &true.into()));
    assert!(some.count("open") > 100 && some.count("not_tested") > 60000, "{}", some.summary());
    assert!(some.reasons(host).contains_key("too-many-open"), "{:?}", some.reasons(host));
    assert_eq!(some.count("filtered") + some.count("closed"), 0, "{}", some.summary());
}

/// A scan of `there` that has just found its first port.
fn underway(wire: &Wire, host: &str) -> Scanning {
    let mut scanning =
        wire.here.run(|| begin(&[host, "-p", "1-4000", "--rate", "2000", "--timeout", "300ms", "--retries", "1"]));
    scanning.wait_for_line("\"open\"");
    scanning
}

#[test]
#[ignore = "needs root: just interop"]
fn a_host_that_dies_meanwhile_is_not_called_closed() {
    if !may() {
        return;
    }
    for host in THERE {
        let wire = Wire::new();
        let listeners: Vec<TcpListener> =
            wire.there.run(|| (1..=200).map(|at| TcpListener::bind((host, at * 19)).unwrap()).collect());
        let scanning = underway(&wire, host);
        wire.there.ip("link set wire down");
        let scan = scanning.end();
        let wrong: Vec<u16> =
            (1..=200).map(|at| at * 19).filter(|port| scan.verdict(host, *port).0 == "closed").collect();
        assert_eq!(wrong, [0; 0], "{:?}", scan.reasons(host));
        assert!(scan.count("filtered") + scan.count("unreachable") > 0, "{}", scan.summary());
        drop(listeners);
    }
}

#[test]
#[ignore = "needs root: just interop"]
fn a_link_of_ours_that_goes_down_is_not_called_closed() {
    if !may() {
        return;
    }
    for host in THERE {
        let wire = Wire::new();
        let _listeners: Vec<TcpListener> =
            wire.there.run(|| (1..=200).map(|at| TcpListener::bind((host, at * 19)).unwrap()).collect());
        let scanning = underway(&wire, host);
        wire.here.ip("link set wire down");
        let scan = scanning.end();
        let wrong: Vec<u16> =
            (1..=200).map(|at| at * 19).filter(|port| scan.verdict(host, *port).0 == "closed").collect();
        assert_eq!(wrong, [0; 0], "{:?}", scan.reasons(host));
        assert!(scan.count("unreachable") + scan.count("not_tested") > 0, "{}", scan.summary());
    }
}
