//! What the tests say often.

use std::future::Future;
use std::path::Path;
use std::process::Command;

use ges_core::callback::Callback;
use ges_core::port::{Booked, CallbackStore, Query, StoreError};
use ges_core::testing::fixtures::{at, booking, scheduled, tenant};
use ges_core::{Interval, ServiceName, Timestamp};
use ges_storage::embedded::{EmbeddedStore, OpenError, Options};
use tempfile::TempDir;

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

pub fn open(path: &Path) -> EmbeddedStore {
    EmbeddedStore::open(path, Options::default()).expect("the store opens")
}

pub fn refusal(path: &Path) -> OpenError {
    EmbeddedStore::open(path, Options::default()).expect_err("the file must be refused")
}

/// A record of its own minute.
pub fn record(number: u64) -> Callback {
    scheduled(number, at("00:00") + std::time::Duration::from_secs(number * 60))
}

pub fn book(store: &EmbeddedStore, number: u64) -> Result<Booked, StoreError> {
    wait(store.book(booking(&record(number))))
}

pub fn fill(store: &EmbeddedStore, numbers: std::ops::Range<u64>) {
    for number in numbers {
        assert_eq!(book(store, number).expect("room for one more"), Booked::Accepted);
    }
}

/// Every record of the usual tenant, by pages.
pub fn all(store: &EmbeddedStore) -> Vec<Callback> {
    let mut records = Vec::new();
    let mut query = Query::of(tenant(), 500);
    loop {
        let page = wait(store.query(query.clone())).expect("a page");
        records.extend(page.callbacks);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return records,
        }
    }
}

/// Whether what is answered from memory equals what the records say: places by minute, tally, next wake.
pub fn assert_indexes_equal_records(store: &EmbeddedStore) {
    let records = all(store);
    let holding = records.iter().filter(|record| record.holds_place());
    let mut by_minute = std::collections::BTreeMap::<(ServiceName, i64), u32>::new();
    for record in holding {
        *by_minute.entry((record.service.clone(), record.desired.as_secs() / 60)).or_default() += 1;
    }
    for ((service, minute), count) in by_minute {
        let start = Timestamp::from_secs(minute * 60);
        let window = Interval::new(start, start + std::time::Duration::from_secs(60));
        let occupancy = wait(store.occupancy(&tenant(), &service, window)).expect("occupancy");
        assert_eq!(occupancy.within(window), count, "{service}, minute {start}");
    }
    let tallied: u64 =
        wait(store.tally(&tenant())).expect("a tally").iter().map(|(_, tally)| tally.scheduled).sum();
    let scheduled = records.iter().filter(|record| record.is_unfinished() && !record.is_active()).count();
    assert_eq!(tallied, scheduled as u64);
}

/// A small file system of its own, where the system lets us; it says loudly when it does not.
pub struct Mounted(TempDir);

impl Mounted {
    pub fn new(options: &str) -> Option<Self> {
        let folder = folder();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Mounted(folder));
        }
        loudly(&format!("NOT RUN: mounting a file system ({options}) is not permitted here"));
        None
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn remount(&self, options: &str) {
        let done =
            Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(self.path()).status();
        assert!(done.is_ok_and(|status| status.success()), "remount with {options}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[allow(clippy::print_stderr, reason = "a test that did not run must be seen")]
pub fn loudly(text: &str) {
    eprintln!("{text}");
}
