//! Desk: what is done for a visitor of `login`: registering, logging in and out, resuming, changing a password. Each
//! takes the words as they were typed and ends in a session or a refusal.

use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::Login;
use super::hashing::{Done, NotDone};
use super::password::Password;
use super::presence::Attachment;
use super::refusal::Refusal;
use super::repeats::What;
use super::throttle::{Attempt, TooSoon, Verdict};
use super::token::{self, Token};
use super::verifier::{Fit, Workspace};
use super::visit::{Visit, Way};
use crate::event::audit::{Act, Record};
use crate::services::name::{Name, Rule};
use crate::store::{Account, AccountKey, NewSession, Resumed, Resumption, Revoke, Session, SessionId, VerifierChange};

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

/// A password that is to take the place of another, which was right.
pub(super) struct NewPassword {
    account: Account,
    made: Done<String>,
}

/// Whom somebody says they are, and who that is.
struct Claim {
    key: AccountKey,
    account: Option<Account>,
}

/// What is guessed at.
#[derive(Hash)]
enum Target<'a> {
    /// The account of this name, whether there is one or not.
    Account(&'a AccountKey),
    /// The password of who holds this session.
    Holder(SessionId),
}

/// An attempt, which ends with its verdict whatever becomes of the conversation.
struct Trying<'a> {
    login: &'a Login,
    attempt: Attempt,
    verdict: Verdict,
}

impl<'a> Visit<'a> {
    /// # Cancel safety
    /// Dropping it takes nothing back: the account may have been made, and a session of it begun that nobody holds.
    pub(super) async fn register(&mut self, name: &str, password: &str) -> Result<Granted, Refusal> {
        self.needs_safety()?;
        let (name, password) = (Name::parse(name, Rule::Word)?, Password::choose(password)?);
        let claim = self.claim(AccountKey(name.key())).await?;
        // Asking which names are taken is guessing too, but nobody's account is guessed at.
        let mut trying = self.begin(None, &claim)?;
        if claim.account.is_some() {
            trying.verdict = Verdict::Wrong;
            return Err(Refusal::Taken);
        }
        let made = self.make(&mut trying, password).await?;
        let name = name.as_str().to_owned();
        let account = Account { key: claim.key, name, verifier: made.result, created: self.login.now() };
        if !self.login.store.create_account(account.clone()).await? {
            trying.verdict = Verdict::Wrong;
            return Err(Refusal::Taken);
        }
        // Otherwise accounts would cost an address nothing, and have no bound.
        trying.verdict = Verdict::Spent;
        self.login.throttle().forgive(Target::Account(&account.key), Instant::now());
        self.note(self.record(Act::Create).account(&account.name).took(made.waited, made.worked));
        self.open(&account).await?.ok_or(Refusal::Denied)
    }

    /// # Cancel safety
    /// Dropping it gives the place in the queue back; a session may have begun that nobody holds.
    pub(super) async fn log_in(&mut self, name: &str, password: &str) -> Result<Granted, Refusal> {
        self.needs_safety()?;
        let (name, password) = (Name::parse(name, Rule::Word)?, Password::parse(password)?);
        let key = AccountKey(name.key());
        for _ in 0..LOOKS {
            let claim = self.claim(key.clone()).await?;
            let mut trying = self.begin(Some(Target::Account(&key)), &claim)?;
            let account = self.check(&mut trying, password.clone(), claim).await?;
            if let Some(granted) = self.open(&account).await? {
                return Ok(granted);
            }
        }
        Err(Refusal::Denied)
    }

    /// Whoever shows a good token is let in, whatever others have tried meanwhile.
    ///
    /// # Cancel safety
    /// Dropped, it may have put a new token in the place of the one that was shown, which is good for [`GRACE`] then.
    pub(super) async fn resume(&mut self, text: &str) -> Result<Granted, Refusal> {
        self.needs_safety()?;
        let (shown, next) = (Token::parse(text).ok_or(Refusal::Token)?, Token::new());
        let (token, grace) = (shown.hash(), GRACE);
        let resumption = Resumption { token, next: next.hash(), now: self.login.now(), grace };
        let (act, reason, session) = match self.login.store.resume(resumption).await? {
            Resumed::Session(session) => return self.hold_on(session, &next, Act::Resume).await,
            Resumed::Unknown => (Act::Fail, "unknown token", None),
            Resumed::Expired(session) => (Act::Expire, "expired token", Some(session)),
            Resumed::Revoked(session) => (Act::Fail, "revoked token", Some(session)),
            Resumed::WornOut(session) => (Act::Revoke, "resumed too often", Some(session)),
            Resumed::Replayed(session) => (Act::Replay, "replaced token", Some(session)),
        };
        let whose = session.as_ref().map(|session| session.id);
        let record = self.record(act).token(token::id(token)).because(reason);
        let record = match session {
            Some(session) => record.account(session.name),
            None => record,
        };
        // What ended a session just now comes once, and the rest as often as somebody likes.
        match act {
            Act::Replay | Act::Revoke => self.note(record),
            _ => self.note_some(record, (self.ip(), reason, whose)),
        }
        Err(Refusal::Token)
    }

