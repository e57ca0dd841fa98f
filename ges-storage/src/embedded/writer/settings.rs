//! Publishing settings.

use ges_core::TenantId;
use ges_core::port::{Published, StoreError};

use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::row::{to_text, version};

/// Replaces the settings of a tenant if nobody did so since they were read; answers whether.
pub(in crate::embedded) struct Publish {
    tenant: TenantId,
    next: i64,
    body: String,
}

impl Publish {
    pub fn new(tenant: &TenantId, next: &Published) -> Result<Self, StoreError> {
        let body = to_text(next).map_err(StoreError::unavailable)?;
        Ok(Publish { tenant: tenant.clone(), next: version(next.version), body })
    }
}

impl Work for Publish {
    type Answer = bool;

    fn run(&self, write: &mut Write<'_>) -> Result<bool, Failure> {
        let tenant = self.tenant.as_str();
        let stored: Option<i64> =
            write.first("SELECT version FROM settings WHERE tenant = ?1", [tenant], |row| row.get(0))?;
        if stored.unwrap_or(0).checked_add(1) != Some(self.next) {
            return Ok(false);
        }
        write.execute(
            "INSERT INTO settings (tenant, version, body) VALUES (?1, ?2, ?3) \
             ON CONFLICT (tenant) DO UPDATE SET version = excluded.version, body = excluded.body",
            (tenant, self.next, &self.body),
        )?;
        Ok(true)
    }
}
