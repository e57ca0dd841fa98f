//! What an operation costs among few waiting callbacks and among many, for one tenant and for many.
//!
//! The store is asked as a library, and what is told is the time the processes of the database spent on a core: it depends
//! far less on who else uses the machine than a rate does. The database's housekeeping rests meanwhile.

use std::time::Duration;

use anyhow::ensure;
use futures_util::future::join_all;
use ges_core::callback::Callback;
use ges_core::port::{Booked, Booking, CallbackStore, Guard, LeaseRequest, Query, Release};
use ges_core::slots::PlaceGuard;
use ges_core::testing::fixtures::{at, booking, scheduled};
use ges_core::{CallbackId, Interval, ServiceName, TenantId, Timestamp};
use ges_storage::postgres::{Options, PostgresStore};

use super::world::{World, keep_house};
use crate::table::Table;

/// Waiting callbacks of one tenant.
const WAITING: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Tenants with as many callbacks together.
const TENANTS: [u64; 3] = [1, 100, 2_000];
const WAITING_OF_TENANTS: u64 = 100_000;
/// Of each tenant.
const QUEUES: u64 = 20;

/// Bookings at once.
const CLIENTS: u64 = 256;
/// What is done to measure one of each.
const CREATES: u64 = 8_192;
const LEASES: u64 = 50;
const LEASED: usize = 100;
const LISTS: u64 = 400;
const LISTED: usize = 50;

const GOAL: &str = "the last ≤ 1.5 × the first";

/// Grows a database and measures on the way; then others with more tenants.
pub fn measure(world: &World, largest: u64, table: &mut Table) -> anyhow::Result<()> {
    let sizes = WAITING.into_iter().chain([largest]).filter(|size| *size <= largest);
    let mut sizes: Vec<u64> = sizes.collect();
    sizes.dedup();
    let mut grown = Grown::new(world, 1)?;
    let mut costs = Vec::new();
    for size in &sizes {
        grown.fill(*size)?;
        costs.push(grown.cost()?);
    }
    rows(&format!("at {} waiting", list(&sizes)), &costs, table);
    let mut costs = Vec::new();
    for tenants in TENANTS {
        let mut grown = Grown::new(world, tenants)?;
        grown.fill(WAITING_OF_TENANTS)?;
        costs.push(grown.cost()?);
    }
    rows(&format!("at {} tenants of {QUEUES} queues", list(&TENANTS)), &costs, table);
    Ok(())
}

fn list(of: &[u64]) -> String {
    of.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}

fn rows(where_: &str, costs: &[Cost], table: &mut Table) {
    type Of = fn(&Cost) -> f64;
    let operations: [(&str, Of); 3] = [
        ("create", |cost| cost.create),
        ("lease, each of a hundred", |cost| cost.lease),
        ("list of fifty", |cost| cost.list),
    ];
    for (name, of) in operations {
        let each: Vec<f64> = costs.iter().map(of).collect();
        let text: Vec<String> = each.iter().map(|cost| format!("{cost:.0}")).collect();
        let growth = each.last().zip(each.first()).map_or(f64::NAN, |(last, first)| last / first);
        table.row(
            &format!("growth: {name}, {where_}"),
            GOAL,
            format!("{} µs of Postgres, {growth:.2} ×", text.join(", ")),
            "",
        );
    }
}

/// In µs of Postgres for each.
struct Cost {
    create: f64,
    lease: f64,
    list: f64,
}

/// A database that grows.
struct Grown<'w> {
    world: &'w World,
    runtime: tokio::runtime::Runtime,
    store: PostgresStore,
    tenants: u64,
    booked: u64,
}

impl<'w> Grown<'w> {
    fn new(world: &'w World, tenants: u64) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut options = Options::new(&world.postgres.fresh_database())?;
        // Thousands of names are entered at once, which no server has to do in one second.
        options.pool_limit = Duration::from_secs(60);
        let store = runtime.block_on(PostgresStore::open(options))?;
        Ok(Grown { world, runtime, store, tenants, booked: 0 })
    }

    fn fill(&mut self, up_to: u64) -> anyhow::Result<()> {
        self.book(up_to.saturating_sub(self.booked))
    }

