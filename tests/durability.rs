//! What was acknowledged is still there, whatever happened to the process or the disk; what was not was never promised.
//! Those that inject errors of the disk need strace or a mount of their own, which not every machine lets them have:
//! `just interop` runs them.
#![expect(clippy::unwrap_used, reason = "a test says what failed by panicking")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use serde_json::Value;
use support::{Served, connect_from, sockeye};
use tempfile::TempDir;

// ---- killed ----

#[test]
fn two_hundred_kills_lose_no_acknowledged_name_account_or_session_and_invent_none() {
    let mut chance = Chance::of_the_clock();
    eprintln!("seed {}", chance.0);
    let mut starts = Vec::new();
    let (mut visited, mut registered) = (0, 0);
    for _ in 0..10 {
        let (_above, data) = folder();
        let (visits, registrations) = (Visits::default(), Registrations::default());
        for _ in 0..20 {
            let start = Instant::now();
            let server = serve_both(&data);
            starts.push(start.elapsed());
            visits.judge(&people(&data));
            registrations.judge(&data, server.addr_of("login"));
            std::thread::scope(|scope| {
                for _ in 0..CROWD {
                    scope.spawn(|| while visits.one(server.addr_of("identify")).is_ok() {});
                }
                scope.spawn(|| while registrations.one(server.addr_of("login")).is_ok() {});
                // No synchroniser: this is the random moment.
                std::thread::sleep(Duration::from_micros(chance.below(150_000)));
                server.signal(Signal::KILL);
            });
        }
        let server = serve_both(&data);
        visited += visits.judge(&people(&data));
        registered += registrations.judge(&data, server.addr_of("login"));
    }
    starts.sort();
    let at = |share: usize| starts[(starts.len() - 1) * share / 100];
    eprintln!("acknowledged and kept: {visited} names, {registered} accounts with their sessions");
    assert!(visited > 0 && registered > 0, "nothing was tried");
    eprintln!("ready after a kill: median {:?}, p99 {:?}, most {:?}", at(50), at(99), at(100));
}

#[test]
fn who_was_asked_and_had_not_answered_is_asked_again_after_a_crash() {
    let (_above, data) = folder();
    let server = serve(&data);
    let mut visitor = connect_from(ip(1), server.addr()).unwrap();
    assert_eq!(line(&visitor), "What is your name?");
    visitor.write_all(b"An").unwrap();
    server.signal(Signal::KILL);
    server.wait();
    let server = serve(&data);
    assert!(people(&data).is_empty());
    assert_eq!(visit(server.addr(), ip(1), "Ann").unwrap(), "Nice to meet you, Ann!");
}

#[test]
#[ignore = "needs strace: just interop"]
fn a_kill_at_any_write_or_fsync_loses_no_acknowledged_name_and_invents_none() {
    // On a folder that is made meanwhile, and on one that was there.
    for (made, call) in [false, true].into_iter().flat_map(|made| (1..=50).map(move |call| (made, call))) {
        let (_above, data) = folder();
        if made {
            drop(serve(&data));
        }
        let visits = Visits::default();
        let killed = strace(&format!("pwrite64,fsync,fdatasync:signal=KILL:when={call}"));
        // It may not come to serving anybody.
        if let Ok(server) = Served::try_start_as(killed, &identify(&data)) {
            while visits.one(server.addr()).is_ok() {}
        }
        let _server = serve(&data);
        visits.judge(&people(&data));
    }
}

// ---- a disk that is full, read-only or broken ----

#[test]
#[ignore = "needs unshare: just interop"]
fn on_a_full_disk_names_are_refused_known_ones_greeted_and_new_ones_kept_once_there_is_room() {
    let (above, _) = folder();
    let disk = above.path().to_owned();
    let mut command = Command::new("unshare");
    let mount = "mount -t tmpfs -o size=1m,mode=700 disk \"$1\" && shift && exec \"$@\"";
    command.args(["-rm", "sh", "-c", mount, "sh"]).arg(&disk).arg(env!("CARGO_BIN_EXE_sockeye"));
    let server = Served::start_as(command, &identify(&disk.join("data")));
    let visits = Visits::default();
    assert!(visits.one(server.addr()).is_ok());
    // The disk as the server sees it.
    let ballast = PathBuf::from(format!("/proc/{}/root{}/ballast", server.pid().as_raw_nonzero(), disk.display()));
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write_all(&[0; 1024]).is_ok() {}
    drop(file);
    visits.until_refused(server.addr(), "the store cannot be written");
    visits.judge_by_greeting(server.addr());
    fs::remove_file(&ballast).unwrap();
    assert!(visits.one(server.addr()).is_ok());
    visits.judge_by_greeting(server.addr());
    let (_, told) = server.said();
    assert!(told.contains("sockeye: the store cannot be written: no space is left; until it can, "), "{told}");
}

