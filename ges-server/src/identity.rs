//! Local identities: tenants, their API keys and their browsers' origins, from the configuration file.
//!
//! Only SHA-256 hashes of keys are kept. A key is drawn at random with 256 bits, so a fast hash without salt is right:
//! there is nothing to guess. A key that is asked for is hashed and compared with every hash in constant time, so that
//! the time of an answer tells nothing about how close a guess was.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use ges_core::TenantId;
use ges_core::port::{Identity, StoreError};
use ges_http::OriginPattern;
use ges_upstream::captcha::{CaptchaSecret, CaptchaSecrets};
use ges_upstream::statistics::{StatisticsCredentials, StatisticsLogins};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// What is configured of one tenant besides its settings.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// The contact-centre id.
    pub id: TenantId,
    /// For people.
    pub name: String,
    /// The hashes of its API keys.
    pub keys: Vec<KeyHash>,
    /// From where its browsers may call.
    pub origins: Vec<OriginPattern>,
    /// Set when create demands a CAPTCHA token.
    pub captcha: Option<CaptchaSecret>,
    /// Set when statistics can be read.
    pub statistics: Option<StatisticsCredentials>,
}

/// The SHA-256 of an API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        KeyHash(Sha256::digest(key.as_bytes()).into())
    }
}

impl From<[u8; 32]> for KeyHash {
    fn from(hash: [u8; 32]) -> Self {
        KeyHash(hash)
    }
}

/// The tenants of this process; replaced as a whole when the configuration is read again.
#[derive(Debug, Default)]
pub struct LocalIdentities {
    tenants: RwLock<Arc<Tenants>>,
}

/// One state of the configuration.
#[derive(Debug, Default)]
struct Tenants {
    by_id: BTreeMap<TenantId, Arc<Tenant>>,
    /// Every key of every tenant; the owner is a place in `owners`.
    keys: Vec<(KeyHash, u32)>,
    owners: Vec<TenantId>,
}

impl LocalIdentities {
    /// These tenants. A later one of the same id replaces an earlier; the configuration refuses both that and a key
    /// of two tenants before it comes here.
    pub fn new(tenants: Vec<Tenant>) -> Self {
        LocalIdentities { tenants: RwLock::new(Arc::new(Tenants::of(tenants))) }
    }

    /// From now on these tenants.
    pub fn replace(&self, tenants: Vec<Tenant>) {
        let next = Arc::new(Tenants::of(tenants));
        *self.tenants.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// What is configured of a tenant.
    pub fn tenant(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        self.now().by_id.get(id).cloned()
    }

    /// All tenants in the order of their ids.
    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.now().by_id.values().cloned().collect()
    }

    fn now(&self) -> Arc<Tenants> {
        Arc::clone(&self.tenants.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tenants {
    fn of(tenants: Vec<Tenant>) -> Self {
        let mut all = Tenants::default();
        for tenant in tenants {
            // More than 2^32 tenants do not fit into a configuration file.
            let owner = u32::try_from(all.owners.len()).unwrap_or(u32::MAX);
            all.owners.push(tenant.id.clone());
            all.keys.extend(tenant.keys.iter().map(|key| (*key, owner)));
            all.by_id.insert(tenant.id.clone(), Arc::new(tenant));
        }
        all
    }

    fn owner_of(&self, key: &str) -> Option<&TenantId> {
        let asked = KeyHash::of(key);
        let mut owner = u32::MAX;
        let mut found = Choice::from(0);
        for (known, whose) in &self.keys {
            let equal = known.0.ct_eq(&asked.0);
            owner.conditional_assign(whose, equal);
            found |= equal;
        }
        if !bool::from(found) {
            return None;
        }
        self.owners.get(usize::try_from(owner).ok()?)
    }
}

#[async_trait]
impl Identity for LocalIdentities {
    async fn tenant_of(&self, api_key: &str) -> Result<Option<TenantId>, StoreError> {
        Ok(self.now().owner_of(api_key).cloned())
    }

    async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        Ok(self.now().by_id.contains_key(tenant))
    }

    async fn allows_origin(&self, tenant: Option<&TenantId>, origin: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let allows = |tenant: &Arc<Tenant>| tenant.origins.iter().any(|pattern| pattern.matches(origin));
        Ok(match tenant {
            Some(tenant) => now.by_id.get(tenant).is_some_and(allows),
            None => now.by_id.values().any(allows),
        })
    }
}

impl CaptchaSecrets for LocalIdentities {
    fn captcha(&self, tenant: &TenantId) -> Option<CaptchaSecret> {
        self.tenant(tenant)?.captcha.clone()
    }
}

impl StatisticsLogins for LocalIdentities {
    fn statistics(&self, tenant: &TenantId) -> Option<StatisticsCredentials> {
        self.tenant(tenant)?.statistics.clone()
    }
}

#[cfg(test)]
mod tests {
    use ges_core::testing::contract::identity::{self, IdentityUnderTest};

    use super::*;

    struct Configured;

    #[async_trait]
    impl IdentityUnderTest for Configured {
        async fn of(&self, tenants: &[identity::Tenant]) -> Arc<dyn Identity> {
            let configured = |known: &identity::Tenant| Tenant {
                origins: known.origins.iter().map(|origin| origin.parse().unwrap()).collect(),
                ..tenant(known.id, known.keys)
            };
            Arc::new(LocalIdentities::new(tenants.iter().map(configured).collect()))
        }
    }

    #[tokio::test]
    async fn configured_identities_keep_the_contract() {
        identity::run_all(&Configured).await.assert_complete();
    }

    fn tenant(id: &str, keys: &[&str]) -> Tenant {
        Tenant {
            id: id.into(),
            name: id.to_owned(),
            keys: keys.iter().map(|key| KeyHash::of(key)).collect(),
            origins: Vec::new(),
            captcha: None,
            statistics: None,
        }
    }

    #[test]
    fn every_key_leads_to_its_own_tenant_and_no_other_text_leads_anywhere() {
        let all = Tenants::of(vec![tenant("a", &["one", "two"]), tenant("b", &["three"])]);
        let owner = |key: &str| all.owner_of(key).map(TenantId::as_str);
        assert_eq!([owner("one"), owner("two"), owner("three")], [Some("a"), Some("a"), Some("b")]);
        for strange in ["", "on", "One", "one "] {
            assert_eq!(owner(strange), None, "{strange:?}");
        }
    }
}
