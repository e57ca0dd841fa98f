//! Call-in requests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::StoreUnderTest;
use super::concurrency::gather;
use crate::callin::{CallInRequest, CallInState, Caller};
use crate::port::{CallInChange, CallInGroupState, CallInStore};
use crate::testing::fixtures::{at, call_in, phone, tenant};

pub async fn a_group_never_written_has_version_zero(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    assert_eq!(group(&*store).await, CallInGroupState::default());
    assert_eq!(store.request(&tenant(), Uuid::from_u128(1)).await.expect("request"), None);
}

pub async fn a_change_under_the_read_version_is_written(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let (first, second) = (call_in(1, at("18:00")), call_in(2, at("18:01")));
    assert!(write(&*store, 0, [&first]).await);
    assert_eq!(group(&*store).await, state(1, [&first]));
    assert!(write(&*store, 1, [&second]).await);
    assert_eq!(group(&*store).await, state(2, [&first, &second]));
    assert_eq!(read(&*store, &first).await, Some(first));
}

pub async fn a_stale_change_is_refused_whole(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let (first, second) = (call_in(1, at("18:00")), call_in(2, at("18:01")));
    assert!(!write(&*store, 1, [&first]).await, "ahead of a group never written");
    assert!(write(&*store, 0, [&first]).await);
    let first_over = CallInRequest { state: CallInState::Cancelled(at("18:02")), ..first.clone() };
    for version in [0, 2] {
        assert!(!write(&*store, version, [&first_over, &second]).await, "version {version}");
    }
    assert_eq!(group(&*store).await, state(1, [&first]));
    assert_eq!(read(&*store, &first).await, Some(first));
    assert_eq!(read(&*store, &second).await, None);
}

pub async fn only_waiting_requests_are_in_the_group(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let (now, waiting) = (at("18:00"), call_in(1, at("18:00")));
    let in_state = |number, state| CallInRequest { state, ..call_in(number, now) };
    // Dead by the clock, but nobody has written so: it stays until somebody does.
    let overdue = CallInRequest { expires_at: at("08:00"), ..call_in(2, at("07:59")) };
    let (matched, expired, cancelled) = (
        in_state(3, CallInState::Matched(now)),
        in_state(4, CallInState::Expired(now)),
        in_state(5, CallInState::Cancelled(now)),
    );
    assert!(write(&*store, 0, [&waiting, &overdue, &matched, &expired, &cancelled]).await);
    assert_eq!(group(&*store).await, state(1, [&waiting, &overdue]));
    for request in [waiting, overdue, matched, expired, cancelled] {
        assert_eq!(read(&*store, &request).await.as_ref(), Some(&request), "in whatever state");
    }
}

pub async fn requests_are_replaced_by_id(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let request = call_in(1, at("18:00"));
    let matched = CallInRequest { state: CallInState::Matched(at("18:00:10")), ..request.clone() };
    assert!(write(&*store, 0, [&request]).await);
    assert!(write(&*store, 1, [&matched]).await);
    assert_eq!(group(&*store).await, state(2, []));
    assert_eq!(read(&*store, &request).await, Some(matched));
    assert_eq!(store.purge_call_ins(at("19:00"), 10).await.expect("purge"), 1, "it is there once");
}

pub async fn an_empty_change_raises_the_version(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    assert!(write(&*store, 0, []).await);
    assert!(write(&*store, 1, []).await);
    assert_eq!(group(&*store).await, state(2, []));
}

pub async fn groups_and_tenants_are_apart(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let ours = call_in(1, at("18:00"));
    let theirs = CallInRequest { to: "+442071838750".parse().expect("a number"), ..ours.clone() };
    assert!(write(&*store, 0, [&ours]).await);
    let other_tenant = CallInChange { tenant: "globex".into(), ..change(0, [&theirs]) };
    assert!(store.change(other_tenant).await.expect("change"));
    let sales = CallInRequest { group: "sales".into(), ..call_in(2, at("18:00")) };
    let other_group = CallInChange { group: "sales".into(), ..change(0, [&sales]) };
    assert!(store.change(other_group).await.expect("change"));

    assert_eq!(group(&*store).await, state(1, [&ours]));
    assert_eq!(store.group(&"globex".into(), "help").await.expect("group"), state(1, [&theirs]));
    assert_eq!(store.group(&tenant(), "sales").await.expect("group"), state(1, [&sales]));
    assert_eq!(store.group(&"globex".into(), "sales").await.expect("group"), state(0, []));
    assert_eq!(read(&*store, &ours).await, Some(ours), "the same id of another tenant is another request");
    assert_eq!(store.request(&"globex".into(), theirs.id).await.expect("request"), Some(theirs));
    assert_eq!(store.request(&"globex".into(), sales.id).await.expect("request"), None);
}

