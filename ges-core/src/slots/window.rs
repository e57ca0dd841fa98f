//! Which stretch of time free slots are asked for ([callback-domain §5.4](crate::rules)).

use chrono::{Days, NaiveTime};

use crate::zone::Zone;
use crate::{Interval, Timestamp};

use super::HORIZON;

/// The window as it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvailabilityWindow {
    /// When it starts; now when absent.
    pub start: Option<Timestamp>,
    /// Where it ends.
    pub end: WindowEnd,
}

/// Where a window ends. The end itself is outside of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WindowEnd {
    /// At the next midnight of the asker's zone after its start.
    #[default]
    NextMidnight,
    /// At this instant.
    At(Timestamp),
    /// At the same time by the wall clock of the asker's zone, so many days after its start. Days are days of the
    /// calendar, so one with a clock change counts 23 or 25 hours.
    AfterDays(u64),
}

impl AvailabilityWindow {
    /// The window meant: half-open, not before now and not beyond [`HORIZON`]; empty when nothing of it is left.
    ///
    /// ```
    /// use ges_core::slots::AvailabilityWindow;
    /// use ges_core::zone::ZoneDatabase;
    ///
    /// let london = ZoneDatabase::embedded().zone("Europe/London")?;
    /// let window = AvailabilityWindow::default().resolve(&london, "2026-02-10T23:30:00Z".parse()?)?;
    /// assert_eq!(window.end, "2026-02-11T00:00:00Z".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EndBeforeStart`].
    pub fn resolve(&self, zone: &Zone, now: Timestamp) -> Result<Interval, EndBeforeStart> {
        let start = self.start.unwrap_or(now);
        let end = match self.end {
            WindowEnd::NextMidnight => next_midnight(zone, start),
            WindowEnd::At(end) => end,
            WindowEnd::AfterDays(days) => days_after(zone, start, days),
        };
        if end < start {
            return Err(EndBeforeStart);
        }
        let start = start.max(now);
        Ok(Interval::new(start, end.min(now + HORIZON).max(start)))
    }
}

fn days_after(zone: &Zone, start: Timestamp, days: u64) -> Timestamp {
    if days == 0 {
        // Not through the wall clock, which would turn the second 01:30 of a night into the first.
        return start;
    }
    let local = zone.local(start).checked_add_days(Days::new(days));
    local.map_or(Timestamp::MAX, |local| zone.instant(local))
}

fn next_midnight(zone: &Zone, start: Timestamp) -> Timestamp {
    let next = zone.local(start).date().checked_add_days(Days::new(1));
    // Where the clock skips midnight it jumps off exactly there, in every zone since 1970, so that midnight moved forward
    // by the gap is the first instant of the day.
    next.map_or(Timestamp::MAX, |date| zone.instant(date.and_time(NaiveTime::MIN)))
}

/// A window that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the end is before the start")]
pub struct EndBeforeStart;
