//! One contract, all identities: what the port promises, as cases that any adapter can run.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use ges_core::TenantId;
//! use ges_core::port::{Identity, StoreError};
//! use ges_core::testing::contract::identity::{IdentityUnderTest, Tenant, run_all};
//!
//! struct Listed;
//! struct List(Vec<Tenant>);
//!
//! #[async_trait::async_trait]
//! impl IdentityUnderTest for Listed {
//!     async fn of(&self, tenants: &[Tenant]) -> Arc<dyn Identity> {
//!         Arc::new(List(tenants.to_vec()))
//!     }
//! }
//!
//! #[async_trait::async_trait]
//! impl Identity for List {
//!     async fn tenant_of(&self, api_key: &str) -> Result<Option<TenantId>, StoreError> {
//!         // A real one compares hashes, and in constant time.
//!         let found = self.0.iter().find(|tenant| tenant.keys.contains(&api_key));
//!         Ok(found.map(|tenant| tenant.id.into()))
//!     }
//!     async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError> {
//!         Ok(self.0.iter().any(|known| known.id == tenant.as_str()))
//!     }
//!     async fn allows_origin(&self, tenant: Option<&TenantId>, origin: &str) -> Result<bool, StoreError> {
//!         let asked = |known: &&Tenant| tenant.is_none_or(|tenant| known.id == tenant.as_str());
//!         Ok(self.0.iter().filter(asked).any(|known| known.origins.contains(&origin)))
//!     }
//! }
//!
//! pollster::block_on(run_all(&Listed)).assert_complete();
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::report::{self, IntoOutcome, Missing, Outcome, Report};
use crate::id::TenantId;
use crate::port::Identity;

/// An adapter that wants to be held to the contract.
#[async_trait]
pub trait IdentityUnderTest: Send + Sync {
    /// An identity that knows these tenants and no other. Called once for each case.
    async fn of(&self, tenants: &[Tenant]) -> Arc<dyn Identity>;
}

/// What is to be known of a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: &'static str,
    /// Its API keys, in the clear.
    pub keys: &'static [&'static str],
    /// The origins from which its browsers may call, each meant as it is written.
    pub origins: &'static [&'static str],
}

/// One promise and how to see whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, such as `no_other_text_is_a_key`.
    pub name: &'static str,
    /// Panics when the promise is broken.
    pub run: for<'a> fn(&'a dyn Identity) -> BoxFuture<'a, Result<(), Missing>>,
}

macro_rules! cases {
    ($($case:ident)+) => {
        /// Every case of the contract.
        pub const CASES: &[Case] = &[
            $(Case {
                name: stringify!($case),
                run: |identity| Box::pin($case(identity).map(IntoOutcome::into_outcome)),
            },)+
        ];
    };
}

cases! {
    every_key_leads_to_its_tenant
    no_other_text_is_a_key
    only_known_tenants_exist
    an_origin_is_allowed_to_its_tenant_alone
    without_a_tenant_the_origins_of_all_are_allowed
    no_other_text_is_an_origin
    a_tenant_nobody_knows_allows_nothing
}

/// Runs every case, each with an identity of its own.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub async fn run_all(under: &dyn IdentityUnderTest) -> Report {
    report::run(CASES.iter().map(|case| (case.name, in_fresh(under, case)))).await
}

fn in_fresh<'a>(under: &'a dyn IdentityUnderTest, case: &'a Case) -> BoxFuture<'a, Outcome> {
    Box::pin(async {
        let identity = under.of(&TENANTS).await;
        (case.run)(identity.as_ref()).await
    })
}

/// Two that have something in common: a beginning of a key, and of an origin.
const TENANTS: [Tenant; 3] = [
    Tenant { id: "acme", keys: &["k-acme-1", "k-acme-2"], origins: &["https://www.acme.example"] },
    Tenant {
        id: "acme-2",
        keys: &["k-acme-11"],
        origins: &["https://www.acme.example:8443", "https://shop.example"],
    },
    // One without keys and origins is a tenant all the same.
    Tenant { id: "quiet", keys: &[], origins: &[] },
];

async fn every_key_leads_to_its_tenant(identity: &dyn Identity) {
    for tenant in TENANTS {
        for key in tenant.keys {
            assert_eq!(owner(identity, key).await, Some(tenant.id.into()), "{key}");
        }
    }
}

async fn no_other_text_is_a_key(identity: &dyn Identity) {
    let long = "k-acme-1".repeat(10_000);
    for key in [
        "",
        "k-acme",
        "k-acme-",
        "k-acme-12",
        "k-acme-1 ",
        " k-acme-1",
        "K-ACME-1",
        "acme",
        "k-acme-1\0",
        &long,
    ] {
        assert_eq!(owner(identity, key).await, None, "{}", &key[..key.len().min(12)]);
    }
}

async fn only_known_tenants_exist(identity: &dyn Identity) {
    for tenant in TENANTS {
        assert!(exists(identity, tenant.id).await, "{}", tenant.id);
    }
    for id in ["", "acm", "acme ", "acme-", "acme-22", "k-acme-1"] {
        assert!(!exists(identity, id).await, "{id}");
    }
}

async fn an_origin_is_allowed_to_its_tenant_alone(identity: &dyn Identity) {
    for tenant in TENANTS {
        for other in TENANTS {
            for origin in other.origins {
                let expected = tenant.id == other.id;
                assert_eq!(
                    allows(identity, Some(tenant.id), origin).await,
                    expected,
                    "{} {origin}",
                    tenant.id
                );
            }
        }
    }
}

