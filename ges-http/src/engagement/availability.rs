//! `GET /callbacks/availability/{service}` ([engagement-api-v3 §3.4](ges_core::rules)).

use ges_core::Timestamp;
use ges_core::civil::{write_local, write_utc};
use ges_core::engine::{Availability, AvailabilityAsk};
use ges_core::slots::{AvailabilityWindow, WindowEnd};
use ges_core::zone::{Zone, ZoneDatabase};

use super::members::BadInput;
use super::query::Query;

/// Reads the question.
///
/// # Errors
/// The first parameter that cannot be understood; parameters that exclude each other.
pub fn read(service: &str, query: &Query, zones: &ZoneDatabase) -> Result<AvailabilityAsk, BadInput> {
    let zone = query.zone("timezone", zones)?;
    let starts = [query.instant("start", &zone)?, query.epoch_millis("startMS")?];
    let ends = [query.instant("end", &zone)?, query.epoch_millis("endMS")?];
    let days = query.whole_number("numberOfDays")?;
    let max_slots = match query.whole_number("maxTimeSlots")? {
        None => None,
        Some(number) => match usize::try_from(number) {
            Ok(number) => Some(number),
            Err(_) => return Err(BadInput::at("maxTimeSlots", "a whole number of at least 0 is expected")),
        },
    };
    let report_busy = query.flag("reportBusy")?.unwrap_or(false);
    let window = AvailabilityWindow { start: start(starts)?, end: end(ends, days)? };
    Ok(AvailabilityAsk { service: service.into(), window, zone, max_slots, report_busy })
}

/// `start` or `startMS`.
fn start(starts: [Option<Timestamp>; 2]) -> Result<Option<Timestamp>, BadInput> {
    match starts {
        [Some(_), Some(_)] => Err(BadInput::window("give start or startMS, not both")),
        [start, start_ms] => Ok(start.or(start_ms)),
    }
}

/// `end`, `endMS` or `numberOfDays`.
fn end(ends: [Option<Timestamp>; 2], days: Option<i64>) -> Result<WindowEnd, BadInput> {
    match (ends, days) {
        ([None, None], None) => Ok(WindowEnd::NextMidnight),
        ([Some(end), None] | [None, Some(end)], None) => Ok(WindowEnd::At(end)),
        ([None, None], Some(days)) => match u64::try_from(days) {
            Ok(days) => Ok(WindowEnd::AfterDays(days)),
            Err(_) => Err(BadInput::window("numberOfDays: must be 0 or more")),
        },
        _ => Err(BadInput::window("give at most one of end, endMS and numberOfDays")),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn window(pairs: &[(&str, &str)]) -> Result<AvailabilityWindow, String> {
        let read = read("VQ", &pairs.iter().copied().collect(), &ZoneDatabase::embedded());
        read.map(|ask| ask.window).map_err(|bad| format!("{}, {}", bad.reason, bad.message))
    }

    #[test]
    fn a_window_has_one_start_and_one_end() {
        let start = ("start", "2031-03-04T15:00:00Z");
        let end = ("end", "2031-03-05T15:00:00Z");
        let (start_ms, end_ms) = (("startMS", "1930402800000"), ("endMS", "1930489200000"));
        let (from, to) =
            (Some("2031-03-04T15:00:00Z".parse().unwrap()), "2031-03-05T15:00:00Z".parse().unwrap());
        for pairs in [[start, end], [start, end_ms], [start_ms, end], [start_ms, end_ms]] {
            let expected = AvailabilityWindow { start: from, end: WindowEnd::At(to) };
            assert_eq!(window(&pairs), Ok(expected), "{pairs:?}");
        }
        let days = AvailabilityWindow { start: None, end: WindowEnd::AfterDays(3) };
        assert_eq!(window(&[("numberOfDays", "3")]), Ok(days));
        assert_eq!(window(&[]), Ok(AvailabilityWindow::default()));

        let one_end = "WINDOW_INVALID, give at most one of end, endMS and numberOfDays";
        for (pairs, expected) in [
            (&[start, start_ms][..], "WINDOW_INVALID, give start or startMS, not both"),
            (&[end, end_ms], one_end),
            (&[end, ("numberOfDays", "1")], one_end),
            (&[end_ms, ("numberOfDays", "1")], one_end),
            (&[("numberOfDays", "-1")], "WINDOW_INVALID, numberOfDays: must be 0 or more"),
        ] {
            assert_eq!(window(pairs), Err(expected.to_owned()), "{pairs:?}");
        }
    }
}
