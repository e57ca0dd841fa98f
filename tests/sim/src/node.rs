//! One node: the real engine and the real node over simulated ports.

mod boot;
mod neighbours;
mod own;
mod ports;

use std::sync::Arc;

use ges_core::NodeId;
use ges_core::engine::{Engine, Parts};
use ges_core::in_process::LocalWindows;
use ges_core::node::Publications;
use ges_core::port::Gone;
use ges_core::testing::SeededIds;

use crate::bugs::Bug;
use crate::clock::NodeClock;
use crate::database::NodeStore;
use crate::executor::{Millis, Owner};
use crate::hot::NodeWindows;
use crate::voice::NodeVoice;
use crate::world::World;
pub use boot::edition_of;
use neighbours::Neighbours;
use own::{Alarm, Host};
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
    /// What it follows to have in force what is published.
    pub publications: Arc<Publications>,
    /// What it is told of the others.
    pub neighbours: Arc<Neighbours>,
    /// What listens, and what runs it.
    pub ports: Arc<NodePorts>,
    /// What wakes a host that turns a dispatcher itself; none where a node runs.
    pub alarm: Option<Arc<Alarm>>,
    /// Who is at work; none before it has learned the settings.
    pub running: Option<Host>,
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
        let ports = Arc::new(NodePorts { world: self.clone(), node: index });
        let mut parts = Parts::new(
            Arc::new(NodeStore { world: self.clone(), node: index }),
            Arc::new(NodeVoice { world: self.clone(), node: index }),
            ports.clone(),
            Arc::new(SeededIds::new(self.chance.bits())),
        );
        parts.waits = ports.clone();
        parts.listener = ports.clone();
        parts.windows = Arc::new(NodeWindows {
            world: self.clone(),
            node: index,
            owner: serial,
            own: LocalWindows::default(),
        });
        let is_own = self.injected().own_hosts.contains(&index);
        let alarm = is_own.then(|| Arc::new(Alarm::new(self.clone())));
        if let Some(alarm) = &alarm {
            parts.signals = alarm.clone();
        }
        let engine = Arc::new(Engine::new(parts));
        let publications = Arc::new(self.publications(index, engine.clone()));
        let neighbours = Arc::new(Neighbours::new(self.clone(), index, name.clone()));
        let clock = NodeClock::new(self.clocks, self.exec.now(), drift, skew);
        let node = Node {
            owner: serial,
            name,
            clock,
            serves: false,
            runs: true,
            frozen: false,
            engine,
            publications,
            neighbours,
            ports,
            alarm,
            running: None,
            skew,
            drift,
        };
        // What a process leaves behind asks for the time when it is dropped, so that is not done under the lock.
        let gone = {
            let mut nodes = self.nodes();
            match nodes.get_mut(index) {
                Some(place) => Some(std::mem::replace(place, node)),
                None => {
                    nodes.push(node);
                    None
                }
            }
        };
        drop(gone);
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
            self.nodes()[next].neighbours.news.gone(gone.clone(), Gone::Certain);
        }
    }

    /// An answer of the database told the time.
    pub fn learn(&self, node: usize, told: Millis) {
        let now = self.exec.now();
        let mut nodes = self.nodes();
        let node = &mut nodes[node];
        let told = if self.has(Bug::ClockAhead) { told + node.skew.abs() } else { told };
        node.clock.learn(told, now);
    }
}
