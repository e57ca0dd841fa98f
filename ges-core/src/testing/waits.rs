//! Waits as the test says.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::ewt::{Ewt, EwtMode};
use crate::id::{ServiceName, TenantId};
use crate::port::{Unavailable, WaitTimes};
use crate::time::Timestamp;

/// Answers each queue with the wait it was given; a queue it was given none for cannot be reached.
#[derive(Debug, Default)]
pub struct FixedWaits(Mutex<BTreeMap<(TenantId, ServiceName), Ewt>>);

impl FixedWaits {
    /// From now on this queue has this wait.
    pub fn set(&self, tenant: &TenantId, queue: &ServiceName, wait: Ewt) {
        self.waits().insert((tenant.clone(), queue.clone()), wait);
    }

    /// From now on this queue cannot be reached.
    pub fn cut(&self, tenant: &TenantId, queue: &ServiceName) {
        self.waits().remove(&(tenant.clone(), queue.clone()));
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, BTreeMap<(TenantId, ServiceName), Ewt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl WaitTimes for FixedWaits {
    async fn wait(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        _mode: EwtMode,
        _now: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        let known = self.waits().get(&(tenant.clone(), queue.clone())).copied();
        known.ok_or_else(|| Unavailable("no wait was set for this queue".into()))
    }
}
