//! What goes wrong, when, and how often: about twenty faults in half an hour, drawn from the seed.

mod kind;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ges_core::port::IdSource;
pub use kind::Kind;

use crate::bugs::Bug;
use crate::clock::Clocks;
use crate::executor::{Millis, WORLD};
use crate::net::Place;
use crate::oracle::Seen;
use crate::world::{STORM, World};

/// A moment at which a fault hurts most: right after a server did this for a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Wrote a new callback.
    Booked,
    /// Gave a lease.
    Leased,
    /// Changed records.
    Changed,
    /// Said what is still held.
    Held,
    /// Took an entry of the stream.
    Entered,
}

/// What was injected.
#[derive(Clone, Debug, Default)]
pub struct Injected {
    /// Moments that somebody lies in wait for, and at which node.
    ambushes: Vec<(usize, Moment)>,
    /// By kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Processes started.
    pub processes: u32,
    /// How often nodes asked the store for what is due.
    pub looks: u64,
    /// Places whose host turns a dispatcher itself.
    pub own_hosts: BTreeSet<usize>,
    /// How many futures in a thousand hosts drop.
    pub dropped: u64,
    asks: u64,
}

impl Injected {
    /// One more.
    pub fn count(&mut self, kind: Kind) {
        *self.kinds.entry(kind).or_default() += 1;
    }

    /// A number for a request.
    pub fn next_ask(&mut self) -> u64 {
        self.asks += 1;
        self.asks
    }
}

/// How many faults are planned in one world.
const FAULTS: i64 = 20;

impl World {
    /// Starts the nodes and plans what goes wrong.
    pub fn prepare(self: &Arc<Self>) {
        let wall = self.clocks == Clocks::Wall;
        self.injected().dropped = self.chance.pick(&[50, 150, 300]).copied().unwrap_or(150);
        for index in 0..usize::try_from(self.draw(1, 5)).unwrap_or(2) {
            if self.rarely(400) {
                self.injected().own_hosts.insert(index);
            }
            let skew = self.draw(-60_000, 60_001);
            let drift = if self.rarely(if wall { 800 } else { 200 }) { self.draw(-200, 201) } else { 0 };
            self.start_node(index, skew, drift);
        }
        for tenant in &self.tenants {
            for service in ["sales", "help"] {
                self.new_wait(&tenant.id, &service.into());
            }
        }
        {
            let mut net = self.net();
            net.noise = self.chance.pick(&[0, 2, 10]).copied().unwrap_or(0);
            net.slow = self.chance.pick(&[0, 10, 50]).copied().unwrap_or(0);
            net.unknown = self.chance.pick(&[2, 10, 40]).copied().unwrap_or(10);
            net.panics = self.chance.pick(&[2, 10, 40]).copied().unwrap_or(10);
        }
        self.voice().mortality = self.chance.pick(&[0, 20, 80]).copied().unwrap_or(0);
        for _ in 0..FAULTS {
            let at = self.draw(5_000, STORM - 70_000);
            let world = self.clone();
            self.exec.spawn(WORLD, async move {
                world.exec.sleep(at).await;
                world.fault().await;
            });
        }
    }

    fn new_wait(&self, tenant: &ges_core::TenantId, service: &ges_core::ServiceName) {
        let wait = match self.chance.below(5) {
            0 => None,
            1 => Some(0),
            2 => Some(self.chance.below(60)),
            3 => Some(self.chance.below(300)),
            _ => Some(self.chance.below(900)),
        };
        self.wait_becomes(tenant, service, wait);
    }

    fn any_node(&self) -> usize {
        let count = self.nodes().len();
        usize::try_from(self.chance.below(count as u64)).unwrap_or(0)
    }

    /// One more fault, told of.
    pub fn happens(&self, kind: Kind, node: usize, lasting: Millis) {
        self.injected().count(kind);
        let numbers = [kind as i64, i64::try_from(node).unwrap_or(0), lasting, 0];
        let now = self.exec.now();
        self.oracle().trace.note(now, kind.word(), numbers);
    }

