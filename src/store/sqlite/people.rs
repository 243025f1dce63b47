//! People: names by address.

use std::net::IpAddr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result};

use super::time::stored;
use crate::store::Introduced;

pub(super) fn name_at(db: &Connection, ip: IpAddr) -> Result<Option<String>> {
    let mut find = db.prepare_cached("SELECT name FROM people WHERE ip = ?1")?;
    find.query_row((key(ip),), |row| row.get(0)).optional()
}

pub(super) fn introduce(db: &Connection, ip: IpAddr, name: &str, now: Timestamp) -> Result<Introduced> {
    let mut keep = db.prepare_cached("INSERT INTO people VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
    if keep.execute((key(ip), name, stored(now)))? == 1 {
        return Ok(Introduced::New);
    }
    let mut find = db.prepare_cached("SELECT name FROM people WHERE ip = ?1")?;
    find.query_row((key(ip),), |row| row.get(0)).map(Introduced::Known)
}

pub(super) fn forget(db: &Connection, ip: IpAddr) -> Result<bool> {
    Ok(db.prepare_cached("DELETE FROM people WHERE ip = ?1")?.execute((key(ip),))? > 0)
}

/// An IPv4 address that came in through an IPv6 socket is the same address.
fn key(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}
