//! What the embedded store can do on this machine, as a table: `cargo bench -p ges-storage --bench store`.
//!
//! `GES_BENCH_RECORDS` sets how many records are booked (134,400 unless told otherwise), `GES_BENCH_FOLDER` where.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and ends when something fails"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::callback::Callback;
use ges_core::port::{Booked, Booking, CallbackStore, Change, Guard, LeaseRequest, Query};
use ges_core::slots::PlaceGuard;
use ges_core::testing::fixtures::{at, booking, change, id, issued, scheduled};
use ges_core::{Interval, Timestamp};
use ges_storage::embedded::{Check, EmbeddedStore, Options};

const DAYS: u64 = 14;
const SERVICES: u64 = 8;

/// Set when this program is started by itself, to open a store in a process that has done nothing else.
const OPEN: &str = "GES_BENCH_OPEN";
const CHECK: &str = "GES_BENCH_CHECK";

fn main() {
    if let Some(folder) = std::env::var_os(OPEN) {
        return only_open(Path::new(&folder));
    }
    let records: u64 = std::env::var("GES_BENCH_RECORDS").map_or(134_400, |text| text.parse().unwrap());
    let base = std::env::var_os("GES_BENCH_FOLDER").unwrap_or_else(|| ".".into());
    let home = tempfile::tempdir_in(base).unwrap();

    println!("forced writes of one page/s      {:>10.0}", forced_writes(home.path(), 4_096));
    println!("forced writes of 256 KiB/s       {:>10.0}", forced_writes(home.path(), 256 << 10));
    for clients in [1, 16, 64, 256] {
        let folder = home.path().join(format!("clients-{clients}"));
        let store = Arc::new(EmbeddedStore::open(&folder, Options::default()).unwrap());
        let rate = bookings(&store, clients, Duration::from_secs(3), &AtomicU64::new(0));
        println!("bookings/s, {clients:>3} clients, empty    {rate:>10.0}");
        drop(store);
        fs::remove_dir_all(folder).unwrap();
    }

    let folder = home.path().join("full");
    let before = resident();
    let store = Arc::new(EmbeddedStore::open(&folder, Options::default()).unwrap());
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    fill(&store, records, &next);
    println!("records booked                   {records:>10}");
    println!("bookings/s, 256 clients, filling {:>10.0}", records as f64 / begun.elapsed().as_secs_f64());
    println!("resident after filling, KiB      {:>10} (before {before})", resident());
    println!(
        "log, KiB                         {:>10}",
        fs::metadata(folder.join("ges.db-wal")).unwrap().len() / 1024
    );
    let rate = bookings(&store, 64, Duration::from_secs(3), &next);
    println!("bookings/s,  64 clients, full    {rate:>10.0}");
    look_ups(&store);
    drop(store);
    let bytes = fs::metadata(folder.join("ges.db")).unwrap().len();
    let all = next.load(Ordering::Relaxed);
    println!("bytes on disk per record         {:>10.0}", bytes as f64 / all as f64);

    for check in ["never", "always"] {
        let program = std::env::current_exe().unwrap();
        Command::new(program).env(OPEN, &folder).env(CHECK, check).status().unwrap();
    }
    due_at_once(&EmbeddedStore::open(&folder, Options::default()).unwrap());
}

fn only_open(folder: &Path) {
    let name = std::env::var(CHECK).unwrap();
    let check = if name == "always" { Check::Always } else { Check::Never };
    let (begun, before) = (Instant::now(), resident());
    let store = EmbeddedStore::open(folder, Options::default().check(check)).unwrap();
    println!("open, check {name:<6}, ms           {:>10.0}", begun.elapsed().as_secs_f64() * 1e3);
    println!("resident after opening, KiB      {:>10} (before {before})", resident());
    drop(store);
}

/// What the disk can do: appends that are forced, one after the other, over the same 4 MiB.
fn forced_writes(folder: &Path, bytes: usize) -> f64 {
    use std::io::Seek;
    let (path, block) = (folder.join("raw"), vec![7_u8; bytes]);
    let mut file = File::create(&path).unwrap();
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(1) {
        if (count * bytes).is_multiple_of(4 << 20) {
            file.rewind().unwrap();
        }
        file.write_all(&block).unwrap();
        file.sync_all().unwrap();
        count += 1;
    }
    fs::remove_file(path).unwrap();
    count as f64 / begun.elapsed().as_secs_f64()
}

fn record(number: u64) -> Callback {
    let quarter = Duration::from_secs(900);
    let quarters = u32::try_from(number % (DAYS * 96)).unwrap();
    let desired = at("09:00") + quarter * quarters + Duration::from_secs(number % 7 * 60);
    let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut callback = scheduled(number, desired);
    let request = callback.request_mut();
    request.number = format!("+1{:010}", spread % 10_000_000_000).parse().unwrap();
    let data =
        serde_json::json!({"customerSegment": "gold", "orderId": number, "reason": "delivery question"});
    request.user_data = data.try_into().unwrap();
    let service = format!("support-{}", number % SERVICES).as_str().into();
    Callback { id: ges_core::CallbackId(uuid_of(number)), service, ..callback }
}

