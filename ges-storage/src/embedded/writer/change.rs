//! Changing records.

use ges_core::callback::Version;
use ges_core::port::{Change, Conflict, Fence, Guard, IndexEntry, StoreError};
use ges_core::{CallbackId, ServiceName, TenantId};

use super::guards::Among;
use super::write::Stored;
use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::indexes::{Moved, ServiceKey};
use crate::embedded::row::{code, millis, packed, take_user_data, to_text, user_data_text, version};

/// Replaces records, each by itself.
pub(in crate::embedded) struct ChangeAll(Vec<ChangeOne>);

struct ChangeOne {
    tenant: TenantId,
    service: ServiceName,
    id: CallbackId,
    expected: Version,
    entry: IndexEntry,
    body: String,
    /// The user data that replaces the stored one, if that is replaced.
    data: Option<Option<String>>,
    guards: Vec<Guard>,
    fence: Option<Fence>,
}

impl ChangeAll {
    /// Writes the texts here, on the caller's thread.
    pub fn new(changes: Vec<Change>) -> Result<Self, StoreError> {
        let all: Result<Vec<_>, _> = changes.into_iter().map(ChangeOne::new).collect();
        all.map(ChangeAll)
    }
}

impl Work for ChangeAll {
    type Answer = Vec<Result<(), Conflict>>;

    fn weight(&self) -> usize {
        self.0.len()
    }

    fn run(&self, write: &mut Write<'_>) -> Result<Self::Answer, Failure> {
        self.0.iter().map(|change| change.run(write)).collect()
    }
}

impl ChangeOne {
    fn new(change: Change) -> Result<Self, StoreError> {
        let Change { mut next, expected, wake_at, keeps_user_data, guards, fence } = change;
        let user_data = take_user_data(&mut next);
        let data = (!keeps_user_data).then(|| user_data_text(&user_data)).transpose();
        let data = data.map_err(StoreError::unavailable)?;
        let body = to_text(&next).map_err(StoreError::unavailable)?;
        let entry = IndexEntry::of(&next, wake_at);
        let (tenant, service, id) = (next.tenant, next.service, next.id);
        Ok(ChangeOne { tenant, service, id, expected, entry, body, data, guards, fence })
    }

    fn run(&self, write: &mut Write<'_>) -> Result<Result<(), Conflict>, Failure> {
        let Some(tenant) = write.tenant(&self.tenant) else { return Ok(Err(Conflict::Missing)) };
        let Some(stored) = write.stored(tenant, self.id)? else { return Ok(Err(Conflict::Missing)) };
        if stored.entry.version != self.expected {
            return Ok(Err(Conflict::Stale));
        }
        let (_, service) = write.known(&self.tenant, &self.service);
        // A record that comes from another service counts for nothing in this one. No key is 0.
        let own = (service == Some(stored.service)).then_some(&stored.entry);
        let among = Among { tenant, service: service.unwrap_or(0), own };
        if let Some(index) = among.first_broken(&self.guards, write)? {
            return Ok(Err(Conflict::Refused(index)));
        }
        let moved = Moved {
            key: stored.key,
            from: millis(stored.entry.wake_at),
            to: millis(self.entry.wake_at),
            version: version(self.entry.version),
            fence: self.fence,
        };
        if !write.moved(moved) {
            return Ok(Err(Conflict::Fenced));
        }
        let (_, service) = write.entered(&self.tenant, &self.service)?;
        self.replace(&stored, service, write)?;
        write.count(stored.service, &stored.entry, -1);
        write.count(service, &self.entry, 1);
        Ok(Ok(()))
    }

    /// Leaves the indexes of unchanged columns alone: most changes touch neither time nor number.
    fn replace(&self, stored: &Stored, service: ServiceKey, write: &Write<'_>) -> Result<(), Failure> {
        let (before, next) = (&stored.entry, &self.entry);
        match &self.data {
            Some(data) => write.execute(
                "UPDATE record SET body = ?2, data = ?3 WHERE key = ?1",
                (stored.key, &self.body, data),
            )?,
            None => write.execute("UPDATE record SET body = ?2 WHERE key = ?1", (stored.key, &self.body))?,
        };
        write.execute(
            "UPDATE callback SET version = ?2, place = ?3, waiting = ?4, wake = ?5 WHERE key = ?1",
            (stored.key, version(next.version), next.holds_place, next.awaits_its_time, millis(next.wake_at)),
        )?;
        if (before.state, before.purge_at) != (next.state, next.purge_at) {
            write.execute(
                "UPDATE callback SET state = ?2, purge_at = ?3 WHERE key = ?1",
                (stored.key, code(next.state), millis(next.purge_at)),
            )?;
        }
        if (stored.service, before.desired) != (service, next.desired) {
            write.execute(
                "UPDATE callback SET service = ?2, desired = ?3 WHERE key = ?1",
                (stored.key, service, next.desired.as_millis()),
            )?;
        }
        if (before.number, before.is_finished()) != (next.number, next.is_finished()) {
            write.execute(
                "UPDATE callback SET number = ?2, finished = ?3 WHERE key = ?1",
                (stored.key, packed(next.number), next.is_finished()),
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ges_core::testing::fixtures::{at, change, issued, scheduled};
    use serde_json::json;

    use super::*;
    use crate::record::tests::user_data_written;

    #[test]
    fn user_data_that_stays_is_not_encoded() {
        let mut record = scheduled(1, at("18:00"));
        record.request_mut().user_data = json!({ "order": "word ".repeat(2_000) }).try_into().unwrap();
        let next = issued(&record, at("18:00"));
        let one = |keeps_user_data| {
            ChangeOne::new(Change { keeps_user_data, ..change(&record, &next) })
                .unwrap_or_else(|error| panic!("{error}"))
        };
        let (kept, times) = user_data_written(|| one(true));
        assert_eq!((kept.data, times), (None, 0));
        assert!(kept.body.len() < 1_000, "{} bytes", kept.body.len());
        let (replaced, times) = user_data_written(|| one(false));
        assert_eq!((replaced.data.is_some(), times), (true, 1));
    }
}
