//! Tests of the engine against listeners of their own, on loopback.

use super::*;
use crate::scan::State;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::num::NonZeroU32;

/// What a scan told.
#[derive(Default)]
struct Told {
    open: Vec<u16>,
    reports: Vec<HostReport>,
    totals: Totals,
    progress: Vec<Progress>,
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
        News::Progress(progress) => told.progress.push(progress),
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

fn all() -> Vec<u16> {
    (1..=u16::MAX).collect()
}

#[test]
fn bench_all() {
    let ports = all();
    let listeners: Vec<_> = (0..20).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
    let started = Instant::now();
    let told = scan(Ipv4Addr::LOCALHOST, &ports, terms());
    println!("{:?} {:?} {:?}", started.elapsed(), told.totals, told.open);
    let started = Instant::now();
    let told = scan(Ipv4Addr::LOCALHOST, &ports, Terms { rate: NonZeroU32::new(100_000_000), ..terms() });
    println!("{:?} {:?} {:?}", started.elapsed(), told.totals, told.open);
    drop(listeners);
}
