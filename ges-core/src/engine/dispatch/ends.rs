//! Nodes whose leases are to be ended, and when.
//!
//! A store may do later what it was asked, until it gives the statement up: leases are then given that nobody is told of,
//! to this node after it heard of a failure, to a dead one after its leases were ended. So they are ended once more.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::NodeId;
use crate::time::Timestamp;

/// Soon, and when no statement can still be under way.
const ONCE_MORE: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(6)];

/// Which, and when.
#[derive(Default)]
pub(super) struct Ends(Mutex<Vec<(Timestamp, NodeId)>>);

impl Ends {
    /// From now on: at once, and once more after that.
    pub fn at_once(&self, node: &NodeId, now: Timestamp) {
        self.once_more(node, now);
        self.all().push((now, node.clone()));
    }

    /// They were ended just now.
    pub fn once_more(&self, node: &NodeId, now: Timestamp) {
        let mut all = self.all();
        all.retain(|(_, of)| of != node);
        all.extend(ONCE_MORE.map(|after| (now + after, node.clone())));
    }

    /// One whose turn it is. It comes again until it is [`Ends::done`].
    pub fn due(&self, now: Timestamp) -> Option<NodeId> {
        self.all().iter().find(|(at, _)| *at <= now).map(|(_, node)| node.clone())
    }

    /// What was due of this node by then is done.
    pub fn done(&self, node: &NodeId, by: Timestamp) {
        self.all().retain(|(at, of)| of != node || *at > by);
    }

    /// When the next turn comes.
    pub fn next(&self) -> Option<Timestamp> {
        self.all().iter().map(|(at, _)| *at).min()
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Timestamp, NodeId)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
