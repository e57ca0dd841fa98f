//! The contract of the storage ports.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::testing::contract::{StoreUnderTest, Stores};
use ges_core::{CallbackId, TenantId};
use ges_storage::embedded::{EmbeddedStore, Options};
use rusqlite::Connection;
use tempfile::TempDir;

struct Embedded;

fn open(home: TempDir) -> Stores {
    let store = EmbeddedStore::open(home.path(), Options::default()).expect("the store opens");
    Stores::of(Arc::new(store), home)
}

#[async_trait]
impl StoreUnderTest for Embedded {
    async fn fresh(&self) -> Stores {
        open(tempfile::tempdir().expect("a folder"))
    }

    async fn reopen(&self, stores: Stores) -> Option<Stores> {
        let Stores { callbacks, call_ins, settings, home } = stores;
        // The file belongs to one store at a time, so the last holder has to go first.
        drop((callbacks, call_ins, settings));
        let home =
            Arc::into_inner(home.downcast::<TempDir>().expect("the folder")).expect("nobody else has it");
        Some(open(home))
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        let home = stores.home.downcast_ref::<TempDir>().expect("the folder");
        let beside = Connection::open(home.path().join("ges.db")).expect("the file");
        let key = "SELECT callback.key FROM callback JOIN tenant ON tenant.key = tenant WHERE id = ?1 AND name = ?2";
        let spoilt = beside.execute(
            &format!("UPDATE record SET body = '{{' WHERE key = ({key})"),
            (id.0.as_bytes(), tenant.as_str()),
        );
        spoilt.expect("an update") == 1
    }

    fn rounds(&self) -> usize {
        3
    }
}

// The file belongs to one process: no other node has it.
ges_core::store_contract!(pollster::block_on, Embedded, missing: [Another]);
