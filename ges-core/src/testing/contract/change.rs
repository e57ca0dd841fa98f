//! Replacing records.

use serde_json::json;

use super::StoreUnderTest;
use super::ask::{book, held_places, put, replace, stored, try_change};
use crate::callback::{Callback, CancelledBy, Event, Reason};
use crate::port::{Booked, Change, Conflict, Guard};
use crate::testing::fixtures::{
    after, as_next, at, between, booking, change, comparison, ended, id, place_guard, places, queued,
    scheduled, with_phone,
};
use crate::time::Timestamp;
use crate::user_data::UserData;

pub async fn a_change_replaces_the_record(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mut record = scheduled(1, at("18:05"));
    put(&*store, &record).await;
    for desired in ["18:10", "19:00", "18:05"] {
        let next = moved(&record, at(desired));
        assert_eq!(next.version, record.version + 1);
        replace(&*store, &record, &next).await;
        assert_eq!(stored(&*store, &next).await.as_ref(), Some(&next));
        record = next;
    }
}

pub async fn a_change_leaves_user_data_alone_when_told_so(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let data = |text: &str| UserData::try_from(json!({ "note": text })).expect("names and values");
    // Of no length, of some, and of more than any store keeps in one piece; the next one longer, and shorter again.
    let texts =
        [String::new(), "a".to_owned(), "word ".repeat(2_000), (0..9_000).map(|n| n.to_string()).collect()];
    for (number, text) in (1..).zip(&texts) {
        let mut record = scheduled(number, at("18:05"));
        if !text.is_empty() {
            record.request_mut().user_data = data(text);
        }
        put(&*store, &record).await;
        // What such a change holds of it is not looked at.
        let mut next = moved(&record, at("18:10"));
        next.request_mut().user_data = data("not to be written");
        let keeping = Change { keeps_user_data: true, ..change(&record, &next) };
        assert_eq!(try_change(&*store, keeping).await, Ok(()));
        next.request_mut().user_data = record.request.user_data.clone();
        assert_eq!(stored(&*store, &next).await.as_ref(), Some(&next), "{} bytes", text.len());
        for text in &texts {
            let mut last = as_next(&next, next.clone());
            last.request_mut().user_data = data(text);
            replace(&*store, &next, &last).await;
            assert_eq!(stored(&*store, &last).await.as_ref(), Some(&last), "{} bytes", text.len());
            next = last;
        }
        let mut last = as_next(&next, next.clone());
        last.request_mut().user_data = record.request.user_data.clone();
        replace(&*store, &next, &last).await;
        assert_eq!(stored(&*store, &last).await.as_ref(), Some(&last), "none again, where there was none");
    }
}

pub async fn an_unknown_record_is_missing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let unknown = scheduled(1, at("18:05"));
    let answer = try_change(&*store, change(&unknown, &cancelled(&unknown))).await;
    assert_eq!(answer, Err(Conflict::Missing));
    assert_eq!(stored(&*store, &unknown).await, None, "a change never inserts");
}

pub async fn a_stale_change_changes_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let first = scheduled(1, at("18:05"));
    let second = moved(&first, at("18:40"));
    put(&*store, &first).await;
    replace(&*store, &first, &second).await;
    let late = change(&first, &cancelled(&first));
    assert_eq!(try_change(&*store, late.clone()).await, Err(Conflict::Stale), "an older version");
    let ahead = Change { expected: 7, ..late };
    assert_eq!(try_change(&*store, ahead).await, Err(Conflict::Stale), "a version never reached");
    assert_eq!(stored(&*store, &second).await, Some(second));
    assert_eq!(held_places(&*store, between("18:30", "19:00")).await, 1);
}

pub async fn a_batch_succeeds_and_fails_one_by_one(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let records: Vec<Callback> = (1..=5).map(|number| scheduled(number, at("18:05"))).collect();
    for record in records.iter().take(4) {
        put(&*store, record).await;
    }
    let mut changes: Vec<Change> =
        records.iter().map(|record| change(record, &moved(record, at("18:40")))).collect();
    changes[1].expected = 3;
    changes[2].guards = vec![place_guard("19:00", "19:30", 1), place_guard("18:30", "19:00", 1)];
    let answers = store.change(changes).await.expect("change");
    let expected = [Ok(()), Err(Conflict::Stale), Err(Conflict::Refused(1)), Ok(()), Err(Conflict::Missing)];
    assert_eq!(answers, expected, "in the order of the changes");
    for (record, answer) in records.iter().zip(expected).take(4) {
        let expected = if answer.is_ok() { moved(record, at("18:40")) } else { record.clone() };
        assert_eq!(stored(&*store, record).await, Some(expected));
    }
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 2);
    assert_eq!(held_places(&*store, between("18:30", "19:00")).await, 2);
    assert_eq!(store.change(Vec::new()).await.expect("change"), [], "an empty batch");
}

