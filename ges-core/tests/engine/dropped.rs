//! Futures of the dispatcher that are dropped in the middle: what they held is not forgotten.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::callback::StateName;
use ges_core::engine::Dispatcher;
use ges_core::port::Clock;

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
