//! What the stream needs of the voice platform's Redis, whatever driver speaks to it.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;

use crate::BoxError;

/// The script that appends attempts, each unless it was appended before. Its head says what its keys and arguments are.
pub const APPEND: &str = include_str!("../../scripts/append.lua");

/// The Redis of the voice platform. The keys of one call lie in one slot of a cluster. Every call ends within a bounded
/// time, and is not repeated once it may have had an effect.
#[async_trait]
pub trait VoiceRedis: Send + Sync {
    /// Runs [`APPEND`] as one step. Answers for each attempt the id of its entry, or how Redis refused it.
    ///
    /// # Errors
    /// When there is no answer, or none of this script.
    ///
    /// # Cancel safety
    /// Dropped, the attempts may have been appended, or may still be, all in one step. Appended again, each is found
    /// and appended no second time.
    async fn append(
        &self,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<Vec<Result<String, VoiceFailure>>, VoiceFailure>;

    /// Which of these keys exist, in their order.
    ///
    /// # Errors
    /// When there is no answer.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; an adapter leaves nothing behind.
    async fn exist(&self, keys: &[&[u8]]) -> Result<Vec<bool>, VoiceFailure>;
}

/// Why the voice platform's Redis did not do what was asked. Sources name codes and conditions, never keys or values.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VoiceFailure {
    /// It is away, takes nothing at present, or its answer was lost: the same call may succeed later, and may have had
    /// its effect.
    #[error("the Redis of the voice platform is away")]
    Away(#[source] Arc<dyn Error + Send + Sync>),
    /// It will not do this; nothing was changed.
    #[error("the Redis of the voice platform refuses")]
    Refused(#[source] Arc<dyn Error + Send + Sync>),
}

impl VoiceFailure {
    /// The same call may succeed later.
    pub fn away(source: impl Into<BoxError>) -> Self {
        VoiceFailure::Away(source.into().into())
    }

    /// The same call would fail again.
    pub fn refused(source: impl Into<BoxError>) -> Self {
        VoiceFailure::Refused(source.into().into())
    }

    /// For an answer that is not one to what was asked.
    pub(super) fn unexpected() -> Self {
        VoiceFailure::refused("unexpected answer")
    }
}
