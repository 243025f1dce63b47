//! Schema: the tables, and the steps that lead to them from every earlier version.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::store::{Role, StoreError};

/// Brings the database to the newest schema. One that is older only a server changes, which is alone with it; one that
/// is empty anybody may fill.
///
/// # Errors
/// Where a newer program made it, or an older one and this is no server, or it cannot be changed.
pub(super) fn migrate(db: &mut Connection, role: Role, path: &str) -> Result<(), StoreError> {
    let found = version(db)?;
    if found == NEWEST {
        return Ok(());
    }
    if !may_change(role, found, NEWEST) {
        return Err(StoreError::TooOld { path: path.to_owned(), schema: found });
    }
    // Two processes may come here at once; the second finds the work done.
    let change = Transaction::new(db, TransactionBehavior::Immediate)?;
    let schema = version(&change)?;
    if schema > NEWEST {
        return Err(StoreError::TooNew { path: path.to_owned(), schema });
    }
    for step in STEPS.iter().skip(usize::try_from(schema).unwrap_or(0)) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", NEWEST)?;
    Ok(change.commit()?)
}

/// A newer one is refused to all, elsewhere.
fn may_change(role: Role, found: i64, newest: i64) -> bool {
    role == Role::Server || !(1..newest).contains(&found)
}

fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

const NEWEST: i64 = STEPS.len() as i64;

/// The step at `n` leads from version `n` to the next. A step that was released is never changed.
const STEPS: &[&str] = &[
    // Times and durations are in nanoseconds, since 1970 where they are times. A session has its account's name
    // because it outlives the account. In `revocations` a number is never used again, so that who has read up to it
    // misses nothing.
    "CREATE TABLE people (
        ip TEXT PRIMARY KEY, name TEXT NOT NULL, since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE accounts (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, verifier TEXT NOT NULL, created INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (
        id BLOB PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
        seen INTEGER NOT NULL, expires INTEGER NOT NULL, idle INTEGER NOT NULL, revoked INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_of_account ON sessions (account);
    CREATE INDEX sessions_by_end ON sessions (expires);
    CREATE TABLE tokens (
        hash BLOB PRIMARY KEY, session BLOB NOT NULL, retired INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX tokens_of_session ON tokens (session, retired);
    CREATE TABLE revocations (
        entry INTEGER PRIMARY KEY AUTOINCREMENT, session BLOB NOT NULL, at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX revocations_by_time ON revocations (at);",
    // Who may not come into the room.
    "CREATE TABLE bans (
        key TEXT PRIMARY KEY, nick TEXT, address TEXT, reason TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER
    ) STRICT, WITHOUT ROWID;",
    // Addresses with their ports: two players of one machine are two.
    "CREATE TABLE matches (
        entry INTEGER PRIMARY KEY, ended INTEGER NOT NULL, winner TEXT NOT NULL, loser TEXT NOT NULL,
        winner_rounds INTEGER NOT NULL, loser_rounds INTEGER NOT NULL, how TEXT NOT NULL
    ) STRICT;",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_earlier_version_is_brought_to_the_newest() {
        for from in 0..STEPS.len() {
            let mut db = Connection::open_in_memory().unwrap();
            STEPS[..from].iter().for_each(|step| db.execute_batch(step).unwrap());
            db.pragma_update(None, "user_version", i64::try_from(from).unwrap()).unwrap();
            migrate(&mut db, Role::Server, "").unwrap();
            assert_eq!(version(&db).unwrap(), NEWEST);
            migrate(&mut db, Role::Server, "").unwrap();
        }
    }

    #[test]
    fn only_a_server_changes_what_an_older_program_made() {
        for role in [Role::Operator, Role::Founder] {
            assert!(!may_change(role, 2, 3));
            assert!(may_change(role, 0, 3), "there is nothing in it");
        }
        assert!(may_change(Role::Server, 2, 3));
    }

    #[test]
    fn what_a_newer_program_made_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", NEWEST + 1).unwrap();
        let refusal = migrate(&mut db, Role::Server, "x/store.db").unwrap_err().to_string();
        assert_eq!(refusal, format!("x/store.db was made by a newer sockeye (schema {})", NEWEST + 1));
        assert_eq!(version(&db).unwrap(), NEWEST + 1);
    }
}
