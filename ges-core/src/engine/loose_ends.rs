//! Writes whose outcome nobody waits for.
//!
//! A use case that changes a record tells the dispatcher when that record will want attention, asks the store, and when
//! it is answered tells the listener; a booking for now is then handed over. A future may be dropped anywhere on this
//! way, and a store may lose its answer. The record may then be there, or may still come, and nobody would hand it over
//! before the index says so, many seconds late.
//!
//! So every use case holds what it does [`InHand`], and what it lets go of before the end becomes a [`LooseEnd`]. The
//! dispatcher of this engine is woken and asks the store about it, again and again until the record is found or no
//! statement can be under way any more. Nothing depends on it but time: a process that dies loses its loose ends, and
//! the index finds the records.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join_all;

use super::Engine;
use crate::callback::{Callback, LifecycleEvent, StateName, Version};
use crate::dispatch::{AGAIN, INLINE_GRACE};
use crate::id::{CallbackId, TenantId};
use crate::port::{Change, StoreError};
use crate::time::Timestamp;

/// Asked about together.
const BATCH: usize = 64;

/// Beyond so many the oldest are forgotten, and the index finds their records.
const MOST: usize = 10_000;

/// One write that may have been done.
#[derive(Clone)]
pub(super) struct LooseEnd {
    tenant: TenantId,
    id: CallbackId,
    /// What was to be written: the version, and enough of it to know it again.
    version: Version,
    state: StateName,
    updated: Timestamp,
    /// Whether its index entry is late, because its first hand-over was being tried.
    is_handed_over: bool,
    /// What the listener has not heard.
    events: Vec<LifecycleEvent>,
    left: Timestamp,
    number: u64,
}

/// Those of one engine.
#[derive(Default)]
pub(super) struct LooseEnds(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    all: Vec<LooseEnd>,
    next: u64,
}

impl LooseEnds {
    fn leave(&self, end: LooseEnd) {
        let mut inner = self.inner();
        if inner.all.len() >= MOST {
            inner.all.remove(0);
        }
        inner.next += 1;
        let number = inner.next;
        inner.all.push(LooseEnd { number, ..end });
    }

    fn all(&self) -> Vec<LooseEnd> {
        self.inner().all.clone()
    }

    /// Whether it was there, and is not any more.
    fn remove(&self, end: &LooseEnd) -> bool {
        let mut inner = self.inner();
        let before = inner.all.len();
        inner.all.retain(|one| one.number != end.number);
        inner.all.len() < before
    }

    fn is_empty(&self) -> bool {
        self.inner().all.is_empty()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write that a use case is busy with. Dropped before it is [`InHand::done`], it is left behind as a loose end.
pub(super) struct InHand<'e> {
    engine: &'e Engine,
    end: Option<LooseEnd>,
    wake_at: Option<Timestamp>,
}

impl Engine {
    /// Takes in hand the write of `next`, which will want attention at `wake_at`. The dispatcher is told before the store
    /// is asked, so that it looks in time even when this future is never polled again.
    pub(super) fn take_in_hand(
        &self,
        next: &Callback,
        events: Vec<LifecycleEvent>,
        wake_at: Option<Timestamp>,
    ) -> InHand<'_> {
        let end = LooseEnd {
            tenant: next.tenant.clone(),
            id: next.id,
            version: next.version,
            state: next.state.name(),
            updated: next.updated,
            is_handed_over: false,
            events,
            left: next.updated,
            number: 0,
        };
        let in_hand = InHand { engine: self, end: Some(end), wake_at };
        in_hand.signal();
        in_hand
    }

    /// Asks about every loose end. Afterwards the index has what was found, and the listener has heard of it. Answers
    /// when to ask again.
    ///
    /// # Errors
    /// When the store fails; what is not settled by then stays.
    pub(super) async fn tie_loose_ends(&self) -> Result<Option<Timestamp>, StoreError> {
        if self.loose_ends.is_empty() {
            return Ok(None);
        }
        let ends = self.loose_ends.all();
        for some in ends.chunks(BATCH) {
            try_join_all(some.iter().map(|end| self.tie(end))).await?;
        }
        Ok((!self.loose_ends.is_empty()).then(|| self.now() + AGAIN))
    }

    async fn tie(&self, end: &LooseEnd) -> Result<(), StoreError> {
        let stored = self.parts.callbacks.get(&end.tenant, end.id).await?;
        match stored {
            Some(stored) if stored.version >= end.version => self.found(end, stored).await,
            // Whatever a store was asked so long ago it has done, or never will.
            _ if self.now().since(end.left) >= INLINE_GRACE => {
                self.loose_ends.remove(end);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn found(&self, end: &LooseEnd, stored: Callback) -> Result<(), StoreError> {
        let is_ours =
            (stored.version, stored.state.name(), stored.updated) == (end.version, end.state, end.updated);
        if end.is_handed_over && is_ours && stored.pending_attempt().is_some() {
            let change = Change {
                expected: stored.version,
                next: Callback { version: stored.version + 1, ..stored },
                wake_at: Some(self.now()),
                keeps_user_data: true,
                guards: Vec::new(),
                fence: None,
            };
            // A conflict means that somebody else has seen to it.
            let _ = self.parts.callbacks.change(vec![change]).await?;
        }
        // Of a record that others have changed since, nobody can tell what was written here.
        if self.loose_ends.remove(end) && is_ours {
            end.events.iter().for_each(|event| self.parts.listener.heard(event));
        }
        Ok(())
    }
}

impl InHand<'_> {
    /// From now on its first hand-over is tried.
    pub fn handing_over(mut self) -> Self {
        if let Some(end) = &mut self.end {
            end.is_handed_over = true;
        }
        self
    }

    /// It is durable: tells the listener, and the dispatcher once more, which may have looked in between.
    pub fn written(&mut self) {
        if let Some(end) = &mut self.end {
            end.events.drain(..).for_each(|event| self.engine.parts.listener.heard(&event));
        }
        self.signal();
    }

    /// Nothing is left to be done: it is all done, or nothing was written.
    pub fn done(mut self) {
        self.end = None;
    }

    /// The store failed. Only when it cannot tell whether it has written is anything left.
    pub fn failed(mut self, error: StoreError) -> StoreError {
        if !error.is_outcome_unknown() {
            self.end = None;
        }
        error
    }

    fn signal(&self) {
        if let Some(at) = self.wake_at {
            self.engine.parts.signals.due(at);
        }
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let now = self.engine.now();
            self.engine.loose_ends.leave(LooseEnd { left: now, ..end });
            self.engine.parts.signals.due(now);
        }
    }
}
