//! Stub.
#![expect(dead_code, reason = "a stand-in")]
use super::SubjectError;
use rustix::process::Signal;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Walls {
    pub(crate) network: bool,
    pub(crate) processes: bool,
    pub(crate) files: bool,
    pub(crate) hidden: bool,
}
impl Walls {
    pub(crate) const NONE: Self = Self { network: false, processes: false, files: false, hidden: false };
    pub(crate) fn raise() -> (Self, Option<String>) {
        todo!()
    }
}
pub(crate) fn own_network() -> io::Result<()> {
    todo!()
}
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) command: Vec<OsString>,
    pub(crate) folder: PathBuf,
    pub(crate) environment: Vec<(OsString, OsString)>,
    pub(crate) hidden: Vec<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) walls: Walls,
}
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) cpu: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) output_bytes: u64,
    pub(crate) file_bytes: u64,
    pub(crate) descriptors: u64,
}
impl Default for Limits {
    fn default() -> Self {
        todo!()
    }
}
impl Launch {
    pub(crate) fn start(&self) -> Result<Running, SubjectError> {
        todo!()
    }
}
pub(crate) struct Running;
impl Running {
    pub(crate) fn pid(&self) -> Option<u32> {
        todo!()
    }
    pub(crate) fn type_in(&self, _bytes: &[u8]) -> io::Result<()> {
        todo!()
    }
    pub(crate) fn end_input(&self) -> io::Result<()> {
        todo!()
    }
    pub(crate) fn signal(&self, _signal: Signal) {
        todo!()
    }
    pub(crate) fn output(&self) -> Vec<u8> {
        todo!()
    }
    pub(crate) fn printed_bytes(&self) -> u64 {
        todo!()
    }
    pub(crate) fn stderr(&self) -> Vec<u8> {
        todo!()
    }
    pub(crate) fn ending(&self) -> Option<Ended> {
        todo!()
    }
    pub(crate) fn listeners(&self) -> Vec<SocketAddr> {
        todo!()
    }
    pub(crate) fn awaits_input(&self) -> bool {
        todo!()
    }
    pub(crate) fn hides_input(&self) -> bool {
        todo!()
    }
    pub(crate) fn look(&self) -> Look {
        todo!()
    }
    pub(crate) fn stop(self) -> Stopped {
        todo!()
    }
    pub(crate) fn kill(self) {
        todo!()
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exit(i32),
    Signal(i32),
    OverMemory,
    OverOutput,
}
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) cpu: Duration,
    pub(crate) memory_bytes: u64,
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
    pub(crate) is_runnable: bool,
}
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopped {
    pub(crate) ignored_term: bool,
    pub(crate) left_behind: usize,
}
