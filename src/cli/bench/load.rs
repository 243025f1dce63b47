//! When something is said to the server, by how many, and until when.

use std::time::Duration;

use clap::Args;

use super::{positive, positive_size, rate, within};
use crate::bench::{Connecting, Pace, Spacing, Stop};
use crate::cli::quantity;

#[derive(Debug, Args)]
#[command(next_help_heading = "Load")]
pub(super) struct LoadWords {
    /// How many connections
    #[arg(short, long, value_name = "N", default_value = "50", value_parser = connections)]
    pub(super) connections: usize,
    /// How many threads press [default: half the processors]
    #[arg(long, value_name = "N", value_parser = workers)]
    workers: Option<usize>,
    /// How many messages may be under way on a connection [default: 1]
    #[arg(long, value_name = "N", value_parser = depth)]
    depth: Option<u32>,
    /// So many messages a second in all, whether answers come or not [default: the next when an answer has come]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// Let the messages of a rate come by chance, as from many people
    #[arg(long)]
    pub(super) poisson: bool,
    /// As many messages under way as the connection takes, for throughput
    #[arg(long, conflicts_with_all = ["rate", "depth", "churn"])]
    stream: bool,
    /// A new connection for each message
    #[arg(long, conflicts_with = "depth")]
    churn: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "End")]
pub(super) struct EndWords {
    /// Measure for so long [default: 10s, where nothing else ends it]
    #[arg(short, long, value_name = "DURATION", value_parser = quantity::positive_duration)]
    duration: Option<Duration>,
    /// Until so many messages have been sent and their answers have come
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    messages: Option<u64>,
    /// Until so many bytes have been sent
    #[arg(long, value_name = "SIZE", value_parser = positive_size)]
    bytes: Option<u64>,
    /// The same load before that, not measured [default: 1s; 0 with --messages or --bytes]
    #[arg(long, value_name = "DURATION", value_parser = quantity::duration)]
    warmup: Option<Duration>,
}

impl LoadWords {
    pub(super) fn pace(&self) -> Pace {
        let depth = self.depth.unwrap_or(1);
        match self.rate {
            Some(rate) => Pace::Open { rate, spacing: self.spacing(), depth },
            None => Pace::Closed { depth: (!self.stream).then_some(depth) },
        }
    }

    pub(super) fn spacing(&self) -> Spacing {
        if self.poisson { Spacing::Poisson } else { Spacing::Even }
    }

    pub(super) fn connecting(&self) -> Connecting {
        if self.churn { Connecting::Anew } else { Connecting::Once }
    }

    /// The other half of the processors is for a server beside us. A worker without a connection would have no work, and
    /// keep its share of the messages from the others.
    pub(super) fn workers(&self) -> usize {
        let half = std::thread::available_parallelism().map_or(1, |all| all.get() / 2);
        self.workers.unwrap_or(half).min(self.connections).clamp(1, MOST_WORKERS)
    }
}

impl EndWords {
    pub(super) fn stop(&self) -> Stop {
        let usual = (!self.is_counted()).then_some(USUAL_DURATION);
        Stop { after: self.duration.or(usual), messages: self.messages, bytes: self.bytes }
    }

    pub(super) fn warmup(&self) -> Duration {
        let usual = if self.is_counted() { Duration::ZERO } else { USUAL_WARMUP };
        self.warmup.unwrap_or(usual)
    }

    fn is_counted(&self) -> bool {
        self.messages.is_some() || self.bytes.is_some()
    }
}

fn connections(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 1..=MOST_CONNECTIONS)
}

fn workers(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 1..=MOST_WORKERS)
}

fn depth(word: &str) -> Result<u32, String> {
    within(quantity::count(word)?, 1..=MOST_DEPTH)
}

const USUAL_DURATION: Duration = Duration::from_secs(10);
/// A server has its memory and its caches after that, and TCP its window.
const USUAL_WARMUP: Duration = Duration::from_secs(1);
const MOST_WORKERS: usize = 256;
/// As many as a socket's usual buffers hold of the smallest messages, and more than any protocol needs.
const MOST_DEPTH: u32 = 1 << 16;
/// A message has 18 bits for the number of its connection.
pub(super) const MOST_CONNECTIONS: usize = (1 << 18) - 1;
