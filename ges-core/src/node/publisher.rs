//! Settings from a file of this node, with what was published laid over them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Publications;
use crate::engine::Engine;
use crate::id::TenantId;
use crate::port::{Peers, PublishError, SettingsStore, StoreError};
use crate::settings::{Change, Definitions, Faults, Published, publish, settings_in_force};
use crate::zone::ZoneDatabase;

/// How often a publication is decided anew when others publish meanwhile.
const TRIES: usize = 8;

/// Loads the settings file of this node, and publishes.
pub struct Publisher {
    publications: Arc<Publications>,
    files: Arc<Files>,
    peers: Option<Arc<dyn Peers>>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher").finish_non_exhaustive()
    }
}

/// What the settings file says of each tenant.
struct Files {
    zones: Arc<ZoneDatabase>,
    of: RwLock<BTreeMap<TenantId, Definitions>>,
}

/// Why settings are not in force.
#[derive(Debug, thiserror::Error)]
pub enum NotPublished {
    /// They contradict themselves or each other; nothing was changed.
    #[error("the settings cannot be used")]
    Faults(#[source] Faults),
    /// Others published again and again; the same publication may succeed.
    #[error("others are publishing at the same time; try again")]
    Contended,
    /// The store failed; nothing was changed, or the outcome is not known.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a publication did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The version in force.
    pub version: u64,
    /// Whether anything changed; publishing the same twice changes nothing ([invariant 40](crate::rules)).
    pub changed: bool,
}

impl Publisher {
    /// A publisher that knows no settings file yet.
    pub fn new(engine: Arc<Engine>, store: Arc<dyn SettingsStore>, zones: Arc<ZoneDatabase>) -> Self {
        let files = Arc::new(Files { zones, of: RwLock::default() });
        let judge = {
            let files = files.clone();
            move |tenant: &TenantId, published: &Published| {
                settings_in_force(tenant, &files.get(tenant), published, &files.zones)
            }
        };
        Publisher { publications: Arc::new(Publications::new(engine, store, judge)), files, peers: None }
    }

    /// The same publisher, which tells others what it published.
    pub fn announcing(self, peers: Arc<dyn Peers>) -> Self {
        Publisher { peers: Some(peers), ..self }
    }

    /// What a node follows to have in force what others publish.
    pub fn publications(&self) -> &Arc<Publications> {
        &self.publications
    }

    /// Takes what the settings file says of a tenant, and puts it into force with what is published.
    ///
    /// # Errors
    /// When both together cannot be used, or the store fails; the former settings stay in force.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: the former settings are in force then, or the new ones.
    pub async fn load(&self, tenant: &TenantId, file: Definitions) -> Result<(), NotPublished> {
        let _turn = self.publications.in_turn().await;
        let published = self.publications.store().published(tenant).await?;
        let settings =
            settings_in_force(tenant, &file, &published, &self.files.zones).map_err(NotPublished::Faults)?;
        self.files.put(tenant, file);
        self.publications.engine().configure(settings);
        Ok(())
    }

    /// Reads again what is published for a tenant, and puts it into force; see [`Publications::refresh`].
    ///
    /// # Errors
    /// When it cannot be used, or the store fails; the former settings stay in force.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: the former settings are in force then, or the new ones.
    pub async fn refresh(&self, tenant: &TenantId) -> Result<(), NotPublished> {
        self.publications.refresh(tenant).await
    }

    /// What is published for a tenant.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// Reads only.
    pub async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        self.publications.store().published(tenant).await
    }

    /// Publishes a change: all of it or nothing. `change` is asked again when others published meanwhile, with what is
    /// published then.
    ///
    /// # Errors
    /// Every fault of every row, and a failing store.
    ///
    /// # Cancel safety
    /// Dropped while the store writes, the change may be published without being in force here; every node, this one
    /// too, puts it into force within a minute.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        change: impl Fn(&Published) -> Change,
    ) -> Result<Outcome, NotPublished> {
        let _turn = self.publications.in_turn().await;
        let file = self.files.get(tenant);
        let store = self.publications.store();
        for _ in 0..TRIES {
            let current = store.published(tenant).await?;
            let accepted = publish(tenant, &file, &current, &change(&current), &self.files.zones);
            let Some(accepted) = accepted.map_err(NotPublished::Faults)? else {
                return Ok(Outcome { version: current.version, changed: false });
            };
            let version = accepted.published.version;
            match store.publish(tenant, accepted.published).await {
                Ok(()) => {
                    self.publications.engine().configure(accepted.settings);
                    if let Some(others) = &self.peers {
                        others.published(tenant);
                    }
                    return Ok(Outcome { version, changed: true });
                }
                Err(PublishError::Stale) => {}
                Err(PublishError::Store(error)) => return Err(error.into()),
            }
        }
        Err(NotPublished::Contended)
    }
}

impl Files {
    fn get(&self, tenant: &TenantId) -> Definitions {
        self.of.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned().unwrap_or_default()
    }

    fn put(&self, tenant: &TenantId, file: Definitions) {
        self.of.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), file);
    }
}
