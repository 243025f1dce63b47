//! Store: what must outlive the process, behind the verbs that services need. Each verb reads one record, or changes
//! what belongs to one person under a condition, so that a replicated key-value store with compare-and-swap and an
//! append log can stand behind it as well as a database can. Times are handed in.

/// Rows as JSON lines.
mod dump;
/// Where a store lives on disk.
mod folder;
/// The store in SQLite.
mod sqlite;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Opens the store at `place` as `role` may. `troubled` is called for what concerns whoever runs it: at most once a second
/// while nothing can be written, and once, with [`StoreError::SyncFailed`], where the store closes itself for good because
/// it cannot make sure that data is on disk. It must not own the store.
///
/// # Errors
/// Where the store cannot be opened, is in use or open to others.
pub(crate) fn open(
    place: &Place,
    role: Role,
    troubled: impl Fn(StoreError) + Send + 'static,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(sqlite::Sqlite::open(place, role, troubled)?))
}

/// What a verb gives, later. Dropping it withdraws the question, not what it may have changed.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// The verbs. What a verb has answered to have changed is on disk.
///
/// Every verb fails with [`StoreError`]: nothing was then changed.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// The name that somebody at `ip` once gave.
    fn name_at(&self, ip: IpAddr) -> Answer<'_, Option<String>>;

    /// Keeps a name for `ip`, unless it has one.
    fn introduce(&self, ip: IpAddr, name: String, now: Timestamp) -> Answer<'_, Introduced>;

    /// Forgets the name of `ip`; false where it had none.
    fn forget(&self, ip: IpAddr) -> Answer<'_, bool>;

    /// The account of this key.
    fn account(&self, key: &AccountKey) -> Answer<'_, Option<Account>>;

    /// Keeps a new account; false where the key is taken.
    fn create_account(&self, account: Account) -> Answer<'_, bool>;

    /// Puts `change.to` in the place of the verifier `change.from`; false where that is not the one any more, or the
    /// session that asks for it has ended.
    fn change_verifier(&self, change: VerifierChange) -> Answer<'_, bool>;

    /// Removes an account and ends its sessions; false where there is none.
    fn delete_account(&self, key: &AccountKey, now: Timestamp) -> Answer<'_, bool>;

    /// All accounts by name, with the sessions that are open at `now`.
    fn accounts(&self, now: Timestamp) -> Answer<'_, Vec<AccountSummary>>;

    /// Begins a session; false where its account is gone or has another verifier. Beyond [`MOST_SESSIONS`] of an account the oldest ends.
    fn open_session(&self, session: NewSession) -> Answer<'_, bool>;

    /// Takes a session up again and puts a new token in the place of all before. The old ones are good for
    /// `resumption.grace` from then on, in case the answer got lost; whoever shows one later ends the session.
    fn resume(&self, resumption: Resumption) -> Answer<'_, Resumed>;

    /// Notes that somebody holds the session at `now`; false where it was ended or is too old. One that is held is not
    /// idle, however long that was not noted.
    fn touch(&self, session: SessionId, now: Timestamp) -> Answer<'_, bool>;

    /// Ends sessions before their time; gives how many.
    fn revoke(&self, whose: Revoke, now: Timestamp) -> Answer<'_, usize>;

    /// The sessions that were ended before their time since the entry `after` of their log; 0 is its beginning.
    fn revocations(&self, after: u64) -> Answer<'_, Revocations>;

    /// Who may not come in.
    fn bans(&self) -> Answer<'_, Vec<Ban>>;

    /// Keeps a ban, in the place of the one with the same key.
    fn keep_ban(&self, ban: Ban) -> Answer<'_, ()>;

    /// Forgets a ban; false where there is none.
    fn lift_ban(&self, key: &BanKey) -> Answer<'_, bool>;

    /// Keeps the result of a match behind all that are kept.
    fn keep_match(&self, played: Match) -> Answer<'_, ()>;

    /// Everything of one table, a JSON object a line, secrets left out.
    fn dump(&self, table: Table) -> Answer<'_, Vec<String>>;
}

/// What [`Store::introduce`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Introduced {
    /// The name is kept.
    New,
    /// Somebody at this address was faster and has this name.
    Known(String),
}

/// What two names that a person could take for one another have in common; the one who hands it in makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AccountKey(pub(crate) String);

/// Somebody who has a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) key: AccountKey,
    /// As it was typed.
    pub(crate) name: String,
    /// What a password is checked against: a PHC string.
    pub(crate) verifier: String,
    pub(crate) created: Timestamp,
}

/// A new password, or the old one hashed anew.
#[derive(Clone, Debug)]
pub(crate) struct VerifierChange {
    pub(crate) key: AccountKey,
    pub(crate) from: String,
    pub(crate) to: String,
    /// The session that asks for it, which has to last still; it and all others of the account end by the change.
    /// Without one, none does.
    pub(crate) asked_by: Option<SessionId>,
    pub(crate) now: Timestamp,
}

/// An account as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountSummary {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    /// Open sessions.
    pub(crate) sessions: usize,
    /// When a session was last held, where there is one.
    pub(crate) seen: Option<Timestamp>,
}

