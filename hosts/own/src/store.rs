//! A store that counts its bookings, over another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Conflict, Lease, LeaseRequest, Leased, Page, Query, Release,
    StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::testing::contract::{StoreUnderTest, Stores};
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};

/// What a host adds is one number; what the engine relies on stays with the store beneath.
#[derive(Default)]
pub struct CountedStore {
    beneath: MemoryStore,
    booked: AtomicU64,
}

#[async_trait]
impl CallbackStore for CountedStore {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        let booked = self.beneath.book(booking).await?;
        if booked == Booked::Accepted {
            self.booked.fetch_add(1, Ordering::Relaxed);
        }
        Ok(booked)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.beneath.change(changes).await
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.beneath.get(tenant, id).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        self.beneath.lease(request).await
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.beneath.release(releases).await
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.beneath.end_leases(owner).await
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.beneath.held(leases, now).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.beneath.next_wake().await
    }

    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.beneath.occupancy(tenant, service, window).await
    }

    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.beneath.tally(tenant).await
    }

    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.beneath.query(query).await
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.beneath.purge(now, limit).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.beneath.check().await
    }
}

/// How the suite gets fresh stores. Call-ins and settings stay with the store beneath.
pub struct Counted;

#[async_trait]
impl StoreUnderTest for Counted {
    async fn fresh(&self) -> Stores {
        let beneath = Stores::of(Arc::new(MemoryStore::default()), ());
        Stores { callbacks: Arc::new(CountedStore::default()), ..beneath }
    }
}
