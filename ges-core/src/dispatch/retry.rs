//! How long to wait before doing an effect again.

use std::time::Duration;

/// After so many failed tries a session is no longer told that its callback is over.
pub const TELLING_TRIES: u32 = 12;

/// The longest pause while the orchestrator is away: one monitor period (callback-domain §8.1).
pub const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The pause after the n-th refusal of a reachable orchestrator: 1 s, 2 s, and none after the third, which is final
/// (callback-domain §8.2).
pub fn after_refusal(refusals: u8) -> Option<Duration> {
    match refusals {
        0 | 1 => Some(Duration::from_secs(1)),
        2 => Some(Duration::from_secs(2)),
        _ => None,
    }
}

/// The pause after the n-th time (counted from 0) the orchestrator could not be reached: 1 s, doubling up to
/// [`PAUSE_MAX`].
pub fn while_unavailable(tries: u32) -> Duration {
    Duration::from_secs(1u64 << tries.min(6)).min(PAUSE_MAX)
}
