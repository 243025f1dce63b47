//! Desk: what is done for a visitor of `login`: registering, logging in and out, resuming, changing a password. Each
//! takes the words as they were typed and answers with a session or a refusal.

use std::net::IpAddr;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::hashing::{Done, NotDone};
use super::password::Password;
use super::presence::Attachment;
use super::refusal::Refusal;
use super::throttle::{Attempt, Verdict};
use super::token::{Token, id, session_id};
use super::verifier::{Corrupt, Fit, Workspace};
use super::visit::{Visit, Way};
use super::{Act, Login, Record};
use crate::services::name::{Name, Rule};
use crate::store::{
    Account, AccountKey, Ends, NewSession, Resumed, Resumption, Revoke, Session, TokenHash, VerifierChange,
};

/// A session that somebody here holds.
pub(super) struct Held {
    pub(super) session: Session,
    pub(super) attachment: Attachment,
}

/// A session, and the token that its holder is told.
pub(super) struct Granted {
    pub(super) held: Held,
    pub(super) token: Zeroizing<String>,
}

/// An attempt that ends, whatever becomes of the conversation.
struct Trying<'a> {
    login: &'a Login,
    attempt: Attempt,
    verdict: Verdict,
}

impl<'a> Visit<'a> {
    pub(super) async fn register(&mut self, name: &str, password: &str) -> Result<Granted, Refusal> {
        self.needs_safety()?;
        let (name, password) = (Name::parse(name, Rule::Word)?, Password::choose(password)?);
        let key = AccountKey(name.key());
        // Asking for names that are taken is a way of guessing too.
        let mut trying = self.login.begin(None, self.ip()).map_err(|wait| self.locked(wait, None))?;
        trying.verdict = Verdict::Wrong;
        if self.login.store.account(&key).await?.is_some() {
            return Err(Refusal::Taken);
        }
        let cost = self.login.cost.clone();
        let made = self.hash(&mut trying, move |space| cost.make(&password, space)).await?;
        let created = self.login.now();
        let account = Account { key, name: name.as_str().to_owned(), verifier: made.result, created };
        let session = Session { id: session_id(), account: account.key.clone(), name: account.name.clone(), expires: created };
        if !self.login.store.create_account(account).await? {
            trying.verdict = Verdict::Wrong;
            return Err(Refusal::Taken);
        }
        let record = self.record(Act::Create).account(&session.name).took(made.waited, made.worked);
        self.login.audit.note(record);
        self.open(session).await
    }

    pub(super) async fn log_in(&mut self, name: &str, password: &str) -> Result<Granted, Refusal> {
        self.needs_safety()?;
        let (name, password) = (Name::parse(name, Rule::Word)?, Password::parse(password)?);
        let key = AccountKey(name.key());
        let account = self.login.store.account(&key).await?;
        let mut trying = self.login.begin(Some(("login", &key)), self.ip()).map_err(|wait| self.locked(wait, account.as_ref()))?;
        let verifier = account.as_ref().map(|account| account.verifier.clone());
        let checked = self.check(&mut trying, password, verifier).await?;
        let (fit, account) = match (checked.result, account) { 
            (Ok(fit), Some(account)) if fit != Fit::Wrong => (fit, account),
            (result, account) => {
                let who = account.map_or_else(|| self.login.stranger(&key), |account| account.name);
                let why = match result { Err(Corrupt) => "corrupt record", Ok(_) => "wrong" };
                self.login.audit.note(self.record(Act::Fail).account(who).because(why).took(checked.waited, checked.worked));
                trying.verdict = Verdict::Wrong;
                return Err(Refusal::Denied);
            }
        };
        todo!()
    }
}
