//! Calls whose future is dropped at each of their await points in turn.
//!
//! What was asked may then be done, may never be done, or may still come; but never by half, and the store goes on. So
//! every call is made once more, as a host does that does not know what became of it.

use super::ask::{LEASE, book, held, held_places, lease, listed, put, stored, try_change, wanting};
use super::{StoreUnderTest, call_in};
use crate::callback::Event;
use crate::port::{Booked, CallInGroupState, Conflict, LeaseRequest, Query};
use crate::testing::dropped_at;
use crate::testing::fixtures::{
    self, after, at, between, booking, change, place_guard, places, scheduled, tenant,
};

/// No call of a store waits so often.
const POINTS_MAX: u16 = 1000;

/// How often leases are asked for while a dropped call may still be giving some.
const TRIES: usize = 1000;

pub async fn a_booking_is_there_as_a_whole_or_not_at_all(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for point in 0..POINTS_MAX {
        let callback = scheduled(point.into(), at("18:00"));
        let all = u32::from(point) + 1;
        let wish = || places(booking(&callback), "18:00", "18:30", all);
        let ended = dropped_at(point.into(), store.book(wish())).await;
        let found = stored(&*store, &callback).await;
        assert!(found.is_none_or(|found| found == callback), "point {point}: not by half");
        let again = book(&*store, wish()).await;
        assert!(matches!(again, Booked::Accepted | Booked::Exists), "point {point}: {again:?}");
        assert_eq!(stored(&*store, &callback).await.as_ref(), Some(&callback), "point {point}");
        assert_eq!(held_places(&*store, between("18:00", "18:30")).await, all, "point {point}");
        if ended.is_some() {
            let records = listed(&*store, Query::of(tenant(), POINTS_MAX.into())).await.len();
            assert_eq!(records, usize::from(point) + 1);
            return;
        }
    }
    panic!("a booking waits more than {POINTS_MAX} times");
}

pub async fn a_change_is_written_as_a_whole_or_not_at_all(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for point in 0..POINTS_MAX {
        let before = scheduled(point.into(), at("18:00"));
        put(&*store, &before).await;
        let event = Event::Reschedule { desired: at("19:00"), settings_version: 1 };
        let next = after(&before, &event, at("09:00"));
        let all = u32::from(point) + 1;
        let mut moves = change(&before, &next);
        moves.guards.push(place_guard("19:00", "19:30", all));
        let ended = dropped_at(point.into(), store.change(vec![moves.clone()])).await;
        let found = stored(&*store, &before).await.expect("the record");
        assert!(found == before || found == next, "point {point}: not by half");
        let again = try_change(&*store, moves).await;
        assert!(matches!(again, Ok(()) | Err(Conflict::Stale)), "point {point}: {again:?}");
        assert_eq!(stored(&*store, &before).await.as_ref(), Some(&next), "point {point}");
        assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 0, "point {point}");
        assert_eq!(held_places(&*store, between("19:00", "19:30")).await, all, "point {point}");
        if ended.is_some() {
            return;
        }
    }
    panic!("a change waits more than {POINTS_MAX} times");
}

pub async fn leases_that_nobody_was_told_of_expire_like_others(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mut now = at("18:00");
    put(&*store, &scheduled(1, now)).await;
    put(&*store, &scheduled(2, now)).await;
    for point in 0..POINTS_MAX {
        let ended = dropped_at(point.into(), store.lease(wanting(now, now))).await;
        // By then they have expired, also those that are given only now.
        now = now + LEASE;
        let mut leased = Vec::new();
        for _ in 0..TRIES {
            let other = LeaseRequest { owner: "node-2".into(), ..wanting(now, now) };
            leased.extend(lease(&*store, other).await);
            // What the dropped call is still leasing is skipped.
            if leased.len() == 2 {
                break;
            }
        }
        assert_eq!(leased.len(), 2, "point {point}: both can be leased");
        for one in &leased {
            assert!(held(&*store, &one.lease, now).await, "point {point}: and are held");
        }
        now = now + LEASE;
        if ended.is_some() {
            return;
        }
    }
    panic!("a lease waits more than {POINTS_MAX} times");
}

pub async fn a_call_in_change_is_written_as_a_whole_or_not_at_all(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let mut before = CallInGroupState::default();
    for point in 0..POINTS_MAX {
        let request = fixtures::call_in(point.into(), at("18:00"));
        let wanted = || call_in::change(before.version, [&request]);
        let mut next = before.clone();
        next.version += 1;
        next.waiting.push(request.clone());
        let ended = dropped_at(point.into(), store.change(wanted())).await;
        let found = call_in::group(&*store).await;
        assert!(found == before || found == next, "point {point}: not by half");
        store.change(wanted()).await.expect("a change");
        assert_eq!(call_in::group(&*store).await, next, "point {point}");
        let read = store.request(&tenant(), request.id).await.expect("request");
        assert_eq!(read.as_ref(), Some(&request), "point {point}");
        if ended.is_some() {
            return;
        }
        before = next;
    }
    panic!("a change waits more than {POINTS_MAX} times");
}
