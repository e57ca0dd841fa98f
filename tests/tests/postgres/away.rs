//! The database goes away and comes back.

use std::time::Duration;

use ges_core::port::{CallbackStore, Clock, StoreError};
use ges_core::testing::fixtures::{at, booking, scheduled, tenant};
use ges_storage::postgres::PostgresStore;
use ges_tests::private::{Postgres, Wire};

use crate::support::{block_on, bounded, is_away, open, options, until};

/// A store that gives up soon.
async fn behind_a_wire() -> (Wire, PostgresStore) {
    behind_a_wire_for(Duration::from_millis(300)).await
}

/// A store that tries so long to do again what may have been done.
async fn behind_a_wire_for(unknown_limit: Duration) -> (Wire, PostgresStore) {
    let server = Postgres::shared();
    let wire = Wire::to(server.address());
    let database = server.fresh_database_name();
    let mut options = options(&Postgres::url_at(&[wire.address()], &database));
    options.statement_limit = Duration::from_secs(1);
    options.connect_limit = Duration::from_secs(2);
    options.pool_limit = Duration::from_secs(1);
    options.unknown_limit = unknown_limit;
    options.away_limit = options.away_limit.max(unknown_limit / 2);
    let store = open(options).await;
    store.book(booking(&scheduled(1, at("18:00")))).await.expect("book");
    (wire, store)
}

async fn every_call_fails(store: &PostgresStore) {
    let unavailable = |error: StoreError| assert!(is_away(&error), "{error:?}");
    let record = scheduled(2, at("18:00"));
    unavailable(store.book(booking(&record)).await.expect_err("book"));
    unavailable(store.get(&record.tenant, record.id).await.expect_err("get"));
    unavailable(store.next_wake().await.expect_err("next wake"));
    unavailable(store.tally(&tenant()).await.expect_err("tally"));
    unavailable(store.check().await.expect_err("check"));
}

#[test]
fn calls_fail_while_it_is_away_and_work_again_by_themselves() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        assert_eq!(store.away(), None);
        wire.close();
        every_call_fails(&store).await;
        assert!(store.away().is_some());
        wire.open();
        until("it is back", async || store.check().await.is_ok()).await;
        store.book(booking(&scheduled(2, at("18:00")))).await.expect("book");
        assert_eq!(store.away(), None);
    }));
}

#[test]
fn a_silent_server_is_given_up() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        wire.stall();
        every_call_fails(&store).await;
        assert!(store.away().is_some(), "what does not answer is away");
        wire.go_on();
        until("it is back", async || store.check().await.is_ok()).await;
        store.book(booking(&scheduled(2, at("18:00")))).await.expect("book");
    }));
}

#[test]
fn bookings_wait_out_a_cut() {
    block_on(bounded(async {
        // However long a new connection takes on a machine that has other tests to run.
        let (wire, store) = behind_a_wire_for(Duration::from_secs(20)).await;
        for number in 10..20 {
            wire.cut();
            store.book(booking(&scheduled(number, at("18:00")))).await.expect("it is made good");
        }
    }));
}

#[test]
fn the_clock_is_the_servers_and_stays_while_it_is_away() {
    block_on(bounded(async {
        let (wire, store) = behind_a_wire().await;
        let server = || {
            let asked = Postgres::shared()
                .ask("postgres", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8");
            asked[0].parse::<i64>().expect("milliseconds")
        };
        let clock = store.clock();
        for away in [false, true] {
            if away {
                wire.close();
                assert!(store.check().await.is_err());
            }
            let (before, now, after) = (server(), clock.now().as_millis(), server());
            assert!((before - 20..=after + 20).contains(&now), "away: {away}: {before} {now} {after}");
        }
    }));
}
