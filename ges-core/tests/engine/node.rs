//! A whole node on a runtime that is told when to run: nothing here sleeps.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ges_core::callback::StateName;
use ges_core::engine::{Engine, NewCallback};
use ges_core::node::{Node, NodeBuilder};
use ges_core::port::{Clock, Gone, News, Notice, Observer, Peers, StoreError};
use ges_core::testing::ManualRuntime;
use ges_core::{NodeId, TenantId, Timestamp};

use crate::office::{Office, SERVICE, monday, ny_always, service};
use crate::watched::{Mischief, Spot, Watched};

const DAY: Duration = Duration::from_secs(86_400);

/// An office whose store is watched, and the runtime of its node.
struct World {
    office: Office,
    store: Arc<Watched>,
    engine: Arc<Engine>,
    runtime: ManualRuntime,
}

impl World {
    /// Always open, one place for each of many.
    fn new() -> Self {
        let mut service = service();
        service.scheduled.capacity = 10_000;
        let office = Office::with(service, ny_always(), monday("18:00"));
        let store = Watched::over(&office.store);
        let engine = office.engine_on(store.clone());
        let runtime = ManualRuntime::new(office.clock.clone());
        World { office, store, engine, runtime }
    }

    fn builder(&self) -> NodeBuilder {
        Node::builder(self.engine.clone(), self.runtime.clone()).named("a".into())
    }

    fn start(&self) -> Node {
        let node = self.builder().start();
        self.runtime.settle();
        node
    }

    /// Books through the engine of the node; handed over two minutes before.
    fn book(&self, desired: Timestamp) {
        let wish = NewCallback::scheduled(SERVICE, "12223334444".parse().unwrap(), desired);
        pollster::block_on(self.engine.book(&self.office.tenant, wish)).unwrap();
        self.runtime.settle();
    }

    fn now(&self) -> Timestamp {
        self.office.clock.now()
    }

    /// When each submission arrived.
    fn rung(&self) -> Vec<Timestamp> {
        self.office.orchestrator.seen().iter().map(|seen| seen.at).collect()
    }

    fn states(&self) -> Vec<StateName> {
        let query = ges_core::port::Query::of(self.office.tenant.clone(), 1000);
        let page = pollster::block_on(self.engine.list(query)).unwrap();
        page.callbacks.iter().map(|callback| callback.state.name()).collect()
    }

    fn stop(&self, node: &Node) {
        let mut ending = Box::pin(node.shutdown());
        let waker = std::task::Waker::noop();
        let mut ended = || ending.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready();
        for _ in 0..100 {
            if ended() {
                return;
            }
            self.runtime.advance(Duration::from_millis(100));
        }
        panic!("the node does not end");
    }
}

/// Two minutes and a bit: booked so, it is due a bit from now.
fn in_secs(world: &World, secs: u64) -> Timestamp {
    world.now() + Duration::from_secs(120 + secs)
}

#[test]
fn a_callback_is_handed_over_at_its_instant_and_recorded_soon_after() {
    let world = World::new();
    let node = world.start();
    let due = world.now() + Duration::from_secs(3_600);
    world.book(in_secs(&world, 3_600));
    world.runtime.advance(Duration::from_millis(3_599_999));
    assert!(world.rung().is_empty(), "never early");
    world.runtime.advance(Duration::from_millis(1));
    assert_eq!(world.rung(), [due]);
    assert_eq!((world.states(), node.facts().unrecorded), (vec![StateName::Scheduled], 1));
    world.runtime.advance(Duration::from_millis(100));
    assert_eq!((world.states(), node.facts().unrecorded), (vec![StateName::Queued], 0));
    world.stop(&node);
    assert_eq!(world.runtime.tasks(), 0, "nothing of it is left");
}

#[test]
fn what_is_booked_for_now_is_looked_for_at_once() {
    let world = World::new();
    let _node = world.start();
    world.runtime.advance(Duration::from_secs(7));
    let due = world.now() + Duration::from_secs(3);
    world.book(in_secs(&world, 3));
    world.runtime.advance(Duration::from_secs(4));
    assert_eq!(world.rung(), [due]);
}

#[test]
fn bookings_for_next_week_cause_no_look() {
    let world = World::new();
    let _node = world.start();
    world.store.asked();
    for minute in 0..200 {
        world.book(world.now() + 9 * DAY + Duration::from_secs(60 * minute));
        world.runtime.advance(Duration::from_millis(50));
    }
    let looks = world.store.asked().iter().filter(|asked| **asked == "lease").count();
    assert!(looks <= 2, "{looks} looks");
}

#[test]
fn one_callback_alone_costs_the_store_five_questions_after_its_booking() {
    let world = World::new();
    let _node = world.start();
    world.store.asked();
    world.book(in_secs(&world, 30));
    assert_eq!(world.store.asked(), ["book"]);
    world.runtime.advance(Duration::from_secs(40));
    assert_eq!(world.states(), [StateName::Queued]);
    // Found, its attempt issued, still wanted at its instant, recorded, and a look before its lease would have run out,
    // which serves all that was leased since. The last one is the question of this test.
    assert_eq!(world.store.asked(), ["lease", "change", "held", "change", "lease", "query"]);
}

