//! The tables, by version: each later version is a script that begins where the one before ended.

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;
use super::file::Place;

/// Script by script; the version of a file is how many it has seen.
const SCRIPTS: &[&str] = &[include_str!("../../migrations/embedded/0001_records.sql")];

/// The version this release writes.
pub(super) const KNOWN: i64 = SCRIPTS.len() as i64;

/// The version of a file, unless it is newer than this release.
pub(super) fn version(connection: &Connection, place: &Place) -> Result<usize, OpenError> {
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| place.fault(error))?;
    match usize::try_from(found) {
        Ok(version) if version <= SCRIPTS.len() => Ok(version),
        _ => Err(OpenError::Newer { path: place.path.clone(), found, known: KNOWN }),
    }
}

/// Brings a file of an earlier version to ours. Each script is one transaction together with the version it leads to,
/// so an interrupted migration goes on where it stood.
pub(super) fn migrate(connection: &mut Connection, from: usize) -> rusqlite::Result<()> {
    for (script, version) in SCRIPTS.iter().zip(1_i64..).skip(from) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(script)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

/// Looks for contradictions in the whole file; the first one found, in the database's words.
pub(super) fn contradiction(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

/// Counts this opening; the count is durable.
pub(super) fn next_epoch(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("UPDATE opened SET times = times + 1 RETURNING times", (), |row| row.get(0))
}
