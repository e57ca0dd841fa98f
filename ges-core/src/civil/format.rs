//! Instants as text, written by hand because an availability answer holds dozens of them
//! ([engagement-api-v3 §4.3](crate::rules)).

use crate::Timestamp;
use crate::zone::Zone;

const DAY: i64 = 86_400_000;

/// `yyyy-MM-ddTHH:mm:ss.SSS` and the longest suffix.
const LONGEST: usize = 29;

/// Appends `yyyy-MM-ddTHH:mm:ss.SSSZ`.
pub fn write_utc(out: &mut String, at: Timestamp) {
    write(out, at.as_millis(), Suffix::Z);
}

/// Appends the wall-clock reading in `zone`, `yyyy-MM-ddTHH:mm:ss.SSS±HH:MM`, or with `Z` when the zone is UTC.
///
/// An offset of broken minutes (none after 1972) and a wall clock outside the years 1 to 9999 have no such form; the
/// UTC form of the same instant is written then.
///
/// ```
/// use ges_core::{civil::write_local, zone::ZoneDatabase};
///
/// let zone = ZoneDatabase::embedded().zone("America/New_York")?;
/// let mut text = String::new();
/// write_local(&mut text, "2026-01-12T14:30:00Z".parse()?, &zone);
/// assert_eq!(text, "2026-01-12T09:30:00.000-05:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_local(out: &mut String, at: Timestamp, zone: &Zone) {
    let offset = zone.offset_at(at);
    let shown = at.as_millis().saturating_add(i64::from(offset) * 1000);
    if (offset == 0 && is_utc(zone.name())) || offset % 60 != 0 || Timestamp::try_from(shown).is_err() {
        return write_utc(out, at);
    }
    write(out, shown, Suffix::Minutes(offset / 60));
}

/// Whether a zone is UTC itself and not merely a place with the same offset.
fn is_utc(name: &str) -> bool {
    matches!(name.strip_prefix("Etc/").unwrap_or(name), "UTC" | "UCT" | "Universal" | "Zulu")
}

#[derive(Clone, Copy)]
enum Suffix {
    Z,
    /// Minutes east of UTC.
    Minutes(i32),
}

/// `shown` counts milliseconds of the wall clock since 1970-01-01T00:00 and lies in the years 1 to 9999, so every part
/// has the number of digits it is written with.
fn write(out: &mut String, shown: i64, suffix: Suffix) {
    let (year, month, day) = civil_date(shown.div_euclid(DAY));
    let in_day = shown.rem_euclid(DAY) as u32;
    let mut text = *b"0000-00-00T00:00:00.000Z00:00";
    digits(&mut text, 0, year / 100);
    digits(&mut text, 2, year % 100);
    digits(&mut text, 5, month);
    digits(&mut text, 8, day);
    digits(&mut text, 11, in_day / 3_600_000);
    digits(&mut text, 14, in_day / 60_000 % 60);
    digits(&mut text, 17, in_day / 1000 % 60);
    let millis = in_day % 1000;
    text[20] = b'0' + (millis / 100) as u8;
    digits(&mut text, 21, millis % 100);
    let length = match suffix {
        Suffix::Z => 24,
        Suffix::Minutes(east) => {
            text[23] = if east < 0 { b'-' } else { b'+' };
            digits(&mut text, 24, east.unsigned_abs() / 60);
            digits(&mut text, 27, east.unsigned_abs() % 60);
            LONGEST
        }
    };
    // Cannot fall back: every byte is an ASCII digit or sign.
    out.push_str(std::str::from_utf8(&text[..length]).unwrap_or_default());
}

/// Writes a number below 100 as two digits.
fn digits(text: &mut [u8; LONGEST], at: usize, number: u32) {
    text[at] = b'0' + (number / 10) as u8;
    text[at + 1] = b'0' + (number % 10) as u8;
}

/// Year, month and day of a count of days since 1970-01-01, for the years 1 to 9999. The year is taken to begin in
/// March, so that the leap day is its last; 400 such years have 146,097 days.
fn civil_date(days: i64) -> (u32, u32, u32) {
    // Days since 0000-03-01: positive and far below the limit in the years concerned.
    let days = (days + 719_468) as u32;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::civil::parse;
    use crate::zone::ZoneDatabase;
    use proptest::prelude::*;

    fn local(at: &str, zone: &str) -> String {
        let mut text = String::new();
        write_local(&mut text, at.parse().unwrap(), &ZoneDatabase::embedded().zone(zone).unwrap());
        text
    }

    #[test]
    fn local_time_carries_its_offset() {
        let rows = [
            ("B28", "2026-01-12T14:30:00Z", "America/New_York", "2026-01-12T09:30:00.000-05:00"),
            ("east", "2026-01-12T05:10:00.007Z", "Asia/Kathmandu", "2026-01-12T10:55:00.007+05:45"),
            ("UTC", "2026-01-12T05:10:00Z", "UTC", "2026-01-12T05:10:00.000Z"),
            ("Zulu", "2026-01-12T05:10:00Z", "Etc/Zulu", "2026-01-12T05:10:00.000Z"),
            ("London", "2026-01-12T05:10:00Z", "Europe/London", "2026-01-12T05:10:00.000+00:00"),
            ("fold", "2026-11-01T05:30:00Z", "America/New_York", "2026-11-01T01:30:00.000-04:00"),
            ("fold", "2026-11-01T06:30:00Z", "America/New_York", "2026-11-01T01:30:00.000-05:00"),
            ("half past", "2026-01-12T14:30:00Z", "America/St_Johns", "2026-01-12T11:00:00.000-03:30"),
            ("broken minutes", "1971-06-01T12:00:00Z", "Africa/Monrovia", "1971-06-01T12:00:00.000Z"),
            ("year 10000", "9999-12-31T23:59:59.999Z", "Asia/Tokyo", "9999-12-31T23:59:59.999Z"),
        ];
        for (row, at, zone, wanted) in rows {
            assert_eq!(local(at, zone), wanted, "{row}");
        }
    }

    proptest! {
        #[test]
        fn utc_text_agrees_with_the_display_form(
            millis in Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis(),
        ) {
            let at = Timestamp::from_millis(millis);
            let mut text = String::new();
            write_utc(&mut text, at);
            prop_assert_eq!(text, at.to_string());
        }

        #[test]
        fn local_text_reads_back_as_the_same_instant(
            millis in 0..4_102_444_800_000_i64,
            zone in prop::sample::select(ZoneDatabase::embedded().names()),
        ) {
            let at = Timestamp::from_millis(millis);
            let mut text = String::new();
            write_local(&mut text, at, &ZoneDatabase::embedded().zone(&zone).unwrap());
            prop_assert_eq!(parse(&text, None), Ok(at));
        }
    }
}
