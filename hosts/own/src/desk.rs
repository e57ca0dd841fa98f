//! A desk with telephones: takes each attempt once, and needs no network.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use ges_core::CallbackId;
use ges_core::port::{HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::testing::contract::orchestrator::{OrchestratorUnderTest, Telephony};

/// Callback and attempt → whether the call is still wanted.
#[derive(Default)]
pub struct Desk {
    calls: Mutex<BTreeMap<(CallbackId, u32), bool>>,
}

impl Desk {
    fn calls(&self) -> MutexGuard<'_, BTreeMap<(CallbackId, u32), bool>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Orchestrator for Desk {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let key = (submission.callback.id, submission.attempt);
        self.calls().entry(key).or_insert(true);
        Ok(Handed { reference: Some(format!("{} {}", key.0, key.1)) })
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        let wanted = self.calls().get(&(session.id, session.attempt)).copied().unwrap_or(false);
        Ok(if wanted { Look::Running { position: None, wait_secs: None } } else { Look::Gone })
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        if let Some(wanted) = self.calls().get_mut(&(session.id, session.attempt)) {
            *wanted = false;
        }
        Ok(())
    }
}

/// How the suite gets fresh desks.
pub struct Desks;

#[async_trait]
impl OrchestratorUnderTest for Desks {
    async fn fresh(&self) -> Box<dyn Telephony> {
        Box::new(Desk::default())
    }
}

#[async_trait]
impl Telephony for Desk {
    fn orchestrator(&self) -> &dyn Orchestrator {
        self
    }

    async fn sessions(&self) -> Vec<(CallbackId, u32)> {
        self.calls().keys().copied().collect()
    }

    async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
        call.await; // nothing here waits
        true
    }
}
