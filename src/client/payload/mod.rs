//! Payload: generated data that a server is to send back, checked byte by byte. Any number of clients on one thread;
//! they share one buffer, so that what a client costs is its socket.

/// Receives the pattern and says at which byte it went wrong.
mod check;
/// One client's conversation.
mod client;
/// How far all clients are.
mod progress;
/// What came of it.
mod report;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{JoinSet, LocalSet};

use crate::event::Emitter;
use crate::net::{Address, Dial};

pub(crate) use report::{Report, Sum};

/// What is sent, by how many, and where to.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) address: Address,
    pub(crate) dial: Dial,
    /// Bytes for each client.
    pub(crate) size: u64,
    pub(crate) clients: usize,
    /// The same seed makes the same data.
    pub(crate) seed: u64,
    /// How long a client may make no progress.
    pub(crate) idle: Duration,
}

/// Who is shown how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// A bar on stderr, if that is a terminal and it takes more than a second.
    Bar,
    Hidden,
}

/// What all clients share.
struct Run {
    payload: Payload,
    emitter: Emitter,
    /// Bytes that all clients have received.
    received: Cell<u64>,
    scratch: RefCell<Vec<u8>>,
}

/// Runs all clients to their ends; the reports are in the clients' order.
///
/// # Cancel safety
/// Dropping it ends all connections.
pub(crate) async fn run(payload: Payload, emitter: Emitter, progress: Progress) -> Vec<Report> {
    let clients = payload.clients;
    let scratch = RefCell::new(vec![0; BUFFER]);
    let run = Rc::new(Run { payload, emitter, received: Cell::new(0), scratch });
    let all = LocalSet::new();
    all.run_until(async {
        let mut tasks = JoinSet::new();
        for number in 1..=clients {
            tasks.spawn_local(client::run(number, Rc::clone(&run)));
        }
        let reports = async {
            let mut reports = Vec::with_capacity(clients);
            while let Some(report) = tasks.join_next().await {
                reports.push(report.expect("clients do not panic, and nobody aborts them"));
            }
            reports.sort_by_key(|report: &Report| report.client);
            reports
        };
        tokio::select! {
            reports = reports => reports,
            never = progress::show(&run, progress) => match never {},
        }
    })
    .await
}

/// A buffer for all: the pattern can be made anew at any offset, so nobody needs to keep what was not sent.
const BUFFER: usize = 64 * 1024;
