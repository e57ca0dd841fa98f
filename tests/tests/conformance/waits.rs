//! Checks 61 to 70: waiting times, call-in and statistics.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ges_core::ewt::{Ewt, NoWait};
use serde_json::{Value, json};

use crate::client::{Answer, Request, is_uuid};
use crate::world::{ACME, GLOBEX, V3, World};

/// `data` is an array with one element per asked queue in the asked order, all four members in each.
#[test]
fn check_61_one_element_per_queue() {
    let world = World::new();
    world.wait("Sales", Ewt::Known(120));
    let data = world
        .get("/estimated-wait-time?virtual-queues=Small%2C%20Sales%2C%2CSales&include-calls-on-hold=true")
        .data();
    let elements = data.as_array().unwrap();
    let names: Vec<&Value> = elements.iter().map(|element| &element["virtualQueue"]).collect();
    assert_eq!(names, ["Small", "Sales", "Sales"]);
    for element in elements {
        assert!(element["estimatedWaitTime"].is_i64() && element["resultCode"].is_i64(), "{element}");
        assert!(element["message"].is_string(), "{element}");
    }
}

/// An unknown queue among known ones yields 200 with `estimatedWaitTime` −1 and a non-empty `message`.
#[test]
fn check_62_an_unknown_queue_has_its_own_element() {
    let world = World::new();
    world.wait("Sales", Ewt::Known(120));
    let data = world.get("/estimated-wait-time?virtual-queues=Sales%2Cnone").data();
    assert_eq!((&data[0]["estimatedWaitTime"], &data[0]["message"]), (&json!(120), &json!("")));
    assert_eq!((&data[1]["estimatedWaitTime"], &data[1]["resultCode"]), (&json!(-1), &json!(-1)));
    assert!(!data[1]["message"].as_str().unwrap().is_empty());
}

/// No agents: `resultCode` −2; no traffic yet: −1; otherwise 0 with `estimatedWaitTime` ≥ 0.
#[test]
fn check_63_result_codes() {
    let world = World::new();
    world.wait("Sales", Ewt::Unknown(NoWait::NoAgents));
    world.wait("Small", Ewt::Unknown(NoWait::NothingPassed));
    world.wait("Always", Ewt::Known(0));
    let data = world.get("/estimated-wait-time?virtual-queues=Sales%2CSmall%2CAlways").data();
    let codes: Vec<_> =
        (0..3).map(|at| (data[at]["resultCode"].clone(), data[at]["estimatedWaitTime"].clone())).collect();
    assert_eq!(codes, [(json!(-2), json!(-1)), (json!(-1), json!(-1)), (json!(0), json!(0))]);
}

/// `virtual-queues` missing or only commas: 400. `mode=mode4`: 400. Absent mode equals `mode2`.
#[test]
fn check_64_waits_want_a_queue_and_a_known_mode() {
    let world = World::new();
    let many = format!("virtual-queues={}", "q%2C".repeat(101));
    let wrong = ["", "virtual-queues=", "virtual-queues=%2C%20%2C", "virtual-queues=Sales&mode=mode4", &many];
    for query in wrong {
        assert_eq!(world.get(&format!("/estimated-wait-time?{query}")).status, 400, "{query}");
    }
    world.wait("Sales", Ewt::Known(7));
    let plain = world.get("/estimated-wait-time?virtual-queues=Sales").data();
    assert_eq!(world.get("/estimated-wait-time?virtual-queues=Sales&mode=mode2").data(), plain);
    for mode in ["mode1", "mode3"] {
        assert_eq!(world.get(&format!("/estimated-wait-time?virtual-queues=Sales&mode={mode}")).status, 200);
    }
}

fn call_in(world: &World, body: Value) -> Answer {
    world.post("/call-in/requests/create", body)
}

/// Call-in without `groupName`, with an unknown group, with a bad `fromPhoneNumber`: 400 each.
#[test]
fn check_65_call_ins_want_a_group() {
    let world = World::new();
    for wrong in [
        json!({}),
        json!({ "groupName": " " }),
        json!({ "groupName": "none" }),
        json!({ "groupName": "help", "fromPhoneNumber": "55501 me" }),
        json!({ "groupName": "help", "fromPhoneNumber": 55501 }),
        json!({ "groupName": "help", "callbackServiceId": "x" }),
        json!({ "groupName": "help", "callbackServiceId": "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10" }),
        json!({ "groupName": "help", "userData": "nope uservalue" }),
    ] {
        assert_eq!(call_in(&world, wrong.clone()).status, 400, "{wrong}");
    }
    let taken = json!({ "groupName": "plain" });
    assert_eq!(call_in(&world, taken.clone()).status, 200);
    assert_eq!(call_in(&world, taken).reason(), "CALL_IN_REFUSED", "the group's one number is taken");
}

