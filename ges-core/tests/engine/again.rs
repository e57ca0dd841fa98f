//! A wish that comes again under its id: it is answered with the record that is there, whatever has happened since.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ges_core::callback::{CancelledBy, Happening, StateName};
use ges_core::engine::{Accepted, Edit, Engine, EngineError, NewCallback, Refusal};
use ges_core::port::{CallbackStore, Clock, Query};
use ges_core::testing::{Unsteady, dropped_at};
use ges_core::{CallbackId, Timestamp};

use crate::office::{Office, SERVICE, monday, ny_office, service};
use crate::watched::Watched;

const ID: CallbackId = CallbackId(uuid::Uuid::from_u128(0x8f14_e45f_ceea_467f_a4d1_0a6c_1b2e_3d4f));

/// An office that takes one request a day for each number, and two callbacks in each half hour.
fn office() -> Office {
    taking(1)
}

/// An office that takes so many requests a day for each number.
fn taking(daily: u32) -> Office {
    let mut service = service();
    service.limits.per_value_daily = daily;
    Office::with(service, ny_office(), monday("15:00"))
}

fn now() -> NewCallback {
    NewCallback { id: Some(ID), ..NewCallback::immediate(SERVICE, "12223334444".parse().unwrap()) }
}

fn later(desired: &str) -> NewCallback {
    NewCallback { desired: Some(monday(desired)), ..now() }
}

fn book(office: &Office, wish: NewCallback) -> Result<Accepted, EngineError> {
    pollster::block_on(office.engine.book(&office.tenant, wish))
}

fn records(office: &Office) -> usize {
    pollster::block_on(office.store.query(Query::of(office.tenant.clone(), 99))).unwrap().callbacks.len()
}

fn is_id_taken(answer: &Result<Accepted, EngineError>) -> bool {
    matches!(answer, Err(EngineError::Refused(refused)) if refused.refusal == Refusal::IdTaken)
}

/// Over a store that is in another place.
fn far_from(office: &Office) -> (Arc<Engine>, Arc<Unsteady<ges_core::memory::MemoryStore>>) {
    let store = Arc::new(Unsteady::over(office.store.clone()));
    (office.engine_on(store.clone()), store)
}

#[test]
fn it_is_answered_with_the_same_record_and_counts_once() {
    let office = office();
    let first = book(&office, now()).unwrap();
    assert!(!first.repeated && first.callback.id == ID);
    for _ in 0..3 {
        let again = book(&office, now()).unwrap();
        assert!(again.repeated, "the window of the number is full, and it is accepted all the same");
        assert_eq!(again.callback, office.get(ID));
    }
    assert_eq!((records(&office), office.orchestrator.started().len()), (1, 1));
    let created = office.listener.happenings();
    assert_eq!(created.iter().filter(|what| **what == Happening::ServiceCreate).count(), 1);
}

#[test]
fn a_repeat_takes_no_window() {
    let office = taking(2);
    for _ in 0..3 {
        book(&office, now()).unwrap();
    }
    assert!(office.immediate("12223334444").is_ok(), "one of two is left");
    assert!(office.immediate("12223334444").is_err());
}

#[test]
fn another_wish_under_its_id_is_refused_and_changes_nothing() {
    let office = office();
    book(&office, later("18:00")).unwrap();
    let before = office.get(ID);
    for other in [later("18:30"), now(), NewCallback { always_check_capacity: true, ..later("18:00") }] {
        let answer = book(&office, other);
        assert!(is_id_taken(&answer), "{answer:?}");
    }
    assert_eq!((office.get(ID), records(&office)), (before, 1));
    assert_eq!(office.remaining(monday("18:30")), Some(2));
    assert!(office.immediate("12223334444").is_ok(), "no window was taken");
}

#[test]
fn an_id_of_the_engines_making_is_taken_too() {
    let office = office();
    let made = office.scheduled(monday("18:00")).unwrap();
    let answer = book(&office, NewCallback { id: Some(made.id), ..later("18:00") });
    assert!(is_id_taken(&answer), "nobody can tell whether it was this wish: {answer:?}");
}

#[test]
fn what_would_be_refused_today_was_accepted_and_stays_so() {
    let office = office();
    book(&office, later("18:00")).unwrap();
    // Full, past, closed, and no service of the name any more.
    office.scheduled(monday("18:10")).unwrap();
    assert!(office.scheduled(monday("18:20")).is_err());
    assert!(book(&office, later("18:00")).unwrap().repeated);
    office.clock.set(monday("23:00"));
    assert!(office.immediate("12223335555").is_err());
    assert!(book(&office, later("18:00")).unwrap().repeated);
    office.engine.forget(&office.tenant);
    let again = book(&office, later("18:00")).unwrap();
    assert!(again.repeated && again.callback.id == ID);
}

