//! Scans: runs of `sockeye scan --json`, every port's verdict rebuilt from what they wrote, and ports to look for.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A scan that goes on. Dropped, it is killed.
pub(crate) struct Scanning {
    pub(crate) child: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    stderr: Option<JoinHandle<String>>,
}

/// A scan that is over, and what it said of each port. Its sums were checked.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
    pub(crate) lines: Vec<Value>,
    /// By address; state and reason by port.
    hosts: BTreeMap<String, BTreeMap<u16, (String, String)>>,
}

/// `sockeye scan --json WORDS`, to its end.
#[track_caller]
pub(crate) fn scan(words: &[&str]) -> Scan {
    begin(words).end()
}

/// The same, as it goes on.
pub(crate) fn begin(words: &[&str]) -> Scanning {
    begin_as(Command::new(env!("CARGO_BIN_EXE_sockeye")), words)
}

/// The same with at most `most` descriptors.
#[track_caller]
pub(crate) fn scan_with(most: u32, words: &[&str]) -> Scan {
    begin_as(limited(most), words).end()
}

/// A command that runs sockeye with at most so many descriptors.
pub(crate) fn limited(most: u32) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_sockeye")]);
    command
}

/// The same with the program that `command` starts, where that takes sockeye's words.
pub(crate) fn begin_as(mut command: Command, words: &[&str]) -> Scanning {
    command.args(["scan", "--json"]).args(words);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (said, lines) = channel();
    thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    let stderr = thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map_or_else(|e| e.to_string(), |_| text)
    });
    Scanning { child, lines, heard: Vec::new(), stderr: Some(stderr) }
}

impl Scanning {
    /// Waits for a line with these words.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, words: &str) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("`{words}` never came; there was {:#?}", self.heard));
            self.heard.push(line.clone());
            if line.contains(words) {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it ends, and judges its sums.
    #[track_caller]
    pub(crate) fn end(self) -> Scan {
        let (status, stderr, lines) = self.finish();
        Scan::judge(status, stderr, lines)
    }

    /// The same for one whose lines are not those of a single scan.
    #[track_caller]
    pub(crate) fn finish(mut self) -> (ExitStatus, String, Vec<Value>) {
        let start = Instant::now();
        while self.is_running() {
            assert!(start.elapsed() < PATIENCE, "it did not end; there was {:#?}", self.heard);
            thread::sleep(Duration::from_millis(1));
        }
        let status = self.child.wait().unwrap();
        let mut heard = std::mem::take(&mut self.heard);
        heard.extend(self.lines.iter());
        let stderr = self.stderr.take().unwrap().join().unwrap();
        let line = |line: &String| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}"));
        (status, stderr, heard.iter().map(line).collect())
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Scan {
    /// Every port of every host has exactly one verdict, and all sums are those of the verdicts.
    #[track_caller]
    fn judge(status: ExitStatus, stderr: String, lines: Vec<Value>) -> Self {
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event).cloned().collect::<Vec<_>>();
        let (begins, opens, done, summaries) = (of("begin"), of("open"), of("host"), of("summary"));
        let ([begin], [summary]) = (begins.as_slice(), summaries.as_slice()) else {
            panic!("{status}: {} begins, {} summaries; {stderr}", begins.len(), summaries.len());
        };
        let asked = ranges(&begin["ports"]);
        let mut hosts = BTreeMap::new();
        let mut sums: BTreeMap<&str, u64> = STATES.map(|state| (state, 0)).into();
        for host in &done {
            let mut ports = BTreeMap::new();
            let mut counts: BTreeMap<&str, u64> = STATES.map(|state| (state, 0)).into();
            for group in host["verdicts"].as_array().unwrap() {
                let (state, reason) = (text(&group["state"]), text(&group["reason"]));
                let members = ranges(&group["ports"]);
                assert_eq!(group["count"], members.len(), "{group}");
                *counts.get_mut(state).unwrap_or_else(|| panic!("what is {state}?")) += members.len() as u64;
                for port in members {
                    let before = ports.insert(port, (state.to_owned(), reason.to_owned()));
                    assert_eq!(before, None, "{port} has two verdicts, the second {group}");
                }
            }
            assert!(ports.keys().eq(&asked), "{} ports were asked for, {} are judged", asked.len(), ports.len());
            for state in STATES {
                assert_eq!(host["counts"][state], counts[state], "{state} in {host}");
                *sums.get_mut(state).unwrap() += counts[state];
            }
            let before = hosts.insert(text(&host["address"]).to_owned(), ports);
            assert_eq!(before, None, "{} came twice", host["address"]);
        }
        assert_eq!((&begin["hosts"], &summary["hosts"]), (&hosts.len().into(), &hosts.len().into()));
        for state in STATES {
            assert_eq!(summary["counts"][state], sums[state], "{state} in {summary}");
        }
        assert_eq!(summary["ports"], sums.values().sum::<u64>(), "{summary}");
        let scan = Self { status, stderr, lines, hosts };
        // Told once each, as they were found.
        let told: Vec<(&str, u64)> =
            opens.iter().map(|line| (text(&line["address"]), line["port"].as_u64().unwrap())).collect();
        let mut told_once = told.clone();
        told_once.sort_unstable();
        let found = scan.hosts.keys().flat_map(|host| scan.open(host).into_iter().map(|port| (&**host, port.into())));
        assert!(told_once.into_iter().eq(found), "told: {told:?}");
        let code = if sums["not_tested"] > 0 { 3 } else { 0 };
        assert_eq!(scan.status.code(), Some(code), "{sums:?} {}", scan.stderr);
        scan
    }

    /// State and reason of a port.
    #[track_caller]
    pub(crate) fn verdict(&self, host: &str, port: u16) -> (&str, &str) {
        let verdict = self.hosts.get(host).and_then(|ports| ports.get(&port));
        let (state, reason) = verdict.unwrap_or_else(|| panic!("no {port} of {host} in {:?}", self.lines));
        (state, reason)
    }

    /// The ports of a host that ended so.
    pub(crate) fn of(&self, host: &str, state: &str) -> BTreeSet<u16> {
        self.hosts[host].iter().filter(|(_, (is, _))| is == state).map(|(port, _)| *port).collect()
    }

    pub(crate) fn open(&self, host: &str) -> BTreeSet<u16> {
        self.of(host, "open")
    }

    pub(crate) fn summary(&self) -> &Value {
        self.lines.last().unwrap()
    }

    /// How many ports ended so.
    pub(crate) fn count(&self, state: &str) -> u64 {
        self.summary()["counts"][state].as_u64().unwrap()
    }

    /// How many ports of a host ended for which reason.
    pub(crate) fn reasons(&self, host: &str) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        self.hosts[host].values().for_each(|(_, reason)| *reasons.entry(&**reason).or_default() += 1);
        reasons
    }

