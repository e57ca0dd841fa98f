//! T1 to T16: when and how often a callback is handed over.

use std::sync::Arc;
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::callback::{CancelledBy, Event, Reason, StateName, Step, step};
use ges_core::dispatch::{AHEAD, INLINE_GRACE};
use ges_core::engine::Dispatcher;
use ges_core::port::{CallbackStore, Change, Clock};
use ges_core::testing::Answer;

use crate::office::{Office, at, monday, ny_always, ny_office, service, settings};

/// Books at 14:10 local for a local time of the same Monday, with a constant wait, and tells when it was handed over.
fn handed_over(booked_at: &str, desired: &str, wait: i64) -> Timestamp {
    let office = Office::open_at(monday(booked_at));
    office.wait_is(wait, if wait < 0 { -1 } else { 0 });
    let id = office.scheduled(monday(desired)).unwrap().id;
    office.run_until(monday(desired));
    assert_eq!(office.state(id), StateName::Queued);
    let seen = office.orchestrator.seen();
    assert_eq!(seen.len(), 1, "handed over once");
    seen[0].at
}

#[test]
fn t1_to_t6_the_lead_is_the_wait_at_least_the_buffer_never_before_the_opening() {
    for (row, desired, wait, expected) in [
        ("T1", "20:00", 600, "19:50"),
        ("T2", "20:00", 30, "19:58"),
        ("T3", "20:00", -1, "19:58"),
        ("T4", "14:05", 900, "14:00"),
        ("T5", "14:00", 600, "14:00"),
        ("T6", "14:20", 900, "14:05"),
    ] {
        assert_eq!(handed_over("10:00", desired, wait), monday(expected), "{row}");
    }
}

#[test]
fn t8_t9_a_wait_that_changes_moves_the_hand_over() {
    let office = Office::open_at(monday("15:00"));
    office.wait_is(600, 0);
    office.scheduled(monday("20:00")).unwrap();
    office.run_until(monday("19:45"));
    office.wait_is(1200, 0);
    office.clock.advance(Duration::from_secs(6));
    office.pass();
    assert_eq!(office.orchestrator.seen().len(), 1, "T8: due since 19:40, handed over on the next pass");

    let office = Office::open_at(monday("15:00"));
    office.wait_is(1200, 0);
    let booked = office.scheduled(monday("20:00")).unwrap();
    office.run_until(monday("19:39"));
    office.wait_is(300, 0);
    office.run_until(monday("19:54:59"));
    assert_eq!(office.state(booked.id), StateName::Scheduled, "T9: not at 19:40");
    office.run_until(monday("19:55"));
    assert_eq!(office.orchestrator.seen()[0].at, monday("19:55"), "T9");
}

#[test]
fn a_time_that_hours_published_since_have_closed_keeps_its_whole_lead() {
    let office = Office::with(service(), ny_always(), monday("20:00"));
    office.wait_is(1200, 0);
    let booked = office.scheduled(monday("22:30")).unwrap();
    // From now on the office closes at 22:00.
    office.engine.configure(settings(service(), ny_office()));
    office.run_until(monday("22:09"));
    assert_eq!(office.state(booked.id), StateName::Scheduled);
    office.run_until(monday("22:11"));
    assert_eq!(office.orchestrator.seen().len(), 1, "found by its lead, not by the index of two minutes");
}

#[test]
fn t10_what_fell_due_while_we_were_away_is_handed_over_at_once_oldest_first() {
    let mut roomy = service();
    roomy.scheduled.capacity = 10;
    let office = Office::with(roomy, ny_office(), monday("15:00"));
    let desired = ["20:02", "20:00", "20:01"].map(|time| office.scheduled(monday(time)).unwrap().id);
    office.clock.set(monday("20:10"));
    office.pass();
    let order: Vec<_> = office.orchestrator.seen().iter().map(|seen| seen.submission.callback.id).collect();
    assert_eq!(order, [desired[1], desired[2], desired[0]], "T10");
}

#[test]
fn t11_t12_real_time_passes_over_a_clock_change() {
    for (row, booked, desired, submit) in [
        ("T11", "2026-03-08T01:00:00Z", "2026-03-08T13:00:00Z", "2026-03-08T12:58:00Z"),
        ("T12", "2026-11-01T00:00:00Z", "2026-11-01T14:00:00Z", "2026-11-01T13:58:00Z"),
    ] {
        let office = Office::with(service(), ny_always(), at(booked));
        office.scheduled(at(desired)).unwrap();
        office.run_until(at(desired));
        assert_eq!(office.orchestrator.seen()[0].at, at(submit), "{row}");
    }
}

