//! Checks 21 to 40: create.

use std::sync::atomic::Ordering;

use ges_core::callback::OfferType;
use serde_json::{Value, json};

use crate::client::{Answer, Request, is_uuid};
use crate::world::{GUARDED, NUMBER, V3, World, instant, now};

/// Stands for the English sentence both untouched clients send in `cbOfferType`; only its beginning is in the reference.
const SENTENCE: &str = "ASAP if the request does not contain a desired time, otherwise SCHEDULED";

fn wish(service: &str, more: Value) -> Value {
    let mut body = json!({ "serviceName": service, "phoneNumber": NUMBER });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data()["id"].as_str().unwrap().to_owned()
}

/// `{serviceName, phoneNumber}` alone books an immediate callback; reply `data.id` is a UUID.
#[test]
fn check_21_two_members_book() {
    let world = World::new();
    let id = id(&world.create(wish("Sales", json!({}))));
    assert!(is_uuid(&id));
    assert_eq!(world.stored(&id).kind, ges_core::callback::Kind::Immediate);
}

/// The untouched JS client's body (sentence in `cbOfferType`, `language` `en-US`) is accepted, and the stored offer
/// type is `ASAP`.
#[test]
fn check_22_the_untouched_client_body_is_accepted() {
    let world = World::new();
    let id = id(&world.create(wish("Sales", json!({ "cbOfferType": SENTENCE, "language": "en-US" }))));
    assert_eq!(world.stored(&id).request.offer_type, OfferType::Asap);
}

/// The same with `desiredTime` stores `SCHEDULED`.
#[test]
fn check_23_a_desired_time_stores_scheduled() {
    let world = World::new();
    let more =
        json!({ "cbOfferType": SENTENCE, "language": "en-US", "desiredTime": "2031-03-05T15:00:00.000Z" });
    let id = id(&world.create(wish("Sales", more)));
    assert_eq!(world.stored(&id).request.offer_type, OfferType::Scheduled);
}

/// `"cbOfferType": null` and unknown extra members are accepted.
#[test]
fn check_24_nulls_and_unknown_members_are_accepted() {
    let world = World::new();
    let nulls = json!({
        "cbOfferType": null, "desiredTime": null, "language": null, "userData": null, "priority": null,
        "pushTargets": null, "captchaToken": null, "alwaysCheckCapacity": null, "unknown": { "deep": [1] },
    });
    id(&world.create(wish("Sales", nulls)));
}

/// Missing, blank or non-string `serviceName` or `phoneNumber`: 400, one case each.
#[test]
fn check_25_two_members_are_required() {
    let world = World::new();
    for member in ["serviceName", "phoneNumber"] {
        for wrong in
            [None, Some(json!("")), Some(json!("  ")), Some(json!(7)), Some(json!(null)), Some(json!(["x"]))]
        {
            let mut body = wish("Sales", json!({}));
            body.as_object_mut().unwrap().remove(member);
            if let Some(wrong) = &wrong {
                body[member] = wrong.clone();
            }
            let reply = world.create(body);
            assert_eq!(reply.status, 400, "{member} {wrong:?}");
            assert!(reply.text().contains(member), "{}", reply.text());
        }
    }
}

/// Unknown `serviceName`: 400.
#[test]
fn check_26_an_unknown_service_is_400() {
    let reply = World::new().create(wish("none", json!({})));
    assert_eq!((reply.status, reply.reason().as_str()), (400, "SERVICE_UNKNOWN"));
}

/// `desiredTime` with 0, 3, 6 and 9 fraction digits, with `Z`, `-05:00` and `+0530`, all name the same instant when they
/// should.
#[test]
fn check_27_desired_times_have_many_spellings() {
    let world = World::new();
    for text in [
        "2031-03-05T15:00:00Z",
        "2031-03-05T15:00:00.000Z",
        "2031-03-05T15:00:00.000000Z",
        "2031-03-05T15:00:00.000000000Z",
        "2031-03-05T15:00:00.000999999Z",
        "2031-03-05T10:00:00-05:00",
        "2031-03-05T20:30:00+0530",
        "2031-03-05T15:00",
        "2031-03-05t15:00:00z",
    ] {
        let id = id(&world.create(wish("Always", json!({ "desiredTime": text }))));
        assert_eq!(world.retrieved(&id)["desiredTime"], "2031-03-05T15:00:00.000Z", "{text}");
    }
    for wrong in
        ["2031-03-05", "2031-03-05 15:00", "2031-03-05T24:00:00Z", "2031-03-05T15:00:60Z", "tomorrow", ""]
    {
        assert_eq!(world.create(wish("Always", json!({ "desiredTime": wrong }))).status, 400, "{wrong}");
    }
    assert_eq!(world.create(wish("Always", json!({ "desiredTime": 1_930_402_800_000_i64 }))).status, 400);
}

