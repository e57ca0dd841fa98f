//! Guards as the database counts them.

use std::collections::HashMap;

use ges_core::port::Guard;

use crate::record::packed;

const MINUTE: i64 = 60_000;

/// Something that is counted, within one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Places of the minutes from the first up to the second.
    Minutes(i64, i64),
    /// Places of the instants from the first up to the second.
    Instants(i64, i64),
    /// Unfinished records of a number.
    Number(i64),
    /// Records QUEUED, ROUTING or PROCESSING.
    Active,
}

/// A guard, what it counts, and the count at which it does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub guard: Guard,
    pub what: What,
    pub limit: i64,
}

impl Bound {
    pub fn of(guard: Guard) -> Self {
        let (what, limit) = match &guard {
            Guard::Places(places) => {
                (range(places.range.start.as_millis(), places.range.end.as_millis()), places.limit)
            }
            Guard::Number { comparison, limit } => (What::Number(packed(*comparison)), *limit),
            Guard::Active { limit } => (What::Active, *limit),
        };
        Bound { guard, what, limit: i64::from(limit) }
    }
}

/// Whole minutes are counted by the minute. The first minute also holds what came before 1970 and the last what comes
/// after the year 6053, so there, and within a minute, the records themselves are counted.
fn range(start: i64, end: i64) -> What {
    let whole = start % MINUTE == 0 && end % MINUTE == 0;
    if start >= MINUTE && whole && start <= end && end / MINUTE < i64::from(i32::MAX) {
        What::Minutes(start / MINUTE, end / MINUTE)
    } else {
        What::Instants(start, end)
    }
}

/// Counters as the parameters of a statement, each once.
#[derive(Debug, Default)]
pub(super) struct Counters {
    index: HashMap<(i32, What), usize>,
    pub services: Vec<i32>,
    pub kinds: Vec<i16>,
    pub low: Vec<i64>,
    pub high: Vec<i64>,
    /// Each holds while fewer than this are counted in the database.
    pub rooms: Vec<i64>,
}

impl Counters {
    /// Enters a counter, and answers its place; one that is there keeps the smaller room.
    pub fn enter(&mut self, service: i32, bound: &Bound) -> usize {
        let Bound { what, limit, .. } = *bound;
        if let Some(&place) = self.index.get(&(service, what)) {
            if let What::Number(_) = what
                && let Some(high) = self.high.get_mut(place)
            {
                *high = (*high).max(limit.saturating_add(1));
            }
            return place;
        }
        self.index.insert((service, what), self.services.len());
        self.append(service, bound)
    }

    /// Enters a counter whether it is there or not.
    pub fn append(&mut self, service: i32, bound: &Bound) -> usize {
        let (kind, low, high) = match bound.what {
            What::Minutes(first, end) => (0, first, end),
            What::Instants(start, end) => (1, start, end),
            // Counted no further than needed: one beyond, because the record itself may be among them.
            What::Number(number) => (2, number, bound.limit.saturating_add(1)),
            What::Active => (3, 0, 0),
        };
        self.services.push(service);
        self.kinds.push(kind);
        self.low.push(low);
        self.high.push(high);
        self.rooms.push(i64::MAX);
        self.services.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_minutes_of_the_counted_years_are_counted_by_the_minute() {
        assert_eq!(range(60_000, 180_000), What::Minutes(1, 3));
        assert_eq!(range(60_000, 60_000), What::Minutes(1, 1));
        for (start, end) in
            [(0, 60_000), (60_001, 120_000), (60_000, 119_999), (-60_000, 60_000), (120_000, 60_000)]
        {
            assert_eq!(range(start, end), What::Instants(start, end));
        }
        let last = i64::from(i32::MAX) * MINUTE;
        assert_eq!(range(60_000, last), What::Instants(60_000, last));
    }
}
