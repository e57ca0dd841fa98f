//! The contract of the storage ports.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::testing::contract::{StoreUnderTest, Stores, Task, run_model};
use ges_core::{CallbackId, TenantId};

use crate::support::{block_on, fresh_schema, open_shared, runtime, spoilt};

struct Postgres;

async fn stores(schema: String) -> Stores {
    Stores::of(Arc::new(open_shared(&schema).await), schema)
}

fn schema(stores: &Stores) -> String {
    stores.home.downcast_ref::<String>().expect("the schema").clone()
}

#[async_trait]
impl StoreUnderTest for Postgres {
    async fn fresh(&self) -> Stores {
        stores(fresh_schema()).await
    }

    async fn reopen(&self, before: Stores) -> Option<Stores> {
        let schema = schema(&before);
        drop(before);
        Some(stores(schema).await)
    }

    async fn another(&self, one: &Stores) -> Option<Stores> {
        Some(stores(schema(one)).await)
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        spoilt(&schema(stores), tenant, id)
    }

    async fn parallel(&self, tasks: Vec<Task>) {
        let tasks: Vec<_> = tasks.into_iter().map(|task| runtime().spawn(task)).collect();
        for task in tasks {
            task.await.expect("a task ends well");
        }
    }

    fn rounds(&self) -> usize {
        1
    }
}

ges_core::store_contract!(block_on, Postgres);

#[test]
fn long_random_walks_agree_with_the_plain_model() {
    for seed in 200..204 {
        block_on(run_model(&Postgres, seed, 200));
    }
}
