//! A node of this release beside those of the next one: it goes on under a schema that has grown, with records and
//! messages that say more than it knows. There is no next release to be started, so its traces are made by hand, as
//! docs/storage.md allows it to leave them.

use std::time::Duration;

use ges_tests::http::Answer;
use ges_tests::server::Site;
use serde_json::{Value, json};

use crate::nodes::assert_once_and_never_early;
use crate::world::{World, book, eventually, shown};

/// What a migration of the next release may do: columns with a default, indexes, tables and functions of new names.
const GROWN: &str = "ALTER TABLE callback ADD COLUMN later text NOT NULL DEFAULT 'of the next release'; \
     ALTER TABLE due ADD COLUMN later int8 NOT NULL DEFAULT 7; \
     ALTER TABLE service ADD COLUMN later int4 NOT NULL DEFAULT 0; \
     ALTER TABLE call_in ADD COLUMN later int4; \
     ALTER TABLE settings ADD COLUMN later int4; \
     ALTER TABLE node ADD COLUMN release text NOT NULL DEFAULT ''; \
     CREATE INDEX callback_by_creation ON callback (later, desired); \
     CREATE TABLE later (id uuid PRIMARY KEY); \
     CREATE FUNCTION ges_later() RETURNS int8 LANGUAGE sql AS 'SELECT 1::int8'; \
     INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
     SELECT max(version) + 1, 'later', '', '' FROM refinery_schema_history";

/// What the next release may write into every record it touches.
const MORE_IN_RECORDS: &str = "UPDATE callback SET record = jsonb_set(jsonb_set(record::jsonb, '{later}', '{\"a\": [1]}'), \
     '{request,later}', '\"b\"')::text";

#[test]
fn a_node_goes_on_beside_nodes_of_the_next_release() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (_first, second) = (one.start().unwrap(), other.start().unwrap());
    // Every statement has been used, and every plan made, before the schema grows.
    let before = Some(Duration::from_secs(5));
    let kept: Vec<String> = (0..10).map(|_| book(&one, before)).collect();
    let cancelled = book(&one, Some(Duration::from_secs(3_600)));
    let session = book(&one, None);
    world.wait_for(std::slice::from_ref(&session));
    publish(&one, "Before");
    world.ask(GROWN);

    // The next release takes the place of the other node: it leases, writes, speaks and leaves as this one does.
    second.kill();
    world.ask(MORE_IN_RECORDS);
    let message = r#"{"node":"of the next release","seq":1,"release":"0.2","later":{"a":[1]}}"#;
    world.redis.ask(&["PUBLISH", "ges:nodes", message]);

    let after: Vec<String> = (0..10).map(|_| book(&one, Some(Duration::from_secs(2)))).collect();
    assert_eq!(world.ask("SELECT DISTINCT later FROM callback"), ["of the next release"]);
    assert_once_and_never_early(&world.wait_for(&kept));
    assert_once_and_never_early(&world.wait_for(&after));
    eventually("what came of it is recorded", || {
        kept.iter().chain(&after).all(|id| shown(&one, id)["callbackState"] == "QUEUED")
    });
    let cancel = one.outside().post("/engagement/v3/callbacks/cancel", &json!({ "id": cancelled })).unwrap();
    assert_eq!(cancel.status, 200, "{}", cancel.text());
    assert_eq!(shown(&one, &cancelled)["callbackState"], "COMPLETED");
    publish(&one, "After");
    let health = one.inside().get("/ges/v1/health").unwrap();
    assert_eq!(health.status, 200, "{}", health.text());

    // One that starts works as well, so a fleet can be rolled back.
    let third = other.start().unwrap();
    let from_third: Vec<String> = (0..10).map(|_| book(&other, Some(Duration::from_secs(2)))).collect();
    assert_once_and_never_early(&world.wait_for(&from_third));
    third.kill();

    // Until a release has taken something away that this one needs.
    let known: u32 = world.ask("SELECT max(version) - 1 FROM refinery_schema_history")[0].parse().unwrap();
    world.ask(&format!("UPDATE schema_floor SET version = {}", known + 1));
    let refused = other.start().map(drop).expect_err("a schema beyond it");
    let words = format!("{refused:?} {}", other.log());
    assert!(words.contains("run a later release"), "{words}");
    assert!(words.contains(&known.to_string()) && words.contains(&(known + 1).to_string()), "{words}");
}

fn publish(site: &Site, service: &str) {
    let row: Value = json!({ "_route_point": "8001", "_designer_workspace": "w", "_stream": "Live",
        "_business_hours_service": "always" });
    let path = format!("/genesys/1/admin/settings/service.{service}");
    let answer: Answer = site.inside().send("PUT", &path, Some(&row)).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
}
