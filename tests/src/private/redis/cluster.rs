//! Three primaries that share the key space, each with a replica.

use std::net::SocketAddr;

use super::super::{binary, patience};
use super::Redis;

const NODES: usize = 6;

/// Six nodes. A primary that is lost is replaced by its replica after about two seconds.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// A cluster that serves every slot, each with a replica that is up to date.
    pub fn start() -> Self {
        RedisCluster::start_with(|options| options)
    }

    /// The same, with settings for each node.
    pub fn start_with(with: impl Fn(super::RedisOptions) -> super::RedisOptions) -> Self {
        let (user, password) = super::options::HARNESS;
        let node = || {
            let options =
                with(Redis::options()).with("cluster-enabled", "yes").with("cluster-node-timeout", "1000");
            options.with("masteruser", user).with("masterauth", &format!("\"{password}\"")).start()
        };
        let cluster = RedisCluster { nodes: (0..NODES).map(|_| node()).collect() };
        let place = &cluster.nodes[0].place;
        let mut create = place.command(&binary::of("redis-cli", "redis-tools"));
        create.args(["--user", user, "--pass", password, "--no-auth-warning", "--cluster", "create"]);
        create.args(cluster.nodes.iter().map(|node| node.address.to_string()));
        create.args(["--cluster-replicas", "1", "--cluster-yes"]);
        place.run("redis-cli --cluster create", &mut create);
        cluster.wait_until_whole();
        cluster
    }

    /// The nodes.
    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Redis::address).collect()
    }

    /// The same as URLs.
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(Redis::url).collect()
    }

    /// The nodes that serve slots now, which are not those that are down.
    pub fn primaries(&self) -> Vec<&Redis> {
        let serves = |node: &&Redis| {
            let role = node.is_alive().then(|| node.try_ask(&["ROLE"]).ok()).flatten();
            role.is_some_and(|role| role.list().first().is_some_and(|role| role.text() == "master"))
        };
        self.nodes.iter().filter(serves).collect()
    }

    /// The node that serves a key now; none when no node that is up knows.
    pub fn primary_of(&self, key: &str) -> Option<&Redis> {
        let up = self.nodes.iter().find(|node| node.is_alive())?;
        let slot = up.try_ask(&["CLUSTER", "KEYSLOT", key]).ok()?.text().parse::<i64>().ok()?;
        let ranges = up.try_ask(&["CLUSTER", "SLOTS"]).ok()?;
        let number = |reply: Option<&super::Reply>| reply.and_then(|part| part.text().parse::<i64>().ok());
        let range = ranges.list().iter().find(|range| {
            let ends = (number(range.list().first()), number(range.list().get(1)));
            matches!(ends, (Some(first), Some(last)) if (first..=last).contains(&slot))
        })?;
        let port = number(range.list().get(2)?.list().get(1))?;
        self.nodes.iter().find(|node| i64::from(node.address.port()) == port)
    }

    /// Waits until every slot is served, in the eyes of every node that is up.
    pub fn wait_until_served(&self) {
        for node in self.nodes.iter().filter(|node| node.is_alive()) {
            patience::until("a cluster that serves every slot", || {
                let info = node.try_ask(&["CLUSTER", "INFO"])?.text();
                let is_served = info.contains("cluster_state:ok") && info.contains("cluster_slots_ok:16384");
                if is_served { Ok(()) } else { Err(info) }
            });
        }
    }

    /// Waits until every slot is served and every primary has a replica that is up to date. All nodes have to be up.
    pub fn wait_until_whole(&self) {
        self.wait_until_served();
        patience::until("a replica for every primary", || {
            for node in &self.nodes {
                let role = node.try_ask(&["ROLE"])?;
                let parts = role.list();
                let is_fine = match parts.first().map(super::Reply::text).as_deref() {
                    Some("master") => parts.get(2).is_some_and(|replicas| !replicas.list().is_empty()),
                    Some("slave") => parts.get(3).is_some_and(|state| state.text() == "connected"),
                    _ => false,
                };
                if !is_fine {
                    return Err(format!("{}: {role:?}", node.address));
                }
            }
            Ok(())
        });
    }
}
