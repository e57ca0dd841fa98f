//! Redis in its three shapes.

use std::process::Command;

use ges_tests::private::{Certificates, Redis, RedisCluster, RedisSentinel, Reply, Talk};

#[test]
fn a_killed_one_comes_back_empty() {
    let redis = Redis::start();
    redis.ask(&["SET", "a", "1"]);
    assert_eq!(redis.ask(&["GET", "a"]), Reply::Text("1".to_owned()));
    redis.kill_nine();
    assert!(redis.try_ask(&["PING"]).is_err() && redis.processes().is_empty());
    redis.restart();
    assert_eq!(redis.ask(&["GET", "a"]), Reply::Nil);
}

#[test]
fn what_is_to_be_kept_is_kept() {
    let redis = Redis::options().with("appendonly", "yes").with("appendfsync", "always").start();
    redis.ask(&["SET", "a", "1"]);
    redis.kill_nine();
    redis.restart();
    assert_eq!(redis.ask(&["GET", "a"]), Reply::Text("1".to_owned()));
}

#[test]
fn only_the_commands_of_others_are_counted() {
    let redis = Redis::start();
    let before = redis.commands();
    assert_eq!((before, redis.commands()), (0, 0));
    let mut other = Talk::to(redis.address(), None).unwrap();
    for _ in 0..5 {
        other.ask(&["PING"]).unwrap();
    }
    assert_eq!(redis.commands(), 5);
    assert!(redis.calls()["ping"] >= 5 && redis.memory() > 100_000);
}

#[test]
fn a_frozen_one_answers_when_it_goes_on() {
    let redis = Redis::start();
    redis.pause();
    assert!(redis.try_ask(&["PING"]).is_err());
    redis.resume();
    assert_eq!(redis.ask(&["PING"]), Reply::Text("PONG".to_owned()));
}

#[test]
fn users_and_tls() {
    let certificates = Certificates::new();
    let authority = certificates.authority();
    let copy = tempfile::tempdir().unwrap();
    let pinned = copy.path().join("ca.pem");
    std::fs::copy(authority, &pinned).unwrap();
    let redis = Redis::options().with_user("node", "a-password").with_tls(certificates).start();
    let mut stranger = Talk::to(redis.address(), None).unwrap();
    assert!(stranger.ask(&["GET", "a"]).unwrap_err().to_string().starts_with("NOAUTH"));
    Talk::to(redis.address(), Some(("node", "a-password"))).unwrap().ask(&["SET", "a", "1"]).unwrap();
    assert!(redis.url().starts_with("redis://node:a-password@"));
    let asked = Command::new("redis-cli")
        .args(["-u", &redis.tls_url(), "--no-auth-warning", "--cacert"])
        .arg(&pinned)
        .args(["GET", "a"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "1", "{asked:?}");
}

#[test]
fn sentinels_put_a_replica_in_the_place_of_a_lost_primary() {
    let sentinel = RedisSentinel::start(1);
    let first = sentinel.primary();
    first.ask(&["SET", "a", "1"]);
    first.ask(&["WAIT", "1", "1000"]);
    let lost = sentinel.kill_primary();
    let second = sentinel.wait_for_another(lost);
    assert_eq!(second.ask(&["GET", "a"]), Reply::Text("1".to_owned()));
    lost.restart();
    // Which of the two is the primary by then is for the Sentinels to say: on a busy machine they may change it once more.
    sentinel.wait_until_whole();
}

#[test]
fn a_cluster_replaces_a_lost_node() {
    let cluster = RedisCluster::start();
    assert_eq!(cluster.primaries().len(), 3);
    let serves = cluster.primary_of("a").unwrap();
    serves.ask(&["SET", "a", "1"]);
    serves.ask(&["WAIT", "1", "1000"]);
    serves.kill_nine();
    super::place::wait_until(|| {
        cluster.primary_of("a").is_some_and(|node| node.address() != serves.address())
    });
    cluster.wait_until_served();
    assert_eq!(cluster.primary_of("a").unwrap().ask(&["GET", "a"]), Reply::Text("1".to_owned()));
    serves.restart();
    cluster.wait_until_whole();
}
