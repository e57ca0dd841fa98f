//! The estimators of all queues behind the port: the waits of an office that has no routing server.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::ewt::{CallKey, EstimatorConfig, Ewt, EwtEstimator, EwtMode, Joining, NoWait, Observation};
use crate::id::{ServiceName, TenantId};
use crate::port::{Unavailable, WaitTimes};
use crate::time::Timestamp;

/// Beyond so many queues further ones are not learned from: at most some 16 MiB.
const QUEUES_MAX: usize = 1024;

/// One [`EwtEstimator`] per tenant and queue.
///
/// The default mode (`mode2`) answers with our own estimate, which on real calls is closer than any of the three
/// published methods; `mode1` and `mode3` answer with those methods over the same observations.
#[derive(Default)]
pub struct QueueEstimators(Mutex<HashMap<(TenantId, ServiceName), EwtEstimator>>);

impl fmt::Debug for QueueEstimators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueEstimators").finish_non_exhaustive()
    }
}

impl QueueEstimators {
    fn ask<T>(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        ask: impl FnOnce(&EwtEstimator) -> T,
    ) -> Option<T> {
        let queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.get(&(tenant.clone(), queue.clone())).map(ask)
    }
}

#[async_trait]
impl WaitTimes for QueueEstimators {
    async fn wait(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        mode: EwtMode,
        now: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        let asked = self.ask(tenant, queue, |estimator| match mode {
            EwtMode::Mode2 => estimator.estimate(now, Joining::default()).ewt,
            EwtMode::Mode1 | EwtMode::Mode3 => estimator.mode(mode, now, Joining::default()),
        });
        Ok(asked.unwrap_or(Ewt::Unknown(NoWait::NothingPassed)))
    }

    async fn position(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        call: CallKey,
        now: Timestamp,
    ) -> Result<Option<(u64, u64)>, Unavailable> {
        let place = self.ask(tenant, queue, |estimator| {
            let position = u64::from(estimator.position_of(call)?);
            // Whoever stands ahead of the last waits the smaller part of what a newcomer would.
            let newcomer = estimator.estimate(now, Joining::default());
            let wait = newcomer.ewt.seconds()?.saturating_mul(position) / u64::from(newcomer.position).max(1);
            Some((position, wait))
        });
        Ok(place.flatten())
    }

    fn observe(&self, tenant: &TenantId, queue: &ServiceName, at: Timestamp, observation: Observation) {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = queues.len() < QUEUES_MAX;
        let key = (tenant.clone(), queue.clone());
        if room || queues.contains_key(&key) {
            let estimator =
                queues.entry(key).or_insert_with(|| EwtEstimator::new(EstimatorConfig::default()));
            estimator.observe(at, observation);
        }
    }
}
