//! What an operator types: migrate, status, export, import, backup.

use std::io::BufReader;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ges_core::port::{Booking, CallInChange, Published, Query};
use ges_core::testing::fixtures::{
    at, booking, call_in, ended, immediate, issued, queued, scheduled, tenant,
};
use ges_core::{Callback, Timestamp};
use ges_server::adapters::embedded::Embedded;
use ges_server::adapters::store::{StoreConfig, Stores};
use ges_storage::import::{ImportError, Imported, Ports, import};
use ges_tests::server::Site;

use crate::world::{PATIENCE, World, book, shown};

/// How often sessions are looked at where the records come from.
const LOOKED_AT: Option<Duration> = Some(Duration::from_secs(60));

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn succeeded(site: &Site, words: &[&str]) -> String {
    let output = site.command(words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output));
    text(&output)
}

#[test]
fn migrate_says_from_where_and_status_says_whether_somebody_should_look() {
    let world = World::new();
    let site = world.site();
    let before = site.command(&["status"]);
    assert_eq!(before.status.code(), Some(3), "{}", text(&before));
    assert!(text(&before).contains("schema  0"), "{}", text(&before));
    let told = succeeded(&site, &["migrate"]);
    assert!(told.contains("from version 0"), "{told}");
    assert!(succeeded(&site, &["migrate"]).contains("already"));
    let alone = site.command(&["status"]);
    assert_eq!(alone.status.code(), Some(3), "no node is there: {}", text(&alone));

    let server = site.start().unwrap();
    book(&site, Some(Duration::from_secs(3_600)));
    let told = succeeded(&site, &["status"]);
    assert!(told.contains("nodes   1") && told.contains("due     0 now"), "{told}");
    println!("{told}");
    assert!(server.terminate(PATIENCE).unwrap().success());
    assert_eq!(site.command(&["status"]).status.code(), Some(3));

    world.postgres.stop();
    assert_eq!(site.command(&["status"]).status.code(), Some(1), "it cannot be asked");
}

#[test]
fn backup_says_what_to_use_for_postgres() {
    let world = World::new();
    let site = world.site();
    let refused = site.command(&["backup", "copy.db"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("pg_dump"), "{}", text(&refused));
}

#[test]
fn a_store_moves_from_a_file_to_postgres_and_back_and_its_promises_with_it() {
    let world = World::new();
    let (alone, node) = (world.alone(), world.site());
    let server = alone.start().unwrap();
    let ids: Vec<String> = (1..=20).map(|_| book(&alone, Some(Duration::from_secs(3_600)))).collect();
    let session = book(&alone, None);
    world.wait_for(std::slice::from_ref(&session));
    assert!(server.terminate(PATIENCE).unwrap().success());

    let file = alone.folder().join("all.jsonl");
    let put = |lines: &Output| {
        assert!(lines.status.success(), "{}", text(lines));
        std::fs::write(&file, &lines.stdout).unwrap();
        String::from_utf8(lines.stdout.clone()).unwrap()
    };
    let out = put(&alone.command(&["export"]));
    assert_eq!(out.lines().count(), 21);
    let words = ["import", file.to_str().unwrap()];
    assert!(succeeded(&node, &words).contains("21 written, 0 there already"));
    let refused = node.command(&words);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused));
    assert!(text(&refused).contains("--into-used"), "{}", text(&refused));
    let again = [words[0], words[1], "--into-used"];
    assert!(succeeded(&node, &again).contains("0 written, 21 there already"));
    let sorted = |text: &str| {
        let mut lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.sort_by_key(ToString::to_string);
        lines
    };
    let back = put(&node.command(&["export"]));
    assert_eq!(sorted(&back), sorted(&out), "Postgres exports what the file did");

    let server = node.start().unwrap();
    assert!(ids.iter().all(|id| shown(&node, id)["callbackState"] == "SCHEDULED"));
    assert!(server.terminate(PATIENCE).unwrap().success());
    let other = world.alone();
    assert!(succeeded(&other, &words).contains("21 written"));
    assert_eq!(sorted(&put(&other.command(&["export"]))), sorted(&out));
}

