//! The columns a record is found and judged by, drawn from the record.

use ges_core::callback::{Callback, StateName};
use ges_core::number::ComparisonNumber;
use ges_core::slots::UtcMinute;
use ges_core::{CallbackId, Timestamp};
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::Failure;

/// Names one record of this file: the primary key of both tables.
pub(super) type Key = i64;

/// What counts about a record besides who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extract {
    pub desired: i64,
    pub number: i64,
    pub version: i64,
    pub state: i64,
    pub place: bool,
    pub waiting: bool,
    pub wake: Option<i64>,
    pub purge_at: Option<i64>,
}

impl Extract {
    pub fn of(callback: &Callback, wake_at: Option<Timestamp>) -> Self {
        let unfinished = callback.is_unfinished();
        Extract {
            desired: callback.desired.as_millis(),
            number: packed(callback.request.number.comparison()),
            version: version(callback.version),
            state: code(callback.state.name()),
            place: callback.holds_place(),
            waiting: callback.state.name() == StateName::Scheduled && callback.pending_attempt().is_none(),
            wake: wake_at.map(Timestamp::as_millis),
            purge_at: (!unfinished).then(|| callback.purge_at().as_millis()),
        }
    }

    /// Reads the columns named by [`Extract::COLUMNS`], which begin at this one.
    pub fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        Ok(Extract {
            desired: row.get(first)?,
            number: row.get(first + 1)?,
            version: row.get(first + 2)?,
            state: row.get(first + 3)?,
            place: row.get(first + 4)?,
            waiting: row.get(first + 5)?,
            wake: row.get(first + 6)?,
            purge_at: row.get(first + 7)?,
        })
    }

    pub fn finished(&self) -> bool {
        self.state == code(StateName::Completed)
    }

    pub fn minute(&self) -> UtcMinute {
        Timestamp::from_millis(self.desired).into()
    }
}

/// A version as the file keeps it.
pub(super) fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The digits after a leading 1, which keeps leading zeros: sixteen digits fit.
pub(super) fn packed(number: ComparisonNumber) -> i64 {
    let digits = number.digits();
    digits.bytes().fold(1, |packed: i64, digit| {
        packed.saturating_mul(10).saturating_add(i64::from(digit.saturating_sub(b'0')))
    })
}

/// A state as the file keeps it.
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

/// A record as text.
pub(super) fn to_text<T: Serialize>(record: &T) -> Result<String, serde_json::Error> {
    serde_json::to_string(record)
}

/// A record from its text; `what` names it without personal data.
pub(super) fn from_text<T: DeserializeOwned>(
    text: &str,
    what: impl FnOnce() -> String,
) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Unreadable { what: what(), why: error.into() })
}

/// A callback from its text.
pub(super) fn callback(text: &str, id: CallbackId) -> Result<Callback, Failure> {
    from_text(text, || format!("callback {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_leading_zeros() {
        for (given, expected) in [("007", 1007), ("7 00", 1700), ("999999999999999", 1_999_999_999_999_999)] {
            let number: ComparisonNumber = given.parse().unwrap();
            assert_eq!(packed(number), expected, "{given}");
        }
    }

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
