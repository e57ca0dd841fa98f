//! The worked examples L1 to L14 and R5 to R7, every (state, event) pair against the table, and the invariants of the
//! life cycle.

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use crate::callback::retry::UNDER_WAY;
use crate::callback::*;
use crate::id::CallbackId;
use crate::time::Timestamp;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 2026-03-07T15:00Z, the desired time of all records here.
fn desired() -> Timestamp {
    at("2026-03-07T15:00:00.000Z")
}

fn booked(kind: Kind) -> Callback {
    let number = "15195550123".parse::<crate::number::PhoneNumber>().unwrap();
    Callback {
        id: CallbackId(Uuid::from_u128(7)),
        tenant: "tenant".into(),
        service: "VQ_Sales".into(),
        version: 1,
        kind,
        created: desired() - 60 * MINUTE,
        updated: desired() - 60 * MINUTE,
        desired: desired(),
        ttl: Duration::from_secs(86_400),
        settings_version: 1,
        request: Request::new(number).into(),
        fingerprint: None,
        state: State::Scheduled,
        attempts: 0,
        outbox: Vec::new(),
    }
}

fn session(sequence: u64, state: SessionState) -> Event {
    Event::Session(SessionUpdate { attempt: None, reference: None, sequence: Some(sequence), state })
}

/// Applies an event; an unchanged record is returned as it is.
fn apply(callback: Callback, event: Event, now: Timestamp) -> Callback {
    match step(&callback, &event, now).unwrap_or_else(|refused| panic!("{refused}")) {
        Step::Unchanged => callback,
        Step::Changed(next, _) => *next,
    }
}

fn refusal(callback: &Callback, event: Event, now: Timestamp) -> WhyRefused {
    step(callback, &event, now).expect_err("refused").why
}

/// A record in each state, reached by events alone; the hand-over was at the desired time.
fn in_state(name: StateName) -> Callback {
    let now = desired();
    let mut callback = booked(Kind::Scheduled);
    let life = [
        Event::Issue { at: now },
        Event::HandedOver { attempt: 1, reference: Some("s-1".into()) },
        session(2, SessionState::Routing),
        session(3, SessionState::Processing),
        session(4, SessionState::Completed(Reason::AGENT_CONNECTED)),
    ];
    for event in life {
        if callback.state.name() == name {
            break;
        }
        callback = apply(callback, event, now);
    }
    assert_eq!(callback.state.name(), name);
    callback
}

#[test]
fn l1_l5_cancelling_ends_what_has_not_reached_an_agent() {
    for (row, by, reason) in [
        ("L1", CancelledBy::Client, Reason::CANCELLED),
        ("L5", CancelledBy::Administrator, Reason::CANCELLED_BY_ADMIN),
    ] {
        for name in [StateName::Scheduled, StateName::Queued, StateName::Routing] {
            let before = in_state(name);
            let after = apply(before.clone(), Event::Cancel { by }, desired() + MINUTE);
            assert_eq!(after.reason(), Some(&reason), "{row} in {name}");
            assert!(before.holds_place() && !after.holds_place(), "{row} in {name}: the place is freed");
            let told = after.outbox.iter().any(|effect| matches!(effect.task, Task::TellSession { .. }));
            assert_eq!(told, name != StateName::Scheduled, "{row} in {name}: a live session is told");
        }
    }
}

#[test]
fn l2_l4_processing_and_completed_cannot_be_cancelled() {
    let cancel = || Event::Cancel { by: CancelledBy::Client };
    assert_eq!(refusal(&in_state(StateName::Processing), cancel(), desired()), WhyRefused::Processing, "L2");
    let once = apply(in_state(StateName::Scheduled), cancel(), desired());
    assert_eq!(refusal(&once, cancel(), desired()), WhyRefused::Completed, "L4");
}

#[test]
fn l6_updates_out_of_order_end_as_in_order() {
    let mut callback = in_state(StateName::Queued);
    for (sequence, state) in [
        (3, SessionState::Processing),
        (2, SessionState::Routing),
        (4, SessionState::Completed(Reason::AGENT_CONNECTED)),
        (3, SessionState::Processing),
    ] {
        callback = apply(callback, session(sequence, state), desired());
    }
    assert_eq!(callback.reason(), Some(&Reason::AGENT_CONNECTED));
}

