//! Hours and capacity over a stretch of days, compiled.

use std::time::Duration;

use crate::capacity::{BookingInterval, Capacity, CapacityRule, Limits, RuleSlot};
use crate::hours::{OPEN_FOR_MAX, OfficeHours, OpenSpans};
use crate::zone::Zone;
use crate::{Interval, Timestamp};

use super::HORIZON;
use super::grid::{GridSlot, GridSlots, slot_of};
use super::guard::{PlaceGuard, PlaceGuards};
use super::occupancy::{Occupancy, UtcMinute};

/// No slot, of either kind, is longer.
const LONGEST_SLOT: Duration = Duration::from_secs(2 * 3600);

/// All slots of a service over a stretch of days that have an open instant and a place, with what limits them.
///
/// Compiled from one version of the service's settings, and good for every question asked while
/// [`SlotTable::serves`] the current instant.
#[derive(Clone, Debug)]
pub struct SlotTable {
    interval: BookingInterval,
    span: Interval,
    open: OpenSpans,
    /// Ascending by start, and by listed time.
    pub(super) slots: Box<[Slot]>,
    pub(super) rule_slots: Box<[RuleCell]>,
}

/// A slot that can be booked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) start: UtcMinute,
    pub(super) end: UtcMinute,
    /// The time it is offered at: its start, or the opening inside it.
    pub(super) listed: Timestamp,
    /// Places of the interval; above 0.
    pub(super) limit: u32,
    /// The rule slots it lies in, first and last, where they have limits of their own. They differ only for 20 minutes
    /// across two half hours.
    pub(super) rule_slots: Option<(u32, u32)>,
}

impl Slot {
    fn span(&self) -> Interval {
        Interval::new(self.start.start(), self.end.start())
    }
}

/// A rule slot with a limit of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct RuleCell {
    pub(super) start: UtcMinute,
    pub(super) end: UtcMinute,
    pub(super) limit: u32,
}

impl RuleCell {
    pub(super) fn room(&self, held: &Occupancy) -> u32 {
        self.limit.saturating_sub(held.between(self.start, self.end))
    }
}

