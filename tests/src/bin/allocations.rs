//! Counts what the engine takes from the allocator, for each use case on the embedded store, and prints one table.
//!
//! ```sh
//! cargo run --release -p ges-tests --bin ges-allocations
//! ```
//!
//! Times differ from hour to hour on a shared machine, and counts do not: the same code prints the same figures twice.
//! All threads are counted, the store's writing one included.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a table of averages is printed")]

use std::alloc::System;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::engine::{Dispatcher, Engine, NewCallback, Parts};
use ges_core::id::NodeId;
use ges_core::port::{HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::settings::SettingsFile;
use ges_core::testing::{ManualClock, SeededIds};
use ges_core::zone::ZoneDatabase;
use ges_core::{TenantId, Timestamp};
use ges_storage::embedded::{EmbeddedStore, Options};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Each use case is done so often before it is counted, so that what is made once is made by then.
const BEFORE: usize = 64;

/// And so often while it is counted.
const COUNTED_TIMES: usize = 1_000;

/// Requests under way at once, as from as many clients.
const AT_ONCE: usize = 64;

const SETTINGS: &str = r#"
[tenants.bench.services.Later]
scheduled = true
interval_minutes = 5
capacity = 1000000
submit_early = "off"
submit_buffer_seconds = 0

[tenants.bench.services.Now]
immediate = true
require_logged_in = false
duplicate_check = "false"
active_max = 4000000000
daily_max = 4000000000
window_1_accepted = 4000000000
window_2_accepted = 4000000000
"#;

fn main() -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("ges-allocations-").tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(count(folder.path()))
}

async fn count(folder: &Path) -> anyhow::Result<()> {
    let host = Host::start(folder)?;
    println!("| use case | allocations | bytes |\n| --- | ---: | ---: |");
    let due: Timestamp = "2026-01-12T16:00:00Z".parse()?;
    host.book("Later", Some(due), 0..BEFORE).await?;
    let region = Region::new(COUNTED);
    host.book("Later", Some(due), BEFORE..BEFORE + COUNTED_TIMES).await?;
    row("create, scheduled", &region, COUNTED_TIMES);

    host.book("Now", None, 0..BEFORE).await?;
    let region = Region::new(COUNTED);
    host.book("Now", None, BEFORE..BEFORE + COUNTED_TIMES).await?;
    row("create, immediate, and its hand-over", &region, COUNTED_TIMES);

    host.clock.set(due - Duration::from_secs(5));
    let region = Region::new(COUNTED);
    host.dispatcher.look_ahead().await?;
    row("lease and issue, among many", &region, BEFORE + COUNTED_TIMES);
    host.clock.set(due);
    let region = Region::new(COUNTED);
    host.hand_over().await?;
    row("hand over and record, among many", &region, BEFORE + COUNTED_TIMES);

    for number in 0..BEFORE + COUNTED_TIMES {
        let later = due + Duration::from_secs(60 + number as u64);
        host.book("Later", Some(later), number..number + 1).await?;
    }
    for number in 0..BEFORE {
        host.alone(due + Duration::from_secs(60 + number as u64)).await?;
    }
    let region = Region::new(COUNTED);
    for number in BEFORE..BEFORE + COUNTED_TIMES {
        host.alone(due + Duration::from_secs(60 + number as u64)).await?;
    }
    row("lease, issue, hand over and record, one a second", &region, COUNTED_TIMES);
    Ok(())
}

fn row(what: &str, region: &Region<'_, System>, times: usize) {
    let counted = region.change();
    let each = |of: usize| of as f64 / times as f64;
    let all = counted.allocations + counted.reallocations;
    println!("| {what} | {:.1} | {:.0} |", each(all), each(counted.bytes_allocated));
}

struct Host {
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
    clock: Arc<ManualClock>,
}

impl Host {
    fn start(folder: &Path) -> anyhow::Result<Host> {
        let store = Arc::new(EmbeddedStore::open(folder, Options::default())?);
        let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse()?));
        let parts = Parts::new(store, Arc::new(Takes), clock.clone(), Arc::new(SeededIds::new(1)));
        let engine = Arc::new(Engine::new(parts));
        for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
            engine.configure(file.definitions.resolve(tenant, 1)?);
        }
        let dispatcher = Dispatcher::new(engine.clone(), NodeId::from("bench"));
        Ok(Host { engine, dispatcher, clock })
    }

    async fn book(
        &self,
        service: &str,
        desired: Option<Timestamp>,
        numbers: std::ops::Range<usize>,
    ) -> anyhow::Result<()> {
        let tenant = TenantId::from("bench");
        let numbers: Vec<usize> = numbers.collect();
        for some in numbers.chunks(AT_ONCE) {
            let booking = some.iter().map(|number| {
                let number = format!("1519555{number:04}").parse();
                let tenant = &tenant;
                async move {
                    let mut wish = NewCallback::immediate(service, number?);
                    wish.desired = desired;
                    self.engine.book(tenant, wish).await?;
                    anyhow::Ok(())
                }
            });
            for booked in futures_util::future::join_all(booking).await {
                booked?;
            }
        }
        Ok(())
    }

    /// Hands over all that is due, as many at once as there are.
    async fn hand_over(&self) -> anyhow::Result<()> {
        loop {
            let due = self.dispatcher.take_due().await?;
            if due.is_empty() {
                return Ok(());
            }
            futures_util::future::join_all(due.into_iter().map(|delivery| delivery.run())).await;
        }
    }

    /// What becomes of one callback that is due alone.
    async fn alone(&self, due: Timestamp) -> anyhow::Result<()> {
        self.clock.set(due);
        self.dispatcher.look_ahead().await?;
        self.hand_over().await
    }
}

/// Takes every attempt.
struct Takes;

#[async_trait]
impl Orchestrator for Takes {
    async fn submit(&self, _: &Submission) -> Result<Handed, HandOverError> {
        Ok(Handed::default())
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Unknown)
    }

    async fn cancel(&self, _: &SessionKey) -> Result<(), Unavailable> {
        Ok(())
    }
}
