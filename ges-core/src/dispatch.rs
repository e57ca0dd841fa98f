//! What is due and in which order: leads, leases, attempts, back-off.
//!
//! A node asks the store for what needs attention soon, leases it ahead, issues the attempt in one durable batch, and
//! keeps it in memory until its instant. At the instant nothing is written: the node checks that it still holds the
//! lease and hands over. A cancel that was committed before that check wins; a crash after the issue repeats the same
//! attempt number (docs/decisions/attempts-are-issued-ahead.md).

mod plan;

pub use plan::{Plan, plan};

use std::time::Duration;

use crate::time::Timestamp;

/// Scheduled callbacks are indexed by their desired time less this constant, which is the default submission buffer
/// ([callback-domain §3.6](crate::rules)). A longer lead is found by a look-up of that service alone, a shorter one
/// waits in memory.
pub const INDEX_LEAD: Duration = Duration::from_secs(120);

/// How long before its instant an attempt is issued and kept in memory: long enough that a hundred thousand for one
/// instant are issued before it, short enough that a node that dies leaves little to be taken over.
pub const AHEAD: Duration = Duration::from_secs(10);

/// How long a lease lasts; after it another node takes over.
pub const LEASE: Duration = Duration::from_secs(30);

/// The shortest time after which a look that found nothing is repeated by itself.
pub const AGAIN: Duration = Duration::from_millis(250);

/// The longest time between two looks ([callback-domain §8.1](crate::rules)).
pub const PASS: Duration = Duration::from_secs(60);

/// Looks that are in no hurry are this far apart, so that each finds what several would have found.
const PACE: Duration = Duration::from_secs(1);

/// A look for something that needs attention within this time is in a hurry.
const NEAR: Duration = Duration::from_secs(5);

/// How often a host looks that is not woken by signals.
pub const UNWOKEN: Duration = Duration::from_secs(1);

/// When to look for something that needs attention at `at`, after a look at `looked`: as soon as it can be leased, but
/// together with its neighbours when there is time for that. May lie in the past.
pub fn look_by(at: Timestamp, looked: Timestamp) -> Timestamp {
    (at - AHEAD).max((looked + PACE).min(at - NEAR))
}

/// How long it is believed that a callback still stands as it was when the store was last asked. Whoever comes to hand it
/// over later than that, because others were first or because its process was frozen, asks again.
pub const FRESH: Duration = Duration::from_secs(1);

/// How long a booking may take to try its first hand-over before the dispatcher takes it over.
pub const INLINE_GRACE: Duration = Duration::from_secs(15);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_waits_for_neighbours_when_there_is_time() {
        let at = Timestamp::from_secs;
        let looked = at(100);
        for (due, look, why) in [
            (200, 190, "ten seconds ahead"),
            (110, 101, "it can be leased now, and there is time for its neighbours"),
            (106, 101, "so it is here"),
            (103, 98, "it is in a hurry"),
        ] {
            assert_eq!(look_by(at(due), looked), at(look), "{why}");
        }
    }
}