#[test]
fn l7_a_cancelled_callback_stays_cancelled() {
    let cancelled = apply(in_state(StateName::Queued), Event::Cancel { by: CancelledBy::Client }, desired());
    let after = apply(cancelled.clone(), session(9, SessionState::Processing), desired());
    assert_eq!(after, cancelled);
}

#[test]
fn l10_only_a_waiting_callback_moves() {
    let earlier = desired() - 10 * MINUTE;
    let reschedule = || Event::Reschedule { desired: desired() + 60 * MINUTE, settings_version: 2 };
    assert_eq!(
        refusal(&in_state(StateName::Queued), reschedule(), desired()),
        WhyRefused::NotScheduled,
        "L10"
    );
    let moved = apply(in_state(StateName::Scheduled), reschedule(), earlier);
    assert_eq!((moved.desired, moved.settings_version), (desired() + 60 * MINUTE, 2));
}

#[test]
fn an_issued_attempt_is_not_moved_any_more() {
    let instant = desired() - 2 * MINUTE;
    let issued = apply(booked(Kind::Scheduled), Event::Issue { at: instant }, instant - MINUTE);
    let reschedule = || Event::Reschedule { desired: desired() + 60 * MINUTE, settings_version: 2 };
    // Not before its instant either: such a move could be committed after the hand-over.
    for now in [instant - MINUTE, instant - Duration::from_millis(1), instant] {
        assert_eq!(refusal(&issued, reschedule(), now), WhyRefused::NotScheduled);
    }
}

#[test]
fn a_cancelled_attempt_tells_the_session_it_may_have_begun() {
    let instant = desired() - 2 * MINUTE;
    let issued = apply(booked(Kind::Scheduled), Event::Issue { at: instant }, instant - MINUTE);
    // Decided before the hand-over, it may be committed after it. Told too early, the session would not be there yet.
    for (now, told_at) in
        [(instant - MINUTE, instant), (instant, instant), (instant + MINUTE, instant + MINUTE)]
    {
        let after = apply(issued.clone(), Event::Cancel { by: CancelledBy::Client }, now);
        let told: Vec<_> = after.outbox.iter().map(|effect| (&effect.task, effect.not_before)).collect();
        let told_at = told_at + UNDER_WAY;
        assert_eq!(told, [(&Task::TellSession { attempt: 1, reference: None }, told_at)]);
    }
    let ended = apply(issued, Event::Cancel { by: CancelledBy::Client }, instant);
    let confirmed =
        apply(ended, Event::HandedOver { attempt: 1, reference: Some("s-1".into()) }, instant + SECOND);
    let task = Task::TellSession { attempt: 1, reference: Some("s-1".into()) };
    assert_eq!(confirmed.outbox, [Effect { task, not_before: instant + SECOND, tries: 0 }], "told at once");
    let waiting = apply(booked(Kind::Scheduled), Event::Cancel { by: CancelledBy::Client }, instant);
    assert!(waiting.outbox.is_empty(), "what was never issued never reaches anybody (invariant 28)");
}

#[test]
fn l11_l12_l13_a_dead_session() {
    let gone = || Event::SessionGone { attempt: 1 };
    let queued = in_state(StateName::Queued);
    let again = apply(queued.clone(), gone(), desired() + 5 * MINUTE);
    assert_eq!((again.state.name(), again.attempts), (StateName::Scheduled, 2), "L11");
    assert!(matches!(again.outbox[..], [Effect { task: Task::HandOver { attempt: 2, .. }, .. }]), "L11");
    for (row, after) in [("L11 from 2 min", 2 * MINUTE), ("L11 to 120 min", 120 * MINUTE)] {
        assert_eq!(
            apply(queued.clone(), gone(), desired() + after).state.name(),
            StateName::Scheduled,
            "{row}"
        );
    }
    assert_eq!(
        step(&queued, &gone(), desired() + MINUTE),
        Ok(Step::Unchanged),
        "nearer than 2 min: look again"
    );
    let given_up = apply(queued, gone(), desired() + 180 * MINUTE);
    assert_eq!(given_up.reason(), Some(&Reason::FAIL_ERROR), "L12");
    let connected = apply(in_state(StateName::Processing), gone(), desired());
    assert_eq!(connected.reason(), Some(&Reason::AGENT_CONNECTED), "L13");
}

