//! What is answered without the disk: names, places, tallies, wakes and leases.
//!
//! Everything here is rebuilt from the file when it is opened, and changed only by a [`Batch`] that has been
//! committed, so it never tells of something that could still be lost. Leases alone live here and nowhere else: the
//! file belongs to one process, and a restart ends them all.

mod batch;
mod names;
mod services;
mod wakes;

use rusqlite::Connection;

pub(super) use batch::{Batch, Moved};
pub(super) use names::{Names, ServiceKey, TenantKey};
pub(super) use services::Services;
pub(super) use wakes::{Candidate, Granted, Wakes};

use super::row;

/// All of it.
#[derive(Default)]
pub(super) struct Indexes {
    pub names: Names,
    pub services: Services,
    pub wakes: Wakes,
}

impl Indexes {
    /// Reads the narrow columns of every record.
    pub fn load(connection: &Connection, epoch: u32) -> rusqlite::Result<Self> {
        let mut indexes = Indexes { wakes: Wakes::of_epoch(epoch), ..Indexes::default() };
        indexes.names.load(connection)?;
        let mut rows = connection.prepare(
            "SELECT key, service, desired, number, version, state, place, waiting, wake, purge_at FROM callback",
        )?;
        let mut rows = rows.query(())?;
        while let Some(found) = rows.next()? {
            let entry = row::index_entry(found, 2)?;
            indexes.services.count(found.get(1)?, &entry, 1);
            indexes.wakes.enter(found.get(0)?, row::millis(entry.wake_at));
        }
        Ok(indexes)
    }
}
