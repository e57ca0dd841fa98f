//! What nodes cost that have nothing to do, counted by the servers.

use std::time::{Duration, Instant};

use crate::world::{World, book, eventually, metric};

/// Long enough that what comes once a minute comes as often as it should.
const IDLE: Duration = Duration::from_secs(75);
/// The statistics of Postgres come with a delay of about a second.
const SETTLE: Duration = Duration::from_secs(12);

#[test]
fn an_idle_node_asks_redis_once_a_second_and_postgres_hardly_ever() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (_first, _second) = (one.start().unwrap(), other.start().unwrap());
    for _ in 0..50 {
        book(&one, Some(Duration::from_secs(7 * 86_400)));
    }
    eventually("both are well", || [&one, &other].iter().all(|site| metric(site, "GES_HEALTH") == 0.0));
    std::thread::sleep(SETTLE);
    let count = || (Instant::now(), world.postgres.statistics(), world.redis.commands());
    let (begun, transactions, commands) = count();
    std::thread::sleep(IDLE);
    let (ended, transactions_after, commands_after) = count();
    let node_seconds = 2.0 * ended.duration_since(begun).as_secs_f64();
    let rate = |before: u64, after: u64| (after - before) as f64 / node_seconds;
    let (transactions, commands) = (rate(transactions, transactions_after), rate(commands, commands_after));
    println!("an idle node: {transactions:.3} transactions/s, {commands:.3} Redis commands/s");
    assert!(transactions <= 0.2, "{transactions} transactions/s");
    // The seconds of two clocks need not begin together.
    assert!(commands <= 1.0 + 2.0 / node_seconds, "{commands} commands/s");
}
