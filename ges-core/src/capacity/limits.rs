//! What a rule's number means for a booking interval ([callback-domain §5.3](crate::rules)).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BookingInterval, CapacityRule, RuleSlot};

/// How a rule's number is read when the booking interval is shorter than the rule's slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortInterval {
    /// Each interval gets its share, rounded up, and the rule slot as a whole holds no more than its number.
    #[default]
    Proportional,
    /// Each interval gets the whole number, as the predecessor did; the rule slot as a whole has no limit.
    PerBucket,
}

/// How many scheduled callbacks a service takes: the number from its own settings, or a rule that overrides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Length of the intervals that are offered and booked.
    pub interval: BookingInterval,
    /// Places of every interval when no rule is assigned (option `_max_request_by_time_bucket`).
    pub per_interval: u32,
    /// The assigned rule; its numbers replace `per_interval`.
    pub rule: Option<Arc<CapacityRule>>,
    /// How the rule's numbers are read when the interval is shorter than the rule's slot.
    pub short_interval: ShortInterval,
}

impl Capacity {
    /// The same number of places in every interval, without a rule.
    pub fn flat(interval: BookingInterval, per_interval: u32) -> Self {
        Capacity { interval, per_interval, rule: None, short_interval: ShortInterval::default() }
    }

    /// The numbers of a rule.
    pub fn ruled(interval: BookingInterval, rule: Arc<CapacityRule>, short_interval: ShortInterval) -> Self {
        Capacity { interval, per_interval: 0, rule: Some(rule), short_interval }
    }

    /// The slot length of the rule, when the rule slot as a whole has a limit beside that of the interval.
    pub fn second_limit(&self) -> Option<RuleSlot> {
        let slot = self.rule.as_ref()?.slot();
        let shorter = self.interval.minutes() < slot.minutes();
        (shorter && self.short_interval == ShortInterval::Proportional).then_some(slot)
    }
}

/// The limits that follow from one rule number *C*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Places of a booking interval inside the rule slot.
    pub interval: u32,
    /// Places of the rule slot as a whole, where it has a limit of its own.
    pub rule_slot: Option<u32>,
}

impl Limits {
    /// The limits of an interval that is not longer than the rule slot it lies in. (A longer one adds up the numbers
    /// of the rule slots it covers.)
    ///
    /// ```
    /// use ges_core::capacity::{BookingInterval, Limits, RuleSlot, ShortInterval};
    ///
    /// let limits = Limits::within(10, BookingInterval::M15, RuleSlot::Hour, ShortInterval::Proportional);
    /// assert_eq!(limits, Limits { interval: 3, rule_slot: Some(10) });
    /// ```
    pub fn within(c: u32, interval: BookingInterval, slot: RuleSlot, short: ShortInterval) -> Limits {
        let (b, s) = (u64::from(interval.minutes()), u64::from(slot.minutes()));
        if b >= s || short == ShortInterval::PerBucket {
            return Limits { interval: c, rule_slot: None };
        }
        // Never above c, because b < s, so it fits.
        let share = (u64::from(c) * b).div_ceil(s);
        Limits { interval: u32::try_from(share).unwrap_or(c), rule_slot: Some(c) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arithmetic of [callback-administration §5.6](crate::rules).
    #[test]
    fn worked_examples_of_the_limits() {
        use BookingInterval as B;
        use RuleSlot::{Half, Hour};
        use ShortInterval::{PerBucket, Proportional};
        let rows = [
            ("1", 4, B::M60, Hour, Proportional, 4, None),
            ("3", 10, B::M15, Hour, Proportional, 3, Some(10)),
            ("5", 1, B::M15, Hour, Proportional, 1, Some(1)),
            ("6", 5, B::M5, Half, Proportional, 1, Some(5)),
            ("7", 10, B::M5, Hour, PerBucket, 10, None),
            ("8", 6, B::M30, Hour, Proportional, 3, Some(6)),
            ("zero", 0, B::M5, Hour, Proportional, 0, Some(0)),
            ("full hour", 1000, B::M30, Hour, Proportional, 500, Some(1000)),
        ];
        for (row, c, interval, slot, short, limit, rule_slot) in rows {
            let expected = Limits { interval: limit, rule_slot };
            assert_eq!(Limits::within(c, interval, slot, short), expected, "example {row}");
        }
    }
}
