//! The small ports of a node: its clock, its runtime, its waits and who listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use ges_core::callback::LifecycleEvent;
use ges_core::ewt::{Ewt, EwtMode};
use ges_core::port::{Clock, Listener, Notice, Observer, Runtime, Unavailable, WaitTimes};
use ges_core::{ServiceName, TenantId, Timestamp};

use crate::bugs::Bug;
use crate::executor::{Millis, Owner};
use crate::faults::Kind;
use crate::oracle::Seen;
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

impl NodePorts {
    /// A piece of work panicked. With a mistake planted that ends the tasks of this process, and nobody is told.
    fn panicked(&self) {
        let planted = self.world.injected().kinds.get(&Kind::Panic).copied().unwrap_or(0);
        self.world.see(&Seen::Panicked { planted });
        if !self.world.has(Bug::PanicEndsNode) {
            return;
        }
        let (owner, world) = (self.world.nodes()[self.node].owner, self.world.clone());
        self.world.exec.at(self.world.exec.now(), move || world.exec.kill(owner));
    }
}

impl Observer for NodePorts {
    fn noticed(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Failed(_, error) => self.world.told_error(*error),
            Notice::Panicked(_) => self.panicked(),
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
    world: Arc<World>,
    owner: Owner,
    begun: AtomicUsize,
}

/// So many tasks a node begins with; each further one has taken a permit to hand over.
const PARTS: usize = 8;

impl NodeRuntime {
    /// Runs the tasks of this process.
    pub fn new(world: Arc<World>, owner: Owner) -> Self {
        NodeRuntime { world, owner, begun: AtomicUsize::new(0) }
    }

    /// Whether a wrong node would never give back the permit that this task has.
    fn keeps_permit(&self) -> bool {
        let is_hand = self.begun.fetch_add(1, Ordering::Relaxed) >= PARTS;
        is_hand && self.world.has(Bug::PermitKept) && self.world.rarely(100)
    }
}

impl Runtime for NodeRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        if self.keeps_permit() {
            std::mem::forget(task);
        } else {
            self.world.exec.spawn(self.owner, task);
        }
    }

    fn sleep(&self, lasting: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.world.exec.sleep(Millis::try_from(lasting.as_millis()).unwrap_or(Millis::MAX)))
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.world.exec.now().unsigned_abs())
    }
}
