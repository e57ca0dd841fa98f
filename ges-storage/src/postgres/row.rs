//! A record as the columns of its row.

use ges_core::callback::Callback;
use ges_core::port::{IndexEntry, StoreError};
use ges_core::{CallbackId, Timestamp};
use uuid::Uuid;

use super::failure::{Failure, Said};
use super::names::Keys;
use crate::record::{NotARecord, take_user_data, to_text, user_data_text, whole};

/// An instant that does not come.
pub(super) const NEVER: i64 = i64::MAX;
/// JSON of 10 KB takes an eighth less than at the usual level 3, for 50 µs instead of 20; beyond, time grows and room hardly
/// shrinks.
const LEVEL: i32 = 6;

/// A record to be written.
#[derive(Debug)]
pub(super) struct Entry {
    pub id: Uuid,
    pub keys: Keys,
    /// What it is found and judged by.
    pub index: IndexEntry,
    /// The record as JSON, without its user data.
    pub record: String,
    /// The user data, compressed; empty when there is none, absent when the stored one stays.
    pub data: Option<Vec<u8>>,
}

impl Entry {
    /// Turns the record into text, and its user data too unless that stays as it is stored.
    pub fn new(
        mut callback: Callback,
        keys: Keys,
        wake_at: Option<Timestamp>,
        keeps_user_data: bool,
    ) -> Result<Self, StoreError> {
        let user_data = take_user_data(&mut callback);
        let data = match keeps_user_data {
            true => None,
            false => Some(user_data_text(&user_data).map_err(StoreError::unavailable)?),
        };
        let compressed = |text: Option<String>| match text {
            Some(text) => zstd::bulk::compress(text.as_bytes(), LEVEL).map_err(StoreError::unavailable),
            None => Ok(Vec::new()),
        };
        Ok(Entry {
            id: callback.id.0,
            keys,
            index: IndexEntry::of(&callback, wake_at),
            record: to_text(&callback).map_err(StoreError::unavailable)?,
            data: data.map(compressed).transpose()?,
        })
    }

    /// Which record it is.
    pub fn key(&self) -> (Uuid, i32) {
        (self.id, self.keys.tenant)
    }
}

/// A record from the columns of its row.
pub(super) fn callback(id: CallbackId, record: &str, data: &[u8]) -> Result<Callback, Failure> {
    let data =
        match data.is_empty() {
            true => None,
            false => Some(zstd::stream::decode_all(data).map_err(|_| {
                Failure::Refused(Said::new("the user data of a record cannot be decompressed"))
            })?),
        };
    let unreadable = |why: NotARecord| Failure::Unreadable { what: format!("callback {id}"), why };
    whole(record, data.as_deref()).map_err(|error| unreadable(error.into()))
}

#[cfg(test)]
mod tests {
    use ges_core::testing::fixtures::{at, scheduled};
    use serde_json::json;

    use super::*;
    use crate::record::tests::user_data_written;

    #[test]
    fn user_data_that_stays_is_neither_encoded_nor_compressed() {
        let mut record = scheduled(1, at("18:00"));
        record.request_mut().user_data = json!({ "order": "word ".repeat(2_000) }).try_into().unwrap();
        let entry = |keeps| Entry::new(record.clone(), Keys { tenant: 1, service: 1 }, None, keeps).unwrap();
        let (kept, times) = user_data_written(|| entry(true));
        assert_eq!((kept.data, times), (None, 0));
        let (sent, times) = user_data_written(|| entry(false));
        assert_eq!(times, 1);
        assert_eq!(kept.record, sent.record, "the rest is the same");
        let whole = callback(record.id, &sent.record, &sent.data.unwrap()).unwrap();
        assert_eq!(whole, record);
    }
}
