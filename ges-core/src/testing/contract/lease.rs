//! Who acts on a record, and when the next one wants attention.

use std::time::Duration;

use super::StoreUnderTest;
use super::ask::{
    LEASE, fenced, held, ids, lease, lease_at, next_wake, put, raised, release, replace, stored, try_change,
    wanting,
};
use crate::callback::{Callback, CancelledBy, Event};
use crate::dispatch::INDEX_LEAD;
use crate::port::{Booking, Conflict, Lease, LeaseRequest, Raised};
use crate::testing::fixtures::{
    after, as_next, at, booking, change, issued, queued, scheduled, service, tenant, wake_at,
};
use crate::time::Timestamp;

const TICK: Duration = Duration::from_millis(1);

pub async fn due_records_are_leased_earliest_first(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    assert_eq!(lease_at(&*store, at("18:00")).await, []);
    for (number, time) in [(1, "18:03"), (2, "18:01"), (3, "18:30"), (4, "18:02")] {
        put(&*store, &due(number, at(time))).await;
    }
    let leased = lease_at(&*store, at("18:05")).await;
    assert_eq!(ids(&leased), [2, 4, 1]);
    for one in &leased {
        assert_eq!(Some(&one.callback), stored(&*store, &one.callback).await.as_ref());
        assert_eq!(one.lease.tenant, one.callback.tenant);
        assert_eq!(one.lease.id, one.callback.id);
        assert_eq!(one.lease.version, one.callback.version);
        assert_eq!(one.lease.expires, at("18:05") + LEASE);
    }
}

pub async fn the_bound_is_inclusive_and_the_limit_is_kept(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (number, time) in [(1, "18:00"), (2, "18:05"), (3, "18:05:00.001"), (4, "18:10")] {
        put(&*store, &due(number, at(time))).await;
    }
    let two = |until| LeaseRequest { limit: 2, ..wanting(at("17:00"), until) };
    let none = LeaseRequest { limit: 0, ..two(at("18:05")) };
    assert_eq!(ids(&lease(&*store, none).await), [0_u128; 0]);
    assert_eq!(ids(&lease(&*store, two(at("18:04:59.999"))).await), [1]);
    assert_eq!(ids(&lease(&*store, two(at("18:05"))).await), [2], "at the bound, leased ahead of its time");
    assert_eq!(ids(&lease(&*store, two(at("19:00"))).await), [3, 4]);
}

pub async fn a_leased_record_is_skipped_until_its_lease_expires(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let now = at("18:00");
    put(&*store, &due(1, now)).await;
    assert_eq!(ids(&lease_at(&*store, now).await), [1]);
    assert_eq!(ids(&lease_at(&*store, now).await), [0; 0], "the owner itself");
    let other = |now| LeaseRequest { owner: "node-2".into(), ..wanting(now, now) };
    assert_eq!(ids(&lease(&*store, other(now + LEASE - TICK)).await), [0; 0], "just before it expires");
    assert_eq!(ids(&lease(&*store, other(now + LEASE)).await), [1], "at the instant it expires");
    assert_eq!(ids(&lease_at(&*store, now + LEASE).await), [0; 0], "now it is the other's");
}

pub async fn ending_the_leases_of_a_node_frees_its_records_alone(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let now = at("18:00");
    for (number, owner) in [(1, "gone"), (2, "alive"), (3, "gone")] {
        put(&*store, &due(number, now)).await;
        let mine = LeaseRequest { owner: owner.into(), ..wanting(now, now) };
        assert_eq!(ids(&lease(&*store, mine).await), [u128::from(number)]);
    }
    assert_eq!(store.end_leases(&"nobody".into()).await.expect("end_leases"), 0);
    assert_eq!(ids(&lease_at(&*store, now).await), [0; 0]);
    assert_eq!(store.end_leases(&"gone".into()).await.expect("end_leases"), 2);
    assert_eq!(store.next_wake().await.expect("next_wake"), Some(now), "it can be leased at once");
    assert_eq!(store.end_leases(&"gone".into()).await.expect("end_leases"), 0, "once more");
    assert_eq!(ids(&lease_at(&*store, now).await), [1, 3]);
}

