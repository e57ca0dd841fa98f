//! `GET /genesys/1/service/{office-hours}`: the open periods ([callback-domain §4.1](ges_core::rules)).

use std::time::Duration;

use ges_core::civil::write_local;
use ges_core::time::{Interval, Timestamp};
use ges_core::zone::Zone;
use serde_json::{Value, json};

use crate::engagement::{BadInput, Query};

/// The longest window answered.
const WINDOW_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Reads `start`, `number-of-days` and `end`; the present instant and the rest of that day when absent. Times without a
/// zone, and days, are those of the hours' own zone.
///
/// # Errors
/// A time or number that is none, an end before the start, a window longer than 400 days.
pub fn read(query: &Query, zone: &Zone, now: Timestamp) -> Result<Interval, BadInput> {
    let start = query.instant("start", zone)?.unwrap_or(now);
    let end = query.instant("end", zone)?;
    let days = query.whole_number("number-of-days")?;
    if end.is_some() && days.is_some() {
        return Err(BadInput::at("number-of-days", "give it or end, not both"));
    }
    let end = match (end, days) {
        (Some(end), _) => end,
        (None, Some(days)) => day_end(zone, start, days)?,
        (None, None) => day_end(zone, start, 0)?,
    };
    if end < start {
        return Err(BadInput::at("end", "must not be before start"));
    }
    if end.since(start) > WINDOW_MAX {
        return Err(BadInput::at("end", "must be at most 400 days after start"));
    }
    Ok(Interval::new(start, end))
}

/// The end of the local day of `start`, or the same local time so many days later.
fn day_end(zone: &Zone, start: Timestamp, days: i64) -> Result<Timestamp, BadInput> {
    let wrong = || BadInput::at("number-of-days", "a whole number from 0 to 400 is expected");
    let local = zone.local(start);
    if days == 0 {
        let next = local.date().succ_opt().ok_or_else(wrong)?;
        return Ok(zone.instant(next.and_time(chrono::NaiveTime::MIN)));
    }
    let days = u64::try_from(days).ok().filter(|days| *days <= 400).ok_or_else(wrong)?;
    let later = local.checked_add_days(chrono::Days::new(days)).ok_or_else(wrong)?;
    Ok(zone.instant(later))
}

/// A list of `{start, end, localStart, localEnd}`; empty when it is closed all the time.
pub fn periods(periods: &[Interval], zone: &Zone) -> Value {
    let local = |at| {
        let mut text = String::new();
        write_local(&mut text, at, zone);
        text
    };
    let period = |period: &Interval| {
        json!({
            "start": period.start.to_string(),
            "end": period.end.to_string(),
            "localStart": local(period.start),
            "localEnd": local(period.end),
        })
    };
    periods.iter().map(period).collect()
}
