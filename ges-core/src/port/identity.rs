//! Who asks.

use async_trait::async_trait;

use super::StoreError;
use crate::id::TenantId;

/// Knows which tenant an API key belongs to, and from which origins its browsers may call.
#[async_trait]
pub trait Identity: Send + Sync {
    /// The tenant of a key; `None` for an unknown one. Compares in constant time; never logs the key.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn tenant_of(&self, api_key: &str) -> Result<Option<TenantId>, StoreError>;

    /// Whether the tenant exists.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError>;

    /// Whether pages of this origin may call with a key of this tenant, or, without a tenant, of any tenant
    /// ([engagement-api-v3 §1.7](crate::rules)).
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn allows_origin(&self, tenant: Option<&TenantId>, origin: &str) -> Result<bool, StoreError>;
}
