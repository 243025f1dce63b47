//! Networks: two machines and a wire between them, as network namespaces of their own. Nothing outside is touched. Needs
//! root, and says so where it has none.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its part")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::process::geteuid;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network of one machine. It is gone when this is dropped.
pub(crate) struct Machine {
    /// Keeps the namespace, and ends with its stdin.
    keeper: Child,
}

/// Two machines, and a wire from `here` to `there`.
pub(crate) struct Wire {
    pub(crate) here: Machine,
    pub(crate) there: Machine,
}

/// Whether there can be networks of our own; why not is printed.
pub(crate) fn may() -> bool {
    let tried = Command::new("unshare").args(["-n", "true"]).output();
    let may = geteuid().is_root() && tried.is_ok_and(|tried| tried.status.success());
    if !may {
        eprintln!("skipped: a network namespace needs root, which this is not");
    }
    may
}

impl Machine {
    /// One with a loopback, and nothing else.
    pub(crate) fn new() -> Self {
        // It says when it is there.
        let mut command = Command::new("unshare");
        command.args(["-n", "sh", "-c", "ip link set lo up && echo ready && exec cat >/dev/null"]);
        let mut keeper = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        keeper.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        Self { keeper }
    }

    /// Does something as a program of this machine: its sockets and its children's are there.
    pub(crate) fn run<T: Send>(&self, deed: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.namespace()).unwrap();
        let inside = move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            deed()
        };
        thread::scope(|scope| scope.spawn(inside).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Commands of `ip`, one a line.
    #[track_caller]
    pub(crate) fn ip(&self, batch: &str) {
        self.feed(&["ip", "-batch", "-"], batch);
    }

    /// Rules of `nft` instead of those before, for a table that is there already: `inet lab`, with the chains `in`, `out`
    /// and `nat`.
    #[track_caller]
    pub(crate) fn rules(&self, rules: &str) {
        self.feed(&["nft", "-f", "-"], &format!("flush ruleset\n{TABLE}\n{rules}"));
    }

    /// Writes to a file below `/proc/sys/net`.
    pub(crate) fn set(&self, name: &str, value: &str) {
        self.run(|| fs::write(PathBuf::from("/proc/sys/net").join(name), value).unwrap());
    }

    #[track_caller]
    fn feed(&self, command: &[&str], input: &str) {
        let ended = self.run(|| {
            let mut fed = Command::new(command[0]);
            fed.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = fed.spawn().unwrap();
            child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        });
        assert!(ended.status.success(), "{command:?}: {} in {input}", String::from_utf8_lossy(&ended.stderr));
    }

    fn namespace(&self) -> PathBuf {
        format!("/proc/{}/ns/net", self.keeper.id()).into()
    }
}

impl Wire {
    /// `10.9.0.1` and `fd09::1` are here, `10.9.0.2` and `fd09::2` there.
    pub(crate) fn new() -> Self {
        let (here, there) = (Machine::new(), Machine::new());
        here.ip(&format!("link add wire type veth peer name wire netns {}", there.keeper.id()));
        for (machine, number) in [(&here, 1), (&there, 2)] {
            machine.ip(&format!(
                "address add 10.9.0.{number}/24 dev wire\naddress add fd09::{number}/64 dev wire nodad\nlink set wire up"
            ));
        }
        Self { here, there }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

/// `there`, by either family.
pub(crate) const THERE: [&str; 2] = ["10.9.0.2", "fd09::2"];

const TABLE: &str = "\
table inet lab {
  chain in { type filter hook input priority 0; }
  chain out { type filter hook output priority 0; }
  chain nat { type nat hook prerouting priority -100; }
}";
