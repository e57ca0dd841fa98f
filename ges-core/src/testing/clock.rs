//! A clock that is told the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::port::Clock;
use crate::time::Timestamp;

/// Stands still until it is moved, in either direction.
///
/// ```
/// use ges_core::port::Clock;
/// use ges_core::testing::ManualClock;
/// use std::time::Duration;
///
/// let clock = ManualClock::at("2026-01-12T18:00:00Z".parse()?);
/// clock.advance(Duration::from_secs(60));
/// clock.back(Duration::from_secs(1));
/// assert_eq!(clock.now().to_string(), "2026-01-12T18:00:59.000Z");
/// # Ok::<(), ges_core::time::NotATimestamp>(())
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this instant.
    pub fn at(now: Timestamp) -> Self {
        ManualClock(AtomicI64::new(now.as_millis()))
    }

    /// Jumps to an instant, earlier or later.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Goes forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Jumps back, as a clock does that is set right.
    pub fn back(&self, by: Duration) {
        self.set(self.now() - by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