fn proposals(reply: &Answer) -> Vec<(String, String)> {
    assert_eq!(reply.status, 429, "{}", reply.text());
    let data = reply.data();
    let slots = data["slots"].as_object().unwrap();
    slots.iter().map(|(at, left)| (at.clone(), left.as_str().unwrap().to_owned())).collect()
}

/// A booking at a full slot: 429, `data.slots` is an object whose keys parse as UTC times, are slot starts with capacity
/// left, and whose values are strings of positive integers.
#[test]
fn check_28_a_full_slot_proposes_others() {
    let world = World::new();
    let full = json!({ "desiredTime": "2031-03-04T16:00:00Z" });
    id(&world.create(wish("Small", full.clone())));
    let reply = world.create(wish("Small", full));
    assert_eq!(reply.reason(), "SLOT_FULL");
    let proposals = proposals(&reply);
    assert_eq!(proposals.len(), 10);
    let free = world.slots("Small?numberOfDays=1");
    for (at, left) in &proposals {
        assert!(at.ends_with("Z") && instant(at) >= now(&world), "{at}");
        assert!(left.parse::<u32>().unwrap() > 0, "{left}");
        assert!(free.iter().any(|slot| slot["utcTime"] == at.as_str()), "{at} is a free slot");
    }
    // The keys must ascend on the wire itself, not only in a sorted map.
    let text = reply.text();
    let places: Vec<usize> = proposals.iter().map(|(at, _)| text.find(at.as_str()).unwrap()).collect();
    assert!(places.is_sorted());
}

/// Booking the first proposed slot then succeeds.
#[test]
fn check_29_a_proposal_can_be_booked() {
    let world = World::new();
    let full = json!({ "desiredTime": "2031-03-04T16:00:00Z" });
    id(&world.create(wish("Small", full.clone())));
    let (first, _) = proposals(&world.create(wish("Small", full))).remove(0);
    id(&world.create(wish("Small", json!({ "desiredTime": first }))));
}

/// A booking outside business hours: 429 with proposals inside business hours.
#[test]
fn check_30_a_closed_office_proposes_open_times() {
    let world = World::new();
    let reply = world.create(wish("Sales", json!({ "desiredTime": "2031-03-05T03:00:00Z" })));
    assert_eq!(reply.reason(), "OFFICE_CLOSED");
    let proposals = proposals(&reply);
    assert!(!proposals.is_empty());
    for (at, _) in proposals {
        let open = world.get(&format!("/callbacks/open-for/Sales?start={}", at.replace(':', "%3A"))).data();
        assert!(open["openFor"].as_i64().unwrap() > 0, "{at}");
    }
}