pub async fn changes_of_one_record_in_a_batch_follow_each_other(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let first = scheduled(1, at("18:05"));
    let (second, other) = (moved(&first, at("18:40")), moved(&first, at("20:10")));
    let third = cancelled(&second);
    put(&*store, &first).await;
    let batch = vec![change(&first, &second), change(&first, &other), change(&second, &third)];
    let answers = store.change(batch).await.expect("change");
    assert_eq!(answers, [Ok(()), Err(Conflict::Stale), Ok(())]);
    assert_eq!(stored(&*store, &third).await, Some(third));
}

pub async fn b10_a_cancelled_place_is_free_again(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (first, second, third) =
        (scheduled(1, at("18:00")), scheduled(2, at("18:00")), scheduled(3, at("18:00")));
    put(&*store, &first).await;
    let one = |record| places(booking(record), "18:00", "18:30", 1);
    assert_eq!(book(&*store, one(&second)).await, Booked::Refused(0));
    replace(&*store, &first, &cancelled(&first)).await;
    assert_eq!(book(&*store, one(&second)).await, Booked::Accepted);
    assert_eq!(book(&*store, one(&third)).await, Booked::Refused(0));
}

pub async fn b11_a_refused_move_keeps_the_old_place(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mover = scheduled(1, at("18:00"));
    put(&*store, &mover).await;
    for (number, time) in [(2, "18:15"), (3, "18:30"), (4, "18:50")] {
        put(&*store, &scheduled(number, at(time))).await;
    }
    let mut to_full = change(&mover, &moved(&mover, at("18:45")));
    to_full.guards = vec![place_guard("18:30", "19:00", 2)];
    assert_eq!(try_change(&*store, to_full).await, Err(Conflict::Refused(0)));
    assert_eq!(stored(&*store, &mover).await, Some(mover));
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 2);
    assert_eq!(held_places(&*store, between("18:30", "19:00")).await, 2);
}

pub async fn b12_a_move_frees_the_old_place(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mover = scheduled(1, at("18:00"));
    put(&*store, &mover).await;
    for (number, time) in [(2, "18:15"), (3, "18:30")] {
        put(&*store, &scheduled(number, at(time))).await;
    }
    let mut to_free = change(&mover, &moved(&mover, at("18:40")));
    to_free.guards = vec![place_guard("18:30", "19:00", 2)];
    assert_eq!(try_change(&*store, to_free).await, Ok(()));
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
    assert_eq!(held_places(&*store, between("18:30", "19:00")).await, 2);
    let freed = places(booking(&scheduled(4, at("18:00"))), "18:00", "18:30", 2);
    assert_eq!(book(&*store, freed).await, Booked::Accepted);
}

pub async fn b27_other_endings_keep_the_place(under: &dyn StoreUnderTest) {
    let reasons = [
        (Reason::SUBMIT_FAILED, false),
        (Reason::AGENT_CONNECTED, false),
        (Reason::FAIL_TIMEOUT_TTL, false),
        (Reason::FAIL_ERROR, false),
        (Reason::CANCELLED, true),
        (Reason::CANCELLED_BY_ADMIN, true),
    ];
    for (reason, frees) in reasons {
        let store = under.fresh().await.callbacks;
        let (first, second) = (scheduled(1, at("18:00")), scheduled(2, at("18:10")));
        put(&*store, &first).await;
        put(&*store, &second).await;
        let over = as_next(&first, ended(&first, reason.clone(), at("18:02")));
        replace(&*store, &first, &over).await;
        let held = held_places(&*store, between("18:00", "18:30")).await;
        assert_eq!(held, if frees { 1 } else { 2 }, "{reason}");
        let third = places(booking(&scheduled(3, at("18:20"))), "18:00", "18:30", 2);
        let expected = if frees { Booked::Accepted } else { Booked::Refused(0) };
        assert_eq!(book(&*store, third).await, expected, "{reason}");
    }
}

