//! The store of which nothing survives; for trials.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::memory::MemoryStore;
use ges_core::system::SystemClock;

use super::store::{Status, Store, StoreConfig, StoreFailure, StoreKind, Stores, Take};

const NAME: &str = "memory";

pub(super) const KIND: StoreKind = StoreKind { name: NAME, keys: Vec::new, read: |_| Some(Arc::new(Memory)) };

/// There is nothing to say about it.
#[derive(Debug)]
struct Memory;

#[async_trait]
impl StoreConfig for Memory {
    fn kind(&self) -> &'static str {
        NAME
    }

    async fn open(&self) -> Result<Stores, StoreFailure> {
        Ok(Stores::of(Arc::new(MemoryStore::default()), Arc::new(SystemClock)))
    }

    async fn status(&self) -> Result<Status, StoreFailure> {
        let text = format!("mode    {NAME}: nothing outlives the process\n");
        Ok(Status { text, is_well: true })
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn kind(&self) -> &'static str {
        NAME
    }

    async fn backup(&self, _: &std::path::Path) -> Result<(), StoreFailure> {
        Err(StoreFailure::unable(NAME, "backup", "nothing is kept that could be copied"))
    }

    async fn export(&self, _: Take) -> Result<u64, StoreFailure> {
        Err(StoreFailure::unable(NAME, "export", "nothing outlives the process"))
    }

    /// It is opened for this very question.
    async fn is_empty(&self) -> Result<bool, StoreFailure> {
        Ok(true)
    }
}
