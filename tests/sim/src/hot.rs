//! Redis: shared rate windows, and presence. All of it can be gone at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::in_process::LocalWindows;
use ges_core::port::RateWindows;
use ges_core::throttle::{Exceeded, Reservation, TakesBack, Unit, WindowRequest, WindowTable};

use crate::bugs::Bug;
use crate::executor::{Millis, Owner, WORLD};
use crate::net::Place;
use crate::oracle::Seen;
use crate::world::World;

/// How long a call may take before the node counts by itself.
const LIMIT: Millis = 200;

/// What Redis holds.
#[derive(Default)]
pub struct Hot {
    windows: WindowTable,
    /// What each request took.
    taken: BTreeMap<u64, Vec<Unit>>,
    /// Requests that gave back before what they asked for arrived.
    undone: BTreeSet<u64>,
}

impl Hot {
    /// `FLUSHALL`.
    pub fn wipe(&mut self) {
        *self = Hot::default();
    }

    fn take(&mut self, ask: u64, asked: &[WindowRequest], now: Timestamp) -> Result<Vec<Unit>, Exceeded> {
        if self.undone.remove(&ask) {
            return Ok(Vec::new());
        }
        let units = self.windows.reserve(asked, now)?;
        self.taken.insert(ask, units.clone());
        Ok(units)
    }

    fn give_back(&mut self, ask: u64) {
        match self.taken.remove(&ask) {
            Some(units) => self.windows.release(units),
            None => {
                self.undone.insert(ask);
            }
        }
    }
}

/// The rate windows of one node: shared while Redis answers, its own meanwhile.
pub struct NodeWindows {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
    /// The process.
    pub owner: Owner,
    /// What it falls back to.
    pub own: LocalWindows,
}

#[async_trait]
impl RateWindows for NodeWindows {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        self.world.told(|| format!("{asked:?}"));
        // Only requests take anything.
        let Some(ask) = self.world.ask().map(|ask| ask.number) else {
            return self.own.reserve(asked, now).await;
        };
        let wanted = asked.to_vec();
        let effect = move |world: &Arc<World>| {
            let taken = world.hot().take(ask, &wanted, now);
            if taken.as_ref().is_ok_and(|units| !units.is_empty()) {
                world.see(&Seen::Took { ask });
            }
            taken
        };
        let way_back = WayBack { world: self.world.clone(), node: self.node, owner: self.owner, ask };
        let unanswered = Unanswered(Some(way_back));
        match self.world.call(self.node, Place::Redis, LIMIT, effect).await {
            Ok(reserved) => {
                let way_back = unanswered.answered();
                reserved.map(|units| Reservation::new(units, Arc::new(way_back)))
            }
            Err(_) => {
                drop(unanswered);
                self.own.reserve(asked, now).await
            }
        }
    }
}

/// What was asked of Redis and is not answered. Dropped like this, whatever it took goes back.
struct Unanswered(Option<WayBack>);

impl Unanswered {
    fn answered(mut self) -> WayBack {
        self.0.take().unwrap_or_else(|| unreachable!("it is taken only here"))
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(way_back) = self.0.take() {
            way_back.give_back();
        }
    }
}

/// From a request of a node to Redis.
#[derive(Clone)]
struct WayBack {
    world: Arc<World>,
    node: usize,
    owner: Owner,
    ask: u64,
}

impl WayBack {
    /// On its way without anybody waiting. Lost, it costs a unit until the window ends.
    fn give_back(&self) {
        let WayBack { world, node, owner, ask } = self.clone();
        let is_dropped = world.ask().is_some_and(|ask| ask.is_dropped);
        if world.exec.is_dead(owner) || is_dropped && world.has(Bug::WindowKept) {
            return;
        }
        let effect = move |world: &Arc<World>| {
            world.hot().give_back(ask);
            world.see(&Seen::GivenBack { ask });
        };
        let sent = world.call(node, Place::Redis, LIMIT, effect);
        let wires = world.clone();
        world.exec.spawn(WORLD, async move {
            if sent.await.is_err() {
                wires.see(&Seen::Excused { ask });
            }
        });
    }
}

impl TakesBack for WayBack {
    fn take_back(&self, _: Vec<Unit>) {
        self.give_back();
    }
}
