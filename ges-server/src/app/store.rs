//! Opens the stores that the configuration asks for.

use std::path::PathBuf;
use std::sync::Arc;

use ges_core::memory::MemoryStore;
use ges_core::port::{CallInStore, CallbackStore, SettingsStore};
use ges_storage::embedded::{EmbeddedStore, OpenError, Options};

use crate::config::Storage;

/// The durable stores, which are one and the same thing behind three ports.
#[derive(Clone)]
pub struct Stores {
    /// Callbacks.
    pub callbacks: Arc<dyn CallbackStore>,
    /// Call-in requests.
    pub call_ins: Arc<dyn CallInStore>,
    /// Published settings.
    pub settings: Arc<dyn SettingsStore>,
    /// Set when it is the embedded one, which can be copied and exported.
    pub embedded: Option<Arc<EmbeddedStore>>,
}

/// Why the stores cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("storage.directory = {}: {source}", .directory.display())]
pub struct StoreNotOpened {
    directory: PathBuf,
    #[source]
    source: OpenError,
}

impl Stores {
    /// Opens them. Blocks until the file has been read: some tenths of a second for 100,000 records.
    ///
    /// # Errors
    /// [`StoreNotOpened`] says which directory, what is wrong with it, and what to do.
    pub fn open(storage: &Storage) -> Result<Self, StoreNotOpened> {
        match storage {
            Storage::Memory => Ok(Stores::of(Arc::new(MemoryStore::default()), None)),
            Storage::Embedded(directory) => {
                let store = EmbeddedStore::open(directory, Options::default())
                    .map_err(|source| StoreNotOpened { directory: directory.clone(), source })?;
                let store = Arc::new(store);
                Ok(Stores::of(store.clone(), Some(store)))
            }
        }
    }

    fn of<S>(store: Arc<S>, embedded: Option<Arc<EmbeddedStore>>) -> Self
    where
        S: CallbackStore + CallInStore + SettingsStore + 'static,
    {
        Stores { callbacks: store.clone(), call_ins: store.clone(), settings: store, embedded }
    }
}
