//! The store is away at the very instant of a hand-over, or just as it gives leases, or a node stands still there.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use ges_core::callback::{Callback, CancelledBy, StateName};
use ges_core::dispatch::FRESH;
use ges_core::engine::{Delivery, Dispatcher, Engine, NewCallback};
use ges_core::memory::MemoryStore;
use ges_core::port::{
    Booked, Booking, CallbackStore, Change, Clock, Conflict, Lease, LeaseRequest, Leased, Page, Query,
    Release, StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::testing::{ManualClock, ScriptedOrchestrator};
use ges_core::time::Interval;
use ges_core::{CallbackId, NodeId, ServiceName, TenantId, Timestamp};

use crate::office::{Office, SERVICE, monday, ny_office, service};

/// A store that cannot be asked about leases for a while, or gives leases and loses the answer, or stores a booking and
/// answers so late that it was cancelled meanwhile.
struct Away {
    store: Arc<MemoryStore>,
    is_away: AtomicBool,
    loses_leases: AtomicBool,
    late: Option<(Arc<ManualClock>, Arc<Engine>)>,
    /// The next question for leases is given up, and done after the one that follows has found what it wants locked.
    stalls: AtomicBool,
    stalled: Mutex<Option<LeaseRequest>>,
    /// How often leases were given back.
    releases: AtomicUsize,
}

impl Away {
    fn new(store: &Arc<MemoryStore>) -> Self {
        Away {
            store: store.clone(),
            is_away: AtomicBool::new(false),
            loses_leases: AtomicBool::new(false),
            late: None,
            stalls: AtomicBool::new(false),
            stalled: Mutex::default(),
            releases: AtomicUsize::new(0),
        }
    }

    fn over(store: &Arc<MemoryStore>) -> Arc<Self> {
        Arc::new(Away::new(store))
    }
}

#[async_trait]
impl CallbackStore for Away {
    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        self.store.held(leases, now).await
    }
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        let (tenant, id) = (booking.callback.tenant.clone(), booking.callback.id);
        let booked = self.store.book(booking).await;
        if let Some((clock, elsewhere)) = &self.late {
            clock.advance(2 * FRESH);
            elsewhere.cancel(&tenant, id, CancelledBy::Client).await.unwrap();
        }
        booked
    }
    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.store.get(tenant, id).await
    }
    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.store.change(changes).await
    }
    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        if self.stalls.swap(false, Ordering::SeqCst) {
            *self.stalled.lock().unwrap() = Some(request);
            return Err(StoreError::Unavailable("given up".into()));
        }
        let stalled = self.stalled.lock().unwrap().take();
        if let Some(stalled) = stalled {
            return self.store.lease(stalled).await.map(|_| Vec::new());
        }
        let leased = self.store.lease(request).await;
        if self.loses_leases.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("cut off before the answer".into()));
        }
        leased
    }
    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.releases.fetch_add(1, Ordering::SeqCst);
        // It takes a while, as it does where the store is another process.
        let mut asked = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.store.release(releases).await
    }
    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("away".into()));
        }
        self.store.end_leases(owner).await
    }
    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_wake().await
    }
    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        self.store.occupancy(tenant, service, window).await
    }
    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        self.store.tally(tenant).await
    }
    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        self.store.query(query).await
    }
    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.store.purge(now, limit).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

#[test]
fn what_was_due_while_the_store_was_away_is_handed_over_when_it_is_back() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node: Arc<Dispatcher> = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    pollster::block_on(node.look_ahead()).unwrap();
    let due = node.next_due().unwrap();
    office.clock.set(due);
    store.is_away.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.take_due()).is_err(), "nobody can say whether the leases hold");
    assert_eq!(node.next_due(), Some(due), "it is still held");
    store.is_away.store(false, Ordering::SeqCst);
    for delivery in pollster::block_on(node.take_due()).unwrap() {
        pollster::block_on(delivery.run());
    }
    assert_eq!(office.clock.now(), due, "long before its lease expires");
    assert_eq!(office.state(booked.id), StateName::Queued);
}

#[test]
fn leases_given_after_they_were_given_up_are_not_waited_for() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node: Arc<Dispatcher> = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    store.stalls.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.look_ahead()).is_err());
    handed_over_soon(&office, &node, booked.id);
}

#[test]
fn leases_given_to_a_dead_node_after_it_was_taken_over_from_are_not_waited_for() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let node = &office.dispatcher;
    let dead = office.second_node();
    office.clock.set(monday("19:57:55"));
    assert_eq!(pollster::block_on(node.take_over(dead.node())).unwrap(), 0, "it holds nothing");
    // What it asked just before it died is done only now.
    pollster::block_on(dead.look_ahead()).unwrap();
    handed_over_soon(&office, node, booked.id);
}

#[test]
fn a_take_over_that_the_store_refuses_is_done_by_the_next_look() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node = office.node_on(store.clone());
    let dead = office.second_node();
    office.clock.set(monday("19:57:55"));
    pollster::block_on(dead.look_ahead()).unwrap();
    store.is_away.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.take_over(dead.node())).is_err());
    store.is_away.store(false, Ordering::SeqCst);
    handed_over_soon(&office, &node, booked.id);
    assert_eq!(office.clock.now(), monday("19:58"), "on time");
}

