//! What is stored today is readable for ever: records as stores keep them and exports show them.
//!
//! A file in `records/` never changes. Whoever adds a field adds a file with it; those that are there must still be read,
//! and mean what they meant.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic that says what broke")]

use std::time::Duration;

use ges_core::Callback;
use ges_core::callback::{
    Direction, Effect, Fingerprint, OfferTiming, OfferType, Override, PushTarget, Reason, Session, State,
    Task,
};
use ges_core::callin::{CallInRequest, CallInState, Caller};
use ges_core::port::Published;
use ges_core::testing::fixtures::{at, call_in, ended, immediate, issued, phone, scheduled};
use serde::Serialize;
use serde::de::DeserializeOwned;

#[test]
fn a_callback_that_waits() {
    kept(include_str!("records/waiting.json"), &scheduled(1, at("12:00")));
}

#[test]
fn a_callback_that_is_being_handed_over() {
    kept(include_str!("records/handing-over.json"), &issued(&immediate(2, at("10:00")), at("10:00")));
}

#[test]
fn a_callback_with_everything_a_record_can_hold() {
    kept(include_str!("records/everything.json"), &everything());
}

#[test]
fn a_callback_that_is_over() {
    let over = ended(&immediate(4, at("10:00")), Reason::AGENT_CONNECTED, at("10:05"));
    kept(include_str!("records/over.json"), &over);
}

#[test]
fn a_request_to_call_in() {
    let waiting = call_in(7, at("10:00"));
    kept(include_str!("records/call-in.json"), &waiting);
    let matched = CallInRequest {
        code: Some("1234".parse().unwrap()),
        from: Some(Caller::new(phone("+15195550123"))),
        callback_id: Some(scheduled(1, at("12:00")).id.0),
        user_data: serde_json::json!({ "reason": "billing" }).try_into().unwrap(),
        state: CallInState::Matched(at("10:01")),
        ..waiting
    };
    kept(include_str!("records/call-in-matched.json"), &matched);
}

#[test]
fn published_settings() {
    let options = [("_ttl".to_owned(), "3600".to_owned())].into();
    let published = Published { version: 3, sections: [("service.Support".to_owned(), options)].into() };
    kept(include_str!("records/settings.json"), &published);
}

/// Every field set, every list filled.
fn everything() -> Callback {
    let mut callback = scheduled(3, at("12:00"));
    callback.version = 9;
    callback.updated = at("12:01");
    callback.ttl = Duration::from_millis(86_400_250);
    callback.settings_version = 4;
    callback.fingerprint = Some(Fingerprint::of("a wish"));
    callback.attempts = 2;
    callback.state = State::Processing(Session {
        attempt: 2,
        reference: Some("session-2".to_owned()),
        sequence: Some(5),
        since: at("11:59"),
    });
    callback.outbox = vec![
        Effect { task: Task::HandOver { attempt: 2, refusals: 1 }, not_before: at("11:58"), tries: 3 },
        Effect {
            task: Task::TellSession { attempt: 1, reference: Some("session-1".to_owned()) },
            not_before: at("11:57"),
            tries: 0,
        },
    ];
    let request = callback.request_mut();
    request.offer_type = OfferType::CombinedScheduledAndAsap;
    request.language = "fr-CA".to_owned();
    request.direction = Direction::UserOriginated;
    request.inbound_vq = Some("Sales_VQ".to_owned());
    request.offer_threshold_secs = Some(120);
    request.channel = Some("WEB".to_owned());
    request.offer_timing = Some(OfferTiming::OffHours);
    request.origination_ixn_id = Some("ixn-1".to_owned());
    request.overrides = Override {
        route_point: Some("8001".to_owned()),
        survey_route_point: Some("8002".to_owned()),
        priority: Some(-5),
    };
    request.push_targets = vec![PushTarget { channel: "FCM".to_owned(), target: "device".to_owned() }];
    request.user_data = serde_json::json!({ "_tier": 0.1, "name": "Ada" }).try_into().unwrap();
    callback
}

/// The text is read as what it meant, and what it meant is written as this text.
fn kept<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str, meant: &T) {
    let written = serde_json::to_string_pretty(meant).unwrap();
    assert_eq!(text.trim_end(), written, "it is written in another form");
    assert!(serde_json::from_str::<T>(text).unwrap() == *meant, "it is read as something else: {meant:?}");
}
