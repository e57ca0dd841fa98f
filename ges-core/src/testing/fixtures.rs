//! Records with few words. Everything not named is ordinary: tenant `acme`, service `support`, Monday 2026-01-12.
//!
//! ```
//! use ges_core::callback::{CancelledBy, Event};
//! use ges_core::testing::fixtures::{after, at, booking, places, scheduled};
//!
//! let booked = scheduled(1, at("18:05"));
//! let guarded = places(booking(&booked), "18:00", "18:30", 2);
//! assert_eq!(guarded.guards.len(), 1);
//! let cancelled = after(&booked, &Event::Cancel { by: CancelledBy::Client }, at("17:00"));
//! assert!(!cancelled.holds_place());
//! ```
#![allow(clippy::missing_panics_doc, reason = "the arguments are literals of a test")]

use std::time::Duration;

use uuid::Uuid;

use crate::callback::{
    Callback, Event, Kind, OfferType, Override, Reason, Request, SessionState, SessionUpdate, State, Step,
    step,
};
use crate::callin::{CallInRequest, CallInState};
use crate::dispatch::INDEX_LEAD;
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::number::{ComparisonNumber, PhoneNumber};
use crate::port::{Booking, Change, Guard};
use crate::slots::PlaceGuard;
use crate::time::{Interval, Timestamp};
use crate::user_data::UserData;

/// How often live sessions are looked at in these records.
const LOOK_EVERY: Option<Duration> = Some(Duration::from_secs(60));

/// `acme`.
pub fn tenant() -> TenantId {
    "acme".into()
}

/// `support`.
pub fn service() -> ServiceName {
    "support".into()
}

/// An instant of Monday 2026-01-12, UTC, from `HH:MM` or `HH:MM:SS` or `HH:MM:SS.mmm`.
pub fn at(time: &str) -> Timestamp {
    let seconds = if time.len() == 5 { ":00" } else { "" };
    let text = format!("2026-01-12T{time}{seconds}Z");
    text.parse().unwrap_or_else(|_| panic!("{time} is no time of day such as 18:00"))
}

/// A stretch of that day.
pub fn between(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end))
}

/// The id with that number.
pub fn id(number: u64) -> CallbackId {
    CallbackId(uuid::Builder::from_random_bytes(u128::from(number).to_be_bytes()).into_uuid())
}

/// A customer's number, as given.
pub fn phone(given: &str) -> PhoneNumber {
    given.parse().unwrap_or_else(|_| panic!("not a number with 3 to 15 digits"))
}

/// The comparison form of a number.
pub fn comparison(given: &str) -> ComparisonNumber {
    phone(given).comparison()
}

/// A scheduled callback as accepted at 08:00, desired then, with a phone number of its own.
pub fn scheduled(number: u64, desired: Timestamp) -> Callback {
    Callback {
        id: id(number),
        tenant: tenant(),
        service: service(),
        version: 1,
        kind: Kind::Scheduled,
        created: at("08:00"),
        updated: at("08:00"),
        desired,
        ttl: Duration::from_secs(86_400),
        settings_version: 1,
        request: request(&format!("+1519555{number:04}")).into(),
        fingerprint: None,
        state: State::Scheduled,
        attempts: 0,
        outbox: Vec::new(),
    }
}

/// An immediate callback as accepted at that instant.
pub fn immediate(number: u64, accepted: Timestamp) -> Callback {
    Callback { kind: Kind::Immediate, created: accepted, updated: accepted, ..scheduled(number, accepted) }
}

/// A request with nothing but a number.
pub fn request(given: &str) -> Request {
    Request {
        number: phone(given),
        offer_type: OfferType::Scheduled,
        language: "en-US".to_owned(),
        direction: Default::default(),
        inbound_vq: None,
        offer_threshold_secs: None,
        channel: None,
        offer_timing: None,
        origination_ixn_id: None,
        overrides: Override::default(),
        push_targets: Vec::new(),
        user_data: UserData::default(),
    }
}

/// The same record for another number.
pub fn with_phone(callback: Callback, given: &str) -> Callback {
    let number = phone(given);
    let request = Request { number, ..(*callback.request).clone() };
    Callback { request: request.into(), ..callback }
}

/// When the engine would want to look at the record.
pub fn wake_at(callback: &Callback) -> Option<Timestamp> {
    callback.wake_at(INDEX_LEAD, LOOK_EVERY)
}

/// A booking of the record, without guards.
pub fn booking(callback: &Callback) -> Booking {
    Booking { callback: callback.clone(), wake_at: wake_at(callback), guards: Vec::new() }
}

/// The same booking, guarded by places between two times of the day.
pub fn places(booking: Booking, start: &str, end: &str, limit: u32) -> Booking {
    guarded(booking, [place_guard(start, end, limit)])
}

/// The same booking with more guards.
pub fn guarded(mut booking: Booking, guards: impl IntoIterator<Item = Guard>) -> Booking {
    booking.guards.extend(guards);
    booking
}

/// Fewer than `limit` places are held between two times of the day.
pub fn place_guard(start: &str, end: &str, limit: u32) -> Guard {
    Guard::Places(PlaceGuard { range: between(start, end), limit })
}

/// The record after an event that changes it.
pub fn after(callback: &Callback, event: &Event, now: Timestamp) -> Callback {
    match step(callback, event, now) {
        Ok(Step::Changed(next, _)) => *next,
        Ok(Step::Unchanged) => panic!("the event “{}” changes nothing", event.name()),
        Err(refused) => panic!("{refused}"),
    }
}

/// The record with its next attempt issued for that instant.
pub fn issued(callback: &Callback, hand_over_at: Timestamp) -> Callback {
    after(callback, &Event::Issue { at: hand_over_at }, hand_over_at)
}

/// The record with its next attempt handed over: QUEUED.
pub fn queued(callback: &Callback, now: Timestamp) -> Callback {
    let issued = issued(callback, now);
    after(&issued, &Event::HandedOver { attempt: issued.attempts, reference: None }, now)
}

/// The record after its session reported a state.
pub fn reported(callback: &Callback, state: SessionState, now: Timestamp) -> Callback {
    let update = SessionUpdate { attempt: None, reference: None, sequence: None, state };
    after(callback, &Event::Session(update), now)
}

/// A record that came to its end through a session, from whatever state before.
pub fn ended(callback: &Callback, reason: Reason, now: Timestamp) -> Callback {
    let session = if callback.session().is_some() { callback.clone() } else { queued(callback, now) };
    reported(&session, SessionState::Completed(reason), now)
}

/// The change that replaces one record by its successor, user data and all, without guards and fence.
pub fn change(before: &Callback, next: &Callback) -> Change {
    Change {
        next: next.clone(),
        expected: before.version,
        wake_at: wake_at(next),
        keeps_user_data: false,
        guards: Vec::new(),
        fence: None,
    }
}

/// The record moved in one step to a later version, whatever lay between; for changes that skip states.
pub fn as_next(before: &Callback, mut next: Callback) -> Callback {
    next.version = before.version + 1;
    next
}

/// A waiting call-in request of group `help`, made at that instant, dead thirty seconds later.
pub fn call_in(number: u64, created_at: Timestamp) -> CallInRequest {
    CallInRequest {
        id: Uuid::from_u128(u128::from(number)),
        group: "help".to_owned(),
        to: "+15195550199".parse().unwrap_or_else(|_| panic!("a number in E.164 form")),
        from: None,
        code: None,
        callback_id: None,
        user_data: UserData::default(),
        created_at,
        expires_at: created_at + Duration::from_secs(30),
        state: CallInState::Waiting,
    }
}
