//! The store in SQLite: one file, or memory. A thread writes and another reads, each at its desk; a verb is a closure
//! that is left there. The SQL is in the files below and nowhere else.

/// Who has a password.
mod accounts;
/// Who may not come in.
mod bans;
/// A thread with a connection, and the jobs that wait for it.
mod desk;
/// Who won what.
mod matches;
/// Names by address.
mod people;
/// The tables and how they came about.
mod schema;
/// Sessions, their tokens, and the log of those that were ended early.
mod sessions;
/// Rows for people and scripts.
mod tables;
/// How times stand in a column.
mod time;
/// What an error means.
mod trouble;

use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use self::desk::{Begin, Desk};
use super::folder::Folder;
use super::{
    Account, AccountKey, AccountSummary, Answer, Ban, BanKey, Introduced, Match, NewSession, Place, Resumed,
    Resumption, Revocations, Revoke, Role, SessionId, Store, StoreError, Table, VerifierChange,
};

/// A store that is open. Dropped, it does what was asked for and closes.
#[derive(Debug)]
pub(super) struct Sqlite {
    /// In memory the writer does all: each connection would have a memory of its own.
    reader: Option<Desk>,
    writer: Desk,
    /// After the desks, so that the lock is held until they are closed.
    _folder: Option<Folder>,
}

impl Sqlite {
    pub(super) fn open(
        place: &Place,
        role: Role,
        troubled: impl Fn(StoreError) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let folder = match place {
            Place::Memory => None,
            Place::Dir(dir) => Some(Folder::open(dir, role)?),
        };
        let path = folder.as_ref().map(|folder| folder.database.as_path());
        let no_thread = |e| StoreError::Failed(format!("it has no thread to work on: {e}"));
        let opened = connect(path).and_then(|mut db| schema::migrate(&mut db, role, &shown(path)).map(|()| db));
        let db = match (opened, path, role) {
            (Err(StoreError::Unwritable(_)), Some(path), Role::Reader) => {
                let mut db = look_at(path)?;
                schema::migrate(&mut db, role, &shown(Some(path))).map_err(|e| not_ready(path, e))?;
                let desk = Desk::open(db, Begin::Read, troubled).map_err(no_thread)?;
                return Ok(Self { reader: None, writer: desk, _folder: folder });
            }
            (opened, ..) => opened.map_err(|e| in_file(path, e))?,
        };
        let troubled = shared(troubled);
        let reader = match path {
            None => None,
            Some(path) => Some(Desk::open(connect(Some(path))?, Begin::Read, troubled.clone()).map_err(no_thread)?),
        };
        let writer = Desk::open(db, Begin::Write, troubled).map_err(no_thread)?;
        Ok(Self { reader, writer, _folder: folder })
    }

    fn read<T, F>(&self, work: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        Box::pin(async move {
            // What could not be made sure of is not read either.
            self.writer.is_open()?;
            self.reader.as_ref().unwrap_or(&self.writer).ask(work).await
        })
    }

    fn write<T, F>(&self, work: F) -> Answer<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        Box::pin(self.writer.ask(work))
    }
}

