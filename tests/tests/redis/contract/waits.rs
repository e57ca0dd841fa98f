//! The contract of waits, kept by two nodes that tell each other what they see.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::port::{News, WaitTimes};
use ges_core::testing::contract::waits::{Floor, WaitsUnderTest, run_all};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{Presence, SharedWaits};
use ges_tests::private::Redis;
use tokio::task::JoinHandle;

use crate::support::{PATIENCE, redis};

struct Told;

struct Nodes {
    one: Node,
    other: Node,
    _server: Redis,
}

struct Node {
    presence: Arc<Presence>,
    waits: Arc<SharedWaits>,
    attending: JoinHandle<()>,
}

impl Node {
    fn start(server: &Redis, name: &str) -> Self {
        let waits = Arc::new(SharedWaits::default());
        let presence = Arc::new(Presence::new(redis(server), &Keys::default(), name.into(), waits.clone()));
        let attends = presence.clone();
        let attending = tokio::spawn(async move { attends.attend(&News::default()).await });
        Node { presence, waits, attending }
    }

    async fn listens(&self) {
        let heard = async {
            while self.presence.peers().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("it hears the other");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.attending.abort();
    }
}

#[async_trait]
impl WaitsUnderTest for Told {
    async fn fresh(&self) -> Box<dyn Floor> {
        let server = Redis::start();
        let (one, other) = (Node::start(&server, "one"), Node::start(&server, "other"));
        // What is told before anybody listens is heard by nobody.
        one.listens().await;
        other.listens().await;
        Box::new(Nodes { one, other, _server: server })
    }
}

#[async_trait]
impl Floor for Nodes {
    fn waits(&self) -> &dyn WaitTimes {
        &*self.one.waits
    }

    fn another(&self) -> Option<&dyn WaitTimes> {
        Some(&*self.other.waits)
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_shared_over_redis_keep_the_contract() {
    run_all(&Told).await.assert_complete();
}
