//! The small ports of a node: its clock, its runtime, its waits and who listens.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use ges_core::callback::LifecycleEvent;
use ges_core::ewt::{Ewt, EwtMode};
use ges_core::port::{Clock, Listener, Notice, Observer, Runtime, Unavailable, WaitTimes};
use ges_core::{ServiceName, TenantId, Timestamp};

use crate::executor::{Executor, Millis, Owner};
use crate::world::World;

/// Everything small that belongs to one node.
pub struct NodePorts {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
}

impl Clock for NodePorts {
    fn now(&self) -> Timestamp {
        let now = self.world.exec.now();
        self.world
            .nodes()
            .get_mut(self.node)
            .map_or(Timestamp::from_millis(now), |node| node.clock.shows(now))
    }
}

impl Observer for NodePorts {
    fn noticed(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Failed(_, error) => self.world.told_error(*error),
            other => self.world.told(|| format!("{other:?}")),
        }
    }
}

impl Listener for NodePorts {
    fn heard(&self, event: &LifecycleEvent) {
        self.world.told(|| format!("{event:?}"));
    }
}

#[async_trait]
impl WaitTimes for NodePorts {
    async fn wait(
        &self,
        tenant: &TenantId,
        queue: &ServiceName,
        _: EwtMode,
        _: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        let key = (tenant.clone(), queue.clone());
        let known = self.world.oracle().book.waits.get(&key).and_then(|(wait, _)| *wait);
        known.map(Ewt::Known).ok_or_else(|| Unavailable("nobody can tell".into()))
    }
}

/// Runs the tasks of one process: they end with it.
pub struct NodeRuntime {
    /// Time and tasks.
    pub exec: Executor,
    /// The process.
    pub owner: Owner,
}

impl Runtime for NodeRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.exec.spawn(self.owner, task);
    }

    fn sleep(&self, lasting: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.exec.sleep(Millis::try_from(lasting.as_millis()).unwrap_or(Millis::MAX)))
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.exec.now().unsigned_abs())
    }
}
