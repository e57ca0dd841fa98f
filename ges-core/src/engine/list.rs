//! Listing and counting ([callback-domain §12](crate::rules)).

use super::{Engine, EngineError};
use crate::callback::{Callback, CancelledBy};
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::port::{Page, Query, Tally};

impl Engine {
    /// Records of a tenant, in the order of (desired time, id).
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn list(&self, query: Query) -> Result<Page, EngineError> {
        Ok(self.parts.callbacks.query(query).await?)
    }

    /// Unfinished callbacks by service and state; the watermark is [`Tally::active`].
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, EngineError> {
        Ok(self.parts.callbacks.tally(tenant).await?)
    }

    /// Cancels many callbacks as an administrator does; one that cannot be cancelled does not touch the others. Answers
    /// in the order of the ids.
    ///
    /// # Cancel safety
    /// Dropped, the callbacks before one of the ids are dealt with, those behind it are not, and that one is as after a
    /// dropped [`Engine::cancel`].
    pub async fn cancel_many(
        &self,
        tenant: &TenantId,
        ids: &[CallbackId],
    ) -> Vec<(CallbackId, Result<Callback, EngineError>)> {
        let mut answers = Vec::with_capacity(ids.len());
        for &id in ids {
            answers.push((id, self.cancel(tenant, id, CancelledBy::Administrator).await));
        }
        answers
    }

    /// Whether the stores work; for health reporting.
    ///
    /// # Errors
    /// What is wrong with the store of callbacks.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn check(&self) -> Result<(), EngineError> {
        Ok(self.parts.callbacks.check().await?)
    }
}
