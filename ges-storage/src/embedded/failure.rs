//! How a failed statement becomes the port's error.

use ges_core::port::StoreError;
use rusqlite::ErrorCode;

use crate::record::NotARecord;

/// A piece of work could not be done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database says no.
    Sql(rusqlite::Error),
    /// A record is there but cannot be understood.
    Unreadable { what: String, why: NotARecord },
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Sql(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreadable { what, why } => StoreError::Corrupt { what, source: Box::new(why) },
            Failure::Sql(error) if is_damage(&error) => {
                StoreError::Corrupt { what: "the embedded file".to_owned(), source: Box::new(error) }
            }
            Failure::Sql(error) => StoreError::unavailable(error),
        }
    }
}

/// Whether the error means that the file contradicts itself, or that a column holds what it never should.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(error, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..))
}

/// The store has been closed, or its thread is gone.
#[derive(Debug, thiserror::Error)]
#[error("the embedded store is closed")]
pub(super) struct Closed;
