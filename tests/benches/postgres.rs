//! What the Postgres store can do on this machine, as a table: `cargo bench -p ges-tests --features servers --bench
//! postgres`. The words `speed`, `size` and `plan` choose parts.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and ends when something fails"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ges_core::callback::Callback;
use ges_core::port::{Booked, Booking, CallbackStore, Change, Guard, Lease, LeaseRequest};
use ges_core::slots::PlaceGuard;
use ges_core::testing::fixtures::{at, booking, change, issued, scheduled, with_phone};
use ges_core::{CallbackId, Interval, Timestamp};
use ges_storage::postgres::{Options, PostgresStore};
use ges_tests::private::Postgres;
use serde_json::{Map, Value, json};
use uuid::Uuid;

const QUARTER: Duration = Duration::from_secs(900);

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|word| word == part);
    let postgres = Postgres::options().with("shared_buffers", "256MB").with("max_wal_size", "4GB").start();
    if is_wanted("size") {
        sizes(&postgres).await;
    }
    if is_wanted("speed") {
        speed(&postgres).await;
    }
}

async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(Options::new(url).unwrap()).await.unwrap()
}

fn mixed(mut seed: u64) -> u64 {
    seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

/// The nth record: ids and numbers without order, times within two weeks of quarter hours.
fn record(number: u64, services: u64) -> Callback {
    let chance = mixed(number);
    let desired = at("09:00") + QUARTER * u32::try_from(chance % 1_344).unwrap();
    let id = CallbackId(Uuid::from_u64_pair(chance, mixed(chance)));
    let record = Callback {
        id,
        service: format!("service-{}", number % services).into(),
        ..scheduled(number, desired)
    };
    with_phone(record, &format!("+1519{:07}", chance % 10_000_000))
}

fn guarded(callback: &Callback) -> Booking {
    let minutes = callback.desired.as_secs() / 900 * 900;
    let range = Interval::new(Timestamp::from_secs(minutes), Timestamp::from_secs(minutes + 900));
    let comparison = callback.request.number.comparison();
    let guards =
        vec![Guard::Places(PlaceGuard { range, limit: 100_000 }), Guard::Number { comparison, limit: 100 }];
    Booking { guards, ..booking(callback) }
}

async fn speed(postgres: &Postgres) {
    for (clients, services) in [(1, 8), (16, 8), (64, 8), (64, 1), (256, 8)] {
        let store = open(&postgres.fresh_database()).await;
        let rate = bookings(&store, clients, services, Duration::from_secs(4)).await;
        println!("bookings/s, {clients:>3} clients, {services} services      {rate:>10.0}");
    }
    let store = open(&postgres.fresh_database()).await;
    let records = fill(&store, 40_000, 8, |record| record).await;
    let now = at("09:00");
    let mut leased = Vec::new();
    let begun = Instant::now();
    let far = now + Duration::from_secs(30 * 86_400);
    loop {
        let request = LeaseRequest {
            owner: "node-1".into(),
            now,
            until: far,
            raised: Vec::new(),
            lasting: Duration::from_secs(30),
            limit: 2_000,
        };
        let some = store.lease(request).await.unwrap();
        if some.is_empty() {
            break;
        }
        leased.extend(some);
    }
    rate("leases/s, 2,000 at once", leased.len(), begun);
    assert_eq!(leased.len(), records.len());

    let changes: Vec<Change> = leased
        .iter()
        .map(|one| {
            let next = issued(&one.callback, one.callback.desired);
            Change { fence: Some(one.lease.fence), keeps_user_data: true, ..change(&one.callback, &next) }
        })
        .collect();
    let leases: Vec<Lease> =
        leased.iter().map(|one| Lease { version: one.lease.version + 1, ..one.lease.clone() }).collect();
    for (half, size) in changes.chunks(changes.len() / 2).zip([500, 2_000]) {
        let begun = Instant::now();
        for some in half.chunks(size) {
            assert!(store.change(some.to_vec()).await.unwrap().iter().all(Result::is_ok));
        }
        rate(&format!("changes/s, {size} at once"), half.len(), begun);
    }
    let begun = Instant::now();
    for some in leases.chunks(2_000) {
        assert!(store.held(some, now).await.unwrap().iter().all(|held| *held));
    }
    rate("held/s, 2,000 at once", leases.len(), begun);
    let begun = Instant::now();
    for _ in 0..1_000 {
        store.next_wake().await.unwrap();
    }
    rate("next wake/s, one client", 1_000, begun);
    let begun = Instant::now();
    for record in records.iter().take(2_000) {
        store.get(&record.tenant, record.id).await.unwrap();
    }
    rate("records by id/s, one client", 2_000, begun);
    let window = Interval::new(now, now + QUARTER * 1_344);
    let begun = Instant::now();
    for _ in 0..1_000 {
        store.occupancy(&records[0].tenant, &records[0].service, window).await.unwrap();
    }
    rate("occupancy of 14 days/s, one client", 1_000, begun);
}

fn rate(what: &str, count: usize, begun: Instant) {
    println!("{what:<40} {:>8.0}", count as f64 / begun.elapsed().as_secs_f64());
}

async fn bookings(store: &PostgresStore, clients: u64, services: u64, during: Duration) -> f64 {
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                let mut booked = 0_u64;
                while begun.elapsed() < during {
                    let record = record(next.fetch_add(1, Ordering::Relaxed), services);
                    assert_eq!(store.book(guarded(&record)).await.unwrap(), Booked::Accepted);
                    booked += 1;
                }
                booked
            })
        })
        .collect();
    let mut booked = 0;
    for client in clients {
        booked += client.await.unwrap();
    }
    booked as f64 / begun.elapsed().as_secs_f64()
}

