//! Whether an immediate or a scheduled callback may be offered now, and why not
//! ([callback-domain §6.2, §6.3](crate::rules)).

use std::time::Duration;

use crate::wait::Wait;
use crate::{Interval, Timestamp};

/// What a service offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferPolicy {
    /// Whether immediate callbacks may be booked.
    pub immediate: bool,
    /// How long before closing immediate callbacks stop.
    pub blackout: Duration,
    /// Whether scheduled callbacks may be booked.
    pub scheduled: bool,
    /// Whether an immediate callback needs an agent to be logged in.
    pub require_logged_in: bool,
}

/// Why no immediate callback is offered; the first reason that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOffered {
    /// The service takes no callbacks of this kind.
    #[error("immediate callbacks are not enabled for this service")]
    Disabled,
    /// The office is closed.
    #[error("the office is closed")]
    Closed,
    /// No agent is logged in.
    #[error("no agent is logged in")]
    NoAgents,
    /// It would not be made before the office closes.
    #[error("an immediate callback would not be made before the office closes")]
    TooLate,
}

impl OfferPolicy {
    /// Whether an immediate callback may be offered, given the wait and how long the office stays open in the current
    /// period (zero when closed). Queue status and booking both ask here, so that they agree.
    ///
    /// A call forecast for the closing second itself is too late.
    ///
    /// ```
    /// use ges_core::offer::{NotOffered, OfferPolicy};
    /// use ges_core::wait::Wait;
    /// use std::time::Duration;
    ///
    /// let policy = OfferPolicy { immediate: true, blackout: Duration::ZERO, scheduled: true, require_logged_in: true };
    /// let half_an_hour = Duration::from_secs(1800);
    /// assert_eq!(policy.immediate(Wait::Known(Duration::from_secs(600)), half_an_hour), Ok(()));
    /// assert_eq!(policy.immediate(Wait::Known(half_an_hour), half_an_hour), Err(NotOffered::TooLate));
    /// ```
    ///
    /// # Errors
    /// The first reason against it.
    pub fn immediate(&self, wait: Wait, open_for: Duration) -> Result<(), NotOffered> {
        if !self.immediate {
            Err(NotOffered::Disabled)
        } else if open_for.is_zero() {
            Err(NotOffered::Closed)
        } else if self.require_logged_in && wait == Wait::NoAgents {
            Err(NotOffered::NoAgents)
        } else if wait.forecast() >= open_for.saturating_sub(self.blackout) {
            Err(NotOffered::TooLate)
        } else {
            Ok(())
        }
    }

    /// Whether scheduled callbacks are offered. Capacity is not looked at ([engagement-api-v3 §3.6](crate::rules)).
    pub fn scheduled(&self) -> bool {
        self.scheduled
    }
}

/// How a request is handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookingKind {
    /// In turn, at once: takes no place, immediate limits apply.
    Immediate,
    /// At its desired time: takes a place.
    Scheduled,
}

impl BookingKind {
    /// How a request with a desired time is handled: as immediate iff it would be handed over at once anyway, an
    /// immediate callback is on offer, and the caller did not insist on capacity.
    pub fn of_desired(
        desired: Timestamp,
        now: Timestamp,
        lead: Duration,
        offered: Result<(), NotOffered>,
        always_check_capacity: bool,
    ) -> BookingKind {
        if !always_check_capacity && is_near(desired, now, lead) && offered.is_ok() {
            BookingKind::Immediate
        } else {
            BookingKind::Scheduled
        }
    }
}

/// A request that insists on its slot and would not be called within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a call is forecast for {forecast}, which is not before the end of the slot at {slot_end}")]
pub struct StrictRefusal {
    /// When the call is forecast.
    pub forecast: Timestamp,
    /// When the slot of the desired time ends.
    pub slot_end: Timestamp,
}

