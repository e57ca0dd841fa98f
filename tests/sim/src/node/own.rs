//! A host that turns a dispatcher itself, in one loop beside other things, and drops what it awaits of it now and then.
//!
//! It does what the docs of [`Dispatcher`] ask of a host, and no more: it looks when it was told to, and earlier when a
//! signal says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use ges_core::engine::{Dispatcher, Engine};
use ges_core::node::{Node, Publications};
use ges_core::port::{Signals, Told};
use ges_core::{NodeId, Timestamp};

use super::Node as Place;
use super::neighbours::Neighbours;
use crate::bugs::Bug;
use crate::dropped::surviving;
use crate::executor::{Millis, Slip};
use crate::faults::Kind;
use crate::world::World;

/// Who turns the dispatcher of a process.
#[derive(Clone)]
pub enum Host {
    /// The node of the core.
    Node(Arc<Node>),
    /// A loop of the host's own.
    Own(Arc<OwnHost>),
}

impl Host {
    /// Ends it in good order.
    pub async fn shutdown(&self) {
        match self {
            Host::Node(node) => node.shutdown().await,
            Host::Own(host) => host.shutdown().await,
        }
    }
}

/// When to look, as signals have it.
pub struct Alarm {
    world: Arc<World>,
    earliest: Mutex<Timestamp>,
    rung: Slip<()>,
}

impl Alarm {
    /// Nothing was signalled yet.
    pub fn new(world: Arc<World>) -> Self {
        Alarm { world, earliest: Mutex::new(Timestamp::MAX), rung: Slip::default() }
    }

    fn earliest(&self) -> std::sync::MutexGuard<'_, Timestamp> {
        self.earliest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Signals for Alarm {
    fn due(&self, at: Timestamp) {
        let is_unwritten = self.world.ask().is_some_and(|ask| !ask.is_stored);
        if is_unwritten && self.world.has(Bug::SignalAfterStore) {
            return;
        }
        let mut earliest = self.earliest();
        if at < *earliest {
            *earliest = at;
            drop(earliest);
            self.rung.bring(());
        }
    }
}

/// How long it sleeps at most, and after a look that it dropped: it was not told then.
const SLEEP: Duration = Duration::from_secs(60);

/// Between two looks at its clock, which may be set.
const NAP: Duration = Duration::from_secs(5);

/// After a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// See the module.
pub struct OwnHost {
    world: Arc<World>,
    node: usize,
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
    publications: Arc<Publications>,
    neighbours: Arc<Neighbours>,
    alarm: Arc<Alarm>,
    is_stopped: AtomicBool,
    ended: Slip<()>,
}

impl OwnHost {
    /// Begins at a place.
    pub fn start(world: &Arc<World>, node: usize, place: &Place, alarm: Arc<Alarm>) -> Arc<Self> {
        let host = Arc::new(OwnHost {
            world: world.clone(),
            node,
            engine: place.engine.clone(),
            dispatcher: Dispatcher::new(place.engine.clone(), place.name.clone()),
            publications: place.publications.clone(),
            neighbours: place.neighbours.clone(),
            alarm,
            is_stopped: AtomicBool::new(false),
            ended: Slip::default(),
        });
        world.exec.spawn(place.owner, host.clone().look());
        world.exec.spawn(place.owner, host.clone().hear());
        host
    }

    /// Looks and hands over until it is stopped.
    async fn look(self: Arc<Self>) {
        while !self.is_stopped.load(Ordering::Relaxed) {
            // What is signalled from now on may escape this look.
            *self.alarm.earliest() = Timestamp::MAX;
            let pass = surviving(self.dispatcher.run_due());
            let told = self.world.perhaps_dropped(Kind::DroppedLook, self.node, pass).await;
            let now = self.engine.now();
            self.sleep_until(match told {
                Some(Some(Ok(next))) => next.min(now + SLEEP),
                Some(Some(Err(_)) | None) => now + PAUSE,
                None => now + SLEEP,
            })
            .await;
        }
        self.ended.bring(());
    }

    /// Sleeps until then, or until a signal says otherwise.
    async fn sleep_until(&self, planned: Timestamp) {
        while !self.is_stopped.load(Ordering::Relaxed) {
            let until = planned.min(*self.alarm.earliest());
            let wait = until.since(self.engine.now()).min(NAP);
            if wait.is_zero() {
                return;
            }
            let wait = Millis::try_from(wait.as_millis()).unwrap_or(1);
            select(self.world.exec.sleep(wait), self.alarm.rung.clone()).await;
        }
    }

    /// Takes over from others, and follows what they publish.
    async fn hear(self: Arc<Self>) {
        while !self.is_stopped.load(Ordering::Relaxed) {
            let minute = self.world.exec.sleep(Millis::try_from(SLEEP.as_millis()).unwrap_or(60_000));
            let told = match select(Box::pin(self.neighbours.news.next()), minute).await {
                Either::Left((told, _)) => Some(told),
                Either::Right(_) => None,
            };
            match told {
                Some(Told::Gone(gone, _)) => self.take_over(&gone).await,
                _ => self.catch_up().await,
            }
        }
    }

    async fn take_over(&self, gone: &NodeId) {
        let over = self.dispatcher.take_over(gone);
        // Dropped or failed, the next look does it.
        let _ = self.world.perhaps_dropped(Kind::DroppedLook, self.node, over).await;
    }

    async fn catch_up(&self) {
        loop {
            let caught_up = self.publications.catch_up();
            match self.world.perhaps_dropped(Kind::DroppedLook, self.node, caught_up).await {
                Some(Ok(_)) => return,
                _ => self.world.exec.sleep(500).await,
            }
        }
    }

    async fn shutdown(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.alarm.rung.bring(());
        self.ended.clone().await;
        // When that fails its leases run out by themselves.
        let _ = self.dispatcher.drain().await;
    }
}
