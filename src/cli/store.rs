//! The words of `store`.

use clap::{Args, Subcommand, ValueEnum};

use super::data::DataWords;
use crate::commands::{Plan, store};
use crate::store::Table;

/// Look into the store of names, accounts, sessions, bans and matches, while a server uses it or while none does
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Words {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Print what is kept as JSON lines; passwords and tokens are left out
    Dump {
        /// Only this table
        #[arg(value_name = "TABLE")]
        table: Option<Named>,
        #[command(flatten)]
        data: DataWords,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Named {
    People,
    Accounts,
    Sessions,
    Bans,
    Matches,
}

impl Words {
    pub(super) fn plan(self) -> Plan {
        let Deed::Dump { table, data } = self.deed;
        let tables = match table {
            None => vec![Table::People, Table::Accounts, Table::Sessions, Table::Bans, Table::Matches],
            Some(Named::People) => vec![Table::People],
            Some(Named::Accounts) => vec![Table::Accounts],
            Some(Named::Sessions) => vec![Table::Sessions],
            Some(Named::Bans) => vec![Table::Bans],
            Some(Named::Matches) => vec![Table::Matches],
        };
        Plan::Dump(store::Dump { data: data.place(), tables })
    }
}

const EXAMPLES: &str = "\
Examples:
  sockeye store dump                           everything in the platform's data folder
  sockeye store dump people --data /srv/names  who is known by which address";
