//! Dates, and numbers of people.

use std::sync::LazyLock;

use ges_core::civil;
use ges_core::number::PhoneNumber;
use ges_core::zone::{Zone, ZoneDatabase};

static ZONES: LazyLock<Vec<Zone>> = LazyLock::new(|| {
    let zones = ZoneDatabase::embedded();
    let names = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];
    names.iter().filter_map(|name| zones.zone(name).ok()).collect()
});

/// A date-time of a body or a query: what is read is written so that it reads back.
pub fn date(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for zone in ZONES.iter() {
        for read in [civil::parse(text, Some(zone)), civil::parse_query(text, Some(zone))] {
            let Ok(at) = read else { continue };
            for write in [civil::write_utc, |out: &mut String, at| civil::write_local(out, at, &ZONES[1])] {
                let mut written = String::new();
                write(&mut written, at);
                // An instant at either end of the calendar has a local date beyond it.
                if written.len() <= "2031-03-04T10:05:00.000-05:00".len() && !written.starts_with("0000") {
                    assert_eq!(civil::parse(&written, None), Ok(at), "{written}");
                }
            }
        }
    }
    let _ = civil::parse_epoch_millis(text);
    let _ = civil::parse_whole_number(text);
}

/// A customer's number: it stays as given, and its comparison form is stable.
pub fn phone_number(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(number) = text.parse::<PhoneNumber>() else { return };
    let comparison = number.comparison();
    assert_eq!(comparison.digits().parse(), Ok(comparison));
    assert!(!format!("{number:?}").contains(text) || text.len() < 3, "a number does not show in Debug");
}
