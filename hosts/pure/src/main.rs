//! Which times could be offered on Monday? Hours and capacity from a settings file, nothing else: no engine, no store,
//! no async.

use std::error::Error;
use std::time::Duration;

use ges_core::capacity::Capacity;
use ges_core::settings::SettingsFile;
use ges_core::slots::{Ask, Occupancy, SlotTable};
use ges_core::zone::ZoneDatabase;
use ges_core::{Interval, Timestamp};

const SETTINGS: &str = r#"
    [tenants.acme.hours.office]
    time_zone = "America/New_York"
    days.monday = [{ open = "09:00", close = "10:30" }]

    [tenants.acme.services.Sales]
    hours = "office"
    scheduled = true
    interval_minutes = 30
    capacity = 2
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let now: Timestamp = "2026-01-12T13:00:00Z".parse()?; // Monday, 08:00 in New York
    let day = Interval::new(now, now + Duration::from_secs(86_400));

    let mut file = SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded())?;
    let acme = file.tenants.remove("acme").ok_or("the file has no acme")?;
    let settings = acme.definitions.resolve("acme".into(), 1)?;
    let sales = settings.services.get("Sales").ok_or("acme has no Sales")?;
    let hours = settings.hours.get("office").ok_or("acme has no office")?;
    let opens = hours.next_open(now).ok_or("the office never opens")?;
    println!("open from {opens} for {} minutes", hours.open_for(opens).as_secs() / 60);

    let capacity = Capacity::flat(sales.scheduled.interval, sales.scheduled.capacity);
    let table = SlotTable::compile(hours, &capacity, day);
    // Two are booked for half past nine, so that slot is full.
    let half_past: Timestamp = "2026-01-12T14:30:00Z".parse()?;
    let taken = Occupancy::new(table.occupancy_window(), [(half_past.into(), 2)])?;
    let ask =
        Ask { now, window: day, min_lead: sales.scheduled.min_lead, max_slots: None, report_busy: true };
    let offered: Vec<String> = table
        .availability(&taken, &ask)
        .iter()
        .map(|slot| format!("{}: {} of {}", slot.at, slot.remaining, slot.total))
        .collect();
    println!("{}", offered.join("\n"));

    let expected = [
        "2026-01-12T14:00:00.000Z: 2 of 2",
        "2026-01-12T14:30:00.000Z: 0 of 2",
        "2026-01-12T15:00:00.000Z: 2 of 2",
    ];
    if offered != expected { Err("that is not what should be on offer".into()) } else { Ok(()) }
}
