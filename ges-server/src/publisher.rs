//! Puts settings into force: what the settings file says, with what was published laid over it.
//!
//! Nodes that share a store learn of each other's publications twice over: whoever publishes tells the others at once
//! ([`Announce`]), and every node asks once a minute for the versions of all tenants ([`Publisher::catch_up`]), which is
//! one query whatever their number and finds what a lost word did not tell.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use ges_core::TenantId;
use ges_core::engine::Engine;
use ges_core::port::{PublishError, Published, SettingsStore, StoreError};
use ges_core::settings::{Change, Definitions, Faults, publish, settings_in_force};
use ges_core::zone::ZoneDatabase;
use tokio::sync::Mutex;

use crate::worker::chain;

/// How often a publication is decided anew when others publish meanwhile.
const TRIES: usize = 8;

/// Tells other nodes that something was published. A hint: who misses it learns it within a minute.
pub trait Announce: Send + Sync {
    /// This tenant's settings were published.
    fn published(&self, tenant: &TenantId);
}

/// Publishes and reloads. Readers see the old settings of a tenant or the new, never a mix (invariant 39).
pub struct Publisher {
    engine: Arc<Engine>,
    store: Arc<dyn SettingsStore>,
    zones: Arc<ZoneDatabase>,
    announce: Option<Arc<dyn Announce>>,
    files: RwLock<BTreeMap<TenantId, Definitions>>,
    /// Held from reading what is published to having it in force, so that nothing older comes after something newer.
    in_turn: Mutex<()>,
    /// Published versions that cannot be used with the file of this node; tried again when there is another.
    refused: RwLock<BTreeMap<TenantId, u64>>,
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
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a publication did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The version in force.
    pub version: u64,
    /// Whether anything changed; publishing the same twice changes nothing (invariant 40).
    pub changed: bool,
}

impl Publisher {
    /// A publisher that knows no settings file yet.
    pub fn new(engine: Arc<Engine>, store: Arc<dyn SettingsStore>, zones: Arc<ZoneDatabase>) -> Self {
        Publisher {
            engine,
            store,
            zones,
            announce: None,
            files: RwLock::default(),
            in_turn: Mutex::default(),
            refused: RwLock::default(),
        }
    }

    /// The same publisher, which tells others what it published.
    pub fn announcing(self, announce: Arc<dyn Announce>) -> Self {
        Publisher { announce: Some(announce), ..self }
    }

    /// Takes what the settings file says of a tenant, and puts it into force with what is published.
    ///
    /// # Errors
    /// When both together cannot be used, or the store fails; the former settings stay in force.
    pub async fn load(&self, tenant: &TenantId, file: Definitions) -> Result<(), NotPublished> {
        let _turn = self.in_turn.lock().await;
        self.put(tenant, file).await
    }

    async fn put(&self, tenant: &TenantId, file: Definitions) -> Result<(), NotPublished> {
        let published = self.store.published(tenant).await?;
        let settings =
            settings_in_force(tenant, &file, &published, &self.zones).map_err(NotPublished::Faults)?;
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), file);
        self.engine.configure(settings);
        Ok(())
    }

    /// Reads again what is published for a tenant, as another node may have done it, and puts it into force.
    ///
    /// # Errors
    /// As [`Publisher::load`].
    pub async fn refresh(&self, tenant: &TenantId) -> Result<(), NotPublished> {
        let _turn = self.in_turn.lock().await;
        self.put(tenant, self.file(tenant)).await
    }

    /// Puts into force what other nodes published meanwhile, of the tenants this node knows; answers of how many. What
    /// cannot be used is logged once and changes nothing, whatever becomes of the others.
    ///
    /// # Errors
    /// When the store fails; the same call may succeed later.
    pub async fn catch_up(&self) -> Result<usize, StoreError> {
        let mut caught_up = 0;
        for (tenant, version) in self.store.versions().await? {
            let known = self.engine.settings(&tenant).map(|settings| settings.version);
            let refused =
                || self.refused.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied();
            if known.is_none_or(|known| known >= version) || refused() >= Some(version) {
                continue;
            }
            match self.refresh(&tenant).await {
                Ok(()) => caught_up += 1,
                Err(NotPublished::Store(error)) => return Err(error),
                Err(error) => {
                    let cause = chain(&error);
                    tracing::error!(%tenant, version, %error, cause, "what another node published cannot be used here");
                    self.refused.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, version);
                }
            }
        }
        Ok(caught_up)
    }

    /// What is published for a tenant.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        self.store.published(tenant).await
    }

    /// Publishes a change: all of it or nothing. `change` is asked again when others published meanwhile, with what is
    /// published then.
    ///
    /// # Errors
    /// Every fault of every row, and a failing store.
    pub async fn publish(
        &self,
        tenant: &TenantId,
        change: impl Fn(&Published) -> Change,
    ) -> Result<Outcome, NotPublished> {
        let _turn = self.in_turn.lock().await;
        let file = self.file(tenant);
        for _ in 0..TRIES {
            let current = self.store.published(tenant).await?;
            let accepted = publish(tenant, &file, &current, &change(&current), &self.zones);
            let Some(accepted) = accepted.map_err(NotPublished::Faults)? else {
                return Ok(Outcome { version: current.version, changed: false });
            };
            let version = accepted.published.version;
            match self.store.publish(tenant, accepted.published).await {
                Ok(()) => {
                    self.engine.configure(accepted.settings);
                    if let Some(others) = &self.announce {
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

    fn file(&self, tenant: &TenantId) -> Definitions {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.get(tenant).cloned().unwrap_or_default()
    }
}
