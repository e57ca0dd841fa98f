//! The plan of an office apart from its zone: what is in force on each local date.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};

use super::special_day::{Dates, SpecialDay, owner};

pub(super) const DAY_MINUTES: u32 = 24 * 60;

/// Opening hours that begin on some day, in minutes after its midnight. A close beyond 24:00 lies on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayRange {
    pub(super) open: u32,
    pub(super) close: u32,
}

impl DayRange {
    pub(super) const ALL_DAY: DayRange = DayRange { open: 0, close: DAY_MINUTES };

    /// From `open` to `close` ([callback-domain §4.2](crate::rules) rule 1); a close earlier than the open is meant for
    /// the next day.
    pub(super) fn new(open: u32, close: u32) -> Result<Self, &'static str> {
        if open >= DAY_MINUTES {
            return Err("hours must open before 24:00");
        }
        match close {
            _ if close == open => Err("hours must not close at the minute they open; all day is 00:00-24:00"),
            _ if close < open => Ok(DayRange { open, close: close + DAY_MINUTES }),
            _ => Ok(DayRange { open, close }),
        }
    }

    /// Reads `HH:mm-HH:mm`; the first digit of an hour may be missing.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (open, close) = text.split_once('-').ok_or("hours such as 09:00-17:00 are needed")?;
        DayRange::new(clock(open)?, clock(close)?)
    }
}

/// Reads `HH:mm` or `H:mm`, from `00:00` to `24:00`, as minutes after midnight.
pub(super) fn clock(text: &str) -> Result<u32, &'static str> {
    let (hour, minute) = text.split_once(':').ok_or("a time such as 09:00 is needed")?;
    let (hour, minute) = (number(hour, 1..=2), number(minute, 2..=2));
    let (Some(hour), Some(minute)) = (hour, minute) else { return Err("a time such as 09:00 is needed") };
    let minutes = hour * 60 + minute;
    if minute < 60 && minutes <= DAY_MINUTES { Ok(minutes) } else { Err("times go from 00:00 to 24:00") }
}

/// Reads a number of so many plain digits.
pub(super) fn number(text: &str, digits: RangeInclusive<usize>) -> Option<u32> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Hours that open on each weekday, Monday first.
    pub(super) week: [Vec<DayRange>; 7],
    /// In the order in which they were listed.
    pub(super) special_days: Vec<SpecialDay>,
    /// Hours that are added to whatever else is in force.
    pub(super) extra: Vec<(Dates, DayRange)>,
    /// The dates on which there are hours at all; every date if empty.
    pub(super) effective: Vec<Dates>,
}

/// What is in force on one date.
struct InForce<'a> {
    ranges: &'a [DayRange],
    /// Whether extra hours count on it.
    takes_extra: bool,
    /// Whether hours that began the day before end at midnight.
    cuts_tails: bool,
}

impl Plan {
    pub(super) fn always() -> Self {
        Plan { week: std::array::from_fn(|_| vec![DayRange::ALL_DAY]), ..Plan::default() }
    }

    /// Whether the office is open when its wall clock shows `local`.
    pub(super) fn is_open(&self, local: NaiveDateTime) -> bool {
        let minute = local.hour() * 60 + local.minute();
        let mut open = false;
        self.for_each_stretch(local.date(), |from, to| open |= from <= minute && minute < to);
        open
    }

    /// The open stretches of a date in minutes after midnight, within 0 and 1440, in no order and perhaps overlapping:
    /// hours that open on the date, and what is left of those that opened the day before.
    pub(super) fn for_each_stretch(&self, date: NaiveDate, mut found: impl FnMut(u32, u32)) {
        let today = self.in_force(date);
        self.for_each_range(date, &today, |range| found(range.open, range.close.min(DAY_MINUTES)));
        if !today.cuts_tails
            && let Some(before) = date.pred_opt()
        {
            let yesterday = self.in_force(before);
            self.for_each_range(before, &yesterday, |range| {
                if range.close > DAY_MINUTES {
                    found(0, range.close - DAY_MINUTES);
                }
            });
        }
    }

    /// Rules 2 to 5 of [callback-domain §4.2](crate::rules).
    fn in_force(&self, date: NaiveDate) -> InForce<'_> {
        if !self.effective.is_empty() && !self.effective.iter().any(|dates| dates.contains(date)) {
            return InForce { ranges: &[], takes_extra: false, cuts_tails: true };
        }
        match owner(&self.special_days, date) {
            Some(special) => InForce { ranges: &special.ranges, takes_extra: true, cuts_tails: true },
            None => {
                let weekday = date.weekday().num_days_from_monday() as usize;
                let ranges = self.week.get(weekday).map_or(&[][..], Vec::as_slice);
                InForce { ranges, takes_extra: true, cuts_tails: false }
            }
        }
    }

    fn for_each_range(&self, date: NaiveDate, in_force: &InForce<'_>, mut found: impl FnMut(DayRange)) {
        in_force.ranges.iter().copied().for_each(&mut found);
        if in_force.takes_extra {
            let extra = self.extra.iter().filter(|(dates, _)| dates.contains(date));
            extra.for_each(|(_, range)| found(*range));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_written() {
        let rows = [
            ("09:00-17:00", Ok((540, 1020))),
            ("9:00-17:00", Ok((540, 1020))),
            ("00:00-24:00", Ok((0, 1440))),
            ("19:00-7:00", Ok((1140, 1860))),
            ("22:00-00:00", Ok((1320, 1440))),
            ("09:00-09:00", Err("hours must not close at the minute they open; all day is 00:00-24:00")),
            ("24:00-08:00", Err("hours must open before 24:00")),
            ("09:00-24:01", Err("times go from 00:00 to 24:00")),
            ("09:60-10:00", Err("times go from 00:00 to 24:00")),
            ("09:00", Err("hours such as 09:00-17:00 are needed")),
            ("09:00-17", Err("a time such as 09:00 is needed")),
            ("+9:00-17:00", Err("a time such as 09:00 is needed")),
            ("09:0-17:00", Err("a time such as 09:00 is needed")),
        ];
        for (text, wanted) in rows {
            assert_eq!(DayRange::parse(text).map(|r| (r.open, r.close)), wanted, "{text}");
        }
    }
}
