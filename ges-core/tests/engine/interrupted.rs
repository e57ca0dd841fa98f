//! Use cases whose future is dropped, at each of their await points in turn, and stores whose answer is lost.

use std::sync::Arc;
use std::time::Duration;

use ges_core::callback::{Callback, CancelledBy, Happening, StateName};
use ges_core::engine::{Dispatcher, Edit, Engine, NewCallback};
use ges_core::memory::MemoryStore;
use ges_core::port::{CallbackStore, Clock, Query};
use ges_core::testing::{RecordingSignals, ScriptedOrchestrator, Unsteady, dropped_at};
use ges_core::{NodeId, Timestamp};

use crate::office::{Office, SERVICE, monday, ny_office, service};

/// An engine whose store and orchestrator are in another place.
struct World {
    office: Office,
    engine: Arc<Engine>,
    node: Arc<Dispatcher>,
    store: Arc<Unsteady<MemoryStore>>,
    signals: Arc<RecordingSignals>,
    heard: usize,
}

impl World {
    /// One request a day for each number; the dispatcher has looked, and sleeps until it is told otherwise.
    fn new() -> World {
        let mut service = service();
        service.limits.per_value_daily = 1;
        let office = Office::with(service, ny_office(), monday("15:00"));
        let store = Arc::new(Unsteady::over(office.store.clone()));
        let orchestrator: Arc<Unsteady<ScriptedOrchestrator>> =
            Arc::new(Unsteady::over(office.orchestrator.clone()));
        let signals = Arc::new(RecordingSignals::default());
        let engine = office.engine_of(|parts| {
            parts.callbacks = store.clone();
            parts.call_ins = store.clone();
            parts.orchestrator = orchestrator;
            parts.signals = signals.clone();
        });
        let node = Dispatcher::new(engine.clone(), NodeId::from("third"));
        pollster::block_on(node.run_due()).unwrap();
        let heard = signals.signalled().len();
        World { office, engine, node, store, signals, heard }
    }

    fn wish(&self, desired: Option<Timestamp>) -> NewCallback {
        let number = "12223334444".parse().unwrap();
        NewCallback { desired, ..NewCallback::immediate(SERVICE, number) }
    }

    fn records(&self) -> Vec<Callback> {
        let all = Query::of(self.office.tenant.clone(), 10);
        pollster::block_on(self.office.store.query(all)).unwrap().callbacks
    }

    /// What a host does that obeys: it looks when a signal or the last look says so. Until the clock is at `end`.
    fn run_until(&mut self, end: Timestamp) {
        let clock = &self.office.clock;
        loop {
            let mut next = pollster::block_on(self.node.run_due()).unwrap();
            let signalled = self.signals.signalled();
            next = signalled.iter().skip(self.heard).fold(next, |next, at| next.min(*at));
            self.heard = signalled.len();
            let now = clock.now();
            if now >= end {
                return;
            }
            clock.set(next.clamp(now + Duration::from_millis(1), end));
        }
    }

    /// When each attempt reached the orchestrator.
    fn rung(&self) -> Vec<(u32, Timestamp)> {
        let seen = self.office.orchestrator.seen();
        seen.iter().map(|seen| (seen.submission.attempt, seen.at)).collect()
    }
}

#[test]
fn a_booking_dropped_anywhere_leaves_no_window_taken_and_no_customer_waiting() {
    for point in 0.. {
        let mut world = World::new();
        let asked = world.office.clock.now();
        let booking = world.engine.book(&world.office.tenant, world.wish(None));
        let ended = pollster::block_on(dropped_at(point, booking));
        let written = world.records().len();
        world.run_until(asked + Duration::from_secs(1));
        assert_eq!(world.records().len(), written, "point {point}: nothing comes of it later");
        if written == 0 {
            assert!(ended.is_none());
            let again = pollster::block_on(world.engine.book(&world.office.tenant, world.wish(None)));
            assert!(again.is_ok(), "point {point}: {again:?}");
            continue;
        }
        // Twice at most, under one attempt number: what had reached the orchestrator when the future was dropped.
        let rung = world.rung();
        assert!((1..=2).contains(&rung.len()), "point {point}: {rung:?}");
        assert!(rung.iter().all(|(attempt, at)| *attempt == 1 && at.since(asked) <= Duration::from_secs(1)));
        assert_eq!(world.records()[0].state.name(), StateName::Queued, "point {point}");
        let heard = world.office.listener.happenings();
        assert_eq!(
            heard.iter().filter(|what| **what == Happening::ServiceCreate).count(),
            1,
            "point {point}"
        );
        if ended.is_some() {
            assert!(point >= 6, "before and after the booking, the hand-over and its record");
            return;
        }
    }
}

