//! One record that cannot be read. What a list answers that comes upon it is left open: an error, or the others.

use super::ask::{LEASE, book, held_places, ids, lease_at, put, replace, stored, tally};
use super::{Missing, StoreUnderTest};
use crate::callback::{CancelledBy, Event};
use crate::port::{Booked, Query, StoreError};
use crate::testing::fixtures::{after, at, between, booking, places, scheduled, service, tenant};

pub async fn a_record_that_cannot_be_read_stops_nobody_else(
    under: &dyn StoreUnderTest,
) -> Result<(), Missing> {
    let stores = under.fresh().await;
    let store = &*stores.callbacks;
    let records: Vec<_> = (1..=3).map(|number| scheduled(number, at("18:00"))).collect();
    for record in &records {
        put(store, record).await;
    }
    let [first, spoilt, last] = &records[..] else { unreachable!("there are three") };
    if !under.spoil(&stores, &spoilt.tenant, spoilt.id).await {
        return Err(Missing::Spoil);
    }
    let error = store.get(&spoilt.tenant, spoilt.id).await.expect_err("it cannot be read");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("15550002"), "its number stands in the error: {shown}");
    for record in [first, last] {
        assert_eq!(stored(store, record).await.as_ref(), Some(record));
    }
    // The earliest, the one in the middle and the latest wait for the same instant: all others are given out, and again.
    for now in [at("18:00"), at("18:00") + LEASE] {
        let mut leased = ids(&lease_at(store, now).await);
        leased.sort_unstable();
        assert_eq!(leased, [1, 3]);
    }
    // Its place and its state stay counted: the customer was promised a call.
    let full = places(booking(&scheduled(4, at("18:10"))), "18:00", "18:30", 3);
    assert_eq!(book(store, full).await, Booked::Refused(0));
    assert_eq!(tally(store, &tenant()).await[&service()].scheduled, 3);
    replace(store, first, &after(first, &Event::Cancel { by: CancelledBy::Client }, at("17:00"))).await;
    assert_eq!(held_places(store, between("18:00", "18:30")).await, 2);
    assert_eq!(book(store, booking(&scheduled(5, at("18:10")))).await, Booked::Accepted);
    match store.query(Query::of(tenant(), 10)).await {
        Err(StoreError::Corrupt { .. }) => {}
        listed => assert_eq!(listed.expect("a list").callbacks.len(), 3, "the ones that can be read"),
    }
    store.check().await.expect("the store works");
    Ok(())
}
