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

#[derive(Default)]
pub(super) struct LookCache(Mutex<HashMap<(TenantId, CallbackId), (Timestamp, QueuePlace)>>);

/// A callback with its place in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The record.
    pub callback: Callback,
    /// Present exactly in QUEUED, ROUTING and PROCESSING ([invariant 23](crate::rules)).
    pub queue: Option<QueuePlace>,
}

/// A place in the queue ([callback-domain §14.3](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueuePlace {
    /// As the session or the queue tells it.
    Known {
        /// 1 is next.
        position: u64,
        /// Estimated wait in seconds.
        wait_secs: u64,
    },
    /// Neither the session nor the queue could tell.
    Unknown,
}

impl QueuePlace {
    /// The place, when known; 1 is next.
    pub fn position(self) -> Option<u64> {
        match self {
            QueuePlace::Known { position, .. } => Some(position),
            QueuePlace::Unknown => None,
        }
    }

    /// The estimated wait in seconds, when known.
    pub fn wait_secs(self) -> Option<u64> {
        match self {
            QueuePlace::Known { wait_secs, .. } => Some(wait_secs),
            QueuePlace::Unknown => None,
        }
    }
}

impl Engine {
    /// One callback of the tenant.
    ///
    /// # Errors
    /// [`super::Refusal::CallbackUnknown`] for an id of nobody, of another tenant, or past its retention.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a place that was not learned is asked for again.
    pub async fn retrieve(&self, tenant: &TenantId, id: CallbackId) -> Result<Shown, EngineError> {
        let now = self.now();
        let callback = self.load(tenant, id, now).await?;
        let queue = match callback.session() {
            Some(session) => Some(self.place(&callback, session, now).await),
            None => None,
        };
        Ok(Shown { callback, queue })
    }

    /// From the session; while it does not answer, from the queue. A look a moment ago is used again.
    async fn place(&self, callback: &Callback, session: &Session, now: Timestamp) -> QueuePlace {
        let key = (callback.tenant.clone(), callback.id);
        if let Some(place) = self.cached(&key, now) {
            return place;
        }
        let place = self.ask_place(callback, session, now).await;
        self.cache(key, now, place);
        place
    }

    async fn ask_place(&self, callback: &Callback, session: &Session, now: Timestamp) -> QueuePlace {
        let looked = self.parts.orchestrator.place(&session_key(callback, session)).await;
        if let Ok(Look::Running { position: Some(position), wait_secs: Some(wait) }) = looked {
            return QueuePlace::Known { position, wait_secs: wait };
        }
        let (tenant, queue) = (&callback.tenant, &callback.service);
        match self.parts.waits.position(tenant, queue, call_key(callback), now).await {
            Ok(Some((position, wait_secs))) => QueuePlace::Known { position, wait_secs },
            Ok(None) | Err(_) => QueuePlace::Unknown,
        }
    }

    fn cached(&self, key: &(TenantId, CallbackId), now: Timestamp) -> Option<QueuePlace> {
        let cache = self.looks.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, place) = cache.get(key)?;
        (*at <= now && now.since(*at) < GOOD_FOR).then_some(*place)
    }

    fn cache(&self, key: (TenantId, CallbackId), now: Timestamp, place: QueuePlace) {
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
