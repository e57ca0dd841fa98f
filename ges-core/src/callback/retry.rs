//! How long to wait before doing an effect again.

use std::time::Duration;

/// After this long no hand-over is under way that was decided before: it was fresh, and it has reached the orchestrator.
pub const UNDER_WAY: Duration = Duration::from_secs(5);

/// After so many failed tries a session is no longer told that its callback is over.
pub const TELLING_TRIES: u32 = 12;

/// The longest pause of a hand-over while the orchestrator is away: no call waits longer once it is back.
const AWAY_MAX: Duration = Duration::from_secs(5);

/// The longest pause of a session's cancel: it ends nothing that its callback's end has not ended.
const UNTOLD_MAX: Duration = Duration::from_secs(60);

/// The pause after the n-th refusal of a reachable orchestrator: 1 s, 2 s, and none after the third, which is final
/// ([callback-domain §8.2](crate::rules)).
pub fn after_refusal(refusals: u8) -> Option<Duration> {
    match refusals {
        0 | 1 => Some(Duration::from_secs(1)),
        2 => Some(Duration::from_secs(2)),
        _ => None,
    }
}

/// The pause after the n-th time (counted from 0) the orchestrator could not be reached with a hand-over: 1 s, doubling
/// up to 5 s. The reference asks for a try in each pass ([callback-domain §8.2](crate::rules)).
pub fn while_unavailable(tries: u32) -> Duration {
    doubling(tries).min(AWAY_MAX)
}

/// The pause after the n-th time (counted from 0) a session could not be told of the end of its callback: 1 s, doubling up
/// to a minute.
pub fn while_untold(tries: u32) -> Duration {
    doubling(tries).min(UNTOLD_MAX)
}

fn doubling(tries: u32) -> Duration {
    Duration::from_secs(1u64 << tries.min(6))
}
