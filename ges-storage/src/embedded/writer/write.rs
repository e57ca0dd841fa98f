//! What a job works with: the open transaction, the indexes, and what its batch has changed so far.

use std::ops::Range;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use ges_core::port::IndexEntry;
use ges_core::slots::UtcMinute;
use ges_core::{CallbackId, ServiceName, TenantId};
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::embedded::indexes::{Batch, Indexes, Moved, ServiceKey, TenantKey};
use crate::embedded::row::{Key, index_entry};

/// One job's view of the transaction it is part of.
pub(in crate::embedded) struct Write<'a> {
    connection: &'a Connection,
    indexes: &'a RwLock<Indexes>,
    batch: &'a mut Batch,
}

/// A record as the file has it.
pub(super) struct Stored {
    pub key: Key,
    pub service: ServiceKey,
    pub entry: IndexEntry,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        indexes: &'a RwLock<Indexes>,
        batch: &'a mut Batch,
    ) -> Self {
        Write { connection, indexes, batch }
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.connection.prepare_cached(sql)?.execute(params)
    }

    /// The first row, if there is any.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.connection.prepare_cached(sql)?.query_row(params, read).optional()
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.connection.prepare_cached(sql)?.query_map(params, read)?.collect()
    }

    pub(super) fn last_key(&self) -> Key {
        self.connection.last_insert_rowid()
    }

    pub(super) fn tenant(&self, tenant: &TenantId) -> Option<TenantKey> {
        self.batch.tenant(tenant).or_else(|| self.reading().names.tenant(tenant))
    }

    /// The keys of both names, as known so far.
    pub(super) fn known(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
    ) -> (Option<TenantKey>, Option<ServiceKey>) {
        let known = self.reading();
        let tenant_key = known.names.tenant(tenant).or_else(|| self.batch.tenant(tenant));
        let service_key =
            known.names.service(tenant, service).or_else(|| self.batch.service(tenant, service));
        (tenant_key, service_key)
    }

    /// The keys of both names, written now if they are new.
    pub(super) fn entered(
        &mut self,
        tenant: &TenantId,
        service: &ServiceName,
    ) -> rusqlite::Result<(TenantKey, ServiceKey)> {
        let (tenant_key, service_key) = self.known(tenant, service);
        let tenant_key = match tenant_key {
            Some(key) => key,
            None => {
                self.execute("INSERT INTO tenant (name) VALUES (?1)", [tenant.as_str()])?;
                let key = self.last_key();
                self.batch.enter_tenant(tenant, key);
                key
            }
        };
        let service_key = match service_key {
            Some(key) => key,
            None => {
                self.execute(
                    "INSERT INTO service (tenant, name) VALUES (?1, ?2)",
                    (tenant_key, service.as_str()),
                )?;
                let key = self.last_key();
                self.batch.enter_service(tenant, tenant_key, service, key);
                key
            }
        };
        Ok((tenant_key, service_key))
    }

    pub(super) fn stored(&self, tenant: TenantKey, id: CallbackId) -> rusqlite::Result<Option<Stored>> {
        self.first(
            "SELECT key, service, desired, number, version, state, place, waiting, wake, purge_at FROM callback \
             WHERE id = ?1 AND tenant = ?2",
            (id.0.as_bytes(), tenant),
            |row| Ok(Stored { key: row.get(0)?, service: row.get(1)?, entry: index_entry(row, 2)? }),
        )
    }

    /// Places held in those minutes, this batch counted.
    pub(super) fn places(&self, service: ServiceKey, minutes: Range<UtcMinute>) -> i64 {
        let committed: i64 = {
            let indexes = self.reading();
            indexes.services.places(service, minutes.clone()).map(|(_, count)| i64::from(count)).sum()
        };
        committed.saturating_add(self.batch.places(service, minutes))
    }

    /// Records that are QUEUED, ROUTING or PROCESSING, this batch counted.
    pub(super) fn active(&self, service: ServiceKey) -> i64 {
        let committed = i64::try_from(self.reading().services.tally(service).active()).unwrap_or(i64::MAX);
        committed.saturating_add(self.batch.active(service))
    }

    /// Counts a record in (`sign` 1) or out (-1).
    pub(super) fn count(&mut self, service: ServiceKey, entry: &IndexEntry, sign: i64) {
        self.batch.count(service, entry, sign);
    }

    /// Notes the change of a record and keeps it from being leased until the change is settled. `false`, and nothing
    /// noted, when the change is made under a lease that is not the newest.
    pub(super) fn moved(&mut self, moved: Moved) -> bool {
        {
            let mut indexes = self.writing();
            let newest =
                |fence| !self.batch.has_ended_lease(moved.key) && indexes.wakes.is_newest(moved.key, fence);
            if !moved.fence.is_none_or(newest) {
                return false;
            }
            indexes.wakes.written_soon(moved.key);
        }
        self.batch.moved(moved);
        true
    }

    fn reading(&self) -> RwLockReadGuard<'_, Indexes> {
        self.indexes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Indexes> {
        self.indexes.write().unwrap_or_else(PoisonError::into_inner)
    }
}
