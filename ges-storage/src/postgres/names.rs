//! The small numbers that tenants and services are meant by.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use ges_core::port::StoreError;
use ges_core::{ServiceName, TenantId};

use super::failure::Said;
use super::link::Link;
use super::session::Say;

/// A tenant and one of its services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keys {
    pub tenant: i32,
    pub service: i32,
}

/// What is known by heart. Keys never change while the database stands.
#[derive(Default)]
pub(super) struct Names(RwLock<HashMap<(TenantId, ServiceName), Keys>>);

impl Names {
    pub fn known(&self, name: &(TenantId, ServiceName)) -> Option<Keys> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    pub fn forget(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Link {
    /// The keys of a service that is to be written; entered when they are unknown.
    pub async fn keys(&self, tenant: &TenantId, service: &ServiceName) -> Result<Keys, StoreError> {
        let name = (tenant.clone(), service.clone());
        if let Some(keys) = self.names.known(&name) {
            return Ok(keys);
        }
        if !is_text(tenant.as_str()) || !is_text(service.as_str()) {
            return Err(StoreError::unavailable(Said::new("a name must not contain NUL")));
        }
        let rows = self.ask(Say::Names, &[&tenant.as_str(), &service.as_str()]).await?;
        let keys = rows.first().map(|row| Keys { tenant: row.get(0), service: row.get(1) });
        let keys = keys.ok_or_else(|| StoreError::unavailable(Said::new("a name could not be entered")))?;
        self.names.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, keys);
        Ok(keys)
    }
}

/// Whether the database can hold the text; one that it cannot hold names nothing there.
pub(super) fn is_text(name: &str) -> bool {
    !name.contains('\0')
}
