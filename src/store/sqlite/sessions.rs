//! Sessions: who need not show a password again, their tokens, and the log of those that were ended early. A session
//! is remembered for a day longer than it could have lasted, so that an old token still gets an honest answer.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::time::{length, stored, time};
use crate::store::{
    AccountKey, MOST_SESSIONS, NewSession, Resumed, Resumption, Revocations, Revoke, Session, SessionId,
};

pub(super) fn open(db: &Connection, new: &NewSession) -> Result<bool> {
    prune(db, new.now)?;
    let mut name = db.prepare_cached("SELECT name FROM accounts WHERE key = ?1 AND verifier = ?2")?;
    let name = name.query_row((&new.account.0, &new.verifier), |row| row.get::<_, String>(0)).optional()?;
    let Some(name) = name else {
        return Ok(false);
    };
    let (id, now, account) = (new.id.0, stored(new.now), &new.account.0);
    // Room for this one: the oldest leave.
    let mut oldest = db.prepare_cached(
        "SELECT id FROM sessions
         WHERE account = ?1 AND revoked IS NULL AND expires > ?2 AND idle > ?2 - seen
         ORDER BY created DESC LIMIT -1 OFFSET ?3",
    )?;
    let oldest = oldest.query_map((account, now, MOST_SESSIONS as i64 - 1), |row| row.get(0).map(SessionId))?;
    for session in oldest.collect::<Result<Vec<_>>>()? {
        end(db, session, new.now)?;
    }
    let mut keep = db.prepare_cached("INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, NULL)")?;
    keep.execute((id, account, name, now, stored(new.expires), length(new.idle)))?;
    db.prepare_cached("INSERT INTO tokens VALUES (?1, ?2, NULL)")?.execute((new.token.0, id))?;
    Ok(true)
}

pub(super) fn resume(db: &Connection, resumption: &Resumption) -> Result<Resumed> {
    let Resumption { token, next, now, grace } = resumption;
    let mut find = db.prepare_cached(
        "SELECT s.id, s.account, s.name, s.expires, s.seen, s.idle, s.revoked IS NOT NULL, t.retired
         FROM tokens t JOIN sessions s ON s.id = t.session WHERE t.hash = ?1",
    )?;
    let Some(Found { session, seen, idle, revoked, retired }) = find.query_row((token.0,), found).optional()? else {
        return Ok(Resumed::Unknown);
    };
    let at = stored(*now);
    if revoked {
        return Ok(Resumed::Revoked(session));
    }
    if at >= stored(session.expires) || at.saturating_sub(seen) >= idle {
        return Ok(Resumed::Expired(session));
    }
    if retired.is_some_and(|retired| at.saturating_sub(retired) > length(*grace)) {
        end(db, session.id, *now)?;
        return Ok(Resumed::Replayed(session));
    }
    if tokens(db, session.id)? >= MOST_TOKENS {
        end(db, session.id, *now)?;
        return Ok(Resumed::WornOut(session));
    }
    let id = session.id.0;
    db.prepare_cached("UPDATE tokens SET retired = ?2 WHERE session = ?1 AND retired IS NULL")?.execute((id, at))?;
    db.prepare_cached("INSERT INTO tokens VALUES (?1, ?2, NULL)")?.execute((next.0, id))?;
    db.prepare_cached("UPDATE sessions SET seen = max(seen, ?2) WHERE id = ?1")?.execute((id, at))?;
    Ok(Resumed::Session(session))
}

/// A token's session, as it stands.
struct Found {
    session: Session,
    seen: i64,
    idle: i64,
    revoked: bool,
    retired: Option<i64>,
}

fn found(row: &Row<'_>) -> Result<Found> {
    let session = Session {
        id: SessionId(row.get(0)?),
        account: AccountKey(row.get(1)?),
        name: row.get(2)?,
        expires: time(row.get(3)?),
    };
    Ok(Found { session, seen: row.get(4)?, idle: row.get(5)?, revoked: row.get(6)?, retired: row.get(7)? })
}