pub async fn ended_leases_are_worth_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (now, record) = (at("18:00"), due(1, at("18:00")));
    put(&*store, &record).await;
    let ended = only(&lease_at(&*store, now).await);
    store.end_leases(&wanting(now, now).owner).await.expect("end_leases");
    assert!(!held(&*store, &ended, now).await);
    let late = fenced(change(&record, &touched(&record, now)), ended.fence);
    assert_eq!(try_change(&*store, late).await, Err(Conflict::Fenced));
    release(&*store, &ended, at("19:00")).await;
    let taken = only(&lease_at(&*store, now).await);
    assert!(taken.fence > ended.fence, "and the release of it deferred nothing");
}

pub async fn fences_grow_with_every_lease(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (mut now, mut record) = (at("18:00"), due(1, at("18:00")));
    put(&*store, &record).await;
    let mut last = None;
    for round in 0..8 {
        let lease = only(&lease_at(&*store, now).await);
        assert!(last.is_none_or(|last| lease.fence > last), "round {round}");
        last = Some(lease.fence);
        // Each way a lease can end: it expires, it is given back, the record is changed.
        match round % 3 {
            0 => now = now + LEASE,
            1 => release(&*store, &lease, now).await,
            _ => {
                let next = touched(&record, now);
                replace(&*store, &record, &next).await;
                record = next;
            }
        }
    }
}

pub async fn an_unfenced_change_ends_the_lease(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    assert!(held(&*store, &lease, at("18:00")).await);
    let next = touched(&record, at("18:00"));
    replace(&*store, &record, &next).await;
    assert!(!held(&*store, &lease, at("18:00")).await);
    let raised = Lease { version: next.version, ..lease.clone() };
    assert!(!held(&*store, &raised, at("18:00")).await, "not even for the new version");
    let late = fenced(change(&next, &touched(&next, at("18:00"))), lease.fence);
    assert_eq!(try_change(&*store, late).await, Err(Conflict::Fenced));
    assert_eq!(stored(&*store, &next).await, Some(next));
    assert_eq!(ids(&lease_at(&*store, at("18:00")).await), [1], "it is free for the next");
}

pub async fn a_fenced_change_keeps_the_lease(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    let next = touched(&record, at("18:00"));
    assert_eq!(try_change(&*store, fenced(change(&record, &next), lease.fence)).await, Ok(()));
    assert!(!held(&*store, &lease, at("18:00")).await, "the version it was given for is gone");
    let raised = Lease { version: next.version, ..lease.clone() };
    assert!(held(&*store, &raised, at("18:00")).await);
    assert_eq!(ids(&lease_at(&*store, at("18:00")).await), [0; 0], "still leased");
    let last = touched(&next, at("18:00"));
    assert_eq!(try_change(&*store, fenced(change(&next, &last), lease.fence)).await, Ok(()));
    assert_eq!(stored(&*store, &last).await, Some(last));
}

pub async fn an_outdated_fence_is_refused(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let next = touched(&record, at("18:00"));
    let with = |fence| fenced(change(&record, &next), fence);
    assert_eq!(try_change(&*store, with(1)).await, Err(Conflict::Fenced), "never leased");
    let old = only(&lease_at(&*store, at("18:00")).await);
    let new = only(&lease_at(&*store, at("18:00") + LEASE).await);
    assert_eq!(try_change(&*store, with(old.fence)).await, Err(Conflict::Fenced));
    assert_eq!(
        try_change(&*store, with(new.fence + 1)).await,
        Err(Conflict::Fenced),
        "a fence of the future"
    );
    assert_eq!(stored(&*store, &record).await.as_ref(), Some(&record));
    assert!(held(&*store, &new, at("18:00") + LEASE).await, "a refused change ends no lease");
    assert_eq!(try_change(&*store, with(new.fence)).await, Ok(()));
}

