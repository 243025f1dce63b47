//! Tests of the engine against listeners of their own, on loopback.

use super::*;
use socket2::{Domain, Socket, Type};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;

/// What a scan told.
#[derive(Default)]
struct Told {
    open: Vec<u16>,
    reports: Vec<HostReport>,
    totals: Totals,
}

impl Told {
    fn states(&self, ports: &[u16], state: State) -> Vec<u16> {
        let verdicts = &self.reports[0].verdicts;
        ports.iter().zip(verdicts).filter(|(_, verdict)| verdict.state() == state).map(|(port, _)| *port).collect()
    }
}

fn terms() -> Terms {
    Terms { rate: None, timeout: None, retries: None, seed: 5, max_open: None, descriptors: 500 }
}

fn scan(ip: impl Into<IpAddr>, ports: &[u16], terms: Terms) -> Told {
    scan_until(&AtomicBool::new(false), ip, (ports, terms))
}

fn scan_until(stop: &AtomicBool, ip: impl Into<IpAddr>, (ports, terms): (&[u16], Terms)) -> Told {
    let ip = ip.into();
    let target = |_| target::Host { address: SocketAddr::new(ip, 0), name: None };
    let work = Work { targets: 1, target: &target, ports, terms };
    let mut told = Told::default();
    let mut tell = |news| match news {
        News::Open(finding) => told.open.push(finding.port),
        News::Host(report) => told.reports.push(report),
        News::Unbegun { hosts } => panic!("{hosts} hosts were not begun"),
        News::Progress(progress) => assert!(progress.done <= progress.total),
    };
    let totals = Engine::new(work, stop, &mut tell).unwrap().run().unwrap();
    told.totals = totals;
    told.open.sort_unstable();
    assert_eq!(told.reports.len(), 1);
    assert_eq!(told.reports[0].verdicts.len(), ports.len());
    assert_eq!(State::ALL.iter().map(|state| totals.of(*state)).sum::<u64>(), ports.len() as u64);
    assert_eq!(told.states(ports, State::Open), told.open, "each open port is told once");
    told
}

/// Listeners, about half of them where the system takes local ports from.
fn listeners(ip: impl Into<IpAddr>) -> (Vec<TcpListener>, Vec<u16>) {
    let ip = ip.into();
    let low = (2000..32_000).step_by(523).filter_map(|port| TcpListener::bind((ip, port)).ok()).take(50);
    let mut listeners: Vec<_> = low.collect();
    listeners.extend((listeners.len()..100).map(|_| TcpListener::bind((ip, 0)).unwrap()));
    let mut ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    ports.sort_unstable();
    (listeners, ports)
}

/// No rate, in effect, but the way of hosts that are not this machine.
fn plain() -> Terms {
    Terms { rate: NonZeroU32::new(1_000_000), ..terms() }
}

/// At an address of its own, so that no listener of another test is called on.
#[test]
fn a_hundred_listeners_among_all_ports_are_found() {
    let all: Vec<u16> = (1..=u16::MAX).collect();
    let ip = Ipv4Addr::new(127, 77, 5, 3);
    let (_listeners, ports) = listeners(ip);
    let told = scan(ip, &all, terms());
    assert!(ports.iter().all(|port| told.open.binary_search(port).is_ok()));
    assert_eq!(told.totals.of(State::NotTested), 0);
}

#[test]
fn listeners_of_ipv6_are_found() {
    let (_listeners, ports) = listeners(Ipv6Addr::LOCALHOST);
    assert_eq!(scan(Ipv6Addr::LOCALHOST, &ports, terms()).open, ports);
}

#[test]
fn the_plain_way_finds_the_same() {
    let (_listeners, ports) = listeners(Ipv4Addr::LOCALHOST);
    let around: Vec<u16> =
        ports.iter().flat_map(|port| [*port - 1, *port]).collect::<BTreeSet<_>>().into_iter().collect();
    for terms in [plain(), Terms { descriptors: 20, ..plain() }, Terms { descriptors: 1, ..plain() }] {
        let told = scan(Ipv4Addr::LOCALHOST, &around, terms);
        assert!(ports.iter().all(|port| told.open.contains(port)), "{terms:?}");
        assert_eq!(told.totals.of(State::Open) + told.totals.of(State::Closed), around.len() as u64);
    }
}

#[test]
fn a_full_accept_queue_is_silence_and_not_closed() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let at = socket.local_addr().unwrap().as_socket().unwrap();
    // Until one finds no place any more.
    let mut fills = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&at, Duration::from_millis(200)) {
        fills.push(stream);
    }
    for terms in [terms(), plain()] {
        let told = scan(at.ip(), &[at.port()], terms);
        assert_eq!(told.reports[0].verdicts, [Verdict::NoAnswer]);
        assert_eq!(told.totals.probes, if terms.rate.is_some() { 3 } else { 4 });
    }
}

#[test]
fn one_place_in_the_queue_is_enough_to_be_found() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let at = socket.local_addr().unwrap().as_socket().unwrap();
    assert_eq!(scan(at.ip(), &[at.port()], terms()).open, [at.port()]);
}

