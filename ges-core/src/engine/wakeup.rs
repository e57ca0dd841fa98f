//! What use cases signal, and when a node looks because of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::bell::Bell;
use crate::dispatch::{AHEAD, look_by};
use crate::port::Signals;
use crate::time::Timestamp;

/// Takes every signal of an engine: for the node that runs on it, and for the signals of the host.
///
/// A signal rings only when it brings the next look forward. So a booking for next week wakes nobody.
pub(crate) struct Wakeup {
    /// What the host listens with.
    host: Arc<dyn Signals>,
    /// The earliest instant signalled since the last look began.
    earliest: AtomicI64,
    /// What needs attention before this instant cannot wait for the planned look.
    before: AtomicI64,
    is_attended: AtomicBool,
    bell: Bell,
}

impl Wakeup {
    pub fn new(host: Arc<dyn Signals>) -> Self {
        Wakeup {
            host,
            earliest: AtomicI64::new(i64::MAX),
            before: AtomicI64::new(i64::MAX),
            is_attended: AtomicBool::new(false),
            bell: Bell::default(),
        }
    }

    /// A node waits for signals from now on.
    pub fn attend(&self) {
        self.is_attended.store(true, Ordering::Relaxed);
    }

    /// A look begins: what is signalled from now on may escape it.
    pub fn looking(&self) {
        self.before.store(i64::MAX, Ordering::SeqCst);
        self.earliest.store(i64::MAX, Ordering::SeqCst);
    }

    /// When to look again, after a look at `looked` that planned the next one for `planned`: then, or earlier because of
    /// what was signalled since. A later signal that brings it forward further rings.
    pub fn next_look(&self, looked: Timestamp, planned: Timestamp) -> Timestamp {
        let next = |earliest: i64| look_by(Timestamp::from_millis(earliest), looked).min(planned);
        self.before.store((next(i64::MAX) + AHEAD).as_millis(), Ordering::SeqCst);
        // A signal that came before this line rang, or is seen here.
        next(self.earliest.load(Ordering::SeqCst))
    }

    /// Rung by a signal that brings the look forward.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }
}

impl Signals for Wakeup {
    fn due(&self, at: Timestamp) {
        let at_millis = at.as_millis();
        let earliest = self.earliest.fetch_min(at_millis, Ordering::SeqCst);
        if at_millis < earliest && at_millis < self.before.load(Ordering::SeqCst) {
            self.bell.ring();
        }
        self.host.due(at);
    }

    fn is_heard(&self) -> bool {
        self.is_attended.load(Ordering::Relaxed) || self.host.is_heard()
    }
}