impl Store for Sqlite {
    fn name_at(&self, ip: IpAddr) -> Answer<'_, Option<String>> {
        self.read(move |db| people::name_at(db, ip))
    }

    fn introduce(&self, ip: IpAddr, name: String, now: Timestamp) -> Answer<'_, Introduced> {
        self.write(move |db| people::introduce(db, ip, &name, now))
    }

    fn forget(&self, ip: IpAddr) -> Answer<'_, bool> {
        self.write(move |db| people::forget(db, ip))
    }

    fn account(&self, key: &AccountKey) -> Answer<'_, Option<Account>> {
        let key = key.clone();
        self.read(move |db| accounts::find(db, &key))
    }

    fn create_account(&self, account: Account) -> Answer<'_, bool> {
        self.write(move |db| accounts::create(db, &account))
    }

    fn change_verifier(&self, change: VerifierChange) -> Answer<'_, bool> {
        self.write(move |db| accounts::change_verifier(db, &change))
    }

    fn delete_account(&self, key: &AccountKey, now: Timestamp) -> Answer<'_, bool> {
        let key = key.clone();
        self.write(move |db| accounts::delete(db, &key, now))
    }

    fn accounts(&self, now: Timestamp) -> Answer<'_, Vec<AccountSummary>> {
        self.read(move |db| accounts::list(db, now))
    }

    fn open_session(&self, session: NewSession) -> Answer<'_, bool> {
        self.write(move |db| sessions::open(db, &session))
    }

    fn resume(&self, resumption: Resumption) -> Answer<'_, Resumed> {
        self.write(move |db| sessions::resume(db, &resumption))
    }

    fn touch(&self, session: SessionId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |db| sessions::touch(db, session, now))
    }

    fn revoke(&self, whose: Revoke, now: Timestamp) -> Answer<'_, usize> {
        self.write(move |db| sessions::revoke(db, &whose, now))
    }

    fn revocations(&self, after: u64) -> Answer<'_, Revocations> {
        self.read(move |db| sessions::revocations(db, after))
    }

    fn bans(&self) -> Answer<'_, Vec<Ban>> {
        self.read(bans::list)
    }

    fn keep_ban(&self, ban: Ban) -> Answer<'_, ()> {
        self.write(move |db| bans::keep(db, &ban))
    }

    fn lift_ban(&self, key: &BanKey) -> Answer<'_, bool> {
        let key = key.clone();
        self.write(move |db| bans::lift(db, &key))
    }

    fn keep_match(&self, played: Match) -> Answer<'_, ()> {
        self.write(move |db| matches::keep(db, &played))
    }

    fn dump(&self, table: Table) -> Answer<'_, Vec<String>> {
        self.read(move |db| tables::dump(db, table))
    }
}

/// For two desks: the end of the store is told once, whichever of them comes to it first.
fn shared(troubled: impl Fn(StoreError) + Send + 'static) -> impl Fn(StoreError) + Clone + Send + 'static {
    let told = Arc::new(Mutex::new((false, troubled)));
    move |why| {
        let (ended, troubled) = &mut *told.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = matches!(why, StoreError::SyncFailed(_));
        if !ends || !std::mem::replace(ended, true) {
            troubled(why);
        }
    }
}

/// A connection, to memory where there is no path.
fn connect(path: Option<&Path>) -> Result<Connection, StoreError> {
    let db = match path {
        None => Connection::open_in_memory()?,
        Some(path) => {
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?
        }
    };
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    if path.is_some() {
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        // A commit is an fsync. Without it a power failure could take what was acknowledged.
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update_and_check(None, "journal_size_limit", LARGEST_REST_BYTES, |_| Ok(()))?;
        db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    }
    Ok(db)
}

/// A connection to what cannot be written: a backup, for example. SQLite reads it without an index of the WAL only where
/// it is told that nothing changes, and that is so where there is no WAL; what is in one must not be overlooked.
fn look_at(path: &Path) -> Result<Connection, StoreError> {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let has_wal = std::fs::metadata(wal).is_ok_and(|wal| wal.len() > 0);
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    let word = |byte: &u8| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02x}") };
    let words: String = path.as_os_str().as_bytes().iter().map(word).collect();
    let host = if path.is_absolute() { "//" } else { "" };
    let uri = format!("file:{host}{words}?{}", if has_wal { "mode=ro" } else { "immutable=1" });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let db = Connection::open_with_flags(uri, flags)?;
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// Where reading would have to write first: the index of a WAL, or a newer schema.
fn not_ready(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Unwritable(_) => StoreError::Failed(format!(
            "{} was not closed, or is of an older sockeye, and cannot be read where nothing can be written; copy its \
             folder to where that can be done",
            path.display()
        )),
        error => in_file(Some(path), error),
    }
}

/// The same error with the file it is about, unless it tells that itself, where somebody has to look for it.
fn in_file(path: Option<&Path>, error: StoreError) -> StoreError {
    let path = shown(path);
    let named = |why: String| if why.contains(&path) { why } else { format!("{path}: {why}") };
    match error {
        StoreError::Failed(why) => StoreError::Failed(named(why)),
        StoreError::Unwritable(why) => StoreError::Unwritable(named(why)),
        error => error,
    }
}

fn shown(path: Option<&Path>) -> String {
    path.map_or_else(|| "memory".to_owned(), |path| path.display().to_string())
}

/// How long a transaction waits for that of another process, an operator's for example, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than there are statements.
const STATEMENTS: usize = 64;

/// Of each connection; what the system has cached costs only a copy.
const CACHE_KIB: i64 = 2048;

/// What a WAL that a burst has made long is cut to.
const LARGEST_REST_BYTES: i64 = 16 << 20;

#[cfg(test)]
mod tests;