fn tokens(db: &Connection, session: SessionId) -> Result<i64> {
    db.prepare_cached("SELECT count(*) FROM tokens WHERE session = ?1")?.query_row((session.0,), |row| row.get(0))
}

/// How long nobody held it is asked where somebody takes it up: whoever holds it may have been kept from saying so.
pub(super) fn touch(db: &Connection, session: SessionId, now: Timestamp) -> Result<bool> {
    let mut touch = db.prepare_cached(
        "UPDATE sessions SET seen = max(seen, ?2) WHERE id = ?1 AND revoked IS NULL AND expires > ?2",
    )?;
    Ok(touch.execute((session.0, stored(now)))? > 0)
}

/// Whether it has not come to its end, for somebody who holds it.
pub(super) fn lasts(db: &Connection, session: SessionId, now: Timestamp) -> Result<bool> {
    let mut find = db.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1 AND revoked IS NULL AND expires > ?2")?;
    find.exists((session.0, stored(now)))
}

pub(super) fn revoke(db: &Connection, whose: &Revoke, now: Timestamp) -> Result<usize> {
    prune(db, now)?;
    match whose {
        Revoke::Session(session) => end(db, *session, now).map(usize::from),
        Revoke::Account(key) => revoke_account(db, key, now),
    }
}

/// Ends all sessions of an account; gives how many.
pub(super) fn revoke_account(db: &Connection, key: &AccountKey, now: Timestamp) -> Result<usize> {
    let mut all = db.prepare_cached("SELECT id FROM sessions WHERE account = ?1")?;
    let all = all.query_map((&key.0,), |row| row.get(0).map(SessionId))?.collect::<Result<Vec<_>>>()?;
    let mut ended = 0;
    for session in all {
        ended += usize::from(end(db, session, now)?);
    }
    Ok(ended)
}

/// Ends a session and writes it into the log; false where it had ended. One that nobody has held for too long is
/// ended too: somebody may hold it who could not be noted.
fn end(db: &Connection, session: SessionId, now: Timestamp) -> Result<bool> {
    let now = stored(now);
    let mut end =
        db.prepare_cached("UPDATE sessions SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL AND expires > ?2")?;
    let ended = end.execute((session.0, now))? > 0;
    if ended {
        db.prepare_cached("INSERT INTO revocations (session, at) VALUES (?1, ?2)")?.execute((session.0, now))?;
    }
    Ok(ended)
}

pub(super) fn revocations(db: &Connection, after: u64) -> Result<Revocations> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let mut log = db.prepare_cached("SELECT session FROM revocations WHERE entry > ?1 ORDER BY entry")?;
    let sessions = log.query_map((after,), |row| row.get(0).map(SessionId))?.collect::<Result<_>>()?;
    // Not that of the last row, which may have been forgotten.
    let mut last = db.prepare_cached("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'revocations'")?;
    let last: i64 = last.query_row((), |row| row.get(0))?;
    Ok(Revocations { sessions, last: last.unsigned_abs() })
}

/// Forgets what nobody asks for any more.
fn prune(db: &Connection, now: Timestamp) -> Result<()> {
    let long_ago = stored(now).saturating_sub(length(REMEMBERED));
    let mut tokens =
        db.prepare_cached("DELETE FROM tokens WHERE session IN (SELECT id FROM sessions WHERE expires <= ?1)")?;
    tokens.execute((long_ago,))?;
    db.prepare_cached("DELETE FROM sessions WHERE expires <= ?1")?.execute((long_ago,))?;
    db.prepare_cached("DELETE FROM revocations WHERE at <= ?1")?.execute((long_ago,))?;
    Ok(())
}

/// How long what has ended is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// How many tokens a session can have had: a client that resumes every minute has 720 in twelve hours. None is forgotten
/// while the session lasts, because whoever could have one forgotten would not be found out by it; so one more ends it.
const MOST_TOKENS: i64 = 1_000;
