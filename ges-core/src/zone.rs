//! Time zones: which offset from UTC is in force at an instant, and when it changes.
//!
//! A zone is one total function, instant → offset, kept as a sorted list of changes. Everything else, above all what a
//! wall-clock time means on the two strange nights of a year, follows from that list here and nowhere else, so the
//! embedded data and data read from disk share one definition ([callback-domain §4.2, rules 7 and 8, and
//! §5.2](crate::rules)).
//!
//! Changes are known from 1970-01-01 up to 2100-01-01; before and after, the nearest offset stays in force.

mod changes;
mod database;
#[cfg(feature = "zone-data")]
mod embedded;
mod version;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime};

use crate::Timestamp;
use changes::Changes;

pub use database::{BadZoneData, UnknownZone, ZoneDatabase};

/// A named time zone. Cloning copies a pointer.
///
/// ```
/// use ges_core::zone::ZoneDatabase;
///
/// let zone = ZoneDatabase::embedded().zone("America/New_York")?;
/// let winter = "2026-01-12T15:00:00Z".parse()?;
/// assert_eq!(zone.offset_at(winter), -5 * 3600);
/// assert_eq!(zone.local(winter).to_string(), "2026-01-12 10:00:00");
/// assert_eq!(zone.instant(zone.local(winter)), winter);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(Arc<Named>);

#[derive(PartialEq, Eq)]
struct Named {
    name: Box<str>,
    changes: Changes,
}

/// What a wall-clock time means in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// It occurs once.
    Single(Timestamp),
    /// It occurs twice because the clock was put back.
    Fold {
        /// The earlier instant.
        first: Timestamp,
        /// The later instant.
        second: Timestamp,
    },
    /// It never occurs because the clock was put forward over it.
    Gap {
        /// The instant that shows the asked time moved forward by the length of the gap
        /// ([engagement-api-v3 §4.2](crate::rules)).
        after: Timestamp,
        /// The instant at which the clock was put forward.
        jump: Timestamp,
    },
}

impl Zone {
    fn new(name: &str, changes: Changes) -> Self {
        Zone(Arc::new(Named { name: name.into(), changes }))
    }

    /// UTC, without asking a database.
    pub fn utc() -> Self {
        Zone::new("UTC", Changes::constant(0))
    }

    /// The name the zone was asked for by, such as `Europe/Paris`; a link keeps its own name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The offset in force at an instant, in seconds east of UTC, within ±26 hours. Total.
    pub fn offset_at(&self, at: Timestamp) -> i32 {
        self.0.changes.offset_at(at.as_millis())
    }

