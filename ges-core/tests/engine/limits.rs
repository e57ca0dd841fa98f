//! Q1 to Q9 through the engine: refused requests consume nothing, limits apply to the right kinds.

use std::time::Duration;

use ges_core::callback::{CancelledBy, Reason, SessionState, SessionUpdate};
use ges_core::engine::{NewCallback, Refusal};
use ges_core::throttle::InQueueCheck;
use ges_core::{CallbackId, Timestamp};

use crate::office::{Office, SERVICE, at, monday, ny_always, ny_office, refused, service};

const NUMBER: &str = "12223334444";

fn number_throttled(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NumberThrottled { .. })
}

#[test]
fn q1_q2_the_seventh_immediate_one_of_a_day() {
    let office = Office::open_at(monday("15:20"));
    for written in [
        "12223334444",
        "+12223334444",
        "+1 (222) 333-4444",
        "1.222.333.4444",
        "1-222-333-4444",
        "1 2223334444",
    ] {
        office.immediate(written).unwrap();
    }
    assert!(number_throttled(&refused(office.immediate(NUMBER)).0), "Q1, invariant 35");
    assert!(office.scheduled(monday("18:00")).is_ok(), "Q2");
    assert!(office.immediate("12223335555").is_ok(), "another number has its own count");
}

#[test]
fn q3_the_daily_count_ends_at_local_midnight() {
    let first = at("2026-03-08T16:00:00Z");
    let office = Office::with(service(), ny_always(), first);
    for _ in 0..6 {
        office.immediate(NUMBER).unwrap();
    }
    office.clock.set(at("2026-03-09T03:59:59Z"));
    assert!(number_throttled(&refused(office.immediate(NUMBER)).0), "Q3");
    office.clock.set(at("2026-03-09T04:00:00Z"));
    assert!(office.immediate(NUMBER).is_ok(), "Q3");
}

#[test]
fn q5_a_window_is_opened_by_the_first_accepted_request() {
    let mut bursty = service();
    bursty.limits.burst = vec![(3, Duration::from_secs(300))];
    bursty.limits.per_value_daily = 100;
    let start = monday("15:00");
    let office = Office::with(bursty, ny_office(), start);
    let after = |seconds| start + Duration::from_secs(seconds);
    for (second, accepted) in [(0, true), (10, true), (20, true), (299, false), (300, true), (301, true)] {
        office.clock.set(after(second));
        assert_eq!(office.immediate(NUMBER).is_ok(), accepted, "Q5 at {second} s");
    }
}

#[test]
fn q6_the_active_limit() {
    let mut few = service();
    few.limits.active_max = 2;
    let office = Office::with(few, ny_office(), monday("15:20"));
    office.immediate("12223334441").unwrap();
    let second = office.immediate("12223334442").unwrap();
    let refusal = refused(office.immediate("12223334443")).0;
    assert!(matches!(refusal, Refusal::ServiceThrottled { .. }), "Q6");
    assert!(office.scheduled(monday("18:00")).is_ok(), "scheduled ones are not limited");
    pollster::block_on(office.engine.cancel(&office.tenant, second.id, CancelledBy::Client)).unwrap();
    assert!(office.immediate("12223334443").is_ok(), "one ended, one fits");
}

#[test]
fn q7_q8_d8_duplicate_numbers() {
    for (check, fits) in [(InQueueCheck::Off, 3), (InQueueCheck::Two, 2), (InQueueCheck::One, 1)] {
        let mut checking = service();
        checking.limits.in_queue = check;
        checking.scheduled.capacity = 10;
        let office = Office::with(checking, ny_office(), monday("15:20"));
        let accepted = (0..3).filter(|_| office.scheduled(monday("18:00")).is_ok()).count();
        assert_eq!(accepted, fits, "Q7 {check:?}");
    }
    let mut strict = service();
    strict.limits.in_queue = InQueueCheck::One;
    let office = Office::with(strict, ny_office(), monday("15:20"));
    let first = office
        .book(NewCallback::scheduled(SERVICE, "+1 (222) 333-4444".parse().unwrap(), monday("18:00")))
        .unwrap();
    let (refusal, proposals) = refused(office.scheduled(monday("18:30")));
    assert!(matches!(refusal, Refusal::NumberQueued { limit: 1 }) && proposals.is_none(), "D8");
    pollster::block_on(office.engine.cancel(&office.tenant, first.id, CancelledBy::Client)).unwrap();
    assert!(office.scheduled(monday("18:30")).is_ok(), "Q7: completed ones do not count");
}

#[test]
fn q9_the_watermark_counts_queued_to_processing() {
    let mut roomy = service();
    roomy.scheduled.capacity = 100;
    roomy.limits.per_value_daily = 100;
    let office = Office::with(roomy, ny_office(), monday("15:20"));
    for _ in 0..3 {
        office.scheduled(monday("20:00")).unwrap();
    }
    let report = |id: CallbackId, state: SessionState| {
        let update = SessionUpdate { attempt: None, reference: None, sequence: None, state };
        pollster::block_on(office.engine.write_back(&office.tenant, id, update)).unwrap();
    };
    let queued: Vec<CallbackId> = (0..9).map(|_| office.immediate(NUMBER).unwrap().id).collect();
    report(queued[2], SessionState::Routing);
    report(queued[3], SessionState::Processing);
    for &id in &queued[4..] {
        report(id, SessionState::Completed(Reason::AGENT_CONNECTED));
    }
    let tally = pollster::block_on(office.engine.tally(&office.tenant)).unwrap();
    assert_eq!((tally[0].1.active(), tally[0].1.scheduled), (4, 3), "Q9");
}

#[test]
fn invariant_34_a_refused_request_consumes_nothing() {
    let mut tight = service();
    tight.limits.per_value_daily = 1;
    tight.limits.active_max = 1;
    let office = Office::with(tight, ny_office(), monday("15:20"));
    let first = office.immediate("12223334441").unwrap();
    // Refused by the store's guard after the window was reserved: the unit goes back.
    assert!(office.immediate("12223334442").is_err());
    pollster::block_on(office.engine.cancel(&office.tenant, first.id, CancelledBy::Client)).unwrap();
    assert!(office.immediate("12223334442").is_ok(), "34");
    let late: Timestamp = monday("23:00");
    office.clock.set(late);
    assert!(office.immediate("12223334445").is_err(), "closed");
    assert_eq!(office.availability(|_| {}).len(), 0);
}