#[test]
fn t13_a_short_buffer() {
    let mut short = service();
    short.submit.buffer = Duration::from_secs(15);
    let office = Office::with(short, ny_office(), monday("15:00"));
    office.wait_is(-1, -1);
    let soon = office.scheduled(monday("15:00:15")).unwrap();
    let later = office.scheduled(monday("15:00:30")).unwrap();
    assert_eq!((soon.state.name(), later.state.name()), (StateName::Queued, StateName::Scheduled), "T13");
    office.run_until(monday("15:00:30"));
    assert_eq!(office.orchestrator.seen()[1].at, monday("15:00:15"), "T13: thirty seconds less fifteen");
}

#[test]
fn t14_two_nodes_one_hand_over() {
    let office = Office::open_at(monday("15:00"));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    let second = office.second_node();
    office.clock.set(monday("18:00"));
    std::thread::scope(|threads| {
        for node in [&office.dispatcher, &second] {
            threads.spawn(|| pollster::block_on(node.run_due()).unwrap());
        }
    });
    let attempts: Vec<u32> = office.orchestrator.seen().iter().map(|seen| seen.submission.attempt).collect();
    assert_eq!((attempts, office.state(id)), (vec![1], StateName::Queued), "T14");
}

#[test]
fn a_node_that_finds_only_what_another_holds_does_not_ask_all_the_time() {
    let office = Office::open_at(monday("15:00"));
    office.scheduled(monday("18:00")).unwrap();
    let second = office.second_node();
    office.clock.set(monday("17:57:50"));
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    // The first is stopped where it stands; its lease ends at 17:58:20.
    office.clock.set(monday("17:58:15"));
    let now = office.clock.now();
    assert_eq!(pollster::block_on(second.look_ahead()).unwrap(), now + ges_core::dispatch::AGAIN);
    office.clock.set(monday("17:58:20"));
    pollster::block_on(second.run_due()).unwrap();
    assert_eq!(office.orchestrator.seen().len(), 1, "taken over when the lease has ended");
}

#[test]
fn t15_three_refusals_end_it() {
    let office = Office::open_at(monday("15:00"));
    office.orchestrator.script(std::iter::repeat_n(Answer::Refuse, 3));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    office.run_until(monday("18:00"));
    assert_eq!(office.get(id).reason(), Some(&Reason::SUBMIT_FAILED), "T15");
    let tries: Vec<Timestamp> = office.orchestrator.seen().iter().map(|seen| seen.at).collect();
    let due = monday("17:58");
    assert_eq!(
        tries,
        [due, due + Duration::from_secs(1), due + Duration::from_secs(3)],
        "T15: pauses of 1 s and 2 s"
    );
}

#[test]
fn t16_an_unknown_outcome_is_repeated_under_the_same_number() {
    let office = Office::open_at(monday("15:00"));
    office.orchestrator.script([Answer::UnknownAfterTaking]);
    let id = office.scheduled(monday("18:00")).unwrap().id;
    office.run_until(monday("18:00"));
    let attempts: Vec<u32> = office.orchestrator.seen().iter().map(|seen| seen.submission.attempt).collect();
    assert_eq!(attempts, [1, 1], "T16: written twice under one number");
    assert_eq!(office.orchestrator.started().len(), 1, "T16: one session");
    assert_eq!(office.state(id), StateName::Queued);
}

#[test]
fn r7_while_the_orchestrator_is_away_the_record_waits_until_its_ttl() {
    let mut short = service();
    short.ttl = Duration::from_secs(300);
    let office = Office::with(short, ny_office(), monday("15:00"));
    office.orchestrator.script(std::iter::repeat_n(Answer::Unavailable, 1000));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    office.run_until(monday("18:04:59"));
    assert_eq!(office.state(id), StateName::Scheduled, "R7: no try is burnt");
    office.run_until(monday("18:05:01"));
    assert_eq!(office.get(id).reason(), Some(&Reason::FAIL_TIMEOUT_TTL), "R7");
}

#[test]
fn invariant_28_a_cancel_after_the_issue_and_before_the_instant_wins() {
    let office = Office::open_at(monday("15:00"));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    office.clock.set(monday("17:57:59"));
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    assert_eq!(office.get(id).attempts, 1, "the attempt is issued ahead");
    pollster::block_on(office.engine.cancel(&office.tenant, id, CancelledBy::Client)).unwrap();
    office.run_until(monday("17:57:59"));
    assert!(office.orchestrator.cancelled().is_empty(), "there is no session before the instant");
    office.run_until(monday("18:01"));
    assert!(office.orchestrator.seen().is_empty(), "28: it is never handed over");
    assert_eq!(office.orchestrator.cancelled().len(), 1, "were it under way, its session would know");
}

