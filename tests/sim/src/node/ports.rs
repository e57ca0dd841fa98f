//! The small ports of a node: its clock, its waits, who wakes it and who listens.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::callback::LifecycleEvent;
use ges_core::ewt::{Ewt, EwtMode};
use ges_core::port::{Clock, Listener, Signals, Unavailable, WaitTimes};
use ges_core::{ServiceName, TenantId, Timestamp};

use crate::executor::Bell;
use crate::world::World;

/// Everything small that belongs to one node.
pub struct NodePorts {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
    /// Wakes the looking loop.
    pub look: Bell,
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

impl Signals for NodePorts {
    fn due(&self, _: Timestamp) {
        self.look.ring();
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
