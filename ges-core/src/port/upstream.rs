//! Smaller neighbours: waits, statistics, proof of being human.

use async_trait::async_trait;

use super::Unavailable;
use crate::ewt::{CallKey, Ewt, EwtMode, Observation};
use crate::id::{ServiceName, TenantId};
use crate::time::Timestamp;

/// Knows how long a queue's next caller waits.
#[async_trait]
pub trait WaitTimes: Send + Sync {
    /// The estimated wait of a queue in one of the three modes. A failure is answered as unknown by the engine; it
    /// never blocks a booking or a submission ([invariant 43](crate::rules)).
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn wait(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        mode: EwtMode,
        now: Timestamp,
    ) -> Result<Ewt, Unavailable>;

    /// The place (1-based) and remaining wait, in seconds, of a call that is in the queue; `None` when it is not known.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn position(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        call: CallKey,
        now: Timestamp,
    ) -> Result<Option<(u64, u64)>, Unavailable> {
        let _ = (tenant, queue, call, now);
        Ok(None)
    }

    /// Learns from what happens in a queue; adapters that ask a routing server ignore it.
    fn observe(&self, tenant: &TenantId, queue: &ServiceName, at: Timestamp, observation: Observation) {
        let _ = (tenant, queue, at, observation);
    }
}

/// Verifies that a person, not a program, sent a request.
#[async_trait]
pub trait Captcha: Send + Sync {
    /// Whether this tenant demands a token, and whether this one proves it.
    ///
    /// # Cancel safety
    /// Dropped, the token may be used up: many verifiers take a token only once. Nothing else is left behind.
    async fn verify(&self, tenant: &TenantId, token: Option<&str>) -> Result<CaptchaVerdict, Unavailable>;
}

/// What the verifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaVerdict {
    /// The tenant does not ask.
    NotRequired,
    /// Proven.
    Human,
    /// A token is required and none was sent.
    Missing,
    /// The token proves nothing.
    Rejected,
}

/// Reads statistics for a tenant from the statistics service ([callback-domain §16.4](crate::rules)).
#[async_trait]
pub trait Statistics: Send + Sync {
    /// What the service answers to these statistics, passed on unread.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn read(
        &self,
        tenant: &TenantId,
        wanted: &[Statistic],
    ) -> Result<serde_json::Value, StatisticsError>;
}

/// One statistic asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statistic {
    /// Which statistic.
    pub name: String,
    /// Of which object.
    pub object_id: String,
    /// Of which type.
    pub object_type: String,
    /// A name of the caller's choice.
    pub statistic_id: Option<String>,
}

/// Why statistics could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// The tenant has stored no credentials, or they were refused.
    #[error("the statistics credentials of this tenant are missing or refused")]
    Credentials,
    /// The statistics service is away.
    #[error("the statistics service cannot be reached")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
