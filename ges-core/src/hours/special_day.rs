//! Dates that are not as other dates: special days, extra hours and the dates on which hours apply at all.

use chrono::{Datelike, NaiveDate};

use super::plan::{DayRange, number};

/// Local dates, once or every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// From the first to the last, both included.
    Once(NaiveDate, NaiveDate),
    /// From the first to the last (month, day) of each year, both included, and over New Year if the last comes earlier.
    /// 29 February exists in leap years only.
    Yearly(MonthDay, MonthDay),
}

pub(super) type MonthDay = (u32, u32);

/// A date or the yearly form of one, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Once(NaiveDate),
    Yearly(MonthDay),
}

impl Day {
    /// Reads `YYYY-MM-dd` or `MM-dd`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const WANTED: &str = "a date such as 2026-12-24, or 12-24 for every year, is needed";
        let read = |text, digits| number(text, digits..=digits);
        let day = match text.split('-').collect::<Vec<_>>()[..] {
            [year, month, day] => {
                let (year, month, day) = (read(year, 4), read(month, 2), read(day, 2));
                let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(WANTED) };
                // Four digits keep their value.
                NaiveDate::from_ymd_opt(year as i32, month, day).map(Day::Once)
            }
            [month, day] => {
                let (Some(month), Some(day)) = (read(month, 2), read(day, 2)) else { return Err(WANTED) };
                // Any leap year tells whether the day exists in some year.
                NaiveDate::from_ymd_opt(2024, month, day).map(|_| Day::Yearly((month, day)))
            }
            _ => return Err(WANTED),
        };
        day.ok_or("there is no such day in the calendar")
    }

    pub(super) fn only(self) -> Dates {
        match self {
            Day::Once(date) => Dates::Once(date, date),
            Day::Yearly(day) => Dates::Yearly(day, day),
        }
    }

    pub(super) fn until(self, last: Day) -> Result<Dates, &'static str> {
        match (self, last) {
            (Day::Once(from), Day::Once(to)) if from <= to => Ok(Dates::Once(from, to)),
            (Day::Once(_), Day::Once(_)) => Err("the last date must not come before the first"),
            (Day::Yearly(from), Day::Yearly(to)) => Ok(Dates::Yearly(from, to)),
            _ => Err("either both dates or none must have a year"),
        }
    }
}

impl Dates {
    pub(super) fn contains(&self, date: NaiveDate) -> bool {
        match *self {
            Dates::Once(from, to) => from <= date && date <= to,
            Dates::Yearly(from, to) => {
                let day = (date.month(), date.day());
                if from <= to { from <= day && day <= to } else { from <= day || day <= to }
            }
        }
    }
}

/// Dates whose regular hours are replaced ([callback-domain §4.2](crate::rules) rules 3 and 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SpecialDay {
    pub(super) dates: Dates,
    /// None means closed.
    pub(super) ranges: Vec<DayRange>,
}

/// The special day that owns a date: a dated one before a yearly one, then the later in the list.
pub(super) fn owner(special_days: &[SpecialDay], date: NaiveDate) -> Option<&SpecialDay> {
    let mut yearly = None;
    for special in special_days.iter().rev().filter(|special| special.dates.contains(date)) {
        match special.dates {
            Dates::Once(..) => return Some(special),
            Dates::Yearly(..) => yearly = yearly.or(Some(special)),
        }
    }
    yearly
}
