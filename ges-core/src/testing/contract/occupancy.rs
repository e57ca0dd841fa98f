//! Places by the minute, and records by state.

use std::time::Duration;

use super::StoreUnderTest;
use super::ask::{held_places, put, replace, tally};
use crate::callback::{Callback, CancelledBy, Event, Reason, SessionState};
use crate::port::Tally;
use crate::testing::fixtures::{
    after, as_next, at, between, ended, id, immediate, queued, reported, scheduled, service, tenant,
};

const MINUTE: Duration = Duration::from_secs(60);

pub async fn places_are_counted_by_the_minute(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let times = ["18:00", "18:00:59.999", "18:01", "18:05:30", "18:05:30", "18:29:59.999"];
    for (number, time) in (1..).zip(times) {
        put(&*store, &scheduled(number, at(time))).await;
    }
    let window = between("17:00", "20:00");
    let occupancy = store.occupancy(&tenant(), &service(), window).await.expect("occupancy");
    let rows = [
        ("18:00", "18:01", 2),
        ("18:01", "18:02", 1),
        ("18:02", "18:05", 0),
        ("18:05", "18:06", 2),
        ("18:29", "18:30", 1),
        ("18:30", "20:00", 0),
        ("17:00", "18:00", 0),
        ("17:00", "20:00", 6),
    ];
    for (start, end, expected) in rows {
        assert_eq!(occupancy.within(between(start, end)), expected, "{start} to {end}");
    }
}

pub async fn the_window_is_half_open(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (number, time) in [(1, "17:59:59.999"), (2, "18:00"), (3, "18:59:59.999"), (4, "19:00")] {
        put(&*store, &scheduled(number, at(time))).await;
    }
    assert_eq!(held_places(&*store, between("18:00", "19:00")).await, 2);
    assert_eq!(held_places(&*store, between("18:30", "18:30")).await, 0, "an empty window");
}

pub async fn invariant_02_it_equals_the_records(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mut records: Vec<Callback> =
        (0..60).map(|number| scheduled(u64::from(number) + 1, at("18:00") + MINUTE * number)).collect();
    for record in &records {
        put(&*store, record).await;
    }
    for (index, record) in records.iter_mut().enumerate() {
        let next = match index % 5 {
            0 => after(record, &Event::Cancel { by: CancelledBy::Administrator }, at("17:00")),
            1 => after(record, &Event::Reschedule { desired: at("18:30"), settings_version: 1 }, at("09:00")),
            2 => as_next(record, ended(record, Reason::AGENT_CONNECTED, record.desired)),
            3 => as_next(record, queued(record, record.desired)),
            _ => continue,
        };
        replace(&*store, record, &next).await;
        *record = next;
    }
    let window = between("17:00", "20:00");
    let occupancy = store.occupancy(&tenant(), &service(), window).await.expect("occupancy");
    for minute in 0..180 {
        let start = window.start + MINUTE * minute;
        let range = crate::Interval::new(start, start + MINUTE);
        let holding = records.iter().filter(|one| one.holds_place() && range.contains(one.desired)).count();
        assert_eq!(occupancy.within(range) as usize, holding, "minute {minute}");
    }
}

pub async fn invariant_03_immediate_records_never_count(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let record = immediate(1, at("18:05"));
    put(&*store, &record).await;
    let window = between("18:00", "18:30");
    assert_eq!(held_places(&*store, window).await, 0);
    let live = as_next(&record, queued(&record, at("18:05")));
    replace(&*store, &record, &live).await;
    assert_eq!(held_places(&*store, window).await, 0);
    let cancelled = after(&live, &Event::Cancel { by: CancelledBy::Client }, at("18:06"));
    replace(&*store, &live, &cancelled).await;
    assert_eq!(held_places(&*store, window).await, 0, "and its end frees nobody's place");
}

pub async fn it_is_of_one_service_and_tenant(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &scheduled(1, at("18:05"))).await;
    for number in [2, 3] {
        put(&*store, &Callback { service: "billing".into(), ..scheduled(number, at("18:05")) }).await;
    }
    for number in [4, 5, 6] {
        put(&*store, &Callback { tenant: "globex".into(), ..scheduled(number, at("18:05")) }).await;
    }
    let window = between("18:00", "18:30");
    let rows =
        [("acme", "support", 1), ("acme", "billing", 2), ("globex", "support", 3), ("globex", "billing", 0)];
    for (tenant, service, expected) in rows {
        let occupancy = store.occupancy(&tenant.into(), &service.into(), window).await.expect("occupancy");
        assert_eq!(occupancy.within(window), expected, "{tenant}, {service}");
    }
}

pub async fn q09_the_tally_counts_unfinished_records_by_state(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    assert!(tally(&*store, &tenant()).await.is_empty());
    let live = queued(&scheduled(100, at("18:00")), at("17:58"));
    let sevens = std::iter::empty()
        .chain(std::iter::repeat_n(scheduled(100, at("18:00")), 3))
        .chain(std::iter::repeat_n(live.clone(), 2))
        .chain([reported(&live, SessionState::Routing, at("17:59"))])
        .chain([reported(&live, SessionState::Processing, at("17:59"))])
        .chain(std::iter::repeat_n(ended(&live, Reason::AGENT_CONNECTED, at("18:00")), 5));
    for (number, record) in (1..).zip(sevens) {
        put(&*store, &Callback { id: id(number), ..record }).await;
    }
    put(&*store, &Callback { tenant: "globex".into(), ..scheduled(1, at("18:00")) }).await;
    let counted = tally(&*store, &tenant()).await;
    let expected = Tally { scheduled: 3, queued: 2, routing: 1, processing: 1 };
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), [(service(), expected)]);
    assert_eq!(expected.active(), 4, "the watermark");
}

pub async fn the_tally_follows_every_change(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mut record = scheduled(1, at("18:00"));
    put(&*store, &record).await;
    let path = [
        (queued(&record, at("18:00")), Tally { queued: 1, ..Tally::default() }),
        (
            reported(&queued(&record, at("18:00")), SessionState::Routing, at("18:00")),
            Tally { routing: 1, ..Tally::default() },
        ),
        (
            reported(&queued(&record, at("18:00")), SessionState::Processing, at("18:00")),
            Tally { processing: 1, ..Tally::default() },
        ),
        (record.clone(), Tally { scheduled: 1, ..Tally::default() }),
        (ended(&record, Reason::AGENT_CONNECTED, at("18:00")), Tally::default()),
    ];
    for (next, expected) in path {
        let next = as_next(&record, next);
        replace(&*store, &record, &next).await;
        let counted = tally(&*store, &tenant()).await.get(&service()).copied().unwrap_or_default();
        assert_eq!(counted, expected, "in {}", next.state.name());
        record = next;
    }
}

pub async fn the_tally_is_in_name_order(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (number, name) in (1..).zip(["support", "Support", "billing", "äther", "a", "support 2"]) {
        put(&*store, &Callback { service: name.into(), ..scheduled(number, at("18:00")) }).await;
    }
    let names: Vec<String> = store
        .tally(&tenant())
        .await
        .expect("tally")
        .into_iter()
        .filter(|(_, tally)| *tally != Tally::default())
        .map(|(service, _)| service.as_str().to_owned())
        .collect();
    assert_eq!(names, ["Support", "a", "billing", "support", "support 2", "äther"], "byte for byte");
}