/// Records of every kind, a call-in request, published settings.
async fn fill(stores: &Stores) {
    let now = at("10:00");
    let waiting = scheduled(1, at("12:00"));
    let held = issued(&scheduled(2, at("12:15")), at("12:13"));
    let live = queued(&immediate(3, now), now);
    let over = ended(&live_again(4, now), ges_core::callback::Reason::AGENT_CONNECTED, at("10:05"));
    for callback in [&waiting, &held, &live, &over] {
        stores.callbacks.book(Booking { callback: callback.clone(), ..booking(callback) }).await.unwrap();
    }
    let requests = vec![call_in(7, now), call_in(8, now)];
    let change = CallInChange { tenant: tenant(), group: requests[0].group.clone(), expected: 0, requests };
    assert!(stores.call_ins.change(change).await.unwrap());
    for version in 1..=3 {
        let sections = [("service.X".to_owned(), [("_stream".to_owned(), version.to_string())].into())];
        let published = Published { version, sections: sections.into() };
        stores.settings.publish(&tenant(), published).await.unwrap();
    }
}

fn live_again(number: u64, now: Timestamp) -> Callback {
    queued(&immediate(number, now), now)
}

async fn lines(stores: &Stores) -> Vec<String> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let taken = all.clone();
    let take = move |line: &str| {
        taken.lock().unwrap().push(line.to_owned());
        Ok(())
    };
    stores.store.export(Box::new(take)).await.unwrap();
    let mut all = all.lock().unwrap().clone();
    all.sort();
    all
}

fn ports(stores: &Stores) -> Ports<'_> {
    Ports { callbacks: &*stores.callbacks, call_ins: &*stores.call_ins, settings: &*stores.settings }
}

async fn file(folder: &Path, name: &str) -> Stores {
    Embedded { directory: folder.join(name) }.open().await.unwrap()
}

#[tokio::test]
async fn an_import_writes_everything_once_and_touches_nothing_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (file(folder.path(), "from").await, file(folder.path(), "to").await);
    assert!(from.store.is_empty().await.unwrap());
    fill(&from).await;
    assert!(!from.store.is_empty().await.unwrap());
    let all = lines(&from).await.join("\n");
    let read = |text: &str| BufReader::new(std::io::Cursor::new(text.to_owned()));

    let broken = format!("{all}\n{{\"callback\":{{\"id\":\"+15195550123\"}}}}\nnothing");
    let refused = import(ports(&to), read(&broken), LOOKED_AT).await.unwrap_err();
    assert!(matches!(&refused, ImportError::Lines(lines) if lines.len() == 2), "{refused}");
    assert!(!refused.to_string().contains("5195550123"), "{refused}");
    assert!(to.store.is_empty().await.unwrap(), "all or nothing");

    let done = import(ports(&to), read(&all), LOOKED_AT).await.unwrap();
    assert_eq!(done, Imported { written: 7, present: 0, kept: 0 });
    assert_eq!(lines(&to).await.join("\n"), all);
    assert_eq!(to.settings.published(&tenant()).await.unwrap().version, 3, "the version comes along");
    let tally = to.callbacks.tally(&tenant()).await.unwrap();
    assert_eq!(tally, from.callbacks.tally(&tenant()).await.unwrap());
    assert_eq!(
        to.callbacks.next_wake().await.unwrap(),
        from.callbacks.next_wake().await.unwrap(),
        "promises are found when they fall due"
    );

    let done = import(ports(&to), read(&all), LOOKED_AT).await.unwrap();
    assert_eq!(done, Imported { written: 0, present: 7, kept: 0 });

    // What has moved on since stays where it is.
    let page = to.callbacks.query(Query::of(tenant(), 10)).await.unwrap();
    let moved = page.callbacks.iter().find(|callback| callback.attempts == 0).unwrap();
    let next = issued(moved, at("12:00"));
    let change = ges_core::testing::fixtures::change(moved, &next);
    to.callbacks.change(vec![change]).await.unwrap()[0].as_ref().unwrap();
    let done = import(ports(&to), read(&all), LOOKED_AT).await.unwrap();
    assert_eq!(done, Imported { written: 0, present: 6, kept: 1 });
    assert_eq!(to.callbacks.get(&tenant(), next.id).await.unwrap(), Some(next));
}
