//! An engine with one tenant, the calendars of callback-domain §23.1, and everything around it scripted.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::{Callback, StateName};
use ges_core::capacity::BookingInterval;
use ges_core::engine::{
    Accepted, AvailabilityAsk, Dispatcher, Engine, EngineError, NewCallback, Parts, Refusal,
};
use ges_core::ewt::{Ewt, NoWait};
use ges_core::hours::{DesignerHours, OfficeHours};
use ges_core::memory::MemoryStore;
use ges_core::port::{CallbackStore, Captcha, CaptchaVerdict, Clock, Unavailable};
use ges_core::settings::{CallbackService, TenantSettings};
use ges_core::slots::{AvailabilityWindow, SlotOnOffer, WindowEnd};
use ges_core::testing::{
    FixedWaits, ManualClock, RecordingListener, RecordingSignals, ScriptedOrchestrator, SeededIds,
};
use ges_core::zone::{Zone, ZoneDatabase};
use ges_core::{CallbackId, ServiceName, TenantId, Timestamp};

pub const SERVICE: &str = "VQ_Sales";

/// No tenant here demands a token.
struct NoCaptcha;

#[async_trait]
impl Captcha for NoCaptcha {
    async fn verify(&self, _: &TenantId, _: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        Ok(CaptchaVerdict::NotRequired)
    }
}

pub struct Office {
    pub engine: Arc<Engine>,
    pub dispatcher: Arc<Dispatcher>,
    pub clock: Arc<ManualClock>,
    pub orchestrator: Arc<ScriptedOrchestrator>,
    pub waits: Arc<FixedWaits>,
    pub listener: Arc<RecordingListener>,
    pub store: Arc<MemoryStore>,
    pub tenant: TenantId,
    pub service: ServiceName,
    parts: Parts,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A clock time of Monday 2026-01-12, in UTC.
pub fn monday(time: &str) -> Timestamp {
    at(&format!("2026-01-12T{time}{}Z", if time.len() == 5 { ":00" } else { "" }))
}

/// NY-OFFICE: weekdays nine to five.
pub fn ny_office() -> OfficeHours {
    hours(
        r#"{ "time_zone": "America/New_York", "days": {
            "monday": [{"open":"09:00","close":"17:00"}], "tuesday": [{"open":"09:00","close":"17:00"}],
            "wednesday": [{"open":"09:00","close":"17:00"}], "thursday": [{"open":"09:00","close":"17:00"}],
            "friday": [{"open":"09:00","close":"17:00"}] } }"#,
    )
}

/// NY-247.
pub fn ny_always() -> OfficeHours {
    OfficeHours::always(ZoneDatabase::embedded().zone("America/New_York").unwrap())
}

fn hours(json: &str) -> OfficeHours {
    let described: DesignerHours = serde_json::from_str(json).unwrap();
    OfficeHours::from_designer(&described, &ZoneDatabase::embedded()).unwrap()
}

/// The service of §23.4: both kinds, 30 minutes, two places.
pub fn service() -> CallbackService {
    let mut service = CallbackService::named(SERVICE, "RP_1");
    service.immediate.enabled = true;
    service.scheduled.enabled = true;
    service.scheduled.interval = BookingInterval::try_from(30).unwrap();
    service.scheduled.capacity = 2;
    service.hours = Some("office".into());
    // Numbers of the examples are made up; their rules are tested where they are.
    service.numbers = ges_core::number::NumberPolicy::permissive();
    service.limits.in_queue = ges_core::throttle::InQueueCheck::Off;
    service
}

pub fn settings(service: CallbackService, hours: OfficeHours) -> TenantSettings {
    TenantSettings {
        tenant: "tenant".into(),
        version: 1,
        services: [(service.name.clone(), Arc::new(service))].into(),
        hours: [("office".to_owned(), Arc::new(hours))].into(),
        capacity_rules: Default::default(),
        number_rules: Default::default(),
        call_in_groups: Default::default(),
    }
}

impl Office {
    /// NY-OFFICE with the service of §23.4 at this instant; the wait is zero.
    pub fn open_at(now: Timestamp) -> Office {
        Office::with(service(), ny_office(), now)
    }

    pub fn with(service: CallbackService, hours: OfficeHours, now: Timestamp) -> Office {
        let clock = Arc::new(ManualClock::at(now));
        let as_clock: Arc<dyn Clock> = clock.clone();
        Office::made_of(service, hours, clock, ScriptedOrchestrator::new(as_clock))
    }

    pub fn made_of(
        service: CallbackService,
        hours: OfficeHours,
        clock: Arc<ManualClock>,
        orchestrator: ScriptedOrchestrator,
    ) -> Office {
        let store = Arc::new(MemoryStore::default());
        let (orchestrator, waits) = (Arc::new(orchestrator), Arc::new(FixedWaits::default()));
        let listener = Arc::new(RecordingListener::default());
        let parts = Parts {
            callbacks: store.clone(),
            call_ins: store.clone(),
            orchestrator: orchestrator.clone(),
            waits: waits.clone(),
            windows: Arc::new(ges_core::in_process::LocalWindows::default()),
            captcha: Arc::new(NoCaptcha),
            clock: clock.clone(),
            ids: Arc::new(SeededIds::new(7)),
            signals: Arc::new(RecordingSignals::default()),
            listener: listener.clone(),
        };
        let engine = Arc::new(Engine::new(parts.clone()));
        let settings = settings(service, hours);
        let tenant = settings.tenant.clone();
        engine.configure(settings);
        let dispatcher = Dispatcher::new(engine.clone(), "node".into());
        let service: ServiceName = SERVICE.into();
        waits.set(&tenant, &service, Ewt::Known(0));
        Office { engine, dispatcher, clock, orchestrator, waits, listener, store, tenant, service, parts }
    }

