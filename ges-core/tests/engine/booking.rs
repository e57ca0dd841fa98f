//! B5 to B13, B16 to B18, B25, B27, B33 and O18 to O25: booking against a store.

use std::time::Duration;

use ges_core::callback::{CancelledBy, Kind, StateName};
use ges_core::capacity::BookingInterval;
use ges_core::engine::{Edit, EngineError, Refusal, Remedy};
use ges_core::offer::NotOffered;
use ges_core::slots;
use ges_core::{Callback, CallbackId};

use crate::office::{Office, at, monday, ny_always, ny_office, refused, service};

fn full() -> Refusal {
    Refusal::Time(slots::Refusal::Full)
}

fn cancel(office: &Office, id: CallbackId) -> Result<Callback, EngineError> {
    pollster::block_on(office.engine.cancel(&office.tenant, id, CancelledBy::Client))
}

fn reschedule(office: &Office, id: CallbackId, desired: &str) -> Result<Callback, EngineError> {
    let edit = Edit { desired: Some(monday(desired)), ..Edit::default() };
    pollster::block_on(office.engine.edit(&office.tenant, id, edit))
}

#[test]
fn b5_a_full_slot_is_answered_with_the_nearest_free_ones() {
    let office = Office::open_at(monday("15:20"));
    office.scheduled(monday("16:00")).unwrap();
    office.scheduled(monday("16:20")).unwrap();
    let before = office.remaining(monday("16:30"));
    let (refusal, proposals) = refused(office.scheduled(monday("16:10")));
    assert_eq!(refusal, full());
    let expected = ["15:30", "16:30", "17:00", "17:30", "18:00", "18:30", "19:00", "19:30", "20:00", "20:30"];
    assert_eq!(proposals.unwrap(), expected, "B5");
    assert_eq!((office.remaining(monday("16:00")), office.remaining(monday("16:30"))), (Some(0), before));
}

#[test]
fn b6_b8_a_place_is_taken_in_the_slot_of_the_desired_time() {
    let office = Office::open_at(monday("15:20"));
    office.scheduled(monday("15:37:30")).unwrap();
    assert_eq!(office.remaining(monday("15:30")), Some(1), "B6");
    office.scheduled(monday("21:59:59")).unwrap();
    assert_eq!(office.remaining(monday("21:30")), Some(1), "B8");
}

#[test]
fn b7_the_closing_second_is_closed() {
    let office = Office::open_at(monday("15:20"));
    let (refusal, proposals) = refused(office.scheduled(monday("22:00")));
    assert_eq!(refusal, Refusal::Time(slots::Refusal::Closed));
    let expected = ["17:00", "17:30", "18:00", "18:30", "19:00", "19:30", "20:00", "20:30", "21:00", "21:30"];
    assert_eq!(proposals.unwrap(), expected, "B7");
}