#[test]
fn l14_an_update_may_overtake_the_confirmation() {
    let issued = apply(booked(Kind::Scheduled), Event::Issue { at: desired() }, desired());
    let routing = apply(issued, session(2, SessionState::Routing), desired());
    assert_eq!(routing.state.name(), StateName::Routing, "L14");
    assert!(routing.outbox.is_empty(), "the hand-over is confirmed by it");
    let confirmed = apply(routing, Event::HandedOver { attempt: 1, reference: Some("s".into()) }, desired());
    assert_eq!(confirmed.session().and_then(|session| session.reference.as_deref()), Some("s"));
    let never_issued = session(1, SessionState::Routing);
    assert_eq!(refusal(&booked(Kind::Scheduled), never_issued, desired()), WhyRefused::NoSuchAttempt);
}

#[test]
fn r5_r6_r7_the_life_limit() {
    let limit = at("2026-03-08T15:00:00.000Z");
    let queued = in_state(StateName::Queued);
    assert_eq!(refusal(&queued, Event::Expire, limit - Duration::from_millis(1)), WhyRefused::TooEarly, "R5");
    assert_eq!(apply(queued, Event::Expire, limit).reason(), Some(&Reason::FAIL_TIMEOUT_TTL), "R5");
    assert_eq!(refusal(&in_state(StateName::Processing), Event::Expire, limit), WhyRefused::Processing, "R6");
    let short = Callback { ttl: Duration::from_secs(300), ..booked(Kind::Scheduled) };
    assert_eq!(short.expires_at(), at("2026-03-07T15:05:00.000Z"), "R7");
    let expired = apply(short.clone(), Event::Expire, short.expires_at());
    assert_eq!(expired.reason(), Some(&Reason::FAIL_TIMEOUT_TTL), "R7");
    assert!(expired.holds_place(), "only a cancelled record gives its place back");
}

#[test]
fn r1_r2_r3_r4_r8_r9_retention_counts_from_the_desired_time() {
    for (row, desired, purge) in [
        ("R1", "2026-03-01T15:00:00Z", "2026-03-15T15:00:00Z"),
        ("R2", "2026-10-25T00:30:00Z", "2026-11-08T00:30:00Z"),
        ("R3", "2026-03-15T15:00:00Z", "2026-03-29T15:00:00Z"),
        ("R8", "2026-10-20T13:00:00Z", "2026-11-03T13:00:00Z"),
        ("R9", "2026-03-10T15:00:00Z", "2026-03-24T15:00:00Z"),
    ] {
        for ttl in [300, 604_800] {
            let ttl = Duration::from_secs(ttl);
            let callback = Callback { desired: at(desired), ttl, ..booked(Kind::Scheduled) };
            assert_eq!(callback.purge_at(), at(purge), "{row}, and R4 for any ttl");
        }
    }
}

#[test]
fn t15_the_third_refusal_is_final_and_the_pauses_are_one_and_two_seconds() {
    let mut callback = apply(booked(Kind::Scheduled), Event::Issue { at: desired() }, desired());
    for pause in [1, 2] {
        callback = apply(callback, Event::HandOverRefused { attempt: 1 }, desired());
        assert_eq!(callback.outbox[0].not_before, desired() + Duration::from_secs(pause));
    }
    callback = apply(callback, Event::HandOverRefused { attempt: 1 }, desired());
    assert_eq!(callback.reason(), Some(&Reason::SUBMIT_FAILED), "T15");
}

#[test]
fn an_orchestrator_that_is_away_burns_no_try() {
    let mut callback = apply(booked(Kind::Scheduled), Event::Issue { at: desired() }, desired());
    for _ in 0..200 {
        callback = apply(callback, Event::HandOverUnavailable { attempt: 1 }, desired());
        assert_eq!(callback.state, State::Scheduled);
        let pause = callback.outbox[0].not_before.since(desired());
        assert!((Duration::from_secs(1)..=Duration::from_secs(5)).contains(&pause), "soon again: {pause:?}");
    }
}