/// Ids as they are minted: without any order.
fn uuid_of(number: u64) -> uuid::Uuid {
    let one = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (one ^ (one >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    uuid::Builder::from_random_bytes(((u128::from(mixed) << 64) | u128::from(number)).to_be_bytes())
        .into_uuid()
}

fn guarded(callback: &Callback) -> Booking {
    let slot = Interval::new(
        callback.desired - Duration::from_secs(900),
        callback.desired + Duration::from_secs(900),
    );
    let minute = |at: Timestamp| Timestamp::from_millis(at.as_millis() / 60_000 * 60_000);
    let range = Interval::new(minute(slot.start), minute(slot.end));
    let guards = vec![
        Guard::Number { comparison: callback.request.number.comparison(), limit: 1_000 },
        Guard::Places(PlaceGuard { range, limit: u32::MAX }),
    ];
    Booking { guards, ..booking(callback) }
}

/// Each client books, waits for the answer, and books again.
fn bookings(store: &Arc<EmbeddedStore>, clients: usize, lasting: Duration, next: &AtomicU64) -> f64 {
    let begun = Instant::now();
    let from = next.load(Ordering::Relaxed);
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                while begun.elapsed() < lasting {
                    let callback = record(next.fetch_add(1, Ordering::Relaxed));
                    assert_eq!(pollster::block_on(store.book(guarded(&callback))).unwrap(), Booked::Accepted);
                }
            });
        }
    });
    (next.load(Ordering::Relaxed) - from) as f64 / begun.elapsed().as_secs_f64()
}

fn fill(store: &Arc<EmbeddedStore>, records: u64, next: &AtomicU64) {
    thread::scope(|scope| {
        for _ in 0..256 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= records {
                        break;
                    }
                    pollster::block_on(store.book(guarded(&record(number)))).unwrap();
                }
            });
        }
    });
    next.store(records, Ordering::Relaxed);
}

fn look_ups(store: &EmbeddedStore) {
    let per_second = |what: &dyn Fn(u64)| {
        let (begun, mut count) = (Instant::now(), 0);
        while begun.elapsed() < Duration::from_secs(1) {
            what(count);
            count += 1;
        }
        count as f64 / begun.elapsed().as_secs_f64()
    };
    let tenant = &record(0).tenant;
    let day = Duration::from_secs(86_400);
    for days in [1, 14] {
        let window = Interval::new(at("00:00"), at("00:00") + day * days);
        let rate = per_second(&|n| {
            let service = record(n % SERVICES).service;
            pollster::block_on(store.occupancy(tenant, &service, window)).unwrap();
        });
        println!("occupancy/s, {days:>2} days, 1 thread   {rate:>10.0}");
    }
    let rate = per_second(&|n| {
        pollster::block_on(store.get(tenant, record(n % 100_000).id)).unwrap().unwrap();
    });
    println!("get/s, 1 client                  {rate:>10.0}");
    let rate = per_second(&|n| {
        let service = record(n % SERVICES).service;
        let query = Query { services: Some(vec![service]), ..Query::of(tenant.clone(), 50) };
        pollster::block_on(store.query(query)).unwrap();
    });
    println!("pages of 50/s, 1 client          {rate:>10.0}");
}

/// Ten thousand records due in one instant: leased, issued, asked for, given back.
fn due_at_once(store: &EmbeddedStore) {
    const DUE: u64 = 10_000;
    let (first, instant) = (10_000_000, at("03:00"));
    let of = |number| Callback { id: id(first + number), desired: instant, ..record(first + number) };
    thread::scope(|scope| {
        for part in 0..64 {
            scope.spawn(move || {
                for number in (part..DUE).step_by(64) {
                    pollster::block_on(store.book(booking(&of(number)))).unwrap();
                }
            });
        }
    });
    let request = LeaseRequest {
        owner: "bench".into(),
        now: instant,
        until: instant,
        raised: Vec::new(),
        lasting: Duration::from_secs(30),
        limit: 10_000,
    };
    let millis = |begun: Instant| begun.elapsed().as_secs_f64() * 1e3;
    let begun = Instant::now();
    let leased = pollster::block_on(store.lease(request)).unwrap();
    assert_eq!(leased.len(), 10_000);
    println!("lease of 10,000, ms              {:>10.1}", millis(begun));
    let mut leases: Vec<_> = leased.iter().map(|one| one.lease.clone()).collect();
    let changes = leased.iter().map(|one| {
        let next = issued(&one.callback, instant);
        let fence = Some(one.lease.fence);
        Change { fence, keeps_user_data: true, ..change(&one.callback, &next) }
    });
    let changes: Vec<_> = changes.collect();
    let begun = Instant::now();
    assert!(pollster::block_on(store.change(changes)).unwrap().iter().all(Result::is_ok));
    println!("issue of 10,000, ms              {:>10.1}", millis(begun));
    leases.iter_mut().for_each(|lease| lease.version += 1);
    let begun = Instant::now();
    let held = pollster::block_on(store.held(&leases, instant)).unwrap();
    println!("held of 10,000, ms               {:>10.2}", millis(begun));
    assert!(held.iter().all(|held| *held));
}

/// Memory of this process in KiB, where the system tells.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
