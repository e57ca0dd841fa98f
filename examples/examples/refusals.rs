//! What does a host say when the engine says no? What can be done about a refusal decides it, not the reason.
//!
//! `cargo run --example refusals`

use std::sync::Arc;

use ges_core::engine::{Engine, EngineError, NewCallback, Parts, Refused, Remedy};
use ges_core::memory::MemoryStore;
use ges_core::settings::SettingsFile;
use ges_core::slots::SlotOnOffer;
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};
use ges_core::zone::ZoneDatabase;
use ges_core::{TenantId, Timestamp};

const SETTINGS: &str = r#"
    [tenants.acme.hours.office]
    time_zone = "Europe/Paris"
    days.monday = [{ open = "09:00", close = "10:00" }]

    [tenants.acme.services.Sales]
    hours = "office"
    immediate = true
    scheduled = true
    interval_minutes = 15
    capacity = 1
    daily_max = 1
"#;

/// The next sentence of a voice dialogue.
fn next_sentence(refused: &Refused) -> String {
    match refused.refusal.remedy() {
        Remedy::AnotherTime => match refused.proposals.as_deref() {
            Some([]) => "We are fully booked.".to_owned(),
            Some(times) => format!("We could call you at {}.", clocks(times.get(..2).unwrap_or(times))),
            None => "Please call again during our hours.".to_owned(),
        },
        Remedy::AnotherNumber => "We cannot call this number. Is there another one?".to_owned(),
        Remedy::AskAgainAfter(wait) => {
            format!("Please ask again in {} hours.", wait.as_secs().div_ceil(3600))
        }
        Remedy::AskAgainLater => "We have your number already and will call you.".to_owned(),
        Remedy::AskAgain => "One moment, please.".to_owned(),
        // Nothing a customer could mend: a mistake of this program, or of its settings.
        Remedy::AnotherRequest | Remedy::AnotherCallback | Remedy::AnotherId | Remedy::Nothing => {
            format!("I will connect you. [{refused}]")
        }
    }
}

fn clocks(times: &[SlotOnOffer]) -> String {
    let clock = |slot: &SlotOnOffer| slot.at.to_string().get(11..16).unwrap_or_default().to_owned();
    times.iter().map(clock).collect::<Vec<_>>().join(" or ")
}

async fn dialogue() -> Result<String, Box<dyn std::error::Error>> {
    let now: Timestamp = "2026-01-12T08:01:00Z".parse()?; // Monday, 09:01 in Paris
    let clock = Arc::new(ManualClock::at(now));
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(Parts::new(store, telephony, clock, Arc::new(SeededIds::new(1))));
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }

    let acme: TenantId = "acme".into();
    let half_past: Timestamp = "2026-01-12T08:30:00Z".parse()?;
    let midnight: Timestamp = "2026-02-12T00:00:00Z".parse()?;
    let mut told = String::new();
    for wish in [
        NewCallback::scheduled("Sales", "+33199001122".parse()?, half_past),
        NewCallback::scheduled("Sales", "+33199001133".parse()?, half_past),
        NewCallback::immediate("Sales", "+33199001144".parse()?),
        NewCallback::immediate("Sales", "+33199001144".parse()?),
        NewCallback::immediate("Sales", "+33999".parse()?),
        NewCallback::scheduled("Sales", "+33199001155".parse()?, midnight),
        NewCallback::immediate("Sails", "+33199001166".parse()?),
    ] {
        match engine.book(&acme, wish).await {
            Ok(_) => told += "We will call you.\n",
            Err(EngineError::Refused(refused)) => told += &format!("{}\n", next_sentence(&refused)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(told)
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", pollster::block_on(dialogue())?);
    Ok(())
}

#[cfg(test)]
#[test]
fn a_refusal_leads_to_the_next_sentence() {
    let expected = "We will call you.
We could call you at 08:15 or 08:45.
We will call you.
Please ask again in 15 hours.
We cannot call this number. Is there another one?
I will connect you. [desired time: the desired time is beyond 2026-01-26T08:01:00.000Z, 14 days ahead]
I will connect you. [service: no callback service of this name is configured]
";
    assert_eq!(pollster::block_on(dialogue()).unwrap(), expected);
}
