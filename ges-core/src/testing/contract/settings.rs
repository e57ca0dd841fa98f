//! Published settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::StoreUnderTest;
use super::concurrency::gather;
use crate::port::{PublishError, Published, SettingsStore};
use crate::testing::fixtures::tenant;

pub async fn nothing_published_is_version_zero(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    assert_eq!(published(&*store).await, Published::default());
}

pub async fn a_publication_replaces_everything(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    let odd = "Zoë 数字\n\t'\"\\;%_ \u{1F680}";
    let first = tables(1, &[("support", "_ttl", "86400"), ("support", "_vq", ""), (odd, odd, odd)]);
    let second = tables(2, &[("billing", "_ttl", "60")]);
    let empty = tables(3, &[]);
    for next in [first, second, empty] {
        store.publish(&tenant(), next.clone()).await.expect("publish");
        assert_eq!(published(&*store).await, next);
    }
}

pub async fn a_stale_publication_changes_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    let first = tables(1, &[("support", "_ttl", "86400")]);
    for version in [0, 2, u64::MAX] {
        assert!(is_stale(&*store, tables(version, &[])).await, "version {version} before any");
    }
    store.publish(&tenant(), first.clone()).await.expect("publish");
    for version in [0, 1, 3] {
        assert!(is_stale(&*store, tables(version, &[])).await, "version {version} after 1");
    }
    assert_eq!(published(&*store).await, first);
}

pub async fn tenants_are_apart(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    let (ours, theirs) = (tables(1, &[("a", "b", "c")]), tables(1, &[("x", "y", "z")]));
    store.publish(&tenant(), ours.clone()).await.expect("publish");
    store.publish(&"globex".into(), theirs.clone()).await.expect("publish");
    assert_eq!(published(&*store).await, ours);
    assert_eq!(store.published(&"globex".into()).await.expect("published"), theirs);
    assert_eq!(store.published(&"ACME".into()).await.expect("published"), Published::default());
}

pub async fn versions_tell_of_every_tenant(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    assert_eq!(store.versions().await.expect("versions"), BTreeMap::new());
    for version in [1, 2] {
        store.publish(&tenant(), tables(version, &[])).await.expect("publish");
    }
    store.publish(&"globex".into(), tables(1, &[("a", "b", "c")])).await.expect("publish");
    let expected = BTreeMap::from([(tenant(), 2), ("globex".into(), 1)]);
    assert_eq!(store.versions().await.expect("versions"), expected);
}

pub async fn of_parallel_publications_one_wins(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.settings;
    let attempts = (0..20).map(|number: u32| {
        let (store, number) = (Arc::clone(&store), number.to_string());
        async move {
            let next = tables(1, &[("first", "by", &number), ("second", "by", &number)]);
            store.publish(&tenant(), next.clone()).await.is_ok().then_some(next)
        }
    });
    let winners: Vec<Published> = gather(under, attempts).await.into_iter().flatten().collect();
    assert_eq!(winners, [published(&*store).await], "one publication, whole");
}

pub(super) fn tables(version: u64, options: &[(&str, &str, &str)]) -> Published {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (section, option, value) in options {
        let section = sections.entry((*section).to_owned()).or_default();
        section.insert((*option).to_owned(), (*value).to_owned());
    }
    Published { version, sections }
}

async fn published(store: &dyn SettingsStore) -> Published {
    store.published(&tenant()).await.expect("published")
}

async fn is_stale(store: &dyn SettingsStore, next: Published) -> bool {
    matches!(store.publish(&tenant(), next).await, Err(PublishError::Stale))
}
