//! Redis: shared rate windows, and presence. All of it can be gone at any moment.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::in_process::LocalWindows;
use ges_core::port::RateWindows;
use ges_core::throttle::{Exceeded, Reservation, WindowRequest, WindowTable};

use crate::executor::Millis;
use crate::net::Place;
use crate::world::World;

/// How long a call may take before the node counts by itself.
const LIMIT: Millis = 200;

/// Marks what was counted at the shared place.
const SHARED: u64 = 1 << 63;

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
        let effect = move |world: &Arc<World>| {
            let reserved = world.hot().windows.reserve(&wanted, now);
            reserved.map(|taken| {
                taken.into_units().into_iter().map(|(key, serial)| (key, serial | SHARED)).collect()
            })
        };
        match self.world.call(self.node, Place::Redis, LIMIT, effect).await {
            Ok(reserved) => reserved.map(Reservation::new),
            Err(_) => self.own.reserve(asked, now).await,
        }
    }

    async fn release(&self, reservation: Reservation) {
        let (shared, own): (Vec<_>, Vec<_>) =
            reservation.into_units().into_iter().partition(|(_, serial)| serial & SHARED != 0);
        if !own.is_empty() {
            self.own.release(Reservation::new(own)).await;
        }
        if !shared.is_empty() {
            let units = shared.into_iter().map(|(key, serial)| (key, serial & !SHARED)).collect();
            let effect = move |world: &Arc<World>| world.hot().windows.release(Reservation::new(units));
            // Lost, it costs a unit until the window ends.
            let _ = self.world.call(self.node, Place::Redis, LIMIT, effect).await;
        }
    }
}