#[test]
fn a_crash_between_issue_and_instant_is_taken_over_on_time() {
    let office = Office::open_at(monday("15:00"));
    office.scheduled(monday("18:00")).unwrap();
    office.clock.set(monday("17:57:59"));
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    // This node is never heard of again; its lease runs out.
    let second = office.second_node();
    office.clock.set(monday("17:58:40"));
    run(&second, &office, monday("17:58:41"));
    let seen = office.orchestrator.seen();
    assert_eq!((seen.len(), seen[0].submission.attempt), (1, 1));
}

#[test]
fn a_hand_over_in_progress_is_not_repeated_before_its_grace_is_over() {
    let office = Office::open_at(monday("15:00"));
    let record = office.scheduled(monday("18:00")).unwrap();
    let now = monday("17:58");
    office.clock.set(now);
    let Ok(Step::Changed(next, _)) = step(&record, &Event::Issue { at: now }, now) else {
        panic!("a waiting record is issued")
    };
    // As a booking leaves it that is still trying its first hand-over.
    let grace = now + INLINE_GRACE;
    let change = Change {
        next: *next,
        expected: record.version,
        wake_at: Some(grace),
        keeps_user_data: true,
        guards: Vec::new(),
        fence: None,
    };
    pollster::block_on(office.store.change(vec![change])).unwrap()[0].unwrap();
    office.clock.set(grace - AHEAD);
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    assert_eq!(office.dispatcher.next_due(), Some(grace), "leased ahead, and left alone until then");
}

fn run(node: &Arc<Dispatcher>, office: &Office, end: Timestamp) {
    while office.clock.now() < end {
        pollster::block_on(node.run_due()).unwrap();
        office.clock.advance(Duration::from_millis(250));
    }
}

#[test]
fn a_clock_set_back_hands_nothing_over_early_and_forgets_nothing() {
    let office = Office::open_at(monday("15:00"));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    office.clock.set(monday("17:57:59"));
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    office.clock.set(monday("16:58"));
    office.pass();
    assert!(office.orchestrator.seen().is_empty());
    office.run_until(monday("17:58"));
    assert_eq!(office.orchestrator.seen().iter().map(|seen| seen.at).collect::<Vec<_>>(), [monday("17:58")]);
    assert_eq!(office.state(id), StateName::Queued);
}

#[test]
fn invariant_41_settings_never_move_an_accepted_callback() {
    let office = Office::open_at(monday("15:00"));
    let booked = office.scheduled(monday("18:00")).unwrap();
    let mut changed = service();
    changed.scheduled.capacity = 0;
    changed.ttl = Duration::from_secs(1);
    office.engine.configure(settings(changed, ny_office()));
    assert_eq!(office.get(booked.id), booked);
    office.run_until(monday("18:00"));
    assert_eq!(office.orchestrator.seen()[0].at, monday("17:58"));
}

#[test]
fn a_removed_service_does_not_break_its_promises() {
    let office = Office::open_at(monday("15:00"));
    let id = office.scheduled(monday("18:00")).unwrap().id;
    let mut settings = settings(service(), ny_office());
    settings.services.clear();
    office.engine.configure(settings);
    office.run_until(monday("18:00"));
    assert_eq!(office.orchestrator.seen()[0].at, monday("18:00"), "without settings there is no lead");
    assert_eq!(office.state(id), StateName::Queued);
}

#[test]
fn draining_gives_everything_back() {
    let office = Office::open_at(monday("15:00"));
    office.scheduled(monday("18:00")).unwrap();
    office.clock.set(monday("17:57:59"));
    pollster::block_on(office.dispatcher.look_ahead()).unwrap();
    pollster::block_on(office.dispatcher.drain()).unwrap();
    assert_eq!(office.dispatcher.next_due(), None);
    let second = office.second_node();
    office.clock.set(monday("17:58"));
    pollster::block_on(second.run_due()).unwrap();
    assert_eq!(office.orchestrator.seen().len(), 1, "another node need not wait for the lease");
}

#[test]
fn ten_thousand_at_one_instant_are_each_handed_over_once() {
    let mut huge = service();
    huge.scheduled.capacity = 20_000;
    let office = Office::with(huge, ny_office(), monday("15:00"));
    for _ in 0..10_000 {
        office.scheduled(monday("18:00")).unwrap();
    }
    office.clock.set(monday("17:58"));
    office.pass();
    let mut ids: Vec<_> = office.orchestrator.seen().iter().map(|seen| seen.submission.callback.id).collect();
    assert_eq!(ids.len(), 10_000);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10_000);
    let waiting = pollster::block_on(office.store.next_wake()).unwrap();
    assert!(
        waiting.is_none_or(|wake| wake > monday("17:58:30")),
        "nothing but live sessions is left: {waiting:?}"
    );
}
