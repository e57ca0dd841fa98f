//! Which times are on offer? Hours, a capacity and what is already booked make the list a caller chooses from.
//!
//! `cargo run --example slots`

use std::sync::Arc;

use ges_core::engine::{AvailabilityAsk, Engine, EngineError, NewCallback, Parts};
use ges_core::memory::MemoryStore;
use ges_core::settings::SettingsFile;
use ges_core::slots::{AvailabilityWindow, SlotOnOffer, WindowEnd};
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};
use ges_core::zone::ZoneDatabase;
use ges_core::{TenantId, Timestamp};

const SETTINGS: &str = r#"
    [tenants.acme.hours.office]
    time_zone = "Europe/Paris"
    days.monday = [{ open = "09:00", close = "10:00" }]
    days.tuesday = [{ open = "09:00", close = "09:30" }]

    [tenants.acme.services.Sales]
    hours = "office"
    scheduled = true
    interval_minutes = 15
    capacity = 2
"#;

async fn offers() -> Result<String, Box<dyn std::error::Error>> {
    let now: Timestamp = "2026-01-12T07:00:00Z".parse()?; // Monday, 08:00 in Paris
    let clock = Arc::new(ManualClock::at(now));
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let store = Arc::new(MemoryStore::default());
    let engine = Engine::new(Parts::new(store, telephony, clock, Arc::new(SeededIds::new(1))));
    let zones = ZoneDatabase::embedded();
    for (tenant, file) in SettingsFile::parse(SETTINGS, &zones)?.tenants {
        engine.configure(file.definitions.resolve(tenant, 1)?);
    }

    let acme: TenantId = "acme".into();
    let quarter_past: Timestamp = "2026-01-12T08:15:00Z".parse()?;
    let mut told = String::new();
    for customer in ["+33199001122", "+33199001133", "+33199001144"] {
        match engine.book(&acme, NewCallback::scheduled("Sales", customer.parse()?, quarter_past)).await {
            Ok(_) => told += "booked\n",
            Err(EngineError::Refused(refused)) => {
                let proposed = refused.proposals.unwrap_or_default();
                let nearest = times(proposed.get(..3).unwrap_or_default());
                told += &format!("{}, but {nearest}\n", refused.refusal.code());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let ask = AvailabilityAsk {
        service: "Sales".into(),
        window: AvailabilityWindow { end: WindowEnd::AfterDays(2), ..AvailabilityWindow::default() },
        zone: zones.zone("Europe/Paris")?,
        max_slots: None,
        report_busy: true,
    };
    told += &format!("on offer: {}\n", times(&engine.availability(&acme, &ask).await?.slots));
    Ok(told)
}

fn times(slots: &[SlotOnOffer]) -> String {
    let line = |slot: &SlotOnOffer| format!("{} ({} of {})", slot.at, slot.remaining, slot.total);
    slots.iter().map(line).collect::<Vec<_>>().join(", ")
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", pollster::block_on(offers())?);
    Ok(())
}

#[cfg(test)]
#[test]
fn a_full_slot_is_refused_and_others_are_offered() {
    let expected = "booked
booked
SLOT_FULL, but 2026-01-12T08:00:00.000Z (2 of 2), 2026-01-12T08:30:00.000Z (2 of 2), 2026-01-12T08:45:00.000Z (2 of 2)
on offer: 2026-01-12T08:00:00.000Z (2 of 2), 2026-01-12T08:15:00.000Z (0 of 2), 2026-01-12T08:30:00.000Z (2 of 2), \
2026-01-12T08:45:00.000Z (2 of 2), 2026-01-13T08:00:00.000Z (2 of 2), 2026-01-13T08:15:00.000Z (2 of 2)
";
    assert_eq!(pollster::block_on(offers()).unwrap(), expected);
}
