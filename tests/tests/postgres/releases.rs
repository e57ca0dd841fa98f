//! Other releases on the same database: this one works on a schema that the two next ones have migrated, and the one
//! before works on ours.
//!
//! There are no such releases to be started. The next ones are stood in for by what docs/storage.md allows them to do;
//! the one before by its functions, which are those of version 1 of the tables.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::port::{CallbackStore, Conflict, LeaseRequest};
use ges_core::testing::contract::{StoreUnderTest, Stores, Task};
use ges_core::testing::fixtures::{at, between, change, issued, scheduled, service, tenant};
use ges_core::{CallbackId, TenantId};
use ges_storage::postgres::{OpenError, PostgresStore};
use ges_tests::private::Postgres;

use crate::support::{block_on, bounded, fresh_schema, open, open_shared, options, runtime, spoilt};

/// What the migrations of the two next releases may do: tables, columns with a default, indexes and functions.
const NEXT: [&str; 2] = [
    "ALTER TABLE callback ADD COLUMN next text NOT NULL DEFAULT 'of the next release'; \
     ALTER TABLE due ADD COLUMN next int8 NOT NULL DEFAULT 7; \
     ALTER TABLE service ADD COLUMN next int4 NOT NULL DEFAULT 0; \
     ALTER TABLE place ADD COLUMN next int4 NOT NULL DEFAULT 0; \
     ALTER TABLE call_in ADD COLUMN next int4; \
     ALTER TABLE call_in_group ADD COLUMN next int4; \
     ALTER TABLE settings ADD COLUMN next int4; \
     ALTER TABLE node ADD COLUMN next text NOT NULL DEFAULT ''; \
     CREATE INDEX callback_by_creation ON callback (next, desired); \
     CREATE TABLE next (id uuid PRIMARY KEY);",
    "ALTER TABLE callback ADD COLUMN last int8 NOT NULL DEFAULT 0; \
     ALTER TABLE tenant ADD COLUMN last int8 NOT NULL DEFAULT 0; \
     CREATE TABLE last (callback uuid, PRIMARY KEY (callback)); \
     CREATE TYPE guard AS (of_the_next_release int8); \
     CREATE FUNCTION book(p_anything text) RETURNS int8 LANGUAGE sql AS 'SELECT 1::int8';",
];

/// And a state that this release does not know. By itself and without a search path: statements that go together are one
/// transaction, in which PostgreSQL 11 adds no value to an enumeration.
fn new_state(schema: &str) -> String {
    format!("ALTER TYPE {schema}.callback_state ADD VALUE 'PAUSED'")
}

/// As the two next releases leave a database that they made themselves: this release has never been there.
async fn migrated_ahead(schema: &str) {
    let server = Postgres::shared();
    PostgresStore::migrate(options(&server.url("postgres")).schema(schema)).await.expect("migrate");
    let api = &server.ask("postgres", &format!("SELECT name FROM {schema}.api"))[0];
    let forget = format!("DROP SCHEMA {api} CASCADE; DELETE FROM {schema}.api;");
    let path = format!("SET search_path = {schema};");
    server.ask("postgres", &new_state(schema));
    let history = "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
                   SELECT max(version) + 1, 'next', '', '' FROM refinery_schema_history;";
    let functions =
        "INSERT INTO api SELECT 'of_the_next_release', '0.3.0', max(version) FROM refinery_schema_history;";
    let [one, two] = NEXT;
    server.ask("postgres", &[&path, one, history, two, history, &forget, functions].concat());
}

struct Ahead;

async fn stores(schema: String) -> Stores {
    Stores::of(Arc::new(open_shared(&schema).await), schema)
}

fn schema(stores: &Stores) -> String {
    stores.home.downcast_ref::<String>().expect("the schema").clone()
}

#[async_trait]
impl StoreUnderTest for Ahead {
    async fn fresh(&self) -> Stores {
        let schema = fresh_schema();
        migrated_ahead(&schema).await;
        stores(schema).await
    }

    async fn reopen(&self, before: Stores) -> Option<Stores> {
        let schema = schema(&before);
        drop(before);
        Some(stores(schema).await)
    }

    async fn another(&self, one: &Stores) -> Option<Stores> {
        Some(stores(schema(one)).await)
    }

    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        spoilt(&schema(stores), tenant, id)
    }

    async fn parallel(&self, tasks: Vec<Task>) {
        let tasks: Vec<_> = tasks.into_iter().map(|task| runtime().spawn(task)).collect();
        for task in tasks {
            task.await.expect("a task ends well");
        }
    }

    fn rounds(&self) -> usize {
        1
    }
}

mod on_a_schema_migrated_ahead {
    use super::Ahead;
    use crate::support::block_on;

    ges_core::store_contract!(block_on, Ahead);
}

