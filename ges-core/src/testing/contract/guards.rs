//! What a booking demands, judged in the same step as the write.

use super::StoreUnderTest;
use super::ask::{Store, book, put, replace};
use crate::callback::{Callback, Reason, SessionState};
use crate::port::{Booked, Guard};
use crate::slots::PlaceGuard;
use crate::testing::fixtures::{
    as_next, at, booking, comparison, ended, guarded, id, immediate, place_guard, queued, reported,
    scheduled, with_phone,
};
use crate::time::{Interval, Timestamp};

pub async fn places_count_what_is_desired_inside_the_range(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    // The range is half open: two inside, two just outside.
    for (number, time) in [(1, "17:59:59.999"), (2, "18:00"), (3, "18:29:59.999"), (4, "18:30")] {
        put(&*store, &scheduled(number, at(time))).await;
    }
    let try_with = async |limit| book_with(&*store, 9, [place_guard("18:00", "18:30", limit)]).await;
    assert_eq!(try_with(2).await, Booked::Refused(0), "two are inside");
    assert_eq!(try_with(3).await, Booked::Accepted, "two are fewer than three");
    assert_eq!(book_with(&*store, 10, [place_guard("18:00", "18:30", 3)]).await, Booked::Refused(0));
}

pub async fn the_first_guard_that_breaks_is_named(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &with_phone(scheduled(1, at("18:10")), "+15195550123")).await;
    let (holds, place) = (place_guard("18:00", "18:30", 2), place_guard("18:00", "18:30", 1));
    let number = Guard::Number { comparison: comparison("15195550123"), limit: 1 };
    let active = Guard::Active { limit: 0 };
    let rows: [(&[&Guard], Booked); 6] = [
        (&[&place], Booked::Refused(0)),
        (&[&holds, &place], Booked::Refused(1)),
        (&[&holds, &number, &place], Booked::Refused(1)),
        (&[&holds, &place, &number], Booked::Refused(1)),
        (&[&holds, &holds, &active, &number], Booked::Refused(2)),
        (&[&holds, &holds], Booked::Accepted),
    ];
    for (row, (guards, expected)) in rows.into_iter().enumerate() {
        let booked = book_with(&*store, 2, guards.iter().copied().cloned()).await;
        assert_eq!(booked, expected, "row {row}");
    }
}

pub async fn places_of_a_limit_of_zero_take_nobody(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    assert_eq!(book_with(&*store, 1, [place_guard("18:00", "18:30", 0)]).await, Booked::Refused(0));
    let number = Guard::Number { comparison: comparison("15195550001"), limit: 0 };
    assert_eq!(book_with(&*store, 1, [number]).await, Booked::Refused(0));
    assert_eq!(book_with(&*store, 1, [Guard::Active { limit: 0 }]).await, Booked::Refused(0));
}

pub async fn q07_unfinished_records_of_a_number_are_counted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let twice = || [Guard::Number { comparison: comparison("15195550123"), limit: 2 }];
    let of_number = |number| with_phone(scheduled(number, at("18:10")), "+1 (519) 555-0123");
    let (first, second) = (of_number(1), of_number(2));

    put(&*store, &first).await;
    let booked = book(&*store, guarded(booking(&second), twice())).await;
    assert_eq!(booked, Booked::Accepted, "the number has one unfinished");
    let booked = book(&*store, guarded(booking(&of_number(3)), twice())).await;
    assert_eq!(booked, Booked::Refused(0), "the number has two unfinished");
    // A live session still counts; only the end frees the number.
    replace(&*store, &first, &as_next(&first, queued(&first, at("18:08")))).await;
    let first = as_next(&first, queued(&first, at("18:08")));
    let booked = book(&*store, guarded(booking(&of_number(3)), twice())).await;
    assert_eq!(booked, Booked::Refused(0), "one of the two is queued");
    for record in [first, second] {
        let over = as_next(&record, ended(&record, Reason::AGENT_CONNECTED, at("18:10")));
        replace(&*store, &record, &over).await;
    }
    let booked = book(&*store, guarded(booking(&of_number(3)), twice())).await;
    assert_eq!(booked, Booked::Accepted, "the number has two completed");
}

pub async fn q08_another_service_does_not_count(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let elsewhere = Callback { service: "billing".into(), ..scheduled(1, at("18:10")) };
    put(&*store, &with_phone(elsewhere.clone(), "+15195550123")).await;
    let strict = [Guard::Number { comparison: comparison("15195550123"), limit: 1 }];
    let here = with_phone(scheduled(2, at("18:10")), "+15195550123");
    let all = guarded(booking(&here), strict);
    let all = guarded(all, [place_guard("18:00", "18:30", 1)]);
    assert_eq!(book(&*store, all.clone()).await, Booked::Accepted);
    let again = Callback { id: id(3), ..here };
    assert_eq!(book(&*store, guarded(booking(&again), all.guards)).await, Booked::Refused(0));
}

pub async fn active_records_are_counted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let states = [SessionState::Routing, SessionState::Processing];
    put(&*store, &scheduled(1, at("18:00"))).await;
    put(&*store, &queued(&immediate(2, at("09:00")), at("09:00"))).await;
    for (number, state) in (3..).zip(states) {
        let session = queued(&immediate(number, at("09:00")), at("09:00"));
        put(&*store, &reported(&session, state, at("09:01"))).await;
    }
    let over = ended(&immediate(5, at("09:00")), Reason::AGENT_CONNECTED, at("09:00"));
    put(&*store, &over).await;
    // One each in QUEUED, ROUTING and PROCESSING.
    assert_eq!(book_with(&*store, 6, [Guard::Active { limit: 3 }]).await, Booked::Refused(0));
    assert_eq!(book_with(&*store, 6, [Guard::Active { limit: 4 }]).await, Booked::Accepted);
}

pub async fn guards_see_only_their_own_tenant(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let theirs = Callback { tenant: "globex".into(), ..scheduled(1, at("18:05")) };
    put(&*store, &theirs).await;
    put(&*store, &Callback { id: id(2), ..queued(&theirs, at("18:05")) }).await;
    let guards = [
        place_guard("18:00", "18:30", 1),
        Guard::Number { comparison: theirs.request.number.comparison(), limit: 1 },
        Guard::Active { limit: 1 },
    ];
    let ours = guarded(booking(&scheduled(1, at("18:05"))), guards);
    assert_eq!(book(&*store, ours).await, Booked::Accepted);
}

pub async fn a_huge_or_empty_range_does_no_harm(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &scheduled(1, at("18:05"))).await;
    let over = |start, end, limit| [Guard::Places(PlaceGuard { range: Interval::new(start, end), limit })];
    let (min, max) = (Timestamp::MIN, Timestamp::MAX);
    assert_eq!(book_with(&*store, 2, over(min, max, 1)).await, Booked::Refused(0));
    assert_eq!(book_with(&*store, 2, over(min, max, u32::MAX)).await, Booked::Accepted);
    let noon = at("18:05");
    assert_eq!(
        book_with(&*store, 3, over(noon, noon, 1)).await,
        Booked::Accepted,
        "an empty range holds nobody"
    );
    assert_eq!(
        book_with(&*store, 4, over(max, min, 1)).await,
        Booked::Accepted,
        "nor one that ends before it starts"
    );
}

async fn book_with(store: &Store, number: u64, guards: impl IntoIterator<Item = Guard>) -> Booked {
    book(store, guarded(booking(&scheduled(number, at("18:15"))), guards)).await
}
