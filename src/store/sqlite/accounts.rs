//! Accounts: who has a password.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result};

use super::sessions;
use super::time::{stored, time};
use crate::store::{Account, AccountKey, AccountSummary, VerifierChange};

pub(super) fn find(db: &Connection, key: &AccountKey) -> Result<Option<Account>> {
    let mut find = db.prepare_cached("SELECT name, verifier, created FROM accounts WHERE key = ?1")?;
    let account = find.query_row((&key.0,), |row| {
        Ok(Account { key: key.clone(), name: row.get(0)?, verifier: row.get(1)?, created: time(row.get(2)?) })
    });
    account.optional()
}

pub(super) fn create(db: &Connection, account: &Account) -> Result<bool> {
    let mut keep = db.prepare_cached("INSERT INTO accounts VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    let Account { key, name, verifier, created } = account;
    Ok(keep.execute((&key.0, name, verifier, stored(*created)))? == 1)
}

pub(super) fn change_verifier(db: &Connection, change: &VerifierChange) -> Result<bool> {
    let VerifierChange { key, from, to, asked_by, now } = change;
    if let Some(holder) = asked_by
        && !sessions::lasts(db, *holder, *now)?
    {
        return Ok(false);
    }
    let mut put = db.prepare_cached("UPDATE accounts SET verifier = ?3 WHERE key = ?1 AND verifier = ?2")?;
    if put.execute((&key.0, from, to))? == 0 {
        return Ok(false);
    }
    if asked_by.is_some() {
        sessions::revoke_account(db, key, *now)?;
    }
    Ok(true)
}

pub(super) fn delete(db: &Connection, key: &AccountKey, now: Timestamp) -> Result<bool> {
    sessions::revoke_account(db, key, now)?;
    Ok(db.prepare_cached("DELETE FROM accounts WHERE key = ?1")?.execute((&key.0,))? > 0)
}

pub(super) fn list(db: &Connection, now: Timestamp) -> Result<Vec<AccountSummary>> {
    let mut list = db.prepare_cached(
        "SELECT a.name, a.created, max(s.seen),
                count(s.id) FILTER (WHERE s.revoked IS NULL AND s.expires > ?1 AND s.idle > ?1 - s.seen)
         FROM accounts a LEFT JOIN sessions s ON s.account = a.key GROUP BY a.key ORDER BY a.name",
    )?;
    let rows = list.query_map((stored(now),), |row| {
        let seen: Option<i64> = row.get(2)?;
        Ok(AccountSummary {
            name: row.get(0)?,
            created: time(row.get(1)?),
            seen: seen.map(time),
            sessions: row.get::<_, u32>(3)? as usize,
        })
    })?;
    rows.collect()
}
