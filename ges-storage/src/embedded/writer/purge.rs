//! Removing finished records whose time is over.

use ges_core::Timestamp;

use super::write::Stored;
use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::indexes::Moved;
use crate::embedded::row::{index_entry, millis, version};

/// Removes the oldest finished records that may go at `now`, at most `limit`.
pub(in crate::embedded) struct Purge {
    pub now: Timestamp,
    pub limit: usize,
}

impl Work for Purge {
    type Answer = usize;

    fn weight(&self) -> usize {
        self.limit
    }

    fn run(&self, write: &mut Write<'_>) -> Result<usize, Failure> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let over = write.all(
            "SELECT key, service, desired, number, version, state, place, waiting, wake, purge_at FROM callback \
             WHERE purge_at <= ?1 ORDER BY purge_at LIMIT ?2",
            (self.now.as_millis(), limit),
            |row| Ok(Stored { key: row.get(0)?, service: row.get(1)?, entry: index_entry(row, 2)? }),
        )?;
        for stored in &over {
            let Stored { key, service, entry } = stored;
            write.execute("DELETE FROM record WHERE key = ?1", [key])?;
            write.execute("DELETE FROM callback WHERE key = ?1", [key])?;
            write.count(*service, entry, -1);
            let version = version(entry.version);
            write.moved(Moved { key: *key, from: millis(entry.wake_at), to: None, version, fence: None });
        }
        Ok(over.len())
    }
}
