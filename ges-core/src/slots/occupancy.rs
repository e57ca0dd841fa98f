//! Places taken, as the store counts them.

use std::time::Duration;

use crate::{Interval, Timestamp};

/// A UTC minute: whole minutes since 1970-01-01T00:00Z. Earlier instants count as the first one.
///
/// Every slot of every zone begins and ends on a whole UTC minute (from 1972 on, when the last offset with seconds
/// ended), so counting by the minute is exact, and a service whose slot length changes needs no recount: its bookings
/// fall into the slots of the other length by themselves ([callback-domain §5.3, B15](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtcMinute(u32);

impl UtcMinute {
    /// The minute with that number.
    pub const fn from_number(minutes: u32) -> Self {
        UtcMinute(minutes)
    }

    /// Whole minutes since 1970-01-01T00:00Z.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The first instant of the minute.
    pub fn start(self) -> Timestamp {
        Timestamp::from_millis(i64::from(self.0) * 60_000)
    }
}

impl From<Timestamp> for UtcMinute {
    fn from(at: Timestamp) -> Self {
        // Cannot be cut off: the year 9999 ends in minute 4,223,371,679.
        UtcMinute(u32::try_from(at.as_millis().max(0) / 60_000).unwrap_or(u32::MAX))
    }
}

/// How many place-holding records of one service desire each minute of a window.
///
/// Sums over any range of minutes take constant time. Beyond the window nothing is known, and a range that reaches
/// there counts as full: asking for too little refuses bookings, it never oversells.
///
/// ```
/// use ges_core::slots::Occupancy;
/// use ges_core::{Interval, Timestamp};
///
/// let at = |text: &str| text.parse::<Timestamp>();
/// let day = Interval::new(at("2026-01-12T00:00:00Z")?, at("2026-01-13T00:00:00Z")?);
/// let held = Occupancy::new(day, [(at("2026-01-12T15:05:30Z")?.into(), 2), (at("2026-01-12T15:50:00Z")?.into(), 1)])?;
/// assert_eq!(held.within(Interval::new(at("2026-01-12T15:00:00Z")?, at("2026-01-12T15:30:00Z")?)), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupancy {
    first: UtcMinute,
    minutes: u32,
    /// For each minute from `first` on, the records before it; one entry more than minutes. Empty when there are none.
    before: Box<[u32]>,
}

impl Occupancy {
    /// The longest window that is kept: 40 days, some 230 kB.
    pub const WINDOW_MAX: Duration = Duration::from_secs(40 * 86_400);

    /// Takes cells in any order; cells of the same minute are added, cells outside the window left out.
    ///
    /// # Errors
    /// [`OccupancyTooLong`] when the window is longer than [`Occupancy::WINDOW_MAX`].
    pub fn new(
        window: Interval,
        cells: impl IntoIterator<Item = (UtcMinute, u32)>,
    ) -> Result<Self, OccupancyTooLong> {
        if window.length() > Self::WINDOW_MAX {
            return Err(OccupancyTooLong);
        }
        let nobody = Occupancy::none(window);
        let (first, minutes) = (nobody.first, nobody.minutes as usize);
        let mut cells = cells.into_iter().peekable();
        if cells.peek().is_none() {
            return Ok(nobody);
        }
        let mut before = vec![0_u32; minutes + 1];
        for (minute, count) in cells {
            let index = minute.0.checked_sub(first.0).map(|index| index as usize);
            // One place to the right: a minute's records come before the next minute.
            if let Some(cell) = index.filter(|&i| i < minutes).and_then(|i| before.get_mut(i + 1)) {
                *cell = cell.saturating_add(count);
            }
        }
        let mut sum = 0_u32;
        for cell in &mut before {
            sum = sum.saturating_add(*cell);
            *cell = sum;
        }
        Ok(Occupancy { before: before.into(), ..nobody })
    }

