//! Tables: their rows for people and scripts.

use std::fmt::Write;

use rusqlite::{Connection, Result};

use super::time::time;
use crate::store::Table;
use crate::store::dump::{self, Row};

pub(super) fn dump(db: &Connection, table: Table) -> Result<Vec<String>> {
    let (select, row): (_, fn(&rusqlite::Row<'_>) -> Result<Row>) = match table {
        Table::People => ("SELECT ip, name, since FROM people ORDER BY since, ip", person),
        Table::Accounts => ("SELECT name, key, created FROM accounts ORDER BY created, key", account),
        Table::Sessions => (
            "SELECT id, name, created, seen, expires, idle, revoked,
                    (SELECT count(*) FROM tokens WHERE session = id)
             FROM sessions ORDER BY created, id",
            session,
        ),
        Table::Bans => ("SELECT nick, address, reason, since, until FROM bans ORDER BY since, key", ban),
        Table::Matches => {
            ("SELECT ended, winner, loser, winner_rounds, loser_rounds, how FROM matches ORDER BY entry", won_match)
        }
    };
    db.prepare_cached(select)?.query_map((), |found| row(found).map(|row| row.line()))?.collect()
}

fn person(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row::People { ip: row.get(0)?, name: row.get(1)?, since: dump::time(time(row.get(2)?)) })
}

fn account(row: &rusqlite::Row<'_>) -> Result<Row> {
    Ok(Row::Accounts { name: row.get(0)?, key: row.get(1)?, created: dump::time(time(row.get(2)?)) })
}

fn session(row: &rusqlite::Row<'_>) -> Result<Row> {
    let id: [u8; 16] = row.get(0)?;
    let at = |column| row.get(column).map(|stored| dump::time(time(stored)));
    let revoked: Option<i64> = row.get(6)?;
    Ok(Row::Sessions {
        id: hex(&id),
        account: row.get(1)?,
        created: at(2)?,
        seen: at(3)?,
        expires: at(4)?,
        idle_s: row.get::<_, i64>(5)?.unsigned_abs() / 1_000_000_000,
        revoked: revoked.map(|stored| dump::time(time(stored))),
        tokens: row.get(7)?,
    })
}

fn ban(row: &rusqlite::Row<'_>) -> Result<Row> {
    let until: Option<i64> = row.get(4)?;
    Ok(Row::Bans {
        nick: row.get(0)?,
        address: row.get(1)?,
        reason: row.get(2)?,
        since: dump::time(time(row.get(3)?)),
        until: until.map(|stored| dump::time(time(stored))),
    })
}

fn won_match(row: &rusqlite::Row<'_>) -> Result<Row> {
    let (won, lost): (u32, u32) = (row.get(3)?, row.get(4)?);
    Ok(Row::Matches {
        ended: dump::time(time(row.get(0)?)),
        winner: row.get(1)?,
        loser: row.get(2)?,
        score: format!("{won}:{lost}"),
        how: row.get(5)?,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
