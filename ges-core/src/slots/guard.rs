//! What a booking asks the store to make sure of.

use crate::{Interval, Timestamp};

/// A promise the store keeps in the step that takes a place: after it, no more than `limit` place-holding records of
/// the service have a desired time inside `range` ([callback-domain §5.6, §22](crate::rules)
/// [invariant 1](crate::rules)).
///
/// A record that moves is not counted twice: its old place is given up in the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceGuard {
    /// The desired times that count.
    pub range: Interval,
    /// How many may be there, the new one included.
    pub limit: u32,
}

/// The promises a booking needs: one for its interval and, where a rule gives the rule slot a limit of its own, one
/// for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceGuards {
    /// The interval that holds the desired time.
    pub interval: PlaceGuard,
    /// The rule slot that holds the desired time.
    pub rule_slot: Option<PlaceGuard>,
}

impl PlaceGuards {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = PlaceGuard> {
        std::iter::once(self.interval).chain(self.rule_slot)
    }

    /// Whether one more place can be taken at `desired`, when `held` tells how many are held in a range. What a store
    /// does within its atomic step.
    pub fn admit(&self, desired: Timestamp, mut held: impl FnMut(Interval) -> u32) -> bool {
        self.iter().all(|guard| guard.range.contains(desired) && held(guard.range) < guard.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_guard_must_have_room_and_hold_the_desired_time() {
        let minutes = |from: i64, to: i64| {
            Interval::new(Timestamp::from_secs(from * 60), Timestamp::from_secs(to * 60))
        };
        let guards = PlaceGuards {
            interval: PlaceGuard { range: minutes(15, 30), limit: 3 },
            rule_slot: Some(PlaceGuard { range: minutes(0, 60), limit: 10 }),
        };
        let admit = |in_interval, in_rule_slot, minute: i64| {
            let held = |range| if range == minutes(15, 30) { in_interval } else { in_rule_slot };
            guards.admit(Timestamp::from_secs(minute * 60), held)
        };
        assert!(admit(2, 9, 20));
        assert!(!admit(3, 9, 20), "the interval is full");
        assert!(!admit(2, 10, 20), "the rule slot is full");
        assert!(!admit(0, 0, 30), "the guards are for another time");
    }
}