#[test]
#[ignore = "needs strace: just interop"]
fn while_writes_fail_names_are_refused_and_known_ones_greeted_and_later_all_is_well_again() {
    for error in ["ENOSPC", "EROFS", "EDQUOT", "EIO"] {
        let (_above, data) = folder();
        drop(serve(&data));
        let server = serve_with(&data, &format!("pwrite64:error={error}:when=40..60"));
        let visits = Visits::default();
        visits.until_refused(server.addr(), "the store cannot be written");
        visits.judge_by_greeting(server.addr());
        let mut refusals = 1;
        while visits.one(server.addr()).is_err() {
            refusals += 1;
            assert!(refusals <= 21, "{error} was injected 21 times");
        }
        visits.judge_by_greeting(server.addr());
        drop(server);
        let _server = serve(&data);
        visits.judge(&people(&data));
    }
}

#[test]
#[ignore = "needs strace: just interop"]
fn after_a_failed_fsync_nothing_is_acknowledged_and_the_server_ends_loudly() {
    for first in [1, 2, 5] {
        let (_above, data) = folder();
        drop(serve(&data));
        let server = serve_with(&data, &format!("fsync,fdatasync:error=EIO:when={first}+"));
        let visits = Visits::default();
        visits.until_refused(server.addr(), "could not make sure that data is on disk");
        let ended = server.wait();
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("the store could not make sure that data is on disk"), "{ended:?}");
        let _server = serve(&data);
        visits.judge(&people(&data));
    }
}

// ---- one server, and nobody else ----

#[test]
fn a_second_server_on_a_folder_is_refused_and_told_who_has_it() {
    let (_above, data) = folder();
    let server = serve(&data);
    let second = sockeye(&[&["serve"], &identify(&data)[..]].concat(), "");
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    let pid = server.pid().as_raw_nonzero();
    let sentence = format!("{} is in use by the server with process id {pid}", data.display());
    assert!(second.stderr.contains(&sentence), "{second:?}");
    // It has not harmed the first.
    assert_eq!(visit(server.addr(), ip(1), "Ann").unwrap(), "Nice to meet you, Ann!");
}

#[test]
fn a_killed_server_does_not_stand_in_the_way_of_the_next() {
    let (_above, data) = folder();
    let server = serve(&data);
    server.signal(Signal::KILL);
    server.wait();
    serve(&data);
}

#[test]
fn what_others_could_read_is_not_used() {
    for name in ["", "store.db"] {
        let (_above, data) = folder();
        drop(serve(&data));
        let loose = if name.is_empty() { data.clone() } else { data.join(name) };
        fs::set_permissions(&loose, fs::Permissions::from_mode(0o740)).unwrap();
        for words in [&["serve", "identify", "--on", "127.0.0.1:0"][..], &["store", "dump"]] {
            let refused = sockeye(&[words, &["--data", data.to_str().unwrap()]].concat(), "");
            assert_eq!(refused.status.code(), Some(1), "{refused:?}");
            let sentence = format!("{} is open to others (mode 740); take the rights of others", loose.display());
            assert!(refused.stderr.contains(&sentence), "{refused:?}");
        }
    }
}

#[test]
fn a_dump_works_while_the_server_runs_and_after_it_has_ended() {
    let (_above, data) = folder();
    let server = serve(&data);
    assert_eq!(visit(server.addr(), ip(1), "Ann").unwrap(), "Nice to meet you, Ann!");
    let names = HashMap::from([(ip(1).to_string(), "Ann".to_owned())]);
    assert_eq!(people(&data), names);
    assert_eq!(server.stop().status.code(), Some(0));
    assert_eq!(people(&data), names);
    let everything = sockeye(&["store", "dump", "--data", data.to_str().unwrap()], "");
    assert!(everything.stdout.starts_with("{\"table\":\"people\","), "{everything:?}");
}