#[test]
fn the_record_is_answered_as_it_stands() {
    let office = office();
    book(&office, later("18:00")).unwrap();
    let edit = Edit { desired: Some(monday("19:00")), number: "12223339999".parse().ok(), ..Edit::default() };
    pollster::block_on(office.engine.edit(&office.tenant, ID, edit)).unwrap();
    let moved = book(&office, later("18:00")).unwrap();
    assert_eq!((moved.repeated, moved.callback.desired), (true, monday("19:00")));
    assert!(is_id_taken(&book(&office, later("19:00"))), "it is the first wish that counts");

    pollster::block_on(office.engine.cancel(&office.tenant, ID, CancelledBy::Client)).unwrap();
    let cancelled = book(&office, later("18:00")).unwrap();
    assert_eq!((cancelled.repeated, cancelled.callback.state.name()), (true, StateName::Completed));
    assert_eq!(records(&office), 1);
}

#[test]
fn a_record_that_was_removed_is_booked_anew() {
    let office = office();
    book(&office, later("18:00")).unwrap();
    pollster::block_on(office.engine.cancel(&office.tenant, ID, CancelledBy::Client)).unwrap();
    let removed = monday("18:00") + Duration::from_secs(14 * 86_400);
    office.clock.set(removed - Duration::from_millis(1));
    pollster::block_on(office.engine.purge()).unwrap();
    assert!(book(&office, later("18:00")).unwrap().repeated);
    office.clock.set(removed);
    pollster::block_on(office.engine.purge()).unwrap();
    assert!(!book(&office, later("18:00")).unwrap().repeated);
}

#[test]
fn a_refused_wish_leaves_its_id_free() {
    let office = office();
    assert!(book(&office, later("23:00")).is_err());
    assert!(!book(&office, later("18:00")).unwrap().repeated);
}

#[test]
fn a_lost_answer_is_had_by_asking_again() {
    let office = office();
    let (engine, store) = far_from(&office);
    store.lose_answers(true);
    let error = pollster::block_on(engine.book(&office.tenant, now())).unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    store.lose_answers(false);
    let again = pollster::block_on(engine.book(&office.tenant, now())).unwrap();
    assert!(again.repeated && again.callback.id == ID);
    assert_eq!(records(&office), 1);
}

#[test]
fn a_booking_dropped_anywhere_is_had_by_asking_again() {
    for point in 0.. {
        let office = office();
        let (engine, _) = far_from(&office);
        let ended = pollster::block_on(dropped_at(point, engine.book(&office.tenant, now())));
        let written = records(&office) == 1;
        let again = pollster::block_on(engine.book(&office.tenant, now())).unwrap();
        assert_eq!((again.repeated, records(&office)), (written, 1), "point {point}");
        office.run_until(office.clock.now() + Duration::from_secs(60));
        assert_eq!(office.orchestrator.started().len(), 1, "point {point}: one session");
        if ended.is_some() {
            assert!(point >= 4, "before and after the look and the booking");
            return;
        }
    }
}

