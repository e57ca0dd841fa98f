//! A booking whose answer is lost is sent again under the same id: it makes one callback, however often it is sent.
//!
//! `cargo run --example book_again`

use std::sync::Arc;

use ges_core::CallbackId;
use ges_core::engine::{Engine, NewCallback, Parts};
use ges_core::memory::MemoryStore;
use ges_core::settings::SettingsFile;
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds, Unsteady};
use ges_core::zone::ZoneDatabase;

const SETTINGS: &str = "
    [tenants.acme.services.Sales]
    immediate = true
    scheduled = true
";

/// Books over a store that loses its first answer.
async fn book_again() -> Result<String, Box<dyn std::error::Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse()?));
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let memory = Arc::new(MemoryStore::default());
    let store = Arc::new(Unsteady::over(memory.clone()));
    let parts = Parts::new(memory, telephony, clock, Arc::new(SeededIds::new(1)));
    let engine = Engine::new(Parts { callbacks: store.clone(), ..parts });
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }

    // Chosen before the first try, and kept by the caller until he has an answer. A real one is a fresh random UUID.
    let id: CallbackId = "1f0c7a52-9a0e-4b1d-8f3a-62d4c5e79b80".parse()?;
    let desired = "2026-01-12T17:30:00Z".parse()?;
    let wish =
        NewCallback { id: Some(id), ..NewCallback::scheduled("Sales", "15195550123".parse()?, desired) };
    store.lose_answers(true);
    let lost = engine.book(&"acme".into(), wish.clone()).await;
    let unknown = lost.is_err_and(|error| error.is_outcome_unknown());
    store.lose_answers(false);
    let again = engine.book(&"acme".into(), wish.clone()).await?;

    // The same id for another time is a mistake of the caller, and is told so.
    let other = NewCallback { desired: Some("2026-01-12T18:30:00Z".parse()?), ..wish };
    let refused = engine.book(&"acme".into(), other).await.err().ok_or("two wishes under one id")?;
    Ok(format!("outcome unknown: {unknown}; repeated: {}; {refused}", again.repeated))
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", pollster::block_on(book_again())?);
    Ok(())
}

#[cfg(test)]
#[test]
fn what_was_booked_is_answered_again() {
    assert_eq!(
        pollster::block_on(book_again()).unwrap(),
        "outcome unknown: true; repeated: true; \
         id of the request: it belongs to another request; a new request needs one of its own"
    );
}
