//! Settings, hours and capacity.

use std::sync::LazyLock;
use std::time::Duration;

use ges_core::capacity::{RuleSlot, WeekStatement};
use ges_core::hours::OfficeHours;
use ges_core::port::Published;
use ges_core::settings::{Change, Definitions, SettingsFile, publish, read_service, write_service};
use ges_core::zone::ZoneDatabase;
use ges_core::{Interval, Timestamp};

static ZONES: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::embedded);

/// A published table: what is accepted is settings, and publishing it again changes nothing (invariant 40).
pub fn settings_rows(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(change) = Change::upserts_from_json(text) else { return };
    let (tenant, file) = ("t".into(), Definitions::default());
    let Ok(first) = publish(&tenant, &file, &Published::default(), &change, &ZONES) else { return };
    let Some(first) = first else { return };
    assert_eq!(first.published.version, 1);
    let again = publish(&tenant, &file, &first.published, &change, &ZONES);
    assert!(matches!(again, Ok(None)), "publishing the same twice changes nothing");
    for (name, service) in &first.settings.services {
        let written = write_service(service);
        let read = read_service("s", name.as_str(), &written, &written);
        let Ok(read) = read else { panic!("a service reads back what it writes") };
        assert_eq!(write_service(&read), written);
    }
}

/// The readable settings file: whatever it accepts is complete in itself.
pub fn settings_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SettingsFile::parse(text, &ZONES) {
        Ok(file) => {
            for (id, tenant) in file.tenants {
                assert!(tenant.definitions.resolve(id, 1).is_ok(), "every reference leads somewhere");
            }
        }
        Err(faults) => assert!(!faults.list().is_empty(), "a refusal says why"),
    }
}

/// Office hours as GMS options, one `name=value` a line.
pub fn gms_hours(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let options = text.lines().filter_map(|line| line.split_once('='));
    match OfficeHours::from_gms(options, &ZONES) {
        Ok(hours) => check_hours(&hours),
        Err(bad) => assert!(!bad.faults().is_empty(), "a refusal says why"),
    }
}

/// Office hours as Designer's JSON.
pub fn designer_hours(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match OfficeHours::from_designer_json(text, &ZONES) {
        Ok(hours) => check_hours(&hours),
        Err(bad) => assert!(!bad.faults().is_empty(), "a refusal says why"),
    }
}

/// The JSON statement of a week of capacity; the first byte chooses the rule's slot.
pub fn capacity_json(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let slot = if choice % 2 == 0 { RuleSlot::Half } else { RuleSlot::Hour };
    let Ok(week) = WeekStatement::parse(slot, text) else { return };
    for (_, day) in week.days() {
        let read = ges_core::capacity::DayCapacity::parse(slot, &day.statement());
        assert_eq!(read.as_ref(), Ok(day), "a day reads back what it writes");
    }
}

/// The compiled spans say what the plan says, at and around each of their edges.
fn check_hours(hours: &OfficeHours) {
    let start = Timestamp::from_secs(1_767_225_600); // 2026-01-01
    let window = Interval::new(start, start + Duration::from_secs(10 * 86_400));
    let spans = hours.open_spans(window);
    for span in spans.iter().take(8) {
        assert!(span.start < span.end, "a span has a length");
        assert!(hours.is_open(span.start), "it is open where a span begins");
        assert!(span.end == window.end || !hours.is_open(span.end), "it is closed where a span ends");
    }
}
