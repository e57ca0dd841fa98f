//! When live sessions are looked at.

use std::time::Duration;

use crate::time::Timestamp;

/// Live sessions are looked at together, every other second, so that many share one question to the store.
const LOOK_GRID: i64 = 2_000;

/// The instant at which a session is looked at that is to be looked at from `at` on: an odd second, because most callbacks
/// are promised for even ones.
pub fn look_instant(at: Timestamp) -> Timestamp {
    let past = (at.as_millis() - LOOK_GRID / 2).rem_euclid(LOOK_GRID);
    let wait = if past == 0 { 0 } else { LOOK_GRID - past };
    at + Duration::from_millis(wait.unsigned_abs())
}

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
