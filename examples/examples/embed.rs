//! The engine inside a program of your own: a callback is booked, handed over and shown.
//!
//! `cargo run --example embed`

use std::sync::Arc;

use ges_core::engine::{Dispatcher, Engine, NewCallback, Parts};
use ges_core::memory::MemoryStore;
use ges_core::settings::SettingsFile;
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};
use ges_core::zone::ZoneDatabase;

const SETTINGS: &str = "
    [tenants.acme.services.Sales]
    immediate = true
    scheduled = true
";

/// Everything a host writes. A real one brings its own clock, ids and orchestrator.
async fn embed() -> Result<String, Box<dyn std::error::Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse()?));
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let ids = Arc::new(SeededIds::new(1));
    let store = Arc::new(MemoryStore::default());
    let engine = Arc::new(Engine::new(Parts::new(store, telephony, clock.clone(), ids)));
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }
    let wish = NewCallback::scheduled("Sales", "+15195550123".parse()?, "2026-01-12T17:30:00Z".parse()?);
    let booked = engine.book(&"acme".into(), wish).await?.callback;
    let dispatcher = Dispatcher::new(engine.clone(), "node-1".into());
    clock.set(booked.desired);
    dispatcher.run_due().await?;
    let shown = engine.retrieve(&"acme".into(), booked.id).await?.callback;
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
