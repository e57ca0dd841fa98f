//! Units on their way back to Redis.
//!
//! A reservation is dropped on any thread, at any moment, and dropping can neither wait nor start anything. So what
//! comes back is laid here and sent by a task that is woken, or by the next request of this node, whichever comes first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ges_core::throttle::{TakesBack, Unit};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Shared;
use crate::redis::failure::Failure;

/// Beyond so many reservations the oldest are forgotten; their units are gone when their windows end.
const WAITING_MAX: usize = 10_000;

/// What is to be given back, and who does it.
#[derive(Default)]
pub(super) struct Returns {
    /// The units of each reservation, of one tenant each.
    waiting: Mutex<Vec<Vec<Unit>>>,
    /// Held while some are sent, so that the next request comes after them.
    turn: tokio::sync::Mutex<()>,
    come: Arc<Notify>,
    sender: Mutex<Option<JoinHandle<()>>>,
}

impl Returns {
    fn waiting(&self) -> MutexGuard<'_, Vec<Vec<Unit>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Sees to it that a task of the present runtime sends what comes back.
    pub(super) fn send_returns(self: &Arc<Self>) {
        let mut sender = self.returns.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if sender.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (shared, come) = (Arc::downgrade(self), self.returns.come.clone());
        *sender = Some(tokio::spawn(async move {
            while let Some(shared) = shared.upgrade() {
                // What Redis does not take now is gone when its window ends.
                let _ = shared.give_back().await;
                drop(shared);
                come.notified().await;
            }
        }));
    }

    /// Sends everything that waits. Afterwards what was dropped before this call is back, or forgotten.
    ///
    /// # Errors
    /// What kept the last of them from going back.
    pub(super) async fn give_back(&self) -> Result<(), Failure> {
        let _turn = self.returns.turn.lock().await;
        let all = std::mem::take(&mut *self.returns.waiting());
        let mut outcome = Ok(());
        for units in all {
            outcome = self.release(&units).await;
        }
        outcome
    }
}

impl TakesBack for Shared {
    fn take_back(&self, units: Vec<Unit>) {
        let mut waiting = self.returns.waiting();
        if waiting.len() >= WAITING_MAX {
            waiting.remove(0);
        }
        waiting.push(units);
        drop(waiting);
        self.returns.come.notify_one();
    }
}

/// Ends the task, which would otherwise sleep for ever.
impl Drop for Returns {
    fn drop(&mut self) {
        self.come.notify_one();
    }
}
