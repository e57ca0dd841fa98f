//! When is the office open? A weekly plan with a night shift, a holiday, and the two strange nights of the year.
//!
//! `cargo run --example office_hours`

use ges_core::hours::OfficeHours;
use ges_core::zone::ZoneDatabase;
use ges_core::{Interval, Timestamp};

/// Saturday's shift runs into Sunday, over both clock changes.
const HOURS: &str = r#"{
    "time_zone": "America/New_York",
    "days": {
        "monday": [{ "open": "09:00", "close": "12:00" }, { "open": "13:00", "close": "17:00" }],
        "saturday": [{ "open": "22:00", "close": "06:00" }]
    },
    "special_days": [{ "name": "Memorial Day", "from": "2026-05-25" }]
}"#;

fn answers() -> Result<String, Box<dyn std::error::Error>> {
    let hours = OfficeHours::from_designer_json(HOURS, &ZoneDatabase::embedded())?;
    let mut told = String::new();
    for (what, at) in [
        ("a Monday morning", "2026-01-12T10:00:00-05:00"),
        ("its lunch break", "2026-01-12T12:00:00-05:00"),
        ("Memorial Day", "2026-05-25T10:00:00-04:00"),
        ("the night that lacks an hour", "2026-03-07T22:00:00-05:00"),
        ("the night that has one more", "2026-10-31T22:00:00-04:00"),
    ] {
        let at: Timestamp = ges_core::civil::parse(at, None)?;
        told += &format!("{what}: open for {} s", hours.open_for(at).as_secs());
        if let Some(next) = hours.next_open(at).filter(|_| !hours.is_open(at)) {
            told += &format!(", again at {next}");
        }
        told.push('\n');
    }
    let week = Interval::new("2026-01-12T00:00:00Z".parse()?, "2026-01-19T00:00:00Z".parse()?);
    for open in hours.open_spans(week).iter() {
        told += &format!("{} to {}\n", open.start, open.end);
    }
    Ok(told)
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", answers()?);
    Ok(())
}

#[cfg(test)]
#[test]
fn the_office_keeps_its_hours() {
    let expected = "a Monday morning: open for 7200 s
its lunch break: open for 0 s, again at 2026-01-12T18:00:00.000Z
Memorial Day: open for 0 s, again at 2026-05-31T02:00:00.000Z
the night that lacks an hour: open for 25200 s
the night that has one more: open for 32400 s
2026-01-12T14:00:00.000Z to 2026-01-12T17:00:00.000Z
2026-01-12T18:00:00.000Z to 2026-01-12T22:00:00.000Z
2026-01-18T03:00:00.000Z to 2026-01-18T11:00:00.000Z
";
    assert_eq!(answers().unwrap(), expected);
}
