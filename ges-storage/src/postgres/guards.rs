//! Guards as the database counts them (`api/postgres/counts.sql`).

use std::collections::HashMap;

use ges_core::port::Guard;
use postgres_types::ToSql;

use super::words::GuardKind;
use crate::record::packed;

const MINUTE: i64 = 60_000;

/// A guard as a parameter: the type `guard` of the database.
#[derive(Clone, Debug, PartialEq, Eq, ToSql)]
#[postgres(name = "guard")]
pub(super) struct Counter {
    pub service: i32,
    pub kind: GuardKind,
    pub low: i64,
    pub high: i64,
    /// It holds while fewer than this are counted in the database.
    pub room: i64,
}

impl Counter {
    /// The guard of a record of that service.
    pub fn of(service: i32, guard: &Guard) -> Self {
        let (kind, low, high) = match guard {
            Guard::Places(places) => range(places.range.start.as_millis(), places.range.end.as_millis()),
            // Counted no further than needed: one beyond, because the record itself may be among them.
            Guard::Number { comparison, limit } => {
                (GuardKind::Number, packed(*comparison), i64::from(*limit).saturating_add(1))
            }
            Guard::Active { .. } => (GuardKind::Active, 0, 0),
        };
        Counter { service, kind, low, high, room: limit(guard) }
    }

    /// What is counted, however many may be there.
    fn what(&self) -> (i32, GuardKind, i64, i64) {
        let high = if self.kind == GuardKind::Number { 0 } else { self.high };
        (self.service, self.kind, self.low, high)
    }
}

/// The count at which a guard does not hold any more.
pub(super) fn limit(guard: &Guard) -> i64 {
    i64::from(match guard {
        Guard::Places(places) => places.limit,
        Guard::Number { limit, .. } | Guard::Active { limit } => *limit,
    })
}

/// Whole minutes are counted by the minute. The first minute also holds what came before 1970 and the last what comes
/// after the year 6053, so there, and within a minute, the records themselves are counted.
fn range(start: i64, end: i64) -> (GuardKind, i64, i64) {
    let whole = start % MINUTE == 0 && end % MINUTE == 0;
    if start >= MINUTE && whole && start <= end && end / MINUTE < i64::from(i32::MAX) {
        (GuardKind::Minutes, start / MINUTE, end / MINUTE)
    } else {
        (GuardKind::Instants, start, end)
    }
}

/// The counters of a batch, each once.
#[derive(Debug, Default)]
pub(super) struct Counters {
    places: HashMap<(i32, GuardKind, i64, i64), usize>,
    pub all: Vec<Counter>,
}

impl Counters {
    /// Enters what a guard counts, and answers its place. It needs no room yet.
    pub fn enter(&mut self, service: i32, guard: &Guard) -> usize {
        let counter = Counter::of(service, guard);
        let next = self.all.len();
        let place = *self.places.entry(counter.what()).or_insert(next);
        match self.all.get_mut(place) {
            Some(known) => known.high = known.high.max(counter.high),
            None => self.all.push(Counter { room: i64::MAX, ..counter }),
        }
        place
    }

    /// A guard needs this much room.
    pub fn need(&mut self, place: usize, room: i64) {
        if let Some(counter) = self.all.get_mut(place) {
            counter.room = counter.room.min(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_minutes_of_the_counted_years_are_counted_by_the_minute() {
        assert_eq!(range(60_000, 180_000), (GuardKind::Minutes, 1, 3));
        assert_eq!(range(60_000, 60_000), (GuardKind::Minutes, 1, 1));
        for (start, end) in
            [(0, 60_000), (60_001, 120_000), (60_000, 119_999), (-60_000, 60_000), (120_000, 60_000)]
        {
            assert_eq!(range(start, end), (GuardKind::Instants, start, end));
        }
        let last = i64::from(i32::MAX) * MINUTE;
        assert_eq!(range(60_000, last), (GuardKind::Instants, 60_000, last));
    }

    #[test]
    fn numbers_are_counted_as_far_as_the_largest_limit_needs() {
        let comparison = "15195550100".parse().unwrap();
        let mut counters = Counters::default();
        let places = [3, 7, 5].map(|limit| counters.enter(1, &Guard::Number { comparison, limit }));
        assert_eq!(places, [0; 3]);
        assert_eq!(counters.enter(2, &Guard::Number { comparison, limit: 1 }), 1, "of another service");
        assert_eq!(counters.all[0].high, 8);
    }
}