    /// A change from the first word of `passwords` to the second, for [`change_password`](Self::change_password). Others
    /// who guess at the account do not delay its holder.
    ///
    /// # Cancel safety
    /// Dropping it gives the place in the queue back.
    pub(super) async fn try_passwords(
        &mut self,
        session: &Session,
        passwords: [&str; 2],
    ) -> Result<NewPassword, Refusal> {
        self.needs_safety()?;
        let (old, new) = (Password::parse(passwords[0])?, Password::choose(passwords[1])?);
        let claim = self.claim(session.account.clone()).await?;
        let mut trying = self.begin(Some(Target::Holder(session.id)), &claim)?;
        let account = self.check(&mut trying, old, claim).await?;
        let made = self.make(&mut trying, new).await?;
        Ok(NewPassword { account, made })
    }

    /// Ends all sessions of the account, `session` with whoever else has its token, and gives a new one: a person who
    /// changes a password may fear that somebody has theirs.
    ///
    /// # Cancel safety
    /// Dropped, it may have changed the password, and a session may have begun that nobody holds.
    pub(super) async fn change_password(&mut self, session: &Session, new: NewPassword) -> Result<Granted, Refusal> {
        let NewPassword { mut account, made } = new;
        let change = VerifierChange {
            key: account.key.clone(),
            from: account.verifier,
            to: made.result.clone(),
            asked_by: Some(session.id),
            now: self.login.now(),
        };
        if !self.login.store.change_verifier(change).await? {
            // Where the session has not ended, somebody else has changed it meanwhile, and the old one was wrong.
            return Err(if self.login.touch(session.id).await { Refusal::Denied } else { Refusal::Revoked });
        }
        account.verifier = made.result;
        self.note(self.record(Act::PasswordChange).account(&account.name).took(made.waited, made.worked));
        self.open(&account).await?.ok_or(Refusal::Revoked)
    }

    /// # Cancel safety
    /// Dropped, it may have ended the session all the same.
    pub(super) async fn log_out(&mut self, session: &Session) -> Result<(), Refusal> {
        self.login.store.revoke(Revoke::Session(session.id), self.login.now()).await?;
        self.note(self.record(Act::Revoke).account(&session.name).because("logout"));
        Ok(())
    }

    /// The session has come to its end.
    pub(super) fn expire(&self, session: &Session) -> Refusal {
        self.note(self.record(Act::Expire).account(&session.name).because("held to its end"));
        Refusal::Expired
    }

    fn needs_safety(&self) -> Result<(), Refusal> {
        if self.way == Way::Plain { Err(Refusal::Insecure) } else { Ok(()) }
    }

    async fn claim(&self, key: AccountKey) -> Result<Claim, Refusal> {
        Ok(Claim { account: self.login.store.account(&key).await?, key })
    }