#[test]
fn many_that_are_due_together_are_recorded_together() {
    let world = World::new();
    let _node = world.builder().deliveries_max(3).start();
    for _ in 0..40 {
        world.book(in_secs(&world, 60));
    }
    world.runtime.advance(Duration::from_secs(59));
    world.store.changes.lock().unwrap().clear();
    world.runtime.advance(Duration::from_secs(2));
    assert_eq!(world.rung().len(), 40);
    assert_eq!(*world.store.changes.lock().unwrap(), [40]);
}

#[test]
fn a_wall_clock_that_is_set_back_costs_no_call() {
    let world = World::new();
    let _node = world.start();
    let desired = in_secs(&world, 30);
    world.book(desired);
    world.runtime.advance(Duration::from_secs(15));
    world.office.clock.back(Duration::from_secs(600));
    world.runtime.advance(Duration::from_secs(600));
    assert!(world.rung().is_empty(), "it is not its time yet");
    world.runtime.advance(Duration::from_secs(20));
    assert_eq!(world.rung().len(), 1);
}

#[test]
fn a_store_that_fails_is_asked_again_and_the_node_tells_since_when() {
    let world = World::new();
    let node = world.start();
    world.store.set(Some((Spot::Leased, Mischief::Away)));
    world.book(in_secs(&world, 20));
    world.runtime.advance(Duration::from_secs(60));
    assert!(node.facts().look_overdue > Duration::from_secs(30));
    world.store.set(None);
    world.runtime.advance(Duration::from_secs(2));
    assert_eq!(world.rung().len(), 1);
    assert_eq!(node.facts().look_overdue, Duration::ZERO);
}

#[test]
fn a_panic_ends_one_piece_of_work_and_neither_the_node_nor_a_permit() {
    let world = World::new();
    let node = world.builder().deliveries_max(1).start();
    for spot in [Spot::Leased, Spot::Held, Spot::Change] {
        let (before, rung) = (node.facts().panics, world.rung().len());
        world.book(in_secs(&world, 20));
        world.store.set(Some((spot, Mischief::Panic)));
        world.runtime.advance(Duration::from_secs(25));
        assert!(node.facts().panics > before, "{spot:?}");
        world.store.set(None);
        world.runtime.advance(Duration::from_secs(10));
        assert!(world.rung().len() > rung, "{spot:?}");
    }
    world.runtime.advance(Duration::from_secs(2));
    assert_eq!(world.states(), [StateName::Queued; 3]);
    let facts = node.facts();
    assert_eq!((facts.waiting, facts.under_way, facts.unrecorded), (0, 0, 0));
    world.stop(&node);
}

#[test]
fn the_end_records_what_is_done_and_gives_back_what_is_held() {
    let world = World::new();
    let node = world.start();
    world.book(in_secs(&world, 5));
    world.book(in_secs(&world, 9));
    world.runtime.advance(Duration::from_secs(5));
    assert_eq!(node.facts().unrecorded, 1);
    world.stop(&node);
    assert_eq!(world.states(), [StateName::Queued, StateName::Scheduled]);
    assert_eq!(pollster::block_on(world.office.second_node().take_over(&"a".into())).unwrap(), 0);
    let next = pollster::block_on(world.office.second_node().look_ahead()).unwrap();
    assert!(next < world.now() + Duration::from_secs(60), "it can be leased at once");
}

/// Other nodes as the test tells of them.
#[derive(Default)]
struct Scripted {
    news: News,
    said: Mutex<Vec<&'static str>>,
}

#[async_trait::async_trait]
impl Peers for Scripted {
    async fn join(&self) -> Result<(), StoreError> {
        self.said.lock().unwrap().push("join");
        Ok(())
    }
    async fn attend(&self, news: &News) {
        loop {
            news.tell(self.news.next().await);
        }
    }
    fn published(&self, _: &TenantId) {}
    async fn leave(&self) {
        self.said.lock().unwrap().push("leave");
    }
}

/// Notes who was taken over.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn noticed(&self, notice: &Notice<'_>) {
        if let Notice::TookOver { node, leases, .. } = notice {
            self.0.lock().unwrap().push(format!("{node} {leases}"));
        }
    }
}

#[test]
fn what_a_dead_node_held_is_handed_over_on_time() {
    let world = World::new();
    let due = world.now() + Duration::from_secs(8);
    world.book(in_secs(&world, 8));
    let dead = world.office.second_node();
    pollster::block_on(dead.look_ahead()).unwrap();
    let (peers, heard) = (Arc::new(Scripted::default()), Arc::new(Heard::default()));
    let node = world.builder().peers(peers.clone()).observer(heard.clone()).start();
    world.runtime.advance(Duration::from_secs(2));
    peers.news.gone(NodeId::from("second"), Gone::Suspected);
    world.runtime.advance(Duration::from_secs(7));
    assert_eq!((world.rung(), heard.0.lock().unwrap().clone()), (vec![due], vec!["second 1".to_owned()]));
    world.stop(&node);
    assert_eq!(*peers.said.lock().unwrap(), ["join", "leave"]);
}
