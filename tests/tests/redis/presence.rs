//! Nodes that hear of each other.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use ges_core::ewt::{CallKey, EwtMode, Observation};
use ges_core::port::{Gone, News, Told, WaitTimes};
use ges_core::{NodeId, Timestamp};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{Presence, Redis, SharedWaits};
use ges_tests::private;
use ges_tests::private::Wire;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::support::{impatient, redis, until};

/// A node that speaks and listens.
struct Node {
    presence: Arc<Presence>,
    waits: Arc<SharedWaits>,
    news: News,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Node {
    fn start(name: &str, redis: Redis) -> Self {
        let waits = Arc::new(SharedWaits::default());
        let presence = Arc::new(Presence::new(redis, &Keys::default(), name.into(), waits.clone()));
        let news = News::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = {
            let (presence, news) = (presence.clone(), news.clone());
            tokio::spawn(async move {
                tokio::select! { () = presence.attend(&news) => {}, _ = stopped => {} }
                presence.farewell().await;
            })
        };
        Node { presence, waits, news, stop: Some(stop), running }
    }

    /// The next piece of news of the kind asked for.
    async fn hears(&mut self, wanted: &Told) {
        let heard = async { while self.news.next().await != *wanted {} };
        let heard = tokio::time::timeout(Duration::from_secs(30), heard).await;
        assert!(heard.is_ok(), "{wanted:?} was not heard");
    }

    /// What it was told and nobody has looked at.
    fn unread(&mut self) -> Vec<Told> {
        std::iter::from_fn(|| self.news.next().now_or_never()).collect()
    }

    async fn knows(&self, name: &str) {
        let node = NodeId::from(name);
        until("the other is known", async || self.presence.peers().iter().any(|peer| peer.node == node))
            .await;
    }

    /// Stops without a word, as a killed process does.
    fn die(&self) {
        self.running.abort();
    }
}

fn gone(name: &str) -> Told {
    Told::Gone(name.into(), Gone::Suspected)
}

#[tokio::test]
async fn a_node_that_falls_silent_is_gone_and_one_that_leaves_is_not() {
    let server = private::Redis::start();
    let mut one = Node::start("one", redis(&server));
    let mut two = Node::start("two", redis(&server));
    let mut three = Node::start("three", redis(&server));
    for (node, other) in [(&one, "two"), (&one, "three"), (&two, "three")] {
        node.knows(other).await;
    }
    three.stop.take().unwrap().send(()).unwrap();
    (&mut three.running).await.unwrap();
    until("the one that left is off the roll", async || one.presence.peers().len() == 1).await;
    two.die();
    one.hears(&gone("two")).await;
    assert!(one.presence.peers().is_empty());
    assert!(!two.unread().contains(&gone("three")), "whoever leaves is not gone");
}

#[tokio::test]
async fn who_is_cut_off_suspects_nobody_and_is_suspected() {
    let server = private::Redis::start();
    let wire = Wire::to(server.address());
    let mut one = Node::start("one", redis(&server));
    let mut cut_off = Node::start("cut off", impatient(&server.url_at(wire.address())));
    one.knows("cut off").await;
    cut_off.knows("one").await;
    wire.stall();
    one.hears(&gone("cut off")).await;
    until("it knows itself cut off", async || cut_off.presence.is_cut_off()).await;
    wire.go_on();
    one.hears(&Told::Joined("cut off".into())).await;
    until("it hears again", async || !cut_off.presence.is_cut_off()).await;
    one.die();
    // Nothing but the one who is truly gone was ever suspected, and only once it was.
    cut_off.hears(&gone("one")).await;
    assert!(!cut_off.unread().contains(&gone("one")));
}

#[tokio::test]
async fn nobody_is_gone_while_redis_is() {
    let server = private::Redis::start();
    let url = server.url();
    let mut nodes = [Node::start("one", impatient(&url)), Node::start("two", impatient(&url))];
    nodes[0].knows("two").await;
    nodes[1].knows("one").await;
    server.pause();
    until("both know that nothing is heard", async || nodes.iter().all(|node| node.presence.is_cut_off()))
        .await;
    server.resume();
    server.restart();
    until("both hear again", async || nodes.iter().all(|node| !node.presence.is_cut_off())).await;
    nodes[0].knows("two").await;
    nodes[1].knows("one").await;
    for node in &mut nodes {
        assert!(!node.unread().iter().any(|news| matches!(news, Told::Gone(..))));
    }
}

#[tokio::test]
async fn settings_and_waits_are_shared() {
    let server = private::Redis::start();
    let mut one = Node::start("one", redis(&server));
    let two = Node::start("two", redis(&server));
    one.knows("two").await;
    two.knows("one").await;
    two.presence.settings_changed("acme".into()).await;
    one.hears(&Told::Settings("acme".into())).await;

    let (tenant, queue) = ("acme".into(), "sales".into());
    let seconds = |secs: i64| Timestamp::from_secs(1_768_208_400 + secs);
    for call in 0..40 {
        let (entered, left) = (seconds(call * 10), seconds(call * 10 + 5));
        let key = CallKey(call.unsigned_abs());
        two.waits.observe(&tenant, &queue, entered, Observation::entered(key));
        two.waits.observe(&tenant, &queue, left, Observation::Answered { call: key, agent: None });
    }
    let wait =
        async |waits: &SharedWaits| waits.wait(&tenant, &queue, EwtMode::Mode1, seconds(400)).await.unwrap();
    let told = wait(&two.waits).await;
    assert!(told.seconds().is_some());
    until("the other has learned the same", async || wait(&one.waits).await == told).await;
}

#[tokio::test]
async fn an_idle_node_costs_one_command_a_second() {
    let server = private::Redis::start();
    let one = Node::start("one", redis(&server));
    let two = Node::start("two", redis(&server));
    one.knows("two").await;
    two.knows("one").await;
    server.ask(&["CONFIG", "RESETSTAT"]);
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut calls = server.calls();
    for own in ["info", "config|resetstat", "config", "auth"] {
        calls.remove(own);
    }
    let published = calls.remove("publish").unwrap_or_default();
    assert!(calls.is_empty(), "nothing else is asked: {calls:?}");
    assert!((2..=24).contains(&published), "two nodes, twelve seconds: {published}");
}
