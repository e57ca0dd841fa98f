//! Changing the slot length of a saved rule ([callback-administration §5.7](crate::rules)).

use super::rule::WhichDay;
use super::{CapacityRule, DayCapacity, PLACES_MAX, RuleSlot};

impl CapacityRule {
    /// The same rule with another slot length, the sum of every hour kept: an hour's number is split into a half
    /// rounded up and a half rounded down; two halves are added.
    ///
    /// Nothing is stored here, and bookings already made are not touched. Adding two halves forgets how they were
    /// divided; [`CapacityRule::switching_forgets`] tells beforehand.
    ///
    /// # Errors
    /// Every hour whose halves add up to more than [`PLACES_MAX`].
    pub fn with_slot(&self, slot: RuleSlot) -> Result<CapacityRule, Vec<TooManyInHour>> {
        let mut refused = Vec::new();
        let switched = self.try_map_days(slot, |which, day| {
            Ok::<_, std::convert::Infallible>(match (self.slot(), slot) {
                (RuleSlot::Hour, RuleSlot::Half) => split(day),
                (RuleSlot::Half, RuleSlot::Hour) => join(which, day, &mut refused),
                _ => day.clone(),
            })
        });
        match switched {
            Ok(rule) if refused.is_empty() => Ok(rule),
            Ok(_) => Err(refused),
        }
    }

    /// Whether switching to that slot length and back would not give this rule again.
    pub fn switching_forgets(&self, slot: RuleSlot) -> bool {
        let back = self.with_slot(slot).and_then(|switched| switched.with_slot(self.slot()));
        back.as_ref() != Ok(self)
    }
}

fn split(day: &DayCapacity) -> DayCapacity {
    let halves = day.places().iter().flat_map(|&v| [v.div_ceil(2), v / 2]);
    DayCapacity::from_named(RuleSlot::Half, halves.enumerate())
}

fn join(which: WhichDay, day: &DayCapacity, refused: &mut Vec<TooManyInHour>) -> DayCapacity {
    let sums = day.places().chunks(2).map(|halves| halves.iter().sum::<u16>());
    for (index, sum) in sums.clone().enumerate().filter(|&(_, sum)| sum > PLACES_MAX) {
        refused.push(TooManyInHour {
            day: which.to_string(),
            time: RuleSlot::Hour.label(index).to_string(),
            sum,
        });
    }
    DayCapacity::from_named(RuleSlot::Hour, sums.enumerate())
}

/// Two half hours that hold more together than an hour may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{day} {time}: the two half hours hold {sum} together, but an hour holds at most {PLACES_MAX}")]
pub struct TooManyInHour {
    /// The weekday or date.
    pub day: String,
    /// Start of the hour, `HHMM`.
    pub time: String,
    /// What the halves add up to.
    pub sum: u16,
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    fn rule(slot: RuleSlot, statement: &str) -> CapacityRule {
        let mut rule = CapacityRule::empty("x", slot).unwrap();
        rule.set_day(Weekday::Wed, DayCapacity::parse(slot, statement).unwrap()).unwrap();
        let date = "2026-12-24".parse().unwrap();
        rule.set_exception(date, DayCapacity::parse(slot, statement).unwrap()).unwrap();
        rule
    }

    #[test]
    fn hours_split_with_the_larger_half_first_and_come_back() {
        let hours = rule(RuleSlot::Hour, r#"{"1000": 7, "1100": 1000}"#);
        let halves = hours.with_slot(RuleSlot::Half).unwrap();
        let expected = r#"{"1000": 4, "1030": 3, "1100": 500, "1130": 500}"#;
        assert_eq!(halves, rule(RuleSlot::Half, expected));
        assert_eq!(halves.with_slot(RuleSlot::Hour).unwrap(), hours);
        assert!(!hours.switching_forgets(RuleSlot::Half));
    }

    #[test]
    fn halves_that_were_uneven_are_forgotten() {
        let halves = rule(RuleSlot::Half, r#"{"1000": 5, "1030": 1}"#);
        assert!(halves.switching_forgets(RuleSlot::Hour));
        let there = halves.with_slot(RuleSlot::Hour).unwrap();
        assert_eq!(there.with_slot(RuleSlot::Half).unwrap(), rule(RuleSlot::Half, r#"{"1000":3,"1030":3}"#));
    }

    #[test]
    fn an_hour_that_would_hold_too_much_is_named() {
        let refused = rule(RuleSlot::Half, r#"{"1000": 600, "1030": 401, "1100": 600, "1130": 400}"#)
            .with_slot(RuleSlot::Hour)
            .unwrap_err();
        let named: Vec<String> = refused.iter().map(|hour| format!("{} {}", hour.day, hour.time)).collect();
        assert_eq!(named, ["Wed 1000", "2026-12-24 1000"]);
    }
}
