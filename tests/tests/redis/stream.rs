//! Attempts in the stream of the voice platform: each once, whatever is repeated.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;
use ges_core::port::{HandOverError, Orchestrator};
use ges_tests::private::{Redis, Wire};
use ges_upstream::ors::OrsOptions;

use crate::support::{at, entries, id, ors, ors_as, redis, submission, submit_until_taken};

#[tokio::test]
async fn a_repeat_finds_the_first_entry() {
    let server = Redis::start();
    let (one, other) = (ors(redis(&server)), ors(redis(&server)));
    let first = one.submit(&submission(1, 1)).await.unwrap();
    assert_eq!(one.submit(&submission(1, 1)).await.unwrap(), first);
    assert_eq!(other.submit(&submission(1, 1)).await.unwrap(), first, "another node finds it as well");
    let second = other.submit(&submission(1, 2)).await.unwrap();
    assert_ne!(first, second);
    let id = id(1).to_string();
    assert_eq!(entries(&server), [(id.clone(), "1".to_owned()), (id, "2".to_owned())]);
    let last = server.ask(&["XREVRANGE", "NewCallbackStream", "+", "-", "COUNT", "1"]);
    assert_eq!(second.reference, Some(last.list()[0].list()[0].text()));
}

#[tokio::test]
async fn the_same_attempt_handed_over_at_once_by_many_is_one_entry() {
    let server = Redis::start();
    let nodes: Vec<_> = (0..3).map(|_| Arc::new(ors(redis(&server)))).collect();
    let mut all = Vec::new();
    for round in 0..10 {
        for number in 0..100 {
            let node = nodes[(number as usize + round) % nodes.len()].clone();
            all.push(tokio::spawn(
                async move { (number, node.submit(&submission(number, 1)).await.unwrap()) },
            ));
        }
    }
    let mut told: BTreeMap<u64, String> = BTreeMap::new();
    for answer in join_all(all).await {
        let (number, handed) = answer.unwrap();
        let reference = handed.reference.unwrap();
        assert_eq!(*told.entry(number).or_insert(reference.clone()), reference, "one entry, told alike");
    }
    let mut found = entries(&server);
    found.sort();
    found.dedup();
    assert_eq!((found.len(), entries(&server).len()), (100, 100));
}

#[tokio::test]
async fn an_attempt_alone_costs_four_commands_and_in_a_crowd_little_more_than_two() {
    let server = Redis::start();
    let ors = Arc::new(ors(redis(&server)));
    ors.submit(&submission(0, 1)).await.unwrap();
    let before = server.commands();
    ors.submit(&submission(1, 1)).await.unwrap();
    assert_eq!(server.commands() - before, 4);
    let before = server.commands();
    join_all((2..1_002).map(|number| {
        let ors = ors.clone();
        async move { ors.submit(&submission(number, 1)).await.unwrap() }
    }))
    .await;
    let each = (server.commands() - before) as f64 / 1_000.0;
    assert!(each < 2.1, "{each} commands an attempt");
    assert_eq!(entries(&server).len(), 1_002);
}

#[tokio::test]
async fn a_connection_cut_after_the_append_makes_no_second_entry() {
    let server = Redis::start();
    let wire = Wire::to(server.address());
    let ors = ors(at(&server.url_at(wire.address())));
    ors.submit(&submission(0, 1)).await.unwrap();
    for number in 1..=20 {
        // The first byte of the answer: the append has happened, and nobody is told.
        wire.cut_after(ges_tests::private::Toward::Client, 0);
        submit_until_taken(&ors, &submission(number, 1)).await;
        wire.spare();
    }
    assert!(wire.cuts() > 0);
    let found = entries(&server);
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!((found.len(), once.len()), (21, 21));
}

#[tokio::test]
async fn what_redis_refuses_is_refused_and_what_it_cannot_take_now_is_not() {
    let server = Redis::start();
    let ors = ors(redis(&server));
    server.ask(&["SET", "NewCallbackStream", "not a stream"]);
    let refused = ors.submit(&submission(1, 1)).await;
    assert!(matches!(refused, Err(HandOverError::Refused(_))), "{refused:?}");
    server.ask(&["DEL", "NewCallbackStream"]);
    assert!(ors.submit(&submission(1, 1)).await.is_ok(), "a refused attempt is not remembered as appended");

    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let full = ors.submit(&submission(2, 1)).await;
    assert!(matches!(full, Err(HandOverError::Unavailable(_))), "{full:?}");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    assert!(ors.submit(&submission(2, 1)).await.is_ok());

    server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    let demoted = ors.submit(&submission(3, 1)).await;
    assert!(matches!(demoted, Err(HandOverError::Unavailable(_))), "{demoted:?}");
    server.ask(&["REPLICAOF", "NO", "ONE"]);
    submit_until_taken(&ors, &submission(3, 1)).await;

    server.kill_nine();
    let away = ors.submit(&submission(4, 1)).await;
    assert!(matches!(away, Err(HandOverError::Unavailable(_))), "{away:?}");
    server.restart();
    submit_until_taken(&ors, &submission(4, 1)).await;
}

#[tokio::test]
async fn a_deployment_names_stream_and_fields() {
    let server = Redis::start();
    let mut options = OrsOptions::new("http://ges:3050");
    options.stream = "{voice}:calls".to_owned();
    options.fields =
        [("callbackId".to_owned(), "CBID".to_owned()), ("params".to_owned(), String::new())].into();
    options.keep = Some(100);
    let ors = ors_as(options, redis(&server));
    for number in 0..1_000 {
        ors.submit(&submission(number, 1)).await.unwrap();
    }
    let length: u64 = server.ask(&["XLEN", "{voice}:calls"]).text().parse().unwrap();
    assert!((100..500).contains(&length), "about a hundred entries are kept: {length}");
    let last = server.ask(&["XREVRANGE", "{voice}:calls", "+", "-", "COUNT", "1"]);
    let fields: Vec<String> =
        last.list()[0].list()[1].list().iter().map(ges_tests::private::Reply::text).collect();
    assert!(fields.contains(&"CBID".to_owned()) && !fields.contains(&"params".to_owned()), "{fields:?}");
    let keys = server.ask(&["KEYS", "ges:attempt:{voice}:*"]);
    assert_eq!(keys.list().len(), 1_000);
    let left: i64 = server.ask(&["PTTL", &keys.list()[0].text()]).text().parse().unwrap();
    assert!(
        (86_400_000..=90_000_000).contains(&left),
        "an attempt is remembered for the ttl and an hour: {left} ms"
    );
}
