//! What is due and in which order: leads, leases, attempts, back-off.
//!
//! A node asks the store for what needs attention soon, leases it ahead, issues the attempt in one durable batch, and
//! keeps it in memory until its instant. At the instant nothing is written: the node checks that it still holds the
//! lease and hands over. A cancel that was committed before that check wins; a crash after the issue repeats the same
//! attempt number (docs/decisions/attempts-are-issued-ahead.md).

mod plan;

pub use plan::{Plan, plan};

use std::time::Duration;

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

/// How long it is believed that a callback still stands as it was when the store was last asked. Whoever comes to hand it
/// over later than that, because others were first or because its process was frozen, asks again.
pub const FRESH: Duration = Duration::from_secs(1);

/// How long a booking may take to try its first hand-over before the dispatcher takes it over.
pub const INLINE_GRACE: Duration = Duration::from_secs(15);
