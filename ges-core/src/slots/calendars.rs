//! The instants of the worked examples; their calendars are those of the hours.

use crate::Timestamp;

pub(crate) use crate::hours::worked_examples::calendar;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// An instant of 2026-01-12, the day of most examples, by its UTC clock.
pub(crate) fn monday(clock: &str) -> Timestamp {
    at(&format!("2026-01-12T{}Z", if clock.len() == 5 { format!("{clock}:00") } else { clock.to_owned() }))
}
