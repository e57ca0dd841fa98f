//! Several nodes on the same data. Skipped where [`StoreUnderTest::another`] answers `None`.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{
    LEASE, Store, book, fenced, held, held_places, ids, lease, listed, next_wake, put, replace, stored,
    tally, try_change, wanting,
};
use super::concurrency::gather;
use super::settings::tables;
use super::{Missing, StoreUnderTest, Stores, call_in};
use crate::callback::{CancelledBy, Event};
use crate::port::{Booked, Change, Conflict, Guard, Lease, LeaseRequest, PublishError, Query};
use crate::testing::fixtures::{
    after, as_next, at, between, booking, change, comparison, guarded, issued, place_guard, places, queued,
    scheduled, tenant, with_phone,
};
use crate::time::Timestamp;

/// Two handles on the same fresh data, as two nodes have them.
async fn two(under: &dyn StoreUnderTest) -> Result<[Stores; 2], Missing> {
    let one = under.fresh().await;
    let other = under.another(&one).await.ok_or(Missing::Another)?;
    Ok([one, other])
}

pub async fn what_one_writes_the_other_reads(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let [one, other] = two(under).await?;
    let (one, other) = (&*one.callbacks, &*other.callbacks);
    let record = scheduled(1, at("18:00"));
    put(one, &record).await;
    assert_eq!(stored(other, &record).await.as_ref(), Some(&record));
    assert_eq!(next_wake(other).await, booking(&record).wake_at);
    let next = as_next(&record, queued(&record, at("18:00")));
    replace(other, &record, &next).await;
    assert_eq!(stored(one, &record).await.as_ref(), Some(&next));
    assert_eq!(tally(one, &tenant()).await, tally(other, &tenant()).await);
    assert_eq!(held_places(other, between("18:00", "18:30")).await, 1);
    assert_eq!(listed(other, Query::of(tenant(), 10)).await, [1]);
    assert_eq!(book(other, booking(&record)).await, Booked::Exists, "the id is taken everywhere");
    Ok(())
}

pub async fn of_a_hundred_bookings_through_two_nodes_seven_fit(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let attempts = (1..=100).map(|number| {
        let store = of(&nodes, number);
        async move {
            let callback = scheduled(number, at("18:00") + Duration::from_secs(60 * (number % 30)));
            book(&*store, places(booking(&callback), "18:00", "18:30", 7)).await
        }
    });
    let booked = gather(under, attempts).await;
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Accepted).count(), 7);
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Refused(0)).count(), 93);
    for node in &nodes {
        assert_eq!(held_places(&*node.callbacks, between("18:00", "18:30")).await, 7);
    }
    Ok(())
}

pub async fn of_bookings_of_one_number_through_two_nodes_two_fit(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let attempts = (1..=40).map(|number| {
        let store = of(&nodes, number);
        async move {
            let guard = Guard::Number { comparison: comparison("15195550123"), limit: 2 };
            let callback = with_phone(scheduled(number, at("18:00")), "+15195550123");
            book(&*store, guarded(booking(&callback), [guard])).await
        }
    });
    let booked = gather(under, attempts).await;
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Accepted).count(), 2);
    Ok(())
}

pub async fn of_bookings_of_one_id_through_two_nodes_one_is_accepted(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let nodes = two(under).await?;
    // In different services, so that nothing but the id can stand in the way.
    let attempts = (1..=30_u64).map(|number| {
        let store = of(&nodes, number);
        async move {
            let service = format!("service-{}", number % 3).into();
            let callback = crate::callback::Callback { service, ..scheduled(1, at("18:00")) };
            book(&*store, booking(&callback)).await
        }
    });
    let booked = gather(under, attempts).await;
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Accepted).count(), 1);
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Exists).count(), 29);
    assert_eq!(listed(&*nodes[0].callbacks, Query::of(tenant(), 50)).await, [1]);
    Ok(())
}

pub async fn of_moves_through_two_nodes_six_fit(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let records: Vec<_> = (1..=20).map(|number| scheduled(number, at("18:00"))).collect();
    for record in &records {
        put(&*nodes[0].callbacks, record).await;
    }
    let moves = records.into_iter().zip(0..).map(|(record, number)| {
        let store = of(&nodes, number);
        async move {
            let event = Event::Reschedule { desired: at("19:10"), settings_version: 1 };
            let next = after(&record, &event, at("09:00"));
            let guards = vec![place_guard("19:00", "19:30", 6)];
            try_change(&*store, Change { guards, ..change(&record, &next) }).await
        }
    });
    let answers = gather(under, moves).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 6);
    assert_eq!(held_places(&*nodes[1].callbacks, between("18:00", "18:30")).await, 14);
    assert_eq!(held_places(&*nodes[1].callbacks, between("19:00", "19:30")).await, 6);
    Ok(())
}

pub async fn of_changes_of_one_version_through_two_nodes_one_wins(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let record = scheduled(1, at("18:00"));
    put(&*nodes[0].callbacks, &record).await;
    let attempts = (1..=20_u64).map(|minute| {
        let (store, record) = (of(&nodes, minute), record.clone());
        async move {
            let desired = at("19:00") + Duration::from_secs(60 * minute);
            let next = after(&record, &Event::Reschedule { desired, settings_version: 1 }, at("09:00"));
            (try_change(&*store, change(&record, &next)).await.is_ok()).then_some(next)
        }
    });
    let won: Vec<_> = gather(under, attempts).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1, "one change of that version");
    for node in &nodes {
        assert_eq!(stored(&*node.callbacks, &record).await.as_ref(), won.first());
    }
    Ok(())
}

