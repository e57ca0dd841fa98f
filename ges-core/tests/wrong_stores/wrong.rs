//! The memory store with a fault put in front of it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Conflict, Guard, Lease, LeaseRequest, Leased, Page, Query,
    Release, StoreError, Tally,
};
use ges_core::slots::{Occupancy, PlaceGuard};
use ges_core::testing::contract::{StoreUnderTest, Stores};
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Judges a booking's guards and a change's version, lets go of its lock, and writes under the next one.
    ChecksThenActs,
    /// Says of the last change of a batch that it was written, and forgets it.
    LosesTheLastOfABatch,
    /// Writes a change when it is next asked to write.
    AnswersBeforeItWrites,
    /// Ends each lease in the moment it gives it.
    LeasesTwice,
    /// Refuses for want of a place, and keeps the record nevertheless.
    WritesWhatItRefuses,
    /// Says of a booking of an id that it knows that it was accepted.
    AcceptsRepeats,
}

#[async_trait]
impl StoreUnderTest for Fault {
    async fn fresh(&self) -> Stores {
        let beneath = Stores::of(Arc::new(MemoryStore::default()), ());
        let wrong = Wrong { fault: *self, beneath: MemoryStore::default(), unwritten: Mutex::default() };
        Stores { callbacks: Arc::new(wrong), ..beneath }
    }
}

struct Wrong {
    fault: Fault,
    beneath: MemoryStore,
    unwritten: Mutex<Vec<Change>>,
}

impl Wrong {
    /// The first guard that does not hold, as it is now.
    async fn first_broken(&self, booking: &Booking) -> Result<Option<usize>, StoreError> {
        let Callback { tenant, service, .. } = &booking.callback;
        let all = Query { services: Some(vec![service.clone()]), ..Query::of(tenant.clone(), 1_000) };
        let known = self.beneath.query(all).await?.callbacks;
        let count = |counts: &dyn Fn(&Callback) -> bool| known.iter().filter(|known| counts(known)).count();
        let is_broken = |guard: &Guard| match guard {
            Guard::Places(PlaceGuard { range, limit }) => {
                let held = count(&|known| known.holds_place() && range.contains(known.desired));
                held >= *limit as usize
            }
            Guard::Number { comparison, limit } => {
                let of = |known: &Callback| known.request.number.comparison() == *comparison;
                count(&|known| known.is_unfinished() && of(known)) >= *limit as usize
            }
            Guard::Active { limit } => count(&|known| known.is_active()) >= *limit as usize,
        };
        Ok(booking.guards.iter().position(is_broken))
    }

    async fn check_then_book(&self, booking: Booking) -> Result<Booked, StoreError> {
        if self.beneath.get(&booking.callback.tenant, booking.callback.id).await?.is_some() {
            return Ok(Booked::Exists);
        }
        if let Some(broken) = self.first_broken(&booking).await? {
            return Ok(Booked::Refused(broken));
        }
        self.beneath.book(Booking { guards: Vec::new(), ..booking }).await
    }

    /// Changes without a guard and without a fence race; the others are left to the store beneath.
    async fn check_then_change(&self, change: Change) -> Result<Result<(), Conflict>, StoreError> {
        let is_plain = change.guards.is_empty() && change.fence.is_none();
        let stored = self.beneath.get(&change.next.tenant, change.next.id).await?;
        if is_plain && stored.is_some_and(|stored| stored.version == change.expected) {
            return self.overwrite(change).await;
        }
        Ok(self.beneath.change(vec![change]).await?.remove(0))
    }

    /// Writes whatever the version is by now: the last one wins.
    async fn overwrite(&self, change: Change) -> Result<Result<(), Conflict>, StoreError> {
        loop {
            let stored = self.beneath.get(&change.next.tenant, change.next.id).await?;
            let Some(stored) = stored else { return Ok(Err(Conflict::Missing)) };
            let change = Change { expected: stored.version, ..change.clone() };
            let written = self.beneath.change(vec![change]).await?.remove(0);
            if written != Err(Conflict::Stale) {
                return Ok(written);
            }
        }
    }

    async fn write_late(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        let answers = vec![Ok(()); changes.len()];
        let before =
            std::mem::replace(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner), changes);
        self.beneath.change(before).await?;
        Ok(answers)
    }
}

#[async_trait]
impl CallbackStore for Wrong {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        match self.fault {
            Fault::ChecksThenActs => self.check_then_book(booking).await,
            Fault::WritesWhatItRefuses => {
                let booked = self.beneath.book(booking.clone()).await?;
                if let Booked::Refused(_) = booked {
                    self.beneath.book(Booking { guards: Vec::new(), ..booking }).await?;
                }
                Ok(booked)
            }
            Fault::AcceptsRepeats => match self.beneath.book(booking).await? {
                Booked::Exists => Ok(Booked::Accepted),
                booked => Ok(booked),
            },
            _ => self.beneath.book(booking).await,
        }
    }

    async fn change(&self, mut changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        match self.fault {
            Fault::ChecksThenActs => {
                let mut answers = Vec::new();
                for change in changes {
                    answers.push(self.check_then_change(change).await?);
                }
                Ok(answers)
            }
            Fault::LosesTheLastOfABatch if changes.len() > 1 => {
                changes.truncate(changes.len() - 1);
                let mut answers = self.beneath.change(changes).await?;
                answers.push(Ok(()));
                Ok(answers)
            }
            Fault::AnswersBeforeItWrites => self.write_late(changes).await,
            _ => self.beneath.change(changes).await,
        }
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        let owner = request.owner.clone();
        let leased = self.beneath.lease(request).await?;
        if self.fault == Fault::LeasesTwice {
            self.beneath.end_leases(&owner).await?;
        }
        Ok(leased)
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.beneath.get(tenant, id).await
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
