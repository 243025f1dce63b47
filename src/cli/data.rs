//! Data: where what outlives the process is kept.

use std::path::PathBuf;

use clap::Args;
use etcetera::BaseStrategy;

use crate::store::Place;

#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub(super) struct DataWords {
    /// Keep names, accounts, sessions and results in this folder; `:memory:` keeps nothing [default: the platform's data folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DataWords {
    /// Whether one was typed, or stands in a configuration file.
    pub(super) fn is_named(&self) -> bool {
        self.data.is_some()
    }

    /// `None` where no folder is named and the platform has none.
    pub(super) fn place(&self) -> Option<Place> {
        match &self.data {
            Some(dir) if dir.as_os_str() == ":memory:" => Some(Place::Memory),
            Some(dir) => Some(Place::Dir(dir.clone())),
            None => platform_dir().map(Place::Dir),
        }
    }
}

/// Ours in the platform's data directory; `None` where there is no home.
pub(super) fn platform_dir() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.data_dir().join("sockeye"))
}
