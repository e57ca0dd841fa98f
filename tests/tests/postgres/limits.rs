//! Nothing is waited for without end, and a failure of one is not a failure of others.

use std::time::Duration;

use ges_core::port::{Booked, CallbackStore, StoreError};
use ges_core::testing::fixtures::{at, booking, scheduled};
use ges_tests::private::Postgres;

use crate::support::{block_on, bounded, bystander, open, options, until};

/// Keeps everybody from them.
const ALL_RECORDS: &str = "LOCK TABLE ges.callback IN ACCESS EXCLUSIVE MODE";

#[test]
fn a_pool_that_is_empty_says_so() {
    block_on(bounded(async {
        let (server, record) = (Postgres::shared(), scheduled(1, at("18:00")));
        let database = server.fresh_database_name();
        let mut options = options(&server.url(&database));
        (options.connections, options.pool_limit) = (1, Duration::from_millis(100));
        options.statement_limit = Duration::from_secs(30);
        let store = open(options).await;
        let bystander = bystander(&server.url(&database), ALL_RECORDS).await;
        let waiting = {
            let (store, record) = (store.clone(), record.clone());
            tokio::spawn(async move { store.get(&record.tenant, record.id).await })
        };
        until("the only connection waits", async || {
            let waits =
                "SELECT 1 FROM pg_stat_activity WHERE application_name = 'ges' AND wait_event_type = 'Lock'";
            !server.ask(&database, waits).is_empty()
        })
        .await;
        let error = store.next_wake().await.expect_err("no connection is free");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        bystander.batch_execute("COMMIT").await.expect("go on");
        assert_eq!(waiting.await.expect("an end").expect("get"), None);
        until("a connection is free", async || store.next_wake().await.is_ok()).await;
    }));
}

#[test]
fn a_statement_that_takes_too_long_is_given_up() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let database = server.fresh_database_name();
        let mut options = options(&server.url(&database));
        options.statement_limit = Duration::from_millis(200);
        let store = open(options).await;
        let bystander = bystander(&server.url(&database), ALL_RECORDS).await;
        let record = scheduled(1, at("18:00"));
        let error = store.get(&record.tenant, record.id).await.expect_err("given up");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        store.book(booking(&record)).await.expect_err("given up");
        assert_eq!(store.away(), None, "the database is there");
        bystander.batch_execute("COMMIT").await.expect("go on");
        assert_eq!(store.book(booking(&record)).await.expect("book"), Booked::Accepted);
    }));
}

#[test]
fn what_one_cannot_write_others_can() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let database = server.fresh_database_name();
        let store = open(options(&server.url(&database))).await;
        store.check().await.expect("check");
        // A record the database refuses, as a stand-in for whatever a single record can be refused for.
        server.ask(&database, "ALTER TABLE ges.callback ADD CHECK (record NOT LIKE '%elephant%')");
        let bookings = (1..=40).map(|number| {
            let mut record = scheduled(number, at("18:00"));
            if number == 20 {
                record.request_mut().channel = Some("elephant".to_owned());
            }
            let store = store.clone();
            async move { (number, store.book(booking(&record)).await) }
        });
        for (number, booked) in futures_util::future::join_all(bookings).await {
            match booked {
                Ok(booked) => assert_eq!((booked, number != 20), (Booked::Accepted, true)),
                Err(error) => {
                    assert_eq!(number, 20, "{error:?}");
                    let words = format!("{error:?} {error}");
                    assert!(!words.contains("elephant") && !words.contains("519"), "{words}");
                }
            }
        }
    }));
}
