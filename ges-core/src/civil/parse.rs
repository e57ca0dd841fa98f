//! The one grammar for date-times in bodies and queries ([engagement-api-v3 §4.2](crate::rules)).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::Timestamp;
use crate::zone::{Resolved, Zone};

/// Reads a date-time of a request body: `yyyy-MM-ddTHH:mm[:ss[.1 to 9 digits]][Z|±HH:MM|±HHMM|±HH]`, `T` and `Z` in
/// either case. Without a suffix the text is read in `zone`, or in UTC when there is none; a suffix always wins. Digits
/// below the millisecond are cut off. A local time that a clock change skips moves forward by the gap; of one that
/// occurs twice, the first is meant.
///
/// # Errors
///
/// Anything else, including a date alone, `24:00`, the leap second `60` and years outside 1 to 9999.
///
/// ```
/// use ges_core::civil::parse;
///
/// assert_eq!(parse("2031-03-04T15:05:00.123456789+05:30", None)?.to_string(), "2031-03-04T09:35:00.123Z");
/// assert_eq!(parse("2031-03-04t15:05", None)?.to_string(), "2031-03-04T15:05:00.000Z");
/// assert!(parse("2031-03-04T24:00:00Z", None).is_err());
/// # Ok::<(), ges_core::civil::BadDate>(())
/// ```
pub fn parse(text: &str, zone: Option<&Zone>) -> Result<Timestamp, BadDate> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, blank_is_plus: false };
    let date = cursor.date()?;
    if cursor.is_done() {
        return Err(BadDate::DateAlone);
    }
    cursor.time_of(date, zone)
}

/// Reads a date-time of a query: as [`parse`], and besides a blank in place of the offset's `+` (which an unescaped `+`
/// turns into) and a date alone, which means the first instant of that day.
///
/// # Errors
///
/// As [`parse`], except for the date alone.
pub fn parse_query(text: &str, zone: Option<&Zone>) -> Result<Timestamp, BadDate> {
    let mut cursor = Cursor { bytes: text.as_bytes(), at: 0, blank_is_plus: true };
    let date = cursor.date()?;
    if !cursor.is_done() {
        return cursor.time_of(date, zone);
    }
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.map(|zone| zone.resolve(midnight)) {
        None => in_range(midnight.and_utc().timestamp_millis()),
        Some(Resolved::Single(first) | Resolved::Fold { first, .. }) => Ok(first),
        // The day begins when the clock jumps into it.
        Some(Resolved::Gap { jump, .. }) => Ok(jump),
    }
}

/// Why a text is not a date-time. The text itself is not repeated: a misplaced value may be somebody's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDate {
    /// A character is not what the grammar asks for.
    #[error(
        "not a date-time: {wanted} is needed at position {position}, as in \"2031-03-04T15:05:00.000Z\" or \
         \"2031-03-04T15:05:00.000-05:00\""
    )]
    Syntax {
        /// Counted in bytes from 1.
        position: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// There is no time of day.
    #[error("a date alone is not a date-time: a time of day is needed, as in \"2031-03-04T15:05:00.000Z\"")]
    DateAlone,
    /// The calendar has no such day.
    #[error("there is no such day in the calendar")]
    NoSuchDay,
    /// A part of the time or of the offset is too great.
    #[error("{part} must be at most {max}")]
    TooGreat {
        /// Hour, minute, second and so on.
        part: &'static str,
        /// Its greatest value.
        max: u32,
    },
    /// The instant cannot be represented.
    #[error("the instant must lie in the years 1 to 9999 (UTC)")]
    OutOfRange,
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    blank_is_plus: bool,
}

