//! Showing one callback ([engagement-api-v3 §3.3](crate::rules)).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::report::call_key;
use super::{Engine, EngineError};
use crate::callback::{Callback, Session};
use crate::id::{CallbackId, TenantId};
use crate::port::{Look, SessionKey};
use crate::time::Timestamp;

/// A look at a session is used again for so long ([callback-domain §14.3](crate::rules)).
const GOOD_FOR: Duration = Duration::from_secs(10);

/// Beyond so many sessions the cache is emptied; it only saves questions.
const SESSIONS_MAX: usize = 10_000;

type Place = Option<(u64, u64)>;

#[derive(Default)]
pub(super) struct LookCache(Mutex<HashMap<(TenantId, CallbackId), (Timestamp, Place)>>);

/// A callback with its place in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The record.
    pub callback: Callback,
    /// Place (1-based) and wait in seconds; present exactly in QUEUED, ROUTING and PROCESSING
    /// ([invariant 23](crate::rules)), −1 where nobody knows ([callback-domain §14.3](crate::rules)).
    pub queue: Option<QueuePlace>,
}

/// A place in the queue; −1 where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePlace {
    /// 1 is next.
    pub position: i64,
    /// Estimated wait in seconds.
    pub wait_secs: i64,
}

impl Engine {
    /// One callback of the tenant.
    ///
    /// # Errors
    /// [`super::Refusal::CallbackUnknown`] for an id of nobody, of another tenant, or past its retention.
    pub async fn retrieve(&self, tenant: &TenantId, id: CallbackId) -> Result<Shown, EngineError> {
        let now = self.now();
        let callback = self.load(tenant, id, now).await?;
        let queue = match callback.session() {
            Some(session) => Some(self.place(&callback, session, now).await),
            None => None,
        };
        Ok(Shown { callback, queue })
    }

    /// From the session; while it does not answer, from the queue; −1 when that fails too.
    async fn place(&self, callback: &Callback, session: &Session, now: Timestamp) -> QueuePlace {
        let key = (callback.tenant.clone(), callback.id);
        let place = match self.cached(&key, now) {
            Some(place) => place,
            None => {
                let place = self.ask_place(callback, session, now).await;
                self.cache(key, now, place);
                place
            }
        };
        let wire = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        match place {
            Some((position, wait)) => QueuePlace { position: wire(position), wait_secs: wire(wait) },
            None => QueuePlace { position: -1, wait_secs: -1 },
        }
    }

    async fn ask_place(&self, callback: &Callback, session: &Session, now: Timestamp) -> Place {
        let looked = self.parts.orchestrator.place(&session_key(callback, session)).await;
        if let Ok(Look::Running { position: Some(position), wait_secs: Some(wait) }) = looked {
            return Some((position, wait));
        }
        let (tenant, queue) = (&callback.tenant, &callback.service);
        self.parts.waits.position(tenant, queue, call_key(callback), now).await.ok().flatten()
    }

    fn cached(&self, key: &(TenantId, CallbackId), now: Timestamp) -> Option<Place> {
        let cache = self.looks.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, place) = cache.get(key)?;
        (*at <= now && now.since(*at) < GOOD_FOR).then_some(*place)
    }

    fn cache(&self, key: (TenantId, CallbackId), now: Timestamp, place: Place) {
        let mut cache = self.looks.0.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= SESSIONS_MAX {
            cache.clear();
        }
        cache.insert(key, (now, place));
    }
}

/// Names the session that runs a callback.
pub(super) fn session_key(callback: &Callback, session: &Session) -> SessionKey {
    SessionKey {
        tenant: callback.tenant.clone(),
        service: callback.service.clone(),
        id: callback.id,
        attempt: session.attempt,
        reference: session.reference.clone(),
        // The first report has a number, by the session or by us.
        reported: session.sequence.is_some(),
    }
}