#[test]
fn a_folder_that_is_not_there_is_not_made_by_looking() {
    let (_above, data) = folder();
    let sentence = format!("sockeye: there is no store in {}; name another folder with --data\n", data.display());
    for words in [&["store", "dump"][..], &["accounts", "list"], &["accounts", "revoke", "anna"]] {
        let looked = sockeye(&[words, &["--data", data.to_str().unwrap()]].concat(), "");
        assert_eq!((looked.status.code(), &looked.stderr), (Some(1), &sentence));
        assert!(!data.exists());
    }
    let added = sockeye(&["accounts", "add", "anna", "--data", data.to_str().unwrap()], "swimming-upstream\n");
    assert_eq!(added.status.code(), Some(0), "{added:?}");
}

// ---- who visits, and what has to be true of it ----

/// What was said to a server, by key, and whether it was acknowledged.
#[derive(Debug, Default)]
struct Ledger(Mutex<BTreeMap<String, (String, bool)>>);

impl Ledger {
    fn say(&self, key: &str, value: &str) {
        self.0.lock().unwrap().insert(key.to_owned(), (value.to_owned(), false));
    }

    fn acknowledge(&self, key: &str) {
        self.0.lock().unwrap().get_mut(key).unwrap().1 = true;
    }

    fn acknowledged(&self) -> Vec<(String, String)> {
        let said = self.0.lock().unwrap();
        let acknowledged = said.iter().filter(|(_, (_, acknowledged))| *acknowledged);
        acknowledged.map(|(key, (value, _))| (key.clone(), value.clone())).collect()
    }

    /// Holds what is kept against what was said; gives how much was acknowledged.
    #[track_caller]
    fn judge(&self, kept: &HashMap<String, String>) -> usize {
        let acknowledged = self.acknowledged();
        for (key, value) in &acknowledged {
            assert_eq!(kept.get(key), Some(value), "{key} was lost");
        }
        let said = self.0.lock().unwrap();
        for (key, value) in kept {
            assert_eq!(said.get(key).map(|(said, _)| said), Some(value), "{key} was invented");
        }
        acknowledged.len()
    }
}

/// Everybody who came to `identify`, each from an address of his own and with a name that nobody else has.
#[derive(Debug, Default)]
struct Visits {
    count: AtomicU32,
    /// Names by address.
    said: Ledger,
}

impl Visits {
    /// Somebody new.
    fn one(&self, addr: SocketAddr) -> io::Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let (ip, name) = (ip(number), format!("visitor {number}"));
        self.said.say(&ip.to_string(), &name);
        let answer = visit(addr, ip, &name)?;
        if answer != format!("Nice to meet you, {name}!") {
            return Err(io::Error::other(answer));
        }
        self.said.acknowledge(&ip.to_string());
        Ok(())
    }

    /// Somebody new, again and again, until one hears `sentence`, which has to come soon.
    #[track_caller]
    fn until_refused(&self, addr: SocketAddr, sentence: &str) {
        let refusal = (0..1_000).find_map(|_| self.one(addr).err()).unwrap().to_string();
        assert!(refusal.starts_with("Sorry, ") && refusal.contains(sentence), "{refusal}");
    }

    #[track_caller]
    fn judge(&self, kept: &HashMap<String, String>) -> usize {
        self.said.judge(kept)
    }

    /// The same by what the server says to those it knows.
    #[track_caller]
    fn judge_by_greeting(&self, addr: SocketAddr) {
        for (ip, name) in self.said.acknowledged() {
            let visitor = connect_from(ip.parse::<Ipv4Addr>().unwrap(), addr).unwrap();
            assert_eq!(line(&visitor), format!("Hello, {name}!"));
        }
    }
}

/// Everybody who registered at `login`.
#[derive(Debug, Default)]
struct Registrations {
    count: AtomicU32,
    /// Names by themselves.
    said: Ledger,
    /// The last that was given.
    token: Mutex<Option<String>>,
}

