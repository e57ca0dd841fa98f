//! Everything a store holds, as lines of JSON.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ges_storage::embedded;
use ges_storage::postgres;

use crate::app::{StoreKind, Stores};

/// Why there is no export, or only a part of one.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Nothing is kept.
    #[error("storage.kind = memory: nothing outlives the process, so there is nothing to export")]
    NothingKept,
    /// The embedded store failed, or the taker did.
    #[error(transparent)]
    Embedded(#[from] embedded::ExportError),
    /// Postgres failed, or the taker did.
    #[error(transparent)]
    Postgres(#[from] postgres::ExportError),
}

/// Hands out everything, as of one instant, as lines of JSON, and answers how many; the form is that of
/// [`EmbeddedStore::export`](embedded::EmbeddedStore::export) for every store. The lines hold personal data.
///
/// # Errors
/// [`ExportError`]; what was handed out by then is a part.
pub async fn export(
    stores: &Stores,
    take: impl FnMut(&str) -> io::Result<()> + Send + 'static,
) -> Result<u64, ExportError> {
    match &stores.kind {
        StoreKind::Memory => Err(ExportError::NothingKept),
        StoreKind::Embedded(store) => Ok(store.export(take).await?),
        StoreKind::Postgres(store) => Ok(store.export(take).await?),
    }
}

/// Whether a store has nothing in it: no callback, no call-in request, nothing published.
///
/// # Errors
/// When it cannot be read.
pub async fn is_empty(stores: &Stores) -> Result<bool, ExportError> {
    let found = Arc::new(AtomicBool::new(false));
    let seen = found.clone();
    // The first line is enough; refusing it ends the export.
    let exported = export(stores, move |_| {
        seen.store(true, Ordering::Relaxed);
        Err(io::Error::other("one is enough"))
    });
    match exported.await {
        _ if found.load(Ordering::Relaxed) => Ok(false),
        Ok(_) | Err(ExportError::NothingKept) => Ok(true),
        Err(error) => Err(error),
    }
}