async fn without_a_tenant_the_origins_of_all_are_allowed(identity: &dyn Identity) {
    for origin in TENANTS.iter().flat_map(|tenant| tenant.origins) {
        assert!(allows(identity, None, origin).await, "{origin}");
    }
}

async fn no_other_text_is_an_origin(identity: &dyn Identity) {
    let others = [
        "",
        "null",
        "*",
        "http://www.acme.example",
        "https://acme.example",
        "https://www.acme.example:443443",
        "https://www.acme.example.evil.example",
        "https://evil.example/https://www.acme.example",
        "https://www-acme.example",
    ];
    for origin in others {
        for tenant in [Some("acme"), Some("acme-2"), Some("quiet"), None] {
            assert!(!allows(identity, tenant, origin).await, "{tenant:?} {origin}");
        }
    }
}

async fn a_tenant_nobody_knows_allows_nothing(identity: &dyn Identity) {
    for origin in TENANTS.iter().flat_map(|tenant| tenant.origins) {
        assert!(!allows(identity, Some("nobody"), origin).await, "{origin}");
    }
}

async fn owner(identity: &dyn Identity, key: &str) -> Option<TenantId> {
    identity.tenant_of(key).await.expect("tenant_of")
}

async fn exists(identity: &dyn Identity, tenant: &str) -> bool {
    identity.exists(&tenant.into()).await.expect("exists")
}

async fn allows(identity: &dyn Identity, tenant: Option<&str>, origin: &str) -> bool {
    let tenant = tenant.map(TenantId::from);
    identity.allows_origin(tenant.as_ref(), origin).await.expect("allows_origin")
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::port::StoreError;

    /// What is wrong with an identity.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        None,
        /// A key that begins like a known one is taken for it.
        TakesPrefixes,
        /// Every origin of anybody is good for everybody.
        MixesOrigins,
        /// An origin that begins like a known one is taken for it.
        TakesOriginsThatBeginSo,
        /// Whoever asks for a tenant is told that it exists.
        InventsTenants,
        /// Only the first key of a tenant counts.
        KnowsOneKey,
        /// Without a tenant nothing is allowed.
        NeedsATenant,
    }

    struct List(Fault, Vec<Tenant>);

    #[async_trait]
    impl IdentityUnderTest for Fault {
        async fn of(&self, tenants: &[Tenant]) -> Arc<dyn Identity> {
            Arc::new(List(*self, tenants.to_vec()))
        }
    }

    #[async_trait]
    impl Identity for List {
        async fn tenant_of(&self, api_key: &str) -> Result<Option<TenantId>, StoreError> {
            let List(fault, tenants) = self;
            let is = |known: &&str| match fault {
                Fault::TakesPrefixes => api_key.starts_with(known),
                _ => *known == api_key,
            };
            let keys = if *fault == Fault::KnowsOneKey { 1 } else { usize::MAX };
            // The longest that fits, so that no key is taken for another's.
            let fits = tenants.iter().filter_map(|tenant| {
                let longest = tenant.keys.iter().take(keys).filter(|key| is(key)).map(|key| key.len()).max();
                longest.map(|length| (length, tenant.id))
            });
            Ok(fits.max().map(|(_, id)| id.into()))
        }
        async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError> {
            let known = self.1.iter().any(|known| known.id == tenant.as_str());
            Ok(known || self.0 == Fault::InventsTenants)
        }
        async fn allows_origin(&self, tenant: Option<&TenantId>, origin: &str) -> Result<bool, StoreError> {
            let List(fault, tenants) = self;
            if *fault == Fault::NeedsATenant && tenant.is_none() {
                return Ok(false);
            }
            let asked = |known: &&Tenant| {
                *fault == Fault::MixesOrigins || tenant.is_none_or(|tenant| known.id == tenant.as_str())
            };
            let is = |known: &&str| match fault {
                Fault::TakesOriginsThatBeginSo => origin.starts_with(known),
                _ => *known == origin,
            };
            Ok(tenants.iter().filter(asked).any(|known| known.origins.iter().any(&is)))
        }
    }

    #[test]
    fn each_fault_breaks_its_own_promises() {
        let names = || CASES.iter().map(|case| case.name);
        let broken = |fault: Fault| report::tests::broken(|| block_on(run_all(&fault)), names());
        assert_eq!(broken(Fault::None), [""; 0]);
        assert_eq!(broken(Fault::TakesPrefixes), ["no_other_text_is_a_key"]);
        assert_eq!(
            broken(Fault::MixesOrigins),
            ["an_origin_is_allowed_to_its_tenant_alone", "a_tenant_nobody_knows_allows_nothing"]
        );
        let begin_so = ["an_origin_is_allowed_to_its_tenant_alone", "no_other_text_is_an_origin"];
        assert_eq!(broken(Fault::TakesOriginsThatBeginSo), begin_so);
        assert_eq!(broken(Fault::InventsTenants), ["only_known_tenants_exist"]);
        assert_eq!(broken(Fault::KnowsOneKey), ["every_key_leads_to_its_tenant"]);
        assert_eq!(broken(Fault::NeedsATenant), ["without_a_tenant_the_origins_of_all_are_allowed"]);
    }
}
