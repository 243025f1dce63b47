//! Matches: what was played and won, one after the other.

use rusqlite::{Connection, Result};

use super::time::stored;
use crate::store::Match;

pub(super) fn keep(db: &Connection, played: &Match) -> Result<()> {
    let mut keep = db.prepare_cached("INSERT INTO matches VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6)")?;
    let Match { ended, winner, loser, score, how } = played;
    keep.execute((stored(*ended), winner, loser, score.0, score.1, how.word()))?;
    Ok(())
}
