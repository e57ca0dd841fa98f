//! The orchestrator is away: nothing is lost, next to nothing is written, and all are handed over once it is back.

use std::time::Duration;

use ges_core::CallbackId;
use ges_core::callback::{CancelledBy, Reason, StateName};
use ges_core::engine::NewCallback;
use ges_core::port::Clock;
use ges_core::testing::Answer;

use crate::office::{Office, SERVICE, monday, ny_office, service};

/// So many for one instant, which is 17:58 with the default buffer.
const MANY: usize = 40;

fn many(office: &Office) -> Vec<CallbackId> {
    let booked = (0..MANY).map(|n| {
        let number = format!("1519555{n:04}").parse().unwrap();
        office.book(NewCallback::scheduled(SERVICE, number, monday("18:00"))).unwrap().id
    });
    booked.collect()
}

fn office_for_many(ttl: Duration) -> Office {
    let mut roomy = service();
    roomy.scheduled.capacity = 100;
    roomy.ttl = ttl;
    Office::with(roomy, ny_office(), monday("15:00"))
}

#[test]
fn one_tries_for_all_and_all_go_when_it_is_back() {
    let office = office_for_many(Duration::from_secs(3600));
    let ids = many(&office);
    office.orchestrator.set_away(true);
    office.run_until(monday("18:02:58"));
    let tries = office.orchestrator.seen().len();
    assert!((MANY..=MANY + 310).contains(&tries), "in five minutes: all once, then one a second: {tries}");
    let written: u64 = ids.iter().map(|id| office.get(*id).version).sum();
    assert_eq!(
        written,
        2 * u64::try_from(MANY).unwrap(),
        "booked and issued: waiting costs the store nothing"
    );
    office.orchestrator.set_away(false);
    office.run_until(monday("18:02:59"));
    assert!(ids.iter().all(|id| office.state(*id) == StateName::Queued), "within a second");
    assert_eq!(office.orchestrator.started().len(), MANY, "each once");
}

#[test]
fn what_waits_for_it_ends_at_the_end_of_its_life_and_not_before() {
    let office = office_for_many(Duration::from_secs(300));
    let ids = many(&office);
    office.orchestrator.set_away(true);
    office.run_until(monday("18:04:59.999"));
    assert!(ids.iter().all(|id| office.state(*id) == StateName::Scheduled));
    office.run_until(monday("18:05"));
    assert!(ids.iter().all(|id| office.get(*id).reason() == Some(&Reason::FAIL_TIMEOUT_TTL)));
    office.orchestrator.set_away(false);
    office.run_until(monday("18:10"));
    assert!(office.orchestrator.started().is_empty(), "nobody is called after that");
}

#[test]
fn those_that_are_cancelled_meanwhile_keep_nobody_waiting() {
    let office = office_for_many(Duration::from_secs(3600));
    let ids = many(&office);
    office.orchestrator.set_away(true);
    office.run_until(monday("17:58:02"));
    let (last, others) = ids.split_last().unwrap();
    for id in others {
        pollster::block_on(office.engine.cancel(&office.tenant, *id, CancelledBy::Client)).unwrap();
    }
    office.orchestrator.set_away(false);
    office.run_until(monday("17:58:04"));
    assert_eq!(office.state(*last), StateName::Queued);
    assert_eq!(office.orchestrator.started().len(), 1);
}

#[test]
fn one_that_never_gets_through_is_in_nobodys_way() {
    let office = office_for_many(Duration::from_secs(3600));
    office.scheduled(monday("18:00")).unwrap();
    let other = office.scheduled(monday("18:00:02")).unwrap();
    office.orchestrator.script([Answer::Unavailable, Answer::Unavailable, Answer::Take]);
    office.run_until(monday("17:58:02"));
    assert_eq!(office.clock.now(), monday("17:58:02"));
    assert_eq!(office.state(other.id), StateName::Queued, "on time");
}

#[test]
fn what_was_put_off_is_found_by_another_node() {
    let office = office_for_many(Duration::from_secs(3600));
    let ids = many(&office);
    office.orchestrator.set_away(true);
    office.run_until(monday("17:59"));
    office.orchestrator.set_away(false);
    // The one that put them off is never heard of again.
    let second = office.second_node();
    pollster::block_on(second.take_over(office.dispatcher.node())).unwrap();
    while office.clock.now() < monday("17:59:06") {
        pollster::block_on(second.run_due()).unwrap();
        office.clock.advance(Duration::from_millis(250));
    }
    assert!(ids.iter().all(|id| office.state(*id) == StateName::Queued));
}
