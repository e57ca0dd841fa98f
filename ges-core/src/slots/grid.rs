//! How time is cut into slots ([callback-domain §5.2](crate::rules)).
//!
//! A boundary is every instant at which the wall clock shows a multiple of the slot length since midnight, and every
//! instant at which the zone's offset changes. A slot is known by the instant of its start: the hour that a clock shows
//! twice in autumn gives two slots, the hour it skips in spring gives none.

use crate::zone::Zone;
use crate::{Interval, Timestamp};

const MINUTE: i64 = 60_000;

/// The slot of `minutes` length (1 to 1440, a divisor of 1440; others are clamped) that holds an instant.
///
/// ```
/// use ges_core::slots::grid::slot_of;
/// use ges_core::zone::ZoneDatabase;
///
/// let zone = ZoneDatabase::embedded().zone("Asia/Kathmandu")?;
/// let slot = slot_of(&zone, 60, "2026-01-12T05:10:00Z".parse()?);
/// assert_eq!(slot.start, "2026-01-12T04:15:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn slot_of(zone: &Zone, minutes: u32, at: Timestamp) -> Interval {
    Stretch::around(zone, at).slot(length(minutes), at).span
}

/// Every slot that shares an instant with a window, ascending; the first may start before it and the last end after it.
pub fn slots(zone: &Zone, minutes: u32, window: Interval) -> impl Iterator<Item = Interval> {
    GridSlots::over(zone, minutes, window).map(|slot| slot.span)
}

/// A slot and what the wall clock shows where it would have begun.
#[derive(Clone, Copy)]
pub(super) struct GridSlot {
    pub(super) span: Interval,
    /// The wall clock floored to the grid, in milliseconds since 1970-01-01T00:00 of that clock. Differs from what it
    /// shows at the start of the span only for the stub after a change of the offset.
    pub(super) label: i64,
}

/// The slots over a window, one after the other.
pub(super) struct GridSlots<'z> {
    zone: &'z Zone,
    length: i64,
    stretch: Stretch,
    at: Timestamp,
    end: Timestamp,
}

impl<'z> GridSlots<'z> {
    pub(super) fn over(zone: &'z Zone, minutes: u32, window: Interval) -> Self {
        let stretch = Stretch::around(zone, window.start);
        GridSlots { zone, length: length(minutes), stretch, at: window.start, end: window.end }
    }
}

impl Iterator for GridSlots<'_> {
    type Item = GridSlot;

    fn next(&mut self) -> Option<GridSlot> {
        if self.at >= self.end {
            return None;
        }
        if self.at >= self.stretch.until {
            self.stretch = Stretch::around(self.zone, self.at);
        }
        let slot = self.stretch.slot(self.length, self.at);
        // At the end of the representable years a slot cannot end any later; there is nothing after it.
        self.at = if slot.span.end > self.at { slot.span.end } else { self.end };
        Some(slot)
    }
}

/// A stretch of time under one offset.
struct Stretch {
    from: Timestamp,
    until: Timestamp,
    /// Milliseconds east of UTC.
    offset: i64,
}

impl Stretch {
    fn around(zone: &Zone, at: Timestamp) -> Self {
        Stretch {
            from: zone.last_change(at).unwrap_or(Timestamp::MIN),
            until: zone.next_change(at).unwrap_or(Timestamp::MAX),
            offset: i64::from(zone.offset_at(at)) * 1000,
        }
    }

    /// The slot of an instant inside the stretch.
    fn slot(&self, length: i64, at: Timestamp) -> GridSlot {
        // Far from overflow: instants end with the year 9999, offsets are hours and lengths at most a day.
        let shown = at.as_millis() + self.offset;
        let label = shown - shown.rem_euclid(length);
        let start = Timestamp::from_millis(label - self.offset).max(self.from);
        let end = Timestamp::from_millis(label - self.offset + length).min(self.until);
        GridSlot { span: Interval::new(start, end), label }
    }
}

fn length(minutes: u32) -> i64 {
    i64::from(minutes.clamp(1, 1440)) * MINUTE
}
