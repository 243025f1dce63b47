//! Which IP families: the words that `connect` and `scan` share.

use clap::Args;

use crate::net::Families;

#[derive(Debug, Args)]
pub(super) struct FamilyWords {
    /// Use IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use IPv6 only
    #[arg(short = '6', long)]
    ipv6: bool,
}

impl FamilyWords {
    pub(super) fn families(&self) -> Families {
        match (self.ipv4, self.ipv6) {
            (true, _) => Families::V4,
            (_, true) => Families::V6,
            _ => Families::Both,
        }
    }
}