    /// Begins an attempt at `target`, where there is one. Who holds a session is not delayed by what others try, at the
    /// account or from the same address.
    fn begin(&self, target: Option<Target<'_>>, claim: &Claim) -> Result<Trying<'a>, Refusal> {
        let login = self.login;
        let source = self.ip().filter(|_| !matches!(target, Some(Target::Holder(_))));
        let mut throttle = login.throttle();
        let attempt = throttle.attempt(target, source);
        match throttle.begin(attempt, Instant::now()) {
            Ok(attempt) => Ok(Trying { login, attempt, verdict: Verdict::Withdrawn }),
            Err(TooSoon { wait, times }) => {
                drop(throttle);
                // However many there are, they leave room in the log for others.
                if times.is_power_of_two() {
                    self.note(self.record(Act::Locked).account(self.name_of(claim)).times(times));
                }
                Err(Refusal::Wait(wait))
            }
        }
    }

    /// Holds a password against the account that is claimed. Where there is none, as much is done, and the answer is the
    /// same.
    async fn check(&mut self, trying: &mut Trying<'a>, password: Password, claim: Claim) -> Result<Account, Refusal> {
        let cost = self.login.cost.clone();
        let decoy = self.login.decoy.clone();
        let verifier = claim.account.as_ref().map_or_else(|| decoy.clone(), |account| account.verifier.clone());
        let job = move |space: &mut Workspace| {
            // What is corrupt costs as much as what is right.
            cost.check(&password, &verifier, space).inspect_err(|_| drop(cost.check(&password, &decoy, space)))
        };
        let checked = self.hash(trying, job).await?;
        let (waited, worked) = (checked.waited, checked.worked);
        let name = self.name_of(&claim);
        let (fit, mut account) = match (checked.result, claim.account) {
            (Ok(fit @ (Fit::Right | Fit::RightButOld(_))), Some(account)) => (fit, account),
            (result, _) => {
                trying.verdict = Verdict::Wrong;
                let why = if result.is_err() { "corrupt record" } else { "wrong name or password" };
                self.note(self.record(Act::Fail).account(name).because(why).took(waited, worked));
                return Err(Refusal::Denied);
            }
        };
        self.note(self.record(Act::Ok).account(name).took(waited, worked));
        if let Fit::RightButOld(to) = fit {
            let (key, from, now) = (account.key.clone(), account.verifier.clone(), self.login.now());
            let change = VerifierChange { key, from, to: to.clone(), asked_by: None, now };
            // The old one is as good as it was before.
            if self.login.store.change_verifier(change).await.unwrap_or(false) {
                account.verifier = to;
            }
        }
        Ok(account)
    }

    async fn make(&mut self, trying: &mut Trying<'a>, password: Password) -> Result<Done<String>, Refusal> {
        let cost = self.login.cost.clone();
        self.hash(trying, move |space| cost.make(&password, space)).await
    }

    async fn hash<T: Send + 'static>(
        &mut self,
        trying: &mut Trying<'a>,
        job: impl FnOnce(&mut Workspace) -> T + Send + 'static,
    ) -> Result<Done<T>, Refusal> {
        trying.verdict = Verdict::Spent;
        let done = self.login.hashing.run(self.talk.closed(), job).await;
        trying.verdict = if done.is_ok() { Verdict::Right } else { Verdict::Withdrawn };
        done.map_err(|not| match not {
            NotDone::Left(error) => Refusal::Gone(error),
            NotDone::Busy => {
                self.note_some(self.record(Act::Busy), (self.ip(), "busy", None));
                Refusal::Busy
            }
        })
    }

    /// A new session of `account`; `None` where that is not any more as it was found.
    async fn open(&self, account: &Account) -> Result<Option<Granted>, Refusal> {
        let (id, token, now) = (token::session_id(), Token::new(), self.login.now());
        let (idle, expires) = (self.login.terms.idle, now + self.login.terms.life);
        let (key, name) = (account.key.clone(), account.name.clone());
        let verifier = account.verifier.clone();
        let session = NewSession { id, account: key.clone(), verifier, token: token.hash(), now, expires, idle };
        if !self.login.store.open_session(session).await? {
            return Ok(None);
        }
        self.hold_on(Session { id, account: key, name, expires }, &token, Act::Issue).await.map(Some)
    }

    async fn hold_on(&self, session: Session, token: &Token, act: Act) -> Result<Granted, Refusal> {
        let attachment = self.login.presence.attach(session.id);
        // It may have been ended before we could be told.
        if !self.login.touch(session.id).await {
            return Err(Refusal::Revoked);
        }
        self.note(self.record(act).account(&session.name).token(token::id(token.hash())));
        Ok(Granted { held: Held { session, attachment }, token: token.show() })
    }

    /// What the audit log calls somebody: by name only where there is such an account, because people type passwords
    /// in the place of names.
    fn name_of(&self, claim: &Claim) -> String {
        match &claim.account {
            Some(account) => account.name.clone(),
            None => self.login.throttle().alias(&claim.key),
        }
    }

    fn record(&self, act: Act) -> Record {
        Record::new(act, self.login.now()).from(self.ip())
    }

    fn note(&self, record: Record) {
        self.login.audit.note(record);
    }

    /// Notes what may come again and again: however often that is, it leaves room in the log for others.
    fn note_some(&self, record: Record, what: What) {
        let mut repeats = self.login.repeats.lock().unwrap_or_else(PoisonError::into_inner);
        let times = repeats.count(what, Instant::now());
        drop(repeats);
        if let Some(times) = times {
            self.note(record.times(times));
        }
    }

    fn ip(&self) -> Option<IpAddr> {
        self.talk.peer().ip()
    }
}

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        self.login.throttle().end(self.attempt, self.verdict, Instant::now());
    }
}

/// How often a password is looked at: again where somebody changed it meanwhile, or had it hashed anew by logging in.
const LOOKS: u32 = 2;
/// How long a token that was replaced is still good, in case the answer got lost.
const GRACE: Duration = Duration::from_secs(30);
