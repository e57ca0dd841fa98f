//! Listings.

use super::StoreUnderTest;
use super::ask::{Store, listed, number, purge, put, query, replace};
use crate::callback::{Callback, CancelledBy, Event, RETENTION, Reason, StateName};
use crate::port::{Order, Query};
use crate::testing::fixtures::{
    after, at, between, comparison, ended, queued, scheduled, service, tenant, with_phone,
};

pub async fn records_come_by_desired_time_then_id(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    assert_eq!(listed(&*store, all()).await, [0_u128; 0]);
    for (number, time) in [(5, "18:00"), (2, "18:00"), (9, "17:00"), (1, "19:00"), (3, "18:00")] {
        put(&*store, &scheduled(number, at(time))).await;
    }
    assert_eq!(listed(&*store, all()).await, [9, 2, 3, 5, 1]);
}

pub async fn pages_follow_each_other_without_gap_or_repeat(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    // Many records of one instant, so that pages break among equals.
    for number in 1..=23 {
        let time = if number % 3 == 0 { "18:00" } else { "18:30" };
        put(&*store, &scheduled(number, at(time))).await;
    }
    let whole = listed(&*store, all()).await;
    assert_eq!(whole.len(), 23);
    for limit in [1, 2, 5, 7, 22] {
        assert_eq!(in_pages(&*store, Query { limit, ..all() }).await, whole, "pages of {limit}");
    }
}

pub async fn the_last_page_says_so(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let empty = query(&*store, all()).await;
    assert_eq!((empty.callbacks, empty.next), (Vec::new(), None));
    for number in 1..=4 {
        put(&*store, &scheduled(number, at("18:00"))).await;
    }
    let page = async |limit, after| query(&*store, Query { limit, after, ..all() }).await;
    let half = page(2, None).await;
    assert_eq!(half.next, half.callbacks.last().map(order), "more is to come");
    let rest = page(2, half.next).await;
    assert_eq!(rest.callbacks.len(), 2);
    assert_eq!(rest.next, None, "full, but the last");
    assert_eq!(page(4, None).await.next, None);
    assert_eq!(page(9, None).await.next, None);
    // Records beyond that do not match do not make another page.
    put(&*store, &Callback { service: "billing".into(), ..scheduled(5, at("19:00")) }).await;
    let ours = Query { services: Some(vec![service()]), limit: 4, ..all() };
    assert_eq!(query(&*store, ours).await.next, None);
}

pub async fn every_filter_narrows(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    fill(&*store).await;
    let rows: [(&str, Query, &[u128]); 13] = [
        ("none", all(), &[1, 2, 3, 4, 5]),
        ("a service", Query { services: Some(vec!["billing".into()]), ..all() }, &[2, 4]),
        (
            "two services",
            Query { services: Some(vec![service(), "billing".into()]), ..all() },
            &[1, 2, 3, 4, 5],
        ),
        ("a service twice", Query { services: Some(vec![service(), service()]), ..all() }, &[1, 3, 5]),
        ("an unknown service", Query { services: Some(vec!["sales".into()]), ..all() }, &[]),
        ("no service", Query { services: Some(Vec::new()), ..all() }, &[]),
        ("a state", Query { states: Some(vec![StateName::Queued]), ..all() }, &[3, 4]),
        (
            "two states",
            Query { states: Some(vec![StateName::Scheduled, StateName::Completed]), ..all() },
            &[1, 2, 5],
        ),
        ("no state", Query { states: Some(Vec::new()), ..all() }, &[]),
        ("a number", Query { comparison: Some(comparison("+1 519 555 0123")), ..all() }, &[1, 4]),
        ("an unknown number", Query { comparison: Some(comparison("999")), ..all() }, &[]),
        ("a stretch", Query { desired: Some(between("18:10", "18:30")), ..all() }, &[2, 3]),
        ("an empty stretch", Query { desired: Some(between("18:30", "18:10")), ..all() }, &[]),
    ];
    for (filter, asked, expected) in rows {
        assert_eq!(listed(&*store, asked.clone()).await, expected, "{filter}");
        assert_eq!(in_pages(&*store, Query { limit: 1, ..asked }).await, expected, "{filter}, page by page");
    }
}