impl Cursor<'_> {
    fn date(&mut self) -> Result<NaiveDate, BadDate> {
        let year = self.number(4, "a year of four digits")?;
        self.expect(b"-", "\"-\"")?;
        let month = self.number(2, "a month of two digits")?;
        self.expect(b"-", "\"-\"")?;
        let day = self.number(2, "a day of two digits")?;
        // The year has four digits, so the cast keeps its value.
        NaiveDate::from_ymd_opt(year as i32, month, day).ok_or(BadDate::NoSuchDay)
    }

    /// What follows the date.
    fn time_of(&mut self, date: NaiveDate, zone: Option<&Zone>) -> Result<Timestamp, BadDate> {
        self.expect(b"Tt", "\"T\"")?;
        let hour = self.at_most(23, "hour", "an hour of two digits")?;
        self.expect(b":", "\":\"")?;
        let minute = self.at_most(59, "minute", "a minute of two digits")?;
        let (mut second, mut millis) = (0, 0);
        if self.eat(b":") {
            second = self.at_most(59, "second", "a second of two digits")?;
            if self.eat(b".") {
                millis = self.fraction()?;
            }
        }
        let time = NaiveTime::from_hms_milli_opt(hour, minute, second, millis).ok_or(BadDate::NoSuchDay)?;
        let local = date.and_time(time);
        let suffix = self.offset_seconds()?;
        if !self.is_done() {
            return Err(self.syntax("the end of the text"));
        }
        instant(local, suffix, zone)
    }

    /// One to nine digits, cut to milliseconds.
    fn fraction(&mut self) -> Result<u32, BadDate> {
        let (mut millis, mut count) = (0, 0);
        while let Some(digit) = self.digit().filter(|_| count < 9) {
            if count < 3 {
                millis = millis * 10 + digit;
            }
            self.at += 1;
            count += 1;
        }
        if count == 0 {
            return Err(self.syntax("a digit"));
        }
        Ok((count..3).fold(millis, |millis, _| millis * 10))
    }

    /// The suffix, if there is one, in seconds east of UTC.
    fn offset_seconds(&mut self) -> Result<Option<i64>, BadDate> {
        if self.is_done() {
            return Ok(None);
        }
        if self.eat(b"Zz") {
            return Ok(Some(0));
        }
        let east = self.eat(b"+") || (self.blank_is_plus && self.eat(b" "));
        if !east {
            self.expect(b"-", "\"Z\" or an offset such as \"-05:00\"")?;
        }
        let hours = self.at_most(23, "hour of the offset", "an offset hour of two digits")?;
        let mut minutes = 0;
        if self.eat(b":") || !self.is_done() {
            minutes = self.at_most(59, "minute of the offset", "an offset minute of two digits")?;
        }
        let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
        Ok(Some(if east { seconds } else { -seconds }))
    }

    fn at_most(&mut self, max: u32, part: &'static str, wanted: &'static str) -> Result<u32, BadDate> {
        let number = self.number(2, wanted)?;
        if number <= max { Ok(number) } else { Err(BadDate::TooGreat { part, max }) }
    }

    fn number(&mut self, digits: usize, wanted: &'static str) -> Result<u32, BadDate> {
        let mut number = 0;
        for _ in 0..digits {
            let digit = self.digit().ok_or(self.syntax(wanted))?;
            number = number * 10 + digit;
            self.at += 1;
        }
        Ok(number)
    }

    fn expect(&mut self, any_of: &[u8], wanted: &'static str) -> Result<(), BadDate> {
        if self.eat(any_of) { Ok(()) } else { Err(self.syntax(wanted)) }
    }

    fn eat(&mut self, any_of: &[u8]) -> bool {
        let found = self.bytes.get(self.at).is_some_and(|byte| any_of.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn digit(&self) -> Option<u32> {
        self.bytes.get(self.at).filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'))
    }

    fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    fn syntax(&self, wanted: &'static str) -> BadDate {
        BadDate::Syntax { position: self.at + 1, wanted }
    }
}

fn instant(local: NaiveDateTime, suffix: Option<i64>, zone: Option<&Zone>) -> Result<Timestamp, BadDate> {
    match (suffix, zone) {
        (None, Some(zone)) => {
            in_range(local.and_utc().timestamp_millis())?;
            Ok(zone.instant(local))
        }
        (suffix, _) => in_range(local.and_utc().timestamp_millis() - suffix.unwrap_or(0) * 1000),
    }
}

fn in_range(millis: i64) -> Result<Timestamp, BadDate> {
    Timestamp::try_from(millis).map_err(|_| BadDate::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::ZoneDatabase;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        ZoneDatabase::embedded().zone(name).unwrap()
    }

    #[test]
    fn every_form_of_the_grammar() {
        let new_york = zone("America/New_York");
        let rows = [
            ("2031-03-04T15:05:00.000Z", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05:00Z", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05Z", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04t15:05:00z", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05:00.1Z", None, "2031-03-04T15:05:00.100Z"),
            ("2031-03-04T15:05:00.12-05:00", None, "2031-03-04T20:05:00.120Z"),
            ("2031-03-04T15:05:00.123999999+05:30", None, "2031-03-04T09:35:00.123Z"),
            ("2031-03-04T15:05:00+0530", None, "2031-03-04T09:35:00.000Z"),
            ("2031-03-04T15:05:00-05", None, "2031-03-04T20:05:00.000Z"),
            ("2031-03-04T15:05-05", None, "2031-03-04T20:05:00.000Z"),
            ("2031-03-04T15:05:00-00:00", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05:00", None, "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05:00", Some(&new_york), "2031-03-04T20:05:00.000Z"),
            ("2031-03-04T15:05:00Z", Some(&new_york), "2031-03-04T15:05:00.000Z"),
            ("2031-03-04T15:05:00+01:00", Some(&new_york), "2031-03-04T14:05:00.000Z"),
            ("2026-11-01T01:30:00", Some(&new_york), "2026-11-01T05:30:00.000Z"),
            ("2026-03-08T02:30:00", Some(&new_york), "2026-03-08T07:30:00.000Z"),
            ("2028-02-29T00:00:00Z", None, "2028-02-29T00:00:00.000Z"),
            ("0001-01-01T00:00:00Z", None, "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.999Z", None, "9999-12-31T23:59:59.999Z"),
        ];
        for (text, zone, wanted) in rows {
            assert_eq!(parse(text, zone).map(|t| t.to_string()), Ok(wanted.to_owned()), "{text}");
            assert_eq!(parse_query(text, zone), parse(text, zone), "{text} in a query");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let syntax = |position, wanted| BadDate::Syntax { position, wanted };
        let rows = [
            ("", syntax(1, "a year of four digits")),
            ("2031-3-04T15:05:00Z", syntax(7, "a month of two digits")),
            ("2031-03-04 15:05:00Z", syntax(11, "\"T\"")),
            ("2031-03-04T15", syntax(14, "\":\"")),
            ("2031-03-04T15:05:", syntax(18, "a second of two digits")),
            ("2031-03-04T15:05:00.", syntax(21, "a digit")),
            ("2031-03-04T15:05:00,5Z", syntax(20, "\"Z\" or an offset such as \"-05:00\"")),
            ("2031-03-04T15:05:00.1234567890Z", syntax(30, "\"Z\" or an offset such as \"-05:00\"")),
            ("2031-03-04T15:05:00ZZ", syntax(21, "the end of the text")),
            ("2031-03-04T15:05:00+05:", syntax(24, "an offset minute of two digits")),
            ("2031-03-04T15:05:00+053", syntax(24, "an offset minute of two digits")),
            ("2031-03-04T15:05:00+5", syntax(22, "an offset hour of two digits")),
            ("2031-03-04T15:05:00+05:300", syntax(26, "the end of the text")),
            (" 2031-03-04T15:05:00Z", syntax(1, "a year of four digits")),
            ("2031-03-04T15:05:00Z ", syntax(21, "the end of the text")),
            ("+12031-03-04T15:05:00Z", syntax(1, "a year of four digits")),
            ("２031-03-04T15:05:00Z", syntax(1, "a year of four digits")),
            ("1893553200000", syntax(5, "\"-\"")),
            ("2031-02-29T15:05:00Z", BadDate::NoSuchDay),
            ("2031-13-01T15:05:00Z", BadDate::NoSuchDay),
            ("2031-03-04T24:00:00Z", BadDate::TooGreat { part: "hour", max: 23 }),
            ("2031-03-04T15:60:00Z", BadDate::TooGreat { part: "minute", max: 59 }),
            ("2031-03-04T23:59:60Z", BadDate::TooGreat { part: "second", max: 59 }),
            ("2031-03-04T15:05:00+24:00", BadDate::TooGreat { part: "hour of the offset", max: 23 }),
            ("2031-03-04T15:05:00+05:60", BadDate::TooGreat { part: "minute of the offset", max: 59 }),
            ("0000-12-31T23:59:59Z", BadDate::OutOfRange),
            ("0001-01-01T00:00:00+00:01", BadDate::OutOfRange),
            ("9999-12-31T23:59:59-00:01", BadDate::OutOfRange),
        ];
        for (text, wanted) in rows {
            assert_eq!(parse(text, None), Err(wanted), "{text:?}");
            assert_eq!(parse_query(text, None), Err(wanted), "{text:?} in a query");
        }
        assert_eq!(parse("0000-12-31T23:59:59", Some(&zone("Etc/GMT+5"))), Err(BadDate::OutOfRange));
    }

    #[test]
    fn queries_forgive_a_blank_and_a_missing_time() {
        let santiago = zone("America/Santiago");
        let rows = [
            ("2031-03-04T15:05:00 05:30", None, "2031-03-04T09:35:00.000Z"),
            ("2031-03-04T15:05:00 0530", None, "2031-03-04T09:35:00.000Z"),
            ("2031-03-04T15:05:00.000 01", None, "2031-03-04T14:05:00.000Z"),
            ("2031-03-04", None, "2031-03-04T00:00:00.000Z"),
            ("2026-01-12", Some(&santiago), "2026-01-12T03:00:00.000Z"),
            // This day begins at 01:00.
            ("2026-09-06", Some(&santiago), "2026-09-06T04:00:00.000Z"),
        ];
        for (text, zone, wanted) in rows {
            assert_eq!(parse_query(text, zone).map(|t| t.to_string()), Ok(wanted.to_owned()), "{text}");
            assert!(parse(text, zone).is_err(), "{text} in a body");
        }
        assert_eq!(parse("2031-03-04", None), Err(BadDate::DateAlone));
        assert!(parse_query("2031-03-04T15:05:00 ", None).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", like in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.Zz+ -]{0,22}") {
            let zone = zone("Europe/Paris");
            for text in [&text, &like] {
                let _ = (parse(text, None), parse_query(text, Some(&zone)));
            }
        }
    }
}