#[test]
fn of_many_at_once_one_is_new() {
    let office = office();
    let answers = std::thread::scope(|threads| {
        let running: Vec<_> = (0..16).map(|_| threads.spawn(|| book(&office, now()).unwrap())).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    assert_eq!((records(&office), office.orchestrator.started().len()), (1, 1));
}

#[test]
fn a_second_one_waits_until_the_first_is_answered() {
    for point in 0.. {
        let office = office();
        let (engine, _) = far_from(&office);
        let mut first = Box::pin(engine.book(&office.tenant, now()));
        let ended = pollster::block_on(dropped_at(point, first.as_mut()));
        let mut second = Box::pin(engine.book(&office.tenant, now()));
        if let Some(first) = ended {
            assert!(!first.unwrap().repeated && pollster::block_on(second).unwrap().repeated);
            assert!(point >= 4);
            return;
        }
        for _ in 0..20 {
            assert!(polled(second.as_mut()).is_pending(), "point {point}");
        }
        assert!(!pollster::block_on(first).unwrap().repeated, "point {point}");
        assert!(pollster::block_on(second).unwrap().repeated, "point {point}");
    }
}

/// Two nodes do not wait for each other: the second books at each await point of the first.
#[test]
fn on_two_nodes_at_once_one_is_new() {
    let mut exists = 0;
    for point in 0.. {
        let office = taking(2);
        let ((one, _), (other, _)) = (far_from(&office), far_from(&office));
        let mut first = Box::pin(one.book(&office.tenant, now()));
        let ended = pollster::block_on(dropped_at(point, first.as_mut()));
        let second = pollster::block_on(other.book(&office.tenant, now())).unwrap();
        let ends_here = ended.is_some();
        let first = ended.unwrap_or_else(|| pollster::block_on(first)).unwrap();
        assert_ne!(first.repeated, second.repeated, "point {point}");
        exists += usize::from(first.repeated);
        assert_eq!((first.callback.id, second.callback.id), (ID, ID));
        assert_eq!((records(&office), office.orchestrator.started().len()), (1, 1), "point {point}");
        assert!(office.immediate("12223334444").is_ok(), "point {point}: one unit was given back");
        assert!(office.immediate("12223334444").is_err(), "point {point}");
        if ends_here {
            assert!(exists >= 3, "before and after its look, and before its booking: {exists}");
            return;
        }
    }
}

#[test]
fn the_place_that_is_missing_may_be_its_own() {
    for point in 0.. {
        let office = office();
        office.scheduled(monday("18:00")).unwrap();
        let ((one, _), (other, _)) = (far_from(&office), far_from(&office));
        let mut first = Box::pin(one.book(&office.tenant, later("18:00")));
        let ended = pollster::block_on(dropped_at(point, first.as_mut()));
        pollster::block_on(other.book(&office.tenant, later("18:00"))).unwrap();
        if ended.is_some() {
            return;
        }
        assert!(pollster::block_on(first).is_ok(), "point {point}: the last place went to the same wish");
    }
}

#[test]
fn a_store_that_wrote_it_and_asks_again_has_written_it() {
    let office = office();
    let store = Watched::over(&office.store);
    store.stutters.store(true, Ordering::SeqCst);
    let engine = office.engine_on(store);
    let accepted = pollster::block_on(engine.book(&office.tenant, now())).unwrap();
    assert!(!accepted.repeated);
    assert_eq!(accepted.callback.state.name(), StateName::Queued, "it is handed over");
    assert!(office.immediate("12223334444").is_err(), "it counts");
}

/// What docs/decisions/idempotent-create.md says it costs.
#[test]
fn an_id_costs_one_look_at_the_store() {
    let office = office();
    let (engine, _) = far_from(&office);
    // The store stands still once before and once after each call.
    let calls = |wish: NewCallback| {
        let (points, answer) = stood_still(engine.book(&office.tenant, wish));
        (points / 2, answer.map(|accepted| accepted.repeated))
    };
    let at = |time: &str| later(time).desired;
    let (without, new) = calls(NewCallback { id: None, ..later("18:00") });
    assert_eq!((without, new.unwrap()), (1, false), "without an id");
    let (first, new) = calls(later("18:00"));
    assert_eq!((first, new.unwrap()), (2, false), "with an id");
    let (again, repeated) = calls(later("18:00"));
    assert_eq!((again, repeated.unwrap()), (1, true), "again");
    let (full, refused) = calls(NewCallback { id: None, desired: at("18:10"), ..now() });
    assert_eq!(
        (full, refused.is_err()),
        (2, true),
        "refused without an id: the store, and what else is free"
    );
    let other = CallbackId(uuid::Uuid::max());
    let (full, refused) = calls(NewCallback { id: Some(other), desired: at("18:10"), ..now() });
    assert_eq!((full, refused.is_err()), (4, true), "refused with an id: looked at before and after");
}

fn polled<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// How often a future stood still, and what came of it.
fn stood_still<F: Future>(future: F) -> (usize, F::Output) {
    let (mut future, mut times) = (Box::pin(future), 0);
    loop {
        match polled(future.as_mut()) {
            Poll::Ready(output) => return (times, output),
            Poll::Pending => times += 1,
        }
    }
}

#[test]
fn a_wish_for_now_is_the_same_wish_a_minute_later() {
    let office = office();
    let first = book(&office, now()).unwrap().callback.created;
    let later: Timestamp = office.clock.now() + Duration::from_secs(60);
    office.clock.set(later);
    assert_eq!(book(&office, now()).unwrap().callback.created, first);
}
