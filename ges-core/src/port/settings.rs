//! Published settings, and their versions.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::StoreError;
use crate::id::TenantId;
use crate::settings::Published;

/// Remembers what was published. Readers see an old version or a new one, never a mix ([invariant 39](crate::rules)).
#[async_trait]
pub trait SettingsStore: Send + Sync {
    /// What is published for a tenant.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError>;

    /// The published version of every tenant that ever published. One look, whatever the number of tenants: nodes ask
    /// it to learn what another node published.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError>;

    /// Replaces everything if the stored version is `next.version - 1`; durable once answered.
    ///
    /// # Cancel safety
    /// Dropped, it may have been published, or may still be: whole or not at all. The stored version tells.
    async fn publish(&self, tenant: &TenantId, next: Published) -> Result<(), PublishError>;
}

/// Why a publication did not happen; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Somebody else published meanwhile.
    #[error("the settings were changed since they were read")]
    Stale,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
