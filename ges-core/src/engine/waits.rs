//! Estimated waits, asked for at most every few seconds per queue.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Engine;
use crate::ewt::{Ewt, EwtMode, NoWait};
use crate::id::{ServiceName, TenantId};
use crate::time::Timestamp;
use crate::wait::Wait;

/// An answer is used again for so long ([callback-domain §14.2](crate::rules): at most 15 s for the API, 60 s for the
/// monitor).
const GOOD_FOR: Duration = Duration::from_secs(5);

/// Beyond so many queues the cache is emptied; it only saves questions.
const QUEUES_MAX: usize = 10_000;

type Key = (TenantId, ServiceName, EwtMode);

#[derive(Default)]
pub(super) struct WaitCache(Mutex<HashMap<Key, (Timestamp, Ewt)>>);

impl WaitCache {
    fn get(&self, key: &Key, now: Timestamp) -> Option<Ewt> {
        let cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(key).filter(|(at, _)| *at <= now && now.since(*at) < GOOD_FOR).map(|(_, ewt)| *ewt)
    }

    fn put(&self, key: Key, now: Timestamp, ewt: Ewt) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= QUEUES_MAX {
            cache.clear();
        }
        cache.insert(key, (now, ewt));
    }
}

impl Engine {
    /// The wait of a queue. A source that cannot be read counts as unknown ([invariant 43](crate::rules)).
    pub(super) async fn ewt(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        mode: EwtMode,
        now: Timestamp,
    ) -> Ewt {
        let key = (tenant.clone(), queue.clone(), mode);
        if let Some(known) = self.waits.get(&key, now) {
            return known;
        }
        let asked = self.parts.waits.wait(tenant, queue, mode, now).await;
        let ewt = asked.unwrap_or(Ewt::Unknown(NoWait::SourceUnavailable));
        self.waits.put(key, now, ewt);
        ewt
    }

    /// The wait as decisions need it, in the default mode.
    pub(super) async fn wait(&self, tenant: &TenantId, queue: &ServiceName, now: Timestamp) -> Wait {
        self.ewt(tenant, queue, EwtMode::default(), now).await.into()
    }

    /// The estimated waits of several queues, in the order asked; an unknown queue has an entry of its own
    /// ([engagement-api-v3 §3.7](crate::rules)).
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a wait that was not learned is asked for again.
    pub async fn estimated_waits(
        &self,
        tenant: &TenantId,
        queues: &[ServiceName],
        mode: EwtMode,
    ) -> Vec<Ewt> {
        let now = self.now();
        let known = self.catalog.tenant(tenant);
        let mut waits = Vec::with_capacity(queues.len());
        for queue in queues {
            let exists = known.as_ref().is_some_and(|tenant| tenant.settings().services.contains_key(queue));
            waits.push(match exists {
                true => self.ewt(tenant, queue, mode, now).await,
                false => Ewt::Unknown(NoWait::UnknownQueue),
            });
        }
        waits
    }
}

impl From<Ewt> for Wait {
    fn from(ewt: Ewt) -> Wait {
        match ewt {
            Ewt::Known(seconds) => Wait::Known(Duration::from_secs(seconds)),
            Ewt::Unknown(NoWait::NoAgents) => Wait::NoAgents,
            Ewt::Unknown(NoWait::NothingPassed | NoWait::UnknownQueue | NoWait::SourceUnavailable) => {
                Wait::NothingYet
            }
        }
    }
}
