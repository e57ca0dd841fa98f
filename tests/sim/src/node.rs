//! One node: the real engine and dispatcher, turned by loops as the server turns them.

mod loops;
mod ports;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ges_core::engine::{Dispatcher, Engine, Parts};
use ges_core::in_process::LocalWindows;
use ges_core::testing::SeededIds;
use ges_core::{NodeId, TenantId};

use crate::bugs::Bug;
use crate::clock::NodeClock;
use crate::database::NodeStore;
use crate::executor::{Bell, Executor, Millis, Owner};
use crate::hot::NodeWindows;
use crate::voice::NodeVoice;
use crate::world::World;
pub use loops::edition_of;
use ports::NodePorts;

/// A place for a node, and the process that runs there.
pub struct Node {
    /// The process; its tasks belong to it.
    pub owner: Owner,
    /// The name it leases under: fresh at every start.
    pub name: NodeId,
    /// What it takes for the time.
    pub clock: NodeClock,
    /// Whether it takes requests.
    pub serves: bool,
    /// Whether its process exists.
    pub runs: bool,
    /// Whether it is stopped where it stands.
    pub frozen: bool,
    /// Its engine.
    pub engine: Arc<Engine>,
    /// Its dispatcher.
    pub dispatcher: Arc<Dispatcher>,
    /// Wakes the looking loop.
    pub look: Bell,
    /// Wakes the handing loop.
    pub held: Bell,
    /// The versions of settings in force.
    pub versions: BTreeMap<TenantId, u64>,
    /// When it last heard of which process.
    pub heard: BTreeMap<NodeId, Millis>,
    /// Whom it has taken over already.
    pub gone: BTreeSet<NodeId>,
    /// How far its machine's wall clock is off.
    pub skew: Millis,
    /// By how many parts per million its steady clock runs fast.
    pub drift: i64,
}

impl World {
    /// Starts a process at a place, with an empty memory and a name of its own.
    pub fn start_node(self: &Arc<Self>, index: usize, skew: Millis, drift: i64) {
        let serial = self.next_owner();
        let name: NodeId = format!("node-{index}-{serial}").into();
        let look = Bell::default();
        let ports = Arc::new(NodePorts { world: self.clone(), node: index, look: look.clone() });
        let mut parts = Parts::new(
            Arc::new(NodeStore { world: self.clone(), node: index }),
            Arc::new(NodeVoice { world: self.clone(), node: index }),
            ports.clone(),
            Arc::new(SeededIds::new(self.chance.bits())),
        );
        parts.waits = ports.clone();
        parts.signals = ports.clone();
        parts.listener = ports;
        parts.windows =
            Arc::new(NodeWindows { world: self.clone(), node: index, own: LocalWindows::default() });
        let engine = Arc::new(Engine::new(parts));
        let dispatcher = Dispatcher::new(engine.clone(), name.clone());
        let clock = NodeClock::new(self.clocks, self.exec.now(), drift, skew);
        let node = Node {
            owner: serial,
            name,
            clock,
            serves: false,
            runs: true,
            frozen: false,
            engine,
            dispatcher,
            look,
            held: Bell::default(),
            versions: BTreeMap::new(),
            heard: BTreeMap::new(),
            gone: BTreeSet::new(),
            skew,
            drift,
        };
        {
            let mut nodes = self.nodes();
            if index < nodes.len() {
                nodes[index] = node;
            } else {
                nodes.push(node);
            }
        }
        let world = self.clone();
        self.exec.spawn(serial, async move { world.boot(index).await });
    }

    fn next_owner(&self) -> Owner {
        let mut injected = self.injected();
        injected.processes += 1;
        injected.processes
    }

    /// Ends a process where it stands. A neighbour that waits for its lock knows at once.
    pub fn crash_node(self: &Arc<Self>, index: usize) {
        let (owner, name) = {
            let mut nodes = self.nodes();
            let node = &mut nodes[index];
            if !node.runs {
                return;
            }
            node.runs = false;
            node.serves = false;
            node.frozen = false;
            (node.owner, node.name.clone())
        };
        self.exec.kill(owner);
        let world = self.clone();
        self.exec.at(self.exec.now() + self.draw(1, 80), move || world.tell_neighbour(index, &name));
    }

    /// The ring's next node learns that a process is gone.
    pub fn tell_neighbour(self: &Arc<Self>, of: usize, gone: &NodeId) {
        let next = {
            let nodes = self.nodes();
            let count = nodes.len();
            (1..count).map(|step| (of + step) % count).find(|index| nodes[*index].runs)
        };
        if let Some(next) = next {
            self.suspect(next, gone.clone());
        }
    }

    /// A node takes another for gone, rightly or wrongly.
    pub fn suspect(self: &Arc<Self>, node: usize, gone: NodeId) {
        let (owner, dispatcher) = {
            let nodes = self.nodes();
            (nodes[node].owner, nodes[node].dispatcher.clone())
        };
        let exec: Executor = self.exec.clone();
        self.exec.spawn(owner, async move {
            for _ in 0..10 {
                if dispatcher.take_over(&gone).await.is_ok() {
                    return;
                }
                exec.sleep(500).await;
            }
        });
    }

    /// An answer of the database told the time.
    pub fn learn(&self, node: usize, told: Millis) {
        let now = self.exec.now();
        let mut nodes = self.nodes();
        let node = &mut nodes[node];
        let told = if self.has(Bug::ClockAhead) { told + node.skew } else { told };
        node.clock.learn(told, now);
    }
}
