use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::Timestamp;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn daily(limits: &ThrottleLimits, number: &str, day_ends: Timestamp) -> Vec<WindowRequest> {
    limits.windows("acme", "sales", |_| Some(number.to_owned()), day_ends)
}

#[test]
fn per_number_limit_of_a_day() {
    let limits = ThrottleLimits::default();
    let day_ends = instant("2026-01-13T05:00:00Z");
    let now = instant("2026-01-12T15:00:00Z");
    let asked = daily(&limits, "12223334444", day_ends);
    let mut windows = WindowTable::default();
    for _ in 0..6 {
        windows.reserve(&asked, now).unwrap();
    }
    let refused = windows.reserve(&asked, now).unwrap_err();
    assert_eq!(refused.kind.alarm(), Alarm::EnqueueLimitReached, "Q1");
    assert_eq!(refused.retry_after, Duration::from_secs(14 * 3600), "Q1");
    assert_eq!(windows.count(&asked.last().unwrap().key, now), 6, "Q1");
    // Another number of the same service still has all its six; the service window holds the six accepted ones.
    let other = daily(&limits, "12223334445", day_ends);
    windows.reserve(&other, now).unwrap();
    assert_eq!(windows.count(&asked[0].key, now), 7, "refused requests consume nothing");
}

/// Q3: the day ends at local midnight, given by the caller; here New York, where the day began at 05:00Z and ends at
/// 04:00Z because the clocks went forward.
#[test]
fn the_day_ends_at_local_midnight() {
    let limits = ThrottleLimits::default();
    let midnight = instant("2026-03-09T04:00:00Z");
    let asked = daily(&limits, "12223334444", midnight);
    let mut windows = WindowTable::default();
    for _ in 0..6 {
        windows.reserve(&asked, instant("2026-03-08T05:00:00Z")).unwrap();
    }
    assert!(windows.reserve(&asked, instant("2026-03-09T03:59:59Z")).is_err(), "Q3");
    let next_day = daily(&limits, "12223334444", instant("2026-03-10T04:00:00Z"));
    assert!(windows.reserve(&next_day, midnight).is_ok(), "Q3");
}

#[test]
fn a_window_ends_at_its_end() {
    let window = RateWindow::open(1, at(0), at(300));
    assert_eq!((window.is_live(Timestamp::from_millis(299_999)), window.is_live(at(300))), (true, false));
}

#[test]
fn a_limit_of_nothing_blocks_all() {
    let none = ThrottleLimits { per_value_daily: 0, ..ThrottleLimits::default() };
    let refused = WindowTable::default().reserve(&daily(&none, "1", at(60)), at(0)).unwrap_err();
    assert_eq!((refused.limit, refused.retry_after), (0, Duration::from_secs(60)), "Q4: 0 blocks all");
}

#[test]
fn a_window_is_opened_by_its_first_accepted_request() {
    let asked = [WindowRequest {
        key: WindowKey::new("acme", "sales", WindowKind::Burst(0), ""),
        limit: 3,
        lasting: Lasting::For(Duration::from_secs(300)),
    }];
    let mut windows = WindowTable::default();
    for (time, accepted) in [(0, true), (10, true), (20, true), (299, false), (300, true), (301, true)] {
        let outcome = windows.reserve(&asked, at(time));
        assert_eq!(outcome.is_ok(), accepted, "Q5 at {time}");
        if let Err(refused) = outcome {
            assert_eq!(refused.kind.alarm(), Alarm::TtlLimitReached, "Q5");
            assert_eq!(refused.retry_after.as_secs(), 1, "Q5");
        }
    }
    assert_eq!(windows.count(&asked[0].key, at(301)), 2, "Q5: the new window opened at 300");
}

#[test]
fn the_check_for_waiting_numbers_is_read_in_any_case() {
    let strict = InQueueCheck::parse(" STRICT ").unwrap();
    assert_eq!(
        [InQueueCheck::Off, InQueueCheck::default(), strict].map(InQueueCheck::most),
        [None, Some(2), Some(1)]
    );
    assert_eq!(["", "yes", "2"].map(InQueueCheck::parse), [None; 3]);
    assert_eq!(InQueueCheck::parse("true"), Some(InQueueCheck::default()));
    assert_eq!(serde_json::to_string(&strict).unwrap(), "\"strict\"");
}

#[test]
fn all_windows_of_a_request_or_none() {
    let limits = ThrottleLimits {
        burst: vec![(2, Duration::from_secs(300)), (2, Duration::from_secs(3600))],
        tenant: Some((9, Duration::from_secs(60))),
        ..ThrottleLimits::default()
    };
    let mut windows = WindowTable::default();
    let asked = |number: &str| daily(&limits, number, at(80_000));
    let first = windows.reserve(&asked("111"), at(0)).unwrap();
    windows.reserve(&asked("222"), at(1)).unwrap();
    let refused = windows.reserve(&asked("333"), at(2)).unwrap_err();
    assert_eq!(refused.kind, WindowKind::Burst(1), "the window that stays full longest");
    assert_eq!(refused.retry_after.as_secs(), 3598);
    let third = asked("333");
    assert_eq!(windows.count(&third[0].key, at(2)), 2, "tenant");
    assert_eq!(windows.count(&third[3].key, at(2)), 0, "the number's own window did not open");
    // A booking that fails afterwards makes room again.
    windows.release(first);
    windows.reserve(&third, at(3)).unwrap();
}

