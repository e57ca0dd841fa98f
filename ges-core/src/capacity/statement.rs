//! The JSON statement in which capacity is typed ([callback-administration §5.4](crate::rules)).
//!
//! A day is `{"0900": 5, "0930": 3}`, a week `{"1": {…}, "7": {…}}` with 1 for Monday. A statement replaces whole days:
//! times it does not name become 0. All mistakes of a text are reported together, each with the key it concerns.

use std::fmt;

use chrono::Weekday;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{CapacityRule, DayCapacity, NotACapacityRule, PLACES_MAX, RuleSlot, WEEK};

impl DayCapacity {
    /// Reads the statement of one day.
    ///
    /// # Errors
    /// Everything that is wrong with the text.
    pub fn parse(slot: RuleSlot, text: &str) -> Result<Self, StatementErrors> {
        let entries: Entries<Value> = serde_json::from_str(text).map_err(not_json)?;
        let mut errors = Vec::new();
        let day = read_day(slot, "", entries, &mut errors);
        StatementErrors::unless_empty(errors, day)
    }

    /// Writes the statement that reads back as this day: only the numbers above 0, times ascending.
    pub fn statement(&self) -> String {
        let slot = self.slot();
        let named = self.places().iter().enumerate().filter(|&(_, &places)| places > 0);
        let pairs: Vec<String> =
            named.map(|(index, places)| format!("\"{}\":{places}", slot.label(index))).collect();
        format!("{{{}}}", pairs.join(","))
    }
}

/// The statement of a whole week: the days it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeekStatement {
    days: Vec<(Weekday, DayCapacity)>,
}

impl WeekStatement {
    /// Reads the statement of a week.
    ///
    /// # Errors
    /// Everything that is wrong with the text, over all days.
    pub fn parse(slot: RuleSlot, text: &str) -> Result<Self, StatementErrors> {
        let entries: Entries<Day> = serde_json::from_str(text).map_err(not_json)?;
        let mut errors = Vec::new();
        let mut days: Vec<(Weekday, DayCapacity)> = Vec::new();
        for (key, day) in entries.0 {
            let mut report = |problem| errors.push(StatementError { key: shown(&key), problem });
            match (weekday(&key), day) {
                (None, _) => report(Problem::NotADay),
                (Some(day), _) if days.iter().any(|(seen, _)| *seen == day) => report(Problem::Duplicate),
                (Some(_), Day::Other(_)) => report(Problem::NotAStatement),
                (Some(weekday), Day::Entries(entries)) => {
                    days.push((weekday, read_day(slot, &format!("{key}."), entries, &mut errors)));
                }
            }
        }
        StatementErrors::unless_empty(errors, WeekStatement { days })
    }

    /// The days named, in the order of the text.
    pub fn days(&self) -> &[(Weekday, DayCapacity)] {
        &self.days
    }
}

impl CapacityRule {
    /// Replaces the days a week statement names; the others stay as they are.
    ///
    /// # Errors
    /// [`NotACapacityRule::SlotLength`] when the statement was read for another slot length; nothing is replaced then.
    pub fn apply(&mut self, week: &WeekStatement) -> Result<(), NotACapacityRule> {
        let mut changed = self.clone();
        for (weekday, day) in &week.days {
            changed.set_day(*weekday, day.clone())?;
        }
        *self = changed;
        Ok(())
    }
}

/// Reads the pairs of one day, adding what is wrong to `errors`; `prefix` names the day there.
pub(super) fn read_day(
    slot: RuleSlot,
    prefix: &str,
    entries: Entries<Value>,
    errors: &mut Vec<StatementError>,
) -> DayCapacity {
    let mut seen = vec![None; slot.per_day()];
    for (key, value) in entries.0 {
        let mut report = |problem| {
            errors.push(StatementError { key: format!("{prefix}{}", shown(&key)), problem });
        };
        let index = match slot_index(slot, &key) {
            Ok(index) => index,
            Err(problem) => {
                report(problem);
                continue;
            }
        };
        let count = value.as_u64().filter(|&count| count <= u64::from(PLACES_MAX));
        match (seen.get_mut(index), count.and_then(|count| u16::try_from(count).ok())) {
            (Some(Some(_)), _) => report(Problem::Duplicate),
            (Some(place), Some(count)) => *place = Some(count),
            (Some(place), None) => {
                *place = Some(0);
                report(Problem::Count);
            }
            (None, _) => report(Problem::NotATime),
        }
    }
    let named = seen.into_iter().enumerate().filter_map(|(index, count)| Some((index, count?)));
    DayCapacity::from_named(slot, named)
}