#[test]
fn where_everything_is_open_that_is_said() {
    let listeners: Vec<_> = (0..120).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let mut ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    ports.sort_unstable();
    for terms in [terms(), plain()] {
        let told = scan(Ipv4Addr::LOCALHOST, &ports, terms);
        assert_eq!(told.open, ports);
        assert!(told.reports[0].answers_everything);
    }
    let few = Terms { max_open: NonZeroU32::new(10), descriptors: 3, ..plain() };
    let told = scan(Ipv4Addr::LOCALHOST, &ports, few);
    assert!(told.reports[0].answers_everything);
    assert!(told.open.len() > 10 && told.open.len() < 20, "{}", told.open.len());
    assert_eq!(
        told.reports[0].verdicts.iter().filter(|verdict| **verdict == Verdict::TooManyOpen).count(),
        120 - told.open.len()
    );
}

#[test]
fn what_is_stopped_is_not_tested_and_each_host_is_reported() {
    let stop = AtomicBool::new(true);
    let told = scan_until(&stop, Ipv4Addr::LOCALHOST, (&[1, 2, 3], terms()));
    assert_eq!(told.reports[0].verdicts, [Verdict::Interrupted; 3]);
    assert_eq!(told.totals.probes, 0);

    let target = |number: u64| target::Host { address: ([127, 0, 0, number as u8], 0).into(), name: None };
    let ports: Vec<u16> = (1..=2000).collect();
    let work =
        Work { targets: 200, target: &target, ports: &ports, terms: Terms { rate: NonZeroU32::new(1), ..terms() } };
    let stop = AtomicBool::new(false);
    let mut hosts = BTreeSet::new();
    let mut tell = |news| match news {
        News::Host(report) => assert!(hosts.insert(report.host.address)),
        _ => stop.store(true, Ordering::Relaxed),
    };
    let totals = Engine::new(work, &stop, &mut tell).unwrap().run().unwrap();
    assert_eq!((hosts.len(), totals.hosts), (200, 200));
    assert_eq!(totals.of(State::NotTested) + totals.of(State::Closed) + totals.of(State::Filtered), 400_000);
}

#[test]
fn of_the_whole_internet_a_scan_that_is_stopped_ends_at_once_and_adds_up() {
    let target = |number: u64| target::Host { address: (Ipv4Addr::from_bits(number as u32), 0).into(), name: None };
    let work = Work { targets: 1 << 32, target: &target, ports: &[1, 2], terms: terms() };
    let (mut reports, mut unbegun) = (0, 0);
    let mut tell = |news| match news {
        News::Host(_) => reports += 1,
        News::Unbegun { hosts } => unbegun += hosts,
        News::Open(_) | News::Progress(_) => {}
    };
    let totals = Engine::new(work, &AtomicBool::new(true), &mut tell).unwrap().run().unwrap();
    assert_eq!((reports + unbegun, totals.hosts), (1 << 32, 1 << 32));
    assert_eq!(totals.of(State::NotTested), 1 << 33);
}

/// Whoever is this machine is let in one at a time, so that others are heard in between.
#[test]
fn between_hosts_of_this_machine_the_others_have_their_turn() {
    let target = |number: u64| target::Host { address: ([127, 9, 0, number as u8], 0).into(), name: None };
    let work = Work { targets: 100, target: &target, ports: &[1], terms: terms() };
    let (mut hosts, mut turn) = (0, None);
    let mut tell = |news| match news {
        News::Host(_) => hosts += 1,
        News::Progress(_) => turn = turn.or(Some(hosts)),
        News::Open(_) | News::Unbegun { .. } => {}
    };
    Engine::new(work, &AtomicBool::new(false), &mut tell).unwrap().run().unwrap();
    assert_eq!((hosts, turn), (100, Some(1)));
}

#[test]
fn whoever_waits_for_a_moment_is_not_waited_for_longer_where_there_is_a_rate() {
    let target = |_| target::Host { address: (Ipv4Addr::LOCALHOST, 0).into(), name: None };
    let work = Work { targets: 1, target: &target, ports: &[1], terms: plain() };
    let stop = AtomicBool::new(false);
    let mut tell = |_| {};
    let mut engine = Engine::new(work, &stop, &mut tell).unwrap();
    let soon = engine.now();
    engine.rate.take(soon + Duration::from_secs(3600));
    engine.parked.push(Reverse((soon, 0)));
    assert_eq!(engine.launch(), Duration::ZERO);
}

#[test]
fn every_address_of_this_machine_is_known_as_such() {
    let is = |ip: &str| here::has(SocketAddr::new(ip.parse().unwrap(), 0));
    assert!(is("127.0.0.1") && is("127.5.5.5") && is("::1") && is("0.0.0.0"));
    assert!(!is("192.0.2.1") && !is("2001:db8::1"));
}

#[test]
fn the_same_seed_is_the_same_order() {
    let (_listeners, ports) = listeners(Ipv4Addr::LOCALHOST);
    let order = |seed| {
        let mut order = Vec::new();
        let target = |_| target::Host { address: (Ipv4Addr::LOCALHOST, 0).into(), name: None };
        let terms = Terms { seed, descriptors: 3, ..plain() };
        let work = Work { targets: 1, target: &target, ports: &ports, terms };
        let mut tell = |news| {
            if let News::Open(finding) = news {
                order.push(finding.port);
            }
        };
        Engine::new(work, &AtomicBool::new(false), &mut tell).unwrap().run().unwrap();
        order
    };
    let first = order(1);
    assert_eq!(first, order(1));
    assert_ne!(first, order(2));
}
