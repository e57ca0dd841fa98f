//! Records what came of deliveries, many in one step.
//!
//! A delivery that is done is written down a moment later, with its neighbours: one statement for many costs the store
//! much less than one for each. While many are due at one instant, nothing is written: it would only make the others
//! later. A crash in between repeats hand-overs under the same attempt numbers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hands::Hands;
use super::staff::Staff;
use crate::bell::Bell;
use crate::engine::Performed;
use crate::port::Work;

/// So long it waits for neighbours.
const GATHER: Duration = Duration::from_millis(50);

/// So long it waits at most while others are due.
const RECORD_WITHIN: Duration = Duration::from_secs(5);

/// Writes down what came of deliveries.
pub(super) struct Recorder {
    staff: Arc<Staff>,
    waiting: Mutex<Vec<Performed>>,
    is_closed: AtomicBool,
    bell: Bell,
}

impl Recorder {
    pub fn new(staff: Arc<Staff>) -> Arc<Self> {
        Arc::new(Recorder {
            staff,
            waiting: Mutex::default(),
            is_closed: AtomicBool::new(false),
            bell: Bell::default(),
        })
    }

    /// How many wait to be recorded.
    pub fn count(&self) -> usize {
        self.waiting().len()
    }

    /// Takes one that is done.
    pub fn take(&self, performed: Performed) {
        let mut waiting = self.waiting();
        waiting.push(performed);
        let is_first = waiting.len() == 1;
        drop(waiting);
        if is_first {
            self.bell.ring();
        }
    }

    /// Nothing comes any more: what waits is recorded at once, and then the recorder ends.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.bell.ring();
    }

    /// Records until it is closed.
    pub async fn run(self: Arc<Self>, hands: Arc<Hands>) {
        let staff = &self.staff;
        loop {
            self.bell.heard().await;
            let is_closed = self.is_closed.load(Ordering::SeqCst);
            if !is_closed {
                staff.runtime.sleep(GATHER).await;
                hands.quiet(RECORD_WITHIN).await;
            }
            let performed = std::mem::take(&mut *self.waiting());
            // What cannot be recorded now is recorded with the next look.
            let _ = staff.supervised(Work::Record, staff.dispatcher.record(performed)).await;
            if is_closed {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Performed>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
