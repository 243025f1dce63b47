//! `sockeye scan` on this machine: nothing that is open is missed, nothing that is not is called so, and every sum is
//! right, whatever it lacks meanwhile.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

#[path = "support/scans.rs"]
mod scans;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use scans::{Chance, Listeners, assert_recall, begin, begin_as, limited, list, listening, scan, scan_with};
use support::{Served, sockeye};

/// An address of this machine where nobody else is, so that a scan of all its ports meets none of their servers.
fn own() -> IpAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 64 + (high & 63), low, NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// What is open at an address, and who else was listening when it was looked.
struct Lab {
    ip: IpAddr,
    host: String,
    listeners: Listeners,
    others: BTreeSet<u16>,
}

impl Lab {
    fn new(ip: IpAddr, count: usize, seed: u64) -> Self {
        let listeners = Listeners::at(ip, count, &mut Chance(seed));
        Self { ip, host: ip.to_string(), listeners, others: listening() }
    }

    #[track_caller]
    fn holds(&self, scan: &scans::Scan) {
        assert_recall(scan, &self.host, &self.listeners.ports(), &self.others);
    }

    /// The listeners, and as many ports of chance.
    fn some(&self, count: usize, chance: &mut Chance) -> String {
        let others = (0..count).map(|_| 1 + chance.below(65535) as u16);
        list(others.chain(self.listeners.ports()).collect::<BTreeSet<_>>())
    }
}

#[test]
fn all_ports_of_an_address_have_their_verdict_and_no_listener_is_missed() {
    for seed in 0..8 {
        let lab = Lab::new(own(), 100, seed);
        lab.holds(&scan(&[&lab.host, "-p", "-", "--seed", &seed.to_string()]));
    }
}

/// With a rate, however high, each port has a socket of its own, as at hosts far away.
#[test]
fn a_socket_a_port_finds_the_same() {
    for seed in 0..2 {
        let lab = Lab::new(own(), 100, seed);
        lab.holds(&scan(&[&lab.host, "-p", "-", "--rate", "100M"]));
    }
}

/// Not all ports, because ::1 is the only one there is, and what others have there should not be disturbed.
#[test]
fn over_ipv6_it_is_the_same() {
    for seed in 0..4 {
        let lab = Lab::new(Ipv6Addr::LOCALHOST.into(), 100, seed);
        let ports = lab.some(5000, &mut Chance(seed));
        lab.holds(&scan(&["::1", "-p", &ports]));
        lab.holds(&scan(&["::1", "-p", &ports, "--rate", "100M"]));
    }
}

#[test]
fn few_descriptors_only_make_it_slower() {
    for most in [64, 256] {
        let lab = Lab::new(own(), 100, u64::from(most));
        lab.holds(&scan_with(most, &[&lab.host, "-p", "-"]));
        lab.holds(&scan_with(most, &[&lab.host, "-p", "-", "--rate", "100M"]));
    }
}

#[cfg(target_os = "linux")]
mod descriptors {
    use super::*;
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

    fn limit(most: u64) -> Rlimit {
        Rlimit { current: Some(most), maximum: getrlimit(Resource::Nofile).maximum }
    }

    /// As if somebody else ate what is left, and gave it back, again and again.
    #[test]
    fn descriptors_that_come_and_go_cost_no_port() {
        for words in [&["--rate", "100M"][..], &[]] {
            let lab = Lab::new(own(), 100, 5);
            let mut scanning = begin(&[&[&lab.host, "-p", "-"], words].concat());
            let pid = Pid::from_child(&scanning.child);
            let mut round = 0;
            while scanning.is_running() {
                round += 1;
                // It may be over at any moment.
                let _ = prlimit(Some(pid), Resource::Nofile, limit(if round % 2 == 0 { 4096 } else { 9 }));
                std::thread::yield_now();
            }
            lab.holds(&scanning.end());
        }
    }

