//! The contract of rate windows, kept by two nodes that count together.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::port::RateWindows;
use ges_core::testing::contract::Task;
use ges_core::testing::contract::windows::{Counting, WindowsUnderTest, run_all};
use ges_storage::redis::RedisWindows;
use ges_storage::redis::keys::Keys;
use ges_tests::private::{Redis, Wire};

use crate::support::{at, now};

struct Shared;

/// Two nodes of which one can be cut off from the server that they count in.
struct Nodes {
    one: Arc<RedisWindows>,
    other: Arc<RedisWindows>,
    began: Timestamp,
    wire: Wire,
    _server: Redis,
}

#[async_trait]
impl WindowsUnderTest for Shared {
    async fn fresh(&self) -> Box<dyn Counting> {
        let server = Redis::start();
        let wire = Wire::to(server.address());
        let windows = |redis| {
            let secret = b"a secret of the deployment";
            Arc::new(RedisWindows::new(redis, Keys::default(), secret))
        };
        let one = windows(at(&server.url_at(wire.address())));
        Box::new(Nodes { one, other: windows(at(&server.url())), began: now(), wire, _server: server })
    }
}

#[async_trait]
impl Counting for Nodes {
    fn windows(&self) -> Arc<dyn RateWindows> {
        self.one.clone()
    }

    fn another(&self) -> Option<Arc<dyn RateWindows>> {
        Some(self.other.clone())
    }

    async fn cut_off(&self) -> bool {
        self.wire.close();
        true
    }

    fn now(&self) -> Timestamp {
        self.began
    }

    async fn parallel(&self, tasks: Vec<Task>) {
        let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
        for task in tasks {
            task.await.expect("a task ends well");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_in_redis_keep_the_contract() {
    run_all(&Shared).await.assert_complete();
}
