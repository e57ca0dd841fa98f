//! The store in one file of this machine, which one process has for itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ges_core::system::SystemClock;
use ges_storage::embedded::{EmbeddedStore, OpenError, Options};

use super::store::{Status, Store, StoreConfig, StoreFailure, StoreKind, Stores, Take};
use crate::keys::{Key, Reader};

const DIRECTORY: Key =
    Key::new("storage.directory", "./ges-data", "The directory of the embedded store; created when missing.");

const NAME: &str = "embedded";

pub(super) const KIND: StoreKind = StoreKind { name: NAME, keys: || vec![&DIRECTORY], read };

fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn StoreConfig>> {
    let directory: PathBuf = reader.read(&DIRECTORY)?;
    Some(Arc::new(Embedded { directory }))
}

/// The store in this directory.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Where its files are.
    pub directory: PathBuf,
}

impl Embedded {
    /// Blocks until the file has been read: some tenths of a second for 100,000 records.
    fn opened(&self) -> Result<EmbeddedStore, OpenError> {
        EmbeddedStore::open(&self.directory, Options::default())
    }

    fn unusable(&self, error: OpenError) -> StoreFailure {
        let place = format!("{} = {}", DIRECTORY.name, self.directory.display());
        StoreFailure::Unusable { place, may_pass: false, source: error.into() }
    }
}

#[async_trait]
impl StoreConfig for Embedded {
    fn kind(&self) -> &'static str {
        NAME
    }

    async fn open(&self) -> Result<Stores, StoreFailure> {
        let store = self.opened().map_err(|error| self.unusable(error))?;
        Ok(Stores::of(Arc::new(store), Arc::new(SystemClock)))
    }

    /// Somebody has to look when no process has the files open.
    async fn status(&self) -> Result<Status, StoreFailure> {
        let (is_well, node) = match self.opened() {
            Ok(_) => (false, "none has the store open".to_owned()),
            Err(OpenError::Locked { holder, .. }) => {
                let process = holder.map_or_else(String::new, |process| format!(", process {process}"));
                (true, format!("one has the store open{process}"))
            }
            Err(error) => return Err(self.unusable(error)),
        };
        Ok(Status { text: format!("mode    {NAME}\nnode    {node}\n"), is_well })
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn path(&self) -> Option<&Path> {
        Some(self.path())
    }

    async fn backup(&self, to: &Path) -> Result<(), StoreFailure> {
        self.backup(to.to_owned()).await.map_err(StoreFailure::failed)
    }

    async fn export(&self, take: Take) -> Result<u64, StoreFailure> {
        self.export(take).await.map_err(StoreFailure::failed)
    }
}
