//! The nodes of ORS: which is asked first, and which not for a while ([callback-domain §13.4](ges_core::rules)).

use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;

use crate::rest::{Pauses, Rest};

/// The shortest and the longest time for which a node that did not answer is left alone.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// One node of ORS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrsNode {
    /// Its base address, such as `http://ors-1:9098`.
    pub url: Uri,
    /// Where it stands.
    pub region: Option<String>,
}

pub(super) struct Nodes(Vec<Arc<Node>>);

pub(super) struct Node {
    base: String,
    host: String,
    port: Option<u16>,
    rank: usize,
    pub rest: Rest,
}

impl Nodes {
    /// Nodes of the regions named come first, in this order, then all others.
    pub fn new(nodes: &[OrsNode], regions: &[String]) -> Self {
        let rank = |node: &OrsNode| {
            let place = |region| regions.iter().position(|preferred| preferred == region);
            node.region.as_ref().and_then(place).unwrap_or(regions.len())
        };
        let mut nodes: Vec<_> = nodes.iter().map(|node| Arc::new(Node::new(node, rank(node)))).collect();
        nodes.sort_by_key(|node| node.rank);
        Nodes(nodes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The node a session said it runs on. Only nodes that are configured are ever asked, whatever a session says.
    pub fn named(&self, name: &str) -> Option<Arc<Node>> {
        self.0.iter().find(|node| node.is_called(name)).cloned()
    }

    /// Nodes in the order in which they are asked: the session's own, then by region; those at rest are left out, unless
    /// all are.
    pub fn order(&self, own: Option<&Arc<Node>>) -> Vec<Arc<Node>> {
        let mut order: Vec<_> = self.0.clone();
        order.sort_by_key(|node| own.is_none_or(|own| !Arc::ptr_eq(own, node)));
        let awake: Vec<_> = order.iter().filter(|node| !node.rest.rests()).cloned().collect();
        if awake.is_empty() { order } else { awake }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Node {
    fn new(node: &OrsNode, rank: usize) -> Self {
        Node {
            base: node.url.to_string().trim_end_matches('/').to_owned(),
            host: node.url.host().unwrap_or_default().to_owned(),
            port: node.url.port_u16(),
            rank,
            rest: Rest::new(Pauses::new(PAUSES.0, PAUSES.1)),
        }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// By its address, by host and port, or by its host alone.
    fn is_called(&self, name: &str) -> bool {
        let name = name.trim_end_matches('/');
        let with_port = self.port.map(|port| format!("{}:{port}", self.host));
        name == self.base || name == self.host || with_port.is_some_and(|full| full == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Nodes {
        let node = |url: &'static str, region: &str| OrsNode {
            url: Uri::from_static(url),
            region: (!region.is_empty()).then(|| region.to_owned()),
        };
        let all = [node("http://a:9098", "us"), node("http://b:9098/", "eu"), node("http://c:9098", "")];
        Nodes::new(&all, &["eu".to_owned(), "us".to_owned()])
    }

    fn order(nodes: &Nodes, own: Option<&str>) -> Vec<String> {
        let own = own.and_then(|name| nodes.named(name));
        nodes.order(own.as_ref()).iter().map(|node| node.host.clone()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn regions_rank_nodes_and_the_own_comes_first() {
        let nodes = nodes();
        assert_eq!(order(&nodes, None), ["b", "a", "c"]);
        for name in ["c", "c:9098", "http://c:9098", "http://c:9098/"] {
            assert_eq!(order(&nodes, Some(name)), ["c", "b", "a"], "{name}");
        }
        assert_eq!(order(&nodes, Some("evil:80")), ["b", "a", "c"], "who is not configured is not asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_fails_rests_for_longer_each_time() {
        let nodes = nodes();
        let b = nodes.named("b").unwrap();
        b.rest.failed();
        b.rest.failed();
        assert_eq!(order(&nodes, None), ["a", "c"]);
        tokio::time::advance(PAUSES.0).await;
        assert_eq!(order(&nodes, None), ["b", "a", "c"]);
        b.rest.failed();
        tokio::time::advance(PAUSES.0).await;
        assert_eq!(order(&nodes, None), ["a", "c"], "the second pause is longer");
        b.rest.answered();
        assert_eq!(order(&nodes, None), ["b", "a", "c"]);
        for node in &nodes.0 {
            node.rest.failed();
        }
        assert_eq!(order(&nodes, None).len(), 3, "when all rest, all are asked");
    }
}
