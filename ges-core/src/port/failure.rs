//! How a store fails, as distinct from a refusal of the domain.

use std::error::Error;

/// A store could not do what was asked. Nothing was changed, except where the variant says that it may have been.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, is full, or is read-only. Nothing was changed; the same call may succeed later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// It was asked, and the answer was lost: what was asked may have been done, or may still be. Every method of a store
    /// may be called again with the same arguments; a use case of the engine is safe to repeat where it says so.
    #[error("the store did not answer; what was asked may have been done")]
    OutcomeUnknown(#[source] Box<dyn Error + Send + Sync>),
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

    /// The answer of the store was lost for this reason.
    pub fn outcome_unknown(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        StoreError::OutcomeUnknown(source.into())
    }

    /// Whether what was asked may have been done.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, StoreError::OutcomeUnknown(_))
    }
}