pub async fn an_expired_lease_not_taken_over_still_opens(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    assert!(!held(&*store, &lease, at("18:30")).await);
    let next = touched(&record, at("18:30"));
    assert_eq!(try_change(&*store, fenced(change(&record, &next), lease.fence)).await, Ok(()));
}

pub async fn held_asks_for_fence_time_and_version(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    let expires = lease.expires;
    assert!(held(&*store, &lease, expires - TICK).await);
    assert!(!held(&*store, &lease, expires).await, "at the instant it expires");
    let now = at("18:00");
    assert!(!held(&*store, &Lease { fence: lease.fence + 1, ..lease.clone() }, now).await);
    assert!(!held(&*store, &Lease { version: lease.version + 1, ..lease.clone() }, now).await);
    assert!(!held(&*store, &Lease { tenant: "globex".into(), ..lease.clone() }, now).await);
    let newer = only(&lease_at(&*store, expires).await);
    assert!(!held(&*store, &lease, now).await, "taken over, even for a clock that lags");
    assert!(held(&*store, &newer, expires).await);
    release(&*store, &newer, expires).await;
    assert!(!held(&*store, &newer, expires).await, "given back");
}

pub async fn held_answers_each_lease_in_its_place(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let records: Vec<Callback> = (1..=3).map(|number| due(number, at("18:00"))).collect();
    for record in &records {
        put(&*store, record).await;
    }
    let mut leases: Vec<Lease> =
        lease_at(&*store, at("18:00")).await.into_iter().map(|one| one.lease).collect();
    leases.sort_by_key(|lease| lease.id);
    replace(&*store, &records[1], &touched(&records[1], at("18:00"))).await;
    assert_eq!(store.held(&leases, at("18:00")).await.expect("held"), [true, false, true]);
    assert_eq!(store.held(&[], at("18:00")).await.expect("held"), [false; 0]);
}

pub async fn a_release_defers(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &due(1, at("18:00"))).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    release(&*store, &lease, at("18:10")).await;
    assert!(!held(&*store, &lease, at("18:00")).await);
    assert_eq!(ids(&lease_at(&*store, at("18:09:59.999")).await), [0; 0]);
    let again = only(&lease_at(&*store, at("18:10")).await);
    assert!(again.fence > lease.fence);
}

pub async fn a_lease_ahead_of_time_tells_when_it_is_due(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &due(1, at("18:00"))).await;
    let ahead = |until| lease(&*store, wanting(at("17:50"), until));
    let first = ahead(at("18:00")).await;
    assert_eq!(first.first().map(|one| one.due), Some(at("18:00")), "its own instant");
    release(&*store, &only(&first), at("18:10")).await;
    let again = ahead(at("18:20")).await;
    assert_eq!(again.first().map(|one| one.due), Some(at("18:10")), "deferred");
}

pub async fn a_raised_service_overrides_the_deferral(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &due(1, at("18:00"))).await;
    let lease_1 = only(&lease_at(&*store, at("18:00")).await);
    release(&*store, &lease_1, at("18:10")).await;
    let now = at("18:01");
    assert_eq!(ids(&lease(&*store, raised(wanting(now, now), at("18:30"))).await), [1]);
}

pub async fn a_change_overrides_the_deferral(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    release(&*store, &lease, at("18:10")).await;
    replace(&*store, &record, &touched(&record, at("18:01"))).await;
    assert_eq!(ids(&lease_at(&*store, at("18:01")).await), [1]);
}