    /// One fault, drawn now, and its end.
    async fn fault(self: Arc<Self>) {
        let node = self.any_node();
        let lasting = if self.rarely(300) { self.draw(10_000, 60_000) } else { self.draw(200, 8_000) };
        match self.draw(0, 30) {
            0..=3 => self.crash(node, lasting).await,
            4..=6 => self.freeze(node, lasting).await,
            7 => self.restart(node, lasting).await,
            8..=10 => self.partition(node, lasting).await,
            11 | 12 => self.away(Kind::Failover, Place::Database, lasting).await,
            13 => {
                self.happens(Kind::Stall, node, lasting);
                let until = self.exec.now() + lasting;
                self.net().stall(Place::Database, until);
            }
            14 | 15 => self.forgets(Kind::Amnesia, Place::Database, lasting).await,
            16 => {
                self.happens(Kind::Wipe, node, 0);
                self.hot().wipe();
                self.see(&Seen::WindowsLost);
            }
            17 => self.away(Kind::RedisAway, Place::Redis, lasting).await,
            18 => self.away(Kind::VoiceAway, Place::Voice, lasting * 4).await,
            19 => self.forgets(Kind::VoiceAmnesia, Place::Voice, lasting + 10_000).await,
            20 => {
                self.happens(Kind::VoiceRefuses, node, lasting.min(4_000));
                let until = self.exec.now() + lasting.min(4_000);
                self.voice().refuses = until;
            }
            21 => self.suspicion(node),
            22..=27 => {
                let moments = [
                    Moment::Booked,
                    Moment::Leased,
                    Moment::Leased,
                    Moment::Changed,
                    Moment::Held,
                    Moment::Entered,
                ];
                let moment = self.chance.pick(&moments).copied().unwrap_or(Moment::Held);
                self.injected().ambushes.push((node, moment));
            }
            28 if self.clocks == Clocks::Wall => {
                let by = self.draw(-120_000, 120_001);
                self.happens(Kind::ClockJump, node, by);
                self.nodes()[node].clock.jump(by);
            }
            28 => self.slow(lasting).await,
            _ => {
                self.happens(Kind::Wait, node, 0);
                let tenant = self.tenants[usize::from(self.rarely(500))].id.clone();
                let service = if self.rarely(500) { "sales" } else { "help" };
                self.new_wait(&tenant, &service.into());
            }
        }
    }

    /// A server did something for a node; whoever lay in wait for it strikes within milliseconds.
    pub fn moment(self: &Arc<Self>, node: usize, moment: Moment) {
        let waits = {
            let mut injected = self.injected();
            let found = injected.ambushes.iter().position(|waits| *waits == (node, moment));
            found.map(|index| injected.ambushes.swap_remove(index))
        };
        if waits.is_none() {
            return;
        }
        let world = self.clone();
        self.exec.spawn(WORLD, async move {
            let lasting = world.draw(1_000, 45_000);
            world.exec.sleep(world.draw(0, 4)).await;
            match world.draw(0, 4) {
                0 => world.crash(node, lasting).await,
                1 | 2 => world.freeze(node, lasting).await,
                _ => world.suspicion(node),
            }
        });
    }

    async fn crash(self: &Arc<Self>, node: usize, lasting: Millis) {
        let (runs, skew, drift) = {
            let nodes = self.nodes();
            (nodes[node].runs, nodes[node].skew, nodes[node].drift)
        };
        if !runs {
            return;
        }
        self.happens(Kind::Crash, node, lasting);
        self.crash_node(node);
        self.exec.sleep(lasting).await;
        if !self.nodes()[node].runs {
            self.start_node(node, skew, drift);
        }
    }

    async fn freeze(self: &Arc<Self>, node: usize, lasting: Millis) {
        let owner = {
            let mut nodes = self.nodes();
            let node = &mut nodes[node];
            if !node.runs || node.frozen {
                return;
            }
            node.frozen = true;
            node.owner
        };
        self.happens(Kind::Freeze, node, lasting);
        self.exec.freeze(owner);
        self.exec.sleep(lasting).await;
        self.exec.thaw(owner);
        let mut nodes = self.nodes();
        if nodes[node].owner == owner {
            nodes[node].frozen = false;
        }
    }

