//! The durable store of callbacks: it alone decides.
//!
//! What must change together goes through one method; no `begin`/`commit` crosses the port. A store keeps its promises
//! whatever the concurrency; the contract suite holds it to them.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::callback::{Callback, StateName, Version};
use crate::id::{CallbackId, NodeId, ServiceName, TenantId};
use crate::number::ComparisonNumber;
use crate::slots::{Occupancy, PlaceGuard};
use crate::time::{Interval, Timestamp};

/// Remembers callbacks, and decides in one atomic step whether one more fits.
///
/// "Durable" below means: survives `kill -9` and, for stores that promise it, power loss. Every method may be called
/// concurrently and may be repeated after an unknown outcome.
#[async_trait]
pub trait CallbackStore: Send + Sync {
    /// Inserts the callback if every guard holds at that moment; guards are judged and the record written in one
    /// atomic step, and the answer comes after both are durable.
    ///
    /// Booking the same id again inserts nothing and answers [`Booked::Exists`], so a repeat after a lost answer is
    /// harmless. A refusal changes nothing.
    ///
    /// # Cancel safety
    /// Dropped, the record may have been inserted, or may still be: with its guards judged, whole or not at all, as
    /// after [`StoreError::OutcomeUnknown`]. Booking the same id again tells.
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError>;

    /// The record as last committed; `None` when there is none for this tenant, or it has been purged.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError>;

    /// Replaces records, each by itself: one change is all or nothing, a batch is not, and a conflict of one does not
    /// touch the others. Answers in the order of the changes, once all that succeeded are durable.
    ///
    /// A change succeeds when the stored version is [`Change::expected`], its guards hold (the record's own former
    /// place and number not counted), and its fence, if given, is the newest lease of that record. A change without a
    /// fence ends any lease of the record, so that [`CallbackStore::held`] answers `false` for it from then on; one
    /// with a fence keeps the lease.
    ///
    /// # Cancel safety
    /// Dropped, each change may have been made, or may still be: each whole or not at all. A record's version tells.
    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError>;

    /// Leases records that need attention: those whose `wake_at` is at or before `until`, and for each raised service
    /// its SCHEDULED records without a pending hand-over desired before the given instant. Earliest `wake_at` first;
    /// at most `limit`. Records leased to anybody (the same owner included) are skipped until their lease expires; each
    /// lease carries a fence larger than all earlier ones of that record.
    ///
    /// # Cancel safety
    /// Dropped, records may be leased of which the owner was not told, or may still be. They wait until these leases
    /// expire, or until [`CallbackStore::end_leases`]; a store need not end them by itself.
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError>;

    /// Gives leases back. The record is not leased again before `not_before`, except through
    /// [`LeaseRequest::raised`] or after a change. Unknown or outdated leases are ignored. Need not be durable:
    /// forgetting a deferral only means looking once more.
    ///
    /// # Cancel safety
    /// Dropped, each lease may have been given back, or may still be. One that was not runs out.
    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError>;

    /// Ends every lease of this owner, and answers how many: its records can be leased at once, as if each had been
    /// given back without a deferral, and what the owner still holds is worth nothing ([`CallbackStore::held`] answers
    /// `false`, its fences meet [`Conflict::Fenced`]). For a node that is known to be gone; about one that is not, it
    /// costs the owner some work and nothing else.
    ///
    /// # Cancel safety
    /// Dropped, the leases may have been ended, some or all, or may still be; the next call ends the rest.
    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError>;

    /// Whether each lease still is the newest of its record, unexpired at `now`, and the record still has the version
    /// of the lease. Cheap: it is asked at the very instant of a hand-over.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError>;

    /// The earliest instant at which [`CallbackStore::lease`] could find something by `wake_at`; `None` when nothing
    /// waits. Cost does not grow with the number of records.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError>;

    /// [`CallbackStore::lease`], and then [`CallbackStore::next_wake`]. A store that can answer both in one question
    /// does: every look asks it.
    ///
    /// # Cancel safety
    /// As for [`CallbackStore::lease`].
    async fn lease_and_next_wake(
        &self,
        request: LeaseRequest,
    ) -> Result<(Vec<Leased>, Option<Timestamp>), StoreError> {
        let leased = self.lease(request).await?;
        Ok((leased, self.next_wake().await?))
    }

    /// How many place-holding records of a service are desired in each minute of the window.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError>;

    /// How many unfinished records of each service of the tenant are in each state, services in name order; those
    /// without any may be left out.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError>;

    /// Records that match, in the order of (desired time, id), at most [`Query::limit`] and those after
    /// [`Query::after`].
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn query(&self, query: Query) -> Result<Page, StoreError>;

    /// Removes finished records whose `purge_at` is at or before `now`, oldest first, at most `limit`; answers how
    /// many. Unfinished ones are left: they complete first ([callback-domain §10.2](crate::rules)).
    ///
    /// # Cancel safety
    /// Dropped, some may have been removed, or may still be; the next call removes the rest.
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError>;

    /// Whether the store could take a booking now: writes and reads work.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: what it writes to try the store means nothing.
    async fn check(&self) -> Result<(), StoreError>;
}