pub async fn leases_through_two_nodes_are_given_once(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let nodes = two(under).await?;
    for number in 1..=50 {
        put(&*of(&nodes, number), &scheduled(number, at("18:00"))).await;
    }
    let now = at("18:00");
    let asked = (0..8_u64).map(|number| {
        let store = of(&nodes, number);
        async move { lease(&*store, LeaseRequest { limit: 10, ..as_node(number % 2, now) }).await }
    });
    let mut leased: Vec<u128> = gather(under, asked).await.iter().flat_map(|some| ids(some)).collect();
    // Whoever came while others took theirs may have seen fewer; the rest is there for the next to ask.
    leased.extend(ids(&lease(&*nodes[1].callbacks, as_node(1, now)).await));
    leased.sort_unstable();
    assert_eq!(leased, (1..=50).collect::<Vec<u128>>(), "each once");
    Ok(())
}

pub async fn a_node_that_was_taken_over_can_write_nothing(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let [one, other] = two(under).await?;
    let (one, other) = (&*one.callbacks, &*other.callbacks);
    let (now, record) = (at("18:00"), scheduled(1, at("18:00")));
    put(one, &record).await;
    let old = lease(one, as_node(0, now)).await.remove(0).lease;
    assert!(held(other, &old, now).await, "everybody sees who has it");
    assert_eq!(other.end_leases(&as_node(0, now).owner).await.expect("end_leases"), 1);
    assert!(!held(one, &old, now).await, "it is worth nothing where it was given");
    let new = lease(other, as_node(1, now)).await.remove(0).lease;
    assert!(new.fence > old.fence);
    let next = issued(&record, at("18:00"));
    let late = fenced(change(&record, &next), old.fence);
    assert_eq!(try_change(one, late.clone()).await, Err(Conflict::Fenced));
    assert_eq!(try_change(other, Change { fence: Some(new.fence), ..late }).await, Ok(()));
    assert!(held(one, &Lease { version: next.version, ..new }, now).await);
    Ok(())
}

pub async fn an_expired_lease_goes_to_the_other_node(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let [one, other] = two(under).await?;
    let (one, other) = (&*one.callbacks, &*other.callbacks);
    let now = at("18:00");
    put(one, &scheduled(1, now)).await;
    let old = lease(one, as_node(0, now)).await.remove(0).lease;
    assert_eq!(ids(&lease(other, as_node(1, now)).await), [0_u128; 0]);
    let later = now + LEASE;
    let new = lease(other, as_node(1, later)).await.remove(0).lease;
    assert!(new.fence > old.fence);
    assert!(!held(one, &old, now).await, "even for a clock that lags");
    Ok(())
}

pub async fn a_cancel_through_one_node_ends_the_lease_of_the_other(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let [one, other] = two(under).await?;
    let (one, other) = (&*one.callbacks, &*other.callbacks);
    let (now, record) = (at("18:00"), scheduled(1, at("18:00")));
    put(one, &record).await;
    let lease = lease(one, as_node(0, now)).await.remove(0).lease;
    let over = after(&record, &Event::Cancel { by: CancelledBy::Client }, now);
    replace(other, &record, &over).await;
    assert!(!held(one, &lease, now).await);
    let hand_over = fenced(change(&record, &issued(&record, now)), lease.fence);
    assert!(try_change(one, hand_over).await.is_err());
    assert_eq!(stored(one, &record).await, Some(over));
    Ok(())
}

pub async fn of_publications_through_two_nodes_one_wins(under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let attempts = (0..20_u64).map(|number| {
        let (store, by) = (nodes[usize::from(number % 2 == 1)].settings.clone(), number.to_string());
        async move {
            let next = tables(1, &[("first", "by", &by), ("second", "by", &by)]);
            match store.publish(&tenant(), next.clone()).await {
                Ok(()) => Some(next),
                Err(PublishError::Stale) => None,
                Err(error) => panic!("{error}"),
            }
        }
    });
    let won: Vec<_> = gather(under, attempts).await.into_iter().flatten().collect();
    for node in &nodes {
        let published = node.settings.published(&tenant()).await.expect("published");
        assert_eq!(won, [published], "one publication, whole");
    }
    Ok(())
}

pub async fn of_call_in_changes_through_two_nodes_one_wins(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let nodes = two(under).await?;
    let attempts = (1..=20_u64).map(|number| {
        let store = nodes[usize::from(number % 2 == 1)].call_ins.clone();
        async move {
            let request = crate::testing::fixtures::call_in(number, at("18:00"));
            let written = store.change(call_in::change(0, [&request])).await.expect("change");
            written.then_some(request)
        }
    });
    let won: Vec<_> = gather(under, attempts).await.into_iter().flatten().collect();
    assert_eq!(won.len(), 1);
    for node in &nodes {
        let group = node.call_ins.group(&tenant(), "help").await.expect("group");
        assert_eq!((group.version, &group.waiting), (1, &won));
    }
    Ok(())
}

fn of(nodes: &[Stores; 2], number: u64) -> Arc<Store> {
    nodes[usize::from(number % 2 == 1)].callbacks.clone()
}

fn as_node(number: u64, now: Timestamp) -> LeaseRequest {
    LeaseRequest { owner: format!("node-{number}").into(), ..wanting(now, now) }
}