pub async fn an_outdated_release_is_ignored(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &due(1, at("18:00"))).await;
    let old = only(&lease_at(&*store, at("18:00")).await);
    let now = at("18:00") + LEASE;
    let new = only(&lease_at(&*store, now).await);
    release(&*store, &old, at("23:00")).await;
    assert!(held(&*store, &new, now).await, "the newer lease stands");
    release(&*store, &Lease { tenant: "globex".into(), ..new.clone() }, at("23:00")).await;
    release(&*store, &Lease { fence: new.fence + 1, ..new.clone() }, at("23:00")).await;
    assert!(held(&*store, &new, now).await, "as it does for leases that never were");
    release(&*store, &new, now).await;
    release(&*store, &new, at("23:00")).await;
    assert_eq!(ids(&lease_at(&*store, now).await), [1], "a second release defers nothing");
    store.release(Vec::new()).await.expect("release");
}

pub async fn a_raised_service_finds_only_what_waits(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (now, before) = (at("15:00"), at("18:00"));
    let (waits, at_bound) = (scheduled(1, at("17:59:59.999")), scheduled(2, before));
    let pending = issued(&scheduled(3, at("17:30")), at("17:28"));
    let elsewhere = Callback { service: "billing".into(), ..scheduled(4, at("17:30")) };
    let theirs = Callback { tenant: "globex".into(), ..scheduled(5, at("17:30")) };
    let live = queued(&scheduled(6, at("17:30")), at("15:00"));
    let over = after(&scheduled(7, at("17:30")), &Event::Cancel { by: CancelledBy::Client }, at("09:00"));
    for record in [&waits, &at_bound, &pending, &elsewhere, &theirs, &live, &over] {
        put(&*store, record).await;
    }
    let request = wanting(now, at("14:59"));
    assert_eq!(ids(&lease(&*store, request.clone()).await), [0; 0]);
    assert_eq!(ids(&lease(&*store, raised(request.clone(), before)).await), [1]);
    let ask_billing = Raised { tenant: tenant(), service: "billing".into(), desired_before: before };
    let ask_globex = Raised { tenant: "globex".into(), service: service(), desired_before: before };
    let both = LeaseRequest { raised: vec![ask_billing, ask_globex], ..request };
    let mut found = ids(&lease(&*store, both).await);
    found.sort_unstable();
    assert_eq!(found, [4, 5]);
}

pub async fn raised_and_due_records_come_in_one_order(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    // Due by their own instant, some sooner and some later than those the raised service finds.
    put(&*store, &due(1, at("15:00"))).await;
    put(&*store, &Callback { service: "billing".into(), ..due(2, at("17:00")) }).await;
    for (number, time) in [(3, "16:30"), (4, "17:30"), (5, "16:00")] {
        put(&*store, &due(number, at(time))).await;
    }
    let request = |limit| LeaseRequest { limit, ..raised(wanting(at("15:00"), at("17:10")), at("17:40")) };
    assert_eq!(ids(&lease(&*store, request(3)).await), [1, 5, 3]);
    assert_eq!(ids(&lease(&*store, request(3)).await), [2, 4]);
}

pub async fn a_record_is_leased_once_however_it_is_found(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &due(1, at("18:00"))).await;
    put(&*store, &due(2, at("18:01"))).await;
    let mut request = raised(wanting(at("18:05"), at("18:05")), at("23:00"));
    request.raised.extend(request.raised.clone());
    assert_eq!(ids(&lease(&*store, request.clone()).await), [1, 2]);
    assert_eq!(ids(&lease(&*store, request).await), [0; 0], "raising does not break a lease");
}

pub async fn a_record_without_a_wake_is_never_due(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = scheduled(1, at("18:00"));
    store.book(Booking { wake_at: None, ..booking(&record) }).await.expect("book");
    assert_eq!(next_wake(&*store).await, None);
    assert_eq!(ids(&lease_at(&*store, Timestamp::MAX - LEASE).await), [0; 0]);
    let now = at("10:00");
    assert_eq!(ids(&lease(&*store, raised(wanting(now, now), at("19:00"))).await), [1], "raising finds it");
}

