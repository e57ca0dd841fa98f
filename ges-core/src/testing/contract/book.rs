//! Booking and reading back.

use serde_json::{Map, Value, json};

use super::StoreUnderTest;
use super::ask::{book, held_places, listed, next_wake, number, put, stored, tally};
use crate::callback::{Callback, Fingerprint, OfferTiming, Override, PushTarget, Request};
use crate::id::CallbackId;
use crate::port::{Booked, Query};
use crate::testing::fixtures::{at, between, booking, places, request, scheduled, tenant};

pub async fn a_booked_record_is_there(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let callback = scheduled(1, at("18:05"));
    assert_eq!(stored(&*store, &callback).await, None);
    assert_eq!(book(&*store, booking(&callback)).await, Booked::Accepted);
    assert_eq!(stored(&*store, &callback).await, Some(callback));
    assert_eq!(stored(&*store, &scheduled(2, at("18:05"))).await, None);
}

pub async fn the_same_id_again_inserts_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let callback = scheduled(1, at("18:05"));
    put(&*store, &callback).await;
    let other = scheduled(1, at("19:35"));
    assert_eq!(book(&*store, booking(&other)).await, Booked::Exists);
    assert_eq!(stored(&*store, &callback).await.as_ref(), Some(&callback), "the first record stays");
    assert_eq!(held_places(&*store, between("18:00", "20:00")).await, 1, "and holds one place");
    assert_eq!(listed(&*store, Query::of(tenant(), 10)).await, [1]);
    assert_eq!(next_wake(&*store).await, booking(&callback).wake_at, "and its wake stays");
}

pub async fn the_same_id_exists_even_when_no_place_is_left(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let booking = places(booking(&scheduled(1, at("18:05"))), "18:00", "18:30", 1);
    assert_eq!(book(&*store, booking.clone()).await, Booked::Accepted);
    // Its own place fills the slot; the repeat after a lost answer must still hear that it is there.
    assert_eq!(book(&*store, booking).await, Booked::Exists);
}

pub async fn a_refusal_changes_nothing(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    put(&*store, &scheduled(1, at("18:05"))).await;
    let (tally_before, wake_before) = (tally(&*store, &tenant()).await, next_wake(&*store).await);

    let late = scheduled(2, at("18:01"));
    let guarded = places(booking(&late), "18:00", "18:30", 1);
    assert_eq!(book(&*store, guarded).await, Booked::Refused(0));

    assert_eq!(stored(&*store, &late).await, None);
    assert_eq!(held_places(&*store, between("18:00", "18:30")).await, 1);
    assert_eq!(tally(&*store, &tenant()).await, tally_before);
    assert_eq!(next_wake(&*store).await, wake_before);
    assert_eq!(listed(&*store, Query::of(tenant(), 10)).await, [1]);
    // The refused id is as free as any: where there is room it can be booked.
    let guarded = places(booking(&late), "18:00", "18:30", 2);
    assert_eq!(book(&*store, guarded).await, Booked::Accepted);
}

pub async fn the_record_comes_back_byte_for_byte(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    for (index, callback) in [strange(), extreme()].iter().enumerate() {
        put(&*store, callback).await;
        let read = stored(&*store, callback).await.expect("the record");
        assert!(read == *callback, "record {index} changed on its way");
        assert_eq!(json(&read), json(callback), "record {index}");
    }
}

pub async fn large_user_data_comes_back_byte_for_byte(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let mut data = Map::new();
    for index in 0..100 {
        let text: String = (0..1_024).map(|at| char::from(b'a' + ((index * 7 + at) % 26) as u8)).collect();
        data.insert(format!("key_{index}"), Value::String(text));
    }
    let callback = with_user_data(scheduled(1, at("18:05")), data);
    put(&*store, &callback).await;
    let read = stored(&*store, &callback).await.expect("the record");
    assert!(read == callback, "100 kB of user data changed on their way");
    assert_eq!(json(&read), json(&callback));
}

pub async fn tenants_share_ids_but_nothing_else(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.callbacks;
    let ours = scheduled(1, at("18:05"));
    let theirs = Callback { tenant: "globex".into(), ..scheduled(1, at("18:10")) };
    for callback in [&ours, &theirs] {
        let one_place = places(booking(callback), "18:00", "18:30", 1);
        assert_eq!(book(&*store, one_place).await, Booked::Accepted, "{}", callback.tenant);
    }
    assert_eq!(stored(&*store, &ours).await, Some(ours.clone()));
    assert_eq!(stored(&*store, &theirs).await, Some(theirs));
    let nobody = Callback { tenant: "initech".into(), ..ours };
    assert_eq!(stored(&*store, &nobody).await, None);
}

/// A record with everything in it that text, numbers and nesting can do.
fn strange() -> Callback {
    let odd = "Zoë\u{0}\u{1F9D1}\u{200D}\u{1F680}\u{202E}\u{FEFF}e\u{301}é'\"\\;--%_\n\r\t\u{7F}\u{FFFF}";
    let data = json!({
        "odd": odd,
        "数字": [0, -1, 9_007_199_254_740_993_i64, u64::MAX, i64::MIN, 0.1, -0.5],
        "nested": {"": {" ": [null, true, false, {}, [], ""]}},
        "empty": {},
    });
    let data = data.as_object().cloned().unwrap_or_default();
    let callback = Callback {
        // A name may hold anything but NUL; values may hold that too.
        tenant: odd.replace('\u{0}', "").into(),
        service: "Größe 服务 'x' \" % _ \\".into(),
        attempts: 3,
        request: Request {
            inbound_vq: Some(odd.to_owned()),
            offer_threshold_secs: Some(-1),
            channel: Some(String::new()),
            offer_timing: Some(OfferTiming::OffHours),
            origination_ixn_id: Some(odd.to_owned()),
            overrides: Override {
                priority: Some(i64::MIN),
                route_point: Some(odd.to_owned()),
                ..Default::default()
            },
            push_targets: vec![PushTarget { channel: "FCM".into(), target: odd.to_owned() }],
            ..request(" +1 (519) 555-0000 ")
        }
        .into(),
        fingerprint: Some(Fingerprint::of("a wish")),
        ..scheduled(1, at("18:05:59.999"))
    };
    with_user_data(callback, data)
}

/// A record with every number at its edge.
fn extreme() -> Callback {
    use std::time::Duration;
    Callback {
        id: CallbackId(uuid::Uuid::max()),
        version: 1,
        ttl: Duration::new(u32::MAX.into(), 999_000_000),
        settings_version: i64::MAX.unsigned_abs(),
        attempts: u32::MAX,
        ..scheduled(2, at("00:00:00.001"))
    }
}

fn with_user_data(mut callback: Callback, data: Map<String, Value>) -> Callback {
    let kept = data.len();
    callback.request_mut().user_data = data.into();
    assert_eq!(callback.request.user_data.len(), kept, "{}: no key was dropped", number(&callback));
    callback
}

fn json(callback: &Callback) -> String {
    serde_json::to_string(callback).expect("a record is JSON")
}