    /// Nobody desires any minute of the window. Any window will do: nothing is kept for its minutes.
    pub fn none(window: Interval) -> Self {
        let first = UtcMinute::from(window.start);
        let end = UtcMinute::from(window.end + Duration::from_millis(59_999));
        Occupancy { first, minutes: end.0.saturating_sub(first.0), before: Box::default() }
    }

    /// The records whose desired time lies in a range of whole minutes; `u32::MAX` when it reaches beyond the window.
    pub fn within(&self, range: Interval) -> u32 {
        self.between(range.start.into(), range.end.into())
    }

    /// The records of the minutes from `start` up to `end`.
    #[inline]
    pub(super) fn between(&self, start: UtcMinute, end: UtcMinute) -> u32 {
        // A minute before the window wraps round to a place far beyond its end.
        let place = |minute: UtcMinute| {
            let place = minute.0.wrapping_sub(self.first.0);
            (place <= self.minutes).then(|| self.before.get(place as usize).copied().unwrap_or(0))
        };
        match (place(start), place(end)) {
            (Some(before), Some(until)) => until.saturating_sub(before),
            _ => u32::MAX,
        }
    }
}

/// A window too long to count by the minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("occupancy is kept for at most 40 days at a time; ask for a shorter window")]
pub struct OccupancyTooLong;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn day() -> Interval {
        Interval::new(at("2026-01-12T00:00:00Z"), at("2026-01-13T00:00:00Z"))
    }

    fn between(from: &str, to: &str) -> Interval {
        Interval::new(at(&format!("2026-01-12T{from}:00Z")), at(&format!("2026-01-12T{to}:00Z")))
    }

    #[test]
    fn cells_in_any_order_are_added_up() {
        let cell = |text: &str, count| (at(&format!("2026-01-12T{text}Z")).into(), count);
        let held = Occupancy::new(
            day(),
            [cell("15:50:00", 1), cell("15:05:59", 2), cell("15:05:00", 3), cell("23:59:59", 7)],
        )
        .unwrap();
        assert_eq!(held.within(between("15:00", "15:30")), 5);
        assert_eq!(held.within(between("15:06", "15:50")), 0);
        assert_eq!(held.within(between("15:05", "15:51")), 6);
        assert_eq!(held.within(day()), 13);
    }

    #[test]
    fn what_is_not_known_counts_as_full() {
        let stray = (at("2026-01-13T00:00:00Z").into(), 5);
        let early = (at("2026-01-11T23:59:00Z").into(), 5);
        let held = Occupancy::new(day(), [stray, early]).unwrap();
        assert_eq!(held.within(day()), 0);
        for (start, end) in [
            ("2026-01-11T23:59:00Z", "2026-01-12T01:00:00Z"),
            ("2026-01-12T23:00:00Z", "2026-01-13T00:01:00Z"),
        ] {
            assert_eq!(held.within(Interval::new(at(start), at(end))), u32::MAX, "{start}");
        }
    }

    #[test]
    fn a_minute_cut_by_the_window_is_known() {
        let cut = Interval::new(at("2026-01-12T15:00:30Z"), at("2026-01-12T15:29:30Z"));
        let held = Occupancy::new(cut, [(at("2026-01-12T15:29:00Z").into(), 1)]).unwrap();
        assert_eq!(held.within(between("15:00", "15:30")), 1);
    }

    #[test]
    fn huge_counts_and_windows_do_no_harm() {
        let minute = |text: &str| at(text).into();
        let cells = [(minute("2026-01-12T00:00:00Z"), u32::MAX), (minute("2026-01-12T00:01:00Z"), u32::MAX)];
        assert_eq!(Occupancy::new(day(), cells).unwrap().within(day()), u32::MAX);
        let ages = Interval::new(Timestamp::MIN, Timestamp::MAX);
        assert_eq!(Occupancy::new(ages, []), Err(OccupancyTooLong));
        let backwards = Interval::new(day().end, day().start);
        assert_eq!(Occupancy::new(backwards, []).unwrap().within(day()), u32::MAX);
    }
}