/// `expirationTime` is a 13-digit integer in the future; `accessCode`, when present, matches `^[1-9][0-9]{3,8}$` and is a
/// JSON string; absent when the group has codes off.
#[test]
fn check_66_expiry_and_access_code() {
    let world = World::new();
    let data = call_in(&world, json!({ "groupName": "help" })).data();
    let expires = data["expirationTime"].as_i64().unwrap();
    assert!(expires > crate::world::now(&world).as_millis() && expires.to_string().len() == 13);
    let code = data["accessCode"].as_str().unwrap();
    assert!(
        (4..=9).contains(&code.len())
            && code.bytes().all(|digit| digit.is_ascii_digit())
            && !code.starts_with('0')
    );
    assert!(is_uuid(data["id"].as_str().unwrap()));
    assert_eq!(data["toPhoneNumber"], "+15195550199");
    let plain = call_in(&world, json!({ "groupName": "plain" })).data();
    assert!(plain.get("accessCode").is_none());
}

/// `fromPhoneNumber` and `callbackServiceId` are echoed only if sent.
#[test]
fn check_67_what_was_sent_comes_back() {
    let world = World::new();
    let plain = call_in(&world, json!({ "groupName": "help", "phoneNumber": "5195550123" })).data();
    assert!(plain.get("fromPhoneNumber").is_none() && plain.get("callbackServiceId").is_none());
    let id = world.booked("Sales", Some("2031-03-05T15:00:00Z"));
    let body = json!({ "groupName": "help", "fromPhoneNumber": "5195550123", "callbackServiceId": id, "userData": "{}" });
    let data = call_in(&world, body).data();
    assert_eq!((&data["fromPhoneNumber"], &data["callbackServiceId"]), (&json!("5195550123"), &json!(id)));
    assert_eq!(data["groupName"], "help");
}

const STATISTICS: &str = "/statistics/operations/get-statistic-ex";

fn one(object: &str) -> Value {
    json!({ "data": { "statistics": [{ "name": "N", "objectId": object, "objectType": "Queue" }] } })
}

/// Statistics POST with zero bytes and JSON content type: 200, `data` an object.
#[test]
fn check_68_statistics_of_nothing() {
    let world = World::new();
    for body in ["", " \r\n"] {
        let request = world.request("POST", STATISTICS).header("Content-Type", "application/json");
        let reply = request.body(body).send();
        assert_eq!((reply.status, reply.data()), (200, json!({ "statistics": [] })));
    }
    assert_eq!(world.statistics.asked.load(Ordering::SeqCst), 0);
    for wrong in
        [json!({ "statistics": {} }), json!({ "data": [] }), json!({ "statistics": [{ "name": 5 }] })]
    {
        assert_eq!(world.post(STATISTICS, wrong.clone()).status, 400, "{wrong}");
    }
}

/// Statistics without stored GWS credentials: 401 envelope; GWS down: 500.
#[test]
fn check_69_statistics_fail_as_declared() {
    let world = World::new();
    world.statistics.no_credentials.store(true, Ordering::SeqCst);
    let reply = world.post(STATISTICS, one("a"));
    assert_eq!((reply.status, reply.reason().as_str()), (401, "STATISTICS_CREDENTIALS"));
    world.statistics.no_credentials.store(false, Ordering::SeqCst);
    world.statistics.away.store(true, Ordering::SeqCst);
    let reply = world.post(STATISTICS, one("a"));
    assert_eq!((reply.status, reply.reason().as_str()), (500, "STATISTICS_UNAVAILABLE"));
}

/// Two equal statistics requests within 15 s reach GWS once; with `max-age=15` after 16 s they reach it again; another
/// tenant never sees the cached reply.
#[test]
fn check_70_statistics_are_cached_per_tenant() {
    let world = World::new();
    let ask = |key: &str, object: &str, directive: Option<&str>| {
        let request =
            Request::new(world.external, "POST", &format!("{V3}{STATISTICS}")).header("x-api-key", key);
        let request = directive
            .into_iter()
            .fold(request, |request, directive| request.header("cache-control", directive));
        let reply = request.json(&one(object)).send();
        assert_eq!(reply.status, 200);
        (reply.data()["statistics"][0]["value"].clone(), reply.header("age").map(str::to_owned))
    };
    let first = ask(ACME, "a", None);
    world.clock.advance(Duration::from_secs(15));
    assert_eq!(ask(ACME, "a", None), (first.0.clone(), Some("15".to_owned())));
    assert_eq!(ask(ACME, "a", Some("max-age=3")).0, first.0, "below 15 counts as 15");
    assert_eq!(world.statistics.asked_by("acme"), 1);
    assert_ne!(ask(GLOBEX, "a", None).0, first.0);
    assert_ne!(ask(ACME, "b", None).0, first.0);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(ask(ACME, "a", Some("max-age=60")), (first.0.clone(), Some("16".to_owned())));
    let anew = ask(ACME, "a", Some("max-age=15"));
    assert_ne!(anew.0, first.0);
    assert_eq!(anew.1.as_deref(), Some("0"));
    world.clock.advance(Duration::from_secs(301));
    assert_ne!(ask(ACME, "a", Some("max-age=100000")).0, anew.0, "kept for five minutes");
}