#[test]
fn a_session_that_cannot_be_told_is_given_up_without_undoing_the_end() {
    let mut callback =
        apply(in_state(StateName::Queued), Event::Cancel { by: CancelledBy::Client }, desired());
    let mut tries = 0;
    while !callback.outbox.is_empty() {
        callback = apply(callback, Event::SessionNotTold { attempt: 1 }, desired());
        tries += 1;
        assert!(tries < 100, "it ends");
    }
    assert_eq!(callback.reason(), Some(&Reason::CANCELLED));
}

fn any_event() -> impl Strategy<Value = Event> {
    let state = prop_oneof![
        Just(SessionState::Queued),
        Just(SessionState::Routing),
        Just(SessionState::Processing),
        Just(SessionState::Completed(Reason::AGENT_CONNECTED)),
    ];
    let update = (proptest::option::of(0u32..3), proptest::option::of(0u64..8), state).prop_map(
        |(attempt, sequence, state)| {
            Event::Session(SessionUpdate { attempt, reference: None, sequence, state })
        },
    );
    prop_oneof![
        1 => Just(Event::Issue { at: desired() }),
        1 => (0u32..3).prop_map(|attempt| Event::HandedOver { attempt, reference: None }),
        1 => (0u32..3).prop_map(|attempt| Event::HandOverRefused { attempt }),
        1 => (0u32..3).prop_map(|attempt| Event::HandOverUnavailable { attempt }),
        6 => update,
        1 => (0u32..3).prop_map(|attempt| Event::SessionGone { attempt }),
        1 => (0u32..3).prop_map(|attempt| Event::SessionTold { attempt }),
        1 => (0u32..3).prop_map(|attempt| Event::SessionNotTold { attempt }),
        1 => Just(Event::Cancel { by: CancelledBy::Client }),
        1 => Just(Event::Cancel { by: CancelledBy::Administrator }),
        1 => Just(Event::Reschedule { desired: desired() + 60 * MINUTE, settings_version: 2 }),
        1 => Just(Event::Expire),
    ]
}

/// An update sequence that a session obeying the table could send, numbered from 1.
fn legal_updates() -> impl Strategy<Value = Vec<SessionState>> {
    proptest::collection::vec(0u8..4, 1..10).prop_map(|choices| {
        let mut state = SessionState::Queued;
        let mut updates = Vec::new();
        for choice in choices {
            let next = match (choice, &state) {
                (0, _) => SessionState::Queued,
                (1, SessionState::Processing) => SessionState::Queued,
                (1, _) => SessionState::Routing,
                (2, _) => SessionState::Processing,
                _ => SessionState::Completed(Reason::AGENT_CONNECTED),
            };
            state = next.clone();
            updates.push(next);
            if matches!(state, SessionState::Completed(_)) {
                break;
            }
        }
        updates
    })
}

