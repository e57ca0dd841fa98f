//! The two lengths of time: what is offered, and what a rule counts in.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Length of the intervals that are offered and booked: 5, 10, 15, 20, 30, 60 or 120 minutes (option
/// `_request_time_bucket`, [callback-domain §3.3](crate::rules)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum BookingInterval {
    /// 5 minutes, the value where nothing is configured.
    #[default]
    M5,
    /// 10 minutes.
    M10,
    /// 15 minutes.
    M15,
    /// 20 minutes.
    M20,
    /// 30 minutes.
    M30,
    /// One hour.
    M60,
    /// Two hours.
    M120,
}

impl BookingInterval {
    /// Every length there is, shortest first.
    pub const ALL: [BookingInterval; 7] =
        [Self::M5, Self::M10, Self::M15, Self::M20, Self::M30, Self::M60, Self::M120];

    /// The length in minutes.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::M5 => 5,
            Self::M10 => 10,
            Self::M15 => 15,
            Self::M20 => 20,
            Self::M30 => 30,
            Self::M60 => 60,
            Self::M120 => 120,
        }
    }
}

impl TryFrom<u32> for BookingInterval {
    type Error = NotABookingInterval;
    fn try_from(minutes: u32) -> Result<Self, NotABookingInterval> {
        Self::ALL.into_iter().find(|length| length.minutes() == minutes).ok_or(NotABookingInterval(minutes))
    }
}

impl From<BookingInterval> for u32 {
    fn from(interval: BookingInterval) -> u32 {
        interval.minutes()
    }
}

/// A number of minutes that is no booking interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} minutes is not a booking interval; use 5, 10, 15, 20, 30, 60 or 120")]
pub struct NotABookingInterval(pub u32);

/// Length of the slots of a capacity rule: half an hour or one hour, the same for the whole rule
/// ([callback-administration §5.1](crate::rules)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum RuleSlot {
    /// 30 minutes, 48 slots a day.
    Half,
    /// 60 minutes, 24 slots a day.
    #[default]
    Hour,
}

impl RuleSlot {
    /// The length in minutes.
    pub const fn minutes(self) -> u32 {
        match self {
            Self::Half => 30,
            Self::Hour => 60,
        }
    }

    /// How many slots a wall-clock day has: 48 or 24.
    pub const fn per_day(self) -> usize {
        match self {
            Self::Half => 48,
            Self::Hour => 24,
        }
    }

    /// The slot's place in its day for a minute of the day (0..1440).
    pub const fn index_of_minute(self, minute_of_day: u32) -> usize {
        (minute_of_day / self.minutes()) as usize
    }

    /// How the statement grammar writes the start of the slot with that place in its day: `HHMM`.
    pub(super) fn label(self, index: usize) -> Label {
        Label(index * self.minutes() as usize)
    }
}

/// A time of day written `HHMM`, from its minute of the day.
pub(super) struct Label(usize);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}{:02}", self.0 / 60, self.0 % 60)
    }
}

impl TryFrom<u32> for RuleSlot {
    type Error = NotARuleSlot;
    fn try_from(minutes: u32) -> Result<Self, NotARuleSlot> {
        match minutes {
            30 => Ok(Self::Half),
            60 => Ok(Self::Hour),
            _ => Err(NotARuleSlot(minutes)),
        }
    }
}

impl From<RuleSlot> for u32 {
    fn from(slot: RuleSlot) -> u32 {
        slot.minutes()
    }
}

/// A number of minutes that is no slot length of a capacity rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} minutes is not a slot length of a capacity rule; use 30 or 60")]
pub struct NotARuleSlot(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_lengths_are_read() {
        for minutes in 0..=300 {
            let allowed = [5, 10, 15, 20, 30, 60, 120].contains(&minutes);
            assert_eq!(BookingInterval::try_from(minutes).is_ok(), allowed, "{minutes}");
            assert_eq!(RuleSlot::try_from(minutes).is_ok(), [30, 60].contains(&minutes), "{minutes}");
        }
        assert_eq!(BookingInterval::default().minutes(), 5);
    }

    #[test]
    fn every_length_divides_the_day() {
        for interval in BookingInterval::ALL {
            assert_eq!(1440 % interval.minutes(), 0, "{interval:?}");
        }
    }

    #[test]
    fn labels_name_the_start_of_the_slot() {
        assert_eq!(RuleSlot::Hour.label(23).to_string(), "2300");
        assert_eq!(RuleSlot::Half.label(47).to_string(), "2330");
        assert_eq!(RuleSlot::Half.index_of_minute(1439), 47);
    }
}
