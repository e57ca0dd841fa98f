//! Reading the capacity service of the predecessor ([callback-domain §5.1](crate::rules),
//! [callback-administration §5.2](crate::rules)).
//!
//! Its options are `_capacity` (a list of day names, boilerplate in practice), `_capacity_1` to `_capacity_7` (one
//! statement for each day, keyed by its number) and `_capacity_add` (dated exceptions, read here as an object of
//! `yyyy-MM-dd` to statement; only its empty form is published). Slots are one hour. `_timezone` has no counterpart: a
//! rule is read by the clock of the business hours. Other options of the section carry no numbers and are ignored.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::statement::{Day, Entries, listed, not_json, read_day, shown, weekday};
use super::{CapacityRule, Problem, RuleSlot, StatementError, WEEK};

const EXCEPTIONS: &str = "_capacity_add";

impl CapacityRule {
    /// A rule from the options of a capacity service of the predecessor.
    ///
    /// ```
    /// use ges_core::capacity::CapacityRule;
    ///
    /// let options = [("_capacity", "[Mon, Tue, Wed, Thu, Fri, Sat, Sun]"), ("_capacity_1", r#"{"1":{"0900":6}}"#)];
    /// let rule = CapacityRule::from_gms("Sales", options)?;
    /// assert_eq!(rule.day(chrono::Weekday::Mon).total(), 6);
    /// # Ok::<(), ges_core::capacity::GmsCapacityErrors>(())
    /// ```
    ///
    /// # Errors
    /// Everything that is wrong, each with the option it concerns.
    pub fn from_gms<'a>(
        name: &str,
        options: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, GmsCapacityErrors> {
        let slot = RuleSlot::Hour;
        let options: BTreeMap<&str, &str> = options.into_iter().collect();
        let mut errors = Vec::new();
        let mut rule = CapacityRule::empty(name, slot).map_err(|_| {
            let what = "a capacity rule needs a name of 1 to 64 characters".to_owned();
            GmsCapacityErrors(vec![GmsCapacityError { option: "name".to_owned(), what }])
        })?;
        if let Some(list) = options.get("_capacity") {
            check_list(list, &mut errors);
        }
        for day in WEEK {
            let key = day.number_from_monday().to_string();
            let option = format!("_capacity_{key}");
            let Some(text) = options.get(option.as_str()) else { continue };
            for (found, numbers) in read(slot, &option, text, &mut errors) {
                if weekday(&found) == Some(day) {
                    // The slot length is the rule's own, so nothing is refused.
                    let _ = rule.set_day(day, numbers);
                } else {
                    let what = format!("holds day {:?}, but this option is for \"{key}\"", shown(&found));
                    errors.push(GmsCapacityError { option: option.clone(), what });
                }
            }
        }
        if let Some(text) = options.get(EXCEPTIONS) {
            for (found, numbers) in read(slot, EXCEPTIONS, text, &mut errors) {
                match found.parse::<NaiveDate>() {
                    Ok(date) => {
                        // As above.
                        let _ = rule.set_exception(date, numbers);
                    }
                    Err(_) => {
                        let what = format!("{:?} is not a date; write yyyy-MM-dd", shown(&found));
                        errors.push(GmsCapacityError { option: EXCEPTIONS.to_owned(), what });
                    }
                }
            }
        }
        if errors.is_empty() { Ok(rule) } else { Err(GmsCapacityErrors(errors)) }
    }
}