    #[test]
    fn without_descriptors_ports_are_not_tested_and_none_is_called_closed() {
        let lab = Lab::new(own(), 20, 6);
        let ports = lab.some(5000, &mut Chance(6));
        let mut scanning = begin(&[&lab.host, "-p", &ports, "--rate", "2000"]);
        // The first is found, so that everything else it opens is open by then.
        scanning.wait_for_line("\"open\"");
        prlimit(Some(Pid::from_child(&scanning.child)), Resource::Nofile, limit(1)).unwrap();
        let scan = scanning.end();
        let untested = scan.of(&lab.host, "not_tested");
        assert!(!untested.is_empty() && scan.count("filtered") == 0, "{}", scan.summary());
        assert!(untested.iter().all(|port| scan.verdict(&lab.host, *port).1 == "descriptors"), "{}", scan.summary());
        let (closed, listeners) = (scan.of(&lab.host, "closed"), lab.listeners.ports());
        assert!(closed.is_disjoint(&listeners), "{closed:?}");
    }
}

#[test]
fn a_scan_that_is_interrupted_tells_what_it_knows() {
    for signal in [Signal::INT, Signal::TERM] {
        let lab = Lab::new(own(), 100, 7);
        let mut scanning = begin(&[&lab.host, "-p", "-", "--rate", "2000"]);
        let first = scanning.wait_for_line("\"open\"");
        kill_process(Pid::from_child(&scanning.child), signal).unwrap();
        let scan = scanning.end();
        assert_eq!(scan.status.code(), Some(3));
        assert_eq!(scan.reasons(&lab.host).keys().copied().collect::<Vec<_>>(), ["interrupted", "refused", "syn-ack"]);
        assert!(scan.open(&lab.host).contains(&(first["port"].as_u64().unwrap() as u16)));
        assert!(scan.open(&lab.host).is_subset(&lab.listeners.ports()));
    }
}

/// The same while it is fast, at whatever moment.
#[test]
fn a_scan_of_this_machine_that_is_interrupted_adds_up() {
    for seed in 0..5 {
        let lab = Lab::new(own(), 100, seed);
        let mut scanning = begin(&[&lab.host, "-p", "-"]);
        scanning.wait_for_line("\"open\"");
        // It may be done by now.
        let _ = kill_process(Pid::from_child(&scanning.child), Signal::INT);
        let scan = scanning.end();
        assert!(scan.of(&lab.host, "closed").is_disjoint(&lab.listeners.ports()));
        assert_eq!(scan.count("filtered") + scan.count("unreachable"), 0);
    }
}

#[test]
fn the_table_of_an_interrupted_scan_adds_up_too() {
    let lab = Lab::new(own(), 100, 8);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["scan", &lab.host, "-p", "-", "--rate", "2000"]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    let child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    // Some listener is asked after a while; which one is chance.
    let first = &lab.listeners;
    first.0.iter().for_each(|listener| listener.set_nonblocking(true).unwrap());
    support::eventually("a probe comes", || first.0.iter().any(|listener| listener.accept().is_ok()));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(3));
    let table = String::from_utf8(ended.stdout).unwrap();
    assert!(table.contains("not tested (interrupted)"), "{table}");
    let sum = table.lines().last().unwrap();
    let counts = sum.split(": ").nth(1).unwrap().split(';').next().unwrap();
    let counts = counts.split(", ").map(|count| count.split(' ').next().unwrap().parse::<u64>().unwrap());
    assert!(sum.starts_with("65535 ports: ") && counts.sum::<u64>() == 65535, "{sum}");
}

#[test]
fn our_own_services_are_each_named() {
    let served = Served::start(&["all", "--on", "127.0.0.1:0", "--data", ":memory:"]);
    let port = |service: &str| served.addr_of(service).port();
    let all: Vec<u16> = served.places.iter().map(|(service, _)| port(service)).collect();
    let scan = scan(&["127.0.0.1", "-p", &list(all.iter().copied()), "--banner"]);
    assert_eq!(scan.open("127.0.0.1"), all.into_iter().collect());
    let seen = scan.lines.iter().filter(|line| line["event"] == "open");
    let named: BTreeSet<(u64, &str)> =
        seen.map(|line| (line["port"].as_u64().unwrap(), line["seen"]["service"].as_str().unwrap_or("-"))).collect();
    let wanted: BTreeSet<(u64, &str)> =
        served.places.iter().map(|(service, _)| (u64::from(port(service)), service.as_str())).collect();
    assert_eq!(named, wanted);
}

