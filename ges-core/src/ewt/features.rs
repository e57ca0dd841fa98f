//! What an estimate is made from, all in seconds.

use serde::{Deserialize, Serialize};

use super::agents::Staff;
use super::waiting::Ahead;
use crate::time::Timestamp;

/// How many features there are.
pub(super) const FEATURES: usize = 7;

/// No feature exceeds a day, whatever was reported.
const MOST_SECS: f32 = 86_400.0;

/// The predictors of a wait known from queueing practice, as lengths of time so that the same weights suit a
/// small and a large office: queue length times the time between two departures, the age of the head of the
/// line, the wait of the last to enter service, and how much idle staff there is to absorb it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Features([f32; FEATURES]);

/// What the queue looks like to a call that joins now.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) at: Timestamp,
    pub(super) ahead: Ahead,
    pub(super) staff: Staff,
    /// Mean time an agent handles a call.
    pub(super) handling_secs: f64,
    /// Wait of the last call of the same class that reached an agent.
    pub(super) last_wait_ms: u64,
}

impl Features {
    pub(super) fn of(view: &View) -> Self {
        let handling = view.handling_secs as f32;
        let departure = handling / view.staff.present.max(1) as f32;
        let departure_for_class = handling / view.staff.present_for_class.max(1) as f32;
        let head = view.ahead.eldest.map_or(0.0, |since| view.at.since(since).as_secs_f32());
        let features = [
            handling,
            departure,
            view.ahead.same_class as f32 * departure,
            view.ahead.other_classes as f32 * departure,
            head,
            view.last_wait_ms as f32 / 1000.0,
            view.staff.idle_for_class as f32 * departure_for_class,
        ];
        // A NaN would pass through clamp and stay in the weights for ever.
        Features(features.map(|secs| if secs.is_finite() { secs.clamp(0.0, MOST_SECS) } else { 0.0 }))
    }

    pub(super) fn as_array(&self) -> &[f32; FEATURES] {
        &self.0
    }

    /// The natural unit of a wait in this queue: the time between two departures when all are busy.
    pub(super) fn departure_secs(&self) -> f32 {
        let [_, departure, ..] = self.0;
        departure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_reports_stay_within_a_day() {
        let ahead = Ahead { same_class: u32::MAX, other_classes: u32::MAX, eldest: Some(Timestamp::MIN) };
        for handling_secs in [f64::MAX, f64::NAN, -1.0] {
            let staff = Staff { present: 0, present_for_class: 0, idle_for_class: u32::MAX };
            let view = View { at: Timestamp::MAX, ahead, staff, handling_secs, last_wait_ms: u64::MAX };
            let features = Features::of(&view);
            assert!(features.as_array().iter().all(|secs| (0.0..=MOST_SECS).contains(secs)), "{features:?}");
        }
    }
}
