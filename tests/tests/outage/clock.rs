//! The clock is set back and forward by an hour: nothing early, nothing lost, nothing twice.
//!
//! The engine runs on the embedded store. The oracle is a plain list of what was booked and what was cancelled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::{CancelledBy, StateName};
use ges_core::engine::{Dispatcher, Engine, EngineError, NewCallback, Parts};
use ges_core::ewt::Ewt;
use ges_core::lead::{EarlySubmission, SubmitPolicy};
use ges_core::number::NumberPolicy;
use ges_core::port::{Captcha, CaptchaVerdict, Clock, Unavailable};
use ges_core::settings::{CallbackService, TenantSettings};
use ges_core::testing::{
    Answer, FixedWaits, ManualClock, RecordingListener, RecordingSignals, ScriptedOrchestrator, SeededIds,
};
use ges_core::throttle::InQueueCheck;
use ges_core::{CallbackId, TenantId, Timestamp};
use ges_storage::embedded::{EmbeddedStore, Options};
use ges_tests::chance::Chance;
use pollster::block_on;

const HOUR: Duration = Duration::from_secs(3600);
const SERVICE: &str = "Sales";

/// What was promised to one customer.
struct Promise {
    desired: Timestamp,
    /// How many submissions the orchestrator had seen when the cancel was answered, and whether the instant of the
    /// hand-over had not come by any reading of the clock until then.
    cancelled: Option<(usize, bool)>,
}

struct NoCaptcha;

#[async_trait]
impl Captcha for NoCaptcha {
    async fn verify(&self, _: &TenantId, _: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        Ok(CaptchaVerdict::NotRequired)
    }
}

struct World {
    folder: tempfile::TempDir,
    tenant: TenantId,
    clock: Arc<ManualClock>,
    orchestrator: Arc<ScriptedOrchestrator>,
    ids: Arc<SeededIds>,
    node: Node,
    starts: u32,
    /// The latest the clock ever showed.
    latest: Timestamp,
    promises: BTreeMap<CallbackId, Promise>,
    checked: usize,
}

/// What dies with a process.
struct Node {
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
}

