//! The weekly calendar of numbers.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike, Weekday};
use serde::{Deserialize, Serialize};

use super::{DayCapacity, NotACapacity, RuleSlot};

/// The days of the week in the order a rule lists them.
pub const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// A weekly calendar of capacity, with exceptions for single dates ([callback-administration §5.3](crate::rules)).
///
/// All days have the same slot length. A rule may hold nothing but zeros: then nothing can be booked.
///
/// ```
/// use chrono::{NaiveDate, Weekday};
/// use ges_core::capacity::{CapacityRule, DayCapacity, RuleSlot};
///
/// let mut rule = CapacityRule::empty("Sales", RuleSlot::Hour)?;
/// rule.set_day(Weekday::Mon, DayCapacity::parse(RuleSlot::Hour, r#"{"0900": 5, "1000": 3}"#)?)?;
/// let monday = NaiveDate::from_ymd_opt(2026, 1, 12).unwrap_or_default();
/// assert_eq!(rule.places_at(monday.and_hms_opt(9, 40, 0).unwrap_or_default()), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RuleForm", into = "RuleForm")]
pub struct CapacityRule {
    name: String,
    slot: RuleSlot,
    days: [DayCapacity; 7],
    exceptions: BTreeMap<NaiveDate, DayCapacity>,
}

impl CapacityRule {
    /// A new rule: every number 0.
    ///
    /// # Errors
    /// [`NotACapacityRule::Name`] unless the name has 1 to 64 characters.
    pub fn empty(name: impl Into<String>, slot: RuleSlot) -> Result<Self, NotACapacityRule> {
        let name = name.into();
        if !(1..=64).contains(&name.chars().count()) {
            return Err(NotACapacityRule::Name);
        }
        let days = std::array::from_fn(|_| DayCapacity::closed(slot));
        Ok(CapacityRule { name, slot, days, exceptions: BTreeMap::new() })
    }

    /// The name, unique within a tenant.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The slot length of all days.
    pub fn slot(&self) -> RuleSlot {
        self.slot
    }

    /// The numbers of a weekday.
    pub fn day(&self, weekday: Weekday) -> &DayCapacity {
        match weekday {
            Weekday::Mon => &self.days[0],
            Weekday::Tue => &self.days[1],
            Weekday::Wed => &self.days[2],
            Weekday::Thu => &self.days[3],
            Weekday::Fri => &self.days[4],
            Weekday::Sat => &self.days[5],
            Weekday::Sun => &self.days[6],
        }
    }

    /// The dates that have numbers of their own, in order.
    pub fn exceptions(&self) -> &BTreeMap<NaiveDate, DayCapacity> {
        &self.exceptions
    }

    /// Replaces the numbers of a weekday.
    ///
    /// # Errors
    /// [`NotACapacityRule::SlotLength`] when the day has another slot length than the rule.
    pub fn set_day(&mut self, weekday: Weekday, day: DayCapacity) -> Result<(), NotACapacityRule> {
        self.same_slot(&day)?;
        // The index is 0..=6 by definition of a weekday.
        self.days[weekday.num_days_from_monday() as usize] = day;
        Ok(())
    }

    /// Gives one date numbers of its own, in place of those of its weekday.
    ///
    /// # Errors
    /// [`NotACapacityRule::SlotLength`] when the day has another slot length than the rule.
    pub fn set_exception(&mut self, date: NaiveDate, day: DayCapacity) -> Result<(), NotACapacityRule> {
        self.same_slot(&day)?;
        self.exceptions.insert(date, day);
        Ok(())
    }

    /// The numbers in force on a date.
    pub fn on(&self, date: NaiveDate) -> &DayCapacity {
        // Asked once for every day of a calendar, mostly of a rule without exceptions.
        if self.exceptions.is_empty() {
            return self.day(date.weekday());
        }
        self.exceptions.get(&date).unwrap_or_else(|| self.day(date.weekday()))
    }

    /// The number *C* of the rule slot that holds a wall-clock time ([callback-domain §5.3](crate::rules)).
    pub fn places_at(&self, local: NaiveDateTime) -> u32 {
        u32::from(self.on(local.date()).at_minute(local.hour() * 60 + local.minute()))
    }

    fn same_slot(&self, day: &DayCapacity) -> Result<(), NotACapacityRule> {
        if day.slot() == self.slot {
            Ok(())
        } else {
            Err(NotACapacityRule::SlotLength { rule: self.slot.minutes(), day: day.slot().minutes() })
        }
    }
}

/// A day of a rule: of every week, or a single date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhichDay {
    Weekday(Weekday),
    Date(NaiveDate),
}

impl std::fmt::Display for WhichDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WhichDay::Weekday(weekday) => weekday.fmt(f),
            WhichDay::Date(date) => date.fmt(f),
        }
    }
}

