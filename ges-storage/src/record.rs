//! What every store that keeps records as text does alike: numbers and versions as columns, and errors that do
//! not repeat the text.

use std::fmt;

use ges_core::callback::Callback;
use ges_core::number::ComparisonNumber;
use ges_core::user_data::UserData;
use serde::Serialize;

/// A version as the stores keep it.
pub(crate) fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// A number as the stores keep it; sixteen digits fit.
pub(crate) fn packed(number: ComparisonNumber) -> i64 {
    i64::try_from(number.packed()).unwrap_or(i64::MAX)
}

/// Takes the user data out of a record: most changes leave it as it is, so it is stored apart.
pub(crate) fn take_user_data(callback: &mut Callback) -> UserData {
    std::mem::take(&mut callback.request_mut().user_data)
}

/// User data as text; none when there is none.
pub(crate) fn user_data_text(data: &UserData) -> Result<Option<String>, serde_json::Error> {
    if data.is_empty() {
        return Ok(None);
    }
    #[cfg(test)]
    tests::WRITTEN.with(|times| times.set(times.get() + 1));
    serde_json::to_string(data).map(Some)
}

/// A record from the text of it and that of its user data.
pub(crate) fn whole(record: &str, user_data: Option<&[u8]>) -> Result<Callback, serde_json::Error> {
    let mut callback: Callback = serde_json::from_str(record)?;
    if let Some(text) = user_data {
        callback.request_mut().user_data = serde_json::from_slice(text)?;
    }
    Ok(callback)
}

/// A record as text.
pub(crate) fn to_text<T: Serialize>(record: &T) -> Result<String, serde_json::Error> {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, record)?;
    // Cannot fail: JSON is text.
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// A record without much user data has fewer bytes than this as text.
const USUAL_BYTES: usize = 768;

/// Why a text is no record: the parser's words without the text, which is personal.
#[derive(Debug)]
pub(crate) struct NotARecord {
    kind: serde_json::error::Category,
    column: usize,
}

impl From<serde_json::Error> for NotARecord {
    fn from(error: serde_json::Error) -> Self {
        NotARecord { kind: error.classify(), column: error.column() }
    }
}

impl fmt::Display for NotARecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            serde_json::error::Category::Data => "a field is missing or of another type",
            serde_json::error::Category::Eof => "the text ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
        };
        write!(f, "{what}, noticed at byte {}", self.column)
    }
}

impl std::error::Error for NotARecord {}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        /// How often user data was turned into text on this thread.
        pub(super) static WRITTEN: Cell<usize> = const { Cell::new(0) };
    }

    /// What the work answers, and how often it turned user data into text on this thread.
    pub fn user_data_written<T>(work: impl FnOnce() -> T) -> (T, usize) {
        let before = WRITTEN.get();
        let answer = work();
        (answer, WRITTEN.get() - before)
    }
}
