//! The numbering plan is read only when a check asks for it, or a host warms up. One test, because the plan is one per
//! process.

use std::collections::BTreeMap;
use std::sync::Arc;

use ges_core::engine::{Engine, Parts};
use ges_core::memory::MemoryStore;
use ges_core::number::{NumberPolicy, PhoneNumber, plan};
use ges_core::settings::{CallbackService, Definitions};
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};

#[allow(clippy::unwrap_used, reason = "a test fails by a panic that says what broke")]
fn warmed_up_with(numbers: NumberPolicy) {
    let mut service = CallbackService::named("Sales", "8001");
    service.numbers = numbers;
    let services = BTreeMap::from([(service.name.clone(), Arc::new(service))]);
    let settings = Definitions { services, ..Definitions::default() }.resolve("acme".into(), 1).unwrap();
    let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse().unwrap()));
    let parts = Parts::new(
        Arc::new(MemoryStore::default()),
        Arc::new(ScriptedOrchestrator::new(clock.clone())),
        clock,
        Arc::new(SeededIds::new(1)),
    );
    let engine = Engine::new(parts);
    engine.configure(settings);
    engine.warm_up();
}

#[test]
fn the_plan_is_not_read_before_a_check_needs_it() {
    let number: PhoneNumber = "+1 416 967 1234".parse().unwrap();
    let rule = serde_json::from_str::<ges_core::number::NumberRule>(r#"{"name":"R","countries":["CA"]}"#);
    NumberPolicy::permissive().check(&number).unwrap();
    warmed_up_with(NumberPolicy::permissive());
    assert!(rule.is_ok() && !plan::is_loaded());
    warmed_up_with(NumberPolicy::default());
    assert!(plan::is_loaded());
}