fn settings(tenant: &TenantId) -> TenantSettings {
    let mut service = CallbackService::named(SERVICE, "RP");
    service.immediate.enabled = true;
    service.scheduled.enabled = true;
    service.scheduled.capacity = 1_000;
    service.submit = SubmitPolicy { buffer: Duration::ZERO, early: EarlySubmission::Off };
    service.numbers = NumberPolicy::permissive();
    service.limits.in_queue = InQueueCheck::Off;
    service.limits.per_value_daily = 1_000_000;
    service.limits.burst.clear();
    TenantSettings {
        tenant: tenant.clone(),
        version: 1,
        services: [(service.name.clone(), Arc::new(service))].into(),
        hours: Default::default(),
        capacity_rules: Default::default(),
        number_rules: Default::default(),
        call_in_groups: Default::default(),
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-03-28T22:30:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::at(now));
        let orchestrator = Arc::new(ScriptedOrchestrator::new(clock.clone()).looked_at(None));
        let ids = Arc::new(SeededIds::new(seed));
        let tenant = TenantId::from("acme");
        let node = Node::start(folder.path(), &tenant, &clock, &orchestrator, &ids, 1);
        World {
            folder,
            tenant,
            clock,
            orchestrator,
            ids,
            node,
            starts: 1,
            latest: now,
            promises: BTreeMap::new(),
            checked: 0,
        }
    }

    fn book(&mut self, chance: &Chance) {
        let now = self.clock.now();
        let number = format!("1519555{:04}", chance.below(10_000)).parse().unwrap();
        let ahead = Duration::from_millis(match chance.below(4) {
            0 => chance.below(3_000),
            1 => chance.below(60_000),
            _ => chance.below(2 * 3_600_000),
        });
        let wish = if chance.percent(20) {
            NewCallback::immediate(SERVICE, number)
        } else {
            NewCallback::scheduled(SERVICE, number, now + ahead)
        };
        let booked = block_on(self.node.engine.book(&self.tenant, wish)).unwrap().callback;
        assert!(booked.desired >= now, "a promise is never in the past");
        self.promises.insert(booked.id, Promise { desired: booked.desired, cancelled: None });
    }

    fn cancel(&mut self, chance: &Chance) {
        let open: Vec<CallbackId> = self
            .promises
            .iter()
            .filter(|(_, promise)| promise.cancelled.is_none())
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = chance.pick(&open).copied() else { return };
        block_on(self.node.engine.cancel(&self.tenant, id, CancelledBy::Client)).unwrap();
        let seen = self.orchestrator.seen().len();
        let promise = self.promises.get_mut(&id).unwrap();
        promise.cancelled = Some((seen, self.latest < promise.desired));
    }

    /// Lets the dispatcher work until the clock shows `end`, stopping wherever it asks to be called.
    fn run_until(&mut self, end: Timestamp) {
        loop {
            let next = block_on(self.node.dispatcher.run_due()).unwrap();
            self.check();
            let now = self.clock.now();
            self.latest = self.latest.max(now);
            if now >= end {
                return;
            }
            self.clock.set(next.clamp(now + Duration::from_millis(1), end));
        }
    }

    fn restart(&mut self) {
        self.starts += 1;
        let dead = Node::dead(&self.clock);
        // The store must be closed before its successor opens it: one process at a time has the file.
        drop(std::mem::replace(&mut self.node, dead));
        self.node = Node::start(
            self.folder.path(),
            &self.tenant,
            &self.clock,
            &self.orchestrator,
            &self.ids,
            self.starts,
        );
    }

    /// What must hold of everything that was handed over since the last time.
    fn check(&mut self) {
        let all = self.orchestrator.seen();
        for (place, seen) in all.iter().enumerate().skip(self.checked) {
            let id = seen.submission.callback.id;
            let promise = self.promises.get(&id);
            // An immediate one is handed over before its booking is answered.
            let desired = promise.map_or(seen.submission.callback.desired, |promise| promise.desired);
            assert!(seen.at >= desired, "{id} was handed over at {}, wanted at {desired}", seen.at);
            assert_eq!(seen.submission.attempt, 1, "{id}: no session died, so there is one attempt");
            if let Some((before, true)) = promise.and_then(|promise| promise.cancelled) {
                assert!(place < before, "{id} was handed over after its cancel was answered");
            }
        }
        self.checked = all.len();
    }

    fn state(&self, id: CallbackId) -> StateName {
        block_on(self.node.engine.retrieve(&self.tenant, id)).unwrap().callback.state.name()
    }
}

impl Node {
    fn start(
        folder: &std::path::Path,
        tenant: &TenantId,
        clock: &Arc<ManualClock>,
        orchestrator: &Arc<ScriptedOrchestrator>,
        ids: &Arc<SeededIds>,
        number: u32,
    ) -> Node {
        let store = Arc::new(EmbeddedStore::open(folder, Options::default()).unwrap());
        let waits = Arc::new(FixedWaits::default());
        waits.set(tenant, &SERVICE.into(), Ewt::Known(0));
        let engine = Arc::new(Engine::new(Parts {
            callbacks: store.clone(),
            call_ins: store,
            orchestrator: orchestrator.clone(),
            waits,
            windows: Arc::new(ges_core::in_process::LocalWindows::default()),
            captcha: Arc::new(NoCaptcha),
            clock: clock.clone(),
            ids: ids.clone(),
            signals: Arc::new(RecordingSignals::default()),
            listener: Arc::new(RecordingListener::default()),
        }));
        engine.configure(settings(tenant));
        let dispatcher = Dispatcher::new(engine.clone(), format!("node-{number}").as_str().into());
        Node { engine, dispatcher }
    }

