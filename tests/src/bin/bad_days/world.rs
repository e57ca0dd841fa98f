//! Everything that can break: nodes, Postgres with a synchronous replica, the hot Redis, the voice platform's Redis.

use std::net::SocketAddr;
use std::sync::Arc;

use ges_tests::private::{Postgres, Redis, RedisCluster, RedisSentinel};

use super::node::{HotRoute, Node};
use super::ors::Ors;
use super::pulse::Doors;

/// The nodes' database.
pub const DATABASE: &str = "ges";
/// Each server of Postgres has a file system of its own of so many mebibytes, so that it can be filled.
const DISK_MEBIBYTES: u32 = 1_200;

/// The shapes the hot Redis takes, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A primary and a replica, watched by Sentinels.
    Sentinel,
    /// One server, each node with its own wire to it.
    Alone,
    /// Six nodes.
    Cluster,
}

impl Shape {
    pub const ALL: [Shape; 3] = [Shape::Alone, Shape::Sentinel, Shape::Cluster];
}

/// The hot Redis.
pub enum Hot {
    Sentinel(RedisSentinel),
    Alone(Box<Redis>),
    Cluster(RedisCluster),
}

impl Hot {
    fn start(shape: Shape) -> Self {
        match shape {
            Shape::Sentinel => Hot::Sentinel(RedisSentinel::start(1)),
            Shape::Alone => Hot::Alone(Box::new(Redis::start())),
            Shape::Cluster => Hot::Cluster(RedisCluster::start()),
        }
    }

    fn route(&self) -> HotRoute {
        match self {
            Hot::Sentinel(sentinel) => HotRoute::Sentinels(sentinel.sentinels(), sentinel.name()),
            Hot::Alone(redis) => HotRoute::Wire(redis.address()),
            Hot::Cluster(cluster) => HotRoute::Cluster(cluster.addresses()),
        }
    }

    /// The servers that take writes.
    pub fn primaries(&self) -> Vec<&Redis> {
        match self {
            Hot::Sentinel(sentinel) => vec![sentinel.primary()],
            Hot::Alone(redis) => vec![redis],
            Hot::Cluster(cluster) => cluster.primaries(),
        }
    }

    /// Its processes, all of them.
    pub fn servers(&self) -> Vec<&Redis> {
        match self {
            Hot::Sentinel(sentinel) => sentinel.servers().iter().collect(),
            Hot::Alone(redis) => vec![redis],
            Hot::Cluster(cluster) => cluster.nodes().iter().collect(),
        }
    }
}

pub struct World {
    pub nodes: Vec<Node>,
    pub primary: Postgres,
    pub standby: Postgres,
    /// Which of each node's two wires leads to the primary.
    primary_wire: usize,
    pub hot: Hot,
    pub voice: Redis,
    pub ors: Arc<Ors>,
    /// Whether Postgres can run out of disk here.
    pub small_disks: bool,
}

impl World {
    /// Everything but the nodes' processes.
    pub fn build(nodes: usize, shape: Shape) -> Self {
        let options = || {
            Postgres::options()
                .with("wal_retrieve_retry_interval", "200ms")
                .with("max_wal_size", "256MB")
                .with("wal_keep_size", "64MB")
        };
        let small = options().on_small_disk(DISK_MEBIBYTES).try_start();
        let small_disks = small.is_some();
        let primary = small.unwrap_or_else(|| options().start());
        primary.ask("postgres", &format!("CREATE DATABASE {DATABASE}"));
        let standby = primary.standby();
        // What it has acknowledged it still has after a kill: the stream is the voice platform's truth, not a cache.
        let voice = Redis::options().with("appendonly", "yes").with("appendfsync", "always").start();
        let ors = Arc::new(Ors::open());
        let hot = Hot::start(shape);
        let servers = [primary.address(), standby.address()];
        let nodes =
            (0..nodes).map(|_| Node::new(servers, voice.address(), ors.address(), hot.route())).collect();
        World { nodes, primary, standby, primary_wire: 0, hot, voice, ors, small_disks }
    }

    /// Where the nodes listen.
    pub fn doors(&self) -> Vec<Doors> {
        self.nodes.iter().map(|node| node.doors).collect()
    }

    /// Starts all nodes at once, as after a power cut.
    ///
    /// # Errors
    /// When one does not get ready.
    pub fn start_nodes(&mut self) -> Result<(), String> {
        self.nodes.iter_mut().for_each(Node::launch);
        self.nodes.iter_mut().try_for_each(Node::wait_until_ready)
    }

    /// The nodes change over to another hot Redis, one after the other.
    ///
    /// # Errors
    /// When one does not end or start.
    pub fn change_shape(&mut self, shape: Shape) -> Result<(), String> {
        let hot = Hot::start(shape);
        for node in &mut self.nodes {
            node.terminate()?;
            node.route(hot.route());
            node.start()?;
        }
        self.hot = hot;
        Ok(())
    }

    /// The primary is lost with its disk, the replica takes its place, and a new replica is made.
    pub fn fail_over(&mut self) {
        self.primary.kill_nine();
        self.standby.promote();
    }

    /// Makes a replica of the primary that was promoted, in the place of the one that is lost.
    pub fn replace_lost_primary(&mut self) {
        let replica = self.standby.standby();
        let promoted = std::mem::replace(&mut self.standby, replica);
        self.primary = promoted;
        let lost = self.primary_wire;
        self.primary_wire = 1 - lost;
        for node in &self.nodes {
            node.postgres[lost].lead_to(self.standby.address());
            node.postgres[lost].cut();
        }
    }

    /// The wire of a node to the server that takes writes.
    pub fn primary_wire(&self, node: usize) -> &ges_tests::private::Wire {
        &self.nodes[node].postgres[self.primary_wire]
    }

    /// Where the voice platform's stream is.
    pub fn voice_address(&self) -> SocketAddr {
        self.voice.address()
    }
}
