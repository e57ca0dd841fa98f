//! Checks 47 to 60: availability, open-for and queue status.

use std::time::Duration;

use ges_core::ewt::{Ewt, NoWait};
use serde_json::{Value, json};

use crate::world::{World, instant};

fn refused(world: &World, query: &str) -> (u16, String) {
    let reply = world.get(&format!("/callbacks/availability/{query}"));
    (reply.status, reply.reason())
}

/// `data.slots` is always an array, `[]` when nothing is free.
#[test]
fn check_47_slots_are_an_array() {
    let world = World::new();
    assert_eq!(world.slots("Never?numberOfDays=14"), Vec::<Value>::new());
    let text = world.get("/callbacks/availability/Never").text();
    assert!(text.contains(r#""slots":[]"#), "{text}");
}

/// Every `localTime` has an offset, denotes the same instant as `utcTime`, and follows `timezone` across a clock change.
#[test]
fn check_48_local_times_carry_their_offset() {
    let world = World::new();
    let mut offsets = std::collections::BTreeSet::new();
    // New York sets its clocks forward on Sunday, 2031-03-09.
    for slot in world.slots("Always?numberOfDays=7&timezone=America%2FNew_York") {
        let (utc, local) = (slot["utcTime"].as_str().unwrap(), slot["localTime"].as_str().unwrap());
        assert!(utc.len() == 24 && utc.ends_with('Z'), "{utc}");
        assert_eq!(local.len(), 29, "{local}");
        let same = chrono::DateTime::parse_from_rfc3339(local).unwrap().timestamp_millis();
        assert_eq!(same, instant(utc).as_millis(), "{local}");
        offsets.insert(local[23..].to_owned());
    }
    assert_eq!(offsets.into_iter().collect::<Vec<_>>(), ["-04:00", "-05:00"]);
}

/// Without `timezone`: `data.timezone` is `UTC`.
#[test]
fn check_49_utc_when_nothing_is_said() {
    let world = World::new();
    let data = world.get("/callbacks/availability/Sales").data();
    assert_eq!(data["timezone"], "UTC");
    assert_eq!(data["slots"][0]["localTime"], data["slots"][0]["utcTime"]);
    let paris = world.get("/callbacks/availability/Sales?timezone=Europe%2FParis").data();
    assert_eq!(paris["timezone"], "Europe/Paris");
}

fn fill(world: &World, at: &str) {
    world.booked("Small", Some(at));
}

/// `maxTimeSlots=5` gives at most 5 slots with capacity above zero; with `reportBusy=true` busy slots do not use up the 5.
#[test]
fn check_50_busy_slots_do_not_count() {
    let world = World::new();
    fill(&world, "2031-03-04T15:15:00Z");
    fill(&world, "2031-03-04T15:45:00Z");
    let free = world.slots("Small?maxTimeSlots=5");
    assert_eq!(free.len(), 5);
    let all = world.slots("Small?maxTimeSlots=5&reportBusy=true");
    assert_eq!(all.len(), 7);
    assert_eq!(all.iter().filter(|slot| slot["capacity"] == 0).count(), 2);
    for spelling in ["5.0", "5E0", "0.5e1"] {
        assert_eq!(world.slots(&format!("Small?maxTimeSlots={spelling}")).len(), 5, "{spelling}");
    }
}

/// `reportBusy=false` (or absent) never shows capacity 0; `true` does; closed time never appears.
#[test]
fn check_51_closed_time_never_appears() {
    let world = World::new();
    fill(&world, "2031-03-04T15:15:00Z");
    for (query, busy) in [("", 0), ("&reportBusy=false", 0), ("&reportBusy=true", 1), ("&reportBusy=TRUE", 1)]
    {
        let slots = world.slots(&format!("Small?numberOfDays=4{query}"));
        assert_eq!(slots.iter().filter(|slot| slot["capacity"] == 0).count(), busy, "{query}");
        for slot in slots {
            let at = instant(slot["utcTime"].as_str().unwrap());
            let open = world.engine.open_for(&"acme".into(), "Small", Some(at)).unwrap();
            assert!(open > Duration::ZERO, "{slot}");
        }
    }
}

/// `start`+`startMS`, and any two of `end`, `endMS`, `numberOfDays`: 400.
#[test]
fn check_52_windows_are_said_once() {
    let world = World::new();
    let (at, ms) = ("2031-03-05T15:00:00Z", "1930489200000");
    for query in [
        format!("start={at}&startMS={ms}"),
        format!("end={at}&endMS={ms}"),
        format!("end={at}&numberOfDays=1"),
        format!("endMS={ms}&numberOfDays=1"),
        format!("start={at}&end=2031-03-05T14:00:00Z"),
        "numberOfDays=-1".to_owned(),
        "startMS=1930489200".to_owned(),
        "maxTimeSlots=-1".to_owned(),
        "maxTimeSlots=x".to_owned(),
        "maxTimeSlots=1.5".to_owned(),
        "reportBusy=1".to_owned(),
    ] {
        assert_eq!(refused(&world, &format!("Sales?{query}")).0, 400, "{query}");
    }
}

/// `startMS=1893553200000`, `1.8935532E+12` and the equal `start` give identical slots.
#[test]
fn check_53_starts_have_many_spellings() {
    let world = World::new();
    // The very numbers of the check, at a clock that has them ahead.
    world.clock.set(instant("2030-01-01T00:00:00Z"));
    let plain = world.slots("Sales?startMS=1893553200000&numberOfDays=1");
    assert!(!plain.is_empty());
    for start in ["startMS=1.8935532E%2B12", "startMS=1.8935532E12", "start=2030-01-02T03:00:00Z"] {
        assert_eq!(world.slots(&format!("Sales?{start}&numberOfDays=1")), plain, "{start}");
    }
}

/// Zone-less `start` with `timezone=Europe/Paris` differs from the same text without it by Paris's offset; with a `Z`
/// suffix it does not.
#[test]
fn check_54_the_zone_reads_what_has_none() {
    let world = World::new();
    let first = |query: &str| world.slots(&format!("Always?{query}&maxTimeSlots=1"))[0]["utcTime"].clone();
    assert_eq!(first("start=2031-03-05T15:00:00"), "2031-03-05T15:00:00.000Z");
    assert_eq!(first("start=2031-03-05T15:00:00&timezone=Europe%2FParis"), "2031-03-05T14:00:00.000Z");
    assert_eq!(first("start=2031-03-05T15:00:00Z&timezone=Europe%2FParis"), "2031-03-05T15:00:00.000Z");
    assert_eq!(first("start=2031-03-05T15:00:00%2B02:00"), "2031-03-05T13:00:00.000Z");
    assert_eq!(first("start=2031-03-05T15:00:00+02:00"), "2031-03-05T13:00:00.000Z", "a raw plus");
}

/// `timezone=Mars/Base`: 400. Bad date: 400. Unknown service: 400.
#[test]
fn check_55_mistakes_are_400() {
    let world = World::new();
    for query in [
        "Sales?timezone=Mars%2FBase",
        "Sales?timezone=utc",
        "Sales?start=soon",
        "Sales?end=2031-13-01T00:00Z",
    ] {
        assert_eq!(refused(&world, query), (400, "INPUT_INVALID".to_owned()), "{query}");
    }
    assert_eq!(refused(&world, "none"), (400, "SERVICE_UNKNOWN".to_owned()));
}

/// Consecutive slots differ by a multiple of `durationMin`; booking one lowers its `capacity` by 1 and leaves `total`.
#[test]
fn check_56_slots_stand_on_a_grid() {
    let world = World::new();
    let data = world.get("/callbacks/availability/Sales?numberOfDays=3").data();
    let minutes = data["durationMin"].as_i64().unwrap();
    let slots = data["slots"].as_array().unwrap();
    let starts: Vec<i64> =
        slots.iter().map(|slot| instant(slot["utcTime"].as_str().unwrap()).as_millis()).collect();
    for pair in starts.windows(2) {
        assert!(pair[0] < pair[1] && (pair[1] - pair[0]) % (minutes * 60_000) == 0, "{pair:?}");
    }
    let before = &slots[3];
    world.booked("Sales", before["utcTime"].as_str());
    let after = &world.slots("Sales?numberOfDays=3")[3];
    assert_eq!(after["capacity"], json!(before["capacity"].as_i64().unwrap() - 1));
    assert_eq!((&after["total"], &after["utcTime"]), (&before["total"], &before["utcTime"]));
}

/// `openFor` is an integer, 0 when closed, equal to closing time minus `start` when open, and sees a configured holiday.
#[test]
fn check_57_open_for_counts_seconds_to_closing() {
    let world = World::new();
    let open = |query: &str| {
        let data = world.get(&format!("/callbacks/open-for/{query}")).data();
        assert!(data["openFor"].is_u64(), "{data}");
        data["openFor"].as_u64().unwrap()
    };
    assert_eq!(open("Sales"), 7 * 3600);
    assert_eq!(open("Sales?start=2031-03-04T21:59:59Z"), 1);
    assert_eq!(open("Sales?start=2031-03-04T22:00:00Z"), 0);
    assert_eq!(open("Sales?start=2031-03-04T16:00:00&timezone=America%2FNew_York"), 3600);
    assert_eq!(open("Sales?start=2031-03-06T12:00:00&timezone=America%2FNew_York"), 0, "the holiday");
    assert_eq!(open("Always"), 1_209_600);
    assert_eq!(world.get("/callbacks/open-for/none").status, 400);
    assert_eq!(world.get("/callbacks/open-for/Sales?start=x").status, 400);
}

/// open-for accepts a business-hours service name as well as a callback service name.
#[test]
fn check_58_open_for_knows_business_hours_by_name() {
    let world = World::new();
    assert_eq!(world.get("/callbacks/open-for/office").data(), world.get("/callbacks/open-for/Sales").data());
}

/// Queue status returns real booleans; no agents logged in: `ewt` −1 and `offerImmediateCallback` false; empty new queue
/// with agents: −1 and true.
#[test]
fn check_59_queue_status_tells_no_agents_from_no_traffic() {
    let world = World::new();
    let status = |world: &World| world.get("/callbacks/queue-status/Sales").data();
    world.wait("Sales", Ewt::Unknown(NoWait::NoAgents));
    let expected = |now| json!({ "ewt": -1, "offerImmediateCallback": now, "offerScheduledCallback": true });
    assert_eq!(status(&world), expected(false));
    let world = World::new();
    world.wait("Sales", Ewt::Unknown(NoWait::NothingPassed));
    assert_eq!(status(&world), expected(true));
    assert_eq!(world.get("/callbacks/queue-status/none").status, 400);
}

/// `offerImmediateCallback` turns false when now + `ewt` passes closing time, while `offerScheduledCallback` stays true.
#[test]
fn check_60_a_long_wait_ends_the_immediate_offer() {
    let world = World::new();
    world.wait("Sales", Ewt::Known(95));
    let expected = json!({ "ewt": 95, "offerImmediateCallback": true, "offerScheduledCallback": true });
    assert_eq!(world.get("/callbacks/queue-status/Sales").data(), expected);
    // A minute before closing; the engine asks anew after some seconds.
    world.clock.set(instant("2031-03-04T21:59:00Z"));
    let expected = json!({ "ewt": 95, "offerImmediateCallback": false, "offerScheduledCallback": true });
    assert_eq!(world.get("/callbacks/queue-status/Sales").data(), expected);
}
