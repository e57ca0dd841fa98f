//! Rate windows that nodes count together.

use std::sync::Arc;
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::port::RateWindows;
use ges_core::throttle::{Exceeded, Reservation, Unit, WindowRequest, WindowTable};
use ges_storage::redis::RedisWindows;
use ges_storage::redis::keys::Keys;
use ges_tests::private::Redis;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{burst, daily, now, of_tenant, redis};

fn windows(server: &Redis) -> RedisWindows {
    RedisWindows::new(redis(server), Keys::default(), b"a secret of the deployment")
}

/// Asks for what nobody can have: it comes after everything this node gives back.
async fn returned(windows: &RedisWindows) {
    assert!(windows.reserve(&[burst(9, 0, 60_000)], now()).await.is_err());
}

/// Asks until there is room, which comes when another node's task has given it back.
async fn at_last<F: Future<Output = Result<Reservation, Exceeded>>>(reserve: impl Fn() -> F) -> Reservation {
    for _ in 0..10_000 {
        if let Ok(taken) = reserve().await {
            return taken;
        }
    }
    panic!("nothing came back");
}

#[tokio::test]
async fn a_question_that_is_dropped_takes_nothing() {
    let server = Redis::start();
    let (one, other) = (windows(&server), windows(&server));
    let asked = [burst(0, 1, 60_000), daily("1", 1, now() + Duration::from_secs(3600))];
    for _ in 0..20 {
        let mut question = Box::pin(one.reserve(&asked, now()));
        let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(question.as_mut().poll(cx))).await;
        assert!(polled.is_pending(), "Redis is not that quick");
    }
    at_last(|| other.reserve(&asked, now())).await.keep();
    assert!(one.reserve(&asked, now()).await.is_err(), "the one that was kept is counted");
}

#[tokio::test]
async fn nodes_count_together() {
    let server = Redis::start();
    let (one, other) = (windows(&server), windows(&server));
    let asked = [burst(0, 3, 60_000)];
    let at = now();
    one.reserve(&asked, at).await.unwrap().keep();
    let third = other.reserve(&asked, at).await.unwrap();
    one.reserve(&asked, at).await.unwrap().keep();
    let refused = other.reserve(&asked, at + Duration::from_secs(10)).await.unwrap_err();
    assert_eq!((refused.limit, refused.retry_after), (3, Duration::from_secs(50)));
    // What is dropped goes back, before anything else is asked for and without that too.
    drop(third);
    returned(&other).await;
    let third = one.reserve(&asked, at).await.unwrap();
    drop(third);
    let fourth = at_last(|| other.reserve(&asked, at)).await;
    assert!(one.reserve(&asked, at).await.is_err(), "three are taken again");
    fourth.keep();
    assert_eq!(one.counted().alone + other.counted().alone, 0);
}

#[tokio::test]
async fn what_comes_back_late_is_no_room_in_a_later_window() {
    let server = Redis::start();
    let windows = windows(&server);
    let at = now();
    let (day, week) = (at + Duration::from_secs(3600), at + Duration::from_secs(7200));
    let first = windows.reserve(&[burst(0, 1, 60_000), daily("1", 1, day)], at).await.unwrap();
    let later = [burst(0, 1, 60_000), daily("1", 1, week)];
    windows.reserve(&later, day).await.unwrap().keep();
    drop(first);
    returned(&windows).await;
    assert!(
        windows.reserve(&later[..1], day).await.is_err(),
        "the window of the service is as full as before"
    );
    assert!(windows.reserve(&later[1..], day).await.is_err(), "and so is that of the value");
}

#[tokio::test]
async fn a_reservation_costs_three_commands_and_four_when_a_window_opens() {
    let server = Redis::start();
    let windows = windows(&server);
    let at = now();
    let ends = at + Duration::from_secs(3600);
    let asked = |value: &str| [burst(0, 500, 300_000), burst(1, 1000, 3_600_000), daily(value, 6, ends)];
    // Connecting and the first sight of the script.
    windows.reserve(&asked("0"), at).await.unwrap().keep();
    let before = server.commands();
    windows.reserve(&asked("1"), at).await.unwrap().keep();
    windows.reserve(&asked("1"), at).await.unwrap().keep();
    assert_eq!(server.commands() - before, 6);
    let before = server.commands();
    let mut with_tenant = asked("1").to_vec();
    with_tenant.push(of_tenant(1_000, 3_600_000));
    windows.reserve(&with_tenant, at).await.unwrap().keep();
    windows.reserve(&with_tenant, at).await.unwrap().keep();
    assert_eq!(server.commands() - before, 11, "five with a window of the tenant, and one to open it");
}