#[test]
fn watching_tells_what_opens_and_what_closes() {
    let lab = Lab::new(own(), 20, 9);
    let ports = lab.some(20, &mut Chance(9));
    let mut scanning = begin(&[&lab.host, "-p", &ports, "--watch", "50ms"]);
    scanning.wait_for_line("\"summary\"");
    let (gone, Listeners(mut rest)) = (lab.listeners.ports(), lab.listeners);
    let gone = *gone.iter().next().unwrap();
    rest.retain(|listener| listener.local_addr().unwrap().port() != gone);
    let change = scanning.wait_for_line("\"change\"");
    assert_eq!(
        (&change["ports"], &change["from"], &change["to"]),
        (&gone.to_string().into(), &"open".into(), &"closed".into())
    );
    let _back = std::net::TcpListener::bind((lab.ip, gone)).unwrap();
    let change = scanning.wait_for_line("\"change\"");
    assert_eq!(
        (&change["ports"], &change["from"], &change["to"]),
        (&gone.to_string().into(), &"closed".into(), &"open".into())
    );
    kill_process(Pid::from_child(&scanning.child), Signal::INT).unwrap();
    let (status, stderr, _) = scanning.finish();
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[test]
fn all_reports_of_a_scan_know_the_same_ports() {
    let lab = Lab::new(own(), 30, 10);
    let dir = tempfile::tempdir().unwrap();
    let [grepable, xml] = ["found.gnmap", "found.xml"].map(|name| dir.path().join(name));
    let (grepable, xml) = (grepable.to_str().unwrap(), xml.to_str().unwrap());
    let scan = scan(&[&lab.host, "-p", "1024-", "-oG", grepable, "-oX", xml]);
    lab.holds(&scan);
    let (grepable, xml) = (fs::read_to_string(grepable).unwrap(), fs::read_to_string(xml).unwrap());
    let document = roxmltree::Document::parse_with_options(
        &xml,
        roxmltree::ParsingOptions { allow_dtd: true, ..Default::default() },
    );
    let document = document.unwrap();
    let is_open = |port: &roxmltree::Node<'_, '_>| {
        port.children().any(|child| child.has_tag_name("state") && child.attribute("state") == Some("open"))
    };
    let open = document.descendants().filter(|node| node.has_tag_name("port")).filter(is_open);
    let in_xml: BTreeSet<u16> = open.map(|port| port.attribute("portid").unwrap().parse().unwrap()).collect();
    let words = grepable.split([' ', '\t', ',']).filter_map(|word| word.split_once("/open/tcp"));
    let in_grepable: BTreeSet<u16> = words.map(|(port, _)| port.parse().unwrap()).collect();
    assert_eq!((&in_xml, &in_grepable), (&scan.open(&lab.host), &scan.open(&lab.host)));
    let table = sockeye(&["scan", &lab.host, "-p", "1024-"], "").stdout;
    let rows = table.lines().filter_map(|line| line.trim_start().split_once("/tcp"));
    let in_table: BTreeSet<u16> =
        rows.filter(|(_, rest)| rest.trim_start().starts_with("open")).map(|(port, _)| port.parse().unwrap()).collect();
    assert!(in_table.is_superset(&lab.listeners.ports()), "{table}");
}

#[test]
fn many_hosts_mix_and_each_adds_up() {
    let [.., high, low] = std::process::id().to_be_bytes();
    let net = format!("127.{}.{low}", 192 + (high & 31));
    let labs: Vec<Lab> = (0..4).map(|at| Lab::new(format!("{net}.{}", 40 + at).parse().unwrap(), 10, at)).collect();
    let ports = list(labs.iter().flat_map(|lab| lab.listeners.ports()).collect::<BTreeSet<_>>());
    for words in [&[][..], &["--rate", "100M"]] {
        let block = format!("{net}.32/28");
        let scan = scan(&[&[&*block, "-p", &ports], words].concat());
        assert_eq!(scan.summary()["hosts"], 16);
        for lab in &labs {
            let open = scan.open(&lab.host);
            assert!(open.is_superset(&lab.listeners.ports()), "{open:?}");
            assert!(open.difference(&lab.listeners.ports()).all(|port| lab.others.contains(port)), "{open:?}");
        }
    }
}

/// Both ways of running out at once.
#[test]
fn a_whole_block_with_few_descriptors_adds_up() {
    let [.., high, low] = std::process::id().to_be_bytes();
    let block = format!("127.{}.{low}.128/26", 224 + (high & 15));
    let scanning = begin_as(limited(40), &[&block, "-p", "1-200", "--rate", "100M"]);
    assert_eq!(scanning.end().summary()["ports"], 64 * 200);
}