async fn fill(
    store: &PostgresStore,
    count: u64,
    services: u64,
    finish: impl Fn(Callback) -> Callback,
) -> Vec<Callback> {
    let records: Vec<Callback> = (0..count).map(|number| finish(record(number, services))).collect();
    for some in records.chunks(256) {
        let booked = some.iter().map(|record| store.book(guarded(record)));
        for booked in futures_util::future::join_all(booked).await {
            assert_eq!(booked.unwrap(), Booked::Accepted);
        }
    }
    records
}

/// The storage test of the sizing guide: 10,000 scheduled callbacks, with and without user data.
async fn sizes(postgres: &Postgres) {
    println!(
        "{:<28} {:>10} {:>12} {:>12} {:>8}",
        "user data", "MB in all", "bytes each", "compressed", "+ %"
    );
    let mut empty = 0.0;
    type Make = fn(u64, usize) -> Map<String, Value>;
    let rows: [(&str, usize, Make); 5] = [
        ("none", 0, |_, _| Map::new()),
        ("10 KB of JSON", 10_000, jsonlike),
        ("10 KB of random text", 10_000, random),
        ("100 KB of JSON", 100_000, jsonlike),
        ("100 KB of random text", 100_000, random),
    ];
    for (what, size, make) in rows {
        let database = postgres.fresh_database_name();
        let store = open(&postgres.url(&database)).await;
        let count = if size > 50_000 { 2_000 } else { 10_000 };
        let compressed = AtomicU64::new(0);
        let finish = |mut record: Callback| {
            let data =
                make(mixed(record.desired.as_millis().unsigned_abs() ^ record.id.0.as_u64_pair().0), size);
            if !data.is_empty() {
                let text = serde_json::to_vec(&data).unwrap();
                let packed = zstd::bulk::compress(&text, 3).unwrap();
                compressed.fetch_add(packed.len() as u64, Ordering::Relaxed);
                record.request_mut().user_data = data.into();
            }
            record
        };
        fill(&store, count, 8, finish).await;
        if what == "none" {
            let tables = postgres.ask(
                &database,
                "SELECT c.relname || ' ' || pg_relation_size(c.oid) || ' + ' || pg_indexes_size(c.oid) FROM pg_class c \
                 WHERE c.relkind = 'r' AND c.relnamespace = 'ges'::regnamespace AND pg_total_relation_size(c.oid) > 20000 \
                 ORDER BY pg_total_relation_size(c.oid) DESC",
            );
            tables.iter().for_each(|table| println!("  {table}"));
        }
        let bytes = postgres.ask(
            &database,
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class \
             WHERE relkind = 'r' AND relnamespace = 'ges'::regnamespace",
        );
        let each = bytes[0].parse::<f64>().unwrap() / count as f64;
        let compressed = compressed.load(Ordering::Relaxed) as f64 / count as f64;
        if size == 0 {
            empty = each;
        }
        let more = if size == 0 { 0.0 } else { ((each - empty) / compressed - 1.0) * 100.0 };
        println!("{what:<28} {:>10.2} {each:>12.0} {compressed:>12.0} {more:>8.1}", each * 10_000.0 / 1e6);
    }
}

/// Entries as a web shop would send them.
fn jsonlike(seed: u64, size: usize) -> Map<String, Value> {
    let mut data = Map::new();
    let (mut bytes, mut number) = (2, 0);
    while bytes < size {
        let chance = mixed(seed ^ mixed(number));
        let (order, city) =
            (chance % 1_000_000, ["Toronto", "Berlin", "Lyon", "Porto"][(chance >> 20) as usize % 4]);
        let value = json!({"orderId": order, "city": city, "amount": (chance >> 32) % 10_000, "status": "open",
                           "customer": format!("customer-{}", chance >> 40), "priority": chance % 5});
        bytes += value.to_string().len() + 14;
        data.insert(format!("entry_{number}"), value);
        number += 1;
    }
    data
}

/// Text without any order, of the 64 signs of base64.
fn random(seed: u64, size: usize) -> Map<String, Value> {
    let signs = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: String =
        (0..size as u64).map(|place| char::from(signs[mixed(seed ^ mixed(place)) as usize % 64])).collect();
    Map::from_iter([("text".to_owned(), Value::String(text))])
}