/// The place in its day of the slot that starts at `HHMM`.
fn slot_index(slot: RuleSlot, key: &str) -> Result<usize, Problem> {
    let well_formed = key.len() == 4 && key.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = key.parse().ok().filter(|_| well_formed).ok_or(Problem::NotATime)?;
    let (hour, minute) = (number / 100, number % 100);
    if hour > 23 || minute > 59 {
        return Err(Problem::NotATime);
    }
    let minute_of_day = hour * 60 + minute;
    if minute_of_day % slot.minutes() != 0 {
        return Err(Problem::NotOnBoundary { slot: slot.minutes() });
    }
    Ok(slot.index_of_minute(minute_of_day))
}

/// The weekday with that number, `"1"` for Monday to `"7"` for Sunday.
pub(super) fn weekday(key: &str) -> Option<Weekday> {
    WEEK.into_iter().find(|day| key == day.number_from_monday().to_string())
}

pub(super) fn not_json(error: serde_json::Error) -> StatementErrors {
    let problem = Problem::NotJson { line: error.line(), column: error.column() };
    StatementErrors(vec![StatementError { key: String::new(), problem }])
}

/// A key as it may appear in an error: not longer than any key that would be right by much.
pub(super) fn shown(key: &str) -> String {
    key.chars().take(24).collect()
}

/// The pairs of a JSON object in the order of the text, duplicates included.
pub(super) struct Entries<V>(pub(super) Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Entries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Pairs<V> {
            type Value = Entries<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Entries(pairs))
            }
        }
        deserializer.deserialize_map(Pairs(std::marker::PhantomData))
    }
}

/// A day inside a week: its pairs, or something that is no object.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Day {
    Entries(Entries<Value>),
    Other(IgnoredAny),
}

/// One mistake in a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", named(key))]
pub struct StatementError {
    /// The key it concerns, `day.time` inside a week; empty when it concerns the text as a whole.
    pub key: String,
    /// What is wrong.
    pub problem: Problem,
}

fn named(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("{key:?}: ") }
}

/// What can be wrong with a key or its number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not JSON, or not an object.
    #[error(r#"not a JSON object such as {{"0900": 5}}, see line {line}, column {column}"#)]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Not a time of day.
    #[error("not a time; write HHMM from \"0000\" to \"2330\"")]
    NotATime,
    /// A time at which no slot starts.
    #[error("no slot starts then; slots start every {slot} minutes")]
    NotOnBoundary {
        /// Slot length, in minutes.
        slot: u32,
    },
    /// Named twice.
    #[error("named more than once")]
    Duplicate,
    /// Not a number of places.
    #[error("write a whole number from 0 to {PLACES_MAX}, without sign, fraction or exponent")]
    Count,
    /// Not the number of a day.
    #[error("not a day; write \"1\" for Monday to \"7\" for Sunday")]
    NotADay,
    /// A day that holds no statement.
    #[error(r#"not a statement; write an object such as {{"0900": 5}}"#)]
    NotAStatement,
}

/// Everything that is wrong with a statement; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct StatementErrors(pub Vec<StatementError>);

impl StatementErrors {
    fn unless_empty<T>(errors: Vec<StatementError>, value: T) -> Result<T, StatementErrors> {
        if errors.is_empty() { Ok(value) } else { Err(StatementErrors(errors)) }
    }
}