#[test]
fn a_booking_for_soon_dropped_after_the_commit_is_handed_over_at_its_instant() {
    for point in 0.. {
        let mut world = World::new();
        let desired = monday("15:30");
        let ended = pollster::block_on(dropped_at(
            point,
            world.engine.book(&world.office.tenant, world.wish(Some(desired))),
        ));
        if world.records().is_empty() {
            continue;
        }
        world.run_until(monday("15:40"));
        assert_eq!(world.rung(), [(1, monday("15:28"))], "point {point}");
        if ended.is_some() {
            return;
        }
    }
}

#[test]
fn a_cancel_dropped_after_the_commit_tells_its_session_at_once() {
    for point in 0.. {
        let mut world = World::new();
        let booked = pollster::block_on(world.engine.book(&world.office.tenant, world.wish(None))).unwrap();
        let id = booked.callback.id;
        let now = world.office.clock.now();
        let cancel = world.engine.cancel(&world.office.tenant, id, CancelledBy::Client);
        let ended = pollster::block_on(dropped_at(point, cancel));
        let is_over = world.records()[0].state.name() == StateName::Completed;
        world.run_until(now + Duration::from_secs(1));
        assert_eq!(world.office.orchestrator.cancelled().len(), usize::from(is_over), "point {point}");
        if ended.is_some() {
            assert!(is_over && point >= 4);
            return;
        }
    }
}

#[test]
fn an_edit_dropped_anywhere_holds_one_place_and_can_be_repeated() {
    for point in 0.. {
        let world = World::new();
        let tenant = &world.office.tenant;
        let wish = world.wish(Some(monday("18:00")));
        let booked = pollster::block_on(world.engine.book(tenant, wish)).unwrap().callback;
        let edit = || Edit { desired: Some(monday("19:00")), ..Edit::default() };
        let ended = pollster::block_on(dropped_at(point, world.engine.edit(tenant, booked.id, edit())));
        let places = |at| 2 - world.office.remaining(at).unwrap();
        assert_eq!(places(monday("18:00")) + places(monday("19:00")), 1, "point {point}");
        let again = pollster::block_on(world.engine.edit(tenant, booked.id, edit()));
        assert!(again.is_ok(), "point {point}: {again:?}");
        assert_eq!((places(monday("18:00")), places(monday("19:00"))), (0, 1), "point {point}");
        if ended.is_some() {
            assert!(point >= 4);
            return;
        }
    }
}

#[test]
fn a_lost_answer_says_so_and_the_callback_is_handed_over_at_once() {
    let mut world = World::new();
    let asked = world.office.clock.now();
    world.store.lose_answers(true);
    let error = pollster::block_on(world.engine.book(&world.office.tenant, world.wish(None))).unwrap_err();
    assert!(error.is_outcome_unknown(), "{error:?}");
    world.store.lose_answers(false);
    // It may have been accepted, so it counts.
    let second = pollster::block_on(world.engine.book(&world.office.tenant, world.wish(None)));
    assert!(second.is_err());
    world.run_until(asked + Duration::from_secs(1));
    assert_eq!(world.records().len(), 1);
    assert_eq!(world.rung().len(), 1);
    assert_eq!(world.records()[0].state.name(), StateName::Queued);
}

#[test]
fn the_dispatcher_is_told_before_the_store_is_asked() {
    let world = World::new();
    let desired = monday("18:00");
    let mut booking = Box::pin(world.engine.book(&world.office.tenant, world.wish(Some(desired))));
    // Polled until the store is asked, and then forgotten without being dropped.
    pollster::block_on(dropped_at(0, booking.as_mut()));
    assert!(world.records().is_empty());
    assert_eq!(world.signals.signalled().last(), Some(&monday("17:58")));
    std::mem::forget(booking);
}
