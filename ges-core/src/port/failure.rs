//! How a store fails, as distinct from a refusal of the domain.

use std::error::Error;

/// A store could not do what was asked. Nothing was changed unless the method says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, is full, or is read-only. The same call may succeed later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What it holds cannot be understood. A person has to look.
    #[error("the store holds something that cannot be read: {what}")]
    Corrupt {
        /// Which record or page, without personal data.
        what: String,
        /// The driver's error.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// The store is away for this reason.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        StoreError::Unavailable(source.into())
    }
}