    /// Another node over the same store, orchestrator and clock.
    pub fn second_node(&self) -> Arc<Dispatcher> {
        let engine = Arc::new(Engine::new(self.parts.clone()));
        engine.configure((*self.engine.settings(&self.tenant).unwrap()).clone());
        Dispatcher::new(engine, "second".into())
    }

    /// A node of its own over another way to the same store.
    pub fn node_on(&self, callbacks: Arc<dyn CallbackStore>) -> Arc<Dispatcher> {
        Dispatcher::new(self.engine_on(callbacks), "third".into())
    }

    /// An engine of its own over another way to the same store.
    pub fn engine_on(&self, callbacks: Arc<dyn CallbackStore>) -> Arc<Engine> {
        self.engine_of(|parts| parts.callbacks = callbacks)
    }

    /// An engine of its own in the same world, but for what is changed about its parts.
    pub fn engine_of(&self, change: impl FnOnce(&mut Parts)) -> Arc<Engine> {
        let mut parts = self.parts.clone();
        change(&mut parts);
        let engine = Arc::new(Engine::new(parts));
        engine.configure((*self.engine.settings(&self.tenant).unwrap()).clone());
        engine
    }

    /// Sets the wait; cached answers are let go by moving the clock on.
    pub fn wait_is(&self, seconds: i64, code: i64) {
        let wait = match code {
            -1 => Ewt::Unknown(NoWait::NothingPassed),
            -2 => Ewt::Unknown(NoWait::NoAgents),
            _ => Ewt::Known(u64::try_from(seconds).unwrap()),
        };
        self.waits.set(&self.tenant, &self.service, wait);
    }

    pub fn immediate(&self, number: &str) -> Result<Callback, EngineError> {
        self.book(NewCallback::immediate(SERVICE, number.parse().unwrap()))
    }

    pub fn scheduled(&self, desired: Timestamp) -> Result<Callback, EngineError> {
        self.book(NewCallback::scheduled(SERVICE, "12223334444".parse().unwrap(), desired))
    }

    pub fn strictly(&self, desired: Timestamp) -> Result<Callback, EngineError> {
        let wish = NewCallback::scheduled(SERVICE, "12223334444".parse().unwrap(), desired);
        self.book(NewCallback { always_check_capacity: true, ..wish })
    }

    pub fn book(&self, wish: NewCallback) -> Result<Callback, EngineError> {
        pollster::block_on(self.engine.book(&self.tenant, wish)).map(|Accepted { callback, .. }| callback)
    }

    pub fn get(&self, id: CallbackId) -> Callback {
        pollster::block_on(self.engine.retrieve(&self.tenant, id)).unwrap().callback
    }

    pub fn state(&self, id: CallbackId) -> StateName {
        self.get(id).state.name()
    }

    /// Free slots of the rest of the day.
    pub fn availability(&self, ask: impl FnOnce(&mut AvailabilityAsk)) -> Vec<SlotOnOffer> {
        let mut asked = AvailabilityAsk {
            service: self.service.clone(),
            window: AvailabilityWindow::default(),
            zone: Zone::utc(),
            max_slots: None,
            report_busy: false,
        };
        ask(&mut asked);
        pollster::block_on(self.engine.availability(&self.tenant, &asked)).unwrap().slots
    }

    /// What is left of the slot that is listed at this time, busy ones included.
    pub fn remaining(&self, listed: Timestamp) -> Option<u32> {
        let slots = self.availability(|ask| {
            ask.report_busy = true;
            ask.window.end = WindowEnd::AfterDays(2);
        });
        slots.into_iter().find(|slot| slot.at == listed).map(|slot| slot.remaining)
    }

    /// One whole dispatcher pass now.
    pub fn pass(&self) -> Timestamp {
        pollster::block_on(self.dispatcher.run_due()).unwrap()
    }

    /// Moves the clock to an instant and passes there, stopping wherever the dispatcher asks to be called.
    pub fn run_until(&self, end: Timestamp) {
        loop {
            let next = self.pass();
            let now = self.clock.now();
            if now >= end {
                return;
            }
            self.clock.set(next.clamp(now + Duration::from_millis(1), end));
        }
    }
}

/// The refusal and the times proposed, if times were looked for, as clock times of UTC.
pub fn refused(result: Result<Callback, EngineError>) -> (Refusal, Option<Vec<String>>) {
    match result {
        Err(EngineError::Refused(refused)) => {
            let clock = |slot: &SlotOnOffer| slot.at.to_string()[11..16].to_owned();
            let times = refused.proposals.as_ref().map(|slots| slots.iter().map(clock).collect());
            (refused.refusal.clone(), times)
        }
        other => panic!("a refusal was expected, not {:?}", other.map(|callback| callback.state)),
    }
}