#[test]
fn without_leave_to_migrate_missing_functions_are_told() {
    block_on(bounded(async {
        let schema = fresh_schema();
        migrated_ahead(&schema).await;
        let mut options = options(&Postgres::shared().url("postgres")).schema(schema);
        options.migrate = false;
        let refused = PostgresStore::open(options.clone()).await.map(drop).expect_err("refused");
        assert!(matches!(refused, OpenError::Functions), "{refused:?}");
        PostgresStore::migrate(options.clone()).await.expect("migrate");
        open(options).await.check().await.expect("it works");
    }));
}

#[test]
fn functions_of_releases_that_may_not_come_back_are_removed() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let schema = fresh_schema();
        migrated_ahead(&schema).await;
        let (gone, kept) = (format!("{schema}_gone"), format!("{schema}_kept"));
        server.ask(
            "postgres",
            &format!(
                "CREATE SCHEMA {gone}; CREATE SCHEMA {kept}; \
                 INSERT INTO {schema}.api VALUES ('{gone}', '0.0.1', 0), ('{kept}', '0.0.2', 1)"
            ),
        );
        open_shared(&schema).await;
        let there = |name: &str| {
            let sql = format!(
                "SELECT 1 FROM pg_namespace WHERE nspname = '{name}' \
                               UNION ALL SELECT 2 FROM {schema}.api WHERE name = '{name}'"
            );
            server.ask("postgres", &sql)
        };
        assert!(there(&gone).is_empty(), "{:?}", there(&gone));
        assert_eq!(there(&kept), ["1", "2"], "a release that may come back finds its functions");
    }));
}

/// The functions of the release before, as they are while none was released: those of version 1 of the tables.
const BEFORE: [&str; 7] = [
    include_str!("../../../ges-storage/api/postgres/words.sql"),
    include_str!("../../../ges-storage/api/postgres/names.sql"),
    include_str!("../../../ges-storage/api/postgres/user_data.sql"),
    include_str!("../../../ges-storage/api/postgres/counts.sql"),
    include_str!("../../../ges-storage/api/postgres/book.sql"),
    include_str!("../../../ges-storage/api/postgres/replace.sql"),
    include_str!("../../../ges-storage/api/postgres/leases.sql"),
];

#[test]
fn the_release_before_and_this_one_change_the_same_records() {
    block_on(bounded(async {
        let server = Postgres::shared();
        let schema = fresh_schema();
        let store = open_shared(&schema).await;
        let before = format!("{schema}_before");
        let ask = |sql: &str| server.ask("postgres", &format!("SET search_path = {before}, {schema}; {sql}"));
        server.ask("postgres", &format!("CREATE SCHEMA {before}"));
        BEFORE.iter().for_each(|file| drop(ask(file)));

        // It books, this one reads, leases and issues what it booked.
        let record = scheduled(1, at("18:00"));
        let (text, desired) = (serde_json::to_string(&record).expect("a record"), record.desired.as_millis());
        let wake = desired - 120_000;
        let keys = format!("name_keys('{}', '{}') k", tenant(), service());
        let number = record.request.number.comparison().packed();
        let booked = ask(&format!(
            "SELECT b.written FROM {keys}, book(ARRAY[ROW('{}', k.tenant, k.service, 1, {desired}, {number}, 'SCHEDULED', \
             true, true, {wake}, '{text}', '')::booking], '{{}}') b",
            record.id
        ));
        assert_eq!(booked, ["t"]);
        assert_eq!(store.get(&record.tenant, record.id).await.expect("get").as_ref(), Some(&record));
        let request = LeaseRequest {
            owner: "this".into(),
            now: at("18:00"),
            until: at("18:00"),
            raised: Vec::new(),
            lasting: std::time::Duration::from_secs(30),
            limit: 10,
        };
        let leased = store.lease(request).await.expect("lease").remove(0);
        let next = issued(&record, at("18:00"));
        let mut issue = change(&record, &next);
        issue.fence = Some(leased.lease.fence);
        assert_eq!(store.change(vec![issue]).await.expect("change"), [Ok(())]);

        // It replaces what this one wrote, which ends the lease; this one finds it as it is then.
        let mut last = issued(&record, at("18:00"));
        last.version += 1;
        let text = serde_json::to_string(&last).expect("a record");
        let replaced = ask(&format!(
            "SELECT r.verdicts FROM {keys}, replace_records(ARRAY[ROW('{}', k.tenant, k.service, {}, {desired}, {number}, \
             'SCHEDULED', true, false, NULL, '{text}', true, '', {}, NULL)::replacement], '{{}}') r",
            record.id, last.version, next.version
        ));
        assert_eq!(replaced, ["{DONE}"]);
        assert_eq!(store.get(&record.tenant, record.id).await.expect("get").as_ref(), Some(&last));
        let mut late = change(&next, &last);
        late.fence = Some(leased.lease.fence);
        assert_eq!(store.change(vec![late]).await.expect("change"), [Err(Conflict::Stale)]);
        let window = between("18:00", "18:30");
        let occupancy = store.occupancy(&tenant(), &service(), window).await.expect("occupancy");
        assert_eq!(occupancy.within(window), 1, "both count in the same place");
    }));
}
