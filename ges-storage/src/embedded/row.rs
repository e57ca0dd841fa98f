//! The columns a record is found and judged by, drawn from the record.

use ges_core::callback::{Callback, StateName};
use ges_core::slots::UtcMinute;
use ges_core::{CallbackId, Timestamp};
use rusqlite::Row;
use serde::de::DeserializeOwned;

use super::failure::Failure;
pub(super) use crate::record::{code, packed, state, to_text, version};

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
    fn a_text_that_is_no_record_is_not_repeated_in_the_error() {
        let error = from_text::<u32>("\"+15195550100\"", || "callback x".to_owned()).unwrap_err();
        let shown = format!("{error:?}") + &ges_core::port::StoreError::from(error).to_string();
        assert!(!shown.contains("1519"), "{shown}");
    }
}
