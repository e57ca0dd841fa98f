//! What one node sees of its own windows.

use super::*;

pub async fn a_window_takes_as_many_as_its_limit(counting: &dyn Counting) {
    for limit in [1, 2, 7] {
        let asked = [service(&format!("sales-{limit}"), limit)];
        assert_eq!(room(&*counting.windows(), &asked, counting.now()).await, limit);
    }
}

pub async fn a_limit_of_zero_takes_nobody(counting: &dyn Counting) {
    assert!(!take(&*counting.windows(), &[service("sales", 0)], counting.now()).await);
}

pub async fn a_refusal_tells_how_long_the_window_stays_full(counting: &dyn Counting) {
    let (windows, asked, opened) = (counting.windows(), [service("sales", 1)], counting.now());
    assert!(take(&*windows, &asked, opened).await);
    let later = opened + Duration::from_secs(600);
    let exceeded = windows.reserve(&asked, later).await.expect_err("it is full");
    let expected = Exceeded { kind: WindowKind::Burst(0), limit: 1, retry_after: Duration::from_secs(3_000) };
    assert_eq!(exceeded, expected);
}

pub async fn a_window_that_is_over_opens_anew(counting: &dyn Counting) {
    let (windows, opened) = (counting.windows(), counting.now());
    let asked = |day: Timestamp| [service("sales", 1), value("1", 1, day + HOUR)];
    assert!(take(&*windows, &asked(opened), opened).await);
    let over = opened + HOUR;
    let last = opened + (HOUR - Duration::from_millis(1));
    assert!(!take(&*windows, &asked(opened), last).await, "its last instant");
    assert!(take(&*windows, &asked(over), over).await, "the first instant after it");
}

pub async fn all_windows_are_taken_or_none(counting: &dyn Counting) {
    let (windows, now) = (counting.windows(), counting.now());
    let (roomy, full) = (service("sales", 3), service("support", 1));
    assert!(take(&*windows, std::slice::from_ref(&full), now).await);
    for asked in [[roomy.clone(), full.clone()], [full, roomy.clone()]] {
        assert!(!take(&*windows, &asked, now).await);
    }
    assert_eq!(room(&*windows, &[roomy], now).await, 3, "what was refused took nothing");
}

pub async fn the_window_that_stays_full_longest_is_named(counting: &dyn Counting) {
    let (windows, now) = (counting.windows(), counting.now());
    let asked = [lasting("sales", 1, HOUR / 2), value("1", 1, now + HOUR), lasting("support", 1, HOUR / 4)];
    assert!(take(&*windows, &asked, now).await);
    let exceeded = windows.reserve(&asked, now).await.expect_err("all are full");
    assert_eq!((exceeded.kind, exceeded.retry_after), (asked[1].key.kind().clone(), HOUR));
}

pub async fn what_is_dropped_goes_back(counting: &dyn Counting) {
    let (windows, now) = (counting.windows(), counting.now());
    let asked = [service("sales", 1), value("1", 1, now + HOUR)];
    for _ in 0..3 {
        drop(windows.reserve(&asked, now).await.expect("the last one went back at once"));
    }
    assert!(take(&*windows, &asked, now).await);
    assert!(!take(&*windows, &asked, now).await, "no more goes back than was taken");
}

pub async fn what_is_kept_stays(counting: &dyn Counting) {
    let (windows, now, asked) = (counting.windows(), counting.now(), [service("sales", 2)]);
    windows.reserve(&asked, now).await.expect("room").keep();
    drop(windows.reserve(&asked, now).await.expect("room for another"));
    assert_eq!(room(&*windows, &asked, now).await, 1);
}

pub async fn a_dropped_question_takes_nothing(counting: &dyn Counting) {
    let (windows, now, asked) = (counting.windows(), counting.now(), [service("sales", 1)]);
    for _ in 0..3 {
        // Dropped where it first waits, or with its answer where it does not wait.
        drop(windows.reserve(&asked, now).now_or_never());
    }
    assert!(at_last(&*windows, &asked, now).await, "nobody holds anything");
    assert!(!take(&*windows, &asked, now).await);
}

pub async fn what_goes_back_late_is_no_room_in_a_later_window(counting: &dyn Counting) {
    let (windows, opened, asked) = (counting.windows(), counting.now(), [service("sales", 1)]);
    let early = windows.reserve(&asked, opened).await.expect("room");
    assert!(take(&*windows, &asked, opened + HOUR).await, "the next window");
    drop(early);
    assert!(!take(&*windows, &asked, opened + HOUR).await, "it is as full as before");
}

pub async fn windows_of_other_keys_are_apart(counting: &dyn Counting) {
    let (windows, now) = (counting.windows(), counting.now());
    let daily = || WindowKind::Daily { parameter: "_customer_number".into() };
    let keys = [
        WindowKey::new("acme", "", WindowKind::Tenant, ""),
        WindowKey::new("acme", "sales", WindowKind::Burst(0), ""),
        WindowKey::new("acme", "sales", WindowKind::Burst(1), ""),
        WindowKey::new("acme", "support", WindowKind::Burst(0), ""),
        WindowKey::new("other", "", WindowKind::Tenant, ""),
        WindowKey::new("other", "sales", WindowKind::Burst(0), ""),
        WindowKey::new("acme", "sales", daily(), "12"),
        WindowKey::new("acme", "sales", daily(), "1"),
        WindowKey::new("acme", "sales", WindowKind::Daily { parameter: "_channel".into() }, "1"),
    ];
    for key in keys {
        let asked = [WindowRequest { key, limit: 1, lasting: Lasting::For(HOUR) }];
        assert_eq!(room(&*windows, &asked, now).await, 1, "{:?}", asked[0].key);
    }
}

pub async fn nothing_asked_is_granted(counting: &dyn Counting) {
    assert!(take(&*counting.windows(), &[], counting.now()).await);
}

pub async fn of_many_at_once_as_many_as_the_limit_are_taken(counting: &dyn Counting) {
    assert_eq!(rush(counting, &[counting.windows()]).await, [1; RUSHES]);
}
