//! Any telephony can make the calls: it takes an attempt once, and writes back what becomes of it.
//!
//! `cargo run --example own_orchestrator`

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ges_core::callback::{Callback, Reason, SessionState, SessionUpdate};
use ges_core::engine::{Engine, NewCallback, Parts, QueuePlace};
use ges_core::memory::MemoryStore;
use ges_core::port::{HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::settings::SettingsFile;
use ges_core::testing::{ManualClock, SeededIds};
use ges_core::zone::ZoneDatabase;
use ges_core::{CallbackId, TenantId};

/// A desk with one telephone. The key (callback, attempt) makes a repeated hand-over harmless: nobody is called twice.
#[derive(Default)]
struct Desk {
    taken: Mutex<BTreeSet<(CallbackId, u32)>>,
}

impl Desk {
    fn taken(&self) -> std::sync::MutexGuard<'_, BTreeSet<(CallbackId, u32)>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Orchestrator for Desk {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let Submission { callback, attempt, .. } = submission;
        let mut taken = self.taken();
        // Only the first of equal ones is dialled.
        taken.insert((callback.id, *attempt));
        Ok(Handed { reference: Some(format!("call-{}", taken.len())) })
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        let known = self.taken().contains(&(session.id, session.attempt));
        Ok(if known { Look::Running { position: Some(1), wait_secs: Some(30) } } else { Look::Gone })
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        self.taken().remove(&(session.id, session.attempt));
        Ok(())
    }
}

async fn one_call() -> Result<String, Box<dyn std::error::Error>> {
    let clock = Arc::new(ManualClock::at("2026-01-12T15:00:00Z".parse()?));
    let (desk, ids) = (Arc::new(Desk::default()), Arc::new(SeededIds::new(1)));
    let parts = Parts::new(Arc::new(MemoryStore::default()), desk.clone(), clock, ids);
    let engine = Engine::new(parts);
    let settings = "[tenants.acme.services.Sales]\nimmediate = true";
    for (tenant, file) in SettingsFile::parse(settings, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }

    let acme: TenantId = "acme".into();
    let booked = engine.book(&acme, NewCallback::immediate("Sales", "+15195550123".parse()?)).await?.callback;
    let mut told = line(&booked);
    let place = engine.retrieve(&acme, booked.id).await?.queue;
    if let Some(position) = place.and_then(QueuePlace::position) {
        told += &format!("place {position} in the queue\n");
    }

    // What the desk would send when the agent picks up and when the call is over. The last is sent twice, as happens
    // when an answer is lost.
    let over = SessionState::Completed(Reason::AGENT_CONNECTED);
    for (sequence, state) in [(1, SessionState::Processing), (2, over.clone()), (2, over)] {
        let update = SessionUpdate { attempt: Some(1), reference: None, sequence: Some(sequence), state };
        told += &line(&engine.write_back(&acme, booked.id, update).await?);
    }
    told += &format!("{} dialled\n", desk.taken().len());
    Ok(told)
}

fn line(callback: &Callback) -> String {
    let reason = callback.reason().map(|reason| format!(", {reason}")).unwrap_or_default();
    format!("{}{reason}\n", callback.state.name())
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", pollster::block_on(one_call())?);
    Ok(())
}

#[cfg(test)]
#[test]
fn the_desk_calls_once() {
    let expected = "QUEUED
place 1 in the queue
PROCESSING
COMPLETED, AGENT_CONNECTED
COMPLETED, AGENT_CONNECTED
1 dialled
";
    assert_eq!(pollster::block_on(one_call()).unwrap(), expected);
}
