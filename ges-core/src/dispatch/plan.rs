//! What a leased record needs next.

use std::time::Duration;

use crate::callback::{Callback, Effect, State};
use crate::lead::submit_at;
use crate::time::Timestamp;

/// What to do with a record that was leased because it needs attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Issue its next attempt now, to be handed over at this instant.
    Issue(Timestamp),
    /// Something stands in its outbox; do it at its instant.
    Perform(Effect),
    /// End it at this instant, because its life is over then.
    Expire(Timestamp),
    /// Look whether its session still lives.
    Look,
    /// Nothing before this instant.
    Wait(Timestamp),
}

/// Decides for one record what comes first, and whether it comes within `ahead` from `now`.
///
/// `lead` is that of its service as it is now, `opening` the start of the period that is open at the desired time; so a
/// wait that rises pulls the hand-over forward and one that falls pushes it back
/// ([callback-domain §8.1](crate::rules)).
pub fn plan(
    callback: &Callback,
    now: Timestamp,
    lead: Duration,
    opening: Option<Timestamp>,
    ahead: Duration,
) -> Plan {
    let end = match callback.state {
        State::Completed(_) => Timestamp::MAX,
        State::Processing(_) => callback.purge_at(),
        State::Scheduled | State::Queued(_) | State::Routing(_) => {
            callback.expires_at().min(callback.purge_at())
        }
    };
    let soon = now + ahead;
    let errand = callback.outbox.iter().min_by_key(|effect| effect.not_before);
    let (at, plan) = match (errand, &callback.state) {
        (Some(effect), _) => (effect.not_before, Plan::Perform(effect.clone())),
        (None, State::Scheduled) => {
            let at = submit_at(callback.desired, lead, opening).max(now);
            (at, Plan::Issue(at))
        }
        (None, State::Queued(_) | State::Routing(_) | State::Processing(_)) => (now, Plan::Look),
        (None, State::Completed(_)) => (Timestamp::MAX, Plan::Wait(Timestamp::MAX)),
    };
    // A look can come later than the end; anything else comes first if it is earlier.
    let ends_first = plan == Plan::Look || end <= at.max(now);
    if end <= soon && ends_first {
        Plan::Expire(end.max(now))
    } else if at <= soon {
        plan
    } else {
        Plan::Wait(at.min(end))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::callback::{Event, Kind, Request, Step, step};
    use crate::id::CallbackId;

    const AHEAD: Duration = Duration::from_secs(2);
    const LEAD: Duration = Duration::from_secs(120);

    fn at(text: &str) -> Timestamp {
        format!("2026-01-12T{text}Z").parse().unwrap()
    }

    fn booked() -> Callback {
        Callback {
            id: CallbackId(Uuid::nil()),
            tenant: "tenant".into(),
            service: "VQ".into(),
            version: 1,
            kind: Kind::Scheduled,
            created: at("10:00:00"),
            updated: at("10:00:00"),
            desired: at("15:00:00"),
            ttl: Duration::from_secs(300),
            settings_version: 1,
            request: Request::new("15195550123".parse().unwrap()).into(),
            fingerprint: None,
            state: State::Scheduled,
            attempts: 0,
            outbox: Vec::new(),
        }
    }

    fn after(callback: &Callback, event: Event, now: Timestamp) -> Callback {
        match step(callback, &event, now).unwrap() {
            Step::Changed(next, _) => *next,
            Step::Unchanged => callback.clone(),
        }
    }

    fn planned(callback: &Callback, now: &str) -> Plan {
        plan(callback, at(now), LEAD, None, AHEAD)
    }

    #[test]
    fn an_attempt_is_issued_shortly_before_its_instant() {
        assert_eq!(planned(&booked(), "14:57:57.999"), Plan::Wait(at("14:58:00")));
        assert_eq!(planned(&booked(), "14:57:58"), Plan::Issue(at("14:58:00")));
        assert_eq!(planned(&booked(), "15:01:00"), Plan::Issue(at("15:01:00")), "overdue is now");
        let opening = Some(at("14:59:00"));
        assert_eq!(plan(&booked(), at("14:58:00"), LEAD, opening, AHEAD), Plan::Wait(at("14:59:00")));
    }

    #[test]
    fn an_issued_attempt_waits_for_its_instant_and_not_longer_than_its_life() {
        let issued = after(&booked(), Event::Issue { at: at("14:58:00") }, at("14:57:58"));
        assert!(matches!(planned(&issued, "14:57:58"), Plan::Perform(_)));
        let away = after(&issued, Event::HandOverUnavailable { attempt: 1 }, at("15:04:59.500"));
        assert_eq!(
            planned(&away, "15:04:59.500"),
            Plan::Expire(at("15:05:00")),
            "the ttl comes before the retry"
        );
    }

    #[test]
    fn a_live_session_is_looked_at_until_its_life_is_over() {
        let issued = after(&booked(), Event::Issue { at: at("14:58:00") }, at("14:57:58"));
        let live = after(&issued, Event::HandedOver { attempt: 1, reference: None }, at("14:58:00"));
        assert_eq!(planned(&live, "15:00:00"), Plan::Look);
        assert_eq!(planned(&live, "15:04:58"), Plan::Expire(at("15:05:00")));
        assert_eq!(planned(&live, "15:10:00"), Plan::Expire(at("15:10:00")));
    }
}
