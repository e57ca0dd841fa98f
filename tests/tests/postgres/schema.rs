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
        let (found, known) = PostgresStore::schema_version(options(&url)).await.expect("versions");
        assert_eq!(found, known);
        assert_eq!(
            PostgresStore::migrate(options(&url)).await.expect("migrate"),
            known,
            "nothing is left to do"
        );
    }));
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let database = server.fresh_database_name();
        let url = server.url(&database);
        let known = PostgresStore::migrate(options(&url)).await.expect("migrate");
        server.ask(&database, "UPDATE ges.refinery_schema_history SET version = 90210");
        for refused in [
            PostgresStore::open(options(&url)).await.map(drop),
            PostgresStore::migrate(options(&url)).await.map(drop),
        ] {
            let error = refused.expect_err("refused");
            assert!(matches!(error, OpenError::Newer { found: 90210, .. }), "{error:?}");
            let words = error.to_string();
            assert!(words.contains("90210") && words.contains(&known.to_string()), "{words}");
        }
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