/// Lets the node do what it wants to do by itself: the call is out long before a lease runs out.
fn handed_over_soon(office: &Office, node: &Arc<Dispatcher>, id: CallbackId) {
    let mut next = pollster::block_on(node.look_ahead()).unwrap();
    while office.state(id) != StateName::Queued && office.clock.now() < monday("19:58:10") {
        office.clock.set(node.next_due().map_or(next, |due| due.min(next)));
        next = pollster::block_on(node.run_due()).unwrap();
    }
    assert_eq!(office.state(id), StateName::Queued, "long before the leases run out");
    assert!(office.clock.now() <= monday("19:58:02"));
}

#[test]
fn leases_whose_answer_was_lost_are_not_waited_for() {
    let office = Office::open_at(monday("19:00"));
    let booked = office.scheduled(monday("20:00")).unwrap();
    let store = Away::over(&office.store);
    let node: Arc<Dispatcher> = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    store.loses_leases.store(true, Ordering::SeqCst);
    assert!(pollster::block_on(node.look_ahead()).is_err());
    store.loses_leases.store(false, Ordering::SeqCst);
    pollster::block_on(node.look_ahead()).unwrap();
    let due = node.next_due().expect("it is found again at once");
    office.clock.set(due);
    for delivery in pollster::block_on(node.take_due()).unwrap() {
        pollster::block_on(delivery.run());
    }
    assert_eq!(due, monday("19:58"), "long before the lost lease expires");
    assert_eq!(office.state(booked.id), StateName::Queued);
}

/// A node that has made sure that it may hand over, and then stands still for a while.
fn about_to_hand_over(office: &Office, store: &Arc<Away>) -> (CallbackId, Arc<Dispatcher>, Vec<Delivery>) {
    let booked = office.scheduled(monday("20:00")).unwrap();
    let node = office.node_on(store.clone());
    office.clock.set(monday("19:57:55"));
    pollster::block_on(node.look_ahead()).unwrap();
    office.clock.set(node.next_due().unwrap());
    let deliveries = pollster::block_on(node.take_due()).unwrap();
    office.clock.advance(2 * FRESH);
    (booked.id, node, deliveries)
}

#[test]
fn a_node_that_stood_still_does_not_hand_over_what_was_cancelled_meanwhile() {
    let office = Office::open_at(monday("19:00"));
    let (id, _, deliveries) = about_to_hand_over(&office, &Away::over(&office.store));
    pollster::block_on(office.engine.cancel(&office.tenant, id, CancelledBy::Client)).unwrap();
    deliveries.into_iter().for_each(|delivery| pollster::block_on(delivery.run()));
    assert!(office.orchestrator.seen().is_empty());
}

#[test]
fn a_node_that_stood_still_and_cannot_ask_holds_on_to_what_is_due() {
    let office = Office::open_at(monday("19:00"));
    let store = Away::over(&office.store);
    let (id, node, deliveries) = about_to_hand_over(&office, &store);
    store.is_away.store(true, Ordering::SeqCst);
    deliveries.into_iter().for_each(|delivery| pollster::block_on(delivery.run()));
    assert!(office.orchestrator.seen().is_empty(), "nobody can say whether it may");
    store.is_away.store(false, Ordering::SeqCst);
    for delivery in pollster::block_on(node.take_due()).unwrap() {
        pollster::block_on(delivery.run());
    }
    assert_eq!(office.state(id), StateName::Queued, "long before its lease expires");
}

#[test]
fn a_booking_that_was_answered_late_is_not_handed_over_when_it_was_cancelled_meanwhile() {
    let office = Office::open_at(monday("19:00"));
    let late = Some((office.clock.clone(), office.engine.clone()));
    let engine = office.engine_on(Arc::new(Away { late, ..Away::new(&office.store) }));
    let wish = NewCallback::immediate(SERVICE, "12223334444".parse().unwrap());
    let booked = pollster::block_on(engine.book(&office.tenant, wish)).unwrap().callback;
    assert!(office.orchestrator.seen().is_empty());
    assert_eq!(office.state(booked.id), StateName::Completed);
}

#[test]
fn sessions_are_looked_at_together_and_their_leases_given_back_together() {
    const MINUTE: Duration = Duration::from_secs(60);
    let clock = Arc::new(ManualClock::at(monday("15:00:01")));
    let orchestrator = ScriptedOrchestrator::new(clock.clone()).looked_at(Some(MINUTE));
    let office = Office::made_of(service(), ny_office(), clock, orchestrator);
    let ids: Vec<CallbackId> = (0..20)
        .map(|n| {
            office.clock.advance(Duration::from_millis(90));
            office.immediate(&format!("1222333{n:04}")).unwrap().id
        })
        .collect();
    let store = Away::over(&office.store);
    let node = office.node_on(store.clone());
    office.clock.advance(MINUTE - Duration::from_secs(5));
    pollster::block_on(node.look_ahead()).unwrap();
    office.clock.set(node.next_due().unwrap());
    let deliveries = pollster::block_on(node.take_due()).unwrap();
    assert_eq!(deliveries.len(), ids.len(), "all at one instant");
    pollster::block_on(join_all(deliveries.into_iter().map(Delivery::run)));
    assert_eq!(store.releases.load(Ordering::SeqCst), 2, "the first, and the others while it was under way");
    let held = pollster::block_on(office.store.next_wake()).unwrap().unwrap();
    assert!(held >= office.clock.now() + MINUTE, "each is looked at again");
}
