//! `accounts`: what an operator does with the accounts of `login`.

use clap::{Args, ValueEnum};

use super::data::DataWords;
use crate::commands::accounts::{self, Form, Task};
use crate::commands::{Failure, Plan};
use crate::services::name::{Name, Rule};

/// See to the accounts of `login`, also while it is served
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Words {
    /// What to do
    action: Action,
    /// Whose account
    name: Option<String>,
    /// List as JSON, an object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataWords,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Show all accounts and their open sessions
    List,
    /// Make an account; the password is asked for, or is the first line of stdin
    Add,
    /// End all sessions of an account
    Revoke,
    /// Remove an account and end its sessions
    Delete,
}

impl Words {
    /// # Errors
    /// Where the words make no sense together.
    pub(super) fn plan(self) -> Result<Plan, Failure> {
        let Self { action, name, json, data } = self;
        if json && action != Action::List {
            return Err(Failure::bad_words("--json is for `sockeye accounts list`"));
        }
        let form = if json { Form::Json } else { Form::Table };
        let task = match (action, name) {
            (Action::List, None) => Task::List(form),
            (Action::List, Some(_)) => return Err(Failure::bad_words("`accounts list` takes no name; it shows all")),
            (_, None) => return Err(Failure::bad_words("no account is named; say it as `sockeye accounts add NAME`")),
            (action, Some(name)) => {
                let name = Name::parse(&name, Rule::Word).map_err(|e| Failure::bad_words(e.to_string()))?;
                match action {
                    Action::Add => Task::Add(name),
                    Action::Delete => Task::Delete(name),
                    Action::Revoke | Action::List => Task::Revoke(name),
                }
            }
        };
        Ok(Plan::Accounts(accounts::Plan { data: data.place(), task }))
    }
}

const EXAMPLES: &str = "\
Examples:
  sockeye accounts list
  sockeye accounts add anna                   asks for the password twice
  sockeye accounts add anna <password-file    takes it from the first line
  sockeye accounts revoke anna                her sessions end within a second, wherever they are held
  sockeye accounts delete anna --data ./data";
