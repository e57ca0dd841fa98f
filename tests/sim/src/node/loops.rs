//! The loops of a node, as the server's worker runs them: one looks ahead, one hands over, others keep house.

use std::sync::Arc;
use std::time::Duration;

use ges_core::NodeId;
use ges_core::engine::{Delivery, Dispatcher, Engine};

use crate::bugs::Bug;
use crate::database::NodeStore;
use crate::executor::{Bell, Millis, Owner};
use crate::net::Place;
use crate::world::World;

/// No sleep is longer, because the clock may be set meanwhile.
const SLEEP_MAX: Millis = 5_000;

/// After a failure of the store.
const PAUSE: Millis = 500;

/// Silence of so long means gone.
const SILENCE: Millis = 3_000;

/// What a loop needs of its node.
#[derive(Clone)]
struct Here {
    world: Arc<World>,
    index: usize,
    owner: Owner,
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
    look: Bell,
    held: Bell,
}

impl World {
    /// Waits for the database, learns the time and the settings, and begins to serve.
    pub(super) async fn boot(self: Arc<Self>, index: usize) {
        let store = NodeStore { world: self.clone(), node: index };
        for tenant in 0..self.tenants.len() {
            while !self.reload(&store, tenant).await {
                self.exec.sleep(PAUSE).await;
            }
        }
        let here = {
            let mut nodes = self.nodes();
            let node = &mut nodes[index];
            node.serves = true;
            Here {
                world: self.clone(),
                index,
                owner: node.owner,
                engine: node.engine.clone(),
                dispatcher: node.dispatcher.clone(),
                look: node.look.clone(),
                held: node.held.clone(),
            }
        };
        let owner = here.owner;
        self.exec.spawn(owner, here.clone().looking());
        self.exec.spawn(owner, here.clone().handing_over());
        self.exec.spawn(owner, here.clone().purging());
        self.exec.spawn(owner, here.clone().presence());
        self.exec.spawn(owner, here.settings());
    }

    /// Learns the settings of every tenant.
    pub async fn reload_all(self: Arc<Self>, index: usize) {
        let store = NodeStore { world: self.clone(), node: index };
        for tenant in 0..self.tenants.len() {
            self.reload(&store, tenant).await;
        }
    }

    /// Puts the published settings of a tenant into force; `false` when the store did not answer.
    async fn reload(&self, store: &NodeStore, tenant: usize) -> bool {
        let of = &self.tenants[tenant];
        let Ok(published) = store.published(&of.id).await else { return false };
        let known = self.nodes()[store.node].versions.get(&of.id).copied();
        if known == Some(published.version) {
            return true;
        }
        let edition = edition_of(&published.sections);
        let mut settings = of.settings(edition, published.version);
        if self.has(Bug::SettingsMixed) {
            settings.hours = of.settings((edition + 1) % of.editions.len(), published.version).hours;
        }
        let engine = {
            let mut nodes = self.nodes();
            let node = &mut nodes[store.node];
            node.versions.insert(of.id.clone(), published.version);
            node.engine.clone()
        };
        engine.configure(settings);
        true
    }
}

/// Which edition was published; the first when nothing was.
pub fn edition_of(
    sections: &std::collections::BTreeMap<String, std::collections::BTreeMap<String, String>>,
) -> usize {
    sections.get("edition").and_then(|section| section.get("is")).and_then(|is| is.parse().ok()).unwrap_or(0)
}

impl Here {
    fn now(&self) -> ges_core::Timestamp {
        self.engine.now()
    }

    async fn looking(self) {
        let exec = self.world.exec.clone();
        loop {
            let next = match self.dispatcher.look_ahead().await {
                Ok(next) => {
                    self.held.ring();
                    next
                }
                Err(error) => {
                    self.failed(&error);
                    self.now() + Duration::from_millis(PAUSE.unsigned_abs())
                }
            };
            exec.sleep(millis(next.since(self.now())).min(20)).await;
            loop {
                let (asked, started) = (self.now(), exec.now());
                let wait = millis(next.since(asked)).min(SLEEP_MAX);
                if wait == 0 || self.look.heard_within(&exec, wait).await {
                    break;
                }
                let passed = Duration::from_millis((exec.now() - started).unsigned_abs());
                let set_back = self.now() + Duration::from_secs(1) < asked + passed;
                if set_back {
                    break;
                }
            }
        }
    }

    async fn handing_over(self) {
        let exec = self.world.exec.clone();
        loop {
            let now = self.now();
            let wait =
                self.dispatcher.next_due().map_or(SLEEP_MAX, |due| millis(due.since(now)).min(SLEEP_MAX));
            if wait > 0 && self.held.heard_within(&exec, wait).await {
                continue;
            }
            match self.dispatcher.take_due().await {
                Ok(deliveries) => self.run(deliveries),
                Err(error) => {
                    self.failed(&error);
                    exec.sleep(PAUSE).await;
                }
            }
        }
    }

    fn run(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            self.world.exec.spawn(self.owner, delivery.run());
        }
    }

    async fn purging(self) {
        loop {
            self.world.exec.sleep(self.world.draw(200_000, 600_000)).await;
            let _ = self.engine.purge().await;
        }
    }

    /// Says once a second that it lives, hears the others, and takes over from those that are silent.
    async fn presence(self) {
        let world = &self.world;
        loop {
            world.exec.sleep(1_000).await;
            let now = world.exec.now();
            let heard = world.net().reaches(self.index, Place::Redis);
            let mut silent: Vec<NodeId> = Vec::new();
            {
                let name = self.dispatcher.node().clone();
                let mut nodes = world.nodes();
                if heard {
                    let net = world.net();
                    for (index, node) in nodes.iter_mut().enumerate() {
                        if index != self.index && node.runs && net.reaches(index, Place::Redis) {
                            node.heard.insert(name.clone(), now);
                        }
                    }
                }
                let me = &mut nodes[self.index];
                let fallen = me.heard.iter().filter(|(_, last)| now - **last > SILENCE);
                silent.extend(fallen.map(|(of, _)| of.clone()));
                for of in &silent {
                    me.heard.remove(of);
                }
                silent.retain(|of| me.gone.insert(of.clone()));
            }
            for gone in silent {
                world.suspect(self.index, gone);
            }
        }
    }

    /// Learns what other nodes published.
    async fn settings(self) {
        let store = NodeStore { world: self.world.clone(), node: self.index };
        loop {
            self.world.exec.sleep(self.world.draw(20_000, 60_000)).await;
            for tenant in 0..self.world.tenants.len() {
                self.world.reload(&store, tenant).await;
            }
        }
    }

    fn failed(&self, error: &dyn std::error::Error) {
        self.world.told_error(error);
    }
}

impl World {
    /// An error is logged, with everything behind it.
    pub fn told_error(&self, error: &dyn std::error::Error) {
        let mut text = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.see(&crate::oracle::Seen::Text(&text));
    }
}

fn millis(of: Duration) -> Millis {
    Millis::try_from(of.as_millis()).unwrap_or(Millis::MAX)
}
