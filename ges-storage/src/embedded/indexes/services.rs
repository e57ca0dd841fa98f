//! Places and tallies, counted by service.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use ges_core::callback::StateName;
use ges_core::port::{IndexEntry, Tally};
use ges_core::slots::UtcMinute;

use super::ServiceKey;

/// What is counted of every service.
#[derive(Default)]
pub(in crate::embedded) struct Services {
    by_key: HashMap<ServiceKey, OfService>,
}

#[derive(Default)]
struct OfService {
    cells: BTreeMap<UtcMinute, Cell>,
    tally: Tally,
}

/// One minute of one service; minutes without any record are not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Records that hold a place.
    pub places: i64,
    /// Records that are SCHEDULED without a pending hand-over.
    pub waiting: i64,
}

impl Cell {
    pub fn of(entry: &IndexEntry, sign: i64) -> Self {
        Cell { places: i64::from(entry.holds_place) * sign, waiting: i64::from(entry.awaits_its_time) * sign }
    }

    pub fn add(&mut self, other: Cell) {
        self.places += other.places;
        self.waiting += other.waiting;
    }
}

impl Services {
    /// Counts a record in (`sign` 1) or out (-1).
    pub fn count(&mut self, service: ServiceKey, entry: &IndexEntry, sign: i64) {
        self.add_cell(service, entry.minute(), Cell::of(entry, sign));
        self.add_state(service, entry.state, sign);
    }

    pub(super) fn add_cell(&mut self, service: ServiceKey, minute: UtcMinute, change: Cell) {
        if change == Cell::default() {
            return;
        }
        let cells = &mut self.by_key.entry(service).or_default().cells;
        let cell = cells.entry(minute).or_default();
        cell.add(change);
        if *cell == Cell::default() {
            cells.remove(&minute);
        }
    }

    pub(super) fn add_state(&mut self, service: ServiceKey, of: StateName, change: i64) {
        let tally = &mut self.by_key.entry(service).or_default().tally;
        if let Some(count) = tally.count(of) {
            *count = count.saturating_add_signed(change);
        }
    }

    pub fn tally(&self, service: ServiceKey) -> Tally {
        self.by_key.get(&service).map(|known| known.tally).unwrap_or_default()
    }

    /// The minutes of a range in which places are held.
    pub fn places(
        &self,
        service: ServiceKey,
        minutes: Range<UtcMinute>,
    ) -> impl Iterator<Item = (UtcMinute, u32)> {
        let known = self.by_key.get(&service).filter(|_| minutes.start < minutes.end);
        known.into_iter().flat_map(move |known| known.cells.range(minutes.clone())).filter_map(
            |(minute, cell)| {
                let places = u32::try_from(cell.places).ok()?;
                (places > 0).then_some((*minute, places))
            },
        )
    }

    /// The first minute in which a record waits to be handed over.
    pub fn first_waiting(&self, service: ServiceKey) -> Option<UtcMinute> {
        let cells = &self.by_key.get(&service)?.cells;
        cells.iter().find(|(_, cell)| cell.waiting > 0).map(|(minute, _)| *minute)
    }
}
