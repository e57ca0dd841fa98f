//! L8, L9, L11, R5, R10: what is shown, and what time brings about.

use std::sync::Arc;
use std::time::Duration;

use ges_core::callback::{Reason, SessionState, SessionUpdate, StateName};
use ges_core::port::{Clock, Look};
use ges_core::testing::{ManualClock, ScriptedOrchestrator};

use crate::office::{Office, monday, ny_office, service};

fn looked_at(now: &str) -> Office {
    let clock = Arc::new(ManualClock::at(monday(now)));
    let as_clock: Arc<dyn Clock> = clock.clone();
    let orchestrator = ScriptedOrchestrator::new(as_clock).looked_at(Some(Duration::from_secs(60)));
    Office::made_of(service(), ny_office(), clock, orchestrator)
}

#[test]
fn l8_l9_invariant_23_what_each_state_shows() {
    let office = Office::open_at(monday("15:20"));
    let show = |id| pollster::block_on(office.engine.retrieve(&office.tenant, id)).unwrap();
    let waiting = show(office.scheduled(monday("18:00")).unwrap().id);
    assert!(waiting.queue.is_none() && waiting.callback.reason().is_none(), "L8");
    let live = office.immediate("12223334444").unwrap().id;
    assert!(show(live).queue.is_some(), "QUEUED shows a place");
    let state = SessionState::Completed(Reason::AGENT_CONNECTED);
    let update = SessionUpdate { attempt: None, reference: None, sequence: None, state };
    pollster::block_on(office.engine.write_back(&office.tenant, live, update)).unwrap();
    let done = show(live);
    assert!(done.queue.is_none() && done.callback.reason() == Some(&Reason::AGENT_CONNECTED), "L9");
}

#[test]
fn l11_a_dead_session_is_started_again_under_the_next_number() {
    let office = looked_at("15:20");
    let id = office.immediate("12223334444").unwrap().id;
    office.run_until(monday("15:25"));
    assert_eq!(office.state(id), StateName::Queued);
    office.orchestrator.end(&office.tenant, id, 1);
    office.run_until(monday("15:28"));
    let started: Vec<u32> = office.orchestrator.seen().iter().map(|seen| seen.submission.attempt).collect();
    assert_eq!(started, [1, 2], "L11, invariant 26");
    assert_eq!(office.state(id), StateName::Queued);
}

#[test]
fn a_session_that_cannot_be_looked_at_is_not_dead() {
    let office = looked_at("15:20");
    let id = office.immediate("12223334444").unwrap().id;
    office.orchestrator.script_looks([None, Some(Look::Unknown), None, None]);
    office.run_until(monday("15:28"));
    assert_eq!((office.state(id), office.orchestrator.seen().len()), (StateName::Queued, 1));
}

#[test]
fn r5_an_unfinished_callback_expires_and_its_session_is_told() {
    let office = Office::open_at(monday("15:20"));
    let id = office.immediate("12223334444").unwrap().id;
    let limit = monday("15:20") + Duration::from_secs(86_400);
    office.clock.set(limit - Duration::from_millis(1));
    office.pass();
    assert_eq!(office.state(id), StateName::Queued, "R5: not before");
    office.run_until(limit + Duration::from_secs(1));
    assert_eq!(office.get(id).reason(), Some(&Reason::FAIL_TIMEOUT_TTL), "R5, invariant 32");
    assert_eq!(office.orchestrator.cancelled().len(), 1, "the session is told");
}

#[test]
fn r10_a_record_is_kept_fourteen_days_and_then_gone() {
    let office = Office::open_at(monday("15:20"));
    let booked = office.scheduled(monday("18:00")).unwrap();
    office.run_until(monday("18:00"));
    let state = SessionState::Completed(Reason::AGENT_CONNECTED);
    let update = SessionUpdate { attempt: None, reference: None, sequence: None, state };
    pollster::block_on(office.engine.write_back(&office.tenant, booked.id, update)).unwrap();
    let purge_at = booked.purge_at();
    office.clock.set(purge_at - Duration::from_secs(1));
    assert_eq!(pollster::block_on(office.engine.purge()).unwrap(), 0, "30: never early");
    assert_eq!(office.state(booked.id), StateName::Completed, "R10");
    office.clock.set(purge_at + Duration::from_secs(3600));
    assert_eq!(pollster::block_on(office.engine.purge()).unwrap(), 1);
    assert!(pollster::block_on(office.engine.retrieve(&office.tenant, booked.id)).is_err(), "R10");
}

#[test]
fn a_life_is_told_in_the_predecessors_names() {
    let office = Office::open_at(monday("15:20"));
    let id = office.immediate("12223334444").unwrap().id;
    for state in
        [SessionState::Routing, SessionState::Processing, SessionState::Completed(Reason::AGENT_CONNECTED)]
    {
        let update = SessionUpdate { attempt: None, reference: None, sequence: None, state };
        pollster::block_on(office.engine.write_back(&office.tenant, id, update)).unwrap();
    }
    let told: Vec<&str> = office.listener.happenings().iter().map(|happening| happening.as_str()).collect();
    let expected = [
        "_cbe_on_service_create",
        "_cbe_on_callback_submitted",
        "_cbe_on_callback_queued",
        "_cbe_on_callback_status_updated",
        "_cbe_on_target_found",
        "_cbe_on_callback_status_updated",
        "_cbe_on_route_to_agent",
        "_cbe_on_callback_status_updated",
        "_cbe_on_service_exit",
    ];
    assert_eq!(told, expected);
    assert!(office.listener.events().iter().all(|event| event.id == id && event.tenant == office.tenant));
}
