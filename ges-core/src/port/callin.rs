//! The durable store of click-to-call-in requests.

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;
use crate::callin::CallInRequest;
use crate::id::TenantId;
use crate::time::Timestamp;

/// Remembers call-in requests. A group of numbers is the unit of consistency: its live requests are read with a
/// version, decided upon by pure functions, and written back under that version.
#[async_trait]
pub trait CallInStore: Send + Sync {
    /// The requests of a group that are still waiting, with the group's version (0 for a group never written).
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError>;

    /// Inserts or replaces requests if the group's version is still the one that was read, and raises it by one.
    /// Answers `false`, and changes nothing, when it is not. Durable once answered.
    ///
    /// # Cancel safety
    /// Dropped, the change may have been made, or may still be: whole or not at all. The version of the group tells.
    async fn change(&self, change: CallInChange) -> Result<bool, StoreError>;

    /// One request, in whatever state; `None` when unknown or purged.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError>;

    /// Removes requests created at or before `before`; answers how many.
    ///
    /// # Cancel safety
    /// Dropped, some may have been removed, or may still be; the next call removes the rest.
    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError>;
}

/// The waiting requests of a group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallInGroupState {
    /// How often the group was written.
    pub version: u64,
    /// Requests in state WAITING, expired ones included until they are written otherwise.
    pub waiting: Vec<CallInRequest>,
}

/// Requests to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct CallInChange {
    /// Whose.
    pub tenant: TenantId,
    /// Which group.
    pub group: String,
    /// The version that was read.
    pub expected: u64,
    /// What to insert or replace, by id.
    pub requests: Vec<CallInRequest>,
}
