//! What is removed, and when.

use std::time::Duration;

use super::StoreUnderTest;
use super::ask::{
    book, held_places, ids, lease, listed, next_wake, purge, put, raised, replace, stored, tally, wanting,
};
use crate::callback::{Callback, CancelledBy, Event, RETENTION, Reason};
use crate::port::{Booked, Guard, Query};
use crate::testing::fixtures::{
    after, as_next, at, between, booking, ended, guarded, id, immediate, place_guard, queued, scheduled,
    tenant,
};
use crate::time::Timestamp;

const TICK: Duration = Duration::from_millis(1);

pub async fn invariant_30_nothing_is_purged_early(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let over = ended(&scheduled(1, at("18:00")), Reason::AGENT_CONNECTED, at("18:00"));
    // Cancelled long before its time: its retention still counts from the desired time.
    let cancelled = cancelled(&scheduled(2, at("18:00")));
    let immediate = ended(&immediate(3, at("18:00")), Reason::AGENT_CONNECTED, at("18:00"));
    for record in [&over, &cancelled, &immediate] {
        put(&*store, record).await;
    }
    assert_eq!(purge(&*store, at("18:00") + RETENTION - TICK).await, 0);
    for record in [&over, &cancelled, &immediate] {
        assert_eq!(stored(&*store, record).await.as_ref(), Some(record));
    }
    assert_eq!(purge(&*store, at("18:00") + RETENTION).await, 3);
    assert_eq!(listed(&*store, all()).await, [0_u128; 0]);
    assert_eq!(purge(&*store, Timestamp::MAX).await, 0, "nothing is left to purge");
}

pub async fn invariant_22_only_finished_records_are_purged(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let waiting = scheduled(1, at("18:00"));
    let live = queued(&scheduled(2, at("18:00")), at("18:00"));
    put(&*store, &waiting).await;
    put(&*store, &live).await;
    assert_eq!(purge(&*store, Timestamp::MAX).await, 0);
    assert_eq!(listed(&*store, all()).await, [1, 2]);
    replace(&*store, &waiting, &cancelled(&waiting)).await;
    assert_eq!(purge(&*store, Timestamp::MAX).await, 1, "once it is finished");
    assert_eq!(listed(&*store, all()).await, [2]);
}

pub async fn the_oldest_go_first_and_the_limit_is_kept(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (number, time) in [(1, "18:00"), (2, "16:00"), (3, "17:00"), (4, "15:00")] {
        put(&*store, &cancelled(&scheduled(number, at(time)))).await;
    }
    let now = at("18:00") + RETENTION;
    let purge_some = async |limit| store.purge(now, limit).await.expect("purge");
    assert_eq!(purge_some(0).await, 0);
    assert_eq!(purge_some(1).await, 1);
    assert_eq!(listed(&*store, all()).await, [2, 3, 1]);
    assert_eq!(purge_some(2).await, 2);
    assert_eq!(listed(&*store, all()).await, [1]);
    assert_eq!(purge_some(2).await, 1);
}

pub async fn a_purged_record_is_gone_everywhere(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    // It ended without freeing its place, and its session is still to be told, so it has an instant of its own.
    let live = queued(&scheduled(1, at("18:00")), at("18:00"));
    put(&*store, &live).await;
    let over = as_next(&live, after(&live, &Event::Expire, live.expires_at()));
    replace(&*store, &live, &over).await;
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
    assert!(next_wake(&*store).await.is_some());

    assert_eq!(purge(&*store, over.purge_at()).await, 1);
    assert_eq!(stored(&*store, &over).await, None);
    assert_eq!(listed(&*store, all()).await, [0_u128; 0]);
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 0);
    assert_eq!(next_wake(&*store).await, None);
    assert!(tally(&*store, &tenant()).await.is_empty());
    let everything = raised(wanting(over.purge_at(), over.purge_at()), Timestamp::MAX);
    assert_eq!(ids(&lease(&*store, everything).await), [0_u128; 0]);
}

pub async fn a_purged_id_can_be_booked_again(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = scheduled(1, at("18:00"));
    let over = as_next(&record, ended(&record, Reason::AGENT_CONNECTED, at("18:00")));
    put(&*store, &record).await;
    replace(&*store, &record, &over).await;
    assert_eq!(purge(&*store, over.purge_at()).await, 1);
    let guards = [
        place_guard("18:00", "18:30", 1),
        Guard::Number { comparison: record.request.number.comparison(), limit: 1 },
        Guard::Active { limit: 1 },
    ];
    assert_eq!(book(&*store, guarded(booking(&record), guards)).await, Booked::Accepted);
    assert_eq!(stored(&*store, &record).await.as_ref(), Some(&record));
    put(&*store, &Callback { id: id(2), ..record }).await;
}

fn cancelled(record: &Callback) -> Callback {
    after(record, &Event::Cancel { by: CancelledBy::Client }, at("08:30"))
}

fn all() -> Query {
    Query::of(tenant(), 100)
}
