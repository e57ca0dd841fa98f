//! One clock for all nodes: the database server's.
//!
//! Nothing is asked for its sake: ordinary answers carry the server's time. An answer that was sent at `a` and came at
//! `b` on the steady clock of this process, and was stamped with `t`, bounds the distance between the two clocks to
//! `t - b ..= t - a`. The bounds of many answers are cut with each other; between answers they widen by as much as two
//! quartz clocks part. The lower bound is what is believed, so that this clock never runs ahead of the server's: what is
//! due at an instant may be a round trip late by it, and never early. It does not go back either, unless the server's
//! does. When the database falls silent it simply runs on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ges_core::Timestamp;
use ges_core::port::Clock;

/// How far two clocks part in a second, at most: 200 µs.
const DRIFT_PER_MILLION: i64 = 200;

/// The clock of the database server, kept by its distance to the steady clock of this process. All clones are one.
#[derive(Clone, Debug)]
pub struct SharedClock {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// Steady time is counted from here.
    origin: Instant,
    /// Bounds of the distance, in µs, and when (in µs of steady time) they were true.
    bounds: Option<(i64, i64, i64)>,
    /// The latest time anybody was told, in µs.
    told: i64,
}

/// A server whose clock is further behind than this was set back, and is followed.
const SET_BACK: i64 = 1_000_000;

impl SharedClock {
    pub(super) fn new() -> Self {
        SharedClock { kept: Arc::new(Mutex::new(Kept { origin: steady(), bounds: None, told: 0 })) }
    }

    /// Takes a stamp of the server, in µs since 1970, that was made between two readings of [`steady`].
    pub(super) fn learn(&self, sent: Instant, came: Instant, stamp: i64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (sent, came) = (kept.micros(sent), kept.micros(came));
        let fresh = (stamp.saturating_sub(came), stamp.saturating_sub(sent));
        let (low, high) = match kept.at(came) {
            // Bounds that do not meet: the server's clock was set, or another server answers.
            Some((low, high)) if low.max(fresh.0) <= high.min(fresh.1) => {
                (low.max(fresh.0), high.min(fresh.1))
            }
            _ => fresh,
        };
        kept.bounds = Some((low, high, came));
    }

    fn micros_at(&self, instant: Instant) -> i64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = kept.micros(instant);
        let least = kept.at(now).map_or(0, |(low, _)| now.saturating_add(low));
        if least > kept.told || kept.told - least > SET_BACK {
            kept.told = least;
        }
        kept.told
    }
}

impl Kept {
    fn micros(&self, instant: Instant) -> i64 {
        let micros = instant.saturating_duration_since(self.origin).as_micros();
        i64::try_from(micros).unwrap_or(i64::MAX)
    }

    /// The bounds, widened by what the clocks may have parted since.
    fn at(&self, now: i64) -> Option<(i64, i64)> {
        self.bounds.map(|(low, high, since)| {
            let parted = now.saturating_sub(since).max(0) / 1_000_000 * DRIFT_PER_MILLION;
            (low.saturating_sub(parted), high.saturating_add(parted))
        })
    }
}

/// The time of the server, in whole milliseconds that have passed. 1970 before the first answer, which a store that was
/// opened has had.
impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.micros_at(steady()).div_euclid(1_000))
    }
}

/// The steady clock of this process.
pub(super) fn steady() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock() -> (SharedClock, Instant) {
        let clock = SharedClock::new();
        let origin = clock.kept.lock().unwrap().origin;
        (clock, origin)
    }

    #[test]
    fn it_never_runs_ahead_of_the_server() {
        let (clock, origin) = clock();
        // Stamped at the very end of a round trip of 40 ms, as far as anybody can tell.
        clock.learn(origin + SECOND, origin + SECOND + Duration::from_millis(40), 5_000_000);
        assert_eq!(clock.micros_at(origin + SECOND + Duration::from_millis(40)), 5_000_000);
        assert_eq!(clock.micros_at(origin + SECOND + Duration::from_millis(50)), 5_010_000);
        // A quicker answer tells it better.
        clock.learn(origin + SECOND * 2, origin + SECOND * 2 + Duration::from_millis(2), 6_021_000);
        assert_eq!(clock.micros_at(origin + SECOND * 2 + Duration::from_millis(2)), 6_021_000);
    }

    #[test]
    fn it_does_not_go_back_while_it_knows_less() {
        let (clock, origin) = clock();
        clock.learn(origin, origin + Duration::from_millis(1), 60_000_000);
        let mut before = 0;
        for tenth in 0..600 {
            let now = clock.micros_at(origin + Duration::from_millis(tenth * 100));
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
    }

    #[test]
    fn a_slow_answer_does_not_spoil_a_quick_one() {
        let (clock, origin) = clock();
        clock.learn(origin + SECOND, origin + SECOND + Duration::from_millis(2), 10_001_000);
        // Stamped at the beginning of a wait of 800 ms.
        clock.learn(origin + SECOND * 2, origin + SECOND * 2 + Duration::from_millis(800), 11_000_500);
        let now = clock.micros_at(origin + SECOND * 3);
        assert!((11_997_000..=12_000_000).contains(&now), "{now}");
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let (clock, origin) = clock();
        clock.learn(origin, origin + Duration::from_millis(1), 60_000_000);
        clock.learn(origin + SECOND, origin + SECOND + Duration::from_millis(2), 1_000_000);
        assert_eq!(clock.micros_at(origin + SECOND + Duration::from_millis(2)), 1_000_000);
    }

    #[test]
    fn silence_changes_nothing() {
        let (clock, origin) = clock();
        clock.learn(origin, origin + Duration::from_millis(2), 1_001_000);
        let now = clock.micros_at(origin + SECOND * 3_600);
        // An hour of drift at most, and never ahead.
        assert!((3_600_270_000..=3_601_000_000).contains(&now), "{now}");
    }
}
