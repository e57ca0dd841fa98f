//! The schema: made once, never by an older release.

use ges_core::port::CallbackStore;
use ges_storage::postgres::{OpenError, PostgresStore};
use ges_tests::private::Postgres;

use crate::support::{block_on, bounded, options};

#[test]
fn nodes_that_start_together_migrate_once() {
    block_on(bounded(async {
        let url = Postgres::shared().fresh_database();
        let opening = (0..6).map(|_| PostgresStore::open(options(&url)));
        for store in futures_util::future::join_all(opening).await {
            store.expect("each opens").check().await.expect("each works");
        }
        let versions = PostgresStore::schema_versions(options(&url)).await.expect("versions");
        assert_eq!(versions.found, versions.known);
        assert!(!versions.is_older() && !versions.is_beyond(), "{versions:?}");
        assert_eq!(
            PostgresStore::migrate(options(&url)).await.expect("migrate"),
            versions.known,
            "nothing is left to do"
        );
    }));
}

#[test]
fn only_a_schema_that_has_taken_something_away_is_refused() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let database = server.fresh_database_name();
        let url = server.url(&database);
        let known = PostgresStore::migrate(options(&url)).await.expect("migrate");
        server.ask(&database, "UPDATE ges.refinery_schema_history SET version = 90210");
        PostgresStore::open(options(&url)).await.expect("a newer one is used as it is");
        assert_eq!(PostgresStore::migrate(options(&url)).await.expect("nothing to do"), 90_210);
        server.ask(&database, &format!("UPDATE ges.schema_floor SET version = {}", known + 1));
        for refused in [
            PostgresStore::open(options(&url)).await.map(drop),
            PostgresStore::migrate(options(&url)).await.map(drop),
        ] {
            let error = refused.expect_err("refused");
            assert!(matches!(error, OpenError::Beyond { found: 90_210, .. }), "{error:?}");
            let words = error.to_string();
            let numbers = [90_210, known + 1, known].map(|number| number.to_string());
            assert!(numbers.iter().all(|number| words.contains(number)), "{words}");
            assert!(words.contains("run a later release"), "{words}");
        }
        let versions = PostgresStore::schema_versions(options(&url)).await.expect("versions");
        assert!(versions.is_beyond() && !versions.is_older(), "{versions:?}");
    }));
}

#[test]
fn without_leave_to_migrate_a_missing_schema_is_refused() {
    block_on(bounded(async {
        let mut options = options(&Postgres::shared().fresh_database());
        options.migrate = false;
        let refused = PostgresStore::open(options.clone()).await.expect_err("refused");
        assert!(matches!(refused, OpenError::Older { found: 0, .. }), "{refused:?}");
        PostgresStore::migrate(options.clone()).await.expect("migrate");
        PostgresStore::open(options).await.expect("opens");
    }));
}

#[test]
fn what_cannot_be_used_is_said_without_secrets() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let url = server.url("no_such_database").replace("ges@", "ges:topsecret@");
        let error = PostgresStore::open(options(&url)).await.expect_err("no such database");
        let words = format!("{error:?} {error} {:?}", options(&url));
        assert!(!words.contains("topsecret"), "{words}");
        let schema = options(&server.url("postgres")).schema("x; DROP TABLE y");
        assert!(matches!(PostgresStore::open(schema).await, Err(OpenError::SchemaName)));
    }));
}