pub async fn the_own_place_is_not_counted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = scheduled(1, at("18:00"));
    put(&*store, &record).await;
    let mut within = change(&record, &moved(&record, at("18:20")));
    within.guards = vec![place_guard("18:00", "18:30", 1)];
    assert_eq!(try_change(&*store, within).await, Ok(()), "it moves within the slot it fills alone");
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
    // Another one in the slot does count.
    let other = scheduled(2, at("18:05"));
    put(&*store, &other).await;
    let mut within = change(&other, &moved(&other, at("18:25")));
    within.guards = vec![place_guard("18:00", "18:30", 1)];
    assert_eq!(try_change(&*store, within).await, Err(Conflict::Refused(0)));
}

pub async fn the_own_number_is_not_counted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = with_phone(scheduled(1, at("18:00")), "+15195550123");
    put(&*store, &record).await;
    let strict = || vec![Guard::Number { comparison: comparison("15195550123"), limit: 1 }];
    let next = moved(&record, at("18:20"));
    let guarded = Change { guards: strict(), ..change(&record, &next) };
    assert_eq!(try_change(&*store, guarded).await, Ok(()));
    put(&*store, &Callback { id: id(2), ..record }).await;
    let guarded = Change { guards: strict(), ..change(&next, &moved(&next, at("18:40"))) };
    assert_eq!(try_change(&*store, guarded).await, Err(Conflict::Refused(0)));
}

pub async fn the_own_activity_is_not_counted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = queued(&scheduled(1, at("18:00")), at("18:00"));
    put(&*store, &record).await;
    let alone = || vec![Guard::Active { limit: 1 }];
    let next = as_next(&record, ended(&record, Reason::AGENT_CONNECTED, at("18:03")));
    let other = queued(&scheduled(2, at("18:00")), at("18:00"));
    put(&*store, &other).await;
    let guarded = Change { guards: alone(), ..change(&record, &next) };
    assert_eq!(try_change(&*store, guarded.clone()).await, Err(Conflict::Refused(0)), "the other counts");
    let over = as_next(&other, ended(&other, Reason::AGENT_CONNECTED, at("18:03")));
    replace(&*store, &other, &over).await;
    assert_eq!(try_change(&*store, guarded).await, Ok(()), "it does not count itself");
}

pub async fn guards_see_what_the_batch_did_before(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let records: Vec<Callback> = (1..=3).map(|number| scheduled(number, at("18:00"))).collect();
    for record in &records {
        put(&*store, record).await;
    }
    let to_two = |record| Change {
        guards: vec![place_guard("18:30", "19:00", 2)],
        ..change(record, &moved(record, at("18:40")))
    };
    let answers = store.change(records.iter().map(to_two).collect()).await.expect("change");
    assert_eq!(answers, [Ok(()), Ok(()), Err(Conflict::Refused(0))]);
    assert_eq!(held_places(&*store, between("18:30", "19:00")).await, 2);
}

pub async fn invariant_06_a_second_cancel_frees_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (first, second) = (scheduled(1, at("18:00")), scheduled(2, at("18:00")));
    put(&*store, &first).await;
    put(&*store, &second).await;
    let cancel = change(&first, &cancelled(&first));
    assert_eq!(try_change(&*store, cancel.clone()).await, Ok(()));
    assert_eq!(try_change(&*store, cancel).await, Err(Conflict::Stale));
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
}

pub async fn a_change_can_neither_see_nor_touch_another_tenant(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let theirs = Callback { tenant: "globex".into(), ..scheduled(1, at("18:00")) };
    put(&*store, &theirs).await;
    let ours = scheduled(1, at("18:00"));
    assert_eq!(try_change(&*store, change(&ours, &cancelled(&ours))).await, Err(Conflict::Missing));
    assert_eq!(stored(&*store, &theirs).await, Some(theirs));
}

fn moved(record: &Callback, desired: Timestamp) -> Callback {
    after(record, &Event::Reschedule { desired, settings_version: 2 }, at("09:00"))
}

fn cancelled(record: &Callback) -> Callback {
    after(record, &Event::Cancel { by: CancelledBy::Client }, at("09:30"))
}
