//! What is to be told with the next message.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ges_core::TenantId;

use super::message::Seen;

/// One message tells of so many observations; the next one of the others.
const SEEN_PER_MESSAGE: usize = 4_000;
/// Beyond so many the oldest are dropped: they cost the others accuracy only.
const SEEN_MAX: usize = 20_000;

/// Waits for the next message.
#[derive(Default)]
pub(in super::super) struct Outbox(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    settings: BTreeSet<TenantId>,
    seen: VecDeque<Seen>,
}

impl Outbox {
    pub fn saw(&self, seen: Seen) {
        let mut waiting = self.lock();
        if waiting.seen.len() == SEEN_MAX {
            waiting.seen.pop_front();
        }
        waiting.seen.push_back(seen);
    }

    pub fn settings_changed(&self, tenant: TenantId) {
        self.lock().settings.insert(tenant);
    }

    /// Takes what the next message tells.
    pub fn take(&self) -> (Vec<TenantId>, Vec<Seen>) {
        let mut waiting = self.lock();
        let settings = std::mem::take(&mut waiting.settings).into_iter().collect();
        let many = waiting.seen.len().min(SEEN_PER_MESSAGE);
        (settings, waiting.seen.drain(..many).collect())
    }

    /// Puts back what could not be told.
    pub fn put_back(&self, settings: Vec<TenantId>, seen: Vec<Seen>) {
        let mut waiting = self.lock();
        waiting.settings.extend(settings);
        for seen in seen.into_iter().rev() {
            if waiting.seen.len() == SEEN_MAX {
                break;
            }
            waiting.seen.push_front(seen);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
