//! A record as the columns of its row.

use std::hash::{DefaultHasher, Hasher};

use ges_core::callback::Callback;
use ges_core::port::{IndexEntry, StoreError};
use ges_core::{CallbackId, Timestamp};
use uuid::Uuid;

use super::failure::{Failure, Said};
use super::names::Keys;
use crate::record::{NotARecord, code, packed, to_text, version};

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
    pub record: String,
    /// The user data as JSON; empty when there is none.
    pub data: Vec<u8>,
    /// Of the user data; 0 when there is none.
    pub hash: i64,
}

impl Entry {
    /// The record apart from its user data.
    pub fn new(mut callback: Callback, keys: Keys, wake_at: Option<Timestamp>) -> Result<Self, StoreError> {
        let user_data = std::mem::take(&mut callback.request.user_data);
        let data = match user_data.is_empty() {
            true => Vec::new(),
            false => serde_json::to_vec(&user_data).map_err(StoreError::unavailable)?,
        };
        Ok(Entry {
            id: callback.id.0,
            keys,
            index: IndexEntry::of(&callback, wake_at),
            record: to_text(&callback).map_err(StoreError::unavailable)?,
            hash: hash(&data),
            data,
        })
    }

    pub fn desired(&self) -> i64 {
        self.index.desired.as_millis()
    }

    pub fn number(&self) -> i64 {
        packed(self.index.number)
    }

    pub fn version(&self) -> i64 {
        version(self.index.version)
    }

    pub fn state(&self) -> i16 {
        i16::try_from(code(self.index.state)).unwrap_or(i16::MAX)
    }

    pub fn wake(&self) -> i64 {
        self.index.wake_at.map_or(NEVER, Timestamp::as_millis)
    }

    /// The minute its place is counted in.
    pub fn minute(&self) -> i32 {
        i32::try_from(self.index.minute().number()).unwrap_or(i32::MAX)
    }

    /// The user data as it is stored; empty when there is none.
    pub fn compressed(&self) -> Result<Vec<u8>, StoreError> {
        if self.data.is_empty() {
            return Ok(Vec::new());
        }
        zstd::bulk::compress(&self.data, LEVEL).map_err(StoreError::unavailable)
    }
}

/// Tells one text from another; 0 for none. When it differs between releases, data is written once more and no harm done.
fn hash(data: &[u8]) -> i64 {
    if data.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(data);
    hasher.finish().cast_signed().max(1 - i64::MAX)
}

/// A record from its row.
pub(super) fn callback(id: CallbackId, record: &str, data: &[u8]) -> Result<Callback, Failure> {
    let unreadable = |why: NotARecord| Failure::Unreadable { what: format!("callback {id}"), why };
    let mut callback: Callback = serde_json::from_str(record).map_err(|error| unreadable(error.into()))?;
    if !data.is_empty() {
        let data = zstd::stream::decode_all(data)
            .map_err(|_| Failure::Refused(Said::new("the user data of a record cannot be decompressed")))?;
        callback.request.user_data =
            serde_json::from_slice(&data).map_err(|error| unreadable(error.into()))?;
    }
    Ok(callback)
}
