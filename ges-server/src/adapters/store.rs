//! What the server asks of a durable store beyond its ports: how it is configured and opened, and what an operator can do
//! with it. What a kind cannot do it refuses by name.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use ges_core::NodeId;
use ges_core::port::{CallInStore, CallbackStore, Clock, Peers, SettingsStore};
use ges_http::BoxError;
use ges_storage::redis::Presence;
use secrecy::SecretString;

use super::{STORES, one_of};
use crate::keys::{Key, Reader, Setting};

/// One kind of store, as `storage.kind` names it.
pub(crate) struct StoreKind {
    /// Its name.
    pub name: &'static str,
    /// Its keys.
    pub keys: fn() -> Vec<&'static Key>,
    /// Reads them; none after a mistake, which is noted.
    pub read: fn(&mut Reader<'_>) -> Option<Arc<dyn StoreConfig>>,
}

impl Setting for &'static StoreKind {
    fn parse(text: &str) -> Option<Self> {
        STORES.iter().find(|kind| kind.name == text)
    }
    fn expected() -> String {
        one_of(STORES.iter().map(|kind| kind.name))
    }
}

/// A store as it is configured, not yet open. `Debug` shows no secret.
#[async_trait]
pub trait StoreConfig: fmt::Debug + Send + Sync {
    /// Its kind, as `storage.kind` names it.
    fn kind(&self) -> &'static str;

    /// Secrets of its configuration, each with its key: none of a sample is used where strangers can come in.
    fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        Vec::new()
    }

    /// Opens it.
    ///
    /// # Errors
    /// [`StoreFailure`] says what is wrong with it, what to do, and whether it may come right by itself.
    async fn open(&self) -> Result<Stores, StoreFailure>;

    /// How it is. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be asked.
    async fn status(&self) -> Result<Status, StoreFailure>;

    /// Brings its schema to the version of this release.
    ///
    /// # Errors
    /// When it cannot be reached or migrated, and then nothing has changed; [`StoreFailure::Unable`] of a store that is
    /// not migrated by hand.
    async fn migrate(&self) -> Result<Migrated, StoreFailure> {
        Err(StoreFailure::unable(self.kind(), "migrate", "it brings itself up to date when it opens"))
    }
}

/// What only some kinds of open store can do.
#[async_trait]
pub trait Store: Send + Sync {
    /// Its kind, as `storage.kind` names it.
    fn kind(&self) -> &'static str;

    /// This process as one of the nodes that share the store; none of a store that one process has for itself.
    /// `presence` is this node among the others in Redis, if there is one.
    fn peers(&self, _node: &NodeId, _presence: Option<Arc<Presence>>) -> Option<Arc<dyn Peers>> {
        None
    }

    /// How long a good answer to a health check holds; long where each answer costs the store something.
    fn check_holds(&self) -> Duration {
        Duration::ZERO
    }

    /// Its file; none when it has none on this machine. A copy that the running server is asked for stands beside it.
    fn path(&self) -> Option<&Path> {
        None
    }

    /// Copies everything, as of one instant, to a file that does not exist yet, while the store is in use.
    ///
    /// # Errors
    /// When the copy cannot be written; [`StoreFailure::Unable`] of a store that is copied by other means.
    async fn backup(&self, _to: &Path) -> Result<(), StoreFailure> {
        Err(StoreFailure::unable(self.kind(), "backup", "`ges-server export` prints it as JSON"))
    }

    /// Hands out everything, as of one instant, as lines of JSON, and answers how many. The lines hold personal data;
    /// their form is that of [`ges_storage::import`].
    ///
    /// # Errors
    /// When the store cannot be read or `take` fails, and what was handed out by then is a part;
    /// [`StoreFailure::Unable`] of a store that keeps nothing.
    async fn export(&self, _take: Take) -> Result<u64, StoreFailure> {
        Err(StoreFailure::unable(self.kind(), "export", "its own tools have to do"))
    }

