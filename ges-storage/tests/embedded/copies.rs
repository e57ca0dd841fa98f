//! Backups and exports, taken while bookings go on.

use std::fs;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use ges_core::port::{CallInChange, CallInStore, CallbackStore, Published, SettingsStore};
use ges_core::testing::fixtures::{at, call_in, tenant};
use ges_storage::embedded::{BackupError, ExportError};
use serde_json::Value;

use super::support::{all, assert_indexes_equal_records, book, fill, folder, open, record, wait};

#[test]
fn a_backup_taken_under_load_is_a_store_of_its_own() {
    let home = folder();
    let store = open(home.path());
    fill(&store, 0..200);
    let (stop, booked) = (AtomicBool::new(false), AtomicU64::new(200));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    book(&store, booked.fetch_add(1, Ordering::Relaxed)).expect("book");
                }
            });
        }
        for number in 0..3 {
            let acknowledged = all(&store);
            let to = home.path().join(format!("backup-{number}.db"));
            wait(store.backup(&to)).expect("a backup");
            let copy = open(&to);
            let copied = all(&copy);
            for record in acknowledged {
                assert!(copied.contains(&record), "{} was there before the backup began", record.id);
            }
            assert_indexes_equal_records(&copy);
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_backup_replaces_nothing_and_leaves_nothing_half_done() {
    let home = folder();
    let store = open(home.path());
    fill(&store, 0..3);
    let taken = home.path().join("taken.db");
    fs::write(&taken, "precious").expect("write");
    let refused = wait(store.backup(&taken)).expect_err("a file is there");
    assert!(matches!(refused, BackupError::Exists { .. }), "{refused}");
    assert_eq!(fs::read_to_string(&taken).expect("read"), "precious");

    let nowhere = home.path().join("missing/backup.db");
    let refused = wait(store.backup(&nowhere)).expect_err("there is no such folder");
    assert!(matches!(refused, BackupError::Database { .. }), "{refused}");

    // A copy that was cut off earlier is no obstacle.
    let to = home.path().join("backup.db");
    fs::write(home.path().join("backup.db.partial"), "half").expect("write");
    wait(store.backup(&to)).expect("a backup");
    assert!(!home.path().join("backup.db.partial").exists());
    assert_eq!(all(&open(&to)), all(&store));
}

#[test]
fn an_export_has_a_line_for_everything() {
    let home = folder();
    let store = open(home.path());
    fill(&store, 0..3);
    let request = call_in(7, at("10:00"));
    let group =
        CallInChange { tenant: tenant(), group: "help".into(), expected: 0, requests: vec![request.clone()] };
    assert!(wait(CallInStore::change(&store, group)).expect("change"));
    let published = Published { version: 1, ..Published::default() };
    let odd = "a \"quoted\"\ttenant".into();
    wait(store.publish(&odd, published.clone())).expect("publish");

    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let take = move |line: &str| {
        kept.lock().expect("the lines").push(serde_json::from_str::<Value>(line)?);
        Ok(())
    };
    assert_eq!(wait(store.export(take)).expect("an export"), 5);
    let expected: Vec<Value> = (0..3)
        .map(|number| serde_json::json!({"callback": record(number)}))
        .chain([
            serde_json::json!({"callIn": {"tenant": tenant(), "request": request}}),
            serde_json::json!({"settings": {"tenant": odd, "published": published}}),
        ])
        .collect();
    assert_eq!(*lines.lock().expect("the lines"), expected);
}

#[test]
fn an_export_ends_when_its_taker_fails() {
    let home = folder();
    let store = open(home.path());
    fill(&store, 0..10);
    let mut left = 4;
    let take = move |_: &str| {
        left -= 1;
        if left == 0 { Err(io::Error::other("no more")) } else { Ok(()) }
    };
    let failed = wait(store.export(take)).expect_err("the taker fails");
    assert!(matches!(failed, ExportError::Taker(_)), "{failed}");
    wait(store.check()).expect("the store goes on");
}