    /// The first instant after `after` at which the offset differs from the one just before it.
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.changes.first_after(after.as_millis()).map(Timestamp::from_millis)
    }

    /// The latest instant, `at` included, at which the offset differs from the one just before it.
    pub fn last_change(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.changes.last_until(at.as_millis()).map(Timestamp::from_millis)
    }

    /// What the wall clock shows at an instant.
    pub fn local(&self, at: Timestamp) -> NaiveDateTime {
        let shown = at.as_millis().saturating_add(i64::from(self.offset_at(at)) * 1000);
        // Cannot fall back: instants end with the year 9999, and chrono knows some 260,000 years.
        DateTime::from_timestamp_millis(shown).unwrap_or_default().naive_utc()
    }

    /// The instants at which the wall clock shows `local`, cut to whole milliseconds.
    ///
    /// ```
    /// use ges_core::zone::{Resolved, ZoneDatabase};
    /// use chrono::NaiveDate;
    ///
    /// let zone = ZoneDatabase::embedded().zone("America/New_York")?;
    /// let shown = NaiveDate::from_ymd_opt(2026, 11, 1).and_then(|d| d.and_hms_opt(1, 30, 0)).ok_or("a date")?;
    /// let (first, second) = ("2026-11-01T05:30:00Z".parse()?, "2026-11-01T06:30:00Z".parse()?);
    /// assert_eq!(zone.resolve(shown), Resolved::Fold { first, second });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resolve(&self, local: NaiveDateTime) -> Resolved {
        self.0.changes.resolve(local.and_utc().timestamp_millis())
    }

    /// The instant meant by a wall-clock time: the first of two, and moved forward through a gap
    /// ([engagement-api-v3 §4.2](crate::rules); [callback-domain B19](crate::rules)).
    pub fn instant(&self, local: NaiveDateTime) -> Timestamp {
        match self.resolve(local) {
            Resolved::Single(at) | Resolved::Fold { first: at, .. } | Resolved::Gap { after: at, .. } => at,
        }
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

#[cfg(feature = "zone-data")]
#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn local(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn wall_clock_times_of_strange_nights() {
        let database = ZoneDatabase::embedded();
        let gap = |after, jump| Resolved::Gap { after: at(after), jump: at(jump) };
        let fold = |first, second| Resolved::Fold { first: at(first), second: at(second) };
        let single = |instant| Resolved::Single(at(instant));
        let rows = [
            (
                "B19 fold",
                "America/New_York",
                "2026-11-01T01:30:00",
                fold("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"),
            ),
            (
                "B19 gap",
                "America/New_York",
                "2026-03-08T02:30:00",
                gap("2026-03-08T07:30:00Z", "2026-03-08T07:00:00Z"),
            ),
            (
                "gap starts",
                "America/New_York",
                "2026-03-08T02:00:00",
                gap("2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"),
            ),
            ("gap is over", "America/New_York", "2026-03-08T03:00:00", single("2026-03-08T07:00:00Z")),
            (
                "fold starts",
                "America/New_York",
                "2026-11-01T01:00:00",
                fold("2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"),
            ),
            ("fold is over", "America/New_York", "2026-11-01T02:00:00", single("2026-11-01T07:00:00Z")),
            (
                "half an hour",
                "Australia/Lord_Howe",
                "2026-04-05T01:45:00",
                fold("2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"),
            ),
            (
                "no midnight",
                "America/Santiago",
                "2026-09-06T00:15:00",
                gap("2026-09-06T04:15:00Z", "2026-09-06T04:00:00Z"),
            ),
            (
                "a day skipped",
                "Pacific/Apia",
                "2011-12-30T12:00:00",
                gap("2011-12-30T22:00:00Z", "2011-12-30T10:00:00Z"),
            ),
            ("plain", "Asia/Kolkata", "2026-01-12T10:40:00", single("2026-01-12T05:10:00Z")),
        ];
        for (row, zone, shown, wanted) in rows {
            let zone = database.zone(zone).unwrap();
            assert_eq!(zone.resolve(local(shown)), wanted, "{row}");
        }
    }

    #[test]
    fn changes_are_found_on_either_side() {
        let zone = ZoneDatabase::embedded().zone("America/New_York").unwrap();
        let (spring, autumn) = (at("2026-03-08T07:00:00Z"), at("2026-11-01T06:00:00Z"));
        assert_eq!(zone.next_change(at("2026-01-01T00:00:00Z")), Some(spring));
        assert_eq!(zone.next_change(at("2026-03-08T06:59:59.999Z")), Some(spring));
        assert_eq!(zone.next_change(spring), Some(autumn), "strictly after");
        assert_eq!(zone.last_change(spring), Some(spring), "the instant itself counts");
        assert_eq!(zone.last_change(autumn), Some(autumn));
        assert_eq!(zone.last_change(at("2026-11-01T05:59:59.999Z")), Some(spring));
        let utc = ZoneDatabase::embedded().zone("UTC").unwrap();
        assert_eq!((utc.next_change(Timestamp::MIN), utc.last_change(Timestamp::MAX)), (None, None));
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let zone = ZoneDatabase::embedded().zone("Pacific/Kiritimati").unwrap();
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(zone.instant(zone.local(end)), end);
        }
        assert_eq!(zone.instant(NaiveDateTime::MIN), Timestamp::MIN);
        assert_eq!(zone.instant(NaiveDateTime::MAX), Timestamp::MAX);
    }
}
