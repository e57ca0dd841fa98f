//! What is published comes into force, whichever node published it.
//!
//! Nodes that share a store learn of each other's publications twice over: the node that publishes tells the others at
//! once ([`Peers::published`](crate::port::Peers::published)), and every node asks once a minute for the versions of all tenants
//! ([`Publications::catch_up`]). That is one query for any number of tenants, and it finds what a lost word did not tell.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::lock::{Mutex, MutexGuard};

use super::NotPublished;
use crate::engine::Engine;
use crate::id::TenantId;
use crate::port::{SettingsStore, StoreError};
use crate::settings::{Faults, Published, TenantSettings};

/// Makes the settings of a tenant from what is published for it.
type Judge = Box<dyn Fn(&TenantId, &Published) -> Result<TenantSettings, Faults> + Send + Sync>;

/// Puts published settings into force. Readers see the old settings of a tenant or the new, never a mix
/// ([invariant 39](crate::rules)).
pub struct Publications {
    engine: Arc<Engine>,
    store: Arc<dyn SettingsStore>,
    judge: Judge,
    /// Held from reading what is published to having it in force, so that nothing older comes after something newer.
    in_turn: Mutex<()>,
    /// Published versions that cannot be used on this node; tried again when there is another version.
    refused: RwLock<BTreeMap<TenantId, u64>>,
}

impl fmt::Debug for Publications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publications").finish_non_exhaustive()
    }
}

/// What one look at all published versions brought.
#[derive(Debug, Default)]
pub struct CaughtUp {
    /// How many tenants have other settings in force than before.
    pub in_force: usize,
    /// What cannot be used on this node. Each version is told once.
    pub unusable: Vec<Unusable>,
}

/// A published version that this node cannot use; the tenant keeps the settings it had.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unusable {
    /// The tenant it was published for.
    pub tenant: TenantId,
    /// The published version.
    pub version: u64,
    /// What is wrong with it.
    pub why: NotPublished,
}

impl Publications {
    /// Follows `store` for this engine. `judge` makes settings of what is published; a host whose settings come from a
    /// file takes a [`Publisher`](super::Publisher) instead.
    pub fn new(
        engine: Arc<Engine>,
        store: Arc<dyn SettingsStore>,
        judge: impl Fn(&TenantId, &Published) -> Result<TenantSettings, Faults> + Send + Sync + 'static,
    ) -> Self {
        Publications {
            engine,
            store,
            judge: Box::new(judge),
            in_turn: Mutex::default(),
            refused: RwLock::default(),
        }
    }

    /// Reads again what is published for a tenant, as another node may have published meanwhile, and puts it into force.
    ///
    /// # Errors
    /// When it cannot be used, or the store fails; the former settings stay in force.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: the former settings are in force then, or the new ones.
    pub async fn refresh(&self, tenant: &TenantId) -> Result<(), NotPublished> {
        let _turn = self.in_turn().await;
        let published = self.store.published(tenant).await?;
        let settings = (self.judge)(tenant, &published).map_err(NotPublished::Faults)?;
        self.engine.configure(settings);
        Ok(())
    }

    /// Puts into force what other nodes published meanwhile. What cannot be used changes nothing, for its own tenant and
    /// for all others.
    ///
    /// # Errors
    /// When the store fails; the same call may succeed later.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; the next call does the rest.
    pub async fn catch_up(&self) -> Result<CaughtUp, StoreError> {
        let mut caught_up = CaughtUp::default();
        for (tenant, version) in self.store.versions().await? {
            let known = self.engine.settings(&tenant).map(|settings| settings.version);
            if known.is_none_or(|known| known >= version) || self.is_refused(&tenant, version) {
                continue;
            }
            match self.refresh(&tenant).await {
                Ok(()) => caught_up.in_force += 1,
                Err(NotPublished::Store(error)) => return Err(error),
                Err(why) => caught_up.unusable.push(Unusable { tenant, version, why }),
            }
        }
        // Only now, so that what was found before the store failed is found and told again.
        let mut refused = self.refused.write().unwrap_or_else(PoisonError::into_inner);
        refused.extend(caught_up.unusable.iter().map(|of| (of.tenant.clone(), of.version)));
        Ok(caught_up)
    }

    /// Keeps others from putting settings into force meanwhile.
    pub(super) async fn in_turn(&self) -> MutexGuard<'_, ()> {
        self.in_turn.lock().await
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn store(&self) -> &dyn SettingsStore {
        &*self.store
    }

    fn is_refused(&self, tenant: &TenantId, version: u64) -> bool {
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        refused.get(tenant).is_some_and(|refused| *refused >= version)
    }
}
