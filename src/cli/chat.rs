//! Chat: what can be said about the room.

use std::path::PathBuf;

use clap::Args;

use super::quantity;
use crate::services::Rate;

#[derive(Debug, Args)]
#[command(next_help_heading = "Chat")]
pub(super) struct ChatWords {
    /// Lines a second that a member may say, with twice as many at once; who says more is warned, then dropped
    #[arg(long, value_name = "N", default_value = "10", value_parser = rate)]
    flood_rate: u32,
    /// Let members say as much as they can, for measurements
    #[arg(long)]
    no_flood_guard: bool,
    /// Let the admin in at this socket as well, which only its owner can use: `sockeye connect unix:PATH`
    #[arg(long, value_name = "PATH")]
    pub(super) admin_socket: Option<PathBuf>,
}

impl ChatWords {
    /// `None` where everybody may say as much as they can.
    pub(super) fn flood(&self) -> Option<Rate> {
        let lines = self.flood_rate;
        (!self.no_flood_guard).then_some(Rate { lines, burst: lines.saturating_mul(2) })
    }
}

fn rate(word: &str) -> Result<u32, String> {
    let rate = quantity::positive_count(word)?;
    u32::try_from(rate).map_err(|_| "it is more than anybody can say; use --no-flood-guard".into())
}
