//! Which stretch of time an availability query means ([callback-domain §5.4](crate::rules),
//! [engagement-api-v3 §3.4](crate::rules)).

use chrono::{Days, NaiveTime};

use crate::zone::Zone;
use crate::{Interval, Timestamp};

use super::HORIZON;

/// The window as it was asked for, its times already read by [`crate::civil`] in the query's zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AvailabilityWindow {
    /// `start`; now when absent.
    pub start: Option<Timestamp>,
    /// `startMS`: the same, written as milliseconds since 1970.
    pub start_ms: Option<Timestamp>,
    /// `end`, outside the window.
    pub end: Option<Timestamp>,
    /// `endMS`: the same, written as milliseconds since 1970.
    pub end_ms: Option<Timestamp>,
    /// `numberOfDays`: the window ends at the same wall-clock time so many days after its start.
    pub number_of_days: Option<i64>,
}

impl AvailabilityWindow {
    /// The window meant: half-open, not before now and not beyond [`HORIZON`]; empty when nothing of it is left.
    ///
    /// Without any end it reaches to the next midnight of the query's zone after the start that was asked for. Days are
    /// days of the calendar, so one with a clock change counts 23 or 25 hours.
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
    /// [`BadWindow`] when parameters exclude each other or make no sense.
    pub fn resolve(&self, zone: &Zone, now: Timestamp) -> Result<Interval, BadWindow> {
        let start = match (self.start, self.start_ms) {
            (Some(_), Some(_)) => return Err(BadWindow::TwoStarts),
            (Some(start), None) | (None, Some(start)) => start,
            (None, None) => now,
        };
        let end = match (self.end, self.end_ms, self.number_of_days) {
            (Some(end), None, None) | (None, Some(end), None) => end,
            (None, None, Some(days)) => days_after(zone, start, days)?,
            (None, None, None) => next_midnight(zone, start),
            _ => return Err(BadWindow::TwoEnds),
        };
        if end < start {
            return Err(BadWindow::EndBeforeStart);
        }
        let start = start.max(now);
        Ok(Interval::new(start, end.min(now + HORIZON).max(start)))
    }
}

fn days_after(zone: &Zone, start: Timestamp, days: i64) -> Result<Timestamp, BadWindow> {
    let days = u64::try_from(days).map_err(|_| BadWindow::NegativeDays)?;
    if days == 0 {
        // Not through the wall clock, which would turn the second 01:30 of a night into the first.
        return Ok(start);
    }
    let local = zone.local(start).checked_add_days(Days::new(days));
    Ok(local.map_or(Timestamp::MAX, |local| zone.instant(local)))
}

fn next_midnight(zone: &Zone, start: Timestamp) -> Timestamp {
    let next = zone.local(start).date().checked_add_days(Days::new(1));
    // Where the clock skips midnight it jumps off exactly there, in every zone since 1970, so that midnight moved forward
    // by the gap is the first instant of the day.
    next.map_or(Timestamp::MAX, |date| zone.instant(date.and_time(NaiveTime::MIN)))
}

/// Why a window makes no sense; all are the caller's mistake (400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWindow {
    /// Two starts.
    #[error("give start or startMS, not both")]
    TwoStarts,
    /// More than one end.
    #[error("give at most one of end, endMS and numberOfDays")]
    TwoEnds,
    /// The end comes first.
    #[error("the end is before the start")]
    EndBeforeStart,
    /// Days below zero.
    #[error("numberOfDays: must be 0 or more")]
    NegativeDays,
}
