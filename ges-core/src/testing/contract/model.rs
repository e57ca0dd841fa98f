//! Random sequences against a model so plain that it is right by looking at it.
//!
//! A failure names its seed and step; [`run_model`](super::run_model) with that seed repeats it.

mod plain;

use std::time::Duration;

use plain::{Plain, Record};

use super::StoreUnderTest;
use super::ask::{Store, next_wake, query, tally, wanting};
use crate::Interval;
use crate::callback::{
    Callback, CancelledBy, Event, Kind, RETENTION, Reason, SessionState, SessionUpdate, StateName, Step, step,
};
use crate::id::{ServiceName, TenantId};
use crate::port::{Booking, Change, Guard, IdSource, Lease, LeaseRequest, Query, Raised, Release};
use crate::slots::PlaceGuard;
use crate::testing::SeededIds;
use crate::testing::fixtures::{at, comparison, immediate, scheduled, wake_at, with_phone};
use crate::time::Timestamp;

const PHONES: [&str; 3] = ["+15195550101", "+15195550102", "+15195550103"];
const TENANTS: [&str; 2] = ["acme", "globex"];
const SERVICES: [&str; 2] = ["support", "billing"];

pub async fn random_sequences_agree_with_a_plain_model(under: &dyn StoreUnderTest) {
    for seed in 1..=6 {
        run(under, seed, 150).await;
    }
}

/// Applies so many random operations to a fresh store and to the model, and compares after each.
pub async fn run(under: &dyn StoreUnderTest, seed: u64, steps: usize) {
    let store = under.fresh().await.callbacks;
    let mut walk =
        Walk { chance: SeededIds::new(seed), now: at("18:00"), model: Plain::default(), leases: Vec::new() };
    for number in 0..steps {
        let which = format!("seed {seed}, step {number}");
        walk.go(&*store, &which).await;
        walk.compare(&*store, &which).await;
    }
}

struct Walk {
    chance: SeededIds,
    now: Timestamp,
    model: Plain,
    /// Every lease ever given, old ones too.
    leases: Vec<Lease>,
}

impl Walk {
    async fn go(&mut self, store: &Store, which: &str) {
        match self.chance.below(100) {
            0..30 => self.book(store, which).await,
            30..58 => self.change(store, which).await,
            58..74 => self.lease(store, which).await,
            74..82 => self.release(store).await,
            82..88 => self.held(store, which).await,
            88..92 => self.purge(store, which).await,
            92..96 => self.list(store, which).await,
            _ => self.now = self.now + self.secs(40),
        }
    }

    async fn book(&mut self, store: &Store, which: &str) {
        let callback = self.record();
        let booking = Booking { wake_at: self.wake(&callback), guards: self.guards(), callback };
        let expected = self.model.book(booking.clone());
        assert_eq!(store.book(booking.clone()).await.expect("book"), expected, "{which}: {booking:?}");
    }

    async fn change(&mut self, store: &Store, which: &str) {
        let count = 1 + self.chance.below(3);
        let changes: Vec<Change> = (0..count).map(|_| self.one_change()).collect();
        let answers = store.change(changes.clone()).await.expect("change");
        assert_eq!(answers.len(), changes.len(), "{which}");
        for (change, answer) in changes.into_iter().zip(answers) {
            let told = format!("{which}: {change:?}");
            let allowed = self.model.change(change);
            match answer {
                Ok(()) => assert!(allowed.is_empty(), "{told} succeeded in spite of {allowed:?}"),
                Err(conflict) => {
                    assert!(allowed.contains(&conflict), "{told} met {conflict}, not {allowed:?}")
                }
            }
        }
    }

    async fn lease(&mut self, store: &Store, which: &str) {
        let until = self.now + self.secs(600);
        let raised = (0..self.chance.below(3)).map(|_| Raised {
            tenant: self.tenant(),
            service: self.service(),
            desired_before: self.desired(),
        });
        let request = LeaseRequest {
            raised: raised.collect(),
            lasting: self.secs(90) + Duration::from_millis(1),
            limit: 1 + self.chance.below(6) as usize,
            ..wanting(self.now, until)
        };
        let leased = store.lease(request.clone()).await.expect("lease");
        self.model.lease(&request, &leased, which);
        self.leases.extend(leased.into_iter().map(|one| one.lease));
    }

