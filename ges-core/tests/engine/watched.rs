//! A store that counts what it is asked, stands still where it is told to, and panics where it is told to.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Conflict, Lease, LeaseRequest, Leased, Page, Query, Release,
    StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};

/// Where it can be made to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// After leases were given.
    Leased,
    /// Before it is said what is held.
    Held,
    /// Before changes are written.
    Change,
    /// Before leases are ended.
    EndLeases,
}

/// What it does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// It never answers.
    Stall,
    /// It panics.
    Panic,
    /// It cannot be reached.
    Away,
}

pub struct Watched {
    store: Arc<MemoryStore>,
    mischief: Mutex<Option<(Spot, Mischief)>>,
    /// Whether it writes each booking twice, as a store does that has lost the answer of a server and asks again.
    pub stutters: AtomicBool,
    asked: Mutex<Vec<&'static str>>,
    pub changes: Mutex<Vec<usize>>,
}

impl Watched {
    pub fn over(store: &Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Watched {
            store: store.clone(),
            mischief: Mutex::default(),
            stutters: AtomicBool::new(false),
            asked: Mutex::default(),
            changes: Mutex::default(),
        })
    }

    pub fn set(&self, mischief: Option<(Spot, Mischief)>) {
        *self.mischief.lock().unwrap() = mischief;
    }

    /// What it was asked since this was called last.
    pub fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn is_asked(&self, what: &'static str) {
        self.asked.lock().unwrap().push(what);
    }

    async fn at(&self, spot: Spot) -> Result<(), StoreError> {
        let mischief = *self.mischief.lock().unwrap();
        match mischief.filter(|(at, _)| *at == spot) {
            None => Ok(()),
            Some((_, Mischief::Stall)) => pending().await,
            Some((_, Mischief::Panic)) => panic!("the store panics"),
            Some((_, Mischief::Away)) => Err(StoreError::Unavailable("away".into())),
        }
    }
}

#[async_trait]
impl CallbackStore for Watched {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.is_asked("book");
        if self.stutters.load(Ordering::SeqCst) {
            self.store.book(booking.clone()).await?;
        }
        self.store.book(booking).await
    }
    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.is_asked("get");
        self.store.get(tenant, id).await
    }
    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.is_asked("change");
        self.at(Spot::Change).await?;
        self.changes.lock().unwrap().push(changes.len());
        self.store.change(changes).await
    }
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        self.is_asked("lease");
        let leased = self.store.lease(request).await;
        self.at(Spot::Leased).await?;
        leased
    }
    async fn lease_and_next_wake(
        &self,
        request: LeaseRequest,
    ) -> Result<(Vec<Leased>, Option<Timestamp>), StoreError> {
        let leased = self.lease(request).await?;
        Ok((leased, self.store.next_wake().await?))
    }
    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.is_asked("release");
        self.store.release(releases).await
    }
    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.is_asked("end_leases");
        self.at(Spot::EndLeases).await?;
        self.store.end_leases(owner).await
    }
    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.is_asked("held");
        self.at(Spot::Held).await?;
        self.store.held(leases, now).await
    }
    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.is_asked("next_wake");
        self.store.next_wake().await
    }
    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.is_asked("occupancy");
        self.store.occupancy(tenant, service, window).await
    }
    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.is_asked("tally");
        self.store.tally(tenant).await
    }
    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.is_asked("query");
        self.store.query(query).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.is_asked("purge");
        self.store.purge(now, limit).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}
