//! Looks at live sessions.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Dispatcher;
use crate::callback::{Callback, Event, State, look_instant};
use crate::dispatch::PASS;
use crate::engine::show::session_key;
use crate::id::{CallbackId, TenantId};
use crate::port::{Lease, Look, Release};

/// What is known of the sessions that were looked at.
#[derive(Default)]
pub(super) struct Sessions {
    /// How often in a row they were gone.
    gone: Mutex<HashMap<(TenantId, CallbackId), u32>>,
    /// Leases to be given back. They are given back together: while one statement is under way, what comes waits for the
    /// next.
    releases: Mutex<Vec<Release>>,
    turn: futures_util::lock::Mutex<()>,
}

impl Dispatcher {
    /// Looks at a live session; gone twice in a row means dead, a time-out does not
    /// ([callback-domain §13.3](crate::rules)).
    pub(super) async fn look(&self, callback: &Callback, lease: &Lease) {
        let key = (callback.tenant.clone(), callback.id);
        let Some(session) = callback.session() else { return };
        let looked = self.engine.parts.orchestrator.look(&session_key(callback, session)).await;
        if matches!(looked, Ok(Look::Gone)) {
            if self.sessions.count_gone(&key) >= 2 {
                self.sessions.forget_gone(&key);
                let event = Event::SessionGone { attempt: session.attempt };
                match self.engine.apply(&key.0, key.1, &event).await {
                    Ok(after) if after.version != callback.version => return,
                    Ok(_) | Err(_) => {}
                }
            }
        } else {
            self.sessions.forget_gone(&key);
        }
        let every = self.engine.parts.orchestrator.look_every().unwrap_or(PASS);
        // Up to a tenth more, so that sessions started together are not looked at together for ever.
        let jitter = self.engine.parts.ids.below(u64::try_from(every.as_millis() / 10).unwrap_or(0));
        let next = look_instant(self.engine.now() + every + Duration::from_millis(jitter));
        let not_before = next.min(match callback.state {
            State::Processing(_) => callback.purge_at(),
            _ => callback.expires_at(),
        });
        self.give_back(Release { lease: lease.clone(), not_before }).await;
    }

    async fn give_back(&self, release: Release) {
        let Sessions { releases, turn, .. } = &self.sessions;
        releases.lock().unwrap_or_else(PoisonError::into_inner).push(release);
        let _turn = turn.lock().await;
        let releases = std::mem::take(&mut *releases.lock().unwrap_or_else(PoisonError::into_inner));
        if !releases.is_empty() {
            // When they cannot be given back, the leases run out by themselves.
            let _ = self.engine.parts.callbacks.release(releases).await;
        }
    }
}

impl Sessions {
    fn count_gone(&self, key: &(TenantId, CallbackId)) -> u32 {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let count = gone.entry(key.clone()).or_default();
        *count += 1;
        *count
    }

    fn forget_gone(&self, key: &(TenantId, CallbackId)) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
