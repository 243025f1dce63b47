//! Bans: who may not come in.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Result, Row};

use super::time::{stored, time};
use crate::store::{Ban, BanKey};

pub(super) fn list(db: &Connection) -> Result<Vec<Ban>> {
    let select = "SELECT key, nick, address, reason, since, until FROM bans ORDER BY since, key";
    db.prepare_cached(select)?.query_map((), ban)?.collect()
}

pub(super) fn keep(db: &Connection, ban: &Ban) -> Result<()> {
    let mut keep = db.prepare_cached("INSERT OR REPLACE INTO bans VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let Ban { key, nick, address, reason, since, until } = ban;
    let address = address.map(|address| address.to_string());
    keep.execute((&key.0, nick, address, reason, stored(*since), until.map(stored)))?;
    Ok(())
}

pub(super) fn lift(db: &Connection, key: &BanKey) -> Result<bool> {
    Ok(db.prepare_cached("DELETE FROM bans WHERE key = ?1")?.execute((&key.0,))? > 0)
}

fn ban(row: &Row<'_>) -> Result<Ban> {
    let address: Option<String> = row.get(2)?;
    let address = address.map(|text| text.parse()).transpose();
    let until: Option<i64> = row.get(5)?;
    Ok(Ban {
        key: BanKey(row.get(0)?),
        nick: row.get(1)?,
        // Somebody has written to the table by hand.
        address: address.map_err(|e| Error::FromSqlConversionFailure(2, Type::Text, Box::new(e)))?,
        reason: row.get(3)?,
        since: time(row.get(4)?),
        until: until.map(time),
    })
}
