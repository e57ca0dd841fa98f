//! Which store is used; its kind has the keys.

use std::sync::Arc;

use crate::adapters::store::{StoreConfig, StoreKind};
use crate::adapters::{STORE, STORES};
use crate::keys::{Key, Reader};

pub(super) fn keys() -> Vec<&'static Key> {
    let kinds = STORES.iter().flat_map(|kind| (kind.keys)());
    std::iter::once(&STORE).chain(kinds).collect()
}

pub(super) fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn StoreConfig>> {
    let kind: &'static StoreKind = reader.read(&STORE)?;
    (kind.read)(reader)
}
