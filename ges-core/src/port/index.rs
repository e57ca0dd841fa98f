//! What an index must know of a callback: by what stores find it, and what it counts for.

use super::Guard;
use crate::callback::{Callback, StateName, Version};
use crate::number::ComparisonNumber;
use crate::slots::UtcMinute;
use crate::time::Timestamp;

/// What a store finds a callback by and counts it for, besides whose it is and its id.
///
/// Stores keep it beside the record, as entries of a map or as columns of a row, so that they never look into a record
/// to answer a question. [`IndexEntry::of`] is the one place where it is drawn from a record: stores that use it find
/// and count alike.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use ges_core::port::{Guard, IndexEntry};
/// use ges_core::testing::fixtures::{at, scheduled, wake_at};
///
/// let callback = scheduled(1, at("18:00"));
/// let entry = IndexEntry::of(&callback, wake_at(&callback));
/// assert!(entry.holds_place && entry.awaits_its_time && entry.purge_at.is_none());
/// assert!(!entry.counts_for(&Guard::Active { limit: 1 }), "it is not handed over yet");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The version of the record it was drawn from.
    pub version: Version,
    /// When the customer is to be called: the order of lists, and the place it holds.
    pub desired: Timestamp,
    /// The number in comparison form.
    pub number: ComparisonNumber,
    /// The state it is listed and tallied under.
    pub state: StateName,
    /// Whether it takes a place of its desired time ([`Callback::holds_place`]).
    pub holds_place: bool,
    /// Whether it is SCHEDULED and no hand-over of it is decided: a longer lead makes it due
    /// ([`LeaseRequest::raised`](super::LeaseRequest::raised)).
    pub awaits_its_time: bool,
    /// When it needs attention by itself; the key of [`CallbackStore::lease`](super::CallbackStore::lease).
    pub wake_at: Option<Timestamp>,
    /// When it may be removed; none while it is unfinished.
    pub purge_at: Option<Timestamp>,
}

impl IndexEntry {
    /// Draws it from a record that needs attention by itself at `wake_at`.
    pub fn of(callback: &Callback, wake_at: Option<Timestamp>) -> Self {
        let state = callback.state.name();
        IndexEntry {
            version: callback.version,
            desired: callback.desired,
            number: callback.request.number.comparison(),
            state,
            holds_place: callback.holds_place(),
            awaits_its_time: state == StateName::Scheduled && callback.pending_attempt().is_none(),
            wake_at,
            purge_at: (!callback.is_unfinished()).then(|| callback.purge_at()),
        }
    }

    /// Whether it is COMPLETED.
    pub fn is_finished(&self) -> bool {
        self.state == StateName::Completed
    }

    /// Whether it is QUEUED, ROUTING or PROCESSING.
    pub fn is_active(&self) -> bool {
        self.state.is_active()
    }

    /// The minute its place is counted in.
    pub fn minute(&self) -> UtcMinute {
        self.desired.into()
    }

    /// Whether it is one of the records that a guard of its tenant and service counts.
    pub fn counts_for(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Places(places) => self.holds_place && places.range.contains(self.desired),
            Guard::Number { comparison, .. } => !self.is_finished() && self.number == *comparison,
            Guard::Active { .. } => self.is_active(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::callback::{Reason, SessionState};
    use crate::slots::PlaceGuard;
    use crate::testing::fixtures::{at, between, ended, immediate, issued, queued, reported, scheduled};

    fn entry(callback: &Callback) -> IndexEntry {
        IndexEntry::of(callback, None)
    }

    #[test]
    fn a_record_awaits_its_time_until_a_hand_over_is_decided() {
        let waiting = scheduled(1, at("18:00"));
        assert!(entry(&waiting).awaits_its_time);
        assert!(!entry(&issued(&waiting, at("18:00"))).awaits_its_time, "decided, not confirmed");
        assert!(!entry(&queued(&waiting, at("18:00"))).awaits_its_time);
    }

    #[test]
    fn only_a_finished_record_has_an_end() {
        let waiting = scheduled(1, at("18:00"));
        let done = ended(&waiting, Reason::AGENT_CONNECTED, at("18:05"));
        assert_eq!(entry(&waiting).purge_at, None);
        assert_eq!(entry(&done).purge_at, Some(done.purge_at()));
        assert!(entry(&done).is_finished() && !entry(&waiting).is_finished());
    }

    #[test]
    fn guards_count_what_they_say() {
        let waiting = scheduled(1, at("18:00"));
        let live = reported(&queued(&waiting, at("18:00")), SessionState::Routing, at("18:01"));
        let done = ended(&waiting, Reason::AGENT_CONNECTED, at("18:05"));
        let number = waiting.request.number.comparison();
        let places = |start, end| Guard::Places(PlaceGuard { range: between(start, end), limit: 1 });
        let counts = |record: &Callback, guard: Guard| entry(record).counts_for(&guard);
        assert!(counts(&waiting, places("18:00", "18:15")), "the range begins with it");
        assert!(!counts(&waiting, places("17:45", "18:00")), "the range ends before it");
        assert!(!counts(&immediate(2, at("18:00")), places("18:00", "18:15")), "it holds no place");
        assert!(counts(&done, places("18:00", "18:15")), "its place was used");
        assert!(counts(&live, Guard::Number { comparison: number, limit: 1 }));
        assert!(!counts(&done, Guard::Number { comparison: number, limit: 1 }), "it has ended");
        assert!(counts(&live, Guard::Active { limit: 1 }));
        assert!(!counts(&waiting, Guard::Active { limit: 1 }) && !counts(&done, Guard::Active { limit: 1 }));
        assert_eq!(entry(&waiting).minute(), (at("18:00") + Duration::from_secs(59)).into());
    }
}