    /// A graceful stop: what is held is given back, then the process ends.
    async fn restart(self: &Arc<Self>, node: usize, lasting: Millis) {
        let (running, owner, name, skew, drift) = {
            let mut nodes = self.nodes();
            let node = &mut nodes[node];
            if !node.serves || node.frozen {
                return;
            }
            node.serves = false;
            (node.running.clone(), node.owner, node.name.clone(), node.skew, node.drift)
        };
        self.happens(Kind::Restart, node, lasting);
        let world = self.clone();
        self.exec.spawn(owner, async move {
            if let Some(running) = running {
                running.shutdown().await;
            }
            world.see(&Seen::Left(&name));
            if world.has(Bug::LeaseAfterDrain) {
                world.lease_once_more(node, &name).await;
            }
            if world.nodes()[node].owner == owner {
                world.crash_node(node);
            }
        });
        self.exec.sleep(lasting + 2_000).await;
        let runs = {
            let nodes = self.nodes();
            nodes[node].runs && nodes[node].owner == owner
        };
        if runs {
            self.crash_node(node);
        }
        if !self.nodes()[node].runs {
            self.start_node(node, skew, drift);
        }
    }

    async fn partition(self: &Arc<Self>, node: usize, lasting: Millis) {
        self.happens(Kind::Partition, node, lasting);
        let all = [Place::Database, Place::Redis, Place::Voice];
        let places: Vec<Place> =
            if self.rarely(300) { all.into() } else { self.chance.pick(&all).copied().into_iter().collect() };
        places.iter().for_each(|place| self.net().cut(node, *place, true));
        if places.contains(&Place::Database) && self.rarely(500) {
            // Its connection is gone, so its neighbour gets its lock.
            let name = self.nodes()[node].name.clone();
            self.tell_neighbour(node, &name);
        }
        self.exec.sleep(lasting).await;
        places.iter().for_each(|place| self.net().cut(node, *place, false));
    }

    async fn away(self: &Arc<Self>, kind: Kind, place: Place, lasting: Millis) {
        self.happens(kind, 0, lasting);
        self.net().away(place);
        self.exec.sleep(lasting).await;
        self.net().back(place);
    }

    async fn forgets(self: &Arc<Self>, kind: Kind, place: Place, lasting: Millis) {
        self.happens(kind, 0, lasting);
        let permille = self.chance.pick(&[100, 400, 900, 1000]).copied().unwrap_or(400);
        self.net().forgets(place, permille);
        self.exec.sleep(lasting).await;
        self.net().forgets(place, 0);
    }

    async fn slow(self: &Arc<Self>, lasting: Millis) {
        self.happens(Kind::Slow, 0, lasting);
        let before = std::mem::replace(&mut self.net().slow, 400);
        self.exec.sleep(lasting).await;
        self.net().slow = before;
    }

    fn suspicion(self: &Arc<Self>, node: usize) {
        let (name, runs) = {
            let nodes = self.nodes();
            (nodes[node].name.clone(), nodes[node].runs)
        };
        if runs {
            self.happens(Kind::Suspicion, node, 0);
            self.tell_neighbour(node, &name);
        }
    }

    /// The storm is over: everything runs, and nothing fails any more.
    pub fn calm(self: &Arc<Self>) {
        self.net().heal();
        self.injected().ambushes.clear();
        {
            let mut voice = self.voice();
            voice.mortality = 0;
            voice.refuses = 0;
        }
        let count = self.nodes().len();
        for index in 0..count {
            let (runs, owner, skew, drift) = {
                let nodes = self.nodes();
                let node = &nodes[index];
                (node.runs, node.owner, node.skew, node.drift)
            };
            if runs {
                self.exec.thaw(owner);
                self.nodes()[index].frozen = false;
            } else {
                self.start_node(index, skew, drift);
            }
        }
    }
}
