//! The words of `accounts`.

use clap::{Args, Subcommand};

use super::data::DataWords;
use crate::commands::Plan;
use crate::commands::accounts::{self, Form, Task};
use crate::services::name::{BadName, Name, Rule};

/// See to the accounts of `login`, also while it is served
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Words {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Show all accounts and their open sessions
    List {
        /// As JSON, an object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        data: DataWords,
    },
    /// Make an account; the password is asked for, or is the first line of stdin
    #[command(after_help = ADD_EXAMPLES)]
    Add(Whose),
    /// End all sessions of an account
    Revoke(Whose),
    /// Remove an account and end its sessions; a person at a terminal is asked first
    Delete(Whose),
}

#[derive(Debug, Args)]
struct Whose {
    /// Whose account
    #[arg(value_parser = name)]
    name: Name,
    #[command(flatten)]
    data: DataWords,
}

impl Words {
    pub(super) fn plan(self) -> Plan {
        let (data, task) = match self.deed {
            Deed::List { json: true, data } => (data, Task::List(Form::Json)),
            Deed::List { json: false, data } => (data, Task::List(Form::Table)),
            Deed::Add(Whose { name, data }) => (data, Task::Add(name)),
            Deed::Revoke(Whose { name, data }) => (data, Task::Revoke(name)),
            Deed::Delete(Whose { name, data }) => (data, Task::Delete(name)),
        };
        Plan::Accounts(accounts::Plan { data: data.place(), task })
    }
}

fn name(word: &str) -> Result<Name, BadName> {
    Name::parse(word, Rule::Word)
}

const EXAMPLES: &str = "\
Examples:
  sockeye accounts list
  sockeye accounts add anna                   asks for the password twice
  sockeye accounts add anna <password-file    takes it from the first line
  sockeye accounts revoke anna                her sessions end within a second
  sockeye accounts delete anna --data ./data";

const ADD_EXAMPLES: &str = "\
Examples:
  sockeye accounts add anna                   asks for the password twice
  sockeye accounts add anna <password-file    takes it from the first line";
