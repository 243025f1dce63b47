//! The server under a benchmark: a `sockeye serve` of its own on a free port, with its figures.
#![allow(dead_code, clippy::allow_attributes, reason = "each benchmark uses its part")]

use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) struct Server {
    child: Child,
    /// One `SERVICE ADDR` line a listener.
    places: String,
}

impl Server {
    /// `sockeye serve WORDS`, run by `wrapper` where that has words.
    pub(crate) fn start(wrapper: &[&str], words: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let program = [wrapper, &[env!("CARGO_BIN_EXE_sockeye"), "serve"], words].concat();
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(["--on", "127.0.0.1:0", "--ready-file"]).arg(&ready);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while !ready.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "it does not listen");
            std::thread::sleep(Duration::from_millis(1));
        }
        Self { child, places: fs::read_to_string(ready).unwrap() }
    }

    pub(crate) fn addr_of(&self, service: &str) -> SocketAddr {
        let line = self.places.lines().find(|line| line.starts_with(service)).unwrap();
        line.split_once(' ').unwrap().1.parse().unwrap()
    }

    /// CPU time of all its threads so far.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of = |task: fs::DirEntry| fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let nanos = tasks.map(|task| of(task.unwrap()).split(' ').next().unwrap_or("").parse::<u64>().unwrap_or(0));
        Duration::from_nanos(nanos.sum())
    }

    /// A line of `/proc/PID/status`, in KiB.
    pub(crate) fn memory(&self, which: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(which)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// SIGTERM, and until it has ended; a wrapper's child is the server.
    pub(crate) fn stop(mut self) {
        let child = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.child.id())).unwrap_or_default();
        let server = child.split_whitespace().next().and_then(|pid| Pid::from_raw(pid.parse().ok()?));
        kill_process(server.unwrap_or(Pid::from_child(&self.child)), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
