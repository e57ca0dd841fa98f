//! How long before its desired time a scheduled callback is handed over ([callback-domain §8.1](crate::rules)).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::wait::Wait;

/// What decides how early a scheduled callback is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlySubmission {
    /// The estimated wait, but at least the buffer.
    #[default]
    Ewt,
    /// The buffer alone.
    BufferOnly,
    /// Not early at all.
    Off,
}

/// When scheduled callbacks of a service are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitPolicy {
    /// The shortest lead.
    pub buffer: Duration,
    /// What may lengthen or drop it.
    pub early: EarlySubmission,
}

impl Default for SubmitPolicy {
    fn default() -> Self {
        SubmitPolicy { buffer: Duration::from_secs(120), early: EarlySubmission::Ewt }
    }
}

impl SubmitPolicy {
    /// How long before the desired time a callback is handed over if the wait is what it is now. To be asked again
    /// whenever the wait may have changed.
    ///
    /// ```
    /// use ges_core::lead::SubmitPolicy;
    /// use ges_core::wait::Wait;
    /// use std::time::Duration;
    ///
    /// let policy = SubmitPolicy::default();
    /// assert_eq!(policy.lead(Wait::Known(Duration::from_secs(600))), Duration::from_secs(600));
    /// assert_eq!(policy.lead(Wait::NothingYet), Duration::from_secs(120));
    /// ```
    pub fn lead(&self, wait: Wait) -> Duration {
        match self.early {
            EarlySubmission::Ewt => wait.forecast().max(self.buffer),
            EarlySubmission::BufferOnly => self.buffer,
            EarlySubmission::Off => Duration::ZERO,
        }
    }
}

/// The instant from which a callback is to be handed over: its desired time less the lead, but not before the opening
/// of the period that holds the desired time. `opening` is that instant (see
/// [`crate::hours::OfficeHours::period_start`]); without one, because the hours have changed so that the desired time
/// is closed, the lead alone decides: the promise to the customer stands.
pub fn submit_at(desired: Timestamp, lead: Duration, opening: Option<Timestamp>) -> Timestamp {
    let early = desired - lead;
    opening.map_or(early, |opening| early.max(opening))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interval;
    use crate::slots::calendars::{at, calendar, monday};

    fn known(seconds: u64) -> Wait {
        Wait::Known(Duration::from_secs(seconds))
    }

    /// When a callback of that calendar is due.
    fn due(name: &str, desired: Timestamp, lead: Duration) -> Timestamp {
        submit_at(desired, lead, calendar(name).period_start(desired))
    }

    #[test]
    fn t1_to_t6_submission_times() {
        let rows = [
            ("T1", "20:00", known(600), "19:50"),
            ("T2", "20:00", known(30), "19:58"),
            ("T3", "20:00", Wait::NothingYet, "19:58"),
            ("T4", "14:05", known(900), "14:00"),
            ("T5", "14:00", known(600), "14:00"),
            ("T6", "14:20", known(900), "14:05"),
            ("no agents", "20:00", Wait::NoAgents, "19:58"),
        ];
        for (row, desired, wait, expected) in rows {
            let lead = SubmitPolicy::default().lead(wait);
            assert_eq!(due("NY-OFFICE", monday(desired), lead), monday(expected), "{row}");
        }
    }

    /// The first of the passes at which a callback for 20:00Z is due, asking again for the wait at each.
    fn first_pass(passes: impl Iterator<Item = Timestamp>, wait: impl Fn(Timestamp) -> Wait) -> Timestamp {
        let is_due = |now: &Timestamp| {
            *now >= due("NY-OFFICE", monday("20:00"), SubmitPolicy::default().lead(wait(*now)))
        };
        passes.take(1000).find(is_due).unwrap()
    }

    fn every_minute_from(start: Timestamp) -> impl Iterator<Item = Timestamp> {
        (0..).map(move |n| start + Duration::from_secs(60 * n))
    }

    #[test]
    fn t7_to_t10_the_pass_that_submits() {
        let t7 = first_pass(every_minute_from(monday("18:00:17")), |_| known(600));
        assert_eq!(t7, monday("19:50:17"), "T7");
        let rising = |now| if now < monday("19:45") { known(600) } else { known(1200) };
        assert_eq!(first_pass(every_minute_from(monday("18:00")), rising), monday("19:45"), "T8");
        let falling = |now| if now < monday("19:39") { known(1200) } else { known(300) };
        assert_eq!(first_pass(every_minute_from(monday("18:00")), falling), monday("19:55"), "T9");
        let down = every_minute_from(monday("18:00"))
            .filter(|now| !Interval::new(monday("19:40"), monday("20:10")).contains(*now));
        assert_eq!(first_pass(down, |_| known(600)), monday("20:10"), "T10");
    }

    #[test]
    fn t11_to_t13_real_time_and_small_buffers() {
        let lead = SubmitPolicy::default().lead(known(0));
        for (row, booked, desired, hours) in [
            ("T11", "2026-03-08T01:00:00Z", "2026-03-08T13:00:00Z", 12),
            ("T12", "2026-11-01T00:00:00Z", "2026-11-01T14:00:00Z", 14),
        ] {
            let (booked, desired) = (at(booked), at(desired));
            assert_eq!(desired.since(booked), Duration::from_secs(hours * 3600), "{row}");
            let submit = due("NY-247", desired, lead);
            assert_eq!(submit, desired - Duration::from_secs(120), "{row}");
        }
        let policy = SubmitPolicy { buffer: Duration::from_secs(15), early: EarlySubmission::Ewt };
        let now = monday("15:00");
        let lead = policy.lead(Wait::NothingYet);
        let at_once = |ahead| now >= due("NY-OFFICE", now + Duration::from_secs(ahead), lead);
        assert!(at_once(15) && !at_once(30), "T13");
    }

    #[test]
    fn the_switch_of_the_queue_limits_the_lead() {
        let lead = |early| SubmitPolicy { early, ..SubmitPolicy::default() }.lead(known(900));
        assert_eq!(lead(EarlySubmission::Ewt), Duration::from_secs(900));
        assert_eq!(lead(EarlySubmission::BufferOnly), Duration::from_secs(120));
        assert_eq!(lead(EarlySubmission::Off), Duration::ZERO);
    }

    #[test]
    fn a_desired_time_that_is_closed_by_now_keeps_its_lead() {
        assert_eq!(due("NY-OFFICE", monday("13:00"), Duration::from_secs(600)), monday("12:50"));
    }
}