pub async fn old_requests_are_purged(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let times = ["18:00", "18:01", "18:02", "18:02:00.001"];
    let requests: Vec<CallInRequest> =
        (1..).zip(times).map(|(number, time)| call_in(number, at(time))).collect();
    assert!(write(&*store, 0, &requests).await);
    let purge = async |before, limit| store.purge_call_ins(at(before), limit).await.expect("purge");
    assert_eq!(purge("17:59:59.999", 10).await, 0, "none so old");
    assert_eq!(purge("18:02", 0).await, 0);
    assert_eq!(purge("18:02", 2).await, 2);
    assert_eq!(purge("18:02", 10).await, 1, "the one created at that instant");
    assert_eq!(group(&*store).await, state(1, &requests[3..]), "the version counts writes, not purges");
    for request in &requests[..3] {
        assert_eq!(read(&*store, request).await, None);
    }
    assert_eq!(purge("18:03", 10).await, 1);
    assert_eq!(group(&*store).await, state(1, []));
}

pub async fn a_request_comes_back_byte_for_byte(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let data =
        json!({ "odd": "Zoë \u{0}\u{1F680}\u{202E} '\"\\", "deep": [{}, [null, -1, 0.5]], "ключ": "" });
    let request = CallInRequest {
        from: Some(Caller::new(phone(" +1 (519) 555-0123 "))),
        code: Some("100200".parse().expect("a code")),
        callback_id: Some(Uuid::max()),
        user_data: data.try_into().expect("user data"),
        state: CallInState::Matched(at("18:00:00.001")),
        ..call_in(1, at("17:59:59.999"))
    };
    assert!(write(&*store, 0, [&request]).await);
    let stored = read(&*store, &request).await.expect("the request");
    assert!(stored == request, "the request changed on its way");
    let json = |request| serde_json::to_string(request).expect("a request is JSON");
    assert_eq!(json(&stored), json(&request));
}

pub async fn of_parallel_changes_one_wins(under: &dyn StoreUnderTest) {
    let store = under.fresh().await.call_ins;
    let attempts = (1..=20).map(|number| {
        let store = Arc::clone(&store);
        async move {
            let request = call_in(number, at("18:00") + Duration::from_secs(number));
            write(&*store, 0, [&request]).await.then_some(request)
        }
    });
    let winners: Vec<CallInRequest> = gather(under, attempts).await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(group(&*store).await, state(1, &winners));
}

pub(super) fn change<'r>(
    expected: u64,
    requests: impl IntoIterator<Item = &'r CallInRequest>,
) -> CallInChange {
    let requests = requests.into_iter().cloned().collect();
    CallInChange { tenant: tenant(), group: "help".to_owned(), expected, requests }
}

async fn write(
    store: &dyn CallInStore,
    expected: u64,
    requests: impl IntoIterator<Item = &CallInRequest>,
) -> bool {
    store.change(change(expected, requests)).await.expect("change")
}

/// The group, its requests in id order: the port leaves their order open.
pub(super) async fn group(store: &dyn CallInStore) -> CallInGroupState {
    let mut group = store.group(&tenant(), "help").await.expect("group");
    group.waiting.sort_by_key(|request| request.id);
    group
}

fn state<'r>(version: u64, waiting: impl IntoIterator<Item = &'r CallInRequest>) -> CallInGroupState {
    CallInGroupState { version, waiting: waiting.into_iter().cloned().collect() }
}

async fn read(store: &dyn CallInStore, request: &CallInRequest) -> Option<CallInRequest> {
    store.request(&tenant(), request.id).await.expect("request")
}