    /// A node that has nothing, while the real one is away.
    fn dead(clock: &Arc<ManualClock>) -> Node {
        let store = Arc::new(ges_core::memory::MemoryStore::default());
        let engine = Arc::new(Engine::new(Parts {
            callbacks: store.clone(),
            call_ins: store,
            orchestrator: Arc::new(ScriptedOrchestrator::new(clock.clone())),
            waits: Arc::new(FixedWaits::default()),
            windows: Arc::new(ges_core::in_process::LocalWindows::default()),
            captcha: Arc::new(NoCaptcha),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(0)),
            signals: Arc::new(RecordingSignals::default()),
            listener: Arc::new(RecordingListener::default()),
        }));
        let dispatcher = Dispatcher::new(engine.clone(), "dead".into());
        Node { engine, dispatcher }
    }
}

/// One random day: bookings, cancels, jumps, outages and restarts; then the clock runs on and everything must come to
/// rest.
fn day(seed: u64) {
    let chance = Chance::seeded(seed);
    let mut world = World::new(seed);
    let begun = world.clock.now();
    for _ in 0..120 {
        match chance.below(100) {
            0..40 => world.book(&chance),
            40..50 => world.cancel(&chance),
            50..60 => {
                let answers = [Answer::Unavailable, Answer::UnknownAfterTaking];
                let answers = (0..=chance.below(3)).filter_map(|_| chance.pick(&answers).cloned());
                world.orchestrator.script(answers.collect::<Vec<_>>());
            }
            60..66 => world.clock.advance(HOUR),
            66..72 if world.clock.now() > begun => world.clock.back(HOUR),
            72..76 => world.restart(),
            _ => {
                let end = world.clock.now() + Duration::from_millis(chance.below(20 * 60_000));
                world.run_until(end);
            }
        }
        world.latest = world.latest.max(world.clock.now());
    }
    let last = world.promises.values().map(|promise| promise.desired).max().unwrap_or(begun);
    // Pauses and leases that were set while the clock was ahead end by what it showed then.
    let end = last.max(world.latest) + HOUR;
    world.run_until(end);
    let started = world.orchestrator.started();
    for (id, promise) in &world.promises {
        let sessions = started.iter().filter(|(_, started, _)| started == id).count();
        match promise.cancelled {
            None => {
                assert_eq!((sessions, world.state(*id)), (1, StateName::Queued), "{id} is lost or doubled")
            }
            Some(_) => {
                assert_eq!(world.state(*id), StateName::Completed, "{id} was cancelled");
                let told = world.orchestrator.cancelled().iter().any(|session| session.id == *id);
                assert!(
                    sessions == 0 || told,
                    "{id}: the session of a cancelled callback is told of its end"
                );
            }
        }
    }
}

#[test]
fn the_clock_jumps_back_and_forward_and_nothing_is_early_or_lost() {
    let chance = Chance::of_this_run("days with a jumping clock");
    let days = std::env::var("GES_CLOCK_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    for _ in 0..days {
        let seed = chance.below(u64::MAX);
        let outcome = std::panic::catch_unwind(|| day(seed));
        assert!(outcome.is_ok(), "the day with seed {seed} went wrong");
    }
}

#[test]
fn a_booking_made_while_the_clock_is_ahead_waits_for_its_time_after_it_is_set_right()
-> Result<(), EngineError> {
    let mut world = World::new(5);
    let true_time = world.clock.now();
    world.clock.advance(HOUR);
    let desired = world.clock.now() + Duration::from_millis(1_500);
    let number = "15195550123".parse().unwrap();
    let id =
        block_on(world.node.engine.book(&world.tenant, NewCallback::scheduled(SERVICE, number, desired)))?
            .callback
            .id;
    world.promises.insert(id, Promise { desired, cancelled: None });
    // Leased, and its attempt issued, while the clock was ahead.
    block_on(world.node.dispatcher.look_ahead()).unwrap();
    world.clock.set(true_time);
    world.run_until(desired - Duration::from_millis(1));
    assert!(world.orchestrator.seen().is_empty(), "not before the promised instant");
    world.run_until(desired);
    assert_eq!(world.state(id), StateName::Queued);
    Ok(())
}