/// Whether a near request that insists on capacity would be called within the slot of its desired time.
///
/// # Errors
/// [`StrictRefusal`] when the forecast is at the end of the slot or later.
pub fn within_slot(
    desired: Timestamp,
    now: Timestamp,
    lead: Duration,
    wait: Wait,
    slot: Interval,
) -> Result<(), StrictRefusal> {
    let forecast = desired.max(now + wait.forecast());
    if is_near(desired, now, lead) && forecast >= slot.end {
        return Err(StrictRefusal { forecast, slot_end: slot.end });
    }
    Ok(())
}

/// Whether a callback for that time would be handed over at once.
fn is_near(desired: Timestamp, now: Timestamp, lead: Duration) -> bool {
    desired <= now + lead
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::capacity::{BookingInterval, Capacity};
    use crate::lead::{SubmitPolicy, submit_at};
    use crate::slots::calendars::{at, calendar, monday};
    use crate::slots::{BookingRequest, BookingRules, Judgement, Occupancy, Refusal, SlotTable, World};

    const POLICY: OfferPolicy =
        OfferPolicy { immediate: true, blackout: Duration::ZERO, scheduled: true, require_logged_in: true };

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn known(seconds: u64) -> Wait {
        Wait::Known(secs(seconds))
    }

    #[test]
    fn o1_to_o17_offers() {
        use NotOffered::{Closed, Disabled, NoAgents, TooLate};
        let blackout = OfferPolicy { blackout: secs(1800), ..POLICY };
        let office = "NY-OFFICE";
        let night = "NY-WEEKEND-NIGHT";
        let rows = [
            ("O1", office, monday("21:30"), known(600), POLICY, Ok(()), true),
            ("O2", office, monday("21:30"), known(1799), POLICY, Ok(()), true),
            ("O3", office, monday("21:30"), known(1800), POLICY, Err(TooLate), true),
            ("O4", office, monday("21:30"), Wait::NothingYet, POLICY, Ok(()), true),
            ("O5", office, monday("21:30"), Wait::NoAgents, POLICY, Err(NoAgents), true),
            (
                "O6",
                office,
                monday("21:30"),
                known(60),
                OfferPolicy { immediate: false, ..POLICY },
                Err(Disabled),
                true,
            ),
            (
                "O7",
                office,
                monday("21:30"),
                known(60),
                OfferPolicy { scheduled: false, ..POLICY },
                Ok(()),
                false,
            ),
            ("O8", office, monday("22:00"), known(0), POLICY, Err(Closed), true),
            ("O9", office, monday("21:35"), known(60), blackout, Err(TooLate), true),
            ("O10", office, monday("21:20"), known(60), blackout, Ok(()), true),
            ("O11", office, monday("21:20"), known(600), blackout, Err(TooLate), true),
            ("O12", "PARIS-SPLIT", at("2026-02-03T10:50:00Z"), known(540), POLICY, Ok(()), true),
            ("O13", "PARIS-SPLIT", at("2026-02-03T10:50:00Z"), known(1200), POLICY, Err(TooLate), true),
            ("O14", night, at("2026-11-01T05:30:00Z"), known(18000), POLICY, Ok(()), true),
            ("O15", night, at("2026-11-01T06:30:00Z"), known(16200), POLICY, Err(TooLate), true),
            ("O16", night, at("2026-11-01T06:30:00Z"), known(16199), POLICY, Ok(()), true),
            ("O17", office, monday("15:00"), Wait::NothingYet, POLICY, Ok(()), true),
            // The threshold is the application's business: it has no way in here.
            ("O18", office, monday("15:00"), known(240), POLICY, Ok(()), true),
            (
                "no agents needed",
                office,
                monday("21:30"),
                Wait::NoAgents,
                OfferPolicy { require_logged_in: false, ..POLICY },
                Ok(()),
                true,
            ),
        ];
        for (row, name, now, wait, policy, immediate, scheduled) in rows {
            assert_eq!(policy.immediate(wait, calendar(name).open_for(now)), immediate, "{row}");
            assert_eq!(policy.scheduled(), scheduled, "{row}");
        }
    }

    /// What becomes of a near request: how it is handled, in which slot, and when it is handed over.
    #[derive(Debug, PartialEq)]
    enum Outcome {
        Immediate(Timestamp),
        Scheduled { slot: Timestamp, submit_at: Timestamp },
        Refused { another_time_helps: bool },
    }

    #[test]
    fn o19_to_o25_requests_close_to_now() {
        let place = |slot, submit| Outcome::Scheduled { slot: monday(slot), submit_at: monday(submit) };
        let refused = Outcome::Refused { another_time_helps: true };
        let no_immediate = OfferPolicy { immediate: false, ..POLICY };
        let full = &["15:00", "15:00"][..];
        let nine = known(900);
        let rows = [
            ("O19", "15:00", nine, "15:10", false, POLICY, &[][..], Outcome::Immediate(monday("15:10"))),
            ("O20", "15:00", nine, "15:10", true, POLICY, &[], refused),
            ("O21", "15:00", nine, "15:15", true, POLICY, &[], place("15:15", "15:00")),
            ("O22", "15:00", nine, "15:16", false, POLICY, &[], place("15:15", "15:01")),
            (
                "O23",
                "15:00",
                nine,
                "15:10",
                false,
                no_immediate,
                full,
                Outcome::Refused { another_time_helps: true },
            ),
            ("O24", "13:59", Wait::NoAgents, "14:00", false, POLICY, &[], place("14:00", "14:00")),
            ("O25", "15:00", Wait::NoAgents, "15:01", false, POLICY, &[], place("15:00", "14:59")),
        ];
        for (row, now, wait, desired, strict, offer, booked, expected) in rows {
            let now = monday(now);
            let calendar = calendar("NY-OFFICE");
            let capacity = Capacity::flat(BookingInterval::M15, 2);
            let table = SlotTable::compile(&calendar, &capacity, Interval::new(now, now + secs(60)));
            let cells = booked.iter().map(|clock| (monday(clock).into(), 1));
            let held = Occupancy::new(table.occupancy_window(), cells).unwrap();
            let rules = BookingRules { offer, submit: SubmitPolicy::default(), min_lead: Duration::ZERO };
            let request = BookingRequest {
                desired: Some(monday(desired)),
                always_check_capacity: strict,
                moved_from: None,
            };
            let lead = rules.submit.lead(wait);
            let outcome = match table.judge(&rules, &World { now, wait, held: &held }, &request) {
                Ok(Judgement::Immediate { desired }) => Outcome::Immediate(desired),
                Ok(Judgement::Scheduled { desired, slot, .. }) => {
                    let submit_at = submit_at(desired, lead, table.open().period_start(desired));
                    Outcome::Scheduled { slot: slot.start, submit_at }
                }
                Err(refusal) => Outcome::Refused { another_time_helps: refusal.another_time_helps() },
            };
            assert_eq!(outcome, expected, "{row}");
        }
    }

    #[test]
    fn only_a_request_that_would_be_handed_over_at_once_must_fit_its_slot() {
        let slot = Interval::new(monday("15:00"), monday("15:15"));
        let within = |lead| within_slot(monday("15:10"), monday("15:00"), lead, known(900), slot);
        let refusal = StrictRefusal { forecast: monday("15:15"), slot_end: monday("15:15") };
        assert_eq!(within(secs(900)), Err(refusal));
        assert_eq!(within(secs(120)), Ok(()), "a queue that hands over by the buffer alone");
    }

    #[test]
    fn another_time_helps_unless_the_kind_is_off() {
        for reason in [NotOffered::Closed, NotOffered::NoAgents, NotOffered::TooLate] {
            assert!(Refusal::NotOffered(reason).another_time_helps(), "{reason}");
        }
        assert!(!Refusal::NotOffered(NotOffered::Disabled).another_time_helps());
    }

    proptest! {
        #[test]
        fn invariant_20_a_longer_wait_never_makes_an_offer(
            wait in 0..100_000_u64,
            longer in 0..100_000_u64,
            open_for in 0..100_000_u64,
            blackout in 0..100_000_u64,
        ) {
            let policy = OfferPolicy { blackout: secs(blackout), ..POLICY };
            let shorter = policy.immediate(known(wait), secs(open_for));
            if shorter.is_err() {
                prop_assert!(policy.immediate(known(wait + longer), secs(open_for)).is_err());
            }
        }
    }
}