#[tokio::test]
async fn nothing_tells_a_number_and_everything_expires() {
    let server = Redis::start();
    let windows = windows(&server);
    let at = now();
    let number = "12223334444";
    let asked = [of_tenant(9, 60_000), burst(0, 9, 60_000), daily(number, 6, at + Duration::from_secs(3600))];
    windows.reserve(&asked, at).await.unwrap().keep();
    let keys: Vec<String> = server.ask(&["KEYS", "*"]).list().iter().map(|key| key.text()).collect();
    assert_eq!(keys.len(), 2, "{keys:?}");
    for key in &keys {
        assert!(key.starts_with("ges:w:{acme}:") && !key.contains(number));
        let all = server.ask(&[
            "EVAL",
            "local t = redis.call('HGETALL', KEYS[1]); return table.concat(t, ' ')",
            "1",
            key,
        ]);
        assert!(!all.text().contains(number));
        let left: i64 = server.ask(&["PTTL", key]).text().parse().unwrap();
        assert!((60_000..=3 * 3_600_000).contains(&left), "{key} lives {left} ms");
    }
}

#[tokio::test]
async fn values_of_a_day_that_is_over_take_no_room() {
    let server = Redis::start();
    let windows = windows(&server);
    let (at, day) = (now(), Duration::from_secs(3600));
    for value in 0..200 {
        let asked = [burst(0, 1_000, 7_200_000), daily(&value.to_string(), 6, at + day)];
        windows.reserve(&asked, at).await.unwrap().keep();
    }
    let fields = || server.ask(&["HLEN", "ges:w:{acme}:sales"]).text();
    assert_eq!(fields(), "201");
    let asked = [burst(0, 201, 7_200_000), daily("x", 6, at + day + day)];
    windows.reserve(&asked, at + day).await.unwrap().keep();
    assert_eq!(fields(), "2", "yesterday's values are gone");
    assert!(windows.reserve(&asked, at + day).await.is_err(), "the window of the service went on counting");
}

#[tokio::test]
async fn a_wiped_redis_costs_counts_and_no_request() {
    let server = Redis::start();
    let windows = Arc::new(windows(&server));
    let asked = [burst(0, u32::MAX, 60_000)];
    let counting = {
        let (windows, asked) = (windows.clone(), asked.clone());
        tokio::spawn(async move {
            for _ in 0..2_000 {
                windows.reserve(&asked, now()).await.unwrap().keep();
            }
        })
    };
    for _ in 0..20 {
        server.ask(&["FLUSHALL"]);
        server.ask(&["SCRIPT", "FLUSH"]);
        tokio::task::yield_now().await;
    }
    counting.await.unwrap();
    let counted = windows.counted();
    assert_eq!((counted.together, counted.alone), (2_000, 0), "a wipe is no reason to count alone");
}

/// What a host does with the windows, step after step.
#[derive(Clone, Debug)]
enum Act {
    Reserve(Vec<WindowRequest>),
    Release(usize),
    Pass(u64),
}

fn acts(start: Timestamp) -> impl Strategy<Value = Vec<Act>> {
    let day = move |hours: i64| Timestamp::from_secs(start.as_secs() + hours * 3600);
    let window = prop_oneof![
        (0..3_u32).prop_map(|limit| of_tenant(limit * 2, 2_000_000)),
        (0..3_u8, 0..4_u32).prop_map(|(index, limit)| burst(index, limit, 500_000 * u64::from(index + 1))),
        (0..4_u32, 0..3_u32).prop_map(move |(value, limit)| daily(&value.to_string(), limit, day(24))),
        (0..4_u32, 0..3_u32).prop_map(move |(value, limit)| daily(&value.to_string(), limit, day(48))),
    ];
    let act = prop_oneof![
        6 => prop::collection::vec(window, 1..5).prop_map(Act::Reserve),
        2 => any::<usize>().prop_map(Act::Release),
        2 => (1..20_u64).prop_map(|steps| Act::Pass(steps * 100_000)),
        1 => Just(Act::Pass(12 * 3_600_000)),
    ];
    prop::collection::vec(act, 1..60)
}

/// A window whose day is over when it is asked for cannot be opened; the engine never asks so.
fn sensible(asked: &[WindowRequest], at: Timestamp) -> bool {
    asked.iter().all(|request| request.lasting.end(at) > at)
}

#[test]
fn it_answers_as_the_table_of_one_process_does() {
    let server = Redis::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let start = now();
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&acts(start), |acts| {
        server.ask(&["FLUSHALL"]);
        let shared = [windows(&server), windows(&server)];
        let mut table = WindowTable::default();
        let mut held: Vec<(usize, Reservation, Vec<Unit>)> = Vec::new();
        let mut at = start;
        for (step, act) in acts.into_iter().enumerate() {
            match act {
                Act::Pass(ms) => at = at + Duration::from_millis(ms),
                Act::Release(which) if !held.is_empty() => {
                    let (node, ours, theirs) = held.swap_remove(which % held.len());
                    drop(ours);
                    runtime.block_on(returned(&shared[node]));
                    table.release(theirs);
                }
                Act::Release(_) => {}
                Act::Reserve(asked) if sensible(&asked, at) => {
                    let ours = runtime.block_on(shared[step % 2].reserve(&asked, at));
                    let theirs = table.reserve(&asked, at);
                    prop_assert_eq!(ours.as_ref().err(), theirs.as_ref().err(), "step {}", step);
                    if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                        held.push((step % 2, ours, theirs));
                    }
                }
                Act::Reserve(_) => {}
            }
        }
        prop_assert_eq!(shared[0].counted().alone + shared[1].counted().alone, 0);
        Ok(())
    });
    outcome.unwrap();
}