/// What is wrong with a capacity rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACapacityRule {
    /// The name is empty or too long.
    #[error("name: a capacity rule needs a name of 1 to 64 characters")]
    Name,
    /// A day does not fit the rule.
    #[error("the day has slots of {day} minutes, but the rule has slots of {rule} minutes")]
    SlotLength {
        /// Slot length of the rule, in minutes.
        rule: u32,
        /// Slot length of the day, in minutes.
        day: u32,
    },
    /// Not seven days.
    #[error("days: a rule has 7 days, Monday first, but {0} are given")]
    Days(usize),
    /// The numbers of a day are wrong.
    #[error("{day}: {problem}")]
    Day {
        /// The weekday or date.
        day: String,
        /// What is wrong with its numbers.
        problem: NotACapacity,
    },
}

/// How a rule is written down.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    name: String,
    slot_minutes: RuleSlot,
    days: Vec<Vec<u16>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    exceptions: BTreeMap<NaiveDate, Vec<u16>>,
}

impl TryFrom<RuleForm> for CapacityRule {
    type Error = NotACapacityRule;
    fn try_from(form: RuleForm) -> Result<Self, NotACapacityRule> {
        let slot = form.slot_minutes;
        let mut rule = CapacityRule::empty(form.name, slot)?;
        if form.days.len() != WEEK.len() {
            return Err(NotACapacityRule::Days(form.days.len()));
        }
        let read = |which: WhichDay, places: &[u16]| {
            DayCapacity::from_places(slot, places)
                .map_err(|problem| NotACapacityRule::Day { day: which.to_string(), problem })
        };
        for (weekday, places) in WEEK.into_iter().zip(&form.days) {
            rule.set_day(weekday, read(WhichDay::Weekday(weekday), places)?)?;
        }
        for (date, places) in &form.exceptions {
            rule.set_exception(*date, read(WhichDay::Date(*date), places)?)?;
        }
        Ok(rule)
    }
}

impl From<CapacityRule> for RuleForm {
    fn from(rule: CapacityRule) -> RuleForm {
        RuleForm {
            name: rule.name,
            slot_minutes: rule.slot,
            days: rule.days.iter().map(|day| day.places().to_vec()).collect(),
            exceptions: rule.exceptions.iter().map(|(&date, day)| (date, day.places().to_vec())).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn rule() -> CapacityRule {
        let mut rule = CapacityRule::empty("Sales", RuleSlot::Hour).unwrap();
        let monday = DayCapacity::parse(RuleSlot::Hour, r#"{"0900": 5}"#).unwrap();
        rule.set_day(Weekday::Mon, monday).unwrap();
        rule
    }

    #[test]
    fn a_dated_exception_replaces_the_weekday_and_missing_entries_are_zero() {
        let mut rule = rule();
        let nine = date("2026-01-12").and_hms_opt(9, 59, 59).unwrap();
        assert_eq!(rule.places_at(nine), 5);
        assert_eq!(rule.places_at(nine + chrono::TimeDelta::seconds(1)), 0);
        rule.set_exception(nine.date(), DayCapacity::parse(RuleSlot::Hour, r#"{"1000":7}"#).unwrap())
            .unwrap();
        assert_eq!(rule.places_at(nine), 0);
        assert_eq!(rule.places_at(nine + chrono::TimeDelta::days(7)), 5);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut rule = rule();
        rule.set_exception(date("2026-12-24"), DayCapacity::closed(RuleSlot::Hour)).unwrap();
        let text = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<CapacityRule>(&text).unwrap(), rule);
    }

    #[test]
    fn mistakes_are_named() {
        let form = |name: &str, days: usize, places: &[u16]| {
            let mut week = vec![places.to_vec(); days.min(1)];
            week.resize(days, vec![0; 24]);
            serde_json::json!({ "name": name, "slot_minutes": 60, "days": week }).to_string()
        };
        let check = |text: String, expected: &str| {
            let error = serde_json::from_str::<CapacityRule>(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(form("", 7, &[0; 24]), "1 to 64 characters");
        check(form(&"x".repeat(65), 7, &[0; 24]), "1 to 64 characters");
        check(form("x", 6, &[0; 24]), "but 6 are given");
        check(form("x", 7, &[0; 23]), "Mon: a day needs 24 numbers");
        check(form("x", 7, &[1001; 24]), "Mon: the number at 0000 is above 1000");
        let half = DayCapacity::closed(RuleSlot::Half);
        let refused = rule().set_day(Weekday::Mon, half);
        assert_eq!(refused, Err(NotACapacityRule::SlotLength { rule: 60, day: 30 }));
    }
}
