//! What a host can count, log and show of a node at work.

use std::time::Duration;

use super::{Gone, StoreError};
use crate::id::{NodeId, TenantId};
use crate::time::Timestamp;

/// Is told what a node notices while it works. Nothing depends on it.
pub trait Observer: Send + Sync {
    /// Called in the midst of the work: it must return quickly and must not block.
    fn noticed(&self, notice: &Notice<'_>);
}

/// Something a node noticed. No personal data is in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// A callback is handed over more than a minute after it was due ([callback-domain §8.1](crate::rules)).
    Late {
        /// When it was due.
        due: Timestamp,
    },
    /// Work failed with the store. It is done again by itself.
    Failed(Work, &'a StoreError),
    /// Work ended in a panic. The node goes on, and does it again.
    Panicked(Work),
    /// Another node has come.
    Joined(&'a NodeId),
    /// Another node is not there any more.
    Gone(&'a NodeId, Gone),
    /// What a node held that is gone was taken over.
    TookOver {
        /// Which node.
        node: &'a NodeId,
        /// How many leases it held.
        leases: usize,
        /// How long it took to end them.
        lasted: Duration,
    },
    /// Records whose retention had ended were removed.
    Purged(usize),
    /// What other nodes published is in force for this many tenants.
    InForce(usize),
    /// What another node published cannot be used on this one. Told once for each version.
    Unusable {
        /// The tenant it was published for.
        tenant: &'a TenantId,
        /// The published version.
        version: u64,
        /// What is wrong with it, with its causes.
        why: &'a (dyn std::error::Error + 'static),
    },
}

/// The kinds of work of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Work {
    /// Looking ahead for what is due soon.
    Look,
    /// Taking what is due, and asking whether it is still held.
    TakeDue,
    /// Handing over, or whatever else was due.
    Delivery,
    /// Recording what came of deliveries.
    Record,
    /// Removing what was kept long enough.
    Purge,
    /// Taking its seat among the others, hearing them and being heard.
    Peers,
    /// Taking over from a node that is gone.
    TakeOver,
    /// Following what other nodes publish.
    Publications,
    /// Giving leases back at the end.
    Drain,
}

impl Work {
    /// What it is called in logs and labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Work::Look => "look",
            Work::TakeDue => "take due",
            Work::Delivery => "delivery",
            Work::Record => "record",
            Work::Purge => "purge",
            Work::Peers => "peers",
            Work::TakeOver => "take over",
            Work::Publications => "publications",
            Work::Drain => "drain",
        }
    }
}
