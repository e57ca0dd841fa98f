//! Writing call-in requests.

use ges_core::callin::CallInState;
use ges_core::port::{CallInChange, StoreError};
use ges_core::{TenantId, Timestamp};
use uuid::Uuid;

use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::row::{to_text, version};

/// Inserts or replaces requests if their group was not written since it was read; answers whether.
pub(in crate::embedded) struct ChangeCallIns {
    tenant: TenantId,
    group: String,
    expected: i64,
    requests: Vec<Request>,
}

struct Request {
    id: Uuid,
    waiting: bool,
    created: i64,
    body: String,
}

impl ChangeCallIns {
    /// Writes the texts here, on the caller's thread.
    pub fn new(change: CallInChange) -> Result<Self, StoreError> {
        let CallInChange { tenant, group, expected, requests } = change;
        let requests = requests.into_iter().map(|request| {
            Ok(Request {
                id: request.id,
                waiting: request.state == CallInState::Waiting,
                created: request.created_at.as_millis(),
                body: to_text(&request).map_err(StoreError::unavailable)?,
            })
        });
        let requests: Result<Vec<_>, StoreError> = requests.collect();
        Ok(ChangeCallIns { tenant, group, expected: version(expected), requests: requests? })
    }
}

impl Work for ChangeCallIns {
    type Answer = bool;

    fn weight(&self) -> usize {
        self.requests.len().max(1)
    }

    fn run(&self, write: &mut Write<'_>) -> Result<bool, Failure> {
        let tenant = self.tenant.as_str();
        let stored: Option<(i64, i64)> = write.first(
            "SELECT key, version FROM call_in_group WHERE tenant = ?1 AND name = ?2",
            (tenant, &self.group),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (known, written) = stored.unzip();
        if written.unwrap_or(0) != self.expected {
            return Ok(false);
        }
        let group = match known {
            Some(group) => {
                write.execute("UPDATE call_in_group SET version = version + 1 WHERE key = ?1", [group])?;
                group
            }
            None => {
                write.execute(
                    "INSERT INTO call_in_group (tenant, name, version) VALUES (?1, ?2, 1)",
                    (tenant, &self.group),
                )?;
                write.last_key()
            }
        };
        for request in &self.requests {
            write.execute(
                "INSERT INTO call_in (tenant, id, group_key, waiting, created, body) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id, tenant) DO UPDATE SET group_key = ?3, \
                 waiting = ?4, created = ?5, body = ?6",
                (tenant, request.id.as_bytes(), group, request.waiting, request.created, &request.body),
            )?;
        }
        Ok(true)
    }
}

/// Removes requests created up to an instant; answers how many.
pub(in crate::embedded) struct PurgeCallIns {
    pub before: Timestamp,
    pub limit: usize,
}

impl Work for PurgeCallIns {
    type Answer = usize;

    fn weight(&self) -> usize {
        self.limit
    }

    fn run(&self, write: &mut Write<'_>) -> Result<usize, Failure> {
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let removed = write.execute(
            "DELETE FROM call_in WHERE key IN \
             (SELECT key FROM call_in WHERE created <= ?1 ORDER BY created LIMIT ?2)",
            (self.before.as_millis(), limit),
        )?;
        Ok(removed)
    }
}
