//! The clock of the operating system.

use std::time::{SystemTime, UNIX_EPOCH};

use ges_core::port::Clock;
use ges_core::time::Timestamp;

/// Reads the machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    // This adapter is where the port meets the machine.
    #[allow(clippy::disallowed_methods)]
    fn now(&self) -> Timestamp {
        let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration()),
        })
    }
}
