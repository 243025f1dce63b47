//! `accounts`: what an operator does with the accounts of `login`, in a process beside the server's.

use std::io::{self, IsTerminal};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Exit, Failure, Talk, coredump, print, secret};
use crate::client::question::Interview;
use crate::event::audit::{Act, AuditLog, Record};
use crate::services::login::{self, Password};
use crate::services::{audit_log, name::Name};
use crate::store::{self, AccountKey, AccountSummary, Place, Revoke, Role, Store, StoreError};

/// What is to be done with which accounts.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where they are kept; `None` where there is no folder.
    pub(crate) data: Option<Place>,
    pub(crate) task: Task,
}

#[derive(Debug)]
pub(crate) enum Task {
    List(Form),
    Add(Name),
    Revoke(Name),
    Delete(Name),
}

/// How a list is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    Json,
}

/// # Errors
/// Where the accounts cannot be read or changed, or there is none of this name.
pub(crate) fn run(plan: Plan, talk: Talk) -> Result<Exit, Failure> {
    let place = plan.data.ok_or(StoreError::Nowhere)?;
    if place == Place::Memory {
        return Err(Failure::bad_words("accounts in memory end with their server; name its folder with --data"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|e| Failure::failed(format!("cannot wait for the store: {e}")))?;
    let office = |role| Office::open(&place, role, talk);
    match plan.task {
        Task::List(form) => runtime.block_on(list(&place, form)),
        Task::Add(name) => {
            // Nothing is open while a person types, who may take their time. Until the end a signal does what it does.
            let mut interview = secret::interview()?;
            if io::stdin().is_terminal() {
                runtime.block_on(office(Role::Founder)?.must_be_free(&name))?;
            }
            let password = ask_for_password(&mut interview, talk)?;
            runtime.block_on(office(Role::Founder)?.add(&name, &password))
        }
        Task::Revoke(name) => runtime.block_on(office(Role::Operator)?.revoke(&name)),
        Task::Delete(name) => {
            let mut interview = secret::interview()?;
            if io::stdin().is_terminal() {
                let (_, shown) = runtime.block_on(office(Role::Operator)?.account(&name))?;
                let question = format!("Delete the account of {shown} and end its sessions?");
                if !secret::agrees(&mut interview, &question)? {
                    return Err(Failure::failed("nothing was changed"));
                }
            }
            runtime.block_on(office(Role::Operator)?.delete(&name))
        }
    }
}

/// Whoever only looks needs no audit log, nor a folder that can be written.
async fn list(place: &Place, form: Form) -> Result<Exit, Failure> {
    let accounts = store::open(place, Role::Reader, |_| {})?.accounts(Timestamp::now()).await?;
    let text = match form {
        Form::Json => json(&accounts),
        Form::Table => table(&accounts),
    };
    print::run(text.as_bytes())
}

/// Where an operator sits.
struct Office {
    store: Arc<dyn Store>,
    audit: AuditLog,
    now: Timestamp,
    talk: Talk,
}

impl Office {
    fn open(place: &Place, role: Role, talk: Talk) -> Result<Self, Failure> {
        // A store that fails here fails the task too.
        let store = store::open(place, role, |_| {})?;
        Ok(Self { store, audit: audit_log(Some(place))?, now: Timestamp::now(), talk })
    }

    /// Before a password is asked for.
    async fn must_be_free(&self, name: &Name) -> Result<(), Failure> {
        match self.store.account(&AccountKey(name.key())).await? {
            Some(_) => Err(taken(name.as_str())),
            None => Ok(()),
        }
    }

    async fn add(&self, name: &Name, password: &Password) -> Result<Exit, Failure> {
        let account = login::account(name, password, self.now);
        let name = account.name.clone();
        if !self.store.create_account(account).await? {
            return Err(taken(&name));
        }
        self.note(Act::Create, &name);
        self.talk.say(&format!("{name} has an account"));
        Ok(Exit::Done)
    }

    async fn revoke(&self, name: &Name) -> Result<Exit, Failure> {
        let (key, name) = self.account(name).await?;
        let ended = self.store.revoke(Revoke::Account(key), self.now).await?;
        self.note(Act::Revoke, &name);
        let sessions = if ended == 1 { "1 session".into() } else { format!("{ended} sessions") };
        self.talk.say(&format!("{sessions} of {name} ended"));
        Ok(Exit::Done)
    }

    async fn delete(&self, name: &Name) -> Result<Exit, Failure> {
        let (key, name) = self.account(name).await?;
        if self.store.delete_account(&key, self.now).await? {
            self.note(Act::Delete, &name);
        }
        self.talk.say(&format!("{name} has no account any more"));
        Ok(Exit::Done)
    }

    /// The key, and the name as its owner typed it.
    async fn account(&self, name: &Name) -> Result<(AccountKey, String), Failure> {
        let key = AccountKey(name.key());
        match self.store.account(&key).await? {
            Some(account) => Ok((key, account.name)),
            None => Err(Failure::failed(format!(
                "no account is called {}; `sockeye accounts list` shows those there are",
                name.as_str()
            ))),
        }
    }

    fn note(&self, act: Act, name: &str) {
        self.audit.note(Record::new(act, self.now).account(name).because("operator"));
    }
}

fn taken(name: &str) -> Failure {
    Failure::failed(format!("there is an account called {name} already, or one that looks like it"))
}

/// Twice from a person, who does not see it, until it is one; a pipe says it once.
fn ask_for_password(interview: &mut Interview, talk: Talk) -> Result<Password, Failure> {
    coredump::forbid();
    if !io::stdin().is_terminal() {
        return choose(&secret::line(io::stdin().lock())?);
    }
    loop {
        let password = match choose(&secret::ask(interview, "Password: ")?) {
            Ok(password) => password,
            Err(failure) => {
                talk.say(&failure.sentence);
                continue;
            }
        };
        if *secret::ask(interview, "Again: ")? == *password.as_str() {
            return Ok(password);
        }
        talk.say("the two passwords differ");
    }
}

fn choose(text: &str) -> Result<Password, Failure> {
    Password::choose(text).map_err(|e| Failure::failed(e.to_string()))
}

fn table(accounts: &[AccountSummary]) -> String {
    let width = accounts.iter().map(|account| account.name.chars().count()).max().unwrap_or(0).max("NAME".len());
    let row = |name: &str, created: &str, sessions: &str, seen: &str| {
        format!("{name:width$}  {created:20}  {sessions:>8}  {seen}\n")
    };
    let mut text = row("NAME", "CREATED", "SESSIONS", "SEEN");
    for AccountSummary { name, created, sessions, seen } in accounts {
        let seen = seen.map_or_else(|| "-".into(), |seen| format!("{seen:.0}"));
        text += &row(name, &format!("{created:.0}"), &sessions.to_string(), &seen);
    }
    text
}

fn json(accounts: &[AccountSummary]) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        schema: u32,
        name: &'a str,
        created: String,
        sessions: usize,
        seen: Option<String>,
    }
    let line = |account: &AccountSummary| {
        let (created, seen) = (format!("{:.0}", account.created), account.seen.map(|seen| format!("{seen:.0}")));
        let line = Line { schema: 1, name: &account.name, created, sessions: account.sessions, seen };
        serde_json::to_string(&line).expect("texts and numbers are JSON") + "\n"
    };
    accounts.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_listed_for_people_and_for_programs() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let accounts = [
            AccountSummary { name: "anna".into(), created: at(0), sessions: 2, seen: Some(at(60)) },
            AccountSummary { name: "Łukasz".into(), created: at(1), sessions: 0, seen: None },
        ];
        assert_eq!(
            table(&accounts),
            "NAME    CREATED               SESSIONS  SEEN\n\
             anna    1970-01-01T00:00:00Z         2  1970-01-01T00:01:00Z\n\
             Łukasz  1970-01-01T00:00:01Z         0  -\n"
        );
        assert_eq!(
            json(&accounts),
            "{\"schema\":1,\"name\":\"anna\",\"created\":\"1970-01-01T00:00:00Z\",\"sessions\":2,\"seen\":\"1970-01-01T00:01:00Z\"}\n\
             {\"schema\":1,\"name\":\"Łukasz\",\"created\":\"1970-01-01T00:00:01Z\",\"sessions\":0,\"seen\":null}\n"
        );
    }
}
