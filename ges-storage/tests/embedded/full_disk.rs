//! No room left: clear refusals, nothing lost, nothing half done, and on it goes when there is room again.

use std::fs;

use ges_core::callback::{Callback, CancelledBy, Event};
use ges_core::port::{Booked, CallbackStore, LeaseRequest, StoreError};
use ges_core::testing::fixtures::{after, at, change, id, tenant};
use ges_storage::embedded::{EmbeddedStore, Options};

use super::support::{
    Mounted, all, assert_indexes_equal_records, book, fill, folder, loudly, open, record, wait,
};

/// Books until it is refused; answers how many were accepted.
fn book_until_full(store: &EmbeddedStore, from: u64) -> u64 {
    for number in from..100_000 {
        match book(store, number) {
            Ok(booked) => assert_eq!(booked, Booked::Accepted),
            Err(error) => {
                assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                return number;
            }
        }
    }
    panic!("the disk is never full");
}

fn assert_exactly(store: &EmbeddedStore, accepted: u64) {
    assert_eq!(all(store).len() as u64, accepted);
    assert_eq!(wait(store.get(&tenant(), id(accepted))).expect("get"), None, "the refused one is not there");
    assert_indexes_equal_records(store);
}

#[test]
fn a_file_at_its_limit_refuses_and_loses_nothing() {
    let home = folder();
    let bounded =
        || EmbeddedStore::open(home.path(), Options::default().max_bytes(600_000)).expect("it opens");
    let store = bounded();
    let accepted = book_until_full(&store, 0);
    assert!(accepted > 100, "{accepted}");
    assert_exactly(&store, accepted);
    assert_eq!(book(&store, 0).expect("a repeat writes nothing"), Booked::Exists);
    drop(store);
    assert_exactly(&bounded(), accepted);
    let store = open(home.path());
    fill(&store, accepted..accepted + 100);
    assert_exactly(&store, accepted + 100);
}

#[test]
fn room_made_by_purging_is_used_again() {
    let home = folder();
    let store = EmbeddedStore::open(home.path(), Options::default().max_bytes(600_000)).expect("it opens");
    fill(&store, 0..100);
    for number in 0..100 {
        let cancelled = after(&record(number), &Event::Cancel { by: CancelledBy::Client }, at("08:00"));
        let answers = wait(CallbackStore::change(&store, vec![change(&record(number), &cancelled)]));
        assert_eq!(answers.expect("change"), [Ok(())]);
    }
    let accepted = book_until_full(&store, 100);
    let purged = wait(store.purge(ges_core::Timestamp::MAX, 1_000)).expect("purging needs no room");
    assert_eq!(purged, 100);
    fill(&store, accepted..accepted + 20);
}

#[test]
fn a_full_disk_refuses_and_loses_nothing_and_recovers() {
    let Some(mounted) = Mounted::new("size=4m") else { return };
    let ballast = mounted.path().join("ballast");
    fs::write(&ballast, vec![1_u8; 2 << 20]).expect("ballast");
    let home = mounted.path().join("store");
    let store = open(&home);
    let accepted = book_until_full(&store, 0);
    loudly(&format!("a full file system of 4 MiB: {accepted} accepted, then refused"));
    assert!(accepted > 50, "{accepted}");
    assert_exactly(&store, accepted);
    let unwell = wait(store.check()).expect_err("the check finds out");
    assert!(matches!(unwell, StoreError::Unavailable(_)), "{unwell:?}");

    fs::remove_file(&ballast).expect("room again");
    wait(store.check()).expect("well again");
    fill(&store, accepted..accepted + 30);
    assert_exactly(&store, accepted + 30);
    drop(store);
    assert_exactly(&open(&home), accepted + 30);
}

/// A record that needs more room than there is.
fn huge(number: u64) -> Callback {
    let mut callback = record(number);
    let text = "x".repeat(1 << 20);
    callback.request_mut().user_data = serde_json::json!({ "text": text }).try_into().expect("user data");
    callback
}

#[test]
fn a_change_that_found_no_room_leaves_the_record_as_it_was() {
    let home = folder();
    let store = EmbeddedStore::open(home.path(), Options::default().max_bytes(900_000)).expect("it opens");
    fill(&store, 0..1);
    let before = record(0);
    let next = Callback { version: 2, desired: at("09:00"), ..huge(0) };
    wait(CallbackStore::change(&store, vec![change(&before, &next)])).expect_err("there is no room for it");
    assert_eq!(all(&store), std::slice::from_ref(&before));
    assert_indexes_equal_records(&store);
    let request = LeaseRequest {
        owner: "node".into(),
        now: at("08:00"),
        until: at("08:00"),
        raised: Vec::new(),
        lasting: std::time::Duration::from_secs(30),
        limit: 10,
    };
    let leased = wait(store.lease(request)).expect("lease");
    assert_eq!(leased.into_iter().map(|one| one.callback).collect::<Vec<_>>(), [before]);
}
