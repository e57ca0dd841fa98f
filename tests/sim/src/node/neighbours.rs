//! How the nodes of a world know of each other: a seat whose lock falls to a neighbour, and words over Redis.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ges_core::node::{BEAT, Members};
use ges_core::port::{Gone, News, Peers, StoreError};
use ges_core::{NodeId, TenantId};

use crate::executor::Millis;
use crate::net::Place;
use crate::world::World;

/// One process among the others.
pub struct Neighbours {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
    /// The process.
    pub name: NodeId,
    /// What it is told.
    pub news: News,
    members: Mutex<(Members, u64)>,
}

impl Neighbours {
    /// A process that has heard nobody yet.
    pub fn new(world: Arc<World>, node: usize, name: NodeId) -> Self {
        let members = Mutex::new((Members::new(name.clone()), 0));
        Neighbours { world, node, name, news: News::default(), members }
    }

    fn members(&self) -> MutexGuard<'_, (Members, u64)> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.world.exec.now().unsigned_abs())
    }

    /// Those that hear what this one says now, itself included.
    fn hearers(&self) -> Vec<Arc<Neighbours>> {
        let nodes = self.world.nodes();
        let net = self.world.net();
        let hears = |index: usize| nodes[index].runs && net.reaches(index, Place::Redis);
        if !net.reaches(self.node, Place::Redis) {
            return Vec::new();
        }
        (0..nodes.len()).filter(|index| hears(*index)).map(|index| nodes[index].neighbours.clone()).collect()
    }

    fn say(&self, left: bool) {
        let seq = {
            let mut members = self.members();
            members.1 += 1;
            members.1
        };
        for hearer in self.hearers() {
            let (is_news, now) = (!hearer.members().0.is_known(&self.name), hearer.now());
            if hearer.members().0.heard(&self.name, seq, left, now) {
                match (left, is_news) {
                    (true, _) => hearer.news.gone(self.name.clone(), Gone::Left),
                    (false, true) => hearer.news.joined(self.name.clone()),
                    (false, false) => {}
                }
            }
        }
    }
}

#[async_trait]
impl Peers for Neighbours {
    async fn join(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn attend(&self, news: &News) {
        let hear = async {
            loop {
                let told = self.news.next().await;
                news.tell(told);
            }
        };
        let speak = async {
            loop {
                self.say(false);
                let beat = Millis::try_from(BEAT.as_millis()).unwrap_or(1_000);
                self.world.exec.sleep(beat).await;
                let gone = self.members().0.gone(self.now());
                gone.into_iter().for_each(|node| news.gone(node, Gone::Suspected));
            }
        };
        futures_util::future::join(hear, speak).await;
    }

    fn published(&self, tenant: &TenantId) {
        for hearer in self.hearers() {
            if hearer.name != self.name && !self.world.rarely(100) {
                hearer.news.settings_changed(tenant.clone());
            }
        }
    }

    async fn leave(&self) {
        self.say(true);
    }
}