    pub(crate) fn host(&self, host: &str) -> &Value {
        self.lines.iter().find(|line| line["event"] == "host" && line["address"] == host).unwrap()
    }
}

#[track_caller]
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// `22,8000-8002` as ports.
#[track_caller]
fn ranges(text: &Value) -> BTreeSet<u16> {
    let number = |text: &str| text.parse::<u16>().unwrap();
    let range = |range: &str| match range.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => number(range)..=number(range),
    };
    self::text(text).split(',').filter(|range| !range.is_empty()).flat_map(range).collect()
}

/// Listeners at ports of chance, half of them where the system takes its own from.
pub(crate) struct Listeners(pub(crate) Vec<TcpListener>);

impl Listeners {
    pub(crate) fn at(ip: IpAddr, count: usize, chance: &mut Chance) -> Self {
        let (first, last) = ephemeral();
        let mut all: Vec<TcpListener> = Vec::new();
        while all.len() < count {
            let port = 1024 + chance.below(65536 - 1024) as u16;
            if (first..=last).contains(&port) == all.len().is_multiple_of(2) {
                // Somebody else may have it; then it is another one.
                all.extend(TcpListener::bind((ip, port)));
            }
        }
        Self(all)
    }

    pub(crate) fn ports(&self) -> BTreeSet<u16> {
        self.0.iter().map(|listener| listener.local_addr().unwrap().port()).collect()
    }
}

/// Ports as `-p` takes them.
pub(crate) fn list(ports: impl IntoIterator<Item = u16>) -> String {
    ports.into_iter().map(|port| port.to_string()).collect::<Vec<_>>().join(",")
}

/// What the system gives to sockets that connect.
pub(crate) fn ephemeral() -> (u16, u16) {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or("49152 65535".into());
    let mut ends = range.split_whitespace().map(|end| end.parse().unwrap());
    (ends.next().unwrap(), ends.next().unwrap())
}

/// Where anybody listens in this network namespace, at whatever address: those may be found open too.
pub(crate) fn listening() -> BTreeSet<u16> {
    let read = |table| fs::read_to_string(format!("/proc/thread-self/net/{table}")).unwrap_or_default();
    let tables = ["tcp", "tcp6"].map(read);
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let listener = |row: &str| {
        let mut columns = row.split_whitespace();
        let (local, state) = (columns.nth(1)?, columns.nth(1)?);
        (state == "0A").then(|| u16::from_str_radix(local.rsplit(':').next()?, 16).ok())?
    };
    rows.filter_map(listener).collect()
}

/// All `wanted` are open, and nothing but them and what others listen at; what is not is closed. `others` were
/// listening before.
#[track_caller]
pub(crate) fn assert_recall(scan: &Scan, host: &str, wanted: &BTreeSet<u16>, others: &BTreeSet<u16>) {
    let open = scan.open(host);
    let missed: Vec<_> = wanted.difference(&open).map(|port| (port, scan.verdict(host, *port))).collect();
    assert!(missed.is_empty(), "missed: {missed:?}; {}", scan.summary());
    let others: BTreeSet<u16> = others.union(&listening()).copied().collect();
    let wrong: Vec<_> = open.difference(wanted).filter(|port| !others.contains(port)).collect();
    assert!(wrong.is_empty(), "open is none of {wrong:?}; {}", scan.summary());
    let rest = scan.summary()["ports"].as_u64().unwrap() - open.len() as u64;
    assert_eq!(scan.of(host, "closed").len() as u64, rest, "{:?}", scan.reasons(host));
}

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// The ends of a port, as reports write them.
const STATES: [&str; 5] = ["open", "closed", "filtered", "unreachable", "not_tested"];
/// Longer than any scan here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
