//! Instants and intervals of the time line.
//!
//! An instant is a count of UTC milliseconds; every adapter keeps exactly that precision, so an instant that was
//! stored and read back is equal to the one that was written. Civil time (what a wall clock shows) lives in
//! [`crate::zone`] and [`crate::hours`]; nothing here knows of zones.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant in UTC, in whole milliseconds, between the years 1 and 9999.
///
/// Arithmetic saturates at [`Timestamp::MIN`] and [`Timestamp::MAX`], so that a huge duration from a configuration
/// can never wrap round or panic.
///
/// ```
/// use ges_core::Timestamp;
/// use std::time::Duration;
///
/// let noon: Timestamp = "2026-01-12T12:00:00.000Z".parse()?;
/// assert_eq!((noon + Duration::from_secs(90)).to_string(), "2026-01-12T12:01:30.000Z");
/// assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
/// # Ok::<(), ges_core::time::NotATimestamp>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00.000Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_799_999);

    /// The instant that many milliseconds after 1970-01-01T00:00Z, clamped to [`Timestamp::MIN`] and
    /// [`Timestamp::MAX`].
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Timestamp(millis)
        }
    }

    /// The instant that many seconds after 1970-01-01T00:00Z, clamped like [`Timestamp::from_millis`].
    pub const fn from_secs(secs: i64) -> Self {
        Self::from_millis(secs.saturating_mul(1000))
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00Z, rounded towards the past.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// How long ago `earlier` was, seen from here; zero when it is not earlier.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// The same instant as a chrono date-time.
    pub fn to_utc(self) -> DateTime<Utc> {
        // Cannot fall back: every value between MIN and MAX is a valid chrono instant.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

/// Milliseconds of a duration, saturating.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, later: Duration) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(millis(later)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, earlier: Duration) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_sub(millis(earlier)))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(utc: DateTime<Utc>) -> Self {
        Timestamp::from_millis(utc.timestamp_millis())
    }
}

impl From<SystemTime> for Timestamp {
    /// What the system's clock shows, rounded to the millisecond that has begun.
    fn from(time: SystemTime) -> Self {
        Timestamp::from_millis(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => millis(after),
            Err(before) => -millis(before.duration().saturating_add(Duration::from_nanos(999_999))),
        })
    }
}

impl From<Timestamp> for i64 {
    fn from(timestamp: Timestamp) -> i64 {
        timestamp.0
    }
}

impl TryFrom<i64> for Timestamp {
    type Error = NotATimestamp;
    fn try_from(millis: i64) -> Result<Self, NotATimestamp> {
        let clamped = Timestamp::from_millis(millis);
        if clamped.0 == millis { Ok(clamped) } else { Err(NotATimestamp) }
    }
}

/// The form in which every instant is written: `yyyy-MM-ddTHH:mm:ss.SSSZ` ([engagement-api-v3 §4.3](crate::rules)).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Reads RFC 3339; digits below the millisecond are cut off. The lenient grammar of callers is in
/// [`crate::civil`].
impl std::str::FromStr for Timestamp {
    type Err = NotATimestamp;
    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| NotATimestamp)?;
        parsed.timestamp_millis().try_into()
    }
}

/// A number or text that is not an instant between the years 1 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an instant between 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z")]
pub struct NotATimestamp;

/// A half-open stretch of time: `start` belongs to it, `end` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// First instant inside.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
}

impl Interval {
    /// From `start` (inside) to `end` (outside); empty when `end` is not later.
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Interval { start, end }
    }

    /// Whether `at` lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether no instant lies inside.
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// The time between start and end; zero when empty.
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_a_system_is_rounded_to_the_millisecond_that_has_begun() {
        let nanos = Duration::from_nanos;
        for (time, millis) in [
            (UNIX_EPOCH, 0),
            (UNIX_EPOCH + nanos(1_999_999), 1),
            (UNIX_EPOCH - nanos(1), -1),
            (UNIX_EPOCH - nanos(2_000_000), -2),
        ] {
            assert_eq!(Timestamp::from(time).as_millis(), millis, "{time:?}");
        }
    }
}