/// Errors in one line, separated by semicolons.
pub(super) fn listed<E: fmt::Display>(errors: &[E]) -> String {
    errors.iter().map(E::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn problems(errors: StatementErrors) -> Vec<(String, Problem)> {
        errors.0.into_iter().map(|error| (error.key, error.problem)).collect()
    }

    #[test]
    fn a_statement_replaces_the_whole_day() {
        let day = DayCapacity::parse(RuleSlot::Half, r#" {"0930": 3, "2330":1000, "0000":0} "#).unwrap();
        assert_eq!((day.at_minute(9 * 60 + 59), day.at_minute(9 * 60)), (3, 0));
        assert_eq!((day.at_minute(1439), day.total()), (1000, 1003));
        assert_eq!(DayCapacity::parse(RuleSlot::Half, "{}").unwrap(), DayCapacity::closed(RuleSlot::Half));
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let text = r#"{"0900": 1, "0900": 2, "0930": 1, "9": 1, "2400": 1, "0960": 1, "+100": 1, "１０００": 1,
            "1000": 1001, "1100": -1, "1200": 1.0, "1300": 1e2, "1400": "1", "1500": null, "1600": 1000}"#;
        let errors = problems(DayCapacity::parse(RuleSlot::Hour, text).unwrap_err());
        let expected = [
            ("0900", Problem::Duplicate),
            ("0930", Problem::NotOnBoundary { slot: 60 }),
            ("9", Problem::NotATime),
            ("2400", Problem::NotATime),
            ("0960", Problem::NotATime),
            ("+100", Problem::NotATime),
            ("１０００", Problem::NotATime),
            ("1000", Problem::Count),
            ("1100", Problem::Count),
            ("1200", Problem::Count),
            ("1300", Problem::Count),
            ("1400", Problem::Count),
            ("1500", Problem::Count),
        ];
        assert_eq!(errors, expected.map(|(key, problem)| (key.to_owned(), problem)));
    }

    #[test]
    fn what_is_not_a_json_object_is_refused() {
        for text in ["", "[]", "7", r#"{"0900":05}"#, r#"{"0900":1,}"#, r#"{"0900":1} x"#, r#"{'0900':1}"#] {
            let errors = problems(DayCapacity::parse(RuleSlot::Hour, text).unwrap_err());
            assert!(matches!(errors[..], [(_, Problem::NotJson { .. })]), "{text}: {errors:?}");
        }
    }

    #[test]
    fn a_week_names_its_days_by_number() {
        let week = WeekStatement::parse(RuleSlot::Hour, r#"{"7": {"0100": 3}, "1": {}}"#).unwrap();
        let mut rule = CapacityRule::empty("x", RuleSlot::Hour).unwrap();
        rule.set_day(Weekday::Tue, DayCapacity::parse(RuleSlot::Hour, r#"{"0500":9}"#).unwrap()).unwrap();
        rule.apply(&week).unwrap();
        assert_eq!(rule.day(Weekday::Sun).at_minute(60), 3);
        assert_eq!(rule.day(Weekday::Tue).total(), 9, "a day that is not named stays");
        assert!(CapacityRule::empty("x", RuleSlot::Half).unwrap().apply(&week).is_err());
    }

    #[test]
    fn mistakes_in_a_week_name_day_and_time() {
        let text = r#"{"1": {"0900": 1, "0900": 1}, "8": {}, "1": {}, "2": 5, "01": {}, "3": {"0915": 1}}"#;
        let errors = problems(WeekStatement::parse(RuleSlot::Hour, text).unwrap_err());
        let expected = [
            ("1.0900", Problem::Duplicate),
            ("8", Problem::NotADay),
            ("1", Problem::Duplicate),
            ("2", Problem::NotAStatement),
            ("01", Problem::NotADay),
            ("3.0915", Problem::NotOnBoundary { slot: 60 }),
        ];
        assert_eq!(errors, expected.map(|(key, problem)| (key.to_owned(), problem)));
    }

    #[test]
    fn an_error_says_what_where_and_what_would_be_right() {
        let error = DayCapacity::parse(RuleSlot::Half, r#"{"0915": 1, "0930": 2000}"#).unwrap_err();
        let expected = "\"0915\": no slot starts then; slots start every 30 minutes; \
                        \"0930\": write a whole number from 0 to 1000, without sign, fraction or exponent";
        assert_eq!(error.to_string(), expected);
    }

    proptest! {
        #[test]
        fn what_is_copied_can_be_pasted(half: bool, numbers in prop::collection::vec(0..=PLACES_MAX, 48)) {
            let slot = if half { RuleSlot::Half } else { RuleSlot::Hour };
            let day = DayCapacity::from_places(slot, &numbers[..slot.per_day()]).unwrap();
            prop_assert_eq!(&DayCapacity::parse(slot, &day.statement()).unwrap(), &day);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,60}") {
            let _ = DayCapacity::parse(RuleSlot::Hour, &text);
            let _ = WeekStatement::parse(RuleSlot::Half, &text);
        }
    }
}
