//! What is there after the store was closed and opened again. Skipped where
//! [`StoreUnderTest::reopen`] answers `None`.

use super::ask::{
    book, fenced, held, held_places, lease_at, listed, next_wake, put, replace, stored, tally, try_change,
};
use super::settings::tables;
use super::{Missing, StoreUnderTest, Stores, call_in};
use crate::callback::{Callback, CancelledBy, Event, Reason};
use crate::port::{Booked, Conflict, Guard, Query};
use crate::testing::fixtures::{
    after, as_next, at, between, booking, change, ended, guarded, id, place_guard, queued, scheduled,
    service, tenant,
};

pub async fn everything_answered_is_there_after_reopening(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let stores = under.fresh().await;
    let records = fill(&stores).await;
    let stores = under.reopen(stores).await.ok_or(Missing::Reopen)?;
    for record in &records {
        assert_eq!(stored(&*stores.callbacks, record).await.as_ref(), Some(record));
    }
    stores.callbacks.check().await.expect("a reopened store works");
    assert_eq!(book(&*stores.callbacks, booking(&records[0])).await, Booked::Exists);
    let stale = change(&scheduled(2, at("18:05")), &records[1]);
    assert_eq!(try_change(&*stores.callbacks, stale).await, Err(Conflict::Stale));
    Ok(())
}

pub async fn invariant_29_the_indexes_are_whole_after_reopening(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let stores = under.fresh().await;
    let records = fill(&stores).await;
    let store = &*stores.callbacks;
    let window = between("18:00", "19:00");
    let before = (
        held_places(store, window).await,
        tally(store, &tenant()).await,
        listed(store, Query::of(tenant(), 50)).await,
        next_wake(store).await,
    );
    assert_eq!(before.0, 3);
    let stores = under.reopen(stores).await.ok_or(Missing::Reopen)?;
    let store = &*stores.callbacks;
    let now = (
        held_places(store, window).await,
        tally(store, &tenant()).await,
        listed(store, Query::of(tenant(), 50)).await,
        next_wake(store).await,
    );
    assert_eq!(now, before);
    let refusing = [
        place_guard("18:00", "19:00", 3),
        Guard::Number { comparison: records[0].request.number.comparison(), limit: 1 },
        Guard::Active { limit: 1 },
    ];
    for guard in refusing {
        let next = scheduled(20, at("18:20"));
        let booked = book(store, guarded(booking(&next), [guard.clone()])).await;
        assert_eq!(booked, Booked::Refused(0), "{guard:?}");
    }
    // Two are due by 18:10; what is finished and told is not.
    assert_eq!(lease_at(store, at("18:10")).await.len(), 2);
    let over = store.purge(records[4].purge_at(), 10).await.expect("purge");
    assert_eq!(over, 2, "both finished ones");
    Ok(())
}

pub async fn fences_grow_across_reopening(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let stores = under.fresh().await;
    let record = scheduled(1, at("18:00"));
    put(&*stores.callbacks, &record).await;
    let mut now = at("18:00");
    let mut old = None;
    for _ in 0..3 {
        old = lease_at(&*stores.callbacks, now).await.into_iter().next();
        now = now + super::ask::LEASE;
    }
    let old = old.expect("a lease").lease;
    let stores = under.reopen(stores).await.ok_or(Missing::Reopen)?;
    let store = &*stores.callbacks;
    // A store may forget leases when it is closed, but never their order.
    let new = lease_at(store, now).await.into_iter().next().expect("a lease").lease;
    assert!(new.fence > old.fence);
    assert!(!held(store, &old, at("18:00")).await);
    let next = as_next(&record, queued(&record, now));
    let late = fenced(change(&record, &next), old.fence);
    assert_eq!(try_change(store, late).await, Err(Conflict::Fenced));
    assert_eq!(try_change(store, fenced(change(&record, &next), new.fence)).await, Ok(()));
    Ok(())
}

pub async fn versions_of_groups_and_settings_survive(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let stores = under.fresh().await;
    let request = crate::testing::fixtures::call_in(1, at("18:00"));
    for version in 0..3 {
        assert!(stores.call_ins.change(call_in::change(version, [&request])).await.expect("change"));
    }
    let published = tables(1, &[("support", "_ttl", "86400")]);
    stores.settings.publish(&tenant(), published.clone()).await.expect("publish");
    let stores = under.reopen(stores).await.ok_or(Missing::Reopen)?;
    let group = stores.call_ins.group(&tenant(), "help").await.expect("group");
    assert_eq!((group.version, group.waiting), (3, vec![request.clone()]));
    assert_eq!(stores.call_ins.request(&tenant(), request.id).await.expect("request"), Some(request));
    assert_eq!(stores.settings.published(&tenant()).await.expect("published"), published);
    Ok(())
}

/// Five records in as many situations, each as last committed.
async fn fill(stores: &Stores) -> Vec<Callback> {
    let store = &*stores.callbacks;
    let waits = scheduled(1, at("18:00"));
    let live = scheduled(2, at("18:05"));
    let moves = scheduled(3, at("20:00"));
    let over = scheduled(4, at("18:10"));
    let cancelled = scheduled(5, at("18:15"));
    let nexts = [
        (waits.clone(), None),
        (live.clone(), Some(as_next(&live, queued(&live, at("18:05"))))),
        (
            moves.clone(),
            Some(after(
                &moves,
                &Event::Reschedule { desired: at("21:00"), settings_version: 2 },
                at("09:00"),
            )),
        ),
        (over.clone(), Some(as_next(&over, ended(&over, Reason::AGENT_CONNECTED, at("18:10"))))),
        (cancelled.clone(), Some(after(&cancelled, &Event::Cancel { by: CancelledBy::Client }, at("09:00")))),
    ];
    let mut records = Vec::new();
    for (record, next) in nexts {
        put(store, &record).await;
        if let Some(next) = &next {
            replace(store, &record, next).await;
        }
        records.push(next.unwrap_or(record));
    }
    debug_assert_eq!(records[0].id, id(1));
    debug_assert_eq!(records[0].service, service());
    records
}