proptest! {
    #[test]
    fn invariant_22_24_25_26_random_lives(events in proptest::collection::vec((any_event(), 0i64..200), 1..40)) {
        let mut callback = booked(Kind::Scheduled);
        let mut now = desired() - 10 * MINUTE;
        for (event, minutes) in events {
            now = now + Duration::from_secs(u64::try_from(minutes).unwrap() * 30);
            let before = callback.clone();
            match step(&callback, &event, now) {
                Err(refused) => prop_assert_eq!(refused.state, before.state.name()),
                Ok(Step::Unchanged) => {}
                Ok(Step::Changed(next, told)) => {
                    prop_assert_eq!(next.version, before.version + 1);
                    let (from, to) = (before.state.name(), next.state.name());
                    prop_assert!(from == to || Row::between(from, to).is_some(), "25: {} → {} by {}", from, to, event.name());
                    prop_assert!(told.iter().all(|event| event.from == Some(from) && event.to == to));
                    callback = *next;
                }
            }
            prop_assert!(callback.attempts >= before.attempts, "26: attempt numbers only grow");
            if let State::Completed(done) = &before.state {
                prop_assert_eq!(&callback.state, &State::Completed(done.clone()), "22: COMPLETED is final");
                prop_assert_eq!(callback.holds_place(), before.holds_place());
            }
            if matches!(before.state, State::Processing(_)) && callback.state != before.state {
                let cancelled = matches!(event, Event::Cancel { .. });
                prop_assert!(!cancelled, "24: PROCESSING cannot be cancelled");
                prop_assert!(event != Event::Expire || now >= before.purge_at(), "24: nor expired");
            }
            prop_assert_eq!(callback.reason().is_some(), !callback.is_unfinished(), "23");
        }
    }

    #[test]
    fn invariant_25_any_order_with_repeats_ends_as_in_order(
        updates in legal_updates(),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 0..30),
    ) {
        let start = in_state(StateName::Queued);
        let numbered: Vec<Event> =
            (1u64..).zip(&updates).map(|(sequence, state)| session(sequence, state.clone())).collect();
        let in_order = numbered.iter().cloned().fold(start.clone(), |callback, event| apply(callback, event, desired()));
        let mut shuffled: Vec<Event> = order.iter().map(|index| numbered[index.index(numbered.len())].clone()).collect();
        shuffled.extend(numbered.iter().rev().cloned());
        let any_order = shuffled.into_iter().fold(start, |callback, event| apply(callback, event, desired()));
        prop_assert_eq!(any_order.state.name(), in_order.state.name());
        prop_assert_eq!(any_order.reason(), in_order.reason());
    }

    #[test]
    fn invariant_31_the_ttl_never_moves_the_purge(ttl in 1u64..10_000_000) {
        let callback = Callback { ttl: Duration::from_secs(ttl), ..booked(Kind::Scheduled) };
        prop_assert_eq!(callback.purge_at(), booked(Kind::Scheduled).purge_at());
    }
}

#[test]
fn every_row_of_the_table_happens() {
    // Walks all events from all reachable kinds of records and collects the pairs of states seen.
    let mut seen = std::collections::BTreeSet::new();
    let issued = apply(booked(Kind::Scheduled), Event::Issue { at: desired() }, desired());
    let mut starts: Vec<Callback> = StateName::ALL.into_iter().map(in_state).collect();
    starts.push(issued);
    let updates = [
        SessionState::Queued,
        SessionState::Routing,
        SessionState::Processing,
        SessionState::Completed(Reason::AGENT_CONNECTED),
    ];
    let mut events: Vec<Event> = updates.into_iter().map(|state| session(9, state)).collect();
    events.extend([
        Event::HandedOver { attempt: 1, reference: None },
        Event::SessionGone { attempt: 1 },
        Event::Cancel { by: CancelledBy::Client },
        Event::Reschedule { desired: desired() + 60 * MINUTE, settings_version: 2 },
        Event::Expire,
    ]);
    for start in &starts {
        for event in &events {
            for late in [Duration::ZERO, 5 * MINUTE, 180 * MINUTE, 60 * 24 * 15 * MINUTE] {
                if let Ok(Step::Changed(next, _)) = step(start, event, desired() + late) {
                    seen.insert((start.state.name(), next.state.name()));
                }
            }
        }
    }
    for row in TRANSITIONS {
        for &from in row.from {
            assert!(seen.contains(&(from, row.to)), "row {}: {from} → {} never happens", row.number, row.to);
        }
    }
}

/// `docs/state-machine.md` shows the table; it is drawn from it here and must not differ.
#[test]
fn the_page_shows_the_table() {
    let mut drawn = String::from("| row | from | to | trigger | guard, effect |\n|---|---|---|---|---|\n");
    for row in TRANSITIONS {
        let from: Vec<&str> = row.from.iter().map(|name| name.as_str()).collect();
        let from = if from.is_empty() { "—".to_owned() } else { from.join(", ") };
        drawn += &format!("| {} | {from} | {} | {} | {} |\n", row.number, row.to, row.trigger, row.effect);
    }
    let page = include_str!("../../../../docs/state-machine.md");
    assert!(page.contains(&drawn), "docs/state-machine.md must contain this table:\n{drawn}");
}
