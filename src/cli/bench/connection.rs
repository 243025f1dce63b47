//! How the server is reached, and by whom.

use std::net::IpAddr;
use std::time::Duration;

use clap::Args;

use super::load::{LoadWords, MOST_CONNECTIONS};
use super::{rate, within};
use crate::bench::Crowd;
use crate::cli::family::FamilyWords;
use crate::cli::quantity;
use crate::commands::Failure;
use crate::commands::bench::Reaching;
use crate::net::Families;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionWords {
    #[command(flatten)]
    pub(super) family: FamilyWords,
    /// Connect from these local addresses in turn; several with commas
    #[arg(long, value_name = "IP", value_delimiter = ',', value_parser = source)]
    pub(super) source: Vec<IpAddr>,
    /// At most so many new connections a second [default: as many as the server takes]
    #[arg(long, value_name = "N", value_parser = rate)]
    connect_rate: Option<f64>,
    /// Hold so many more connections open that say nothing
    #[arg(long, value_name = "N", default_value = "0", value_parser = held)]
    hold: usize,
    /// Give up a connection that is not made for so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = quantity::positive_duration)]
    connect_timeout: Duration,
    /// Give up a connection on which an answer is due and nothing comes for so long
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = quantity::positive_duration)]
    pub(super) idle_timeout: Duration,
}

impl ConnectionWords {
    pub(super) fn reaching(&self) -> Reaching {
        Reaching { families: self.family.families(), timeout: self.connect_timeout }
    }

    pub(super) fn crowd(&self, load: &LoadWords) -> Result<Crowd, Failure> {
        let families = self.family.families();
        if let Some(other) = self.source.iter().find(|source| !is_of(families, source)) {
            return Err(Failure::bad_words(format!(
                "--source {other} is of the other family; leave -4 and -6 out, or name another address"
            )));
        }
        Ok(Crowd {
            connections: load.connections,
            held: self.hold,
            connect_rate: self.connect_rate,
            connect_timeout: self.connect_timeout,
            sources: self.source.clone(),
            workers: load.workers(),
        })
    }
}

fn is_of(families: Families, ip: &IpAddr) -> bool {
    match families {
        Families::Both => true,
        Families::V4 => ip.is_ipv4(),
        Families::V6 => ip.is_ipv6(),
    }
}

fn held(word: &str) -> Result<usize, String> {
    within(quantity::count(word)?, 0..=MOST_CONNECTIONS)
}

fn source(word: &str) -> Result<IpAddr, String> {
    word.trim_matches(['[', ']']).parse().map_err(|_| "it is no IP address; write 192.0.2.1 or ::1".into())
}