/// `_capacity` names the days in order; a list that says anything else is not understood.
fn check_list(list: &str, errors: &mut Vec<GmsCapacityError>) {
    let inner = list.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let names: Option<Vec<&str>> = inner.map(|inner| inner.split(',').map(str::trim).collect());
    if names != Some(vec!["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]) {
        let what = "write [Mon, Tue, Wed, Thu, Fri, Sat, Sun], or leave the option out".to_owned();
        errors.push(GmsCapacityError { option: "_capacity".to_owned(), what });
    }
}

/// The days in one option, by the key each is filed under.
fn read(
    slot: RuleSlot,
    option: &str,
    text: &str,
    errors: &mut Vec<GmsCapacityError>,
) -> Vec<(String, super::DayCapacity)> {
    let mut report = |error: StatementError| {
        errors.push(GmsCapacityError { option: option.to_owned(), what: error.to_string() });
    };
    let entries = match serde_json::from_str::<Entries<Day>>(text) {
        Ok(entries) => entries,
        Err(error) => {
            not_json(error).0.into_iter().for_each(report);
            return Vec::new();
        }
    };
    let mut days: Vec<(String, super::DayCapacity)> = Vec::new();
    for (key, day) in entries.0 {
        match day {
            _ if days.iter().any(|(seen, _)| *seen == key) => {
                report(StatementError { key: shown(&key), problem: Problem::Duplicate });
            }
            Day::Other(_) => report(StatementError { key: shown(&key), problem: Problem::NotAStatement }),
            Day::Entries(pairs) => {
                let mut inner = Vec::new();
                let numbers = read_day(slot, &format!("{}.", shown(&key)), pairs, &mut inner);
                inner.into_iter().for_each(&mut report);
                days.push((key, numbers));
            }
        }
    }
    days
}

/// One mistake in a capacity service of the predecessor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option}: {what}")]
pub struct GmsCapacityError {
    /// The option it concerns.
    pub option: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// Everything that is wrong with a capacity service of the predecessor; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct GmsCapacityErrors(pub Vec<GmsCapacityError>);

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    #[test]
    fn the_published_sample_is_read() {
        let options = [
            ("_capacity", "[Mon, Tue, Wed, Thu, Fri, Sat, Sun]"),
            ("_capacity_1", r#"{"1":{"0000":1,"0100":3}}"#),
            ("_capacity_2", r#"{"2":{"0100":3}}"#),
            ("_capacity_add", "{}"),
            ("_service", "capacity"),
            ("_timezone", "UTC"),
        ];
        let rule = CapacityRule::from_gms("Sales", options).unwrap();
        assert_eq!(rule.slot(), RuleSlot::Hour);
        assert_eq!(rule.day(Weekday::Mon).statement(), r#"{"0000":1,"0100":3}"#);
        assert_eq!(rule.day(Weekday::Wed).total(), 0);
        assert!(rule.exceptions().is_empty());
    }

    #[test]
    fn dated_exceptions_are_read() {
        let add = r#"{"2026-12-24": {"0900": 2}, "2026-12-25": {}}"#;
        let rule = CapacityRule::from_gms("Sales", [("_capacity_add", add)]).unwrap();
        let totals: Vec<u32> = rule.exceptions().values().map(super::super::DayCapacity::total).collect();
        assert_eq!(totals, [2, 0]);
    }

    #[test]
    fn mistakes_are_named_with_their_option() {
        let options = [
            ("_capacity", "[Mon]"),
            ("_capacity_1", r#"{"2":{}}"#),
            ("_capacity_2", "7"),
            ("_capacity_3", r#"{"3":{"0930":1}}"#),
            ("_capacity_add", r#"{"24.12.": {}, "2026-12-24": {}, "2026-12-24": {}}"#),
        ];
        let errors = CapacityRule::from_gms("Sales", options).unwrap_err();
        let text: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "_capacity: write [Mon, Tue, Wed, Thu, Fri, Sat, Sun], or leave the option out",
                "_capacity_1: holds day \"2\", but this option is for \"1\"",
                "_capacity_2: not a JSON object such as {\"0900\": 5}, see line 1, column 1",
                "_capacity_3: \"3.0930\": no slot starts then; slots start every 60 minutes",
                "_capacity_add: \"2026-12-24\": named more than once",
                "_capacity_add: \"24.12.\" is not a date; write yyyy-MM-dd",
            ]
        );
        assert!(CapacityRule::from_gms("", []).is_err());
    }
}
