//! Booking under an id of the host's: the same wish again is answered with the record that is there.
//!
//! The record itself remembers, by its id and by the fingerprint of the wish it was booked from. There is no list of
//! answers beside it that could be lost, or that would have to be kept as long.

use super::{Accepted, Engine, EngineError, NewCallback, Refusal};
use crate::callback::{Callback, Fingerprint};
use crate::id::{CallbackId, TenantId};

impl Engine {
    /// Books unless the id is taken. To be called by one at a time for each id of a tenant: the next one then finds what
    /// the one before has booked. Other nodes do not wait; among them the store decides.
    pub(super) async fn book_once(
        &self,
        tenant: &TenantId,
        id: CallbackId,
        wish: NewCallback,
    ) -> Result<Accepted, EngineError> {
        let fingerprint = wish.fingerprint();
        // Before all else: what was accepted once stays so, whatever would be said today.
        if let Some(stored) = self.parts.callbacks.get(tenant, id).await? {
            return repeated(stored, fingerprint);
        }
        let refused = match self.book_anew(tenant, wish).await {
            Err(refused @ EngineError::Refused(_)) => refused,
            other => return other,
        };
        // Another node may have booked it in between, and taken the very place that was missing here.
        match self.parts.callbacks.get(tenant, id).await? {
            Some(stored) => repeated(stored, fingerprint),
            None => Err(refused),
        }
    }
}

/// The answer to a wish whose id is taken.
fn repeated(stored: Callback, fingerprint: Fingerprint) -> Result<Accepted, EngineError> {
    if stored.fingerprint == Some(fingerprint) {
        Ok(Accepted { callback: stored, repeated: true })
    } else {
        Err(Refusal::IdTaken.into())
    }
}