    async fn release(&mut self, store: &Store) {
        let not_before = self.now + self.secs(120);
        let Some(lease) = self.a_lease() else { return };
        let release = Release { lease, not_before };
        store.release(vec![release.clone()]).await.expect("release");
        self.model.release(&release);
    }

    async fn held(&mut self, store: &Store, which: &str) {
        let leases: Vec<Lease> = (0..3).filter_map(|_| self.a_lease()).collect();
        let expected: Vec<bool> = leases.iter().map(|lease| self.model.holds(lease, self.now)).collect();
        assert_eq!(store.held(&leases, self.now).await.expect("held"), expected, "{which}: {leases:?}");
    }

    async fn purge(&mut self, store: &Store, which: &str) {
        let (now, limit) = (self.desired() + RETENTION, self.chance.below(4) as usize);
        let purged = store.purge(now, limit).await.expect("purge");
        // Equal instants leave open which record goes, so the model asks the store who is gone.
        let mut gone = Vec::new();
        for record in &self.model.records {
            let callback = &record.callback;
            if store.get(&callback.tenant, callback.id).await.expect("get").is_none() {
                gone.push((callback.tenant.clone(), callback.id));
            }
        }
        assert_eq!(purged, gone.len(), "{which}");
        self.model.purge(now, limit, &gone, which);
    }

    async fn list(&mut self, store: &Store, which: &str) {
        let some = |likely| self.chance.chance(likely);
        let asked = Query {
            services: some(40).then(|| vec![self.service()]),
            states: some(40).then(|| self.chance.pick(&StateName::ALL).copied().into_iter().collect()),
            comparison: some(40).then(|| comparison(self.phone())),
            desired: some(40).then(|| Interval::new(self.desired(), self.desired())),
            after: some(40).then(|| (self.desired(), self.record().id)),
            ..Query::of(self.tenant(), 1 + self.chance.below(8) as usize)
        };
        let expected = self.model.query(&asked);
        assert_eq!(query(store, asked.clone()).await, expected, "{which}: {asked:?}");
    }

    async fn compare(&self, store: &Store, which: &str) {
        for tenant in TENANTS.map(TenantId::from) {
            let all = Query::of(tenant.clone(), 1_000);
            assert_eq!(query(store, all.clone()).await, self.model.query(&all), "{which}");
            assert_eq!(tally(store, &tenant).await, self.model.tally(&tenant), "{which}");
            for service in SERVICES.map(ServiceName::from) {
                let window = Interval::new(at("17:00"), at("20:00"));
                let occupancy = store.occupancy(&tenant, &service, window).await.expect("occupancy");
                for quarter in 0..12 {
                    let start = window.start + Duration::from_secs(900 * quarter);
                    let range = Interval::new(start, start + Duration::from_secs(900));
                    let held = self.model.places(&tenant, &service, range);
                    assert_eq!(occupancy.within(range), held, "{which}: {tenant}, {service}, {start}");
                }
            }
        }
        // Leases that ended before now make no difference to anybody who acts on the answer.
        let clamped = |wake: Option<Timestamp>| wake.map(|at| at.max(self.now));
        assert_eq!(clamped(next_wake(store).await), clamped(self.model.next_wake()), "{which}");
    }

    fn record(&self) -> Callback {
        let number = 1 + self.chance.below(40);
        let desired = self.desired();
        let record =
            if self.chance.chance(20) { immediate(number, desired) } else { scheduled(number, desired) };
        let record = Callback { tenant: self.tenant(), service: self.service(), ..record };
        with_phone(record, self.phone())
    }

    /// Mostly what the engine would say.
    fn wake(&self, callback: &Callback) -> Option<Timestamp> {
        if self.chance.chance(5) { None } else { wake_at(callback) }
    }

