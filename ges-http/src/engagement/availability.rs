//! `GET /callbacks/availability/{service}` ([engagement-api-v3 §3.4](ges_core::rules)).

use ges_core::civil::{write_local, write_utc};
use ges_core::engine::{Availability, AvailabilityAsk};
use ges_core::slots::AvailabilityWindow;
use ges_core::zone::{Zone, ZoneDatabase};

use super::members::BadInput;
use super::query::Query;

/// Reads the question.
///
/// # Errors
/// The first parameter that cannot be understood.
pub fn read(service: &str, query: &Query, zones: &ZoneDatabase) -> Result<AvailabilityAsk, BadInput> {
    let zone = query.zone("timezone", zones)?;
    let window = AvailabilityWindow {
        start: query.instant("start", &zone)?,
        start_ms: query.epoch_millis("startMS")?,
        end: query.instant("end", &zone)?,
        end_ms: query.epoch_millis("endMS")?,
        number_of_days: query.whole_number("numberOfDays")?,
    };
    let max_slots = match query.whole_number("maxTimeSlots")? {
        None => None,
        Some(number) => match usize::try_from(number) {
            Ok(number) => Some(number),
            Err(_) => return Err(BadInput::at("maxTimeSlots", "a whole number of at least 0 is expected")),
        },
    };
    let report_busy = query.flag("reportBusy")?.unwrap_or(false);
    Ok(AvailabilityAsk { service: service.into(), window, zone, max_slots, report_busy })
}

/// `data`, as JSON text. Written by hand because this is the busiest answer; every part of it is a number, a date or
/// the name of a zone, none of which JSON has to escape.
pub fn write(out: &mut String, availability: &Availability, zone: &Zone) {
    use std::fmt::Write;
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        r#"{{"durationMin":{},"timezone":"{}","slots":["#,
        availability.interval.minutes(),
        zone.name()
    );
    for (index, slot) in availability.slots.iter().enumerate() {
        out.push_str(if index == 0 { r#"{"utcTime":""# } else { r#",{"utcTime":""# });
        write_utc(out, slot.at);
        out.push_str(r#"","localTime":""#);
        write_local(out, slot.at, zone);
        let _ = write!(out, r#"","capacity":{},"total":{}}}"#, slot.remaining, slot.total);
    }
    out.push_str("]}");
}
