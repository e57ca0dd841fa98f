//! Cases that do many things at once are run again and again: whether two of them meet is luck.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;

use super::report::Outcome;
use super::{Case, StoreUnderTest, Stores, Task};
use crate::id::{CallbackId, TenantId};

/// Runs a case, and when it has asked for parallel tasks, as often as the harness says.
pub(super) async fn run(case: &Case, under: &dyn StoreUnderTest) -> Outcome {
    let watched = Watched { under, raced: AtomicBool::new(false) };
    (case.run)(&watched).await?;
    let again = if watched.raced.into_inner() { under.rounds().saturating_sub(1) } else { 0 };
    for _ in 0..again {
        (case.run)(under).await?;
    }
    Ok(())
}

/// Notes whether anything ran in parallel.
struct Watched<'a> {
    under: &'a dyn StoreUnderTest,
    raced: AtomicBool,
}

#[async_trait]
impl StoreUnderTest for Watched<'_> {
    async fn fresh(&self) -> Stores {
        self.under.fresh().await
    }

    async fn reopen(&self, stores: Stores) -> Option<Stores> {
        self.under.reopen(stores).await
    }

    async fn another(&self, stores: &Stores) -> Option<Stores> {
        self.under.another(stores).await
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        self.under.spoil(stores, tenant, id).await
    }

    async fn parallel(&self, tasks: Vec<Task>) {
        self.raced.store(true, Ordering::Relaxed);
        self.under.parallel(tasks).await;
    }
}
