//! The contract of the storage ports.

use std::sync::Arc;
use std::thread;

use async_trait::async_trait;
use ges_core::testing::contract::{StoreUnderTest, Stores, Task};
use ges_storage::embedded::{EmbeddedStore, Options};
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

    async fn parallel(&self, tasks: Vec<Task>) {
        let threads: Vec<_> =
            tasks.into_iter().map(|task| thread::spawn(|| pollster::block_on(task))).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("a task ends well"));
    }
}

ges_core::store_contract!(pollster::block_on, Embedded);
