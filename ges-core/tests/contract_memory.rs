//! The memory store keeps the contract.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ges_core::memory::MemoryStore;
use ges_core::testing::Unsteady;
use ges_core::testing::contract::{CASES, StoreUnderTest, Stores, run_all, run_case, run_model};
use ges_core::{CallbackId, TenantId};
use pollster::block_on;

struct Memory;

#[async_trait::async_trait]
impl StoreUnderTest for Memory {
    async fn fresh(&self) -> Stores {
        let store = Arc::new(MemoryStore::default());
        Stores::of(store.clone(), store)
    }

    async fn another(&self, stores: &Stores) -> Option<Stores> {
        Some(stores.clone())
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        stores.home.downcast_ref::<Arc<MemoryStore>>().is_some_and(|store| store.spoil(tenant, id))
    }
}

ges_core::store_contract!(block_on, Memory, missing: [Reopen]);

/// A memory store that is handed on instead of closed, so that the cases about reopening run to their end.
struct HandedOn;

#[async_trait::async_trait]
impl StoreUnderTest for HandedOn {
    async fn fresh(&self) -> Stores {
        Memory.fresh().await
    }

    async fn reopen(&self, stores: Stores) -> Option<Stores> {
        Some(stores)
    }

    async fn another(&self, stores: &Stores) -> Option<Stores> {
        Memory.another(stores).await
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        Memory.spoil(stores, tenant, id).await
    }
}

#[test]
fn the_whole_suite_runs_in_one_go() {
    let report = block_on(run_all(&HandedOn));
    report.assert_complete();
    assert_eq!(report.kept().len(), CASES.len());
}

#[test]
fn long_random_walks_agree_with_the_plain_model() {
    for seed in 100..116 {
        block_on(run_model(&Memory, seed, 400));
    }
}

/// A memory store in another place, so that its calls can be dropped before and after they are done.
struct InAnotherPlace;

#[async_trait::async_trait]
impl StoreUnderTest for InAnotherPlace {
    async fn fresh(&self) -> Stores {
        let stores = Memory.fresh().await;
        let store = Arc::new(Unsteady::over(Arc::new(MemoryStore::default())));
        Stores { callbacks: store.clone(), call_ins: store, ..stores }
    }
}

#[test]
fn calls_dropped_before_and_after_they_are_done_leave_nothing_by_half() {
    let mut cases = CASES.iter().filter(|case| case.name.starts_with("dropped::")).peekable();
    assert!(cases.peek().is_some());
    cases
        .for_each(|case| assert_eq!(block_on(run_case(case.name, &InAnotherPlace)), Ok(()), "{}", case.name));
}

/// A store that loses everything when it is closed, and claims not to.
struct Forgetful;

#[async_trait::async_trait]
impl StoreUnderTest for Forgetful {
    async fn fresh(&self) -> Stores {
        Memory.fresh().await
    }

    async fn reopen(&self, _: Stores) -> Option<Stores> {
        Some(Memory.fresh().await)
    }
}

#[test]
fn a_store_that_forgets_passes_no_case_about_reopening() {
    for case in CASES.iter().filter(|case| case.name.starts_with("durability::")) {
        let run = AssertUnwindSafe(|| block_on(run_case(case.name, &Forgetful)));
        assert!(catch_unwind(run).is_err(), "{} must fail", case.name);
    }
}
