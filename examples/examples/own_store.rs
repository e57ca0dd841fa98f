//! A store of your own, held to the contract every store keeps.
//!
//! This one keeps a journal beside another store. Whatever yours does, the suite tells which promise it breaks.
//!
//! `cargo run --example own_store`

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Conflict, Lease, LeaseRequest, Leased, Page, Query, Release,
    StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::testing::contract::{Missing, Report, StoreUnderTest, Stores, run_all};
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};

/// Writes down which record got which version, for whoever asks later. No number and no user data goes in.
struct Journalled<S> {
    store: S,
    journal: Mutex<Vec<(CallbackId, u64)>>,
}

impl<S> Journalled<S> {
    fn over(store: S) -> Self {
        Journalled { store, journal: Mutex::default() }
    }

    fn write(&self, callback: CallbackId, version: u64) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).push((callback, version));
    }
}

#[async_trait]
impl<S: CallbackStore> CallbackStore for Journalled<S> {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        let (id, version) = (booking.callback.id, booking.callback.version);
        let booked = self.store.book(booking).await?;
        if booked == Booked::Accepted {
            self.write(id, version);
        }
        Ok(booked)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        let written: Vec<_> = changes.iter().map(|change| (change.next.id, change.next.version)).collect();
        let answers = self.store.change(changes).await?;
        let committed = written.into_iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        committed.for_each(|((id, version), _)| self.write(id, version));
        Ok(answers)
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.store.get(tenant, id).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        self.store.lease(request).await
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.store.release(releases).await
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.store.end_leases(owner).await
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.store.held(leases, now).await
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

/// How the suite gets fresh stores. Call-ins and settings stay with the store beneath.
struct Ours;

#[async_trait]
impl StoreUnderTest for Ours {
    async fn fresh(&self) -> Stores {
        let beneath = Stores::of(Arc::new(MemoryStore::default()), ());
        Stores { callbacks: Arc::new(Journalled::over(MemoryStore::default())), ..beneath }
    }

    async fn another(&self, stores: &Stores) -> Option<Stores> {
        Some(stores.clone())
    }
}

/// What the suite says. All is kept in memory: nothing can be opened again, and nothing damaged.
async fn judged() -> Report {
    let report = run_all(&Ours).await;
    report.assert_missing(&[Missing::Reopen, Missing::Spoil]);
    report
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() {
    println!("{}", pollster::block_on(judged()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ges_core::callback::{CancelledBy, Event};
    use ges_core::testing::fixtures::{after, at, booking, change, scheduled};

    ges_core::store_contract!(pollster::block_on, Ours, missing: [Reopen, Spoil]);

    #[test]
    fn what_was_not_put_to_the_test_is_told() {
        let told = pollster::block_on(judged()).to_string();
        assert!(told.contains("5 were not put to the test"), "{told}");
    }

    #[test]
    fn the_journal_has_what_was_committed_and_nothing_else() {
        let store = Journalled::over(MemoryStore::default());
        let record = scheduled(1, at("18:00"));
        let next = after(&record, &Event::Cancel { by: CancelledBy::Client }, at("17:00"));
        pollster::block_on(async {
            store.book(booking(&record)).await.unwrap();
            store.book(booking(&record)).await.unwrap();
            let answers = store.change(vec![change(&record, &next), change(&record, &next)]).await.unwrap();
            assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        });
        assert_eq!(*store.journal.lock().unwrap(), [(record.id, 1), (record.id, 2)]);
    }
}
