//! Futures of the dispatcher that are dropped in the middle: what they held is not forgotten.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::callback::StateName;
use ges_core::engine::Dispatcher;
use ges_core::memory::MemoryStore;
use ges_core::port::Clock;
use ges_core::testing::{RecordingSignals, ScriptedOrchestrator, Unsteady, dropped_at};

use crate::office::{Office, monday};
use crate::watched::{Mischief, Spot, Watched};

struct World {
    office: Office,
    store: Arc<Watched>,
    dispatcher: Arc<Dispatcher>,
    due: Timestamp,
}

impl World {
    /// One callback, due in a moment, and nothing leased yet.
    fn new() -> Self {
        let office = Office::open_at(monday("18:00"));
        let store = Watched::over(&office.store);
        let dispatcher = office.node_on(store.clone());
        office.scheduled(monday("19:00")).unwrap();
        let due = monday("18:58");
        office.clock.set(due - Duration::from_secs(1));
        World { office, store, dispatcher, due }
    }

    /// Polls it while the store stands still at this spot, and drops it there.
    fn drop_at<T>(&self, spot: Spot, work: impl Future<Output = T>) {
        self.store.set(Some((spot, Mischief::Stall)));
        let mut work = Box::pin(work);
        assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "it stands still");
        drop(work);
        self.store.set(None);
    }

    /// Calls as the dispatcher asks for it, and answers when the callback was handed over.
    fn rung(&self) -> Vec<Timestamp> {
        while self.office.clock.now() <= self.due + Duration::from_secs(10) {
            let next = pollster::block_on(self.dispatcher.run_due()).unwrap();
            self.office.clock.set(next.max(self.office.clock.now() + Duration::from_millis(1)));
        }
        self.office.orchestrator.seen().iter().map(|seen| seen.at).collect()
    }

    fn state(&self) -> StateName {
        let id = self.office.orchestrator.seen()[0].submission.callback.id;
        self.office.state(id)
    }
}

/// A host that looks when it was told to and when a signal says so, and at no other time. Its store and its orchestrator
/// take time, so what it awaits can be dropped.
struct Sleeper {
    office: Office,
    dispatcher: Arc<Dispatcher>,
    signals: Arc<RecordingSignals>,
    heard: usize,
    /// What it was told last.
    until: Timestamp,
}

impl Sleeper {
    /// One callback, due at 18:58, and a host that sleeps until it is time to look for it.
    fn new() -> Self {
        let office = Office::open_at(monday("18:00"));
        office.scheduled(monday("19:00")).unwrap();
        let signals = Arc::new(RecordingSignals::default());
        let orchestrator: Arc<Unsteady<ScriptedOrchestrator>> =
            Arc::new(Unsteady::over(office.orchestrator.clone()));
        let store: Arc<Unsteady<MemoryStore>> = Arc::new(Unsteady::over(office.store.clone()));
        let engine = office.engine_of(|parts| {
            parts.callbacks = store;
            parts.orchestrator = orchestrator;
            parts.signals = signals.clone();
        });
        let dispatcher = Dispatcher::new(engine, "sleeper".into());
        let mut sleeper = Sleeper { office, dispatcher, signals, heard: 0, until: monday("18:00") };
        sleeper.obey(monday("18:57:40"));
        sleeper
    }

    /// Sleeps until it is woken, and looks, until the clock is at `end`. A dropped call told it nothing, so it sleeps as
    /// long as it was told before.
    fn obey(&mut self, end: Timestamp) {
        loop {
            let signalled = self.signals.signalled();
            let woken = signalled.iter().skip(self.heard).fold(self.until, |until, at| until.min(*at));
            self.heard = signalled.len();
            let now = self.office.clock.now();
            self.office.clock.set(woken.clamp(now, end));
            if woken > end {
                return;
            }
            let next = pollster::block_on(self.dispatcher.run_due()).unwrap();
            self.until = next.max(self.office.clock.now() + Duration::from_millis(1));
        }
    }

    /// Drops what it awaits at this instant, and answers whether it had ended before.
    fn drops<T>(
        &mut self,
        at: Timestamp,
        point: usize,
        work: impl AsyncFnOnce(Arc<Dispatcher>) -> T,
    ) -> bool {
        self.office.clock.set(at);
        // It had planned to sleep until the next minute.
        self.until = at + Duration::from_secs(60);
        pollster::block_on(dropped_at(point, work(self.dispatcher.clone()))).is_some()
    }

