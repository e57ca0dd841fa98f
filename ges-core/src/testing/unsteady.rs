//! A neighbour in another place: it takes time to be asked and to answer, and its answers can be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::interrupted::stand_still;
use crate::callback::Callback;
use crate::callin::CallInRequest;
use crate::id::{CallbackId, NodeId, ServiceName, TenantId};
use crate::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict,
    HandOverError, Handed, Lease, LeaseRequest, Leased, Look, Orchestrator, Page, Query, Release, SessionKey,
    StoreError, Submission, Tally, Unavailable,
};
use crate::slots::Occupancy;
use crate::time::{Interval, Timestamp};

/// Puts an await point before and after each call of a store or an orchestrator, so that a future can be dropped before
/// the call was made and after it was done ([`super::dropped_at`]). While it loses answers, what a store was asked to write
/// is written, and the caller hears [`StoreError::OutcomeUnknown`].
#[derive(Debug)]
pub struct Unsteady<T: ?Sized> {
    loses_answers: AtomicBool,
    inner: Arc<T>,
}

impl<T: ?Sized> Unsteady<T> {
    /// Over a neighbour that does what it is asked.
    pub fn over(inner: Arc<T>) -> Self {
        Unsteady { loses_answers: AtomicBool::new(false), inner }
    }

    /// From now on the answers of writes are lost, or not any more.
    pub fn lose_answers(&self, lose: bool) {
        self.loses_answers.store(lose, Ordering::SeqCst);
    }

    async fn read<A>(&self, answer: impl Future<Output = A>) -> A {
        stand_still().await;
        let answer = answer.await;
        stand_still().await;
        answer
    }

    async fn write<A>(&self, done: impl Future<Output = Result<A, StoreError>>) -> Result<A, StoreError> {
        let answer = self.read(done).await;
        if self.loses_answers.load(Ordering::SeqCst) {
            return Err(StoreError::outcome_unknown("the answer was lost"));
        }
        answer
    }
}

#[async_trait]
impl<S: CallbackStore + ?Sized> CallbackStore for Unsteady<S> {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.write(self.inner.book(booking)).await
    }
    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.read(self.inner.get(tenant, id)).await
    }
    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.write(self.inner.change(changes)).await
    }
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        self.write(self.inner.lease(request)).await
    }
    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.write(self.inner.release(releases)).await
    }
    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        self.write(self.inner.end_leases(owner)).await
    }
    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        self.read(self.inner.held(leases, now)).await
    }
    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(self.inner.next_wake()).await
    }
    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.read(self.inner.occupancy(tenant, service, window)).await
    }
    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.read(self.inner.tally(tenant)).await
    }
    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.read(self.inner.query(query)).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(self.inner.purge(now, limit)).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.read(self.inner.check()).await
    }
}

#[async_trait]
impl<S: CallInStore + ?Sized> CallInStore for Unsteady<S> {
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        self.read(self.inner.group(tenant, group)).await
    }
    async fn change(&self, change: CallInChange) -> Result<bool, StoreError> {
        self.write(self.inner.change(change)).await
    }
    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        self.read(self.inner.request(tenant, id)).await
    }
    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write(self.inner.purge_call_ins(before, limit)).await
    }
}

#[async_trait]
impl<O: Orchestrator + ?Sized> Orchestrator for Unsteady<O> {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        self.read(self.inner.submit(submission)).await
    }
    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        self.read(self.inner.look(session)).await
    }
    async fn place(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        self.read(self.inner.place(session)).await
    }
    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        self.read(self.inner.cancel(session)).await
    }
    fn look_every(&self) -> Option<Duration> {
        self.inner.look_every()
    }
}
