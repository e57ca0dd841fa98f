//! Redis: shared rate windows, and presence. All of it can be gone at any moment.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::in_process::LocalWindows;
use ges_core::port::RateWindows;
use ges_core::throttle::{Exceeded, Reservation, TakesBack, Unit, WindowRequest, WindowTable};

use crate::executor::Millis;
use crate::net::Place;
use crate::world::World;

/// How long a call may take before the node counts by itself.
const LIMIT: Millis = 200;

/// What Redis holds.
#[derive(Default)]
pub struct Hot {
    windows: WindowTable,
}

impl Hot {
    /// `FLUSHALL`.
    pub fn wipe(&mut self) {
        self.windows = WindowTable::default();
    }
}

/// The rate windows of one node: shared while Redis answers, its own meanwhile.
pub struct NodeWindows {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
    /// What it falls back to.
    pub own: LocalWindows,
}

#[async_trait]
impl RateWindows for NodeWindows {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        self.world.told(|| format!("{asked:?}"));
        let wanted = asked.to_vec();
        let effect = move |world: &Arc<World>| world.hot().windows.reserve(&wanted, now);
        let back = Arc::new(WayBack { world: self.world.clone(), node: self.node });
        match self.world.call(self.node, Place::Redis, LIMIT, effect).await {
            Ok(reserved) => reserved.map(|units| Reservation::new(units, back)),
            Err(_) => self.own.reserve(asked, now).await,
        }
    }
}

/// From a node to Redis.
struct WayBack {
    world: Arc<World>,
    node: usize,
}

impl TakesBack for WayBack {
    fn take_back(&self, units: Vec<Unit>) {
        let effect = move |world: &Arc<World>| world.hot().windows.release(units);
        // It is on its way without anybody waiting. Lost, it costs a unit until the window ends.
        drop(self.world.call(self.node, Place::Redis, LIMIT, effect));
    }
}