impl SlotTable {
    /// Compiles what has to be known to answer every question that is asked at an instant of `nows`.
    ///
    /// ```
    /// use ges_core::capacity::{BookingInterval, Capacity};
    /// use ges_core::hours::OfficeHours;
    /// use ges_core::slots::{Ask, AvailabilityWindow, Occupancy, SlotTable};
    /// use ges_core::{Interval, Timestamp, zone::ZoneDatabase};
    /// use std::time::Duration;
    ///
    /// let hours = OfficeHours::from_gms(
    ///     [("_timezone", "America/New_York"), ("_bh_regular1", "Mon-Fri 09:00-17:00")],
    ///     &ZoneDatabase::embedded(),
    /// )?;
    /// let now: Timestamp = "2026-01-12T15:20:00Z".parse()?;
    /// let today = Interval::new(now, now + Duration::from_secs(86_400));
    /// let table = SlotTable::compile(&hours, &Capacity::flat(BookingInterval::M30, 2), today);
    ///
    /// let held = Occupancy::new(table.occupancy_window(), [])?;
    /// let window = AvailabilityWindow::default().resolve(hours.zone(), now)?;
    /// let ask = Ask { now, window, min_lead: Duration::ZERO, max_slots: None, report_busy: false };
    /// assert_eq!(table.availability(&held, &ask).len(), 13);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compile(hours: &OfficeHours, capacity: &Capacity, nows: Interval) -> Self {
        let begin = nows.start - LONGEST_SLOT;
        let open = hours.open_spans(Interval::new(begin, nows.end + OPEN_FOR_MAX + LONGEST_SLOT));
        Self::from_spans(hours.zone(), open, capacity, Interval::new(nows.start, nows.end + HORIZON))
    }

    /// Compiles the slots that share an instant with `window` from opening times found elsewhere; `zone` is that of
    /// the business hours. A slot that begins before the opening times are known is left out.
    pub fn from_spans(zone: &Zone, open: OpenSpans, capacity: &Capacity, window: Interval) -> Self {
        let minutes = capacity.interval.minutes();
        let span = whole_slots(zone, minutes, window, open.window().start);
        let mut limiter = Limiter::new(zone, capacity);
        let mut slots: Vec<Slot> = Vec::new();
        let mut until = span.start;
        for opening in &open {
            let inside = Interval::new(opening.start.max(until), opening.end.min(span.end));
            // Starts behind the slot in which the office closed and opened again: that one is there already.
            for grid in GridSlots::over(zone, minutes, inside) {
                until = grid.span.end;
                let (limit, rule_slots) = limiter.limits(&grid);
                if limit > 0 {
                    slots.push(Slot {
                        start: grid.span.start.into(),
                        end: grid.span.end.into(),
                        listed: grid.span.start.max(opening.start),
                        limit,
                        rule_slots,
                    });
                }
            }
        }
        SlotTable {
            interval: capacity.interval,
            span,
            open,
            slots: slots.into(),
            rule_slots: limiter.cells.into(),
        }
    }

    /// Length of the slots.
    pub fn interval(&self) -> BookingInterval {
        self.interval
    }

    /// The instants the table knows, whole slots.
    pub fn span(&self) -> Interval {
        self.span
    }

    /// Whether the table knows all that can be asked at an instant.
    pub fn serves(&self, now: Timestamp) -> bool {
        self.span.contains(now) && self.span.contains(now + HORIZON)
    }

    /// The opening times it was compiled from.
    pub fn open(&self) -> &OpenSpans {
        &self.open
    }

    /// How many slots can be booked at all.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no slot can be booked at all.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The window over which to ask the store for occupancy: the slots of the table and every rule slot they lie in.
    pub fn occupancy_window(&self) -> Interval {
        let first = self.rule_slots.first().map_or(self.span.start, |cell| cell.start.start());
        let last = self.rule_slots.last().map_or(self.span.end, |cell| cell.end.start());
        Interval::new(first.min(self.span.start), last.max(self.span.end))
    }

    /// The slot that holds a desired time, if it has places: its span and what the store must guarantee. Does not ask
    /// whether the office is open at that very instant.
    pub fn place_at(&self, desired: Timestamp) -> Option<(Interval, PlaceGuards)> {
        let slot = self.slot_at(desired)?;
        let span = slot.span();
        let minute = UtcMinute::from(desired);
        let rule_slot = slot.rule_slots.and_then(|(first, last)| {
            let cells = self.rule_slots.get(first as usize..=last as usize)?;
            let cell = cells.iter().find(|cell| cell.start <= minute && minute < cell.end)?;
            Some(PlaceGuard { range: Interval::new(cell.start.start(), cell.end.start()), limit: cell.limit })
        });
        let interval = PlaceGuard { range: span, limit: slot.limit };
        Some((span, PlaceGuards { interval, rule_slot }))
    }

    pub(super) fn slot_at(&self, at: Timestamp) -> Option<&Slot> {
        let minute = UtcMinute::from(at);
        let after = self.slots.partition_point(|slot| slot.start <= minute);
        after.checked_sub(1).and_then(|index| self.slots.get(index)).filter(|slot| minute < slot.end)
    }

    /// What is left in a slot: never more than its limit, and never more than any rule slot it lies in has left.
    pub(super) fn room(&self, slot: &Slot, held: &Occupancy) -> u32 {
        let own = slot.limit.saturating_sub(held.between(slot.start, slot.end));
        match slot.rule_slots {
            None => own,
            Some((first, last)) => own.min(self.rule_room(first, held)).min(self.rule_room(last, held)),
        }
    }

    #[inline]
    pub(super) fn rule_room(&self, index: u32, held: &Occupancy) -> u32 {
        // Every index was given out by the limiter that made the cells.
        self.rule_slots.get(index as usize).map_or(0, |cell| cell.room(held))
    }
}

