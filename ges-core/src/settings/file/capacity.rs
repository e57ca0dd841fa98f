//! Capacity rules of the file: a weekly table, or the JSON statement a supervisor would paste.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
use serde::Deserialize;
use toml::de::DeTable;

use super::item::Reading;
use crate::capacity::{CapacityRule, DayCapacity, RuleSlot, WeekStatement};
use crate::settings::Fault;

/// Start of slot, `HHMM` → places.
type Day = BTreeMap<String, i64>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityForm {
    #[serde(default)]
    slot_minutes: RuleSlot,
    /// A whole week in JSON ([callback-administration §5.4](crate::rules)).
    #[serde(default)]
    statement: Option<String>,
    /// Days that stand beside the statement and replace those of it.
    #[serde(default)]
    week: WeekForm,
    /// `yyyy-MM-dd` → a day.
    #[serde(default)]
    exceptions: BTreeMap<String, Day>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WeekForm {
    monday: Option<Day>,
    tuesday: Option<Day>,
    wednesday: Option<Day>,
    thursday: Option<Day>,
    friday: Option<Day>,
    saturday: Option<Day>,
    sunday: Option<Day>,
}

impl WeekForm {
    fn days(&self) -> impl Iterator<Item = (&'static str, Weekday, &Day)> {
        [
            ("monday", Weekday::Mon, &self.monday),
            ("tuesday", Weekday::Tue, &self.tuesday),
            ("wednesday", Weekday::Wed, &self.wednesday),
            ("thursday", Weekday::Thu, &self.thursday),
            ("friday", Weekday::Fri, &self.friday),
            ("saturday", Weekday::Sat, &self.saturday),
            ("sunday", Weekday::Sun, &self.sunday),
        ]
        .into_iter()
        .filter_map(|(name, weekday, day)| day.as_ref().map(|day| (name, weekday, day)))
    }
}

pub(super) fn read(
    reading: &mut Reading<'_>,
    section: &str,
    name: &str,
    table: DeTable<'_>,
) -> Option<CapacityRule> {
    let form: CapacityForm = reading.table_item(section, table)?;
    let slot = form.slot_minutes;
    let mut rule = match CapacityRule::empty(name, slot) {
        Ok(rule) => rule,
        Err(problem) => {
            reading.fault(Fault::new(section, "", problem.to_string(), ""));
            return None;
        }
    };
    let mut good = true;
    let mut wrong = |field: &str, problem: String| {
        reading.fault(Fault::new(section, field, problem, ""));
        good = false;
    };
    if let Some(text) = &form.statement {
        let applied = WeekStatement::parse(slot, text).map_err(|errors| errors.to_string());
        let applied = applied.and_then(|week| rule.apply(&week).map_err(|problem| problem.to_string()));
        applied.unwrap_or_else(|problem| wrong("statement", problem));
    }
    for (name, weekday, day) in form.week.days() {
        let set = read_day(slot, day);
        let set = set.and_then(|day| rule.set_day(weekday, day).map_err(|problem| problem.to_string()));
        set.unwrap_or_else(|problem| wrong(&format!("week.{name}"), problem));
    }
    for (date, day) in &form.exceptions {
        let set = date.parse::<NaiveDate>().map_err(|_| "is not a date; write yyyy-MM-dd".to_owned());
        let set = set.and_then(|date| Ok((date, read_day(slot, day)?)));
        let set =
            set.and_then(|(date, day)| rule.set_exception(date, day).map_err(|problem| problem.to_string()));
        set.unwrap_or_else(|problem| wrong(&format!("exceptions.{date}"), problem));
    }
    good.then_some(rule)
}

/// A day has one grammar, the statement's, however it is written.
fn read_day(slot: RuleSlot, day: &Day) -> Result<DayCapacity, String> {
    let statement = serde_json::to_string(day).map_err(|error| error.to_string())?;
    DayCapacity::parse(slot, &statement).map_err(|errors| errors.to_string())
}
