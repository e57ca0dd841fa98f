//! What a host brings: the present instant, ids, and somebody who makes the calls.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use ges_core::port::{
    Clock, HandOverError, Handed, IdSource, Look, Orchestrator, SessionKey, Submission, Unavailable,
};
use ges_core::{CallbackId, Timestamp};
use uuid::Uuid;

/// The clock on the wall.
pub struct Wall;

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_secs(0) + since
    }
}

/// Ids and chance of the operating system.
pub struct Chance;

impl IdSource for Chance {
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn below(&self, bound: u64) -> u64 {
        // 122 bits of chance leave no bias worth telling.
        (Uuid::new_v4().as_u128() % u128::from(bound.max(1))) as u64
    }
}

/// Takes each attempt once.
#[derive(Default)]
pub struct Desk(Mutex<BTreeSet<(CallbackId, u32)>>);

impl Desk {
    pub fn calls(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[async_trait]
impl Orchestrator for Desk {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let key = (submission.callback.id, submission.attempt);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        Ok(Handed { reference: None })
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Running { position: None, wait_secs: None })
    }

    async fn cancel(&self, _: &SessionKey) -> Result<(), Unavailable> {
        Ok(())
    }
}