impl Registrations {
    /// Somebody new.
    fn one(&self, addr: SocketAddr) -> io::Result<()> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("account{number}");
        self.said.say(&name, &name);
        let answer = ask(addr, ip(number), &format!("REGISTER {name} swimming-upstream"))?;
        let token = answer.split(' ').nth(2).filter(|_| answer.starts_with("OK token "));
        *self.token.lock().unwrap() = Some(token.ok_or_else(|| io::Error::other(answer.clone()))?.to_owned());
        self.said.acknowledge(&name);
        Ok(())
    }

    /// Accounts and sessions were kept, and the last token is good.
    #[track_caller]
    fn judge(&self, data: &Path, addr: SocketAddr) -> usize {
        self.said.judge(&dump(data, "sessions", ["account", "account"]));
        if let Some(token) = self.token.lock().unwrap().take() {
            let answer = ask(addr, ip(0), &format!("RESUME {token}")).unwrap();
            assert!(answer.starts_with("OK token "), "{answer}");
        }
        self.said.judge(&dump(data, "accounts", ["name", "name"]))
    }
}

/// The answer to one command.
fn ask(addr: SocketAddr, ip: Ipv4Addr, command: &str) -> io::Result<String> {
    let mut client = connect_from(ip, addr)?;
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let mut hear = || lines.next().ok_or(io::ErrorKind::UnexpectedEof)?;
    hear()?;
    client.write_all(format!("{command}\n").as_bytes())?;
    hear()
}

/// Comes, says the name when asked, and gives the answer.
fn visit(addr: SocketAddr, ip: Ipv4Addr, name: &str) -> io::Result<String> {
    let mut visitor = BufReader::new(connect_from(ip, addr)?);
    let mut heard = String::new();
    visitor.read_line(&mut heard)?;
    if heard == "What is your name?\n" {
        heard.clear();
        visitor.get_mut().write_all(format!("{name}\n").as_bytes())?;
        visitor.read_line(&mut heard)?;
    }
    heard.strip_suffix('\n').map(str::to_owned).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn line(visitor: &TcpStream) -> String {
    let mut heard = String::new();
    BufReader::new(visitor).read_line(&mut heard).unwrap();
    heard.trim_end_matches('\n').to_owned()
}

/// The addresses of the loopback network are many and all ours.
fn ip(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 1).to_bits() + number)
}

// ---- servers and their folders ----

/// The place for a store, and what is removed with the test.
fn folder() -> (TempDir, PathBuf) {
    let above = tempfile::tempdir().unwrap();
    let data = above.path().join("data");
    (above, data)
}

fn identify(data: &Path) -> [&str; 5] {
    ["identify", "--on", "127.0.0.1:0", "--data", data.to_str().unwrap()]
}

fn serve(data: &Path) -> Served {
    Served::start(&identify(data))
}

fn serve_both(data: &Path) -> Served {
    Served::start(&["identify=127.0.0.1:0", "login=127.0.0.1:0", "--data", data.to_str().unwrap()])
}

/// The same while strace injects something into system calls.
fn serve_with(data: &Path, injected: &str) -> Served {
    Served::start_as(strace(injected), &identify(data))
}

/// The program with something injected into the system calls of each of its threads. strace stands aside, so that the
/// program itself is our child.
fn strace(injected: &str) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={injected}")]);
    strace.arg(env!("CARGO_BIN_EXE_sockeye"));
    strace
}

/// The names that are kept, by address.
fn people(data: &Path) -> HashMap<String, String> {
    dump(data, "people", ["ip", "name"])
}

/// Two columns of what `store dump TABLE` has.
fn dump(data: &Path, table: &str, columns: [&str; 2]) -> HashMap<String, String> {
    let dump = sockeye(&["store", "dump", table, "--data", data.to_str().unwrap()], "");
    assert_eq!(dump.status.code(), Some(0), "{dump:?}");
    let pair = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let [key, value] = columns.map(|column| row[column].as_str().unwrap().to_owned());
        (key, value)
    };
    dump.stdout.lines().map(pair).collect()
}

/// Numbers by chance, the same for the same seed: SplitMix64.
struct Chance(u64);

impl Chance {
    fn of_the_clock() -> Self {
        Self(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// How many visitors come at once.
const CROWD: usize = 6;
