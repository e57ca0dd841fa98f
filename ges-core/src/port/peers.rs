//! The other nodes that share a store.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::StoreError;
use crate::bell::Bell;
use crate::id::{NodeId, TenantId};

/// Lets the nodes that share a store know of each other. What they tell makes things fast and never right: leases
/// expire, and what was published is looked up, whatever is told.
#[async_trait]
pub trait Peers: Send + Sync {
    /// Takes this node's seat among the others, before it leases anything.
    ///
    /// # Errors
    /// When the seat cannot be had now. The node works all the same; [`Peers::attend`] tries again.
    ///
    /// # Cancel safety
    /// Dropped, the seat is taken or not; [`Peers::attend`] sees to it.
    async fn join(&self) -> Result<(), StoreError>;

    /// Tells the others that this node is there, and `news` what becomes of them. Goes on until it is dropped, and
    /// survives every failure of what it leans on. When it ends, it is called again.
    ///
    /// # Cancel safety
    /// It is ended by being dropped: this node falls silent, and the others find it gone unless it says
    /// [`Peers::leave`].
    async fn attend(&self, news: &News);

    /// Tells the others at once that this node has published settings of a tenant. Must return quickly.
    fn published(&self, tenant: &TenantId);

    /// Gives up the seat: this node holds nothing any more, and what it gave back is to be looked for. When the others
    /// cannot be told, they find it out by themselves.
    ///
    /// # Cancel safety
    /// Dropped, the others may have been told or not; then they find it out by themselves.
    async fn leave(&self);
}

/// How it is known that a node is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It said farewell, and has given back what it held.
    Left,
    /// Certain: its process has ended, or has lost what it proves its life with.
    Certain,
    /// Suspected: it was silent for too long. It may still live; taking over costs it what it held, and nothing else.
    Suspected,
}

/// What was told of another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was heard for the first time, or again.
    Joined(NodeId),
    /// It is not there any more.
    Gone(NodeId, Gone),
    /// It has published settings of this tenant.
    Settings(TenantId),
}

/// Where [`Peers`] tell what becomes of other nodes. Cheap to clone; never blocks. What there is no room for is dropped,
/// and found by the timers that find everything.
#[derive(Clone, Default)]
pub struct News(Arc<Mailbox>);

impl fmt::Debug for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("News").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Mailbox {
    told: Mutex<VecDeque<Told>>,
    bell: Bell,
}

/// This much may wait to be read.
const NEWS_MAX: usize = 1024;

impl News {
    /// A node was heard for the first time, or again.
    pub fn joined(&self, node: NodeId) {
        self.tell(Told::Joined(node));
    }

    /// A node is not there any more. May be told twice.
    pub fn gone(&self, node: NodeId, how: Gone) {
        self.tell(Told::Gone(node, how));
    }

    /// Another node has published settings of this tenant. May be told twice.
    pub fn settings_changed(&self, tenant: TenantId) {
        self.tell(Told::Settings(tenant));
    }

    /// The same, for one who passes on what was told to it.
    pub fn tell(&self, told: Told) {
        let mut waiting = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < NEWS_MAX {
            waiting.push_back(told);
        }
        drop(waiting);
        self.0.bell.ring();
    }

    /// The next thing that was told; waits for it.
    ///
    /// # Cancel safety
    /// Dropped before it ends, it has taken nothing.
    pub async fn next(&self) -> Told {
        loop {
            let next = self.0.told.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(told) => return told,
                None => self.0.bell.heard().await,
            }
        }
    }
}