    fn book(&mut self, count: u64) -> anyhow::Result<()> {
        let end = self.booked + count;
        while self.booked < end {
            let next = end.min(self.booked + CLIENTS);
            let some =
                (self.booked..next).map(|number| self.store.book(guarded(&record(number, self.tenants))));
            for booked in self.runtime.block_on(join_all(some)) {
                ensure!(booked? == Booked::Accepted, "a booking was refused");
            }
            self.booked = next;
        }
        Ok(())
    }

    fn cost(&mut self) -> anyhow::Result<Cost> {
        keep_house(&self.world.postgres, false);
        let cost = Cost {
            list: self.spent(LISTS, Grown::page)?,
            lease: self.spent(LEASES, Grown::lease)? / LEASED as f64,
            create: self.spent(1, |grown, _| grown.book(CREATES))? / CREATES as f64,
        };
        keep_house(&self.world.postgres, true);
        Ok(cost)
    }

    /// What the database spends on one of so many.
    fn spent(
        &mut self,
        times: u64,
        one: impl Fn(&mut Self, u64) -> anyhow::Result<()>,
    ) -> anyhow::Result<f64> {
        // The first makes plans, and reads what was not read for long.
        one(self, 0)?;
        let before = self.world.postgres_cpu();
        for time in 0..times {
            one(self, time)?;
        }
        let spent = self.world.postgres_cpu().saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / times as f64)
    }

    /// Leases the first ones and gives them back.
    fn lease(&mut self, _: u64) -> anyhow::Result<()> {
        let request = LeaseRequest {
            owner: "bench".into(),
            now: at("09:00"),
            until: Timestamp::MAX,
            raised: Vec::new(),
            lasting: Duration::from_secs(30),
            limit: LEASED,
        };
        let leased = self.runtime.block_on(self.store.lease(request))?;
        ensure!(leased.len() == LEASED, "{} were leased", leased.len());
        let releases =
            leased.into_iter().map(|one| Release { lease: one.lease, not_before: one.due }).collect();
        Ok(self.runtime.block_on(self.store.release(releases))?)
    }

    /// Lists from somewhere within the time.
    fn page(&mut self, number: u64) -> anyhow::Result<()> {
        let some = record(mixed(number) % self.booked, self.tenants);
        let query = Query {
            desired: Some(Interval::new(some.desired, Timestamp::MAX)),
            ..Query::of(some.tenant, LISTED)
        };
        let page = self.runtime.block_on(self.store.query(query))?;
        ensure!(!page.callbacks.is_empty(), "nothing was found");
        Ok(())
    }
}

/// Fourteen days of quarters, numbers all over the country, ids without any order.
fn record(number: u64, tenants: u64) -> Callback {
    let spread = mixed(number);
    let quarters = u32::try_from(spread % (14 * 96)).unwrap_or(0);
    let desired = at("09:00") + Duration::from_secs(900) * quarters + Duration::from_secs(spread % 15 * 60);
    let mut callback = scheduled(number, desired);
    let tenant = number % tenants;
    callback.tenant = TenantId::from(format!("tenant-{tenant}"));
    callback.service = ServiceName::from(format!("queue-{}", number / tenants % QUEUES));
    let id = u128::from(spread) << 64 | u128::from(number);
    callback.id = CallbackId(uuid::Builder::from_random_bytes(id.to_be_bytes()).into_uuid());
    if let Ok(phone) = format!("+1{:010}", mixed(spread) % 10_000_000_000).parse() {
        callback.request_mut().number = phone;
    }
    callback
}

/// With the guards of an ordinary booking.
fn guarded(callback: &Callback) -> Booking {
    let quarter = callback.desired.as_millis() / 900_000 * 900_000;
    let start = Timestamp::from_millis(quarter);
    let range = Interval::new(start, start + Duration::from_secs(900));
    let number = Guard::Number { comparison: callback.request.number.comparison(), limit: 1_000 };
    let guards = vec![number, Guard::Places(PlaceGuard { range, limit: u32::MAX })];
    Booking { guards, ..booking(callback) }
}

/// SplitMix64's last steps: any number becomes one without order.
fn mixed(number: u64) -> u64 {
    let one = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let two = (one ^ (one >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    two ^ (two >> 27)
}
