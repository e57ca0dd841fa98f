//! Tenants and services by name, and the small numbers that mean them in the file.

use std::collections::BTreeMap;

use ges_core::{ServiceName, TenantId};
use rusqlite::Connection;

/// Means a tenant in the file.
pub(in crate::embedded) type TenantKey = i64;
/// Means a service of a tenant in the file.
pub(in crate::embedded) type ServiceKey = i64;

/// All names ever written. None is removed: they are few.
#[derive(Default)]
pub(in crate::embedded) struct Names {
    tenants: BTreeMap<TenantId, Tenant>,
}

#[derive(Default)]
struct Tenant {
    key: TenantKey,
    services: BTreeMap<ServiceName, ServiceKey>,
}

impl Names {
    pub fn load(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut rows = connection.prepare(
            "SELECT t.key, t.name, s.key, s.name FROM tenant t LEFT JOIN service s ON s.tenant = t.key",
        )?;
        let mut rows = rows.query(())?;
        while let Some(row) = rows.next()? {
            let tenant = TenantId::from(row.get::<_, String>(1)?);
            self.enter_tenant(tenant.clone(), row.get(0)?);
            if let (Some(key), Some(name)) = (row.get(2)?, row.get::<_, Option<String>>(3)?) {
                self.enter_service(&tenant, name.into(), key);
            }
        }
        Ok(())
    }

    pub fn tenant(&self, tenant: &TenantId) -> Option<TenantKey> {
        self.tenants.get(tenant).map(|known| known.key)
    }

    pub fn service(&self, tenant: &TenantId, service: &ServiceName) -> Option<ServiceKey> {
        self.tenants.get(tenant)?.services.get(service).copied()
    }

    /// The services of a tenant in name order.
    pub fn services(&self, tenant: &TenantId) -> impl Iterator<Item = (&ServiceName, ServiceKey)> {
        let of_tenant = self.tenants.get(tenant).into_iter();
        of_tenant.flat_map(|known| known.services.iter().map(|(name, key)| (name, *key)))
    }

    pub fn enter_tenant(&mut self, tenant: TenantId, key: TenantKey) {
        self.tenants.entry(tenant).or_default().key = key;
    }

    pub fn enter_service(&mut self, tenant: &TenantId, service: ServiceName, key: ServiceKey) {
        if let Some(known) = self.tenants.get_mut(tenant) {
            known.services.insert(service, key);
        }
    }
}
