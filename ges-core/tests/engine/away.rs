//! The store is away at the very instant of a hand-over, or just as it gives leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use ges_core::callback::{Callback, StateName};
use ges_core::engine::Dispatcher;
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Clock, Conflict, Lease, LeaseRequest, Leased, Page, Query,
    Release, StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::time::Interval;
use ges_core::{CallbackId, NodeId, ServiceName, TenantId, Timestamp};

use crate::office::{Office, monday};

/// A store that cannot be asked about leases for a while, or gives leases and loses the answer.
struct Away {
    store: Arc<MemoryStore>,
    is_away: AtomicBool,
    loses_leases: AtomicBool,
}

impl Away {
    fn over(store: &Arc<MemoryStore>) -> Arc<Self> {
        let (is_away, loses_leases) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Away { store: store.clone(), is_away, loses_leases })
    }
}

#[async_trait]
impl CallbackStore for Away {
    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        self.store.held(leases, now).await
    }
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.store.book(booking).await
    }
    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.store.get(tenant, id).await
    }
    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.store.change(changes).await
    }
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        let leased = self.store.lease(request).await;
        if self.loses_leases.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("cut off before the answer".into()));
        }
        leased
    }
    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.store.release(releases).await
    }
    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.store.end_leases(owner).await
    }
    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_wake().await
    }
    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.store.occupancy(tenant, service, window).await
    }
    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.store.tally(tenant).await
    }
    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.store.query(query).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.store.purge(now, limit).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

#[test]
fn what_was_due_while_the_store_was_away_is_handed_over_when_it_is_back() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node: Arc<Dispatcher> = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    pollster::block_on(node.look_ahead()).unwrap();
    let due = node.next_due().unwrap();
    office.clock.set(due);
    store.is_away.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.take_due()).is_err(), "nobody can say whether the leases hold");
    assert_eq!(node.next_due(), Some(due), "it is still held");
    store.is_away.store(false, Ordering::SeqCst);
    for delivery in pollster::block_on(node.take_due()).unwrap() {
        pollster::block_on(delivery.run());
    }
    assert_eq!(office.clock.now(), due, "long before its lease expires");
    assert_eq!(office.state(booked.id), StateName::Queued);
}

#[test]
fn leases_whose_answer_was_lost_are_not_waited_for() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node: Arc<Dispatcher> = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    store.loses_leases.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.look_ahead()).is_err());
    store.loses_leases.store(false, Ordering::SeqCst);
    pollster::block_on(node.look_ahead()).unwrap();
    let due = node.next_due().expect("it is found again at once");
    office.clock.set(due);
    for delivery in pollster::block_on(node.take_due()).unwrap() {
        pollster::block_on(delivery.run());
    }
    assert_eq!(due, monday("19:58"), "long before the lost lease expires");
    assert_eq!(office.state(booked.id), StateName::Queued);
}
