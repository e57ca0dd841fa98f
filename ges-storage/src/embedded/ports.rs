//! The ports of the engine, answered by the writing thread, the reading threads, or from memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::callin::CallInRequest;
use ges_core::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict, Lease,
    LeaseRequest, Leased, Page, PublishError, Published, Query, Raised, Release, SettingsStore, StoreError,
    Tally,
};
use ges_core::slots::{Occupancy, UtcMinute};
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};
use uuid::Uuid;

use super::EmbeddedStore;
use super::failure::{Closed, Failure};
use super::indexes::{Candidate, Granted, Indexes};
use super::reader::{self, Readers, Selection, Unreadable};
use super::row::version;
use super::writer::{self, Book, ChangeAll, ChangeCallIns, Publish, Purge, PurgeCallIns, Writer};

impl EmbeddedStore {
    fn readers(&self) -> Result<&Readers, StoreError> {
        self.readers.as_ref().ok_or_else(|| StoreError::unavailable(Closed))
    }

    fn writer(&self) -> Result<&Writer, StoreError> {
        self.writer.as_ref().ok_or_else(|| StoreError::unavailable(Closed))
    }

    fn reading(&self) -> RwLockReadGuard<'_, Indexes> {
        self.indexes.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, Indexes> {
        self.indexes.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The records of the raised services, as the file has them.
    async fn candidates(&self, raised: Vec<Raised>) -> Result<Vec<Candidate>, StoreError> {
        let searches: Vec<_> = {
            let indexes = self.reading();
            let search = |one: &Raised| {
                let tenant = indexes.names.tenant(&one.tenant)?;
                let service = indexes.names.service(&one.tenant, &one.service)?;
                let first = indexes.services.first_waiting(service)?;
                // The first minute also holds what came before 1970.
                let first = if first.number() == 0 { Timestamp::MIN } else { first.start() };
                (first < one.desired_before).then_some((tenant, service, first, one.desired_before))
            };
            raised.iter().filter_map(search).collect()
        };
        if searches.is_empty() {
            return Ok(Vec::new());
        }
        let search = move |connection: &rusqlite::Connection| {
            let mut found = Vec::new();
            for (tenant, service, first, before) in searches {
                found.extend(reader::waiting(connection, tenant, service, first, before)?);
            }
            Ok::<_, Failure>(found)
        };
        self.readers()?.read(search).await
    }

    /// Reads what was just leased. A record is read after it was marked as leased, and every change from elsewhere
    /// ends its lease, so nobody can hold a version that is not the newest without being told so.
    async fn read_leased(
        &self,
        granted: Vec<Granted>,
        expires: Timestamp,
    ) -> Result<Vec<Leased>, StoreError> {
        let again = granted.clone();
        let read = match self.readers() {
            Ok(readers) => readers.read(move |connection| reader::leased(connection, granted)).await,
            Err(error) => Err(error),
        };
        let mut indexes = self.writing();
        let records = match read {
            Ok(records) => records,
            Err(error) => {
                again.into_iter().for_each(|granted| indexes.wakes.withdraw(granted));
                return Err(error);
            }
        };
        let mut leased = Vec::with_capacity(records.len());
        for (granted, record) in records {
            let (tenant, callback) = match record {
                Ok(Some(record)) => record,
                Ok(None) => {
                    indexes.wakes.withdraw(granted);
                    continue;
                }
                // Its lease stands until it runs out, so that what cannot be read stands in nobody's way.
                Err(Unreadable) => continue,
            };
            if indexes.wakes.confirm(granted, tenant, callback.id, version(callback.version)) {
                let lease = Lease {
                    tenant: callback.tenant.clone(),
                    id: callback.id,
                    version: callback.version,
                    fence: granted.fence,
                    expires,
                };
                leased.push(Leased { callback, due: Timestamp::from_millis(granted.due), lease });
            }
        }
        Ok(leased)
    }
}

#[async_trait]
impl CallbackStore for EmbeddedStore {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.writer()?.run(Book::new(booking)?).await
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        let Some(tenant) = self.reading().names.tenant(tenant) else { return Ok(None) };
        self.readers()?.read(move |connection| reader::callback(connection, tenant, id)).await
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.writer()?.run(ChangeAll::new(changes)?).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        let LeaseRequest { owner, now, until, raised, lasting, limit } = request;
        let candidates = self.candidates(raised).await?;
        let expires = now + lasting;
        let millis = Timestamp::as_millis;
        let granted = self.writing().wakes.grant(
            millis(now),
            millis(until),
            millis(expires),
            limit,
            &candidates,
            &owner,
        );
        if granted.is_empty() { Ok(Vec::new()) } else { self.read_leased(granted, expires).await }
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        let mut indexes = self.writing();
        for Release { lease, not_before } in releases {
            if let Some(tenant) = indexes.names.tenant(&lease.tenant) {
                indexes.wakes.release(tenant, lease.id, lease.fence, not_before.as_millis());
            }
        }
        Ok(())
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        Ok(self.writing().wakes.end_leases(owner))
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let indexes = self.reading();
        let holds = |lease: &Lease| {
            let tenant = indexes.names.tenant(&lease.tenant)?;
            let version = version(lease.version);
            Some(indexes.wakes.holds(tenant, lease.id, lease.fence, version, now.as_millis()))
        };
        Ok(leases.iter().map(|lease| holds(lease).unwrap_or(false)).collect())
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.reading().wakes.next().map(Timestamp::from_millis))
    }

    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        let indexes = self.reading();
        // The minute the window ends in belongs to it unless it ends with it.
        let end = UtcMinute::from(window.end + std::time::Duration::from_millis(59_999));
        let minutes = UtcMinute::from(window.start)..end;
        let service = indexes.names.service(tenant, service).into_iter();
        let cells = service.flat_map(|service| indexes.services.places(service, minutes.clone()));
        Occupancy::new(window, cells).map_err(StoreError::unavailable)
    }

    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        let indexes = self.reading();
        let of_service = |(name, key): (&ServiceName, i64)| (name.clone(), indexes.services.tally(key));
        let tallies = indexes.names.services(tenant).map(of_service);
        Ok(tallies.filter(|(_, tally)| *tally != Tally::default()).collect())
    }

    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        let selection = Selection::of(query, &self.reading().names);
        match selection {
            Some(selection) => {
                self.readers()?.read(move |connection| reader::page(connection, &selection)).await
            }
            None => Ok(Page { callbacks: Vec::new(), next: None }),
        }
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.writer()?.run(Purge { now, limit }).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writer()?.run(writer::Check).await?;
        let answers =
            |connection: &rusqlite::Connection| Ok(connection.query_row("SELECT 1", (), |_| Ok(()))?);
        self.readers()?.read(answers).await
    }
}

#[async_trait]
impl CallInStore for EmbeddedStore {
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        let (tenant, group) = (tenant.clone(), group.to_owned());
        self.readers()?.read(move |connection| reader::group(connection, &tenant, &group)).await
    }

    async fn change(&self, change: CallInChange) -> Result<bool, StoreError> {
        self.writer()?.run(ChangeCallIns::new(change)?).await
    }

    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        let tenant = tenant.clone();
        self.readers()?.read(move |connection| reader::request(connection, &tenant, id)).await
    }

    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.writer()?.run(PurgeCallIns { before, limit }).await
    }
}

#[async_trait]
impl SettingsStore for EmbeddedStore {
    async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        let tenant = tenant.clone();
        self.readers()?.read(move |connection| reader::published(connection, &tenant)).await
    }

    async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        self.readers()?.read(reader::versions).await
    }

    async fn publish(&self, tenant: &TenantId, next: Published) -> Result<(), PublishError> {
        let publish = Publish::new(tenant, &next)?;
        if self.writer()?.run(publish).await? { Ok(()) } else { Err(PublishError::Stale) }
    }
}
