//! What is due and in which order: leads, leases, attempts, back-off.
//!
//! A node asks the store for what needs attention soon, leases it ahead, issues the attempt in one durable batch, and
//! keeps it in memory until its instant. At the instant nothing is written: the node checks that it still holds the
//! lease and hands over. A cancel that was committed before that check wins; a crash after the issue repeats the same
//! attempt number (docs/decisions/attempts-are-issued-ahead.md).

mod plan;
pub mod retry;

pub use plan::{Plan, plan};

use std::time::Duration;

use crate::time::Timestamp;

/// Scheduled callbacks are indexed by their desired time less this constant, which is the default submission buffer
/// (callback-domain §3.6). A longer lead is found by a look-up of that service alone, a shorter one waits in memory.
pub const INDEX_LEAD: Duration = Duration::from_secs(120);

/// How long before its instant an attempt is issued and kept in memory: long enough that a hundred thousand for one
/// instant are issued before it, short enough that a node that dies leaves little to be taken over.
pub const AHEAD: Duration = Duration::from_secs(10);

/// How long a lease lasts; after it another node takes over.
pub const LEASE: Duration = Duration::from_secs(30);

/// The shortest time after which a look that found nothing is repeated by itself.
pub const AGAIN: Duration = Duration::from_millis(250);

/// The longest time between two looks (callback-domain §8.1).
pub const PASS: Duration = Duration::from_secs(60);

/// How long it is believed that a callback still stands as it was when the store was last asked. Whoever comes to hand it
/// over later than that, because others were first or because its process was frozen, asks again.
pub const FRESH: Duration = Duration::from_secs(1);

/// After this long no hand-over is under way that was decided before: it was fresh, and it has reached the orchestrator.
pub const UNDER_WAY: Duration = Duration::from_secs(5);

/// Live sessions are looked at together, every other second, so that many share one question to the store.
const LOOK_GRID: i64 = 2_000;

/// The instant at which a session is looked at that is to be looked at from `at` on: an odd second, because most callbacks
/// are promised for even ones.
pub fn look_instant(at: Timestamp) -> Timestamp {
    let past = (at.as_millis() - LOOK_GRID / 2).rem_euclid(LOOK_GRID);
    let wait = if past == 0 { 0 } else { LOOK_GRID - past };
    at + Duration::from_millis(wait.unsigned_abs())
}

/// How long a booking may take to try its first hand-over before the dispatcher takes it over.
pub const INLINE_GRACE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_together_at_the_next_odd_second() {
        for (at, look) in [(0, 1_000), (1_000, 1_000), (1_001, 3_000), (2_999, 3_000), (-1_500, -1_000)] {
            assert_eq!(look_instant(Timestamp::from_millis(at)), Timestamp::from_millis(look), "{at}");
        }
    }
}
