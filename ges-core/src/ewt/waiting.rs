//! Who waits, since when, and what was foreseen for them.

use serde::{Deserialize, Serialize};

use super::features::Features;
use super::observation::{CallKey, Joining};
use crate::time::Timestamp;

/// The calls in the queue, in the order they joined.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    calls: Vec<WaitingCall>,
    /// Calls that joined while the list was full: they count for the position, no more is known of them.
    unlisted: u32,
    /// When the latest of them joined.
    unlisted_latest: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WaitingCall {
    call: CallKey,
    pub(super) since: Timestamp,
    pub(super) joining: Joining,
    /// Where it joined, 1-based.
    pub(super) position: u32,
    /// What the estimate was made from when it joined.
    pub(super) features: Features,
}

/// The calls that would be served before one that joins now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ahead {
    pub(super) same_class: u32,
    pub(super) other_classes: u32,
    /// Since when the longest waiting of the same class waits.
    pub(super) eldest: Option<Timestamp>,
}

impl Ahead {
    /// Where a call that joins now would stand, 1-based.
    pub(super) fn position(&self) -> u32 {
        self.same_class.saturating_add(self.other_classes).saturating_add(1)
    }
}

impl Waiting {
    pub(super) fn contains(&self, call: CallKey) -> bool {
        self.calls.iter().any(|waiting| waiting.call == call)
    }

    pub(super) fn ahead_of(&self, joining: Joining) -> Ahead {
        let mut ahead = Ahead { other_classes: self.unlisted, ..Ahead::default() };
        for waiting in self.calls.iter().filter(|waiting| waiting.joining.priority >= joining.priority) {
            if waiting.joining.class == joining.class {
                ahead.same_class = ahead.same_class.saturating_add(1);
                ahead.eldest = ahead.eldest.or(Some(waiting.since));
            } else {
                ahead.other_classes = ahead.other_classes.saturating_add(1);
            }
        }
        ahead
    }

    /// Where a waiting call stands, 1-based: behind all of higher priority and the earlier ones of its own.
    pub(super) fn position_of(&self, call: CallKey) -> Option<u32> {
        let place = self.calls.iter().position(|waiting| waiting.call == call)?;
        let own = self.calls.get(place)?.joining.priority;
        let before = self.calls.iter().enumerate().filter(|(index, waiting)| {
            waiting.joining.priority > own || (waiting.joining.priority == own && *index < place)
        });
        u32::try_from(before.count()).ok()?.checked_add(1)
    }

    pub(super) fn enter(
        &mut self,
        call: CallKey,
        since: Timestamp,
        joining: Joining,
        features: Features,
        most: usize,
    ) {
        if self.calls.len() >= most {
            self.unlisted = self.unlisted.saturating_add(1);
            self.unlisted_latest = Some(since);
            return;
        }
        let position = self.ahead_of(joining).position();
        self.calls.push(WaitingCall { call, since, joining, position, features });
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.calls.capacity() * size_of::<WaitingCall>()
    }

    /// Takes a call out; `None` when nothing is known of it.
    pub(super) fn leave(&mut self, call: CallKey) -> Option<WaitingCall> {
        let place = self.calls.iter().position(|waiting| waiting.call == call)?;
        Some(self.calls.remove(place))
    }

    /// Whether a call that is not on the list can have been one of the unlisted; if so it is no longer.
    pub(super) fn leave_unlisted(&mut self) -> bool {
        let some = self.unlisted > 0;
        self.unlisted = self.unlisted.saturating_sub(1);
        some
    }

    /// Forgets calls that joined before `oldest`: their departure was never reported.
    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        self.calls.retain(|waiting| waiting.since >= oldest);
        if self.unlisted_latest.is_some_and(|latest| latest < oldest) {
            self.unlisted = 0;
        }
    }
}