/// Names a session for as long as it lasts, whatever its token is. Random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId(pub(crate) [u8; 16]);

/// SHA-256 of a token: what is kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(pub(crate) [u8; 32]);

/// A session to be opened.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    pub(crate) account: AccountKey,
    /// What the password was checked against.
    pub(crate) verifier: String,
    pub(crate) token: TokenHash,
    pub(crate) now: Timestamp,
    /// When it ends at the latest.
    pub(crate) expires: Timestamp,
    /// How long nobody may hold it.
    pub(crate) idle: Duration,
}

/// A token that is shown, and what takes its place.
#[derive(Clone, Debug)]
pub(crate) struct Resumption {
    pub(crate) token: TokenHash,
    pub(crate) next: TokenHash,
    pub(crate) now: Timestamp,
    /// How long an old token is still good.
    pub(crate) grace: Duration,
}

/// What became of a token that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// The session goes on with the new token.
    Session(Session),
    /// Nobody has, or remembers, such a token.
    Unknown,
    /// It was not held for too long, or is too old.
    Expired(Session),
    /// It was ended before its time.
    Revoked(Session),
    /// It was taken up so often that it has been ended.
    WornOut(Session),
    /// The token was replaced long ago, so somebody else has it too; the session has been ended.
    Replayed(Session),
}

/// A session that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) account: AccountKey,
    /// The account's name as it was typed.
    pub(crate) name: String,
    pub(crate) expires: Timestamp,
}

/// Whose sessions are to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Revoke {
    Session(SessionId),
    Account(AccountKey),
}

/// A piece of the log of sessions that were ended before their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Revocations {
    pub(crate) sessions: Vec<SessionId>,
    /// The last entry there is.
    pub(crate) last: u64,
}

/// What names a ban; the one who hands it in makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct BanKey(pub(crate) String);

/// Who may not come in: a nick, everybody of an address, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ban {
    pub(crate) key: BanKey,
    /// As it was typed.
    pub(crate) nick: Option<String>,
    /// Of IPv6, the first address of a network of 64 bits, which is what one customer has.
    pub(crate) address: Option<IpAddr>,
    /// Empty where none was given.
    pub(crate) reason: String,
    pub(crate) since: Timestamp,
    /// `None` until somebody lifts it.
    pub(crate) until: Option<Timestamp>,
}

/// A match that somebody won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) ended: Timestamp,
    /// The address that the winner came from.
    pub(crate) winner: String,
    pub(crate) loser: String,
    /// Rounds of the winner, and of the loser.
    pub(crate) score: (u32, u32),
    pub(crate) how: MatchEnd,
}

/// How a match was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MatchEnd {
    /// To its end.
    Played,
    /// The loser left.
    Left,
    /// The loser did not choose in time.
    Silent,
}

impl MatchEnd {
    /// As it stands in a row.
    fn word(self) -> &'static str {
        match self {
            Self::Played => "played",
            Self::Left => "left",
            Self::Silent => "silent",
        }
    }
}

/// What can be dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    People,
    Accounts,
    Sessions,
    Bans,
    Matches,
}

impl Table {
    /// Every table, in the order of a dump.
    pub(crate) const ALL: [Self; 5] = [Self::People, Self::Accounts, Self::Sessions, Self::Bans, Self::Matches];

    /// Its name on the command line, and in its rows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
            Self::Bans => "bans",
            Self::Matches => "matches",
        }
    }
}

/// Where a store is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere: it ends with the process.
    Memory,
    /// In this folder.
    Dir(PathBuf),
}

/// Who opens a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It serves from it, and is the only one that does. What is missing is made, and what is old brought up to date.
    Server,
    /// It looks or changes something, while a server may be running, in a store that is there.
    Operator,
    /// The same, and where no store is there, one is made.
    Founder,
    /// It only looks, also at a backup where nothing can be written.
    Reader,
}

/// Why the store did not do it. One sentence, without a way out, which depends on who asked.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// There is no folder to keep it in.
    #[error("there is no home folder to keep data in")]
    Nowhere,
    /// Another server has the folder.
    #[error("{dir} is in use by the server with process id {pid}")]
    InUse { dir: String, pid: String },
    /// Somebody else could read or change it.
    #[error("{path} is open to others (mode {mode:o})")]
    TooOpen { path: String, mode: u32 },
    /// Who looks for something does not want it made.
    #[error("there is no store in {dir}")]
    Missing { dir: String },
    /// An older sockeye made it, and a server of that may be using it.
    #[error("{path} was made by an older sockeye (schema {schema})")]
    TooOld { path: String, schema: i64 },
    /// A newer sockeye made it.
    #[error("{path} was made by a newer sockeye (schema {schema})")]
    TooNew { path: String, schema: i64 },
    /// It cannot be written now: no space left, read-only. Reading may still work, and later writing may too.
    #[error("the store cannot be written: {0}")]
    Unwritable(String),
    /// Whether what was written is on disk is not known; the store has closed itself for good.
    #[error("the store could not make sure that data is on disk: {0}")]
    SyncFailed(String),
    /// It could not be opened or read.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// How many sessions an account can have open.
pub(crate) const MOST_SESSIONS: usize = 10;
