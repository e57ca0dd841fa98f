//! Plans that were made while tables were small must do when they are large (docs/decisions/plans-that-stay.md).

use std::time::Duration;

use ges_core::Interval;
use ges_core::port::{Booked, CallbackStore, Query};
use ges_core::testing::fixtures::{at, booking, scheduled};
use ges_storage::postgres::PostgresStore;
use ges_tests::private::Postgres;

use crate::support::{block_on, bounded, open, options, until};

/// Leases that are asked about in one statement, and all that are held.
const ASKED: u32 = 50;
const LEASED: u32 = 2_000;

const ID: &str = "lpad(n::text, 32, '0')::uuid";

/// Rows of who has what that are read for each lease of the last question, in a session that was asked the same about one
/// lease while there was no other. The parameters are made of rows of this type.
fn read_for_each(function: &str, row: &str, rest: &str) -> u64 {
    let server = Postgres::shared();
    let database = server.fresh_database_name();
    let url = server.url(&database);
    block_on(bounded(async { PostgresStore::migrate(options(&url)).await.expect("migrate") }));
    let lease = |first: u32, last: u32| {
        format!(
            "INSERT INTO due (id, desired, version, wake, due, lease_until, fence, tenant, service, waiting, owner) \
             SELECT {ID}, 0, 1, n, n, 1000000, n, 1, 1, false, 'node' FROM generate_series({first}, {last}) n;"
        )
    };
    let ask = |most: u32| {
        format!(
            "SELECT 'answer ' || {function}(array_agg({row}){rest})::text FROM generate_series(1, {most}) n;"
        )
    };
    let read = "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'due';";
    let script = [
        // As the sessions of the store are set.
        "SELECT set_config('search_path', (SELECT name FROM ges.api) || ', ges', false); SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;",
        "SET enable_mergejoin = off; SELECT set_config('plan_cache_mode', 'force_generic_plan', false) \
         WHERE current_setting('server_version_num')::int >= 120000;",
        "INSERT INTO tenant (name) VALUES ('tenant');",
        &lease(1, 1),
        "ANALYZE due; ANALYZE tenant;",
        &ask(1).repeat(10),
        &lease(2, LEASED),
        read,
        &ask(ASKED),
        read,
    ];
    let lines = server.ask(&database, &script.concat());
    let numbers: Vec<u64> = lines.iter().filter_map(|line| line.parse().ok()).collect();
    let [before, after] = numbers.as_slice() else { panic!("{lines:?}") };
    (after - before).div_ceil(u64::from(ASKED))
}

#[test]
fn asking_about_a_lease_and_giving_it_back_reads_no_other() {
    let claim = format!("ROW({ID}, 'tenant', n, 1)::claim");
    let returned = format!("ROW({ID}, 'tenant', n, n)::returned");
    for (function, row, rest, most) in [("held", &claim, ", 0", 1), ("give_back", &returned, "", 3)] {
        let read = read_for_each(function, row, rest);
        assert!(read <= most, "{function} reads {read} rows for each of {ASKED} leases");
    }
}

/// Records of a tenant, of which a page begins near the end: many leaves of the index.
const LISTED: u32 = 3_000;

/// Blocks of the index that lead to one place of it and hold the few records that are there.
const A_PLACE: u64 = 4;

#[test]
fn a_page_of_a_list_reads_nothing_before_it() {
    let server = Postgres::shared();
    let database = server.fresh_database_name();
    block_on(bounded(async {
        let store = open(options(&server.url(&database))).await;
        let record = |number: u32| scheduled(number.into(), at("18:00") + Duration::from_secs(60) * number);
        let bookings = (1..=LISTED).map(|number| store.book(booking(&record(number))));
        for booked in futures_util::future::join_all(bookings).await {
            assert_eq!(booked.expect("book"), Booked::Accepted);
        }
        let (first, last) = (record(LISTED - 4), record(LISTED));
        let some = || Query::of(first.tenant.clone(), 10);
        let desired = Interval::new(first.desired, last.desired);
        let by_interval = Query { desired: Some(desired), ..some() };
        let by_cursor = Query { after: Some((first.desired, first.id)), ..some() };
        for (what, query) in [("interval", by_interval), ("cursor", by_cursor)] {
            // Entries that are read and do not fit are not counted by the server; blocks are.
            let counted = || {
                let sql = "SELECT idx_scan, idx_blks_hit + idx_blks_read FROM pg_stat_user_indexes \
                           JOIN pg_statio_user_indexes USING (indexrelid) \
                           WHERE pg_stat_user_indexes.indexrelname = 'callback_by_desired'";
                let row = server.ask(&database, sql).remove(0);
                let (scans, read) = row.split_once('|').expect("two numbers");
                (scans.parse::<u64>().unwrap(), read.parse::<u64>().unwrap())
            };
            let before = counted();
            // A session tells what it counted only with a later question, up to PostgreSQL 14.
            until("the list is counted", async || {
                let page = store.query(query.clone()).await.expect("query");
                assert_eq!(page.callbacks.len(), 4, "{what}");
                counted().0 > before.0
            })
            .await;
            let after = counted();
            let (scans, read) = (after.0 - before.0, after.1 - before.1);
            assert!(read <= A_PLACE * scans, "{what}: {read} blocks of the index for {scans} pages of four");
        }
    }));
}
