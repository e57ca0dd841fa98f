//! Waits learned from what all nodes see.

use std::fmt;

use async_trait::async_trait;
use ges_core::ewt::{CallKey, Ewt, EwtMode, Observation};
use ges_core::in_process::QueueEstimators;
use ges_core::port::{Unavailable, WaitTimes};
use ges_core::{ServiceName, TenantId, Timestamp};

use super::presence::{Outbox, Seen};

/// The estimators of this node, which learn from this node at once and from the others about a second later.
///
/// Each event of a queue is seen by the node that records it; told to the others, all nodes answer alike. Without Redis
/// each learns from what it sees itself.
#[derive(Default)]
pub struct SharedWaits {
    own: QueueEstimators,
    outbox: Outbox,
}

impl fmt::Debug for SharedWaits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedWaits").finish_non_exhaustive()
    }
}

impl SharedWaits {
    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What another node saw.
    pub(super) fn learn(&self, seen: Seen) {
        self.own.observe(&seen.tenant, &seen.queue, seen.at, seen.what);
    }
}

#[async_trait]
impl WaitTimes for SharedWaits {
    async fn wait(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        mode: EwtMode,
        now: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        self.own.wait(tenant, queue, mode, now).await
    }

    async fn position(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        call: CallKey,
        now: Timestamp,
    ) -> Result<Option<(u64, u64)>, Unavailable> {
        self.own.position(tenant, queue, call, now).await
    }

    fn observe(&self, tenant: &TenantId, queue: &ServiceName, at: Timestamp, observation: Observation) {
        self.own.observe(tenant, queue, at, observation);
        self.outbox.saw(Seen { tenant: tenant.clone(), queue: queue.clone(), at, what: observation });
    }
}
