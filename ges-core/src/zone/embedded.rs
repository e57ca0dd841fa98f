//! The zones compiled into this library.

use time::OffsetDateTime;
use time_tz::{Offset, TimeZone, timezones};

use super::changes::Changes;

/// The version of the data; a test compares it with an independent copy of the same version.
pub(super) const VERSION: &str = "2026e";

/// Every name, links included, in no order.
pub(super) fn names() -> impl Iterator<Item = String> {
    timezones::iter().map(|zone| zone.name().to_owned())
}

/// The embedded data also answers to Windows names; only those of the tz database count here. `UTC` is both, hence the
/// second search.
pub(super) fn changes(name: &str) -> Option<Changes> {
    let zone = timezones::get_by_name(name)
        .filter(|zone| zone.name() == name)
        .or_else(|| timezones::iter().find(|zone| zone.name() == name))?;
    Some(Changes::read(|secs| {
        // Cannot fall back: only seconds of the years 1970 to 2100 are asked for.
        let at = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        zone.get_offset_utc(&at).to_utc().whole_seconds()
    }))
}
