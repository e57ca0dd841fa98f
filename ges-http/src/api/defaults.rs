//! What stands where a host brings nothing of its own.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::TenantId;
use ges_core::engine::Engine;
use ges_core::port::{Identity, Statistic, Statistics, StatisticsError, StoreError};
use serde_json::Value;

/// Knows the tenants in force by their names. There are no API keys, so nobody gets in from the street.
pub(super) struct TenantsInForce(pub Arc<Engine>);

#[async_trait]
impl Identity for TenantsInForce {
    async fn tenant_of(&self, _: &str) -> Result<Option<TenantId>, StoreError> {
        Ok(None)
    }

    async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        Ok(self.0.settings(tenant).is_some())
    }

    async fn allows_origin(&self, _: Option<&TenantId>, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
}

/// There is no statistics service, so nobody has credentials for it.
pub(super) struct NoStatistics;

#[async_trait]
impl Statistics for NoStatistics {
    async fn read(&self, _: &TenantId, _: &[Statistic]) -> Result<Value, StatisticsError> {
        Err(StatisticsError::Credentials)
    }
}
