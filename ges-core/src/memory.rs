//! The reference store: plain ordered maps behind one lock, every promise of the ports kept.
//!
//! Other stores are compared with this one by the contract suite (`ges_core::testing::contract`), so it is written to
//! be read. It keeps everything in memory and nothing beyond the process: right for tests, simulations and a first
//! try, wrong for promises that must outlive a crash.

mod call_ins;
mod callbacks;
mod guards;
mod indexes;
mod leases;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use call_ins::CallIns;
use callbacks::Callbacks;

use crate::callback::Callback;
use crate::callin::CallInRequest;
use crate::id::{CallbackId, NodeId, ServiceName, TenantId};
use crate::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict, Lease,
    LeaseRequest, Leased, Page, PublishError, Published, Query, Release, SettingsStore, StoreError, Tally,
};
use crate::slots::Occupancy;
use crate::time::{Interval, Timestamp};

/// Remembers callbacks, call-in requests and settings for as long as it lives.
///
/// ```
/// use ges_core::memory::MemoryStore;
/// use ges_core::port::{Published, SettingsStore};
///
/// let store = MemoryStore::default();
/// let next = Published { version: 1, ..Published::default() };
/// pollster::block_on(store.publish(&"acme".into(), next.clone()))?;
/// assert_eq!(pollster::block_on(store.published(&"acme".into()))?, next);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Kept {
    callbacks: Callbacks,
    call_ins: CallIns,
    settings: BTreeMap<TenantId, Published>,
}

impl MemoryStore {
    /// From now on this record cannot be read, as if a disk had damaged it; a change replaces it by one that can. Answers
    /// whether there is one.
    #[cfg(feature = "testing")]
    pub fn spoil(&self, tenant: &TenantId, id: CallbackId) -> bool {
        self.kept().callbacks.spoil(&(tenant.clone(), id))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing below panics while it holds the lock, so a poisoned lock would still guard whole data.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl CallbackStore for MemoryStore {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        Ok(self.kept().callbacks.book(booking))
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        Ok(self.kept().callbacks.get(tenant, id)?)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        let mut kept = self.kept();
        Ok(changes.into_iter().map(|change| kept.callbacks.change(change)).collect())
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        Ok(self.kept().callbacks.lease(&request))
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        let mut kept = self.kept();
        releases.iter().for_each(|release| kept.callbacks.release(release));
        Ok(())
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        Ok(self.kept().callbacks.end_leases(owner))
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let kept = self.kept();
        Ok(leases.iter().map(|lease| kept.callbacks.holds(lease, now)).collect())
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.kept().callbacks.next_wake())
    }

    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        let cells = self.kept().callbacks.occupancy(tenant, service, window);
        Occupancy::new(window, cells).map_err(StoreError::unavailable)
    }

    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        Ok(self.kept().callbacks.tally(tenant))
    }

    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        Ok(self.kept().callbacks.query(&query)?)
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        Ok(self.kept().callbacks.purge(now, limit))
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl CallInStore for MemoryStore {
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        Ok(self.kept().call_ins.group(tenant, group))
    }

    async fn change(&self, change: CallInChange) -> Result<bool, StoreError> {
        Ok(self.kept().call_ins.change(change))
    }

    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        Ok(self.kept().call_ins.request(tenant, id))
    }

    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        Ok(self.kept().call_ins.purge(before, limit))
    }
}

#[async_trait]
impl SettingsStore for MemoryStore {
    async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        Ok(self.kept().settings.get(tenant).cloned().unwrap_or_default())
    }

    async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        let kept = self.kept();
        Ok(kept.settings.iter().map(|(tenant, published)| (tenant.clone(), published.version)).collect())
    }

    async fn publish(&self, tenant: &TenantId, next: Published) -> Result<(), PublishError> {
        let mut kept = self.kept();
        let stored = kept.settings.get(tenant).map_or(0, |published| published.version);
        if next.version.checked_sub(1) != Some(stored) {
            return Err(PublishError::Stale);
        }
        kept.settings.insert(tenant.clone(), next);
        Ok(())
    }
}