#[test]
fn a_failed_booking_does_not_open_a_window_nor_touch_the_next() {
    let asked = [WindowRequest {
        key: WindowKey::new("acme", "sales", WindowKind::Burst(0), ""),
        limit: 1,
        lasting: Lasting::For(Duration::from_secs(10)),
    }];
    let mut windows = WindowTable::default();
    let failed = windows.reserve(&asked, at(0)).unwrap();
    windows.release(failed);
    assert!(windows.is_empty());
    let late = windows.reserve(&asked, at(5)).unwrap();
    windows.reserve(&asked, at(15)).unwrap();
    windows.release(late);
    assert_eq!(windows.count(&asked[0].key, at(15)), 1, "the window of 15 is another one");
}

#[test]
fn memory_is_bounded_and_expired_windows_go() {
    let limits = ThrottleLimits { per_value_daily: 1, ..ThrottleLimits::default() };
    let mut windows = WindowTable::with_room_for(10);
    for index in 0..100 {
        windows.reserve(&daily(&limits, &index.to_string(), at(1000)), at(index)).unwrap();
    }
    assert_eq!(windows.len(), 10 + 2, "ten numbers and the two windows of the service");
    assert!(windows.reserve(&daily(&limits, "99", at(1000)), at(100)).is_err(), "the newest are kept");
    windows.reserve(&[], at(4000)).unwrap();
    assert!(windows.is_empty());
}

#[test]
fn tenants_services_and_parameters_do_not_share_windows() {
    let keys = [
        WindowKey::new("a", "s", WindowKind::Burst(0), ""),
        WindowKey::new("b", "s", WindowKind::Burst(0), ""),
        WindowKey::new("a", "t", WindowKind::Burst(0), ""),
        WindowKey::new("a", "s", WindowKind::Burst(1), ""),
        WindowKey::new("a", "s", WindowKind::Daily { parameter: "x".into() }, "1"),
        WindowKey::new("a", "s", WindowKind::Daily { parameter: "y".into() }, "1"),
        WindowKey::new("as", "", WindowKind::Burst(0), ""),
    ];
    let mut windows = WindowTable::default();
    for key in &keys {
        let lasting = Lasting::For(Duration::from_secs(9));
        windows.reserve(&[WindowRequest { key: key.clone(), limit: 1, lasting }], at(0)).unwrap();
    }
    let distinct: std::collections::BTreeSet<_> = keys.iter().map(WindowKey::hash_input).collect();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn values_do_not_show() {
    let asked = daily(&ThrottleLimits { per_value_daily: 0, ..Default::default() }, "12223334444", at(9));
    let mut windows = WindowTable::default();
    let refused = windows.reserve(&asked, at(0)).unwrap_err();
    windows.reserve(&daily(&ThrottleLimits::default(), "12223334444", at(9)), at(0)).unwrap();
    let shown = format!("{asked:?} {windows:?} {refused:?} {refused}");
    assert!(!shown.contains("222333"), "{shown}");
    assert_eq!(
        refused.to_string(),
        "the limit of 0 requests with the same _customer_number today is reached"
    );
}

proptest! {
    /// [Invariant 34](crate::rules): refused requests do not consume units. The table agrees with a plain model that
    /// forgets nothing, and a window never holds more than its limit.
    #[test]
    fn invariant_34_refused_requests_consume_nothing(
        steps in prop::collection::vec((0i64..40, 0usize..3, any::<bool>()), 1..60),
        limit in 0u32..4,
    ) {
        let limits = ThrottleLimits {
            burst: vec![(limit + 2, Duration::from_secs(100))],
            per_value_daily: limit,
            ..ThrottleLimits::default()
        };
        let mut windows = WindowTable::default();
        let mut model: std::collections::BTreeMap<usize, (i64, u32)> = Default::default();
        let mut now = 0;
        for (pause, number, fails) in steps {
            now += pause;
            let day_ends = (now / 300 + 1) * 300;
            let asked = daily(&limits, &number.to_string(), at(day_ends));
            model.retain(|_, (end, count)| *end > now && *count > 0);
            let count = |slot| model.get(&slot).map_or(0, |&(_, count)| count);
            let fits = count(9) < limit + 2 && count(number) < limit;
            let outcome = windows.reserve(&asked, at(now));
            prop_assert_eq!(outcome.is_ok(), fits);
            match outcome {
                Ok(taken) if fails => windows.release(taken),
                Ok(_) => {
                    model.entry(9).or_insert((now + 100, 0)).1 += 1;
                    model.entry(number).or_insert((day_ends, 0)).1 += 1;
                }
                Err(refused) => prop_assert!(refused.retry_after > Duration::ZERO),
            }
            for (request, slot) in asked.iter().zip([9, number]) {
                let counted = windows.count(&request.key, at(now));
                prop_assert_eq!(counted, model.get(&slot).map_or(0, |&(_, count)| count));
                prop_assert!(counted <= request.limit);
            }
        }
    }
}
