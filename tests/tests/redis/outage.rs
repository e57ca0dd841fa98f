//! Redis away: requests go on, nobody waits for it twice, and all is well by itself when it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ges_core::port::{Orchestrator, RateWindows};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{RedisWindows, State};
use ges_tests::private::{Redis, Wire};

use crate::support::{burst, entries, impatient, now, ors, submission, submit_until_taken, until};

/// Eight callers who reserve as fast as they can.
struct Load {
    windows: Arc<RedisWindows>,
    over: Arc<AtomicBool>,
    longest_ms: Arc<AtomicU64>,
    callers: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    fn start(windows: RedisWindows) -> Self {
        let (windows, over) = (Arc::new(windows), Arc::new(AtomicBool::new(false)));
        let longest_ms = Arc::new(AtomicU64::new(0));
        let caller = || {
            let (windows, over, longest) = (windows.clone(), over.clone(), longest_ms.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    windows.reserve(&[burst(0, u32::MAX, 600_000)], now()).await.unwrap().keep();
                    let lasted = u64::try_from(begun.elapsed().as_millis()).unwrap();
                    longest.fetch_max(lasted, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            })
        };
        let callers = (0..8).map(|_| caller()).collect();
        Load { windows, over, longest_ms, callers }
    }

    /// Waits until so many more were counted in this way.
    async fn more(&self, of: impl Fn(&RedisWindows) -> u64, many: u64) {
        let before = of(&self.windows);
        until("the load goes on", async || of(&self.windows) >= before + many).await;
    }

    /// Ends it; every caller must have been served to the end.
    async fn end(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        self.longest_ms.load(Ordering::Relaxed)
    }
}

/// Figures are for whoever reads the output.
#[allow(clippy::print_stdout, reason = "a figure, not a verdict")]
fn say(text: &str) {
    println!("{text}");
}

fn together(windows: &RedisWindows) -> u64 {
    windows.counted().together
}

fn alone(windows: &RedisWindows) -> u64 {
    windows.counted().alone
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_frozen_cut_off_and_wiped_it_fails_no_request() {
    let server = Redis::start();
    let wire = Wire::to(server.address());
    let redis = impatient(&server.url_at(wire.address()));
    let load = Load::start(RedisWindows::new(redis.clone(), Keys::default(), b"secret"));
    load.more(together, 100).await;

    server.kill_nine();
    load.more(alone, 200).await;
    assert!(matches!(redis.state(), State::Away { .. }));
    server.restart();
    load.more(together, 200).await;
    assert_eq!(redis.state(), State::Up);

    server.pause();
    load.more(alone, 200).await;
    server.resume();
    load.more(together, 200).await;

    wire.stall();
    load.more(alone, 200).await;
    wire.cut();
    wire.go_on();
    load.more(together, 200).await;

    let before = alone(&load.windows);
    for _ in 0..20 {
        server.ask(&["FLUSHALL"]);
        server.ask(&["SCRIPT", "FLUSH"]);
        load.more(together, 20).await;
    }
    assert_eq!(alone(&load.windows), before, "a wipe is no reason to count alone");
    say(&format!("the longest reservation took {} ms", load.end().await));
}

#[tokio::test]
async fn a_dead_redis_is_waited_for_by_one_at_a_time() {
    let server = Redis::start();
    let windows = RedisWindows::new(impatient(&server.url()), Keys::default(), b"secret");
    windows.reserve(&[burst(0, 9, 600_000)], now()).await.unwrap().keep();
    let before = server.commands();
    server.pause();
    // The first finds out; the hundred after it are served at once.
    for _ in 0..100 {
        windows.reserve(&[burst(0, u32::MAX, 600_000)], now()).await.unwrap().keep();
    }
    server.resume();
    assert!(windows.counted().alone >= 100);
    // What was sent to it while it was frozen it answers now.
    let sent = server.commands() - before;
    assert!(sent < 20, "{sent} calls waited for it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_are_one_entry_each_through_every_outage_that_keeps_what_redis_took() {
    let server = Redis::options().with("appendonly", "yes").with("appendfsync", "always").start();
    let wire = Wire::to(server.address());
    let nodes = [0, 1].map(|_| Arc::new(ors(impatient(&server.url_at(wire.address())))));
    let handing_over: Vec<_> = (0..400)
        .map(|number: u64| {
            let nodes = nodes.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(number * 5)).await;
                // Both nodes believe it is theirs.
                let submission = submission(number, 1);
                let both = nodes.each_ref().map(|node| submit_until_taken(node.as_ref(), &submission));
                let [one, other] = both;
                let (one, other) = tokio::join!(one, other);
                assert_eq!(one, other, "both are told of the same entry");
            })
        })
        .collect();
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        match round % 3 {
            0 => server.restart(),
            1 => {
                server.pause();
                tokio::time::sleep(Duration::from_millis(700)).await;
                server.resume();
            }
            _ => wire.cut(),
        }
    }
    for one in handing_over {
        one.await.unwrap();
    }
    let found = entries(&server);
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!((once.len(), found.len()), (400, 400));
}

#[tokio::test]
async fn an_attempt_that_redis_lost_before_its_session_reported_is_dead() {
    use ges_core::port::{Look, SessionKey};
    let server = Redis::start();
    let ors = ors(impatient(&server.url()));
    let submission = submission(1, 1);
    let handed = ors.submit(&submission).await.unwrap();
    let key = |reported| SessionKey {
        tenant: submission.callback.tenant.clone(),
        service: submission.callback.service.clone(),
        id: submission.callback.id,
        attempt: 1,
        reference: handed.reference.clone(),
        reported,
    };
    assert_eq!(ors.look(&key(false)).await.unwrap(), Look::Unknown, "it is remembered");
    server.pause();
    assert!(ors.look(&key(false)).await.is_err(), "a Redis that does not answer is no death");
    assert_eq!(ors.place(&key(false)).await.unwrap(), Look::Unknown, "it has no place yet: nobody is asked");
    server.resume();
    until("it answers again", async || ors.look(&key(false)).await.is_ok()).await;
    server.ask(&["FLUSHALL"]);
    assert_eq!(ors.look(&key(false)).await.unwrap(), Look::Gone);
    assert_eq!(ors.look(&key(true)).await.unwrap(), Look::Unknown, "a session that has reported lives on");
}