pub async fn next_wake_is_the_earliest(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    assert_eq!(next_wake(&*store).await, None);
    for (number, time, earliest) in
        [(1, "18:00", "18:00"), (2, "17:00:00.001", "17:00:00.001"), (3, "19:00", "17:00:00.001")]
    {
        put(&*store, &due(number, at(time))).await;
        assert_eq!(next_wake(&*store).await, Some(at(earliest)));
    }
}

pub async fn next_wake_follows_changes_and_leases(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (first, second) = (due(1, at("18:00")), due(2, at("18:20")));
    put(&*store, &first).await;
    put(&*store, &second).await;
    let now = at("18:00");
    let lease = only(&lease_at(&*store, now).await);
    assert_eq!(next_wake(&*store).await, Some(now + LEASE), "the leased one when its lease ends");
    let over = after(&first, &Event::Cancel { by: CancelledBy::Client }, now);
    assert_eq!(try_change(&*store, fenced(change(&first, &over), lease.fence)).await, Ok(()));
    assert_eq!(next_wake(&*store).await, Some(at("18:20")), "a finished one never");
    let next = after(&second, &Event::Reschedule { desired: at("20:00"), settings_version: 1 }, now);
    replace(&*store, &second, &next).await;
    assert_eq!(next_wake(&*store).await, wake_at(&next));
    replace(&*store, &next, &after(&next, &Event::Cancel { by: CancelledBy::Client }, now)).await;
    assert_eq!(next_wake(&*store).await, None);
}

pub async fn next_wake_follows_deferrals(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = due(1, at("18:00"));
    put(&*store, &record).await;
    let lease = only(&lease_at(&*store, at("18:00")).await);
    release(&*store, &lease, at("18:10")).await;
    assert_eq!(next_wake(&*store).await, Some(at("18:10")));
    replace(&*store, &record, &touched(&record, at("18:05"))).await;
    assert_eq!(next_wake(&*store).await, Some(at("18:00")), "a change ends the deferral");
}

pub async fn a_lease_tells_the_next_wake(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let both = async |until: Timestamp| {
        let (leased, next) =
            store.lease_and_next_wake(wanting(until, until)).await.expect("lease and next wake");
        assert_eq!(next, next_wake(&*store).await, "as it is after the leases were given");
        (ids(&leased), next)
    };
    assert_eq!(both(at("18:00")).await, (vec![], None));
    put(&*store, &due(1, at("18:00"))).await;
    put(&*store, &due(2, at("20:00"))).await;
    assert_eq!(both(at("17:59")).await, (vec![], Some(at("18:00"))));
    assert_eq!(both(at("18:00")).await, (vec![1], Some(at("18:00") + LEASE)));
    let after = at("18:00") + LEASE;
    assert_eq!(both(after).await, (vec![1], Some(after + LEASE)), "its lease had run out");
}

pub async fn leases_reach_every_tenant(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (index, name) in ["acme", "globex", "initech"].into_iter().enumerate() {
        let minute = Duration::from_secs(60 * index as u64);
        put(&*store, &Callback { tenant: name.into(), ..due(1, at("18:00") + minute) }).await;
    }
    let leased = lease_at(&*store, at("18:05")).await;
    let tenants: Vec<&str> = leased.iter().map(|one| one.lease.tenant.as_str()).collect();
    assert_eq!(tenants, ["acme", "globex", "initech"]);
}

/// A scheduled record whose own instant is this one.
fn due(number: u64, wake: Timestamp) -> Callback {
    let record = scheduled(number, wake + INDEX_LEAD);
    assert_eq!(wake_at(&record), Some(wake));
    record
}

/// A later version of the same record, which changes nothing that matters here.
fn touched(record: &Callback, now: Timestamp) -> Callback {
    as_next(
        record,
        Callback { updated: now, settings_version: record.settings_version + 1, ..record.clone() },
    )
}

fn only(leased: &[crate::port::Leased]) -> Lease {
    assert_eq!(leased.len(), 1, "exactly one record is leased");
    leased[0].lease.clone()
}