/// With no free slot within the horizon, `data.slots` is `{}`.
#[test]
fn check_31_nothing_to_propose_is_an_empty_object() {
    let world = World::new();
    let reply = world.create(wish("Never", json!({ "desiredTime": "2031-03-05T15:00:00Z" })));
    assert_eq!(proposals(&reply), []);
    assert!(reply.text().ends_with(r#""data":{"slots":{}}}"#), "{}", reply.text());
}

/// `alwaysCheckCapacity: true` refuses (429) a booking that without it is accepted and slides to a later bucket.
#[test]
fn check_32_the_strict_flag_refuses_what_would_slide() {
    let world = World::new();
    // The wait is longer than the quarter of an hour that the near-now request asks for.
    world.wait("Small", ges_core::ewt::Ewt::Known(3600));
    let soon = json!({ "desiredTime": "2031-03-04T15:00:00Z", "alwaysCheckCapacity": true });
    let strict = world.create(wish("Small", soon));
    assert_eq!((strict.status, strict.reason().as_str()), (429, "SLOT_UNLIKELY"), "{}", strict.text());
    assert!(!proposals(&strict).is_empty());
    id(&world.create(wish("Small", json!({ "desiredTime": "2031-03-04T15:00:00Z" }))));
}

/// `alwaysCheckCapacity: true` with `desiredTime` = now is stored as scheduled.
#[test]
fn check_33_the_strict_flag_schedules_even_now() {
    let world = World::new();
    world.wait("Sales", ges_core::ewt::Ewt::Known(0));
    let soon = json!({ "desiredTime": "2031-03-04T15:00:00Z", "alwaysCheckCapacity": true });
    let id = id(&world.create(wish("Sales", soon)));
    assert_eq!(world.stored(&id).kind, ges_core::callback::Kind::Scheduled);
}

/// `userData` `{"ok":1,"not-ok":2}` keeps `ok` only, reply 200; no value of it appears in any log line. (The watch over
/// all log lines of all tests sees to the latter.)
#[test]
fn check_34_user_data_keeps_variable_names() {
    let world = World::new();
    let data = json!({ "userData": { "ok": "uservalue-1", "not-ok": "uservalue-2", "class": 3 } });
    let id = id(&world.create(wish("Sales", data)));
    let stored = world.stored(&id).request.user_data.clone();
    assert_eq!((stored.len(), stored.get("ok")), (1, Some(&json!("uservalue-1"))));
}

/// `userData` given as the text `{"a":1}` or `{}` is accepted; as the text `nope` it is 400.
#[test]
fn check_35_user_data_may_be_text() {
    let world = World::new();
    for (text, entries) in [(r#"{"a":"uservalue"}"#, 1), ("{}", 0), ("", 0)] {
        let id = id(&world.create(wish("Always", json!({ "userData": text }))));
        assert_eq!(world.stored(&id).request.user_data.len(), entries, "{text}");
    }
    for wrong in [json!("nope uservalue"), json!(5), json!(["uservalue"]), json!("[1]")] {
        assert_eq!(world.create(wish("Always", json!({ "userData": wrong }))).status, 400, "{wrong}");
    }
}

/// `priority` 5, 5.0 and "5" are equal; 5.5 is 400.
#[test]
fn check_36_numbers_have_many_spellings() {
    let world = World::new();
    for spelling in ["5", "5.0", "\"5\"", "5E0", "0.5e1"] {
        let body = format!(r#"{{"serviceName":"Always","phoneNumber":"{NUMBER}","priority":{spelling}}}"#);
        let request = world.request("POST", "/callbacks/create").header("Content-Type", "application/json");
        let id = id(&request.body(body).send());
        assert_eq!(world.stored(&id).request.overrides.priority, Some(5), "{spelling}");
    }
    for wrong in [json!(5.5), json!("five"), json!(true), json!([5])] {
        assert_eq!(world.create(wish("Always", json!({ "priority": wrong }))).status, 400, "{wrong}");
        assert_eq!(world.create(wish("Always", json!({ "offerThreshold": wrong }))).status, 400, "{wrong}");
    }
}

/// Tenant with captcha on: missing or bad `captchaToken` is 400; with captcha off the member is ignored.
#[test]
fn check_37_captcha_is_asked_of_those_who_demand_it() {
    let world = World::new();
    let create = |token: Option<&str>| {
        let mut body = wish("Sales", json!({}));
        if let Some(token) = token {
            body["captchaToken"] = token.into();
        }
        let path = format!("{V3}/callbacks/create");
        Request::new(world.external, "POST", &path).header("x-api-key", GUARDED).json(&body).send()
    };
    for token in [None, Some("captchatoken-robot"), Some("")] {
        let reply = create(token);
        assert_eq!((reply.status, reply.reason().as_str()), (400, "CAPTCHA_FAILED"), "{token:?}");
    }
    assert_eq!(create(Some("captchatoken-human")).status, 200);
    world.captcha.away.store(true, Ordering::SeqCst);
    let reply = create(Some("captchatoken-human"));
    assert_eq!((reply.status, reply.reason().as_str()), (500, "UPSTREAM_UNAVAILABLE"));
    id(&world.create(wish("Sales", json!({ "captchaToken": "captchatoken-any" }))));
}

/// USERORIGINATED service without `pushTargets`: 400; with one FCM target: 200; with channel `APNS`: 400.
#[test]
fn check_38_push_targets_are_needed_where_the_customer_dials() {
    let world = World::new();
    let create = |targets: Value| world.create(wish("Mobile", json!({ "pushTargets": targets })));
    for wrong in [
        json!(null),
        json!([]),
        json!([{ "channel": "APNS", "target": "pushtoken" }]),
        json!([{ "channel": "FCM" }]),
        json!([{ "target": "pushtoken" }]),
        json!([{ "channel": "FCM", "target": "pushtoken" }, {}]),
        json!({}),
        json!("pushtoken"),
    ] {
        assert_eq!(create(wrong.clone()).status, 400, "{wrong}");
    }
    id(&create(json!([{ "channel": "FCM", "target": "pushtoken" }])));
}

/// Exceeding the per-number or tenant throttle: 429, empty `slots`, `Retry-After`, and the matching alarm counter rises.
#[test]
fn check_39_throttles_say_when_to_come_back() {
    let world = World::new();
    for (service, reason, alarm) in [
        ("OncePerNumber", "NUMBER_THROTTLED", "CB_ENQUEUE_LIMIT_REACHED"),
        ("OncePerWindow", "TENANT_THROTTLED", "CB_TTL_LIMIT_REACHED"),
    ] {
        id(&world.create(wish(service, json!({}))));
        let before = world.counter(alarm);
        let reply = world.create(wish(service, json!({})));
        assert_eq!(reply.reason(), reason);
        assert_eq!(proposals(&reply), []);
        assert!(reply.header("retry-after").unwrap().parse::<u64>().unwrap() > 0, "{service}");
        assert_eq!(world.counter(alarm), before + 1.0, "{service}");
    }
    let twice = json!({ "desiredTime": "2031-03-05T15:00:00Z" });
    id(&world.create(wish("NoDuplicates", twice.clone())));
    let before = world.counter("CB_ENQUEUE_LIMIT_REACHED");
    assert_eq!(proposals(&world.create(wish("NoDuplicates", twice))), []);
    assert_eq!(world.counter("CB_ENQUEUE_LIMIT_REACHED"), before + 1.0);
}

/// A refused create leaves no record, and the slot's capacity is unchanged.
#[test]
fn check_40_a_refusal_leaves_nothing_behind() {
    let world = World::new();
    let before = world.slots("Small?numberOfDays=1&reportBusy=true");
    for body in [
        wish("Small", json!({ "desiredTime": "2031-03-05T03:00:00Z" })),
        wish("Small", json!({ "desiredTime": "2031-03-05T15:00:00Z", "priority": "x" })),
        wish("Small", json!({ "desiredTime": "2031-03-05T15:00:00Z", "phoneNumber": "55501 call me" })),
        wish("Small", json!({ "desiredTime": "2032-03-05T15:00:00Z" })),
    ] {
        assert!(world.create(body).status >= 400);
    }
    assert_eq!(world.slots("Small?numberOfDays=1&reportBusy=true"), before);
    let records = world.inside("GET", "/genesys/1/service/callback?_service_name=Small").send();
    assert_eq!(records.json(), json!([]));
}

/// Kinds that are switched off are mistakes of the caller, closed hours without another time to choose too.
#[test]
fn kinds_that_are_off_are_400() {
    let world = World::new();
    for (service, desired, reason) in [
        ("OnlyLater", None, "IMMEDIATE_DISABLED"),
        ("OnlyNow", Some("2031-03-05T04:00:00Z"), "SCHEDULED_DISABLED"),
        ("OnlyNow", None, "OFFICE_CLOSED"),
    ] {
        let mut body = wish(service, json!({}));
        if let Some(desired) = desired {
            body["desiredTime"] = desired.into();
        }
        let reply = world.create(body);
        assert_eq!((reply.status, reply.reason().as_str()), (400, reason), "{service}");
    }
    let night = world.create(wish("Nights", json!({})));
    assert_eq!((night.status, night.reason().as_str()), (429, "OFFICE_CLOSED"));
    assert!(!proposals(&night).is_empty());
}

/// Numbers a rule does not permit are 400 with a reason of their own, and never repeated.
#[test]
fn numbers_are_judged_by_the_queue_rule() {
    let world = World::new();
    for (number, reason) in [("+44 20 7946 0000", "COUNTRY_NOT_PERMITTED"), ("+1 55501", "NUMBER_INVALID")] {
        let reply = world.create(json!({ "serviceName": "Local", "phoneNumber": number }));
        assert_eq!((reply.status, reply.reason().as_str()), (400, reason), "{}", reply.text());
        assert!(!reply.text().contains(number));
    }
}