    /// Whether there is nothing in it: no callback, no call-in request, nothing published.
    ///
    /// # Errors
    /// As [`Store::export`].
    async fn is_empty(&self) -> Result<bool, StoreFailure> {
        let found = Arc::new(AtomicBool::new(false));
        let seen = found.clone();
        // The first line is enough; refusing it ends the export.
        let exported = self.export(Box::new(move |_| {
            seen.store(true, Ordering::Relaxed);
            Err(io::Error::other("one is enough"))
        }));
        match exported.await {
            _ if found.load(Ordering::Relaxed) => Ok(false),
            outcome => outcome.map(|_| true),
        }
    }
}

/// Takes the lines of an export.
pub type Take = Box<dyn FnMut(&str) -> io::Result<()> + Send>;

/// An open store, which is one thing behind three ports.
#[derive(Clone)]
pub struct Stores {
    /// Callbacks.
    pub callbacks: Arc<dyn CallbackStore>,
    /// Call-in requests.
    pub call_ins: Arc<dyn CallInStore>,
    /// Published settings.
    pub settings: Arc<dyn SettingsStore>,
    /// The time: one for all who share the store.
    pub clock: Arc<dyn Clock>,
    /// The store itself, for what only its kind can do.
    pub store: Arc<dyn Store>,
}

impl Stores {
    /// This store, which goes by this clock.
    pub fn of<S>(store: Arc<S>, clock: Arc<dyn Clock>) -> Self
    where
        S: CallbackStore + CallInStore + SettingsStore + Store + 'static,
    {
        let (callbacks, call_ins, settings) = (store.clone(), store.clone(), store.clone());
        Stores { callbacks, call_ins, settings, clock, store }
    }
}

/// How a store is, for a person and for a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Some lines for a person.
    pub text: String,
    /// Whether nobody needs to look.
    pub is_well: bool,
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was there, 0 for none.
    pub from: u32,
    /// The version that is there now.
    pub to: u32,
}

/// Why a store cannot be used, or does not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum StoreFailure {
    /// It cannot be used as configured.
    #[error("{place}")]
    Unusable {
        /// The key, and the value where it may be shown.
        place: String,
        /// Whether it may come right by itself: a database that is still starting.
        may_pass: bool,
        /// What is wrong.
        #[source]
        source: BoxError,
    },
    /// Stores of this kind do not do this.
    #[error("storage.kind = {kind}: {capability} is not for this store: {instead}")]
    Unable {
        /// The kind.
        kind: &'static str,
        /// What was asked for.
        capability: &'static str,
        /// Why not, and what to do instead.
        instead: &'static str,
    },
    /// It failed at its work.
    #[error("the store failed")]
    Failed(#[source] BoxError),
}

impl StoreFailure {
    /// A kind without this capability.
    pub(crate) fn unable(kind: &'static str, capability: &'static str, instead: &'static str) -> Self {
        StoreFailure::Unable { kind, capability, instead }
    }

    /// It failed at its work.
    pub(crate) fn failed(error: impl Into<BoxError>) -> Self {
        StoreFailure::Failed(error.into())
    }

    /// Whether it may come right by itself.
    pub fn may_pass(&self) -> bool {
        matches!(self, StoreFailure::Unusable { may_pass: true, .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Bare;

    #[async_trait]
    impl StoreConfig for Bare {
        fn kind(&self) -> &'static str {
            "bare"
        }
        async fn open(&self) -> Result<Stores, StoreFailure> {
            Err(StoreFailure::failed("nothing to open"))
        }
        async fn status(&self) -> Result<Status, StoreFailure> {
            Ok(Status { text: String::new(), is_well: true })
        }
    }

    #[async_trait]
    impl Store for Bare {
        fn kind(&self) -> &'static str {
            "bare"
        }
    }

    #[tokio::test]
    async fn what_a_kind_cannot_do_is_refused_by_name() {
        let to = Path::new("copy");
        let take: Take = Box::new(|_| Ok(()));
        let refusals = [
            ("migrate", Bare.migrate().await.map(|_| ())),
            ("backup", Bare.backup(to).await),
            ("export", Bare.export(take).await.map(|_| ())),
            ("export", Bare.is_empty().await.map(|_| ())),
        ];
        for (capability, refused) in refusals {
            let told = refused.unwrap_err().to_string();
            assert!(told.contains("storage.kind = bare") && told.contains(capability), "{told}");
        }
    }
}