    fn rung(&self) -> Vec<Timestamp> {
        self.office.orchestrator.seen().iter().map(|seen| seen.at).collect()
    }
}

#[test]
fn a_host_that_sleeps_is_woken_by_a_look_dropped_anywhere() {
    for point in 0.. {
        let mut host = Sleeper::new();
        let ended =
            host.drops(monday("18:57:57"), point, async |dispatcher| dispatcher.look_ahead().await.unwrap());
        if ended {
            assert!(point >= 4, "before and after leases were given and changes written");
            return;
        }
        host.obey(monday("18:58:10"));
        assert_eq!(host.rung(), [monday("18:58")], "point {point}");
    }
}

#[test]
fn a_host_that_sleeps_is_woken_by_what_it_took_and_dropped() {
    for point in 0.. {
        let mut host = Sleeper::new();
        pollster::block_on(host.dispatcher.look_ahead()).unwrap();
        host.obey(monday("18:57:55"));
        let ended = host.drops(monday("18:58"), point, async |dispatcher| {
            dispatcher.take_due().await.unwrap();
        });
        host.obey(monday("18:58:10"));
        assert_eq!(host.rung(), [monday("18:58")], "point {point}");
        if ended {
            assert!(point >= 2, "before and after it was said what is held");
            return;
        }
    }
}

#[test]
fn a_pass_dropped_anywhere_calls_within_the_same_instant_and_under_one_attempt() {
    for point in 0.. {
        let mut host = Sleeper::new();
        let ended =
            host.drops(monday("18:58"), point, async |dispatcher| dispatcher.run_due().await.unwrap());
        if ended {
            assert!(point >= 10, "the look, the hand-over and its record");
            return;
        }
        host.obey(monday("18:58:10"));
        // Twice at most: what had reached the orchestrator when it was dropped.
        let seen = host.office.orchestrator.seen();
        assert!((1..=2).contains(&seen.len()), "point {point}");
        assert!(
            host.rung().iter().all(|at| at.since(monday("18:58")) <= Duration::from_secs(1)),
            "point {point}"
        );
        assert!(seen.iter().all(|seen| seen.submission.attempt == 1), "point {point}");
    }
}

#[test]
fn a_look_begins_anew() {
    for spot in [Spot::Leased, Spot::Change] {
        let world = World::new();
        world.drop_at(spot, world.dispatcher.look_ahead());
        assert_eq!(world.rung(), [world.due], "{spot:?}");
    }
}

#[test]
fn what_was_taken_is_still_held() {
    let world = World::new();
    pollster::block_on(world.dispatcher.look_ahead()).unwrap();
    world.office.clock.set(world.due);
    world.drop_at(Spot::Held, world.dispatcher.take_due());
    assert_eq!(world.dispatcher.next_due(), Some(world.due));
    assert_eq!(world.rung(), [world.due]);
}

#[test]
fn a_delivery_that_is_not_run_is_taken_again() {
    let world = World::new();
    pollster::block_on(world.dispatcher.look_ahead()).unwrap();
    world.office.clock.set(world.due);
    drop(pollster::block_on(world.dispatcher.take_due()).unwrap());
    assert_eq!(world.rung(), [world.due]);
}

#[test]
fn what_was_done_is_recorded_with_the_next_look_and_not_done_again() {
    let world = World::new();
    pollster::block_on(world.dispatcher.look_ahead()).unwrap();
    world.office.clock.set(world.due);
    let delivery = pollster::block_on(world.dispatcher.take_due()).unwrap().remove(0);
    world.drop_at(Spot::Change, delivery.run());
    assert_eq!(world.state(), StateName::Scheduled);
    pollster::block_on(world.dispatcher.look_ahead()).unwrap();
    assert_eq!(world.state(), StateName::Queued);
    assert_eq!(world.rung(), [world.due], "once");
}

#[test]
fn a_takeover_is_done_by_the_next_look() {
    let world = World::new();
    pollster::block_on(world.office.second_node().look_ahead()).unwrap();
    world.drop_at(Spot::EndLeases, world.dispatcher.take_over(&"second".into()));
    assert_eq!(world.rung(), [world.due]);
}
