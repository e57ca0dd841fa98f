//! Many at once.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::ask::{
    LEASE, book, fenced, held_places, lease, lease_at, listed, put, stored, try_change, wanting,
};
use super::{StoreUnderTest, Task};
use crate::callback::{Callback, CancelledBy, Event};
use crate::port::{Booked, Change, Conflict, Guard, LeaseRequest, Query};
use crate::testing::fixtures::{
    after, as_next, at, between, booking, change, comparison, guarded, place_guard, places, queued,
    scheduled, tenant, with_phone,
};

pub async fn b09_of_a_hundred_bookings_seven_fit(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let attempts = (1..=100).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let minute = Duration::from_secs(60 * (number % 30));
            let callback = scheduled(number, at("18:00") + minute);
            book(&*store, places(booking(&callback), "18:00", "18:30", 7)).await
        }
    });
    let booked = gather(under, attempts).await;
    let accepted = booked.iter().filter(|booked| **booked == Booked::Accepted).count();
    let refused = booked.iter().filter(|booked| **booked == Booked::Refused(0)).count();
    assert_eq!((accepted, refused), (7, 93));
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 7);
    assert_eq!(listed(&*store, Query::of(tenant(), 200)).await.len(), 7);
}

pub async fn of_parallel_bookings_of_one_id_one_is_accepted(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let attempts = (0..30).map(|_| {
        let store = Arc::clone(&store);
        async move { book(&*store, places(booking(&scheduled(1, at("18:00"))), "18:00", "18:30", 1)).await }
    });
    let booked = gather(under, attempts).await;
    let accepted = booked.iter().filter(|booked| **booked == Booked::Accepted).count();
    let exist = booked.iter().filter(|booked| **booked == Booked::Exists).count();
    assert_eq!((accepted, exist), (1, 29));
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
}

pub async fn of_parallel_bookings_of_one_number_two_fit(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let attempts = (1..=40).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let guard = Guard::Number { comparison: comparison("15195550123"), limit: 2 };
            let callback = with_phone(scheduled(number, at("18:00")), "+15195550123");
            book(&*store, guarded(booking(&callback), [guard])).await
        }
    });
    let booked = gather(under, attempts).await;
    assert_eq!(booked.iter().filter(|booked| **booked == Booked::Accepted).count(), 2);
    assert_eq!(listed(&*store, Query::of(tenant(), 200)).await.len(), 2);
}

pub async fn of_parallel_changes_of_one_version_one_wins(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = scheduled(1, at("18:00"));
    put(&*store, &record).await;
    let attempts = (1..=30).map(|minute| {
        let (store, record) = (Arc::clone(&store), record.clone());
        async move {
            let desired = at("19:00") + Duration::from_secs(60 * minute);
            let event = Event::Reschedule { desired, settings_version: 1 };
            let next = after(&record, &event, at("09:00"));
            (try_change(&*store, change(&record, &next)).await, next)
        }
    });
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for (answer, next) in gather(under, attempts).await {
        match answer {
            Ok(()) => won.push(next),
            Err(conflict) => lost.push(conflict),
        }
    }
    assert_eq!(won.len(), 1, "one change of that version");
    assert_eq!(lost, [Conflict::Stale; 29]);
    assert_eq!(stored(&*store, &record).await.as_ref(), won.first());
    assert_eq!(held_places(&*store, between("18:00", "20:00")).await, 1);
}

pub async fn of_parallel_leases_each_record_is_given_once(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for number in 1..=50 {
        put(&*store, &scheduled(number, at("18:00"))).await;
    }
    for round in 0..2 {
        let now = at("18:00") + LEASE * round;
        let nodes = (0..8).map(|node| {
            let store = Arc::clone(&store);
            async move {
                let owner = format!("node-{node}").into();
                let request = LeaseRequest { owner, limit: 10, ..wanting(now, now) };
                lease(&*store, request).await
            }
        });
        let leased: Vec<_> = gather(under, nodes).await.into_iter().flatten().collect();
        let mut ids: Vec<_> = leased.iter().map(|one| one.lease.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(leased.len(), ids.len(), "no record is given to two");
        // Whoever came while others took theirs may have seen fewer; the rest is there for the next to ask.
        let rest = lease_at(&*store, now).await;
        assert_eq!(leased.len() + rest.len(), 50, "none is lost");
    }
}

pub async fn invariant_05_parallel_moves_hold_one_place_each(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let records: Vec<Callback> = (1..=20).map(|number| scheduled(number, at("18:00"))).collect();
    for record in &records {
        put(&*store, record).await;
    }
    let moves = records.iter().cloned().map(|record| {
        let store = Arc::clone(&store);
        async move {
            let event = Event::Reschedule { desired: at("19:10"), settings_version: 1 };
            let next = after(&record, &event, at("09:00"));
            let guards = vec![place_guard("19:00", "19:30", 6)];
            try_change(&*store, Change { guards, ..change(&record, &next) }).await
        }
    });
    let answers = gather(under, moves).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 6);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(Conflict::Refused(0))).count(), 14);
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 14);
    assert_eq!(held_places(&*store, between("19:00", "19:30")).await, 6);
}

pub async fn a_parallel_cancel_and_hand_over_end_in_one_of_the_two(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let records: Vec<Callback> = (1..=20).map(|number| scheduled(number, at("18:00"))).collect();
    for record in &records {
        put(&*store, record).await;
    }
    let leased = lease_at(&*store, at("18:00")).await;
    assert_eq!(leased.len(), 20);
    let pairs = leased.into_iter().flat_map(|one| {
        let record = one.callback;
        let cancel =
            change(&record, &after(&record, &Event::Cancel { by: CancelledBy::Client }, at("18:00")));
        let live = as_next(&record, queued(&record, at("18:00")));
        let hand_over = fenced(change(&record, &live), one.lease.fence);
        [cancel, hand_over]
    });
    let attempts = pairs.map(|one| {
        let store = Arc::clone(&store);
        async move { (one.next.id, try_change(&*store, one.clone()).await.is_ok().then_some(one.next)) }
    });
    let mut outcomes = gather(under, attempts).await;
    outcomes.sort_by_key(|(id, _)| *id);
    for pair in outcomes.chunks(2) {
        let won: Vec<&Callback> = pair.iter().filter_map(|(_, won)| won.as_ref()).collect();
        assert_eq!(won.len(), 1, "one of the two");
        assert_eq!(stored(&*store, won[0]).await.as_ref(), Some(won[0]), "and what is stored is its");
    }
}

/// Runs all at once and gathers the answers in whatever order they come.
pub(super) async fn gather<F>(under: &dyn StoreUnderTest, futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let answers = Arc::new(Mutex::new(Vec::new()));
    let mut all = 0;
    let mut tasks: Vec<Task> = Vec::new();
    for future in futures {
        all += 1;
        let answers = Arc::clone(&answers);
        tasks.push(Box::pin(async move {
            let answer = future.await;
            answers.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
        }));
    }
    under.parallel(tasks).await;
    let answers = std::mem::take(&mut *answers.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(answers.len(), all, "every task of `parallel` ran to its end");
    answers
}