/// The span of the slots that share an instant with a window, without those that begin before `known`.
fn whole_slots(zone: &Zone, minutes: u32, window: Interval, known: Timestamp) -> Interval {
    let mut first = slot_of(zone, minutes, window.start.max(known));
    if first.start < known {
        first = slot_of(zone, minutes, first.end);
    }
    let last_instant = Timestamp::from_millis(window.end.as_millis().saturating_sub(1));
    Interval::new(first.start, slot_of(zone, minutes, last_instant).end.max(first.start))
}

/// Works out limits slot by slot, in ascending order, remembering the rule slot it is in.
struct Limiter<'a> {
    zone: &'a Zone,
    capacity: &'a Capacity,
    cells: Vec<RuleCell>,
    /// The rule slot last looked at, with its number.
    current: Option<(GridSlot, u32)>,
}

impl<'a> Limiter<'a> {
    fn new(zone: &'a Zone, capacity: &'a Capacity) -> Self {
        Limiter { zone, capacity, cells: Vec::new(), current: None }
    }

    /// The places of an interval, and the rule slots that limit it besides ([callback-domain §5.3](crate::rules)).
    fn limits(&mut self, slot: &GridSlot) -> (u32, Option<(u32, u32)>) {
        let capacity = self.capacity;
        let Some(rule) = capacity.rule.as_deref() else { return (capacity.per_interval, None) };
        let interval = capacity.interval;
        if interval.minutes() > rule.slot().minutes() {
            return (self.sum(rule, slot.span), None);
        }
        let limits = |c| Limits::within(c, interval, rule.slot(), capacity.short_interval);
        let first = self.number_at(rule, slot.span.start);
        if capacity.second_limit().is_none() {
            return (limits(first).interval, None);
        }
        let first_index = self.cell_index();
        let straddles = self.current.is_some_and(|(cell, _)| cell.span.end < slot.span.end);
        if !straddles {
            return (limits(first).interval, Some((first_index, first_index)));
        }
        // Twenty minutes across two half hours: bound by the tighter of the two, so that every instant of the slot
        // can be booked when the slot is offered.
        let end = Timestamp::from_millis(slot.span.end.as_millis().saturating_sub(1));
        let last = self.number_at(rule, end);
        (limits(first.min(last)).interval, Some((first_index, self.cell_index())))
    }

    /// The rule's number at an instant.
    fn number_at(&mut self, rule: &CapacityRule, at: Timestamp) -> u32 {
        if let Some((cell, number)) = self.current
            && cell.span.contains(at)
        {
            return number;
        }
        let cell =
            GridSlots::over(self.zone, rule.slot().minutes(), Interval::new(at, Timestamp::MAX)).next();
        let Some(cell) = cell else { return 0 };
        let number = number_of(rule, &cell);
        self.current = Some((cell, number));
        number
    }

    /// The place among the cells of the rule slot last looked at.
    fn cell_index(&mut self) -> u32 {
        if let Some((cell, number)) = self.current {
            let start = UtcMinute::from(cell.span.start);
            if self.cells.last().is_none_or(|last| last.start < start) {
                self.cells.push(RuleCell { start, end: cell.span.end.into(), limit: number });
            }
        }
        // A table has far fewer rule slots than u32 can count: they are at least a minute long.
        u32::try_from(self.cells.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// The sum of the numbers of the rule slots that an interval covers.
    fn sum(&self, rule: &CapacityRule, span: Interval) -> u32 {
        let slot: RuleSlot = rule.slot();
        GridSlots::over(self.zone, slot.minutes(), span)
            .fold(0_u32, |sum, cell| sum.saturating_add(number_of(rule, &cell)))
    }
}

fn number_of(rule: &CapacityRule, cell: &GridSlot) -> u32 {
    // Always a date of chrono's: the label is within a day of an instant before the year 10000.
    chrono::DateTime::from_timestamp_millis(cell.label).map_or(0, |label| rule.places_at(label.naive_utc()))
}