#[test]
fn b9_b10_a_hundred_at_once_for_seven_places() {
    let mut seven = service();
    seven.scheduled.capacity = 7;
    let office = Office::with(seven, ny_office(), monday("15:20"));
    let answers = std::thread::scope(|threads| {
        let booking = || office.scheduled(monday("18:00"));
        let running: Vec<_> = (0..100).map(|_| threads.spawn(booking)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let accepted: Vec<Callback> = answers.into_iter().flatten().collect();
    assert_eq!(accepted.len(), 7, "B9");
    cancel(&office, accepted[0].id).unwrap();
    assert!(office.scheduled(monday("18:00")).is_ok(), "B10");
    assert_eq!(refused(office.scheduled(monday("18:00"))).0, full(), "B10");
}

#[test]
fn b11_b12_a_move_takes_the_new_place_before_it_frees_the_old() {
    let office = Office::open_at(monday("15:20"));
    let first = office.scheduled(monday("18:00")).unwrap();
    office.scheduled(monday("18:10")).unwrap();
    let late = office.scheduled(monday("18:30")).unwrap();
    office.scheduled(monday("18:31")).unwrap();
    assert_eq!(refused(reschedule(&office, first.id, "18:45")).0, full(), "B11");
    assert_eq!(office.get(first.id), first, "B11: the booking stands untouched");
    assert_eq!((office.remaining(monday("18:00")), office.remaining(monday("18:30"))), (Some(0), Some(0)));

    cancel(&office, late.id).unwrap();
    reschedule(&office, first.id, "18:40").unwrap();
    assert_eq!(
        (office.remaining(monday("18:00")), office.remaining(monday("18:30"))),
        (Some(1), Some(0)),
        "B12"
    );
    reschedule(&office, first.id, "18:41").unwrap();
    assert_eq!(
        office.remaining(monday("18:30")),
        Some(0),
        "a move inside a full slot does not compete with itself"
    );
}

#[test]
fn b13_lowering_capacity_keeps_bookings() {
    let mut five = service();
    five.scheduled.capacity = 5;
    let office = Office::with(five, ny_office(), monday("15:20"));
    let booked: Vec<Callback> = (0..3).map(|_| office.scheduled(monday("18:00")).unwrap()).collect();
    office.engine.configure(crate::office::settings(service(), ny_office()));
    let slot = |office: &Office| {
        let slots = office.availability(|ask| ask.report_busy = true);
        slots.into_iter().find(|slot| slot.at == monday("18:00")).map(|slot| (slot.remaining, slot.total))
    };
    assert_eq!(slot(&office), Some((0, 2)), "B13");
    cancel(&office, booked[0].id).unwrap();
    assert_eq!(slot(&office), Some((0, 2)), "B13: one cancel");
    cancel(&office, booked[1].id).unwrap();
    assert_eq!(slot(&office), Some((1, 2)), "B13: second cancel");
}

#[test]
fn b15_switching_the_slot_length_re_buckets() {
    let mut hourly = service();
    hourly.scheduled.interval = BookingInterval::try_from(60).unwrap();
    hourly.scheduled.capacity = 10;
    let office = Office::with(hourly.clone(), ny_office(), monday("14:20"));
    for desired in ["15:05", "15:35", "15:50"] {
        office.scheduled(monday(desired)).unwrap();
    }
    assert_eq!(office.remaining(monday("15:00")), Some(7), "B15: before");
    hourly.scheduled.interval = BookingInterval::try_from(30).unwrap();
    office.engine.configure(crate::office::settings(hourly, ny_office()));
    assert_eq!(
        (office.remaining(monday("15:00")), office.remaining(monday("15:30"))),
        (Some(9), Some(8)),
        "B15"
    );
}

#[test]
fn b16_the_horizon_is_fourteen_days_the_bound_included() {
    let office = Office::open_at(at("2026-03-02T17:00:00Z"));
    assert!(office.scheduled(at("2026-03-16T17:00:00Z")).is_ok(), "B16");
    let (refusal, proposals) = refused(office.scheduled(at("2026-03-16T17:00:01Z")));
    assert!(matches!(refusal, Refusal::Time(slots::Refusal::TooFar { .. })) && proposals.is_none(), "B16");
}

#[test]
fn b17_a_desired_time_in_the_past_is_now() {
    for seconds in [60, 61] {
        let office = Office::open_at(monday("15:20"));
        let past = monday("15:20") - Duration::from_secs(seconds);
        let booked = office.scheduled(past).unwrap();
        assert_eq!((booked.kind, booked.desired), (Kind::Immediate, monday("15:20")), "B17: {seconds} s");
    }
    let office = Office::open_at(monday("15:20"));
    let booked = office.strictly(monday("15:19")).unwrap();
    assert_eq!((booked.kind, booked.desired), (Kind::Scheduled, monday("15:20")), "B17 with the flag");
    let refusal = refused(office.strictly(monday("15:18:59"))).0;
    assert_eq!(refusal, Refusal::Time(slots::Refusal::Past), "B17 with the flag");
}

#[test]
fn b18_the_two_passes_of_the_repeated_hour_are_two_slots() {
    let mut one = service();
    one.scheduled.interval = BookingInterval::try_from(60).unwrap();
    one.scheduled.capacity = 1;
    let office = Office::with(one, ny_always(), at("2026-10-31T12:00:00Z"));
    assert!(office.scheduled(at("2026-11-01T05:30:00Z")).is_ok(), "B18");
    assert!(office.scheduled(at("2026-11-01T06:30:00Z")).is_ok(), "B18");
    assert_eq!(refused(office.scheduled(at("2026-11-01T05:45:00Z"))).0, full(), "B18");
}

#[test]
fn b25_a_booking_may_be_made_while_closed() {
    let office = Office::open_at(at("2026-01-11T18:00:00Z"));
    assert!(office.scheduled(monday("14:00")).is_ok(), "B25");
}

#[test]
fn b27_only_a_cancelled_record_gives_its_place_back() {
    let office = Office::open_at(monday("15:20"));
    let first = office.scheduled(monday("18:00")).unwrap();
    office.scheduled(monday("18:00")).unwrap();
    office.orchestrator.script(std::iter::repeat_n(ges_core::testing::Answer::Refuse, 6));
    office.run_until(monday("18:00"));
    let ended = office.get(first.id);
    assert_eq!(ended.reason().map(ToString::to_string), Some("SUBMIT_FAILED".into()), "B27");
    assert!(ended.holds_place(), "B27: the place stays used");

    let office = Office::open_at(monday("15:20"));
    let first = office.scheduled(monday("18:00")).unwrap();
    office.scheduled(monday("18:00")).unwrap();
    let id = [first.id];
    let answers = pollster::block_on(office.engine.cancel_many(&office.tenant, &id));
    assert!(answers[0].1.is_ok());
    assert_eq!(
        office.get(first.id).reason().map(ToString::to_string),
        Some("CANCELLED_BY_ADMIN".into()),
        "L5"
    );
    assert_eq!(office.remaining(monday("18:00")), Some(1), "B27");
}

#[test]
fn b33_the_slot_in_progress_is_bookable_though_not_listed() {
    let office = Office::open_at(monday("15:20"));
    let booked = office.scheduled(monday("15:25")).unwrap();
    assert_eq!(booked.kind, Kind::Scheduled, "B33");
    assert_eq!(office.remaining(monday("15:00")), None, "B33: not advertised");
    office.scheduled(monday("15:26")).unwrap();
    assert_eq!(refused(office.scheduled(monday("15:27"))).0, full(), "B33: its places count");
}

fn quarter_hours(now: &str, wait: (i64, i64)) -> Office {
    let mut quarter = service();
    quarter.scheduled.interval = BookingInterval::try_from(15).expect("a quarter of an hour");
    let office = Office::with(quarter, ny_office(), monday(now));
    office.wait_is(wait.0, wait.1);
    office
}

#[test]
fn o19_to_o25_requests_close_to_now() {
    let office = quarter_hours("15:00", (900, 0));
    let near = office.scheduled(monday("15:10")).unwrap();
    assert_eq!(
        (near.kind, near.desired, near.state.name()),
        (Kind::Immediate, monday("15:10"), StateName::Queued),
        "O19"
    );
    let office = quarter_hours("15:00", (900, 0));
    let (refusal, _) = refused(office.strictly(monday("15:10")));
    assert!(matches!(refusal, Refusal::Time(slots::Refusal::NotWithinSlot(_))), "O20");
    let strict = office.strictly(monday("15:15")).unwrap();
    assert_eq!((strict.kind, office.remaining(monday("15:15"))), (Kind::Scheduled, Some(1)), "O21");
    assert_eq!(strict.state.name(), StateName::Queued, "O21: its time to be handed over is here");
    let office = quarter_hours("15:00", (900, 0));
    let beyond = office.scheduled(monday("15:16")).unwrap();
    assert_eq!((beyond.kind, beyond.state.name()), (Kind::Scheduled, StateName::Scheduled), "O22");

    let mut only_scheduled = service();
    only_scheduled.immediate.enabled = false;
    only_scheduled.scheduled.interval = BookingInterval::try_from(15).unwrap();
    let office = Office::with(only_scheduled, ny_office(), monday("15:00"));
    office.wait_is(900, 0);
    office.scheduled(monday("15:05")).unwrap();
    office.scheduled(monday("15:06")).unwrap();
    assert_eq!(refused(office.scheduled(monday("15:10"))).0, full(), "O23");

    let office = quarter_hours("13:59", (-1, -2));
    let opening = office.scheduled(monday("14:00")).unwrap();
    assert_eq!((opening.kind, opening.state.name()), (Kind::Scheduled, StateName::Scheduled), "O24");
    office.run_until(monday("14:00"));
    assert_eq!(office.orchestrator.seen()[0].at, monday("14:00"), "O24: not before the opening");

    let office = quarter_hours("15:00", (-1, -2));
    let no_agents = office.scheduled(monday("15:01")).unwrap();
    assert_eq!((no_agents.kind, no_agents.state.name()), (Kind::Scheduled, StateName::Queued), "O25");
}

#[test]
fn invariant_19_queue_status_and_create_agree() {
    for (wait, code, time) in [
        (0, 0, "15:00"),
        (1799, 0, "21:30"),
        (1800, 0, "21:30"),
        (-1, -2, "15:00"),
        (-1, -1, "15:00"),
        (0, 0, "22:00"),
    ] {
        let office = Office::open_at(monday(time));
        office.wait_is(wait, code);
        let status = pollster::block_on(office.engine.queue_status(&office.tenant, &office.service)).unwrap();
        let created = office.immediate("12223334444");
        assert_eq!(status.immediate.is_ok(), created.is_ok(), "wait {wait}, code {code}, at {time}");
    }
}

#[test]
fn invariant_21_disabled_kinds_are_never_accepted() {
    let mut neither = service();
    neither.immediate.enabled = false;
    neither.scheduled.enabled = false;
    let office = Office::with(neither, ny_office(), monday("15:20"));
    let disabled = Refusal::Time(slots::Refusal::NotOffered(NotOffered::Disabled));
    assert_eq!(refused(office.immediate("12223334444")).0, disabled);
    assert_eq!(
        refused(office.scheduled(monday("18:00"))).0,
        Refusal::Time(slots::Refusal::ScheduledDisabled)
    );
    assert_eq!(refused(office.strictly(monday("18:00"))).0, Refusal::Time(slots::Refusal::ScheduledDisabled));
}

#[test]
fn times_are_proposed_only_where_the_service_calls_at_chosen_times() {
    let closed = Refusal::Time(slots::Refusal::NotOffered(NotOffered::Closed));
    let office = Office::open_at(monday("22:00"));
    let (refusal, proposals) = refused(office.immediate("12223334444"));
    assert_eq!((&refusal, refusal.remedy()), (&closed, Remedy::AnotherTime));
    assert_eq!(proposals.map(|times| times.len()), Some(10));

    let mut immediate_only = service();
    immediate_only.scheduled.enabled = false;
    let office = Office::with(immediate_only, ny_office(), monday("22:00"));
    assert_eq!(refused(office.immediate("12223334444")), (closed, None));
}

#[test]
fn invariant_36_a_tenant_never_sees_another() {
    let office = Office::open_at(monday("15:20"));
    let booked = office.scheduled(monday("18:00")).unwrap();
    let other = "other".into();
    let mut settings = crate::office::settings(service(), ny_office());
    settings.tenant = "other".into();
    office.engine.configure(settings);
    let found = pollster::block_on(office.engine.retrieve(&other, booked.id));
    assert!(found.is_err());
    let cancelled = pollster::block_on(office.engine.cancel(&other, booked.id, CancelledBy::Client));
    assert!(cancelled.is_err());
    assert_eq!(office.state(booked.id), StateName::Scheduled);
}

#[test]
fn an_event_for_nobody_is_refused() {
    let office = Office::open_at(monday("15:20"));
    let nobody = CallbackId(uuid::Uuid::nil());
    assert!(
        matches!(cancel(&office, nobody), Err(EngineError::Refused(why)) if why.refusal == Refusal::CallbackUnknown),
        "L3"
    );
}
