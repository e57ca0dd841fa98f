//! The ports of the engine, answered by the two lanes that write and by the pool.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ges_core::callback::{Callback, RETENTION};
use ges_core::callin::{CallInRequest, CallInState};
use ges_core::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict, Lease,
    LeaseRequest, Leased, Page, PublishError, Published, Query, Release, SettingsStore, StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};
use uuid::Uuid;

use super::PostgresStore;
use super::book::Book;
use super::change::One;
use super::failure::Said;
use super::names::is_text;
use super::session::Say;
use crate::record::{to_text, version};

/// So many records are removed in one transaction.
const PURGE: usize = 1_000;

#[async_trait]
impl CallbackStore for PostgresStore {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.link.ready().await?;
        self.books.run(Book::new(&self.link, booking).await?).await
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.link.callback(tenant, id).await
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = Vec::with_capacity(changes.len());
        for change in changes {
            all.push(One::new(&self.link, change).await?);
        }
        self.changes.run(all).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        Ok(self.link.lease(request).await?.0)
    }

    async fn lease_and_next_wake(
        &self,
        request: LeaseRequest,
    ) -> Result<(Vec<Leased>, Option<Timestamp>), StoreError> {
        self.link.lease(request).await
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.link.release(releases).await
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.link.end_leases(owner).await
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.link.held(leases, now).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.link.next_wake().await
    }

    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.link.occupancy(tenant, service, window).await
    }

    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.link.tally(tenant).await
    }

    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.link.page(query).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        // The last instant there is ends every retention.
        let before = if now == Timestamp::MAX { now } else { now - RETENTION };
        let mut purged = 0;
        while purged < limit {
            let most = (limit - purged).min(PURGE);
            let rows = self.link.ask(Say::Purge, &[&before.as_millis(), &count(most)]).await?;
            let gone = rows.first().map_or(0, |row| row.get::<_, i64>(0));
            purged += usize::try_from(gone).unwrap_or(0);
            if gone < count(most) {
                break;
            }
        }
        Ok(purged)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.link.ask(Say::Check, &[]).await.map(drop)
    }
}

#[async_trait]
impl CallInStore for PostgresStore {
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        self.link.group(tenant, group).await
    }

    async fn change(&self, change: CallInChange) -> Result<bool, StoreError> {
        let CallInChange { tenant, group, expected, requests } = change;
        storable(&[tenant.as_str(), &group])?;
        let ids: Vec<Uuid> = requests.iter().map(|request| request.id).collect();
        let waiting: Vec<bool> =
            requests.iter().map(|request| request.state == CallInState::Waiting).collect();
        let created: Vec<i64> = requests.iter().map(|request| request.created_at.as_millis()).collect();
        let records: Result<Vec<String>, _> = requests.iter().map(to_text).collect();
        let records = records.map_err(StoreError::unavailable)?;
        let rows = self
            .link
            .ask_or_find_done(
                Say::CallInChange,
                &[&tenant.as_str(), &group, &version(expected), &ids, &waiting, &created, &records],
            )
            .await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        self.link.request(tenant, id).await
    }

    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut purged = 0;
        while purged < limit {
            let most = (limit - purged).min(PURGE);
            let rows = self.link.ask(Say::PurgeCallIns, &[&before.as_millis(), &count(most)]).await?;
            purged += rows.len();
            if rows.len() < most {
                break;
            }
        }
        Ok(purged)
    }
}

#[async_trait]
impl SettingsStore for PostgresStore {
    async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        self.link.published(tenant).await
    }

    async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        self.link.versions().await
    }

    async fn publish(&self, tenant: &TenantId, next: Published) -> Result<(), PublishError> {
        storable(&[tenant.as_str()])?;
        let body = to_text(&next).map_err(StoreError::unavailable)?;
        let number = version(next.version);
        let rows = self.link.ask_or_find_done(Say::Publish, &[&tenant.as_str(), &number, &body]).await?;
        if rows.first().is_some_and(|row| row.get(0)) { Ok(()) } else { Err(PublishError::Stale) }
    }
}

/// Whether the database can hold these names.
fn storable(names: &[&str]) -> Result<(), StoreError> {
    if names.iter().all(|name| is_text(name)) {
        return Ok(());
    }
    Err(StoreError::unavailable(Said::new("a name must not contain NUL")))
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