    fn one_change(&self) -> Change {
        let known = self.chance.pick(&self.model.records).filter(|_| self.chance.chance(95));
        let stored = known.map_or_else(|| Record::new(self.record(), None), Clone::clone);
        let mut next = self.successor(&stored.callback);
        let expected = if self.chance.chance(90) { stored.callback.version } else { self.chance.below(5) };
        next.version = expected + 1;
        let newest = stored.lease.map(|(fence, _)| fence).filter(|_| self.chance.chance(50));
        let fence =
            newest.or_else(|| self.a_lease().map(|lease| lease.fence).filter(|_| self.chance.chance(20)));
        let keeps_user_data = self.chance.chance(50);
        if self.chance.chance(20) {
            let data = serde_json::json!({ "note": "x".repeat(self.chance.pick(&[1, 900, 4_000]).copied().unwrap_or(0)) });
            next.request_mut().user_data = data.try_into().expect("names and values");
        }
        Change { wake_at: self.wake(&next), keeps_user_data, guards: self.guards(), next, expected, fence }
    }

    fn successor(&self, callback: &Callback) -> Callback {
        let attempt = callback.attempts;
        let session =
            |state| Event::Session(SessionUpdate { attempt: None, reference: None, sequence: None, state });
        let events = [
            Event::Cancel { by: CancelledBy::Client },
            Event::Reschedule { desired: self.desired(), settings_version: 1 },
            Event::Reschedule { desired: self.desired(), settings_version: 1 },
            Event::Issue { at: self.now },
            Event::HandedOver { attempt, reference: None },
            session(SessionState::Routing),
            session(SessionState::Processing),
            session(SessionState::Completed(Reason::AGENT_CONNECTED)),
            Event::SessionTold { attempt },
        ];
        let possible: Vec<Callback> = events
            .iter()
            .filter_map(|event| match step(callback, event, self.now) {
                Ok(Step::Changed(next, _)) => Some(*next),
                _ => None,
            })
            .collect();
        let otherwise = || Callback { settings_version: callback.settings_version + 1, ..callback.clone() };
        let mut next = self.chance.pick(&possible).cloned().unwrap_or_else(otherwise);
        // An answer to an offer can turn one kind into the other.
        if next.kind == Kind::Immediate && self.chance.chance(10) {
            next.kind = Kind::Scheduled;
        }
        next
    }

    fn guards(&self) -> Vec<Guard> {
        let guard = |_| {
            let limit = self.chance.below(5) as u32;
            match self.chance.below(4) {
                0 => Guard::Number { comparison: comparison(self.phone()), limit },
                1 => Guard::Active { limit },
                _ => {
                    let start = self.desired();
                    let range = Interval::new(start, start + self.secs(1_800));
                    Guard::Places(PlaceGuard { range, limit })
                }
            }
        };
        if self.chance.chance(50) { Vec::new() } else { (0..1 + self.chance.below(2)).map(guard).collect() }
    }

    fn a_lease(&self) -> Option<Lease> {
        // Mostly recent ones; the others are long outdated.
        let recent = self.leases.len().saturating_sub(6);
        let from = if self.chance.chance(80) { recent } else { 0 };
        self.leases.get(from..).and_then(|some| self.chance.pick(some)).cloned()
    }

    fn tenant(&self) -> TenantId {
        TENANTS[usize::from(self.chance.chance(25))].into()
    }

    fn service(&self) -> ServiceName {
        SERVICES[usize::from(self.chance.chance(30))].into()
    }

    fn phone(&self) -> &'static str {
        self.chance.pick(&PHONES).copied().unwrap_or(PHONES[0])
    }

    /// One of few instants, so that they meet, some of them a millisecond beside another.
    fn desired(&self) -> Timestamp {
        let minute = Duration::from_secs(300 * self.chance.below(16));
        at("17:45") + minute + Duration::from_millis(self.chance.below(2))
    }

    fn secs(&self, below: u64) -> Duration {
        Duration::from_secs(self.chance.below(below))
    }
}