/// A condition on the number of existing records of the callback's tenant and service, judged by the store in the
/// same atomic step as the write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Fewer than `limit` place-holding records are desired inside the range
    /// ([callback-domain §5.3, §5.6](crate::rules)).
    Places(PlaceGuard),
    /// Fewer than `limit` unfinished records have this number ([callback-domain §9.3](crate::rules)).
    Number {
        /// The number in comparison form.
        comparison: ComparisonNumber,
        /// Refused at this count.
        limit: u32,
    },
    /// Fewer than `limit` records are QUEUED, ROUTING or PROCESSING ([callback-domain §9.2](crate::rules)).
    Active {
        /// Refused at this count.
        limit: u32,
    },
}

/// A callback to be inserted.
#[derive(Clone, Debug, PartialEq)]
pub struct Booking {
    /// The record, version 1.
    pub callback: Callback,
    /// When it needs attention by itself ([`Callback::wake_at`]).
    pub wake_at: Option<Timestamp>,
    /// What must hold.
    pub guards: Vec<Guard>,
}

/// What became of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booked {
    /// Durable.
    Accepted,
    /// A record with this id was there already; nothing was written.
    Exists,
    /// The guard with this index did not hold (the first of them); nothing was written.
    Refused(usize),
}

/// A record to be replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The next record; its version is `expected + 1`.
    pub next: Callback,
    /// The version that was read.
    pub expected: Version,
    /// When the next record needs attention by itself.
    pub wake_at: Option<Timestamp>,
    /// Whether the user data stays as it is in the version that was read. Most changes do not touch it, and it may be
    /// much larger than the rest: a store then leaves it where it lies, and does not look at what `next` holds of it.
    pub keeps_user_data: bool,
    /// What must hold, the record itself not counted.
    pub guards: Vec<Guard>,
    /// The lease under which it is changed, if under one.
    pub fence: Option<Fence>,
}

/// Why one change did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// There is no such record.
    #[error("there is no such record")]
    Missing,
    /// Somebody changed it since it was read.
    #[error("the record was changed since it was read")]
    Stale,
    /// The lease is not the newest of the record.
    #[error("the lease is not held any more")]
    Fenced,
    /// The guard with this index did not hold.
    #[error("guard {0} did not hold")]
    Refused(usize),
}

/// Orders the leases of one record: larger is newer.
pub type Fence = u64;

/// The right to act on one version of a record for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Whose record.
    pub tenant: TenantId,
    /// Which record.
    pub id: CallbackId,
    /// The version it is held for; raise it after an own change under the fence.
    pub version: Version,
    /// Newer leases have larger ones.
    pub fence: Fence,
    /// The first instant at which another node may take it.
    pub expires: Timestamp,
}

/// A leased record.
#[derive(Clone, Debug, PartialEq)]
pub struct Leased {
    /// The record as it was when leased.
    pub callback: Callback,
    /// When it wants attention: its own instant, or later when it was deferred. A lease is given ahead of it.
    pub due: Timestamp,
    /// The lease.
    pub lease: Lease,
}

/// What a node wants to lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRequest {
    /// Who asks.
    pub owner: NodeId,
    /// The present instant.
    pub now: Timestamp,
    /// Records with `wake_at` up to here.
    pub until: Timestamp,
    /// Services whose lead is longer than the index knows.
    pub raised: Vec<Raised>,
    /// How long the leases last.
    pub lasting: Duration,
    /// At most so many.
    pub limit: usize,
}

/// A service whose waiting records are due earlier than the index tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Whose.
    pub tenant: TenantId,
    /// Which service.
    pub service: ServiceName,
    /// Its SCHEDULED records desired before this instant are due.
    pub desired_before: Timestamp,
}

/// A lease given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which.
    pub lease: Lease,
    /// When the record needs attention again.
    pub not_before: Timestamp,
}

/// Unfinished records of one service by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Waiting for their time.
    pub scheduled: u64,
    /// Waiting in the virtual queue.
    pub queued: u64,
    /// Agent reserved.
    pub routing: u64,
    /// Agent and customer together.
    pub processing: u64,
}

impl Tally {
    /// QUEUED to PROCESSING: the watermark ([callback-domain §12](crate::rules)).
    pub fn active(&self) -> u64 {
        self.queued + self.routing + self.processing
    }

    /// Adds or takes one of a state; COMPLETED is not counted.
    pub fn count(&mut self, state: StateName) -> Option<&mut u64> {
        match state {
            StateName::Scheduled => Some(&mut self.scheduled),
            StateName::Queued => Some(&mut self.queued),
            StateName::Routing => Some(&mut self.routing),
            StateName::Processing => Some(&mut self.processing),
            StateName::Completed => None,
        }
    }
}

/// The order of all listings: desired time, then id.
pub type Order = (Timestamp, CallbackId);

/// Which records to list. All conditions must hold; an absent one always does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Whose.
    pub tenant: TenantId,
    /// Only these services.
    pub services: Option<Vec<ServiceName>>,
    /// Only these states.
    pub states: Option<Vec<StateName>>,
    /// Only this number.
    pub comparison: Option<ComparisonNumber>,
    /// Only those desired inside.
    pub desired: Option<Interval>,
    /// Continue after this one.
    pub after: Option<Order>,
    /// At most so many.
    pub limit: usize,
}

impl Query {
    /// The first `limit` records of a tenant.
    pub fn of(tenant: TenantId, limit: usize) -> Self {
        Query { tenant, services: None, states: None, comparison: None, desired: None, after: None, limit }
    }
}

/// A part of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The records.
    pub callbacks: Vec<Callback>,
    /// Where the next page begins; none when this was the last.
    pub next: Option<Order>,
}
