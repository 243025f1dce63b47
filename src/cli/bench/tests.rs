//! What words of `bench` mean.

use super::*;
use clap::{CommandFactory, FromArgMatches, Parser};

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    words: Words,
}
