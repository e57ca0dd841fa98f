//! Every way a Redis is laid out and guarded.

use std::path::PathBuf;

use ges_core::port::{Orchestrator, RateWindows};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{
    Address, Layout, Login, Options, Password, Redis, RedisWindows, State, Tls, slot_of,
};
use ges_tests::private;
use ges_tests::private::{Certificates, RedisCluster, RedisSentinel};

use crate::support::{burst, daily, entries, now, of_tenant, ors, submission, submit_until_taken, until};

fn address(address: std::net::SocketAddr) -> Address {
    Address { host: address.ip().to_string(), port: address.port() }
}

fn behind_sentinels(sentinel: &RedisSentinel) -> Options {
    let sentinels = sentinel.sentinels().into_iter().map(address).collect();
    Options::new(Layout::Sentinel { sentinels, primary: sentinel.name().to_owned() })
}

fn in_cluster(cluster: &RedisCluster) -> Options {
    // One seed is enough to learn of all.
    Options::new(Layout::Cluster(cluster.addresses().into_iter().take(1).map(address).collect()))
}

fn windows(redis: &Redis) -> RedisWindows {
    RedisWindows::new(redis.clone(), Keys::default(), b"secret")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_of_the_sentinels_is_followed() {
    let sentinel = RedisSentinel::start(1);
    let redis = Redis::new(behind_sentinels(&sentinel)).unwrap();
    let (windows, ors) = (windows(&redis), ors(redis.clone()));
    let asked = [burst(0, 1_000_000, 600_000)];
    windows.reserve(&asked, now()).await.unwrap().keep();
    ors.submit(&submission(1, 1)).await.unwrap();
    let dead = sentinel.kill_primary();
    // No request fails meanwhile; what is handed over waits.
    windows.reserve(&asked, now()).await.unwrap().keep();
    assert!(matches!(redis.state(), State::Away { .. }));
    assert_eq!(windows.counted().alone, 1);
    submit_until_taken(&ors, &submission(2, 1)).await;
    let primary = sentinel.wait_for_another(dead);
    until("windows are counted together again", async || {
        let before = windows.counted().together;
        windows.reserve(&asked, now()).await.unwrap().keep();
        windows.counted().together > before
    })
    .await;
    assert_eq!(redis.state(), State::Up);
    assert_eq!(entries(primary).len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_learned_from_one_seed_and_a_lost_node_is_replaced() {
    let cluster = RedisCluster::start();
    let redis = Redis::new(in_cluster(&cluster)).unwrap();
    let (windows, ors) = (windows(&redis), ors(redis.clone()));
    let at = now();
    // Windows of one request share a slot, whatever the tenant and the service.
    let asked = [
        of_tenant(1_000_000, 600_000),
        burst(0, 1_000_000, 600_000),
        daily("1", 1_000_000, at + std::time::Duration::from_secs(600)),
    ];
    windows.reserve(&asked, at).await.unwrap().keep();
    for number in 0..50 {
        ors.submit(&submission(number, 1)).await.unwrap();
    }
    assert_eq!(windows.counted().alone, 0);

    let primary = cluster.primary_of("NewCallbackStream").unwrap();
    assert_eq!(entries(primary).len(), 50);
    primary.kill_nine();
    for number in 50..100 {
        submit_until_taken(&ors, &submission(number, 1)).await;
        windows.reserve(&asked, now()).await.unwrap().keep();
    }
    cluster.wait_until_served();
    let primary = cluster.primary_of("NewCallbackStream").unwrap();
    let mut found = entries(primary);
    found.sort();
    let many = found.len();
    found.dedup();
    assert_eq!(found.len(), many, "none twice");
    assert!(many >= 50, "what was taken after the loss is there");
    redis.check(std::time::Duration::ZERO).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_that_move_are_followed() {
    let cluster = RedisCluster::start();
    let redis = Redis::new(in_cluster(&cluster)).unwrap();
    let windows = windows(&redis);
    let asked = [burst(0, 5, 600_000)];
    windows.reserve(&asked, now()).await.unwrap().keep();
    let key = "ges:w:{acme}:sales";
    let from = cluster.primary_of(key).unwrap();
    let to = *cluster.primaries().iter().find(|node| node.address() != from.address()).unwrap();
    let slot = slot_of(key.as_bytes()).to_string();
    let (from_id, to_id) = (from.ask(&["CLUSTER", "MYID"]).text(), to.ask(&["CLUSTER", "MYID"]).text());
    to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    let (host, port) = (to.address().ip().to_string(), to.address().port().to_string());
    from.ask(&["MIGRATE", &host, &port, key, "0", "5000", "AUTH2", "harness", "of the tests"]);
    // In the middle of the move the old node says where the key went, for this call alone.
    windows.reserve(&asked, now()).await.unwrap().keep();
    for node in [to, from] {
        node.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    // And after it, for good.
    for _ in 0..3 {
        windows.reserve(&asked, now()).await.unwrap().keep();
    }
    assert!(windows.reserve(&asked, now()).await.is_err(), "all five were counted in one place");
    assert_eq!(windows.counted().alone, 0);
}

/// An encrypted server with one user who may do what the engine does.
struct Guarded {
    authority: PathBuf,
    name: &'static str,
    server: private::Redis,
}

impl Guarded {
    fn start() -> Self {
        let certificates = Certificates::new();
        let rules = "~ges:* ~NewCallbackStream &ges:* -@all +evalsha +eval +hmget +hset +hdel +unlink +pexpireat \
                     +mget +set +xadd +xdel +publish +subscribe +ping";
        let options = private::Redis::options().with_restricted_user("ges", "s3cret", rules);
        let (authority, name) = (certificates.authority(), certificates.name());
        // The server keeps the folder of its certificates.
        Guarded { authority, name, server: options.with_tls(certificates).start() }
    }
}

fn reached(options: Options) -> Result<Redis, String> {
    Redis::new(options).map_err(|error| error.to_string())
}

#[tokio::test]
async fn certificates_and_users_are_checked_as_told() {
    let Guarded { authority, name, server } = Guarded::start();
    let login = |password: &str| {
        let mut login = Login::default();
        login.user = Some("ges".to_owned());
        login.password = Some(Password::from(password));
        login
    };
    let mut plain = Options::new(Layout::Standalone(address(server.tls_address().unwrap())));
    plain.login = login("s3cret");
    let with = |change: &dyn Fn(&mut Tls)| {
        let mut options = plain.clone();
        change(options.tls.insert(Tls::default()));
        options
    };
    let right = with(&|tls| tls.ca_file = Some(authority.clone()));
    let as_user = |login: Login| {
        let mut options = right.clone();
        options.login = login;
        options
    };
    let named = |name: &str| {
        with(&|tls| {
            tls.ca_file = Some(authority.clone());
            tls.server_name = Some(name.to_owned());
        })
    };
    let works =
        async |options: Options| reached(options).unwrap().check(std::time::Duration::ZERO).await.is_ok();

    assert!(works(right.clone()).await);
    assert!(works(named(name)).await);
    assert!(!works(named("another.test")).await);
    assert!(!works(with(&|_| {})).await, "nobody public vouches for it");
    let another = Certificates::new();
    assert!(!works(with(&|tls| tls.ca_file = Some(another.authority()))).await);
    assert!(works(with(&|tls| tls.reject_unauthorized = false)).await);
    assert!(!works(plain.clone()).await, "a plain word to an encrypted port");
    assert!(!works(as_user(login("wrong"))).await);
    assert!(!works(as_user(Login::default())).await);

    for (file, problem) in
        [(PathBuf::from("/nowhere"), "/nowhere"), (PathBuf::from("Cargo.toml"), "Cargo.toml")]
    {
        let refused = reached(with(&|tls| tls.ca_file = Some(file.clone()))).map(drop).unwrap_err();
        assert!(refused.contains(problem), "{refused}");
    }

    // The documented rights are enough for everything.
    let redis = reached(right).unwrap();
    let windows = windows(&redis);
    let asked = [
        of_tenant(9, 60_000),
        burst(0, 9, 60_000),
        daily("1", 9, now() + std::time::Duration::from_secs(60)),
    ];
    drop(windows.reserve(&asked, now()).await.unwrap());
    // What was dropped goes back before anything else is asked for.
    windows.reserve(&asked, now()).await.unwrap().keep();
    assert_eq!(windows.counted().alone, 0);
    assert!(ors(redis.clone()).submit(&submission(1, 1)).await.is_ok());
    redis.publish(&Keys::default().nodes(), b"{}").await.unwrap();
}
