//! One day's numbers.

use super::RuleSlot;

/// The greatest number a slot of a rule may hold ([callback-administration §5.3](crate::rules)).
pub const PLACES_MAX: u16 = 1000;

/// The numbers of one wall-clock day, one for each slot: 24 or 48 of them, each from 0 to [`PLACES_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCapacity {
    slot: RuleSlot,
    places: Box<[u16]>,
}

impl DayCapacity {
    /// A day on which nothing can be booked.
    pub fn closed(slot: RuleSlot) -> Self {
        DayCapacity { slot, places: vec![0; slot.per_day()].into() }
    }

    /// A day from its numbers, the slot at midnight first.
    ///
    /// # Errors
    /// [`NotACapacity`] when there are not as many numbers as slots, or one is above [`PLACES_MAX`].
    pub fn from_places(slot: RuleSlot, places: &[u16]) -> Result<Self, NotACapacity> {
        if places.len() != slot.per_day() {
            return Err(NotACapacity::Length { expected: slot.per_day(), found: places.len() });
        }
        if let Some(index) = places.iter().position(|&places| places > PLACES_MAX) {
            return Err(NotACapacity::TooMany { time: slot.label(index).to_string() });
        }
        Ok(DayCapacity { slot, places: places.into() })
    }

    /// A day from whatever numbers are named, the others 0; the caller has checked places and numbers.
    pub(super) fn from_named(slot: RuleSlot, named: impl IntoIterator<Item = (usize, u16)>) -> Self {
        let mut day = Self::closed(slot);
        for (index, count) in named {
            if let Some(place) = day.places.get_mut(index) {
                *place = count.min(PLACES_MAX);
            }
        }
        day
    }

    /// The slot length.
    pub fn slot(&self) -> RuleSlot {
        self.slot
    }

    /// The numbers, the slot at midnight first.
    pub fn places(&self) -> &[u16] {
        &self.places
    }

    /// The number of the slot that holds a minute of the day (0..1440); 0 for a minute no day has.
    pub fn at_minute(&self, minute_of_day: u32) -> u16 {
        self.places.get(self.slot.index_of_minute(minute_of_day)).copied().unwrap_or(0)
    }

    /// The sum over the day.
    pub fn total(&self) -> u32 {
        self.places.iter().map(|&places| u32::from(places)).sum()
    }
}

/// Numbers that are not a day of a capacity rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACapacity {
    /// Not one number for each slot.
    #[error("a day needs {expected} numbers, one for each slot, but {found} are given")]
    Length {
        /// Slots in a day.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// A number above the maximum.
    #[error("the number at {time} is above {PLACES_MAX}")]
    TooMany {
        /// Start of the slot, `HHMM`.
        time: String,
    },
}
