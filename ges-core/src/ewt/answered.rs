//! The waits of the last ten minutes: the memory of mode3.

use serde::{Deserialize, Serialize};

use super::formula::WindowedWaits;
use crate::time::Timestamp;

/// One bucket a minute, ten of them ([callback-domain §14.2](crate::rules): a sliding window of ten minutes).
const BUCKET_SECS: i64 = 60;
const BUCKETS: usize = 10;

/// Sums per minute; the window moves in steps of a minute, which bounds its memory whatever the load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct AnsweredWindow {
    buckets: [Bucket; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bucket {
    minute: i64,
    waits: Sums,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    positions: u64,
    total_ms: u64,
}

impl AnsweredWindow {
    pub(super) fn answered(&mut self, at: Timestamp, wait_ms: u64, position: u32) {
        let minute = minute_of(at);
        // The bucket of the same minute, else the oldest one, which is at least ten minutes old.
        let Some(bucket) = self.buckets.iter_mut().min_by_key(|b| (b.minute != minute, b.minute)) else {
            return;
        };
        if bucket.minute != minute {
            *bucket = Bucket { minute, waits: Sums::default() };
        }
        bucket.waits.positions = bucket.waits.positions.saturating_add(position.into());
        bucket.waits.total_ms = bucket.waits.total_ms.saturating_add(wait_ms);
    }

    pub(super) fn waits(&self, at: Timestamp) -> WindowedWaits {
        let now = minute_of(at);
        let window = now.saturating_sub(BUCKETS as i64 - 1)..=now;
        self.buckets.iter().filter(|bucket| window.contains(&bucket.minute)).fold(
            WindowedWaits::default(),
            |sum, bucket| WindowedWaits {
                positions: sum.positions.saturating_add(bucket.waits.positions),
                total_ms: sum.total_ms.saturating_add(bucket.waits.total_ms),
            },
        )
    }
}

fn minute_of(at: Timestamp) -> i64 {
    at.as_secs().div_euclid(BUCKET_SECS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_older_than_ten_minutes_are_forgotten() {
        let at = |minute: i64| Timestamp::from_secs(1_768_208_400 + minute * 60);
        let mut window = AnsweredWindow::default();
        for minute in 0..25 {
            window.answered(at(minute), 1_000, 1);
            window.answered(at(minute), 1_000, 2);
            let kept = u64::try_from(minute + 1).unwrap().min(10);
            let expected = WindowedWaits { positions: kept * 3, total_ms: kept * 2_000 };
            assert_eq!(window.waits(at(minute)), expected, "minute {minute}");
        }
        assert_eq!(window.waits(at(33)), WindowedWaits { positions: 3, total_ms: 2_000 });
        assert_eq!(window.waits(at(34)), WindowedWaits::default());
    }
}
