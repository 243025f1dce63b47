//! The words of `store`.

use clap::{Args, Subcommand};

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
        #[arg(value_name = "TABLE", value_parser = super::one_of(&Table::ALL, Table::name))]
        table: Option<Table>,
        #[command(flatten)]
        data: DataWords,
    },
}

impl Words {
    pub(super) fn plan(self) -> Plan {
        let Deed::Dump { table, data } = self.deed;
        let tables = table.map_or_else(|| Table::ALL.to_vec(), |table| vec![table]);
        Plan::Dump(store::Dump { data: data.place(), tables })
    }
}

const EXAMPLES: &str = "\
Examples:
  sockeye store dump                           everything in the platform's data folder
  sockeye store dump people --data /srv/names  who is known by which address";
