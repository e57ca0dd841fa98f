//! A node: what turns decisions into calls on time.
//!
//! Every process that keeps promises is a node. [`Node::builder`] puts one together over an [`Engine`] and a
//! [`Runtime`], [`NodeBuilder::start`] starts it, and [`Node::shutdown`] ends it. In between it looks ahead for what is
//! due soon, hands over at the instant, records what came of it, removes what was kept long enough, takes over from nodes
//! that are gone, and follows what other nodes publish.
//!
//! It is driven by signals and by timers: signals make it fast, timers make it right. Nothing ends it but
//! [`Node::shutdown`]: a store that fails is asked again, and a panic in one piece of work ends that piece alone.
//! [`Node::facts`] tells how it does, and an [`Observer`] hears what it notices.
//!
//! | what | where |
//! |---|---|
//! | looks ahead, and when to look again | `node/driver.rs` |
//! | hands over what is due, many at a time | `node/hands.rs` |
//! | records what came of it, many in one step | `node/record.rs` |
//! | hears of other nodes, and takes over from those that are gone | `node/others.rs` |
//! | who is there and who fell silent, by what is heard | [`Members`] |
//! | what is published comes into force | [`Publications`], [`Publisher`] |

mod driver;
mod hands;
mod members;
mod others;
mod publications;
mod publisher;
mod record;
mod staff;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use members::{BEAT, Members, SILENCE};
pub use publications::{CaughtUp, Publications, Unusable};
pub use publisher::{NotPublished, Outcome, Publisher};

use crate::engine::{Dispatcher, Engine, NobodyListens};
use crate::id::NodeId;
use crate::port::{Observer, Peers, Runtime};
use hands::Hands;
use others::Others;
use record::Recorder;
use staff::{Staff, Tasks};

/// How many deliveries are in the outside world at once, unless [`NodeBuilder::deliveries_max`] says otherwise.
const DELIVERIES_MAX: usize = 1024;

/// A node at work. Dropping this handle leaves it at work.
pub struct Node {
    staff: Arc<Staff>,
    hands: Arc<Hands>,
    recorder: Arc<Recorder>,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("facts", &self.facts()).finish_non_exhaustive()
    }
}

/// How a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// How long a good look for what is due has been overdue; zero while the next is not due yet. A node that has nothing
    /// to do looks once a minute. More than half a minute means that calls are late.
    pub look_overdue: Duration,
    /// How many pieces of work ended in a panic since the start.
    pub panics: u64,
    /// Deliveries that are due and wait for their turn.
    pub waiting: usize,
    /// Deliveries in the outside world.
    pub under_way: usize,
    /// Deliveries that are done and not recorded yet.
    pub unrecorded: usize,
}

/// Puts a node together; see [`Node::builder`].
#[must_use = "a node works once it is started"]
pub struct NodeBuilder {
    engine: Arc<Engine>,
    runtime: Arc<dyn Runtime>,
    name: Option<NodeId>,
    peers: Option<Arc<dyn Peers>>,
    publications: Option<Arc<Publications>>,
    observer: Arc<dyn Observer>,
    deliveries_max: usize,
}

impl fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("name", &self.name)
            .field("deliveries_max", &self.deliveries_max)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node over this engine, run by this runtime. An engine has one node.
    pub fn builder(engine: Arc<Engine>, runtime: impl Runtime + 'static) -> NodeBuilder {
        NodeBuilder {
            engine,
            runtime: Arc::new(runtime),
            name: None,
            peers: None,
            publications: None,
            observer: Arc::new(NobodyListens),
            deliveries_max: DELIVERIES_MAX,
        }
    }

    /// The name it leases under.
    pub fn name(&self) -> &NodeId {
        self.staff.dispatcher.node()
    }

    /// How it does now.
    pub fn facts(&self) -> Facts {
        let (waiting, under_way) = self.hands.count();
        Facts {
            look_overdue: self.staff.look_overdue(),
            panics: self.staff.panics(),
            waiting,
            under_way,
            unrecorded: self.recorder.count(),
        }
    }

    /// Ends it in good order: it takes nothing new, lets deliveries end and records them, gives its leases back, and
    /// leaves the other nodes. May be called more than once.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: that ends the waiting. The node ends all the same.
    pub async fn shutdown(&self) {
        self.staff.stop.happen();
        self.staff.ended.happened().await;
    }
}

impl NodeBuilder {
    /// The name it leases under, which must be fresh at every start of a process. A random one unless told otherwise.
    pub fn named(self, name: NodeId) -> Self {
        NodeBuilder { name: Some(name), ..self }
    }

    /// The other nodes that share the store.
    pub fn peers(self, peers: Arc<dyn Peers>) -> Self {
        NodeBuilder { peers: Some(peers), ..self }
    }

    /// What it follows to have in force what other nodes publish.
    pub fn publications(self, publications: Arc<Publications>) -> Self {
        NodeBuilder { publications: Some(publications), ..self }
    }

    /// Who hears what it notices.
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        NodeBuilder { observer, ..self }
    }

    /// How many deliveries may be in the outside world at once, at least one; 1,024 unless told otherwise.
    pub fn deliveries_max(self, most: usize) -> Self {
        NodeBuilder { deliveries_max: most.max(1), ..self }
    }

    /// Starts it.
    pub fn start(self) -> Node {
        let NodeBuilder { engine, runtime, name, peers, publications, observer, deliveries_max } = self;
        let name = name.unwrap_or_else(|| engine.fresh_name());
        let dispatcher = Dispatcher::new(engine.clone(), name);
        let staff = Staff::new(engine, dispatcher, runtime, observer);
        let recorder = Recorder::new(staff.clone());
        let hands = Hands::new(staff.clone(), recorder.clone(), deliveries_max);
        let node = Node { staff: staff.clone(), hands: hands.clone(), recorder: recorder.clone() };
        let life = async move {
            let (tasks, recording) = (Tasks::new(staff.runtime.clone()), Tasks::new(staff.runtime.clone()));
            // Its seat first: those who find it empty end the leases of this node.
            let others = Others::join(&staff, peers, publications).await;
            staff.engine.wakeup().attend();
            recording.begin(recorder.clone().run(hands.clone()));
            tasks.begin(driver::look(staff.clone()));
            tasks.begin(driver::purge(staff.clone()));
            tasks.begin(hands.clone().take_due());
            staff.stop.happened().await;
            tasks.all_gone().await;
            hands.done().await;
            recorder.close();
            recording.all_gone().await;
            driver::drain(&staff).await;
            others.leave().await;
            staff.ended.happen();
        };
        node.staff.runtime.spawn(Box::pin(life));
        node
    }
}
