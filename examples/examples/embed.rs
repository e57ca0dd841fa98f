//! The engine inside a program of your own: a callback is booked, handed over and shown.
//!
//! `cargo run --example embed`

use std::sync::Arc;
use std::time::Duration;

use ges_core::TenantId;
use ges_core::engine::{Engine, NewCallback, Parts};
use ges_core::memory::MemoryStore;
use ges_core::node::Node;
use ges_core::settings::SettingsFile;
use ges_core::testing::{ManualClock, ManualRuntime, ScriptedOrchestrator, SeededIds};
use ges_core::zone::ZoneDatabase;

const SETTINGS: &str = "
    [tenants.acme.services.Sales]
    immediate = true
    scheduled = true
";

/// Everything a host writes. This one is told what time it is, so that nobody waits for half past five;
/// `hosts/node` is the same with a real clock and runtime.
async fn embed() -> Result<String, Box<dyn std::error::Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse()?));
    let runtime = ManualRuntime::new(clock.clone());
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let ids = Arc::new(SeededIds::new(1));
    let store = Arc::new(MemoryStore::default());
    let engine = Arc::new(Engine::new(Parts::new(store, telephony, clock, ids)));
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }
    let _node = Node::builder(engine.clone(), runtime.clone()).start();

    let acme: TenantId = "acme".into();
    let wish = NewCallback::scheduled("Sales", "+15195550123".parse()?, "2026-01-12T17:30:00Z".parse()?);
    let booked = engine.book(&acme, wish).await?.callback;
    runtime.advance(booked.desired.since(engine.now()) + Duration::from_secs(1));
    let shown = engine.retrieve(&acme, booked.id).await?.callback;
    Ok(format!("{} then {}", booked.state.name(), shown.state.name()))
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", pollster::block_on(embed())?);
    Ok(())
}

#[cfg(test)]
#[test]
fn a_callback_is_booked_and_handed_over() {
    assert_eq!(pollster::block_on(embed()).unwrap(), "SCHEDULED then QUEUED");
}
