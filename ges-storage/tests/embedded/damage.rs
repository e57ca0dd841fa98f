//! Files that contradict themselves, and records that cannot be understood.

use std::fs;

use ges_core::port::{CallbackStore, StoreError};
use ges_core::testing::fixtures::{id, tenant};
use ges_storage::embedded::OpenError;
use rusqlite::Connection;

use super::support::{fill, folder, open, record, refusal, wait};

const PAGE: usize = 4_096;

#[test]
fn a_damaged_file_is_refused_wherever_the_damage_is() {
    let home = folder();
    let path = open(home.path()).path().to_owned();
    fill(&open(home.path()), 0..300);
    let whole = fs::read(&path).expect("read");
    let pages = whole.len() / PAGE;
    assert!(pages > 30, "{pages} pages");
    // Page 1 beyond the header, then pages of tables and indexes.
    for page in [0, 1, 2, 5, pages / 2, pages - 1] {
        let mut damaged = whole.clone();
        let start = page * PAGE + if page == 0 { 100 } else { 0 };
        damaged[start..(page + 1) * PAGE].fill(0xA5);
        fs::write(&path, &damaged).expect("write");
        let refused = refusal(home.path());
        assert!(matches!(refused, OpenError::Damaged { .. }), "page {}: {refused}", page + 1);
        assert!(refused.to_string().contains("backup"), "{refused}");
    }
    fs::write(&path, &whole).expect("write");
    open(home.path());
}

#[test]
fn a_file_cut_short_is_refused() {
    let home = folder();
    let path = open(home.path()).path().to_owned();
    fill(&open(home.path()), 0..300);
    let whole = fs::read(&path).expect("read");
    fs::write(&path, &whole[..whole.len() / PAGE / 2 * PAGE]).expect("write");
    assert!(matches!(refusal(home.path()), OpenError::Damaged { .. }));
}

#[test]
fn an_emptied_file_beside_its_log_is_refused() {
    let home = folder();
    let path = open(home.path()).path().to_owned();
    fs::write(&path, "").expect("write");
    fs::write(home.path().join("ges.db-wal"), "what was written last").expect("write");
    assert!(matches!(refusal(home.path()), OpenError::Damaged { .. }));
    assert!(home.path().join("ges.db-wal").exists(), "the log may be all there is");
}

#[test]
fn a_record_that_cannot_be_read_is_named_without_its_data() {
    let home = folder();
    let store = open(home.path());
    fill(&store, 0..3);
    let beside = Connection::open(store.path()).expect("open");
    let spoilt = r#"{"number":"+15195550001","id":"+15195550001"}"#;
    let changed = beside.execute("UPDATE record SET body = ?1 WHERE key = 2", [spoilt]).expect("update");
    assert_eq!(changed, 1);
    let error = wait(store.get(&tenant(), id(1))).expect_err("the record is spoilt");
    let shown = format!("{error} {error:?}");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{shown}");
    assert!(shown.contains(&id(1).to_string()), "{shown}");
    assert!(!shown.contains("1519"), "{shown}");
    assert_eq!(
        wait(store.get(&tenant(), id(2))).expect("get"),
        Some(record(2)),
        "the others are as they were"
    );
}
