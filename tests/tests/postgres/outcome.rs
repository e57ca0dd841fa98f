//! The connection is cut when the server has done what it was asked and nobody has heard of it.

use std::time::Duration;

use ges_core::NodeId;
use ges_core::port::{
    Booked, CallInChange, CallInStore, CallbackStore, LeaseRequest, Published, SettingsStore,
};
use ges_core::testing::fixtures::{
    at, between, booking, call_in, change, issued, places, scheduled, service, tenant,
};
use ges_storage::postgres::PostgresStore;
use ges_tests::private::{Postgres, Toward, Wire};

use crate::support::{block_on, bounded, bystander, open, options, until};

/// A store behind a wire, with its connections made.
async fn behind_a_wire() -> (Wire, PostgresStore) {
    in_database(&Postgres::shared().fresh_database_name()).await
}

/// The same, in this database.
async fn in_database(database: &str) -> (Wire, PostgresStore) {
    let wire = Wire::to(Postgres::shared().address());
    let mut options = options(&Postgres::url_at(&[wire.address()], database));
    options.connections = 1;
    let store = open(options).await;
    store.book(booking(&scheduled(900, at("12:00")))).await.expect("book");
    let record = scheduled(900, at("12:00"));
    let next = issued(&record, at("12:00"));
    assert_eq!(store.change_one(change(&record, &next)).await, Ok(()));
    store.check().await.expect("check");
    (wire, store)
}

trait One {
    async fn change_one(&self, change: ges_core::port::Change) -> Result<(), ges_core::port::Conflict>;
}

impl One for PostgresStore {
    async fn change_one(&self, change: ges_core::port::Change) -> Result<(), ges_core::port::Conflict> {
        CallbackStore::change(self, vec![change]).await.expect("change").remove(0)
    }
}

#[test]
fn a_booking_is_there_once() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        wire.cut_after(Toward::Client, 0);
        let record = scheduled(1, at("18:00"));
        // One place is left, and it is its own.
        let booked = store.book(places(booking(&record), "18:00", "18:30", 1)).await.expect("book");
        assert!(matches!(booked, Booked::Accepted | Booked::Exists), "{booked:?}");
        assert_eq!(wire.cuts(), 1);
        let window = between("18:00", "18:30");
        let occupancy = store.occupancy(&tenant(), &service(), window).await.expect("occupancy");
        assert_eq!(occupancy.within(window), 1);
        assert_eq!(store.get(&record.tenant, record.id).await.expect("get"), Some(record));
    }));
}

#[test]
fn a_change_that_was_done_is_done() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        let record = scheduled(1, at("18:00"));
        store.book(booking(&record)).await.expect("book");
        let next = issued(&record, at("18:00"));
        wire.cut_after(Toward::Client, 0);
        assert_eq!(store.change_one(change(&record, &next)).await, Ok(()), "not refused by itself");
        assert_eq!(wire.cuts(), 1);
        assert_eq!(store.get(&record.tenant, record.id).await.expect("get"), Some(next));
    }));
}

#[test]
fn leases_that_are_given_after_the_connection_broke_are_known_to_be_unknown() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let database = server.fresh_database_name();
        let (wire, store) = in_database(&database).await;
        for number in 1..=3 {
            store.book(booking(&scheduled(number, at("18:00")))).await.expect("book");
        }
        let expected = 4;
        let owner = NodeId::from("node-1");
        let request = LeaseRequest {
            owner: owner.clone(),
            now: at("18:00"),
            until: at("18:00"),
            raised: Vec::new(),
            lasting: Duration::from_secs(30),
            limit: 100,
        };
        // The statement has chosen what it leases, and waits before it does so.
        server.ask(
            &database,
            "CREATE FUNCTION ges.wait() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN new; END'; \
             CREATE TRIGGER wait BEFORE UPDATE ON ges.due FOR EACH ROW EXECUTE PROCEDURE ges.wait()",
        );
        let bystander = bystander(&server.url(&database), "SELECT pg_advisory_xact_lock(1)").await;
        let leasing = {
            let (store, request) = (store.clone(), request.clone());
            tokio::spawn(async move { store.lease(request).await })
        };
        let is_at_work = async || {
            let works = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                         AND wait_event_type = 'Lock' AND query LIKE '%FROM lease(%'";
            !server.ask(&database, works).is_empty()
        };
        until("it is at work", is_at_work).await;
        wire.cut();
        let error = leasing.await.expect("an end").expect_err("nobody knows");
        assert!(error.is_outcome_unknown(), "{error:?}");
        bystander.batch_execute("COMMIT").await.expect("go on");
        until("it is done", async || !is_at_work().await).await;
        assert_eq!(store.lease(request.clone()).await.expect("lease"), [], "all are leased");
        assert_eq!(store.end_leases(&owner).await.expect("end"), expected);
        assert_eq!(store.lease(request).await.expect("lease").len(), expected);
    }));
}

#[test]
fn a_publication_and_a_call_in_change_that_were_done_are_done() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        let next = Published { version: 1, ..Published::default() };
        wire.cut_after(Toward::Client, 0);
        store.publish(&tenant(), next.clone()).await.expect("published");
        assert_eq!(wire.cuts(), 1);
        assert_eq!(store.published(&tenant()).await.expect("published"), next);
        let request = call_in(1, at("18:00"));
        let change = CallInChange {
            tenant: tenant(),
            group: "help".to_owned(),
            expected: 0,
            requests: vec![request.clone()],
        };
        store.check().await.expect("connected again");
        wire.cut_after(Toward::Client, 0);
        assert!(CallInStore::change(&store, change).await.expect("change"));
        assert_eq!(wire.cuts(), 2);
        let group = store.group(&tenant(), "help").await.expect("group");
        assert_eq!((group.version, group.waiting), (1, vec![request]));
    }));
}