pub async fn all_filters_hold_together(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    fill(&*store).await;
    let asked = Query {
        services: Some(vec!["billing".into()]),
        states: Some(vec![StateName::Queued]),
        comparison: Some(comparison("15195550123")),
        desired: Some(between("18:00", "19:00")),
        ..all()
    };
    assert_eq!(listed(&*store, asked.clone()).await, [4]);
    for (without, asked) in [
        ("service", Query { services: Some(vec![service()]), ..asked.clone() }),
        ("state", Query { states: Some(vec![StateName::Routing]), ..asked.clone() }),
        ("number", Query { comparison: Some(comparison("15195559999")), ..asked.clone() }),
        ("stretch", Query { desired: Some(between("19:00", "20:00")), ..asked.clone() }),
        ("tenant", Query { tenant: "globex".into(), ..asked }),
    ] {
        assert_eq!(listed(&*store, asked).await, [0_u128; 0], "another {without}");
    }
}

pub async fn a_changed_record_is_listed_where_it_is_now(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let (first, second) = (scheduled(1, at("18:00")), scheduled(2, at("18:30")));
    put(&*store, &first).await;
    put(&*store, &second).await;
    let moved = after(&first, &Event::Reschedule { desired: at("19:00"), settings_version: 1 }, at("09:00"));
    replace(&*store, &first, &moved).await;
    assert_eq!(listed(&*store, all()).await, [2, 1]);
    assert_eq!(
        listed(&*store, Query { desired: Some(between("18:00", "18:30")), ..all() }).await,
        [0_u128; 0]
    );
    let over = after(&second, &Event::Cancel { by: CancelledBy::Client }, at("09:00"));
    replace(&*store, &second, &over).await;
    let in_state = async |state| listed(&*store, Query { states: Some(vec![state]), ..all() }).await;
    assert_eq!(in_state(StateName::Scheduled).await, [1]);
    assert_eq!(in_state(StateName::Completed).await, [2]);
    assert_eq!(query(&*store, all()).await.callbacks, [over, moved], "as last committed");
}

pub async fn a_page_begins_after_a_record_that_is_gone(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let gone = ended(&scheduled(2, at("18:00")), Reason::AGENT_CONNECTED, at("18:00"));
    put(&*store, &scheduled(1, at("18:00"))).await;
    put(&*store, &gone).await;
    put(&*store, &scheduled(3, at("18:00"))).await;
    let first = query(&*store, Query { limit: 2, ..all() }).await;
    assert_eq!(first.next, Some(order(&gone)));
    assert_eq!(purge(&*store, at("18:00") + RETENTION).await, 1);
    assert_eq!(listed(&*store, Query { after: first.next, ..all() }).await, [3]);
}

pub async fn invariant_36_tenants_never_see_each_other(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    // Names that one could take for parts of each other.
    let tenants = ["acme", "acme2", "acm", "ACME", "acme ", "acme:support", "%", "_cme"];
    for (number, name) in (1..).zip(tenants) {
        put(&*store, &Callback { tenant: name.into(), ..scheduled(number, at("18:00")) }).await;
    }
    for (number, name) in (1..).zip(tenants) {
        assert_eq!(listed(&*store, Query::of(name.into(), 50)).await, [number], "{name:?}");
        let tally = store.tally(&name.into()).await.expect("tally");
        let counted: u64 = tally.iter().map(|(_, tally)| tally.scheduled).sum();
        assert_eq!(counted, 1, "{name:?}");
    }
    assert_eq!(listed(&*store, Query::of("".into(), 50)).await, [0_u128; 0]);
}

fn all() -> Query {
    Query::of(tenant(), 100)
}

async fn fill(store: &Store) {
    let of_number = |record| with_phone(record, "+15195550123");
    let billing = |record| Callback { service: "billing".into(), ..record };
    put(store, &of_number(scheduled(1, at("18:00")))).await;
    put(store, &billing(scheduled(2, at("18:10")))).await;
    put(store, &queued(&scheduled(3, at("18:29:59.999")), at("18:20"))).await;
    put(store, &billing(of_number(queued(&scheduled(4, at("18:30")), at("18:20"))))).await;
    put(store, &ended(&scheduled(5, at("18:40")), Reason::FAIL_ERROR, at("18:40"))).await;
    put(store, &of_number(Callback { tenant: "globex".into(), ..scheduled(1, at("18:00")) })).await;
}

/// All records that match, asked for page by page.
async fn in_pages(store: &Store, mut asked: Query) -> Vec<u128> {
    let mut numbers = Vec::new();
    for _ in 0..100 {
        let page = query(store, asked.clone()).await;
        assert!(page.callbacks.len() <= asked.limit, "a page keeps its limit");
        numbers.extend(page.callbacks.iter().map(number));
        if page.next.is_none() {
            return numbers;
        }
        assert_eq!(page.next, page.callbacks.last().map(order));
        asked.after = page.next;
    }
    panic!("the pages do not end")
}

fn order(callback: &Callback) -> Order {
    (callback.desired, callback.id)
}
