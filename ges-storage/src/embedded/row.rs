//! What the file keeps of a record: its text, and the columns it is found and judged by.

use ges_core::callback::{Callback, StateName};
use ges_core::number::ComparisonNumber;
use ges_core::port::IndexEntry;
use ges_core::{CallbackId, Timestamp};
use rusqlite::Row;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use crate::record::whole;
pub(super) use crate::record::{packed, take_user_data, to_text, user_data_text, version};

/// Names one record of this file: the primary key of both tables.
pub(super) type Key = i64;

/// A state as a column.
pub(super) const fn code(state: StateName) -> i64 {
    match state {
        StateName::Scheduled => 0,
        StateName::Queued => 1,
        StateName::Routing => 2,
        StateName::Processing => 3,
        StateName::Completed => 4,
    }
}

/// The state of that code.
pub(super) fn state(of: i64) -> Option<StateName> {
    StateName::ALL.into_iter().find(|name| code(*name) == of)
}

/// Reads the columns `desired, number, version, state, place, waiting, wake, purge_at`, which begin at this one.
pub(super) fn index_entry(row: &Row<'_>, first: usize) -> rusqlite::Result<IndexEntry> {
    /// What none of our numbers stands for was not written by us.
    fn meant<T>(row: &Row<'_>, column: usize, of: impl FnOnce(i64) -> Option<T>) -> rusqlite::Result<T> {
        let stored = row.get(column)?;
        of(stored).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, stored))
    }
    let instant =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    Ok(IndexEntry {
        desired: Timestamp::from_millis(row.get(first)?),
        number: meant(row, first + 1, |packed| ComparisonNumber::from_packed(u64::try_from(packed).ok()?))?,
        version: meant(row, first + 2, |version| u64::try_from(version).ok())?,
        state: meant(row, first + 3, state)?,
        holds_place: row.get(first + 4)?,
        awaits_its_time: row.get(first + 5)?,
        wake_at: instant(first + 6)?,
        purge_at: instant(first + 7)?,
    })
}

/// An instant as a column.
pub(super) fn millis(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_millis)
}

/// A record from its text; `what` names it without personal data.
pub(super) fn from_text<T: DeserializeOwned>(
    text: &str,
    what: impl FnOnce() -> String,
) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Unreadable { what: what(), why: error.into() })
}

/// A callback from the columns `body, data`, which begin at this one.
pub(super) fn callback(row: &Row<'_>, first: usize, id: CallbackId) -> Result<Callback, Failure> {
    let (body, data) = (row.get_ref(first)?.as_str(), row.get_ref(first + 1)?.as_bytes_or_null());
    let (body, data) = (body.map_err(rusqlite::Error::from)?, data.map_err(rusqlite::Error::from)?);
    whole(body, data)
        .map_err(|error| Failure::Unreadable { what: format!("callback {id}"), why: error.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_code_of_its_own() {
        for name in StateName::ALL {
            assert_eq!(state(code(name)), Some(name));
        }
        assert_eq!(state(5), None);
    }

    #[test]
    fn a_text_that_is_no_record_is_not_repeated_in_the_error() {
        let error = from_text::<u32>("\"+15195550100\"", || "callback x".to_owned()).unwrap_err();
        let shown = format!("{error:?}") + &ges_core::port::StoreError::from(error).to_string();
        assert!(!shown.contains("1519"), "{shown}");
    }
}
