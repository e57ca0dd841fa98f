//! Checks 41 to 46: cancel and retrieve.

use std::time::Duration;

use ges_core::ewt::Ewt;
use serde_json::json;

use crate::world::{NUMBER, World};

/// Retrieve right after an immediate booking: state `QUEUED` (or later), `positionInQueue` and `estimatedWaitTime`
/// present, `callbackReason` absent.
#[test]
fn check_41_an_immediate_one_is_queued_at_once() {
    let world = World::new();
    world.wait("Sales", Ewt::Known(120));
    let shown = world.retrieved(&world.booked("Sales", None));
    assert_eq!(shown["callbackState"], "QUEUED");
    assert!(shown["positionInQueue"].is_i64() && shown["estimatedWaitTime"].is_i64(), "{shown}");
    assert!(shown.get("callbackReason").is_none());
    assert_eq!(world.orchestrator.started().len(), 1);
}

/// Retrieve of a scheduled one: `SCHEDULED`, neither position nor wait present, `desiredTime` ends in `Z` and equals the
/// booked instant.
#[test]
fn check_42_a_scheduled_one_waits() {
    let world = World::new();
    let shown = world.retrieved(&world.booked("Sales", Some("2031-03-05T10:30:00.5-05:00")));
    assert_eq!(shown["callbackState"], "SCHEDULED");
    assert_eq!(shown["desiredTime"], "2031-03-05T15:30:00.500Z");
    for absent in ["positionInQueue", "estimatedWaitTime", "callbackReason"] {
        assert!(shown.get(absent).is_none(), "{absent}");
    }
}

/// Cancel returns the same `id`; retrieve then shows `COMPLETED` with a `callbackReason`, no position, no wait.
#[test]
fn check_43_cancel_completes() {
    let world = World::new();
    for desired in [None, Some("2031-03-05T15:00:00Z")] {
        let id = world.booked("Always", desired);
        let reply = world.post("/callbacks/cancel", json!({ "id": id }));
        assert_eq!((reply.status, reply.data()), (200, json!({ "id": id })));
        let shown = world.retrieved(&id);
        assert_eq!(
            (&shown["callbackState"], &shown["callbackReason"]),
            (&json!("COMPLETED"), &json!("CANCELLED"))
        );
        assert!(shown.get("positionInQueue").is_none() && shown.get("estimatedWaitTime").is_none());
    }
}

/// Cancelling twice: second reply 400. Unknown id: 404. `id` missing or not a UUID: 400. Upper-case id works.
#[test]
fn check_44_ids_and_repeats() {
    let world = World::new();
    let id = world.booked("Sales", Some("2031-03-05T15:00:00Z"));
    let cancel = |body| {
        let reply = world.post("/callbacks/cancel", body);
        (reply.status, reply.reason())
    };
    assert_eq!(cancel(json!({ "id": id.to_uppercase() })).0, 200);
    assert_eq!(cancel(json!({ "id": id })), (400, "STATE_INVALID".to_owned()));
    let unknown = "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10";
    for path in ["/callbacks/cancel", "/callbacks/retrieve"] {
        assert_eq!(world.post(path, json!({ "id": unknown })).status, 404, "{path}");
        let simple = unknown.replace('-', "");
        let braced = format!("{{{unknown}}}");
        for wrong in [
            json!({}),
            json!({ "id": null }),
            json!({ "id": 7 }),
            json!({ "id": "" }),
            json!({ "id": "x" }),
            json!({ "id": simple }),
            json!({ "id": braced }),
            json!({ "id": [unknown] }),
        ] {
            assert_eq!(world.post(path, wrong.clone()).status, 400, "{path} {wrong}");
        }
    }
}

/// `phoneNumber` comes back byte for byte as booked.
#[test]
fn check_45_the_number_comes_back_as_given() {
    let world = World::new();
    for number in [NUMBER, "15195550123", "+1.519.555-0123", " 519 555-0123 "] {
        let reply = world.create(json!({ "serviceName": "Always", "phoneNumber": number }));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(world.retrieved(reply.data()["id"].as_str().unwrap())["phoneNumber"], number);
    }
}

/// A record older than 14 days past its desired time is 404.
#[test]
fn check_46_records_are_kept_for_14_days() {
    let world = World::new();
    let id = world.booked("Sales", Some("2031-03-05T15:00:00Z"));
    assert_eq!(world.post("/callbacks/cancel", json!({ "id": id })).status, 200);
    let status = || world.post("/callbacks/retrieve", json!({ "id": id })).status;
    world.clock.set(crate::world::instant("2031-03-19T14:59:59.999Z"));
    assert_eq!(status(), 200, "never early");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(status(), 404);
    assert_eq!(world.post("/callbacks/cancel", json!({ "id": id })).status, 404);
}
